import t from 'tap';
import { jitterQuantile } from '../../../../devices/stack/link/impairment/jitter.js';
import type { Impairment } from '../../../../devices/stack/link-settings.js';
import { ksDistance, ksLimit99, lag1Correlation, normalCdf, uniformCdf } from '../../../support/statistics.js';
import { Line } from './line.js';

const DELAY_MS = 1000;
const JITTER_MS = 10;

/** What jitter made of the delays of so many frames, in units of the jitter. */
function jitters(settings: Impairment, frames = 4000): number[] {
  const line = new Line({ delayMs: DELAY_MS, jitterMs: JITTER_MS, jitterReorders: true, ...settings });
  const everyMs = 0.5;
  line.offer(frames, everyMs).drain();
  return line.out.toSorted((a, b) => a.n - b.n).map(({ n, at }) => (at - n * everyMs - DELAY_MS) / JITTER_MS);
}

/** The mean of `f` over a distribution, by the quantiles in the middle of so many equal parts. */
function mean(distribution: NonNullable<Impairment['jitterDistribution']>, f: (value: number) => number): number {
  const parts = 1e6;
  let sum = 0;
  for (let i = 0; i < parts; i++) sum += f(jitterQuantile(distribution, (i + 0.5) / parts));
  return sum / parts;
}

t.test('quantiles of the normal distribution, to many digits', async (t) => {
  const known: [number, number][] = [
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167813],
    [1e-9, -5.997807015007687],
  ];
  const step = 0.5 / 0x100000000;
  for (const [share, quantile] of known) {
    t.ok(Math.abs(jitterQuantile('normal', share - step) - quantile) < 1e-9, `${share}: ${quantile}`);
  }
  for (const name of ['normal', 'pareto', 'paretonormal'] as const) {
    t.ok(Number.isFinite(jitterQuantile(name, 0)) && Number.isFinite(jitterQuantile(name, 1 - 2 ** -32)), name);
  }
});

t.test('normal, pareto and paretonormal have mean 0 and standard deviation 1', async (t) => {
  for (const name of ['normal', 'pareto', 'paretonormal'] as const) {
    const [first, second] = [mean(name, (x) => x), mean(name, (x) => x * x)];
    t.ok(Math.abs(first) < 0.001, `${name}: mean ${first}`);
    // The last millionth of Pareto's tail, which the sum leaves out, is worth 1 %.
    t.ok(Math.abs(Math.sqrt(second) - 1) < 0.02, `${name}: standard deviation ${Math.sqrt(second)}`);
  }
});

t.test('delays are distributed as they were asked to be (Kolmogorov–Smirnov, 99 %)', async (t) => {
  const table = [-2, -1, 0, 0.5, 4];
  const tableCdf = (x: number) => {
    const above = table.findIndex((quantile) => quantile >= x);
    if (above <= 0) return above < 0 ? 1 : 0;
    return (above - 1 + (x - table[above - 1]) / (table[above] - table[above - 1])) / (table.length - 1);
  };
  const paretoCdf = (x: number) => Math.max(0, 1 - (x * Math.sqrt(0.75) + 1.5) ** -3);
  const cases: [Impairment, (x: number) => number][] = [
    [{}, uniformCdf(-1, 1)],
    [{ jitterDistribution: 'normal' }, normalCdf(0, 1)],
    [{ jitterDistribution: 'pareto' }, paretoCdf],
    [{ jitterDistribution: table }, tableCdf],
    [{ jitterDistribution: 'paretonormal' }, (x) => inverse('paretonormal', x)],
  ];
  for (const [settings, cdf] of cases) {
    const sample = jitters(settings);
    const distance = ksDistance(sample, cdf);
    t.ok(distance < ksLimit99(sample.length), `${settings.jitterDistribution ?? 'uniform'}: ${distance}`);
  }
  t.ok(ksDistance(jitters({ jitterDistribution: 'normal' }), paretoCdf) > ksLimit99(4000), 'the test can fail');
});

/** The share below `x`, by bisection of the quantile function. */
function inverse(distribution: 'paretonormal', x: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (jitterQuantile(distribution, middle) < x) low = middle;
    else high = middle;
  }
  return low;
}

t.test('correlation: neighbours are alike as often as asked, and the distribution is the same', async (t) => {
  for (const jitterCorrelation of [0.25, 0.8]) {
    const sample = jitters({ jitterCorrelation, jitterDistribution: 'normal' }, 20_000);
    const measured = lag1Correlation(sample);
    t.ok(Math.abs(measured - jitterCorrelation) < 0.03, `${jitterCorrelation}: ${measured}`);
    // Of a chain in which each draw repeats the last one with this probability so many draws are new.
    const fresh = 20_000 * (1 - jitterCorrelation);
    const distance = ksDistance(sample, normalCdf(0, 1));
    t.ok(distance < 1.5 * ksLimit99(fresh), `${jitterCorrelation}: distance ${distance}`);
  }
  t.equal(new Set(jitters({ jitterCorrelation: 1 }, 100)).size <= 2, true, 'all alike, but for rounding');
});

t.test('the sum of delay and jitter never falls below 0', async (t) => {
  const line = new Line({ delayMs: 1, jitterMs: 50, jitterReorders: true }).offer(1000).drain();
  t.ok(line.out.every(({ at }) => at >= 0));
  t.ok(line.out.filter(({ at }) => at === 0).length > 400, 'nearly half of them');
});

t.test('frames keep their order unless the jitter may reorder', async (t) => {
  const inOrder = new Line({ delayMs: 20, jitterMs: 20, jitterDistribution: 'pareto' }).offer(500, 1).drain();
  t.same(
    inOrder.numbers,
    inOrder.numbers.toSorted((a, b) => a - b),
  );
  const free = new Line({ delayMs: 20, jitterMs: 20, jitterReorders: true }).offer(500, 1).drain();
  t.equal(new Set(free.numbers).size, 500);
  t.notSame(free.numbers, inOrder.numbers);
  t.ok(free.out.every(({ n, at }) => at - n >= 0 && at - n <= 40));
});
