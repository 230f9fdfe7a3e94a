/**
 * What is asked of a link is what it delivers, in real processes: shares within the interval in which 99 % of all honest
 * samples lie. The draws are seeded and belong to the n-th frame, so that a share that is right once stays right; times are
 * those of the machine.
 */
import t from 'tap';
import {
  binomial99,
  type Interval,
  isWithin,
  ksDistance,
  ksLimit99,
  mean99,
  meanOf,
  normalCdf,
  runLengths,
  uniformCdf,
} from '../support/statistics.js';
import { FrameProbe } from './frame-probe.js';
import { netarium, waitFor } from './netarium.js';

const FRAMES = 20_000;

const shown = (value: number, { low, high }: Interval) => `${value} in ${low.toFixed(2)} … ${high.toFixed(2)}`;

t.test('a link under statistics', async (t) => {
  const net = netarium(t);
  const probe = await FrameProbe.open(t, net);

  /** Sends, waits until each frame has come out or been dropped, and says which ones did not come. */
  const lostOf = async (frames: number): Promise<boolean[]> => {
    await probe.reset();
    const before = (await probe.left()).droppedOut;
    await probe.send(frames);
    await waitFor('every frame to be accounted for', async () => {
      const dropped = (await probe.left()).droppedOut - before;
      return dropped + probe.arrivals.length >= frames;
    });
    const come = new Set(probe.arrivals.map(({ number }) => number));
    return Array.from({ length: frames }, (_, number) => !come.has(number));
  };

  t.test('loss of 1, 10 and 50 %', async (t) => {
    for (const percent of [1, 10, 50]) {
      await probe.impair(t, '--loss', `${percent}%`);
      const before = (await probe.left()).drops.impairmentLoss ?? 0;
      const lost = (await lostOf(FRAMES)).filter(Boolean).length;
      const expected = binomial99(FRAMES, percent / 100);
      t.ok(isWithin(lost, expected), `${percent} %: ${shown(lost, expected)}`);
      t.equal(((await probe.left()).drops.impairmentLoss ?? 0) - before, lost, 'and each is counted');
      await probe.clear(t);
    }
  });

  t.test('Gilbert–Elliott: share and length of bursts', async (t) => {
    await probe.impair(t, '--loss', '{model: gilbert-elliott, goodToBad: 2%, badToGood: 25%}');
    const lost = await lostOf(FRAMES);
    const bursts = runLengths(lost);
    // The chain's share is p/(p+r), a burst's length is geometric: mean 1/r, variance (1-r)/r².
    const [p, r] = [0.02, 0.25];
    const length = mean99(bursts.length, 1 / r, Math.sqrt(1 - r) / r);
    t.ok(isWithin(meanOf(bursts), length), `mean burst: ${shown(meanOf(bursts), length)}`);
    const gaps = runLengths(lost.map((one) => !one));
    const between = mean99(gaps.length, 1 / p, Math.sqrt(1 - p) / p);
    t.ok(isWithin(meanOf(gaps), between), `mean gap: ${shown(meanOf(gaps), between)}`);
    await probe.clear(t);
  });

  t.test('duplicated, held back, and damaged shares', async (t) => {
    const frames = 5_000;
    await probe.reset();
    await probe.impair(t, '--duplicate', '20%');
    await probe.send(frames);
    await probe.settled();
    const twice = probe.arrivals.length - frames;
    const doubled = binomial99(frames, 0.2);
    t.ok(isWithin(twice, doubled), `duplicated: ${shown(twice, doubled)}`);
    await probe.clear(t);

    await probe.reset();
    // So few that those that come at last, all at once, fit into the socket.
    const some = 2_000;
    await probe.impair(t, '--reorder', '10%', '--reorder-delay', '30s');
    await probe.send(some);
    await probe.settled();
    const held = some - probe.arrivals.length;
    const share = binomial99(some, 0.1);
    t.ok(isWithin(held, share), `held back: ${shown(held, share)}`);
    await probe.clear(t);
    await probe.received(some);
    const numbers = new Set(probe.arrivals.map(({ number }) => number));
    t.equal(numbers.size, some, 'their delay is taken back, and none is missing');

    await probe.reset();
    const rate = 1e-5;
    const bits = (1_000 + 4) * 8;
    const before = (await probe.right()).drops.badFcs ?? 0;
    await probe.impair(t, '--bit-error-rate', '1e-5');
    await probe.send(frames, 1_000);
    const damaged = async () => ((await probe.right()).drops.badFcs ?? 0) - before;
    await waitFor('every frame', async () => (await damaged()) + probe.arrivals.length >= frames);
    const bad = binomial99(frames, 1 - (1 - rate) ** bits);
    t.ok(isWithin(await damaged(), bad), `FCS wrong at the receiver: ${shown(await damaged(), bad)}`);
    await probe.clear(t);
  });

  t.test('the distribution of delays', async (t) => {
    const frames = 1_500;
    const delays = async (...options: string[]): Promise<number[]> => {
      await probe.reset();
      if (options.length > 0) await probe.impair(t, ...options);
      await probe.pace(frames, 1);
      await probe.received(frames);
      await probe.clear(t);
      return probe.arrivals.map(({ number, at }) => at - probe.sentAt[number]);
    };
    const way = (await delays()).sort((a, b) => a - b)[frames / 2];
    const judge = (name: string, sample: readonly number[], cdf: (value: number) => number) => {
      const distance = ksDistance(
        sample.map((value) => value - way),
        cdf,
      );
      t.ok(distance < ksLimit99(frames), `${name}: D = ${distance.toFixed(4)} < ${ksLimit99(frames).toFixed(4)}`);
    };
    const uniform = await delays('--delay', '100ms', '--jitter', '80ms', '--jitter-reorders');
    judge('uniform', uniform, uniformCdf(20, 180));
    const normal = await delays(
      ...['--delay', '200ms', '--jitter', '50ms', '--jitter-distribution', 'normal', '--jitter-reorders'],
    );
    judge('normal', normal, normalCdf(200, 50));
  });

  t.test('a rate, within 1 %', async (t) => {
    const [frames, bytes, rate] = [500, 1_000, 2_000_000];
    await probe.reset();
    await probe.impair(t, '--rate', '2Mbit', '--queue', '1MiB');
    await probe.send(frames, bytes);
    await probe.received(frames);
    await probe.clear(t);
    const bits = (frames - 1) * (8 + bytes + 4) * 8;
    const seconds = (probe.arrivals[frames - 1].at - probe.arrivals[0].at) / 1000;
    const delivered = bits / seconds / rate;
    t.ok(Math.abs(delivered - 1) < 0.01, `${(100 * delivered).toFixed(2)} % of 2 Mbit/s`);
  });
});
