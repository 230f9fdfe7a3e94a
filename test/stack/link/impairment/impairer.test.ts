import fc from 'fast-check';
import t from 'tap';
import { Timers } from '../../../../devices/stack/clock.js';
import { Impairer } from '../../../../devices/stack/link/impairment/impairer.js';
import { MAX_LINE_BYTES, MAX_LINE_PACKETS } from '../../../../devices/stack/link/impairment/settings.js';
import { Random } from '../../../../devices/stack/random.js';
import { FRAME_OFFSET } from '../../../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../../../devices/stack/wire/fcs.js';
import { Line, PACKET_LENGTH } from './line.js';

t.test('no settings: at once and untouched, and idle all the time', async (t) => {
  const line = new Line({});
  t.ok(line.impairer.idle);
  t.same(line.offer(3).story, ['0@0', '1@0', '2@0']);
  t.ok(line.impairer.idle);
  t.equal(line.timers.nextAt(), Number.POSITIVE_INFINITY);
});

t.test('settings that are zero change nothing', async (t) => {
  t.ok(new Line({ loss: 0, delayMs: 0, rateBps: undefined }).impairer.idle);
});

t.test('delay: each packet after exactly this time', async (t) => {
  const line = new Line({ delayMs: 20 });
  line.offer(2, 5);
  t.same(line.out, []);
  t.equal(line.timers.nextAt(), 20);
  line.advance(20);
  t.same(line.story, ['0@20']);
  line.advance(25);
  t.same(line.story, ['0@20', '1@25']);
});

t.test('loss: the share of packets, drawn from the seed', async (t) => {
  const line = new Line({ loss: 0.2 }).offer(10_000);
  t.ok(Math.abs(line.dropped.length - 2000) < 120, `${line.dropped.length} of 10,000 lost`);
  t.equal(line.out.length + line.dropped.length, 10_000);
  t.ok(line.dropped.every(([, reason]) => reason === 'impairmentLoss'));
  t.equal(
    String(new Line({ loss: 0.2 }).offer(10_000).numbers),
    String(line.numbers),
    'the same seed loses the same packets',
  );
  t.not(String(new Line({ loss: 0.2 }, 'other').offer(10_000).numbers), String(line.numbers));
  t.same(new Line({ loss: 1 }).offer(50).out, []);
});

t.test('loss in bursts: the same share, in runs of the mean length that was asked for', async (t) => {
  for (const [loss, lossBurst] of [
    [0.02, 5],
    [0.2, 10],
    [0.2, 1.25],
    [0.9, 2],
  ]) {
    const line = new Line({ loss, lossBurst }).offer(100_000);
    const lost = line.dropped.map(([n]) => n);
    const runs = lost.filter((n, index) => n !== lost[index - 1] + 1).length;
    // Where a gap of one packet is as short as gaps get, runs are as long as the share makes them.
    const expectedRun = Math.max(lossBurst, loss / (1 - loss));
    t.ok(Math.abs(lost.length / 100_000 / loss - 1) < 0.1, `${loss}: a share of ${lost.length / 100_000} was lost`);
    t.ok(Math.abs(lost.length / runs / expectedRun - 1) < 0.1, `${lossBurst}: runs of ${lost.length / runs}`);
  }
  t.same(new Line({ loss: 1, lossBurst: 3 }).offer(50).out, []);
});

t.test('loss, exactly: the packets that the first draws of the stream name', async (t) => {
  const draws = new Random('line').fork('loss');
  const expected = Array.from({ length: 40 }, (_, n) => n).filter(() => !draws.chance(0.3));
  t.same(new Line({ loss: 0.3 }).offer(40).numbers, expected);
});

t.test('each impairment has its own stream: switching one on does not move another', async (t) => {
  const lossAlone = new Line({ loss: 0.3 }).offer(500).dropped.map(([n]) => n);
  const all = { loss: 0.3, duplicate: 0.2, corrupt: 0.5, jitterMs: 3, delayMs: 5, reorder: 0.1 };
  t.same(
    new Line(all)
      .offer(500)
      .drain()
      .dropped.map(([n]) => n),
    lossAlone,
  );
  const doubledAlone = repeats(new Line({ duplicate: 0.2 }).offer(500).numbers);
  const doubledOfSurvivors = doubledAlone.filter((n) => !lossAlone.includes(n));
  t.same(repeats(new Line({ duplicate: 0.2, loss: 0.3 }).offer(500).numbers), doubledOfSurvivors);
});

