/** Topologies of a test's own, in a folder that goes with it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';

export function topologyFile(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nt-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'topology.yaml');
  writeFileSync(file, text);
  return file;
}

/** The mini-internet with the shipped sites, its text changed by `edit`. */
export function miniInternet(t: Test, edit: (text: string) => string): string {
  const text = readFileSync('topologies/mini-internet.yaml', 'utf8');
  return topologyFile(t, edit(text.replaceAll(' sites/', ` ${resolve('topologies/sites')}/`)));
}
