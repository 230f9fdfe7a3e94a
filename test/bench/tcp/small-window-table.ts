/** Small windows on a path that loses packets, beside what smoltcp's own simulated network has on record. */
import { quantile } from '../measure.js';
import { runSmallWindow, type SmallWindowCase } from './small-windows.js';

/** Per cent, of each direction. */
export const LOSSES = [0, 0.1, 1, 2, 5, 10, 20, 30] as const;
const BYTES = 10 * 1024 * 1024;
/** Below it a transfer is so long that one tells as much as several, and takes as long. */
const SEVERAL_FROM = 2048;
const SEEDS = 5;

/**
 * Bytes a second by size of buffer, for each of {@link LOSSES}: 10 MiB, 100 ms, one seed. From smoltcp's tests (the
 * snapshot of netsim), whose connection there has no congestion control.
 */
export const SMOLTCP: Readonly<Record<number, readonly number[]>> = {
  128: [1279.98, 1255.76, 1054.15, 886.36, 538.66, 227.84, 33.99, 7.18],
  256: [2559.91, 2507.27, 2100.03, 1770.3, 1070.71, 468.24, 66.71, 14.35],
  512: [5119.63, 5011.95, 4172.36, 3531.57, 2098.73, 942.38, 144.73, 29.45],
  1024: [10238.5, 10023.19, 8340.9, 7084.25, 4003.34, 1869.94, 290.74, 60.92],
  2048: [17535.11, 17171.82, 14093.5, 11963.68, 7399.06, 3416.41, 690.5, 126.57],
  4096: [35062.41, 33859.8, 26937.41, 21886.99, 14073.67, 7870.66, 1603.6, 401.79],
  8192: [77374.28, 72992.18, 58490.74, 46527.73, 29421.45, 15515.23, 3737.2, 710.8],
  16384: [161842.28, 159310.62, 127090.53, 104233.16, 55319.33, 27269.28, 7654.51, 1277.32],
  32768: [322944.88, 314779.73, 219670.76, 166587.86, 76626.48, 37774.62, 6079.34, 1156.4],
};

const LABEL = 10;
const COLUMN = 17;

/** One line a buffer: goodput in bytes a second, and that divided by smoltcp's. */
export function* smallWindowTable(congestion: SmallWindowCase['congestion']): Generator<string> {
  yield `buffer`.padEnd(LABEL) + LOSSES.map((loss) => `${loss} %`.padStart(COLUMN)).join('');
  for (const [buffer, references] of Object.entries(SMOLTCP)) {
    const bufferBytes = Number(buffer);
    const seeds = bufferBytes < SEVERAL_FROM ? 1 : SEEDS;
    const cells = LOSSES.map((loss, column) => {
      const rates = Array.from({ length: loss === 0 ? 1 : seeds }, (_, seed) => {
        return runSmallWindow({ bufferBytes, loss: loss / 100, bytes: BYTES, seed, congestion }).goodput;
      });
      const rate = quantile(rates, 0.5);
      return `${rate.toFixed(1)} ${(rate / references[column]).toFixed(3).padStart(7)}`.padStart(COLUMN);
    });
    yield buffer.padEnd(LABEL) + cells.join('');
  }
}
