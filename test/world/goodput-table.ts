/** The grid of transfers, and its figures as text that people compare line by line. */
import type { Impairment } from '../../devices/stack/link-settings.js';
import { transfer } from './goodput.js';

const KIB = 1024;
const RATE_BPS = 50e6;

/** Of each end, for sending and for receiving; without a number they grow by themselves. */
const BUFFERS: readonly (number | undefined)[] = [8 * KIB, 32 * KIB, 128 * KIB, 512 * KIB, undefined];
const DELAYS_MS = [1, 20, 100];

interface Condition {
  readonly name: string;
  readonly impairment: Impairment;
  /** Of each transfer. Default a million. */
  readonly bytes?: number;
  /**
   * Transfers with seeds of their own, where the luck of one says little; odd. The figures are those of the median: with
   * 30 % loss each way a retransmission fails more often than not while its timeout doubles, so that a mean means nothing.
   */
  readonly transfers?: number;
}

const lossy = (percent: number, bytes?: number, transfers?: number): Condition => ({
  name: `loss ${percent} %`,
  impairment: { loss: percent / 100 },
  bytes,
  transfers,
});

const CONDITIONS: readonly Condition[] = [
  { name: 'clean', impairment: {}, bytes: 4e6 },
  lossy(0.1, 2e6),
  lossy(1),
  lossy(3),
  lossy(5),
  lossy(10, 250e3, 5),
  lossy(20, 100e3, 9),
  lossy(30, 50e3, 11),
  { name: 'reorder 5 % by 3 ms', impairment: { reorder: 0.05, reorderDelayMs: 3 } },
  { name: 'reorder 20 % by 30 ms', impairment: { reorder: 0.2, reorderDelayMs: 30 } },
  { name: 'jitter 20 %', impairment: {} },
  { name: 'duplicate 10 %', impairment: { duplicate: 0.1 } },
  { name: 'corrupt 2 %', impairment: { corrupt: 0.02 } },
  { name: 'queue of 20 KB', impairment: { queueBytes: 20_000 } },
  {
    name: 'a bit of all',
    impairment: { loss: 0.02, reorder: 0.03, reorderDelayMs: 5, duplicate: 0.02, corrupt: 0.01 },
  },
  {
    name: 'much of all',
    impairment: { loss: 0.1, reorder: 0.1, reorderDelayMs: 15, duplicate: 0.1, corrupt: 0.05 },
    bytes: 200e3,
    transfers: 5,
  },
];

/** What one cell of the table says. */
function figures(condition: Condition, delayMs: number, buffer: number | undefined): string {
  const { name, impairment, bytes = 1e6, transfers = 1 } = condition;
  const jitterMs = name.startsWith('jitter') ? delayMs / 5 : undefined;
  const link = { rateBps: RATE_BPS, delayMs, jitterMs, ...impairment };
  const tcp = { sendBufferBytes: buffer, receiveBufferBytes: buffer };
  const outcomes = Array.from({ length: transfers }, (_, seed) => transfer({ impairment: link, tcp, bytes, seed }));
  const { ms, retransmissions } = outcomes.sort((a, b) => a.ms - b.ms)[(transfers - 1) / 2];
  return `${(bytes / ms).toFixed(1)} ${String(retransmissions).padStart(4)}`;
}

const LABEL = 24;
const COLUMN = 14;

/** One line a condition, one block a delay. */
export function* goodputTable(): Generator<string> {
  const titles = BUFFERS.map((bytes) => (bytes === undefined ? 'autotuned' : `${bytes / KIB} KiB`));
  yield `Goodput of one TCP connection over ${RATE_BPS / 1e6} Mbit/s, kB/s, and segments sent again, by buffer size.`;
  yield 'Impairments are those of both directions. Written by `make goodput`; the figures are exact.';
  for (const delayMs of DELAYS_MS) {
    yield '';
    yield `delay ${delayMs} ms one way`.padEnd(LABEL) + titles.map((title) => title.padStart(COLUMN)).join('');
    for (const condition of CONDITIONS) {
      const cells = BUFFERS.map((buffer) => figures(condition, delayMs, buffer).padStart(COLUMN));
      yield condition.name.padEnd(LABEL) + cells.join('');
    }
  }
}
