import t from 'tap';
import type { Impairment, LossModel } from '../../../../devices/stack/link-settings.js';
import {
  binomial99,
  chainShare99,
  isWithin,
  lag1Correlation,
  meanOf,
  runLengths,
} from '../../../support/statistics.js';
import { Line } from './line.js';

const FRAMES = 20_000;

/** Whether each of so many frames was lost. */
function losses(settings: Impairment, frames = FRAMES): boolean[] {
  const lost = new Set(new Line(settings).offer(frames).lost);
  return Array.from({ length: frames }, (_, n) => lost.has(n));
}

const share = (sample: readonly boolean[]) => meanOf(sample.map(Number));

t.test('independent loss: shares within the 99 % interval', async (t) => {
  for (const loss of [0.01, 0.1, 0.5]) {
    const sample = losses({ loss });
    const lost = sample.filter(Boolean).length;
    t.ok(isWithin(lost, binomial99(FRAMES, loss)), `${loss}: ${lost} of ${FRAMES}`);
  }
});

t.test('correlated loss: the share stays, neighbours are alike', async (t) => {
  for (const [loss, lossCorrelation] of [
    [0.05, 0.25],
    [0.3, 0.9],
  ]) {
    const sample = losses({ loss, lossCorrelation });
    t.ok(isWithin(share(sample), chainShare99(FRAMES, loss, lossCorrelation)), `${loss}: ${share(sample)}`);
    const measured = lag1Correlation(sample.map(Number));
    t.ok(Math.abs(measured - lossCorrelation) < 0.05, `${lossCorrelation}: ${measured}`);
  }
  t.equal(share(losses({ loss: 0.3, lossCorrelation: 1 }, 100)) % 1, 0, 'all the same');
  t.equal(share(losses({ loss: 1, lossCorrelation: 0.9 }, 100)), 1);
});

t.test('bursts that rest: the share stays, and runs are longer', async (t) => {
  const sample = losses({ loss: 0.1, lossBurst: 4, lossCorrelation: 0.5 }, 100_000);
  t.ok(Math.abs(share(sample) - 0.1) < 0.01, `${share(sample)}`);
  const run = meanOf(runLengths(sample));
  t.ok(Math.abs(run - 8) < 0.8, `runs of ${run}: 4 steps, each taken by half of the frames`);
});

t.test('Gilbert–Elliott: the share of both states, and the length of bursts', async (t) => {
  const chain = { model: 'gilbert-elliott', goodToBad: 0.02, badToGood: 0.25 } as const;
  const sample = losses({ lossModel: chain });
  const bad = 0.02 / (0.02 + 0.25);
  t.ok(isWithin(share(sample), chainShare99(FRAMES, bad, 1 - 0.02 - 0.25)), `${share(sample)} lost`);
  const runs = runLengths(sample);
  const run = meanOf(runs);
  // Lengths are geometric: mean 4, standard deviation √(0.75)/0.25.
  const spread = (2.5758 * Math.sqrt(0.75)) / 0.25 / Math.sqrt(runs.length);
  t.ok(Math.abs(run - 4) < spread, `${runs.length} bursts of ${run}`);
  const elliott = losses({ lossModel: { ...chain, lossInGood: 0.01, lossInBad: 0.5 } }, 100_000);
  const expected = 0.5 * bad + 0.01 * (1 - bad);
  t.ok(Math.abs(share(elliott) / expected - 1) < 0.1, `${share(elliott)} for ${expected}`);
});

t.test('a chain begins in its first state, is judged there, and steps', async (t) => {
  const round: LossModel = {
    model: 'markov',
    states: [
      { loss: 0, next: [0, 1, 0] },
      { loss: 1, next: [0, 0, 1] },
      { loss: 1, next: [1, 0, 0] },
    ],
  };
  t.equal(new Line({ lossModel: round }).offer(9).fates(), '.xx.xx.xx');
  const stuck: LossModel = { model: 'gilbert-elliott', goodToBad: 1, badToGood: 0 };
  t.equal(new Line({ lossModel: stuck }).offer(4).fates(), '.xxx');
});

t.test('Markov: the share of each state is that of the stationary distribution', async (t) => {
  // Four states; π is found by stepping on until nothing changes.
  const next = [
    [0.9, 0.05, 0.05, 0],
    [0.3, 0.5, 0.1, 0.1],
    [0, 0.2, 0.7, 0.1],
    [0.25, 0.25, 0.25, 0.25],
  ];
  const inState = [0, 0.2, 0.5, 1];
  let stationary = [1, 0, 0, 0];
  for (let i = 0; i < 500; i++) {
    stationary = next.map((_, to) => stationary.reduce((sum, p, from) => sum + p * next[from][to], 0));
  }
  const expected = stationary.reduce((sum, p, state) => sum + p * inState[state], 0);
  const states = next.map((row, state) => ({ loss: inState[state], next: row }));
  const sample = losses({ lossModel: { model: 'markov', states } }, 100_000);
  t.ok(Math.abs(share(sample) / expected - 1) < 0.04, `${share(sample)} for ${expected}`);
});

t.test('a model takes the place of loss; another model goes on in the state that there is', async (t) => {
  const line = new Line({ loss: 1, lossModel: { model: 'gilbert-elliott', goodToBad: 1, badToGood: 0 } }).offer(2);
  line.impairer.configure({ lossModel: { model: 'gilbert-elliott', goodToBad: 0, badToGood: 0 } });
  line.offer(2);
  t.equal(line.fates(), '.xxx', 'bad it was, bad it stays');
  line.impairer.configure({ lossModel: { model: 'markov', states: [{ loss: 0, next: [1] }] } });
  line.offer(2);
  t.equal(line.fates(), '.xxx..', 'a chain without such a state begins anew');
});

t.test('bursts that have begun go on when the share changes; all is lost at a share of 1', async (t) => {
  const line = new Line({ loss: 0.01, lossBurst: 2 }).offer(5);
  t.equal(line.fates(), '.....');
  line.impairer.configure({ loss: 1, lossBurst: 2 });
  line.offer(5);
  t.equal(line.fates(5), 'xxxxx');
});
