/** How the benchmarks measure. Other work on the machine disturbs a run: the best of several short rounds is taken. */

const ROUNDS = 5;
const ROUND_MS = 40;

/** CPU time of this process in ms, all threads. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU time of one call in µs: the best of several rounds of many calls each. */
export function microsPerCall(run: () => void): number {
  let calls = 16;
  for (;;) {
    const elapsed = cpuOf(run, calls);
    if (elapsed >= ROUND_MS) break;
    calls = Math.ceil(calls * Math.min(8, Math.max(1.2, ROUND_MS / Math.max(0.5, elapsed))));
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, cpuOf(run, calls));
  return (best * 1000) / calls;
}

function cpuOf(run: () => void, calls: number): number {
  const before = ownCpuMs();
  for (let i = 0; i < calls; i++) run();
  return ownCpuMs() - before;
}

/** `share` 0 … 1: 0.5 is the median. NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Bytes that no layer can take for all alike. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >>> 8) * 13) & 255;
  return bytes;
}
