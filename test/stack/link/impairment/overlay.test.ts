/** Faults over the topology's settings, on one direction of a link. */
import fc from 'fast-check';
import t from 'tap';
import type { LinkFault } from '../../../../devices/stack/link/impairment/settings.js';
import type { Impairment } from '../../../../devices/stack/link-settings.js';
import { Random } from '../../../../devices/stack/random.js';
import { Line } from './line.js';

function fault(n: number, impairment: Impairment, more: Partial<LinkFault> = {}): LinkFault {
  return { fault: `fault-${n}`, title: `fault ${n}`, seed: `fault-${n}`, direction: 'out', impairment, ...more };
}

t.test('a fault lies over the settings of the topology, and is gone when it ends', async (t) => {
  const line = new Line({ delayMs: 10 });
  line.impairer.setFaults([fault(1, { delayMs: 100 })]);
  line.offer().advance(50);
  t.same(line.story, []);
  line.advance(100);
  line.impairer.setFaults([]);
  line.offer().drain();
  t.same(line.story, ['0@100', '1@110']);
  t.same(line.impairer.settings, { delayMs: 10 });
});

t.test('only what a fault sets is changed, and the last one that sets a parameter holds', async (t) => {
  const line = new Line({ delayMs: 10, rateBps: 8000 });
  const [first, second] = [fault(1, { delayMs: 50, loss: 1 }), fault(2, { loss: 0 })];
  line.impairer.setFaults([first, second]);
  line.offer().advance(1000);
  t.same(line.story, ['0@150'], 'rate of the topology, delay of the first fault, loss of the second');
  line.impairer.setFaults([second, first]);
  line.offer().advance(2000);
  t.same(line.marked, [[1, 'fault-1: fault 1']]);
  line.impairer.setFaults([second]);
  line.offer().drain();
  t.same(line.story, ['0@150', '2@2110']);
});

t.test('a loss in an upper layer takes the place of a model in a lower one, and the other way round', async (t) => {
  const always = { model: 'gilbert-elliott', goodToBad: 0, badToGood: 0, lossInGood: 1 } as const;
  const line = new Line({ lossModel: always });
  line.offer();
  line.impairer.setFaults([fault(1, { loss: 0 })]);
  line.offer();
  line.impairer.setFaults([fault(1, { loss: 0 }), fault(2, { lossModel: always })]);
  line.offer();
  line.impairer.setFaults([fault(3, { loss: 0, lossModel: always })]);
  line.offer();
  t.equal(line.fates(), 'x.xx');
});

t.test(
  'a queue in packets in an upper layer takes the place of one in bytes in a lower one, and the other way round',
  async (t) => {
    const line = new Line({ rateBps: 8000, queueBytes: 150 });
    line.impairer.setFaults([fault(1, { queuePackets: 3 })]);
    line.offer(6);
    t.same(line.lost, [4, 5]);
    line.drain();
    line.impairer.setFaults([fault(1, { queuePackets: 1 }), fault(2, { queueBytes: 350 })]);
    line.offer(4);
    t.same(line.lost, [4, 5, 9]);
    t.same(line.drain().marked.at(-1), [9, 'fault-2: fault 2']);
    line.impairer.setFaults([]);
    line.offer(2);
    t.same(line.lost, [4, 5, 9, 11], 'and then it is what it was');
  },
);

t.test('who decides draws: a fault from its own seed, the topology from where it stopped', async (t) => {
  const base = { loss: 0.3 };
  const untouched = new Line(base).offer(200);
  const line = new Line(base).offer(50);
  line.impairer.setFaults([fault(1, { loss: 0.5 })]);
  line.offer(70);
  const draws = new Random('line').fork('chaos fault-1').fork('loss');
  const expected = Array.from({ length: 70 }, () => (draws.chance(0.5) ? 'x' : '.')).join('');
  t.equal(line.fates(50), expected, "the fault's own stream");
  line.impairer.setFaults([]);
  line.offer(150);
  t.equal(line.fates().slice(0, 50) + line.fates(120), untouched.fates(), 'as if there had been no fault');
});

t.test('a fault that stays is not disturbed by those that come and go', async (t) => {
  const staying = fault(1, { loss: 0.4, duplicate: 0.3 });
  const alone = new Line({});
  alone.impairer.setFaults([staying]);
  const line = new Line({});
  for (const others of [[], [fault(2, { delayMs: 5 })], [], [fault(3, { corrupt: 0.2 }), fault(4, { delayMs: 1 })]]) {
    line.impairer.setFaults(
      [others[0], structuredClone(staying), ...others.slice(1)].filter((one) => one !== undefined),
    );
    line.offer(100).drain();
    alone.offer(100).drain();
  }
  t.same(line.lost, alone.lost);
  t.same(line.numbers, alone.numbers);
  t.match(line.impairer.faultCounts[1], { fault: 'fault-1', matched: 400 });
});

