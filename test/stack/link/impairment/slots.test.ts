import t from 'tap';
import { Line } from './line.js';

t.test('frames leave in slots only, all that are there', async (t) => {
  const line = new Line({ slotMs: 10 });
  line.offer(3, 4).advance(100);
  t.same(line.story, ['0@0', '1@10', '2@10']);
  line.offer(1);
  t.same(line.story.at(-1), '3@100', 'one that comes just in time goes along');
  line.advance(103).offer(1).advance(120);
  t.same(line.story.at(-1), '4@110');
});

t.test('so many frames a slot, or so many bytes; the rest waits for the next one', async (t) => {
  const frames = new Line({ slotMs: 10, slotPackets: 2 }).offer(5).advance(100);
  t.same(frames.story, ['0@0', '1@0', '2@10', '3@10', '4@20']);
  const bytes = new Line({ slotMs: 10, slotBytes: 250 }).offer(5).advance(100);
  t.same(bytes.story, ['0@0', '1@0', '2@10', '3@10', '4@20']);
  const tiny = new Line({ slotMs: 10, slotBytes: 1 }).offer(3).advance(100);
  t.same(tiny.story, ['0@0', '1@10', '2@20'], 'the first one of a slot always fits');
});

t.test('slots stand behind rate and delay', async (t) => {
  // 100 bytes at 80 kbit/s take 10 ms.
  const line = new Line({ rateBps: 80_000, delayMs: 3, slotMs: 20 }).offer(4).advance(200);
  t.same(line.story, ['0@20', '1@40', '2@40', '3@60'], 'ready at 13, 23, 33, 43');
});

t.test('slots that nobody uses go by; after a long rest nothing is to be made up for', async (t) => {
  const line = new Line({ slotMs: 10, slotJitterMs: 3 }).advance(1e9);
  line.offer(1).advance(1e9 + 30);
  const [first] = line.out;
  t.ok(first.at >= 1e9 && first.at <= 1e9 + 13, `${first.at}`);
});

t.test('distances of slots vary as asked', async (t) => {
  const line = new Line({ slotMs: 10, slotJitterMs: 4, slotPackets: 1 }).offer(2000).drain();
  const gaps = line.out.slice(1).map(({ at }, i) => at - line.out[i].at);
  t.ok(Math.min(...gaps) >= 6 - 1e-6 && Math.min(...gaps) < 6.1, `least ${Math.min(...gaps)}`);
  t.ok(Math.max(...gaps) <= 14 + 1e-6 && Math.max(...gaps) > 13.9, `most ${Math.max(...gaps)}`);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  t.ok(Math.abs(mean - 10) < 0.15, `mean ${mean}`);
});

t.test('a late timer changes no slot: who comes out, and how many in each', async (t) => {
  const onTime = new Line({ rateBps: 80_000, slotMs: 25, slotPackets: 2, delayMs: 4 }).offer(12).drain();
  const late = new Line({ rateBps: 80_000, slotMs: 25, slotPackets: 2, delayMs: 4 }).offer(12);
  late.timers.advance(110);
  const out = onTime.out.filter(({ at }) => at <= 110).length;
  t.equal(late.out.length, out);
  late.drain();
  t.same(late.story.slice(out), onTime.story.slice(out));
});

t.test('without slots what waited for one goes at once', async (t) => {
  const line = new Line({ slotMs: 1000 });
  line.offer(1);
  line.advance(1).offer(2);
  line.impairer.configure({});
  line.advance(2);
  t.same(line.story, ['0@0', '1@1', '2@1']);
  line.impairer.configure({ slotMs: 1000 });
  line.offer(1).advance(3000);
  t.same(line.story.at(-1), '3@1000', 'the slots are those that they were');
});

t.test('shorter distances hold at once: nobody waits for a slot of before', async (t) => {
  const line = new Line({ slotMs: 3_600_000 }).offer(1);
  line.advance(1).offer(1);
  line.impairer.configure({ slotMs: 10 });
  line.offer(1).advance(100);
  t.same(line.story, ['0@0', '1@11', '2@11']);
});

t.test('a shorter delay brings nobody out between slots, nor before those that wait for one', async (t) => {
  const between = new Line({ delayMs: 400, slotMs: 100 }).offer(1).advance(50);
  between.impairer.configure({ slotMs: 100 });
  t.same(between.advance(1000).story, ['0@100']);
  const waiting = new Line({ delayMs: 40, slotMs: 100 }).offer(1).advance(30).offer(1).advance(50);
  waiting.impairer.configure({ slotMs: 100 });
  t.same(waiting.advance(1000).story, ['0@100', '1@100']);
});
