import type { Random } from '../random.js';

/** Linux's `ip_local_port_range`. */
export const EPHEMERAL_FIRST = 32768;
export const EPHEMERAL_LAST = 60999;
const EPHEMERAL_COUNT = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;

/** RFC 6056 section 3.3.1 (algorithm 1): a random start, then the next free port. Undefined when all are taken. */
export function chooseEphemeralPort(random: Random, inUse: (port: number) => boolean): number | undefined {
  const start = random.below(EPHEMERAL_COUNT);
  for (let tries = 0; tries < EPHEMERAL_COUNT; tries++) {
    const port = EPHEMERAL_FIRST + ((start + tries) % EPHEMERAL_COUNT);
    if (!inUse(port)) return port;
  }
  return undefined;
}
