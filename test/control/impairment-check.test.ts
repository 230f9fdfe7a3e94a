import t from 'tap';
import { isImpairment, MAX_MARKOV_STATES, MAX_QUANTILES } from '../../devices/control/impairment-check.js';
import type { Impairment } from '../../devices/stack/link-settings.js';

const ALL: Required<Impairment> = {
  delayMs: 20,
  jitterMs: 2.5,
  jitterDistribution: 'paretonormal',
  jitterCorrelation: 0.25,
  jitterReorders: true,
  loss: 0.01,
  lossBurst: 3,
  lossCorrelation: 0.5,
  lossModel: { model: 'gilbert-elliott', goodToBad: 0.01, badToGood: 0.2, lossInGood: 0, lossInBad: 0.9 },
  duplicate: 0,
  duplicateCorrelation: 0,
  reorder: 1,
  reorderDelayMs: 0,
  reorderGap: 5,
  reorderCorrelation: 1,
  corrupt: 0.1,
  corruptCorrelation: 0.1,
  bitErrorRate: 1e-6,
  rateBps: 2e6,
  queueBytes: 65536,
  queuePackets: 100,
  queueDiscipline: 'codel',
  codelTargetMs: 5,
  codelIntervalMs: 100,
  codelEcn: true,
  mtu: 1400,
  slotMs: 10,
  slotJitterMs: 2,
  slotPackets: 8,
  slotBytes: 3000,
};

const check = (value: unknown) => isImpairment(value, 'impairment') ?? 'good';

t.test('every parameter, and none', async (t) => {
  t.equal(check(ALL), 'good');
  t.equal(check({}), 'good');
  for (const [key, value] of Object.entries(ALL)) t.equal(check({ [key]: value }), 'good', key);
  t.equal(check({ jitterDistribution: [-1.5, -0.2, -0.2, 4] }), 'good', 'equal quantiles are a step');
  const thirds = Array(3).fill(1 / 3);
  t.equal(check({ lossModel: { model: 'markov', states: Array(3).fill({ loss: 0.5, next: thirds }) } }), 'good');
});

t.test('what is not in its range is refused, and the place is told', async (t) => {
  const whole = 'expected a whole number from 1 to 9007199254740991';
  const wrong: [unknown, string][] = [
    [{ loss: 1.2 }, '.loss: expected a number from 0 to 1, got 1.2'],
    [{ delayMs: -1 }, '.delayMs: expected a number of at least 0, got -1'],
    [{ delayMs: Number.NaN }, '.delayMs: expected a number of at least 0, got null'],
    [{ lossBurst: 0.5 }, '.lossBurst: expected a number of at least 1, got 0.5'],
    [{ bitErrorRate: '1e-6' }, '.bitErrorRate: expected a number from 0 to 1, got "1e-6"'],
    [{ reorderGap: 0 }, `.reorderGap: ${whole}, got 0`],
    [{ queuePackets: 1.5 }, `.queuePackets: ${whole}, got 1.5`],
    [{ queueDiscipline: 'red' }, '.queueDiscipline: expected one of drop-tail, codel, got "red"'],
    [{ codelTargetMs: 0 }, '.codelTargetMs: expected a number of at least 0.001, got 0'],
    [{ codelEcn: 1 }, '.codelEcn: expected true or false, got 1'],
    [{ mtu: 67 }, '.mtu: expected a whole number from 68 to 65535, got 67'],
    [{ jitterReorders: 'yes' }, '.jitterReorders: expected true or false, got "yes"'],
    [
      { jitterDistribution: 'gauss' },
      '.jitterDistribution: expected one of uniform, normal, pareto, paretonormal, got "gauss"',
    ],
    [{ jitterDistribution: [1] }, `.jitterDistribution: expected 2 to ${MAX_QUANTILES} quantiles, got 1`],
    [{ jitterDistribution: [0, 2, 1] }, '.jitterDistribution[2]: is less than the one before it; quantiles rise'],
    [{ jitterDistribution: [0, '1'] }, '.jitterDistribution[1]: expected a number, got "1"'],
    [{ lossModel: 'markov' }, '.lossModel: expected an object, got "markov"'],
    [{ lossModel: { model: 'chain' } }, '.lossModel.model: expected one of gilbert-elliott, markov, got "chain"'],
    [{ lossModel: { model: 'gilbert-elliott', goodToBad: 0.1 } }, '.lossModel.badToGood: is missing'],
    [
      { lossModel: { model: 'gilbert-elliott', goodToBad: 0.1, badToGood: 2 } },
      '.lossModel.badToGood: expected a number from 0 to 1, got 2',
    ],
    [
      { lossModel: { model: 'markov', states: [] } },
      `.lossModel.states: expected 1 to ${MAX_MARKOV_STATES} states, got 0`,
    ],
    [
      { lossModel: { model: 'markov', states: [{ loss: 0, next: [0.5, 0.5] }] } },
      '.lossModel.states[0].next: expected 1 probabilities, one a state, got 2',
    ],
    [
      { lossModel: { model: 'markov', states: [{ loss: 0, next: [0.99] }] } },
      '.lossModel.states[0].next: the sum is 0.99, and must be 1',
    ],
    [{ slot: 5 }, `.slot: unknown key; known are ${Object.keys(ALL).join(', ')}`],
    [7, ': expected an object, got 7'],
  ];
  for (const [value, message] of wrong) t.equal(check(value), `impairment${message}`);
  t.match(check({ jitterDistribution: Array(MAX_QUANTILES + 1).fill(0) }), /got 10001$/);
  const next = Array(MAX_MARKOV_STATES + 1).fill(0);
  const states = next.map(() => ({ loss: 0, next: [1, ...next.slice(1)] }));
  t.match(check({ lossModel: { model: 'markov', states } }), /got 101$/);
});

t.test('the stack takes what a config says, and a config can say all that the stack takes', async (t) => {
  const taken: Required<Impairment> = ALL;
  const said: Required<Impairment> = taken;
  t.equal(said, ALL, 'the types are the same, or this would not compile');
});