t.test('what goes with a parameter leaves the deciding to who sets the parameter', async (t) => {
  const base = { loss: 0.3 };
  const line = new Line(base);
  line.impairer.setFaults([fault(1, { lossCorrelation: 0.9 })]);
  line.offer(300);
  t.same(line.marked, [], "the loss is the topology's");
  const correlated = new Line({ ...base, lossCorrelation: 0.9 }).offer(300);
  t.equal(line.fates(), correlated.fates(), 'its stream, at the correlation of the fault');
});

t.test(
  'what a fault has dropped, damaged or made is marked with it; a mark from before stays on the rest',
  async (t) => {
    const line = new Line({});
    line.impairer.setFaults([fault(1, { duplicate: 1 })]);
    line.offer();
    t.same(
      line.out.map((one) => one.fault),
      ['', 'fault-1: fault 1'],
      'the copy is its work, the original is not',
    );
    line.impairer.setFaults([fault(2, { corrupt: 1 })]);
    line.offer();
    t.equal(line.out[2].fault, 'fault-2: fault 2');
    line.impairer.setFaults([fault(3, { delayMs: 1 })]);
    line.impairer.offer(new Uint8Array(100), 'fault-9: a rule');
    line.drain();
    t.equal(line.out[3].fault, 'fault-9: a rule');
  },
);

t.test('a black hole takes all, draws nothing, and tells nobody but the counters', async (t) => {
  const base = { loss: 0.5 };
  const line = new Line(base).offer(20);
  line.impairer.setFaults([fault(1, {}, { state: 'blackhole' })]);
  line.offer(10);
  t.same(
    line.dropped.slice(-10),
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29].map((n) => [n, 'blackhole']),
  );
  t.same(line.impairer.faultCounts, [{ fault: 'fault-1', title: 'fault 1', direction: 'out', matched: 10, hit: 10 }]);
  line.impairer.setFaults([]);
  line.offer(20);
  t.equal(line.fates().slice(0, 20) + line.fates(30), new Line(base).offer(40).fates());
});

t.test('a frame counts once as hit, however many things a fault does to it', async (t) => {
  const line = new Line({});
  line.impairer.setFaults([fault(1, { delayMs: 5, duplicate: 1, corrupt: 1 }), fault(2, { loss: 0.5 })]);
  line.offer(100).drain();
  const passed = new Set(line.numbers).size;
  t.match(line.impairer.faultCounts, [
    { matched: 100, hit: passed },
    { matched: 100, hit: 100 - passed },
  ]);
});

t.test(
  'with any faults over any settings: once they are gone, frames meet the fates of a line that never had one',
  async () => {
    const share = fc.constantFrom(0, 0.2, 0.7);
    // Of each purpose one parameter that decides, so that what a fault takes over is what its frames do not draw for.
    const purposes = ['loss', 'corrupt', 'duplicate', 'reorder'] as const;
    const some = fc.record({ loss: share, corrupt: share, duplicate: share, reorder: share }, { requiredKeys: [] });
    const turn = fc.record({ faults: fc.array(some, { maxLength: 3 }), frames: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(some, fc.array(turn, { maxLength: 4 }), fc.string(), (base, turns, seed) => {
        for (const purpose of purposes) {
          const settings = { [purpose]: base[purpose] };
          const line = new Line(settings, seed).offer(10).drain();
          let drawn = 10;
          for (const { faults, frames } of turns) {
            line.impairer.setFaults(faults.map((impairment, n) => fault(n, impairment)));
            line.offer(frames).drain();
            if (faults.every((impairment) => impairment[purpose] === undefined)) drawn += frames;
          }
          line.impairer.setFaults([]);
          const before = line.out.length;
          const dropped = line.dropped.length;
          line.offer(40).drain();
          const untouched = new Line(settings, seed).offer(drawn).drain();
          const [from, lostFrom] = [untouched.out.length, untouched.dropped.length];
          untouched.offer(40).drain();
          const fate = (one: Line, out: number, lost: number) => {
            const first = Math.min(...one.numbers.slice(out), ...one.lost.slice(lost));
            return JSON.stringify([
              one.out
                .slice(out)
                .map(({ n, packet }) => [n - first, packet.subarray(8).findIndex((byte) => byte !== 0)]),
              one.lost.slice(lost).map((n) => n - first),
            ]);
          };
          if (fate(line, before, dropped) !== fate(untouched, from, lostFrom)) return false;
        }
        return true;
      }),
    );
  },
);

t.test(
  'a frame is hit once, also where both of its copies are dropped, or where it came before the fault',
  async (t) => {
    const counts = ({ impairer }: Line) => impairer.faultCounts.map(({ matched, hit }) => [matched, hit]);
    const full = new Line({ rateBps: 8000, duplicate: 1 });
    full.impairer.setFaults([fault(1, { queueBytes: 1 })]);
    full.offer(3);
    t.same([full.lost, counts(full)], [[0, 1, 1, 2, 2], [[3, 3]]], 'the copy of the first, and two with their copies');
    const early = new Line({ rateBps: 8000, queuePackets: 100 }).offer(20).advance(500);
    early.impairer.setFaults([fault(1, { queueDiscipline: 'codel' })]);
    early.drain();
    t.ok(early.lost.length > 1);
    t.same(counts(early), [[early.lost.length, early.lost.length]], 'those that it dropped came by it as they left');
  },
);
