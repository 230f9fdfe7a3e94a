/** Whatever is ordered of a link, and in whatever order: no frame is lost in silence, and nothing is left behind. */
import fc from 'fast-check';
import t from 'tap';
import { NEVER, Timers } from '../../../../devices/stack/clock.js';
import type { LinkFault } from '../../../../devices/stack/link/impairment/settings.js';
import { Port } from '../../../../devices/stack/link/port.js';
import type { Impairment } from '../../../../devices/stack/link-settings.js';
import { Random } from '../../../../devices/stack/random.js';
import { assortedPackets } from '../../../support/assorted-packets.js';

const packets = assortedPackets();

const share = fc.constantFrom(0, 0.3, 1);
const chain = { model: 'markov', states: [0.1, 1].map((loss) => ({ loss, next: [0.5, 0.5] })) } as const;
const impairment: fc.Arbitrary<Impairment> = fc.record(
  {
    delayMs: fc.nat(100),
    jitterMs: fc.nat(50),
    jitterDistribution: fc.constantFrom<Impairment['jitterDistribution']>('uniform', 'normal', 'pareto', [0, 1, 3]),
    jitterReorders: fc.boolean(),
    loss: share,
    lossBurst: fc.integer({ min: 1, max: 5 }),
    lossCorrelation: share,
    lossModel: fc.constantFrom(chain),
    duplicate: share,
    reorder: share,
    reorderGap: fc.integer({ min: 1, max: 4 }),
    corrupt: share,
    bitErrorRate: fc.constantFrom(0, 1e-4, 1),
    rateBps: fc.constantFrom(1, 8000, 1e6, 1e9),
    queueBytes: fc.constantFrom(1, 2000, 1e6),
    queuePackets: fc.integer({ min: 1, max: 20 }),
    queueDiscipline: fc.constantFrom('codel' as const, 'drop-tail' as const),
    codelIntervalMs: fc.constantFrom(0.001, 10, 100),
    codelEcn: fc.boolean(),
    mtu: fc.constantFrom(68, 500, 65_535),
    slotMs: fc.constantFrom(0, 0.0001, 5, 50),
    slotJitterMs: fc.constantFrom(0, 3, 100),
    slotPackets: fc.integer({ min: 1, max: 5 }),
    slotBytes: fc.constantFrom(1, 3000),
  },
  { requiredKeys: [] },
);

type Step =
  | { readonly frames: readonly { readonly packet: number; readonly length: number; readonly leaves: boolean }[] }
  | { readonly waitMs: number }
  | { readonly faults: readonly Omit<LinkFault, 'fault' | 'title' | 'seed'>[] }
  | { readonly cable: boolean };

const frame = fc.record({
  packet: fc.nat(packets.length - 1),
  length: fc.constantFrom(0, 8, 20, 10_000),
  leaves: fc.boolean(),
});
const fault = fc.record({
  direction: fc.constantFrom('out' as const, 'in' as const),
  impairment,
  state: fc.constantFrom(undefined, undefined, undefined, 'down' as const, 'blackhole' as const),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ frames: fc.array(frame, { minLength: 1, maxLength: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ waitMs: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ faults: fc.array(fault, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ cable: fc.boolean() }) },
);

class Bench {
  readonly timers = new Timers();
  readonly port: Port;
  readonly given = { out: 0, in: 0 };
  readonly shown = { out: 0, in: 0 };
  readonly passed = { out: 0, in: 0 };
  private lastAt = 0;

  constructor(own: Impairment) {
    this.port = new Port({
      name: '1',
      random: new Random('x'),
      timers: this.timers,
      impairment: own,
      impairmentIn: own,
    });
    this.port.transmit = () => {
      this.passed.out += 1;
    };
    this.port.deliver = () => {
      this.passed.in += 1;
    };
    this.port.addTap((_packet, direction, _dropped, at) => {
      this.shown[direction] += 1;
      if (at < this.lastAt) throw new Error(`${at} is told after ${this.lastAt}`);
      this.lastAt = at;
    });
  }

  take(step: Step): void {
    const { port, timers } = this;
    if ('waitMs' in step) timers.advance(timers.now + step.waitMs);
    else if ('cable' in step) port.setCarrier(step.cable);
    else if ('faults' in step) {
      timers.advance(timers.now);
      port.setFaults(step.faults.map((one, n) => ({ fault: `fault-${n}`, title: 'x', seed: `${n}`, ...one })));
    } else {
      for (const { packet, length, leaves } of step.frames) {
        this.given[leaves ? 'out' : 'in'] += 1;
        const bytes = packets[packet].subarray(0, length);
        if (leaves) port.send(bytes);
        else port.receive(bytes);
      }
    }
    for (const { fault, matched, hit } of port.faultCounts) {
      if (hit > matched) throw new Error(`${fault} has hit ${hit} of ${matched}`);
    }
  }

  /** All faults end, the topology's own are taken away, and the line runs dry. */
  clear(): void {
    this.port.setFaults([]);
    this.port.setImpairment({});
    for (let n = 0; this.timers.nextAt() !== NEVER && n < 100_000; n++) this.timers.advance(this.timers.nextAt());
  }
}

t.test(
  'every frame is shown as passed or dropped, faults hit no more than came by, and no deadline stays',
  async (t) => {
    fc.assert(
      fc.property(impairment, fc.array(step, { minLength: 5, maxLength: 60 }), (own, steps) => {
        const bench = new Bench(own);
        for (const one of steps) bench.take(one);
        bench.clear();
        const { given, shown, passed, port, timers } = bench;
        for (const [direction, dropped] of [
          ['out', port.counters.droppedOut],
          ['in', port.counters.droppedIn],
        ] as const) {
          t.ok(shown[direction] >= given[direction], `${shown[direction]} of ${given[direction]} shown`);
          t.equal(shown[direction], passed[direction] + dropped);
        }
        t.equal(timers.nextAt(), NEVER);
      }),
      { numRuns: 60, seed: 5 },
    );
  },
);
