/** Link parameters: as they are written, what is wrong with them, and as they are told. */
import t from 'tap';
import type { Impairment } from '../../../devices/control.js';
import { isImpairmentFault, misfits, readImpairment } from '../../../orchestrator/topology/impairment.js';
import { describeImpairment } from '../../../orchestrator/topology/impairment-text.js';
import { topologyJsonSchema } from '../../../orchestrator/topology/index.js';
import { parse, problemsOf } from './support/problems.js';

function read(value: unknown): Impairment {
  const result = readImpairment(value);
  if (isImpairmentFault(result)) throw new Error(result.message);
  return result;
}

/** `where: message`. */
function fault(value: unknown): string {
  const result = readImpairment(value);
  return isImpairmentFault(result) ? `${result.where.join('.')}: ${result.message}` : 'nothing wrong';
}

const EVERYTHING = {
  delay: '50ms',
  jitter: '10ms',
  jitterDistribution: 'pareto',
  jitterCorrelation: '25%',
  jitterReorders: true,
  loss: '20%',
  lossBurst: 3,
  duplicate: '1%',
  duplicateCorrelation: '10%',
  reorder: '5%',
  reorderDelay: '20ms',
  reorderGap: 5,
  reorderCorrelation: '50%',
  corrupt: '0.1%',
  corruptCorrelation: '5%',
  bitErrorRate: 1e-6,
  rate: '2Mbit',
  queue: '100 packets',
  queueDiscipline: 'codel',
  codelTarget: '10ms',
  codelInterval: '200ms',
  codelEcn: true,
  silentMtu: 1400,
  slot: '800us',
  slotJitter: '100us',
  slotPackets: 8,
  slotBytes: '4kB',
};

t.test('every parameter, as devices get it', async (t) => {
  t.same(read(EVERYTHING), {
    delayMs: 50,
    jitterMs: 10,
    jitterDistribution: 'pareto',
    jitterCorrelation: 0.25,
    jitterReorders: true,
    loss: 0.2,
    lossBurst: 3,
    duplicate: 0.01,
    duplicateCorrelation: 0.1,
    reorder: 0.05,
    reorderDelayMs: 20,
    reorderGap: 5,
    reorderCorrelation: 0.5,
    corrupt: 0.001,
    corruptCorrelation: 0.05,
    bitErrorRate: 1e-6,
    rateBps: 2e6,
    queuePackets: 100,
    queueDiscipline: 'codel',
    codelTargetMs: 10,
    codelIntervalMs: 200,
    codelEcn: true,
    mtu: 1400,
    slotMs: 0.8,
    slotJitterMs: 0.1,
    slotPackets: 8,
    slotBytes: 4000,
  });
  t.same(misfits(read(EVERYTHING)), []);
  t.same(read({ queue: '64KiB', lossCorrelation: '30%', jitterDistribution: [-1, 0, 0, 3], bitErrorRate: '0.01%' }), {
    queueBytes: 65536,
    lossCorrelation: 0.3,
    jitterDistribution: [-1, 0, 0, 3],
    bitErrorRate: 0.0001,
  });
  t.same(read({ queue: '20p' }), { queuePackets: 20 });
  t.same(read({}), {});
});

t.test('models of loss', async (t) => {
  const gilbert = { model: 'gilbert-elliott', goodToBad: '1%', badToGood: '25%' };
  t.same(read({ loss: gilbert }), {
    lossModel: { model: 'gilbert-elliott', goodToBad: 0.01, badToGood: 0.25 },
  });
  t.same(read({ loss: { ...gilbert, lossInGood: '0.1%', lossInBad: '80%' } }), {
    lossModel: { model: 'gilbert-elliott', goodToBad: 0.01, badToGood: 0.25, lossInGood: 0.001, lossInBad: 0.8 },
  });
  const third = ['33.3%', '33.3%', '33.3%'];
  const chain = read({
    loss: { model: 'markov', states: ['0%', '10%', '100%'].map((loss) => ({ loss, next: third })) },
  });
  const { lossModel: model } = chain;
  if (model?.model !== 'markov') throw new Error('it is a chain');
  for (const { next } of model.states) {
    t.equal(
      next.reduce((sum, share) => sum + share, 0),
      1,
      'what was rounded when it was written is all in all certain',
    );
  }
  t.equal(describeImpairment(chain), 'loss by a chain of 3 states');
});

