/** A run root of a test's own, short enough for sockets, removed at its end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export function ownRunRoot(t: Test): string {
  const before = process.env.NETARIUM_RUN_DIR;
  const root = mkdtempSync(join(tmpdir(), 'netarium-'));
  process.env.NETARIUM_RUN_DIR = root;
  t.teardown(() => {
    if (before === undefined) delete process.env.NETARIUM_RUN_DIR;
    else process.env.NETARIUM_RUN_DIR = before;
    rmSync(root, { recursive: true, force: true });
  });
  return root;
}
