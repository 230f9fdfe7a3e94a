import t from 'tap';
import { binomial99, isWithin, lag1Correlation } from '../../../support/statistics.js';
import { Line } from './line.js';

/** The frames that came out later than at once. */
function heldBack(line: Line, everyMs: number): number[] {
  return line.out.filter(({ n, at }) => at > n * everyMs).map(({ n }) => n);
}

t.test('each so manyth frame is held back', async (t) => {
  const line = new Line({ reorderGap: 5, reorderDelayMs: 2.5 }).offer(20, 1).drain();
  t.same(heldBack(line, 1), [4, 9, 14, 19]);
  t.same(line.numbers.slice(0, 10), [0, 1, 2, 3, 5, 6, 4, 7, 8, 10]);
});

t.test('a gap with a share: only that share of each so manyth frame', async (t) => {
  const line = new Line({ reorder: 0.3, reorderGap: 4 }).offer(20_000, 20).drain();
  const held = heldBack(line, 20);
  t.ok(held.every((n) => n % 4 === 3));
  t.ok(isWithin(held.length, binomial99(5000, 0.3)), `${held.length} of 5000`);
});

t.test('a share: within the 99 % interval, and correlated as asked', async (t) => {
  const held = heldBack(new Line({ reorder: 0.1 }).offer(20_000, 20).drain(), 20);
  t.ok(isWithin(held.length, binomial99(20_000, 0.1)), `${held.length}`);
  const correlated = new Set(
    heldBack(new Line({ reorder: 0.2, reorderCorrelation: 0.5 }).offer(20_000, 20).drain(), 20),
  );
  t.ok(Math.abs(correlated.size / 20_000 - 0.2) < 0.02, `${correlated.size}`);
  const measured = lag1Correlation(Array.from({ length: 20_000 }, (_, n) => Number(correlated.has(n))));
  t.ok(Math.abs(measured - 0.5) < 0.04, `${measured}`);
});

t.test('no gap and no share: nothing is held back, whatever the time', async (t) => {
  t.ok(new Line({ reorderDelayMs: 50 }).impairer.idle);
  t.ok(new Line({ reorder: 0, reorderGap: 3 }).offer(10).out.length === 10);
});

t.test('duplicates: the share within the 99 % interval, and correlated as asked', async (t) => {
  const plain = new Line({ duplicate: 0.1 }).offer(20_000);
  t.ok(isWithin(plain.out.length - 20_000, binomial99(20_000, 0.1)), `${plain.out.length}`);
  const line = new Line({ duplicate: 0.2, duplicateCorrelation: 0.7 }).offer(20_000);
  const copies = Array(20_000).fill(-1);
  for (const n of line.numbers) copies[n] += 1;
  t.ok(Math.abs(line.out.length / 20_000 - 1.2) < 0.025, `${line.out.length}`);
  t.ok(Math.abs(lag1Correlation(copies) - 0.7) < 0.04, `${lag1Correlation(copies)}`);
});
