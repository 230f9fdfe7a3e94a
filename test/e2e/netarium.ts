/** The built command in tests: each in a world of its own, which is taken down with it. */
import tap, { type Test } from 'tap';
import { Netarium } from './command.js';

export { Netarium, type Ran, type Running, type StartOptions, waitFor } from './command.js';

/** A launch takes seconds, and many of them on a busy machine; what hangs is found all the same. */
const FILE_LIMIT_MS = 200_000;
tap.setTimeout(FILE_LIMIT_MS);

export interface WorldOptions {
  /** The beginning of every command line: `ip netns exec NAME`, for a lab in a network namespace. */
  readonly launcher?: readonly string[];
  /** How long the test may take. */
  readonly limitMs?: number;
}

/** A world for one test, taken down with it. */
export function netarium(t: Test, { launcher, limitMs = FILE_LIMIT_MS }: WorldOptions = {}): Netarium {
  const world = new Netarium(launcher);
  process.once('exit', world.sweep);
  t.setTimeout(limitMs);
  t.teardown(() => world.end());
  return world;
}