t.test('what is wrong, and where', async (t) => {
  t.equal(fault({ loss: '120%' }), 'loss: "120%" is not a share: write it in percent, 0% to 100%, such as 1%');
  t.equal(fault({ loss: 0.2 }), 'loss: 0.2 is not a share: write it in percent, 0% to 100%, such as 1%');
  t.equal(fault({ delay: '-5ms' }), 'delay: "-5ms" is below 0');
  t.equal(fault({ delay: '-5' }), 'delay: "-5" is not a duration: write it with its unit, such as 20ms, 1.5s or 5min');
  t.equal(fault({ los: '1%' }), 'los: unknown parameter "los". Did you mean "loss"?');
  t.equal(
    fault({ loss: { model: 'gilbert' } }),
    'loss.model: "gilbert" is not a model of loss: write gilbert-elliott or markov',
  );
  t.equal(
    fault({ loss: { model: 'gilbert-elliott', goodToBad: '1%', badToGood: 3 } }),
    'loss.badToGood: 3 is not a share: write it in percent, 0% to 100%, such as 1%',
  );
  t.equal(
    fault({ loss: { model: 'markov', states: [{ loss: '0%', next: ['90%'] }] } }),
    'loss.states.0.next: the shares of the next states are 90% together, not 100%',
  );
  t.equal(
    fault({ loss: { model: 'markov', states: [{ loss: '0%', next: ['50%', '50%'] }] } }),
    'loss.states.0.next: there are 1 states, but 2 shares here: write one for each state',
  );
  t.equal(
    fault({ jitterDistribution: 'gauss' }),
    'jitterDistribution: "gauss" is not a distribution: write uniform, normal, pareto, paretonormal, or a list of quantiles',
  );
  t.equal(
    fault({ jitterDistribution: [1, 0] }),
    'jitterDistribution: the quantiles of a table rise from one to the next',
  );
  t.equal(fault({ queue: 100 }), 'queue: 100 is not a queue: write it with its unit, such as 64KiB or 100 packets');
  t.equal(fault({ queue: '0 packets' }), 'queue: a queue has room for at least one packet or byte');
  t.equal(fault({ reorderGap: 0 }), 'reorderGap: 0 is not a number of frames: write a whole one, at least 1');
  t.equal(
    fault({ bitErrorRate: 2 }),
    'bitErrorRate: 2 is not a bit error rate: write a probability, 0 to 1, such as 1e-6',
  );
  t.equal(fault({ silentMtu: 20 }), 'silentMtu: 20 is not an MTU: write a whole number of bytes, 68 to 65535');
  t.equal(fault('20%'), ': "20%" is not a map of parameters, such as {loss: 20%}');
});

t.test('what does not fit together', async (t) => {
  const messages = (value: unknown) => misfits(read(value)).map(({ message }) => message);
  t.same(messages({ jitterDistribution: 'normal', delay: '5ms' }), ['jitterDistribution says nothing without jitter']);
  t.same(messages({ lossCorrelation: '5%' }), ['lossCorrelation says nothing without loss']);
  t.same(messages({ reorderDelay: '5ms' }), ['reorderDelay says nothing without reorder or reorderGap']);
  t.same(messages({ rate: '1Mbit', codelTarget: '1ms' }), ['codelTarget says nothing without queueDiscipline: codel']);
  t.same(messages({ queueDiscipline: 'codel' }), [
    'queueDiscipline says nothing without rate, which makes packets wait',
  ]);
  t.same(messages({ loss: '5%', lossBurst: 2, lossCorrelation: '5%' }), [
    'lossBurst and lossCorrelation both say how losses follow each other: leave one out',
  ]);
  t.same(messages({ loss: { model: 'gilbert-elliott', goodToBad: '1%', badToGood: '9%' }, lossBurst: 2 }), [
    'lossBurst: the model of loss says how long bursts are',
  ]);
  t.same(messages({ rate: '1Mbit', queueDiscipline: 'codel', codelInterval: '5ms' }), [
    'the target of CoDel, 5ms, is shorter than its interval, 5ms',
  ]);
  t.same(messages({ slot: '1ms', slotJitter: '2ms' }), [
    'slotJitter is at most as long as slot: no slot begins before the one before it',
  ]);
});

