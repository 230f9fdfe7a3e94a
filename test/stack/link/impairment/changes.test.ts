/** Each parameter changes alone: what it is not about goes on as if nothing had been said. */
import fc from 'fast-check';
import t from 'tap';
import type { Impairment } from '../../../../devices/stack/link-settings.js';
import { Line } from './line.js';

/** Of each purpose what decides about it, and what else belongs to it. */
const PURPOSES = {
  loss: { loss: 0.3, lossBurst: 2, lossCorrelation: 0.4 },
  corrupt: { corrupt: 0.3, corruptCorrelation: 0.4 },
  bitErrors: { bitErrorRate: 1e-3 },
  duplicate: { duplicate: 0.3, duplicateCorrelation: 0.4 },
  jitter: { jitterMs: 3, jitterDistribution: 'normal', jitterCorrelation: 0.4, jitterReorders: true },
  reorder: { reorder: 0.5, reorderGap: 2, reorderDelayMs: 15, reorderCorrelation: 0.4 },
} as const satisfies Record<string, Impairment>;
type Purpose = keyof typeof PURPOSES;
const names = Object.keys(PURPOSES) as Purpose[];

/** What became of each of the frames, as far as one purpose says so: 30 with `before`, 30 with `after`, 30 with `before`. */
function fates(purpose: Purpose, before: Impairment, after: Impairment): string {
  const line = new Line({ delayMs: 100, ...before });
  line.offer(30, 50).advance(line.timers.now + 1000);
  line.impairer.configure({ delayMs: 100, ...after });
  line.offer(30, 50).advance(line.timers.now + 1000);
  line.impairer.configure({ delayMs: 100, ...before });
  line.offer(30, 50).drain();
  return [...Array(90).keys()].map((n) => fateOf(purpose, line, n)).join(' ');
}

function fateOf(purpose: Purpose, line: Line, n: number): string {
  const out = line.out.filter((one) => one.n === n);
  if (out.length === 0) return purpose === 'loss' ? 'x' : '?';
  const offeredAt = n * 50 + (n >= 30 ? 1000 : 0) + (n >= 60 ? 1000 : 0);
  const { at, packet } = out[0];
  const flipped = String([...packet.subarray(8)].map((byte, i) => (byte === 0 ? '' : `${i}:${byte}`)).filter(Boolean));
  const ms = (at - offeredAt).toFixed(6);
  const seen = { loss: '.', corrupt: flipped, bitErrors: flipped, duplicate: `${out.length}`, jitter: ms, reorder: ms };
  return seen[purpose];
}

/** Both where the frame is there: what another purpose has lost tells nothing. */
function agree(one: string, other: string): boolean {
  const [a, b] = [one.split(' '), other.split(' ')];
  return a.every((fate, n) => fate === b[n] || fate === '?' || b[n] === '?');
}

t.test('switching any purpose on and off does not move the draws of any other', async (t) => {
  const touching = (a: Purpose, b: Purpose) =>
    // Both change the same bytes, or the same times: what one of them does cannot be told apart.
    [
      ['corrupt', 'bitErrors'],
      ['jitter', 'reorder'],
    ].some((pair) => pair.includes(a) && pair.includes(b));
  for (const purpose of names) {
    const settings = PURPOSES[purpose];
    const alone = fates(purpose, settings, settings);
    t.ok(new Set(alone.split(' ')).size > 1, `${purpose} does something`);
    for (const other of names) {
      if (other === purpose || touching(purpose, other)) continue;
      t.ok(agree(fates(purpose, settings, { ...settings, ...PURPOSES[other] }), alone), `${other} against ${purpose}`);
    }
  }
});

t.test('what goes with a parameter comes and goes without moving its draws', async (t) => {
  const cases: [Purpose, Impairment, Impairment][] = [
    ['loss', { loss: 0.3 }, { lossCorrelation: 0.8 }],
    ['corrupt', { corrupt: 0.3 }, { corruptCorrelation: 0.8 }],
    ['duplicate', { duplicate: 0.3 }, { duplicateCorrelation: 0.8 }],
    ['jitter', { jitterMs: 3, jitterReorders: true }, { jitterCorrelation: 0.8 }],
    ['jitter', { jitterMs: 3, jitterReorders: true }, { jitterDistribution: 'pareto' }],
    ['reorder', { reorder: 0.3 }, { reorderCorrelation: 0.8 }],
    ['reorder', { reorder: 0.3 }, { reorderGap: 3 }],
  ];
  for (const [purpose, settings, more] of cases) {
    const [with_, without] = [fates(purpose, settings, { ...settings, ...more }), fates(purpose, settings, settings)];
    const last = (all: string) => all.split(' ').slice(60).join(' ');
    t.not(with_, without, `${Object.keys(more)} does something`);
    t.equal(last(with_), last(without), `after ${Object.keys(more)} ${purpose} is where it would have been`);
  }
});

