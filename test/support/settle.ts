import { compressionsRunning } from './compression.js';

/**
 * Lets everything run that the last step has set off: promises, process.nextTick, setImmediate, file reads and compression.
 * The world's clock stands still meanwhile, so that how long they really take changes nothing.
 */
const BUSY_ROUNDS = 200;
const LIMIT_MS = 10_000;

export async function settle(): Promise<void> {
  let startedAt = 0;
  for (let round = 0; ; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (compressionsRunning() === 0 && !process.getActiveResourcesInfo().some(isPending)) return;
    if (round < BUSY_ROUNDS) continue;
    if (startedAt === 0) startedAt = Date.now();
    if (Date.now() - startedAt > LIMIT_MS) throw new Error(`the programs do not come to rest within ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A file that was read whole is closed before its reader goes on: `CloseReq`. */
const PENDING = new Set(['Immediate', 'FSReqPromise', 'FSReqCallback', 'CloseReq']);

function isPending(resource: string): boolean {
  return PENDING.has(resource);
}