function repeats(numbers: number[]): number[] {
  return numbers.filter((n, i) => numbers[i - 1] === n);
}

t.test('duplicate: the copy follows its original directly', async (t) => {
  t.same(new Line({ duplicate: 1 }).offer(2).numbers, [0, 0, 1, 1]);
  const line = new Line({ duplicate: 0.1 }).offer(10_000);
  t.ok(Math.abs(line.out.length - 11_000) < 100, `${line.out.length} came out`);
});

t.test('corrupt: exactly one bit, behind the preamble, all places alike', async (t) => {
  const line = new Line({ corrupt: 1 }).offer(20_000);
  const places = new Set<number>();
  for (const { n, packet } of line.out) {
    const sent = new Uint8Array(PACKET_LENGTH);
    new DataView(sent.buffer).setUint32(0, n);
    const bits = flippedBits(sent, packet);
    if (bits.length !== 1 || bits[0] < FRAME_OFFSET * 8) t.fail(`bits ${bits} of packet ${n}`);
    places.add(bits[0]);
  }
  t.equal(places.size, (PACKET_LENGTH - FRAME_OFFSET) * 8, 'every bit was hit');
  const share = new Line({ corrupt: 0.25 }).offer(10_000).out.filter(({ packet }) => packet.some((b, i) => i > 3 && b));
  t.ok(Math.abs(share.length - 2500) < 130, `${share.length} of 10,000`);
});

function flippedBits(a: Uint8Array, b: Uint8Array): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < a.length * 8; bit++) if (((a[bit >> 3] ^ b[bit >> 3]) >> (bit & 7)) & 1) bits.push(bit);
  return bits;
}

t.test('jitter: spreads the delay evenly and never reorders', async (t) => {
  const line = new Line({ delayMs: 50, jitterMs: 20 });
  for (let i = 0; i < 2000; i++) line.offer(1, 100);
  line.drain();
  const delays = line.out.map(({ n, at }) => at - n * 100);
  t.ok(Math.min(...delays) >= 30 && Math.min(...delays) < 31, `least ${Math.min(...delays)}`);
  t.ok(Math.max(...delays) <= 70 && Math.max(...delays) > 69, `most ${Math.max(...delays)}`);
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  t.ok(Math.abs(mean - 50) < 1, `mean ${mean}`);
  const burst = new Line({ delayMs: 5, jitterMs: 20 }).offer(1000, 0.1).drain();
  t.same(
    burst.numbers,
    Array.from({ length: 1000 }, (_, n) => n),
  );
});

t.test('reorder: held back packets are overtaken, all others keep their order', async (t) => {
  const line = new Line({ delayMs: 5, reorder: 0.2, reorderDelayMs: 8 }).offer(1000, 1).drain();
  t.equal(new Set(line.numbers).size, 1000, 'nothing is lost');
  const late = line.out.filter(({ n, at }) => at === n + 13);
  t.equal(late.length + line.out.filter(({ n, at }) => at === n + 5).length, 1000);
  t.ok(Math.abs(late.length - 200) < 40, `${late.length} held back`);
  const punctual = line.out.filter(({ n, at }) => at === n + 5).map(({ n }) => n);
  t.same(
    punctual,
    punctual.toSorted((a, b) => a - b),
  );
  const first = line.numbers.indexOf(late[0].n);
  t.ok(
    line.numbers.slice(0, first).some((n) => n > late[0].n),
    'later ones come out earlier',
  );
});

t.test('reorder holds back by 10 ms unless told otherwise', async (t) => {
  t.same(new Line({ reorder: 1 }).offer(1).drain().story.length, 1);
  const line = new Line({ reorder: 1 }).offer(1);
  t.equal(line.timers.nextAt(), 10);
});

t.test('rate: packets leave as fast as their bits can be sent', async (t) => {
  // 100 bytes at 8000 bit/s take 100 ms.
  const line = new Line({ rateBps: 8000 }).offer(3);
  line.advance(400);
  t.same(line.story, ['0@100', '1@200', '2@300']);
  line.offer(1);
  line.advance(500);
  t.same(line.story.at(-1), '3@500', 'a line that was free starts anew');
});

t.test('rate and delay add up', async (t) => {
  const line = new Line({ rateBps: 8000, delayMs: 25 }).offer(2);
  line.advance(400);
  t.same(line.story, ['0@125', '1@225']);
});