t.test('in few words', async (t) => {
  const told = (value: unknown) => describeImpairment(read(value));
  t.equal(told({ loss: '20%', delay: '50ms', jitter: '10ms' }), 'loss 20%, delay 50ms ± 10ms');
  t.equal(told({ jitter: '10ms', jitterDistribution: [0, 1] }), 'jitter 10ms (2 quantiles)');
  t.equal(told({ lossBurst: 3 }), 'loss mean burst 3', 'the share is that which is there');
  t.equal(
    told({ loss: { model: 'gilbert-elliott', goodToBad: '1%', badToGood: '25%' } }),
    'loss Gilbert-Elliott 1%/25%',
  );
  t.equal(told({ queue: '10kB' }), 'queue 10kB');
  t.equal(
    told(EVERYTHING),
    'loss 20% (mean burst 3), delay 50ms ± 10ms (pareto, correlation 25%, reorders), duplicate 1% (correlation 10%), ' +
      'reorder 5% (one in 5, by 20ms, correlation 50%), corrupt 0.1% (correlation 5%), bit errors 1e-6, rate 2Mbit, ' +
      'queue 100 packets (codel, target 10ms, interval 200ms, ECN), silent MTU 1400, slots 800us ± 100us (8 packets, 4kB)',
  );
  const usual = { lossCorrelation: '0%', lossBurst: 1, jitterReorders: false, queueDiscipline: 'drop-tail' };
  t.equal(told({ loss: '1%', jitter: '2ms', queue: '9kB', ...usual }), 'loss 1%, jitter 2ms, queue 9kB');
  t.equal(told({ lossCorrelation: '0%' }), 'loss correlation 0%', 'it takes back what was below');
  t.equal(told({}), '');
});

t.test('in a topology: both directions and one, each mistake in its place', async (t) => {
  const link = (impairment: string) => `devices: {a: host, b: host}\nlinks:\n  - link: a -- b\n    ${impairment}\n`;
  const { links } = parse(
    link('loss: {model: gilbert-elliott, goodToBad: 1%, badToGood: 25%}\n    from: {b: {loss: 2%, silentMtu: 1300}}'),
  );
  t.same(links[0].left.impairment, {
    lossModel: { model: 'gilbert-elliott', goodToBad: 0.01, badToGood: 0.25 },
  });
  t.same(links[0].right.impairment, { loss: 0.02, mtu: 1300 }, 'a share takes the place of a model');
  t.same(problemsOf(link('jitterDistribution: normal')), ['4:5 value: jitterDistribution says nothing without jitter']);
  t.same(problemsOf(link('jitter: 1ms\n    from: {a: {lossBurst: 2}, b: {queueDiscipline: codel}}')), [
    '5:16 value: lossBurst says nothing without loss',
    '5:35 value: queueDiscipline says nothing without rate, which makes packets wait',
  ]);
  t.same(problemsOf(link('loss: {model: gilbert-elliott, goodToBat: 1%, badToGood: 25%}')), [
    '4:5 missing-key: "goodToBad" is missing here',
    '4:36 unknown-key: unknown key "goodToBat". Did you mean "goodToBad"?',
  ]);
  t.same(
    problemsOf(link('loss: {model: markov, states: [{loss: 0%, next: [99%, 2%]}, {loss: 1%, next: [0%, 100%]}]}')),
    ['4:53 value: the shares of the next states are 101% together, not 100%'],
  );
  t.same(problemsOf(link('loss: {model: gemodel}')), [
    '4:19 value: "gemodel" is not a model of loss: write gilbert-elliott or markov',
  ]);
  t.same(problemsOf(link('loss: [1%]')), [
    '4:11 value: a list is not a loss: write 1%, or {model: gilbert-elliott, goodToBad: 1%, badToGood: 25%}',
  ]);
  t.match(
    JSON.stringify(topologyJsonSchema()),
    /gilbert-elliott.*jitterDistribution|jitterDistribution.*gilbert-elliott/,
  );
});
