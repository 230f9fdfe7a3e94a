/** Whatever is asked of a lab's chaos: it is done or refused in words, and after `clear` nothing of it is left. */
import fc from 'fast-check';
import t from 'tap';
import { RPC_INVALID_PARAMS, RpcError } from '../../devices/control.js';
import type { FaultRequest } from '../../orchestrator/chaos/fault.js';
import { CliError } from '../../orchestrator/errors.js';
import { isImpairmentFault, misfits, readImpairment } from '../../orchestrator/topology/impairment.js';
import { describeImpairment } from '../../orchestrator/topology/impairment-text.js';
import { IMPAIRMENT_KEYS } from '../../orchestrator/topology/schema-impairment.js';
import { FakeGround, settle } from '../orchestrator/chaos/fake-ground.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 60);

const end = fc.constantFrom('a', 'b', 'sw', 'r', 'r:eth0', 'r:eth1', 'sw:1', 'lab-pc', 'a:eth9', 'x', '', '--', '*');
const time = fc.option(fc.integer({ min: -1, max: 3000 }), { nil: undefined });
const impairment = fc.record(
  {
    loss: fc.double({ min: -0.1, max: 1.1, noNaN: true }),
    delayMs: fc.integer({ min: -1, max: 1000 }),
    jitterMs: fc.integer({ min: 0, max: 100 }),
    jitterDistribution: fc.constantFrom('normal', 'gauss', [0, 1], [1, 0]),
    lossBurst: fc.integer({ min: 0, max: 5 }),
    queueDiscipline: fc.constantFrom('codel', 'drop-tail'),
    rateBps: fc.integer({ min: 0, max: 1_000_000 }),
    nonsense: fc.anything(),
  },
  { requiredKeys: [] },
);
const request = fc.oneof(
  fc.record(
    {
      kind: fc.constant('link'),
      a: end,
      b: end,
      from: end,
      state: fc.constantFrom('up', 'down', 'blackhole'),
      impairment,
      forMs: time,
    },
    { requiredKeys: ['kind', 'a', 'b'] },
  ),
  fc.record(
    {
      kind: fc.constant('device'),
      device: end,
      action: fc.constantFrom('kill', 'stop', 'start', 'restart', 'pause', 'resume', 'slow', 'clock'),
      factor: fc.integer({ min: 1, max: 9 }),
      offsetMs: fc.integer(),
      forMs: time,
    },
    { requiredKeys: ['kind', 'device', 'action'] },
  ),
  fc.record(
    {
      kind: fc.constant('rule'),
      filter: fc.oneof(
        fc.constantFrom('tcp', '', 'ip.ttl == 1', 'tcp &&', 'frame.number == 1'),
        fc.string({ maxLength: 8 }),
      ),
      action: fc.constantFrom(
        { kind: 'drop' },
        { kind: 'delay', delayMs: 5 },
        { kind: 'reply', reply: 'reset' },
        { kind: 'x' },
      ),
      at: end,
      skip: fc.integer({ min: -1, max: 3 }),
      count: fc.integer({ min: 0, max: 3 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      forMs: time,
    },
    { requiredKeys: ['kind', 'filter', 'action'] },
  ),
  fc.record(
    {
      kind: fc.constant('partition'),
      left: fc.array(end, { maxLength: 2 }),
      right: fc.array(end, { maxLength: 2 }),
      forMs: time,
    },
    { requiredKeys: ['kind', 'left'] },
  ),
  fc.record({
    kind: fc.constant('monkey'),
    forMs: fc.integer({ min: 1, max: 20_000 }),
    seed: fc.string(),
    intervalMs: fc.constant(200),
  }),
  fc.anything(),
);

type Step = (lab: FakeGround) => Promise<unknown>;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: request.map(
      (what): Step =>
        (lab) =>
          lab.chaos.apply(what as FaultRequest),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 12 }).map(
      (id): Step =>
        (lab) =>
          lab.chaos.end(`fault-${id}`),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0, max: 2000 }).map(
      (ms): Step =>
        (lab) =>
          lab.pass(ms),
    ),
  },
  // A device that takes nothing for a while.
  {
    weight: 1,
    arbitrary: fc.constantFrom('a', 'sw').map(
      (device): Step =>
        async (lab) => {
          if (!lab.faults.delete(device)) lab.faults.set(device, new RpcError(RPC_INVALID_PARAMS, 'no'));
        },
    ),
  },
);

async function whatEscapes(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error) => (error instanceof CliError ? undefined : error),
  );
}

t.test('any requests in any order, then clear', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom(0, 700), async (steps, startMs) => {
      const lab = new FakeGround();
      lab.startMs = startMs;
      const running: Promise<unknown>[] = [];
      for (const run of steps) {
        const escaped = whatEscapes(run(lab));
        running.push(escaped);
        // A device that starts takes its time, and others go on.
        if (startMs === 0) await escaped;
      }
      lab.faults.clear();
      running.push(whatEscapes(lab.chaos.clear()));
      await settle();
      await lab.pass(30_000);
      const escaped = (await Promise.all(running)).filter((error) => error !== undefined);
      const away = lab.devices.filter(({ name }) => lab.state(name) !== 'running');
      const left = [...escaped, ...lab.chaos.list(), ...lab.summary(), ...lab.claims, ...away];
      if (left.length > 0 || lab.waiting > 0) throw new Error(`left: ${JSON.stringify(left)}, ${lab.waiting} timers`);
    }),
    { numRuns: RUNS },
  );
  t.pass('nothing is left');
});

t.test('any value of any parameter is read or refused', async (t) => {
  const value = fc.oneof(
    fc.constantFrom(
      '20%',
      '-1%',
      '101%',
      '5ms',
      '1e-6',
      'normal',
      'codel',
      '9kB',
      '3 packets',
      '2Mbit',
      true,
      1,
      0,
      -1,
      null,
    ),
    fc.record({
      model: fc.constantFrom('markov', 'gilbert-elliott', 'x'),
      states: fc.anything(),
      goodToBad: fc.constant('1%'),
    }),
    fc.array(fc.double()),
    fc.anything(),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...IMPAIRMENT_KEYS, '__proto__', 'x'), value, { maxKeys: 5 }), (file) => {
      const result = readImpairment(file);
      if (isImpairmentFault(result)) return result.message.length > 0 && !result.message.includes('Invalid input');
      return (
        misfits(result).every(({ message }) => message !== '') && !/NaN|undefined/.test(describeImpairment(result))
      );
    }),
    { numRuns: RUNS * 5 },
  );
  t.pass('whatever it is');
});