t.test('nothing but delay and what goes with it times anew what is under way', async (t) => {
  const settings = { delayMs: 50, jitterMs: 20, jitterReorders: true, reorder: 0.3 } as const;
  const untouched = new Line(settings).offer(50, 1).drain().story;
  const others: Impairment[] = [
    { loss: 1 },
    { corrupt: 1, bitErrorRate: 0.1 },
    { duplicate: 1, mtu: 100 },
    { jitterCorrelation: 0.5, jitterDistribution: 'normal' },
    { reorderGap: 2, reorderCorrelation: 1 },
    { rateBps: 1000, queuePackets: 3, queueDiscipline: 'codel', codelEcn: true },
    { lossModel: { model: 'markov', states: [{ loss: 1, next: [1] }] } },
  ];
  for (const other of others) {
    const line = new Line(settings).offer(50, 1);
    line.impairer.configure({ ...settings, ...other });
    t.same(line.drain().story, untouched, Object.keys(other).join());
  }
  const held = new Line({ delayMs: 50, reorder: 1, reorderDelayMs: 10 }).offer(1);
  held.impairer.configure({ delayMs: 50, reorder: 1, reorderDelayMs: 30 });
  t.same(held.drain().story, ['0@80']);
});

t.test('what is due already comes out as it was, however late the timer is', async (t) => {
  const line = new Line({ rateBps: 8000, delayMs: 10 }).offer(3);
  line.timers.now = 215;
  line.impairer.configure({ delayMs: 5000 });
  line.advance(215);
  t.same(line.numbers, [0, 1], 'sent at 100 and 200');
  line.drain();
  t.same(line.story.slice(2), ['2@5215']);
});

t.test('with an order again, nobody overtakes who is under way without one', async (t) => {
  const line = new Line({ delayMs: 100, jitterMs: 90, jitterReorders: true }).offer(100, 0.1);
  line.impairer.configure({ delayMs: 100, jitterMs: 90 });
  line.offer(20, 0.1).drain();
  t.same(
    line.numbers,
    line.numbers.toSorted((a, b) => a - b),
  );
});

const probability = fc.constantFrom(0, 0.1, 0.6, 1);
const anything: fc.Arbitrary<Impairment> = fc.record(
  {
    delayMs: fc.nat(40),
    jitterMs: fc.nat(60),
    jitterDistribution: fc.constantFrom<Impairment['jitterDistribution']>(
      'normal',
      'pareto',
      'paretonormal',
      [-1, 0, 3],
    ),
    jitterCorrelation: probability,
    jitterReorders: fc.boolean(),
    loss: probability,
    lossBurst: fc.integer({ min: 1, max: 5 }),
    lossCorrelation: probability,
    lossModel: fc.constant({ model: 'gilbert-elliott', goodToBad: 0.3, badToGood: 0.5 } as const),
    duplicate: probability,
    duplicateCorrelation: probability,
    reorder: probability,
    reorderDelayMs: fc.nat(30),
    reorderGap: fc.integer({ min: 1, max: 4 }),
    reorderCorrelation: probability,
    corrupt: probability,
    corruptCorrelation: probability,
    bitErrorRate: fc.constantFrom(0, 1e-4, 0.5, 1),
    rateBps: fc.integer({ min: 5_000, max: 1_000_000 }),
    queueBytes: fc.integer({ min: 1, max: 3000 }),
    queuePackets: fc.integer({ min: 1, max: 20 }),
    queueDiscipline: fc.constantFrom<Impairment['queueDiscipline']>('drop-tail', 'codel'),
    codelTargetMs: fc.constantFrom(0.001, 5),
    codelIntervalMs: fc.constantFrom(0.001, 100),
    codelEcn: fc.boolean(),
    mtu: fc.constantFrom(68, 1500),
    slotMs: fc.nat(20),
    slotJitterMs: fc.nat(30),
    slotPackets: fc.integer({ min: 1, max: 3 }),
    slotBytes: fc.integer({ min: 1, max: 300 }),
  },
  { requiredKeys: [] },
);

t.test(
  'whatever changes while frames are under way, each comes out or is counted, and the line ends empty',
  async () => {
    const fault = (impairment: Impairment, n: number) =>
      ({ fault: `fault-${n}`, title: 'any', seed: `${n}`, direction: 'out', impairment }) as const;
    fc.assert(
      fc.property(
        fc.array(fc.record({ base: anything, faults: fc.array(anything, { maxLength: 2 }) }), { maxLength: 4 }),
        fc.string(),
        (turns, seed) => {
          const line = new Line({}, seed);
          for (const { base, faults } of turns) {
            line.impairer.configure(base);
            line.offer(8, 3);
            line.impairer.setFaults(faults.map(fault));
            line.offer(8, 3);
            // The timer is late.
            line.timers.advance(line.timers.now + 25);
          }
          line.impairer.setFaults([]);
          line.impairer.configure({});
          line.drain();
          const met = new Set([...line.numbers, ...line.lost]);
          return (
            met.size === turns.length * 16 && line.impairer.idle && line.timers.nextAt() === Number.POSITIVE_INFINITY
          );
        },
      ),
    );
  },
);

t.test('a line that is empty again is as it was before: nothing of a fault is left', async () => {
  fc.assert(
    fc.property(anything, fc.string(), (impairment, seed) => {
      const base = { delayMs: 7, rateBps: 400_000, queuePackets: 4 };
      const line = new Line(base, seed);
      line.impairer.setFaults([{ fault: 'fault-1', title: 'any', seed: '1', direction: 'out', impairment }]);
      line.offer(20, 2);
      line.impairer.setFaults([]);
      line.drain();
      const before = line.out.length;
      const from = line.timers.now;
      line.offer(10, 1).drain();
      const fresh = new Line(base, seed).offer(10, 1).drain();
      const times = line.out.slice(before).map(({ n, at }) => `${n - 20}@${(at - from).toFixed(6)}`);
      return String(times) === String(fresh.out.map(({ n, at }) => `${n}@${at.toFixed(6)}`));
    }),
  );
});
