/** Transfers that take as long as they take: what counts is that they move. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { FileFacts } from '../../e2e/sites.js';

/** Longer than the longest wait of a sender that is well: a few retransmission timeouts in a row. */
const STALL_MS = 120_000;
const LOOK_MS = 1_000;

/** Resolves with what `transfer` does. Rejects when `bytes()` has not grown for two minutes. */
export async function whileMoving<T>(what: string, transfer: Promise<T>, bytes: () => number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let [before, since] = [-1, performance.now()];
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      const now = bytes();
      if (now > before) [before, since] = [now, performance.now()];
      else if (performance.now() - since > STALL_MS) reject(new Error(`${what} stands still after ${now} bytes`));
    }, LOOK_MS);
  });
  try {
    return await Promise.race([transfer, stalled]);
  } finally {
    clearInterval(timer);
  }
}

/** How large a file is that somebody is writing. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Counts and digests a stream, and keeps none of it. */
export class Digest {
  bytes = 0;
  private readonly hash = createHash('sha256');

  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
  }

  facts(): FileFacts {
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}
