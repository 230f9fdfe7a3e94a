/** A copy of the shipped topologies with a large file on one of the sites, in a folder of its own. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Random } from '../../devices/stack/random.js';
import { type FileFacts, factsOf } from './sites.js';

export interface BigSite {
  /** The mini-internet's file, changed by `edit`. */
  readonly topology: string;
  readonly url: string;
  readonly file: FileFacts;
}

/** `edit` changes the text of the mini-internet's file. The folder goes with the test. */
export function bigSite(t: Test, bytes: number, edit: (text: string) => string = (text) => text): BigSite {
  const folder = mkdtempSync(join(tmpdir(), 'nt-big-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  cpSync('topologies', folder, { recursive: true });
  const random = new Random('big site');
  const content = Uint32Array.from({ length: Math.ceil(bytes / 4) }, () => random.uint32());
  const file = new Uint8Array(content.buffer, 0, bytes);
  writeFileSync(join(folder, 'sites/www.server.com/big.bin'), file);
  const topology = join(folder, 'mini-internet.yaml');
  const text = readFileSync(topology, 'utf8');
  writeFileSync(topology, edit(text));
  return { topology, url: 'http://www.server.com/big.bin', file: factsOf(file) };
}
