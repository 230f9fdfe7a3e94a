/** Controlled delay against what RFC 8289 says of it. */
import t from 'tap';
import type { Impairment } from '../../../../devices/stack/link-settings.js';
import { Line } from './line.js';

/** 100 bytes take 1 ms. */
const RATE_BPS = 800_000;
const CODEL: Impairment = { rateBps: RATE_BPS, queueDiscipline: 'codel', queuePackets: 10_000 };

/** Frames that come so far apart, and when each was dropped: the clock stops at each deadline. */
function drops(line: Line, count: number, everyMs: number): number[] {
  const at: number[] = [];
  for (let n = 0; n < count; n++) {
    line.offer(1);
    const until = line.timers.now + everyMs;
    while (line.timers.nextAt() <= until) {
      const before = line.dropped.length;
      line.timers.advance(line.timers.nextAt());
      for (let i = before; i < line.dropped.length; i++) at.push(line.timers.now);
    }
    line.timers.advance(until);
  }
  return at;
}

t.test('no drop while the delay is below the target, nor in the first interval above it', async (t) => {
  t.same(drops(new Line(CODEL), 1000, 1), [], 'a line that keeps up');
  const burst = new Line(CODEL).offer(100);
  burst.advance(99);
  t.same(burst.lost, [], 'a burst of 100 ms is no standing queue');
});

t.test(
  'the first drop comes an interval after the delay rose above the target, then by the square root law',
  async (t) => {
    // A tenth more than the line can send: the sojourn time is at 5 ms with the 56th frame or so, and rises on.
    const line = new Line(CODEL);
    const at = drops(line, 1500, 1 / 1.1);
    t.ok(line.dropped.every(([, reason]) => reason === 'codel'));
    t.ok(at[0] >= 155 && at[0] < 170, `the first drop at ${at[0]}`);
    let due = at[0];
    for (let count = 1; count < 12; count++) {
      due += 100 / Math.sqrt(count);
      // At the first dequeue that is not earlier: they are 1 ms apart.
      t.ok(at[count] >= due - 1e-6 && at[count] < due + 1 + 1e-6, `drop ${count + 1} at ${at[count]}, due at ${due}`);
    }
  },
);

/** Sojourn times of the last frames, with a sender that halves its rate when it loses one, and adds to it otherwise. */
function adaptive(settings: Impairment): { mean: number; least: number; sent: number } {
  const line = new Line(settings);
  const sentAt: number[] = [];
  let window = 10;
  let seen = 0;
  const baseMs = 20;
  let dropped = 0;
  for (let round = 0; round < 4000; round++) {
    line.advance(line.timers.now + 5);
    const out = line.out.length;
    if (line.dropped.length > dropped) window = Math.max(2, window / 2);
    else window += (out - seen) / window;
    dropped = line.dropped.length;
    seen = out;
    while (sentAt.length - out - dropped < window) {
      sentAt.push(line.timers.now);
      line.offer(1);
    }
  }
  const delays = line.out.slice(-5000).map(({ n, at }) => at - sentAt[n] - baseMs);
  return {
    mean: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    least: Math.min(...delays),
    sent: line.out.length,
  };
}

t.test('a sender that gives way: the delay comes down to the target, and the line stays busy', async (t) => {
  const settings = { ...CODEL, delayMs: 20 };
  const codel = adaptive(settings);
  const tail = adaptive({ ...settings, queueDiscipline: 'drop-tail', queuePackets: 300 });
  t.ok(codel.mean < 15, `mean delay in the queue ${codel.mean} ms`);
  t.ok(tail.mean > 100, `against ${tail.mean} ms with a queue that only drops what does not fit`);
  t.ok(codel.sent > 0.9 * tail.sent, `${codel.sent} frames against ${tail.sent}`);
});

t.test('a single packet that waits is no standing queue, however slow the line', async (t) => {
  // 100 bytes take a second.
  const line = new Line({ ...CODEL, rateBps: 800 });
  for (let n = 0; n < 20; n++) line.offer(1, 1000);
  t.same(line.drain().lost, []);
});