t.test('rate: the queue is bounded in bytes, and drops what comes last', async (t) => {
  const line = new Line({ rateBps: 8000, queueBytes: 350 }).offer(10);
  t.same(
    line.dropped,
    [3, 4, 5, 6, 7, 8, 9].map((n) => [n, 'queueFull']),
    'three packets of 100 bytes fit into 350',
  );
  line.advance(100);
  line.offer(2);
  t.same(line.dropped.length, 8, 'one sent makes room for one');
  line.drain();
  t.same(line.numbers, [0, 1, 2, 10]);
  const tiny = new Line({ rateBps: 8000, queueBytes: 1 }).offer(2);
  t.same(tiny.dropped, [[1, 'queueFull']], 'a free line needs no queue');
});

t.test('the queue holds 256 KiB unless told otherwise', async (t) => {
  const line = new Line({ rateBps: 1 }).offer(3000);
  t.equal(3000 - line.dropped.length, Math.floor((256 * 1024) / PACKET_LENGTH));
});

t.test('however long the delay, the line holds no more than 64 MiB', async (t) => {
  const timers = new Timers();
  const fate: string[] = [];
  const forward = () => fate.push('forwarded');
  const line = new Impairer({ random: new Random(1), timers, crc32, forward, drop: (_, reason) => fate.push(reason) });
  line.configure({ delayMs: 3_600_000 });
  const packet = new Uint8Array(MAX_LINE_BYTES / 4);
  for (let i = 0; i < 5; i++) line.offer(packet);
  t.same(fate, ['queueFull']);
  timers.advance(3_600_000);
  line.offer(packet);
  t.same(fate.slice(1), ['forwarded', 'forwarded', 'forwarded', 'forwarded'], 'and there is room again');
});

t.test('nor more than 262,144 packets, however small, in the queue and under way together', async (t) => {
  const line = new Line({ delayMs: 3_600_000 });
  const packet = new Uint8Array(72);
  for (let n = 0; n < MAX_LINE_PACKETS - 10; n++) line.impairer.offer(packet);
  line.impairer.configure({ delayMs: 3_600_000, rateBps: 8, queuePackets: 1e9 });
  for (let n = 0; n < 12; n++) line.impairer.offer(packet);
  // The one that is being sent is on neither side.
  t.same(line.dropped, [[0, 'queueFull']]);
});

t.test('new settings time anew what is on the line, in its order', async (t) => {
  const line = new Line({ delayMs: 1000 }).offer(3, 10);
  line.impairer.configure({ delayMs: 100 });
  line.offer(1);
  line.advance(200);
  t.same(line.story, ['0@100', '1@110', '2@120', '3@130']);
});

t.test('lifting all impairments lets everything out at once, in order', async (t) => {
  const line = new Line({ rateBps: 8, delayMs: 1000 }).offer(5);
  line.impairer.configure({});
  t.notOk(line.impairer.idle);
  line.offer(1);
  t.same(line.numbers, [0, 1, 2, 3, 4, 5]);
  t.ok(line.impairer.idle);
  const loss = new Line({ delayMs: 10 }).offer(2);
  loss.impairer.configure({ delayMs: 10, loss: 1 });
  loss.drain();
  t.same(loss.numbers, [0, 1], 'what is on the line already is not lost');
});

t.test('whatever the settings: order is kept without reordering, and every packet is accounted for', async () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  const settings = fc.record(
    {
      delayMs: fc.integer({ min: 0, max: 50 }),
      jitterMs: fc.integer({ min: 0, max: 80 }),
      loss: probability,
      duplicate: probability,
      corrupt: probability,
      rateBps: fc.integer({ min: 1000, max: 1_000_000 }),
      queueBytes: fc.integer({ min: 0, max: 2000 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(settings, settings, fc.string(), (first, second, seed) => {
      const line = new Line(first, seed).offer(30, 1);
      line.impairer.configure(second);
      line.offer(30, 1).drain();
      const { numbers } = line;
      const sorted = numbers.every((n, i) => i === 0 || numbers[i - 1] <= n);
      return (
        sorted &&
        new Set([...numbers, ...line.dropped.map(([n]) => n)]).size === 60 &&
        line.timers.nextAt() === Number.POSITIVE_INFINITY
      );
    }),
  );
});
