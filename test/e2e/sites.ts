/** The shipped web sites, for comparing what was loaded with what lies on disk. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface FileFacts {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export function factsOf(content: Uint8Array): FileFacts {
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** The file that a web server must serve for a URL of one of the shipped sites. */
export function servedFile(url: string, sites = 'topologies/sites'): FileFacts {
  const { hostname, pathname } = new URL(url);
  let path = join(sites, hostname, decodeURIComponent(pathname));
  if (statSync(path).isDirectory()) {
    path = ['index.html', 'default.html'].map((name) => join(path, name)).find(existsSync) ?? path;
  }
  return factsOf(readFileSync(path));
}
