import t from 'tap';
import { Timers } from '../../../../devices/stack/clock.js';
import { Impairer } from '../../../../devices/stack/link/impairment/impairer.js';
import { Random } from '../../../../devices/stack/random.js';
import { crc32 } from '../../../../devices/stack/wire/fcs.js';
import { Line } from './line.js';

t.test('rate: exact to the bit over many frames, however late the timer comes', async (t) => {
  for (const rateBps of [1e6, 64_000, 3e6 + 7]) {
    const timers = new Timers();
    let bits = 0;
    const impairer = new Impairer({
      random: new Random('rate'),
      timers,
      crc32,
      forward: (packet) => {
        bits += packet.length * 8;
      },
      drop: () => {},
    });
    impairer.configure({ rateBps });
    const lengths = new Random('lengths');
    // The timer comes at any time, up to 30 ms late; the queue never runs dry.
    let queued = 0;
    while (timers.now < 20_000) {
      while (queued - bits < 1e6) {
        const length = 72 + lengths.below(1500);
        queued += length * 8;
        impairer.offer(new Uint8Array(length));
      }
      timers.advance(timers.now + 30 * lengths.uniform());
    }
    const expected = (timers.now * rateBps) / 1000;
    t.ok(expected - bits >= -1e-3 && expected - bits < 1572 * 8, `${bits} of ${expected} bits`);
  }
});

t.test('a late timer changes nothing of what comes out, and of what is dropped', async (t) => {
  const settings = { rateBps: 80_000, queuePackets: 3, delayMs: 7, jitterMs: 5, loss: 0.1 };
  const run = (everyMs: number) => {
    const line = new Line(settings);
    for (let n = 0; n < 200; n++) {
      line.offer(1);
      if (everyMs === 0) line.advance(line.timers.now + 7);
      else line.timers.advance(line.timers.now + 7);
    }
    return line.drain();
  };
  const [onTime, late] = [run(0), run(1)];
  t.same(late.dropped, onTime.dropped);
  t.same(late.numbers, onTime.numbers);
  t.ok(onTime.dropped.some(([, reason]) => reason === 'queueFull'));
});

t.test('a queue of so many packets: besides the one that is sent; bytes are then not counted', async (t) => {
  const line = new Line({ rateBps: 8000, queuePackets: 2 }).offer(6);
  t.same(line.lost, [3, 4, 5]);
  line.advance(100).offer(2);
  t.same(line.lost, [3, 4, 5, 7]);
  const large = new Line({ rateBps: 8000, queuePackets: 4000 }).offer(4000);
  t.same(large.lost, [], 'more than 256 KiB');
  const both = new Line({ rateBps: 8000, queuePackets: 4, queueBytes: 350 }).offer(6);
  t.same(both.lost, [3, 4, 5], 'with both limits the narrower one holds');
});

t.test('a new rate: the bits that are left of the packet on the line go at it', async (t) => {
  // 100 bytes at 8000 bit/s take 100 ms.
  const line = new Line({ rateBps: 8000 }).offer(2);
  line.advance(50);
  line.impairer.configure({ rateBps: 4000 });
  line.advance(1000);
  t.same(line.story, ['0@150', '1@350']);
  line.offer(2).advance(1100);
  line.impairer.configure({ rateBps: 16_000 });
  line.advance(2000);
  t.same(line.story.slice(2), ['2@1125', '3@1175']);
});

t.test('a new rate does not touch what has been sent already, nor a new delay what is being sent', async (t) => {
  const line = new Line({ rateBps: 8000, delayMs: 500 }).offer(2).advance(150);
  line.impairer.configure({ rateBps: 80_000, delayMs: 500 });
  line.advance(250);
  line.impairer.configure({ rateBps: 80_000, delayMs: 600 });
  line.drain();
  t.same(line.story, ['0@700', '1@755'], 'sent at 100 and 155');
});

t.test('without a rate all that waited is sent at once, in order', async (t) => {
  const line = new Line({ rateBps: 8000, delayMs: 10 }).offer(3).advance(20);
  line.impairer.configure({ delayMs: 10 });
  line.drain();
  t.same(line.story, ['0@30', '1@30', '2@30']);
});

t.test('a shorter queue takes nothing more, and loses nothing that waits', async (t) => {
  const line = new Line({ rateBps: 8000, queuePackets: 5 }).offer(6);
  line.impairer.configure({ rateBps: 8000, queuePackets: 2 });
  line.offer(1);
  t.same(line.lost, [6]);
  line.advance(450).offer(2);
  t.same(line.lost, [6, 8]);
  line.drain();
  t.same(line.numbers, [0, 1, 2, 3, 4, 5, 7]);
});

t.test('whose limit it was, or whose rate, marks what finds the queue full', async (t) => {
  const line = new Line({ rateBps: 8000, queuePackets: 1 });
  const order = { title: 'rate', seed: '1', direction: 'out' } as const;
  line.offer(3);
  t.same([line.lost, line.marked], [[2], []]);
  line.impairer.setFaults([{ ...order, fault: 'fault-1', impairment: { rateBps: 800 } }]);
  line.offer(1);
  t.same(line.marked, [[3, 'fault-1: rate']]);
  t.match(line.impairer.faultCounts, [{ matched: 1, hit: 1 }]);
});
