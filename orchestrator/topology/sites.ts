/** Web sites of hosts: the folders must be there before anything starts. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RedirectConfig, SiteConfig, WebConfig } from '../../devices/control.js';
import type { Draft, DraftDevice } from './draft.js';
import type { SiteFile } from './schema-devices.js';
import type { Path } from './source.js';

const HOST_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;
const STATUS_MOVED = 301;

/** `folder` is what relative folders are relative to: the topology file's own. */
export function webOf(draft: Draft, device: DraftDevice, folder: string): WebConfig | undefined {
  if (device.file.kind !== 'host' || device.file.sites === undefined) return undefined;
  const sites = Object.entries(device.file.sites).map(([name, file]) => {
    const path = [...device.path, 'sites', name];
    if (!HOST_NAME.test(name) || name.length > 253) {
      draft.problems.add('site', path, `"${name}" is not a host name`, { key: true });
    }
    return siteOf(draft, name, file, folder, path);
  });
  const { webPort } = device.file;
  return sites.length === 0 ? undefined : { ...(webPort !== undefined && { port: webPort }), sites };
}

function siteOf(draft: Draft, name: string, file: SiteFile, folder: string, path: Path): SiteConfig {
  const isShort = typeof file === 'string';
  const long = isShort ? { root: file } : file;
  const root = long.root === undefined ? undefined : resolve(folder, long.root);
  if (root !== undefined && !isFolder(root)) {
    const message = `the site folder "${long.root}" does not exist; it is looked for beside the topology file`;
    draft.problems.add('site', isShort ? path : [...path, 'root'], message);
  }
  if (root === undefined && long.redirect === undefined && long.redirects === undefined && long.echo === undefined) {
    draft.problems.add('site', path, 'a site needs a "root:", a "redirect:" or an "echo:"', { key: true });
  }
  const redirects: RedirectConfig[] = (long.redirects ?? []).map((redirect) => ({ status: STATUS_MOVED, ...redirect }));
  if (long.redirect !== undefined) redirects.push(movedTo(draft, long.redirect, [...path, 'redirect']));
  return {
    names: [name, ...(long.aliases ?? [])],
    ...(root !== undefined && { root }),
    ...(redirects.length > 0 && { redirects }),
    ...(long.echo !== undefined && { echoPath: long.echo }),
  };
}

function movedTo(draft: Draft, url: string, path: Path): RedirectConfig {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    draft.problems.add('site', path, `"${url}" is not a URL: write http://www.server.com/`);
  }
  return { from: '/*', to: `${url.replace(/\/?\*?$/, '')}/*`, status: STATUS_MOVED };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, not readable, or not even a path.
    return false;
  }
}