t.test(
  'it stops when the delay falls below the target, and begins again where it was when that is not long ago',
  async (t) => {
    const line = new Line(CODEL);
    const first = drops(line, 1500, 1 / 1.1).length;
    t.ok(first > 10);
    drops(line, 20, 10);
    const { length } = line.lost;
    t.same([drops(line, 20, 10), line.lost.length], [[], length], 'the queue has run dry');
    const again = drops(line, 700, 1 / 1.1);
    const gap = again[1] - again[0];
    t.ok(gap < 100 / Math.sqrt(first / 2), `the second drop after ${gap} ms`);
    line.advance(line.timers.now + 5000);
    const anew = drops(line, 700, 1 / 1.1);
    t.ok(anew[1] - anew[0] >= 100, `after 16 intervals it starts anew: ${anew[1] - anew[0]}`);
  },
);

t.test('target and interval are what was asked for', async (t) => {
  const line = new Line({ ...CODEL, codelTargetMs: 50, codelIntervalMs: 200 });
  const at = drops(line, 2500, 1 / 1.1);
  // The sojourn time rises by a tenth: 50 ms of it after 550 ms.
  t.ok(at[0] > 740 && at[0] < 775, `the first drop at ${at[0]}`);
  t.ok(at[1] - at[0] >= 200 && at[1] - at[0] < 201.1, `the second one ${at[1] - at[0]} later`);
});

t.test('the queue has its limits too', async (t) => {
  const line = new Line({ ...CODEL, queuePackets: 5 }).offer(10);
  t.same(
    line.dropped,
    [6, 7, 8, 9].map((n) => [n, 'queueFull']),
  );
});

t.test('changing between the two disciplines loses nothing that waits', async (t) => {
  const line = new Line({ ...CODEL, queueDiscipline: 'drop-tail' }).offer(100);
  line.advance(50);
  line.impairer.configure(CODEL);
  line.advance(80);
  line.impairer.configure({ ...CODEL, queueDiscipline: 'drop-tail' });
  t.equal(line.drain().out.length, 100);
});

t.test('what a fault sets of it is the work of the fault', async (t) => {
  const line = new Line({ rateBps: RATE_BPS });
  line.impairer.setFaults([
    { fault: 'fault-1', title: 'codel', seed: '1', direction: 'out', impairment: { queueDiscipline: 'codel' } },
  ]);
  drops(line, 600, 1 / 1.2);
  t.ok(line.lost.length > 2);
  t.equal(line.marked.length, line.lost.length);
  t.same(line.marked[0][1], 'fault-1: codel');
  t.match(line.impairer.faultCounts, [{ matched: 600, hit: line.lost.length }]);
});

t.test('a late timer drops the same packets', async (t) => {
  const [onTime, late] = [new Line(CODEL), new Line(CODEL)];
  drops(onTime, 1500, 0.8);
  for (let n = 0; n < 1500; n++) {
    late.offer(1);
    late.timers.now += 0.8;
    if (n % 40 === 0) late.timers.advance(late.timers.now);
  }
  t.ok(onTime.lost.length > 20);
  t.same(late.drain().lost, onTime.drain().lost);
});

t.test('a shorter interval holds at once', async (t) => {
  const line = new Line({ ...CODEL, codelIntervalMs: 1e6 });
  t.same(drops(line, 1500, 0.8), []);
  line.impairer.configure(CODEL);
  const [first] = drops(line, 400, 0.8);
  t.ok(first <= 1500 * 0.8 + 101, `${first}`);
});

t.test(
  'a fault that sets CoDel aside does not count as a time of waiting: it begins with an interval again',
  async (t) => {
    const line = new Line(CODEL);
    drops(line, 1500, 1 / 1.1);
    line.impairer.setFaults([
      { fault: 'fault-1', title: 'x', seed: 's', direction: 'out', impairment: { queueDiscipline: 'drop-tail' } },
    ]);
    const before = line.dropped.length;
    drops(line, 9500, 1 / 1.1);
    t.equal(line.dropped.length, before);
    const endsAt = line.timers.now;
    line.impairer.setFaults([]);
    const at = drops(line, 300, 1 / 1.1);
    t.ok(at.length > 1 && at[0] >= endsAt + 100 - 1e-6, `the first drop ${at[0] - endsAt} ms after`);
    t.ok(at.length < 30, `${at.length} drops in 270 ms`);
  },
);
