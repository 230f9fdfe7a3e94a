/** The parts of TCP that stand alone. */
import fc from 'fast-check';
import t from 'tap';
import { Random } from '../../../devices/stack/random.js';
import { receiveMssFor, windowShiftFor } from '../../../devices/stack/tcp/control-block/negotiation.js';
import {
  seqAdd,
  seqDiff,
  seqGe,
  seqGt,
  seqLe,
  seqLt,
  seqMax,
} from '../../../devices/stack/tcp/control-block/seqnum.js';
import { InitialSequence } from '../../../devices/stack/tcp/initial-sequence.js';
import { KeyedHash } from '../../../devices/stack/tcp/keyed-hash.js';
import { EPHEMERAL_FIRST, EPHEMERAL_LAST, EphemeralPorts } from '../../../devices/stack/tcp/ports.js';
import { ChunkQueue } from '../../../devices/stack/tcp/receiving/chunk-queue.js';
import { MAX_BLOCKS, Reassembly } from '../../../devices/stack/tcp/receiving/reassembly.js';
import { RetransmissionQueue, type SentSegment } from '../../../devices/stack/tcp/recovery/retransmission-queue.js';
import { RttEstimator } from '../../../devices/stack/tcp/recovery/rtt.js';
import { SendBuffer } from '../../../devices/stack/tcp/sending/send-buffer.js';
import { bytesOf, HERE, PEER, text } from './harness.js';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

t.test('sequence numbers compare across the wrap', async (t) => {
  t.ok(seqLt(0xffffffff, 0));
  t.ok(seqGt(5, 0xfffffff0));
  t.equal(seqAdd(0xffffffff, 2), 1);
  t.equal(seqAdd(0, -1), 0xffffffff);
  t.equal(seqDiff(3, 0xfffffffd), 6);
  fc.assert(
    fc.property(uint32, fc.integer({ min: 1, max: 0x7fffffff }), (a, distance) => {
      const b = seqAdd(a, distance);
      return (
        seqLt(a, b) && seqLe(a, b) && seqGt(b, a) && seqGe(b, a) && seqDiff(b, a) === distance && seqMax(a, b) === b
      );
    }),
  );
});

t.test('HalfSipHash-2-4 gives the reference vectors (key 00 … 07, message 00, 01, 02, …)', async (t) => {
  const hash = new KeyedHash(0x03020100, 0x07060504);
  t.equal(hash.hash([]), 0x5b9f35a9);
  t.equal(hash.hash([0x03020100]), 0x89466e2a);
});

t.test('initial sequence numbers (RFC 6528)', async (t) => {
  const local = { address: HERE, port: 40000 };
  const remote = { address: PEER, port: 80 };
  const numbers = new InitialSequence(new Random('a'));
  const first = numbers.next(local, remote, 1000);
  t.equal(seqDiff(numbers.next(local, remote, 1001), first), 250, '4 microseconds a step');
  t.not(seqDiff(numbers.next({ ...local, port: 40001 }, remote, 1000), first), 0);
  t.equal(new InitialSequence(new Random('a')).next(local, remote, 1000), first, 'seeded');
  t.not(new InitialSequence(new Random('b')).next(local, remote, 1000), first);
});

t.test('ephemeral ports (RFC 6056)', async (t) => {
  const remote = { address: PEER, port: 80 };
  const ports = new EphemeralPorts(new Random('a'));
  const taken = new Set<number>();
  const count = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
  for (let i = 0; i < count; i++) taken.add(ports.choose(HERE, remote, (port) => taken.has(port)) ?? 0);
  t.equal(taken.size, count, 'every port once');
  t.ok([...taken].every((port) => port >= EPHEMERAL_FIRST && port <= EPHEMERAL_LAST));
  t.equal(
    ports.choose(HERE, remote, () => true),
    undefined,
  );
});

t.test('send buffer', async (t) => {
  t.test('behaves as an array that forgets its front', async () => {
    const step = fc.oneof(
      fc.record({ append: fc.uint8Array({ maxLength: 9000 }) }),
      fc.record({ drop: fc.integer({ min: 0, max: 9000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const buffer = new SendBuffer(20_000);
        let model: number[] = [];
        for (const each of steps) {
          if ('append' in each) {
            const count = buffer.append(each.append);
            if (count !== Math.min(each.append.length, 20_000 - model.length)) return false;
            model = model.concat([...each.append.subarray(0, count)]);
          } else {
            const count = Math.min(each.drop, model.length);
            buffer.drop(count);
            model = model.slice(count);
          }
          const from = model.length >> 1;
          if (buffer.length !== model.length || buffer.free !== 20_000 - model.length) return false;
          if (Buffer.compare(buffer.peek(from, model.length - from), Buffer.from(model.slice(from))) !== 0)
            return false;
        }
        return true;
      }),
      { numRuns: 60 },
    );
  });

  t.test('looking outside is a mistake of the caller', async (t) => {
    const buffer = new SendBuffer(100);
    buffer.append(bytesOf(10));
    t.throws(() => buffer.peek(5, 6), RangeError);
    t.throws(() => buffer.drop(11), RangeError);
    buffer.clear();
    t.equal(buffer.length, 0);
  });
});

t.test('chunk queue', async (t) => {
  t.test('gives the bytes back in order, whatever their pieces', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 1200 }), { maxLength: 60 });
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 60 }), (chunks, reads) => {
        const queue = new ChunkQueue();
        const out: Uint8Array[] = [];
        chunks.forEach((chunk, i) => {
          queue.push(chunk);
          const bytes = i < reads.length ? queue.take(reads[i]) : undefined;
          if (bytes !== undefined) out.push(bytes.slice());
        });
        const rest = queue.take(Number.POSITIVE_INFINITY);
        if (rest !== undefined) out.push(rest);
        return queue.length === 0 && Buffer.concat(out).equals(Buffer.concat(chunks));
      }),
    );
  });

  t.test('does not hold on to a large buffer for a small view', async (t) => {
    const queue = new ChunkQueue();
    queue.push(new Uint8Array(65_536).subarray(100, 1100));
    t.equal(queue.take(1000)?.buffer.byteLength, 1000);
    const whole = new Uint8Array(1000);
    queue.push(whole);
    t.equal(queue.take(1000), whole);
  });

  t.test('single bytes share memory', async (t) => {
    const queue = new ChunkQueue();
    for (let i = 0; i < 5000; i++) queue.push(Uint8Array.of(i));
    const bytes = queue.take(5000);
    t.equal(bytes?.length, 5000);
    t.ok(bytes?.every((byte, i) => byte === (i & 255)));
  });
});

t.test('reassembly', async (t) => {
  t.test('any order, overlap and repetition gives the stream', async () => {
    const stream = bytesOf(4000);
    const piece = fc.record({ at: fc.integer({ min: 0, max: 3999 }), length: fc.integer({ min: 1, max: 900 }) });
    fc.assert(
      fc.property(uint32, fc.array(piece, { maxLength: 80 }), (start, pieces) => {
        const reassembly = new Reassembly();
        const queue = new ChunkQueue();
        const have = new Set<number>();
        for (const { at, length } of pieces) {
          const bytes = stream.subarray(at, at + length);
          let added = 0;
          bytes.forEach((_, i) => {
            if (!have.has(at + i)) added += 1;
            have.add(at + i);
          });
          if (reassembly.insert(seqAdd(start, at), bytes) !== added || reassembly.length !== have.size) return false;
          for (let i = 1; i < reassembly.blocks.length; i++) {
            if (seqGe(reassembly.blocks[i - 1].end, reassembly.blocks[i].start)) return false;
          }
        }
        let reached = 0;
        while (have.has(reached)) reached += 1;
        const next = reassembly.deliver(start, queue);
        const got = queue.take(5000) ?? bytesOf(0);
        return seqDiff(next, start) === reached && Buffer.compare(got, stream.subarray(0, reached)) === 0;
      }),
    );
  });

  t.test('holes are bounded', async (t) => {
    const reassembly = new Reassembly();
    for (let i = 0; i < MAX_BLOCKS; i++) t.equal(reassembly.insert(10 + 2 * i, bytesOf(1)), 1);
    t.equal(reassembly.insert(10 + 2 * MAX_BLOCKS, bytesOf(1)), 0);
    t.equal(reassembly.insert(11, bytesOf(1)), 1, 'filling one is always possible');
  });

  t.test('delivers what lies partly in the past', async (t) => {
    const reassembly = new Reassembly();
    const queue = new ChunkQueue();
    reassembly.insert(100, bytesOf('abcdef'));
    t.equal(reassembly.deliver(103, queue), 106);
    t.equal(text(queue.take(10)), 'def');
    t.equal(reassembly.length, 0);
  });
});

t.test('retransmission queue', async (t) => {
  const seqs = (walk: (visit: (segment: { seq: number }) => void) => void) => {
    const seen: number[] = [];
    walk(({ seq }) => seen.push(seq));
    return seen;
  };

  t.test('acknowledges whole segments and parts', async (t) => {
    const queue = new RetransmissionQueue();
    queue.append(100, 10, {}, 1);
    queue.append(110, 10, {}, 2);
    t.same(
      seqs((visit) => queue.acknowledge(105, visit)),
      [],
      'a part is no measure',
    );
    t.equal(queue.outstanding, 15);
    t.same(
      seqs((visit) => queue.acknowledge(120, visit)),
      [105, 110],
    );
    t.ok(queue.empty);
    t.equal(queue.outstanding, 0);
    t.equal(queue.oldest, undefined);
  });

  t.test('what is lost is not on its way, until it is sent again; across the wrap', async (t) => {
    const queue = new RetransmissionQueue();
    const first = queue.append(0xfffffff8, 8, {}, 1);
    queue.append(0, 8, {}, 2);
    queue.markLost(first, 'fast');
    t.match(queue, { outstanding: 8, lostCount: 1, resentCount: 0, oldest: { seq: 0 } });
    queue.resent(first, 3);
    t.match(queue, { outstanding: 16, lostCount: 0, resentCount: 1 });
    t.match(queue.oldest, { seq: 0, newer: { seq: 0xfffffff8, transmissions: 2, sentAt: 3 } }, 'now the newest');
    queue.acknowledge(8, () => {});
    t.match(queue, { outstanding: 0, resentCount: 0, size: 0 });
  });

  t.test('lost segments come in order; a split one keeps its FIN at the end', async (t) => {
    const queue = new RetransmissionQueue();
    const first = queue.append(0, 10, {}, 1);
    queue.append(10, 11, { fin: true }, 1);
    queue.markAllLost('timeout');
    t.equal(queue.outstanding, 0);
    t.equal(queue.nextLost(), first);
    queue.split(first, 4);
    queue.resent(first, 2);
    t.match(queue.nextLost(), { seq: 4, length: 6, fin: false });
    queue.resent(queue.nextLost() ?? first, 2);
    t.match(queue.nextLost(), { seq: 10, length: 11, fin: true });
    queue.append(21, 5, {}, 3);
    t.equal(queue.outstanding, 15);
  });

  t.test('any course of events: the counts and the order of time are those of a plain model', async () => {
    const act = fc.oneof(
      fc.record({ send: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ ack: fc.nat(60) }),
      fc.record({ sack: fc.nat(60), length: fc.nat(30) }),
      fc.record({ lose: fc.nat(60) }),
      fc.record({ again: fc.nat(5) }),
      fc.record({ split: fc.nat(60) }),
      fc.record({ other: fc.constantFrom('unmark', 'forget', 'all' as const) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), uint32, (acts, start) => {
        const queue = new RetransmissionQueue();
        let una = start;
        let next = start;
        let now = 0;
        const all = () => {
          const list = [];
          for (let segment = queue.head; segment !== undefined; segment = segment.next) list.push(segment);
          return list;
        };
        const at = (offset: number) => {
          const list = all();
          return list.length === 0 ? undefined : list[offset % list.length];
        };
        for (const each of acts) {
          now += 1;
          if ('send' in each) {
            for (let i = 0; i < each.send; i++) {
              queue.append(next, 10, {}, now);
              next = seqAdd(next, 10);
            }
          } else if ('ack' in each) {
            const ack = seqAdd(una, Math.min(each.ack, seqDiff(next, una)));
            queue.acknowledge(ack, () => {});
            una = ack;
          } else if ('sack' in each) {
            const left = seqAdd(una, each.sack);
            const right = seqAdd(left, each.length);
            if (seqLe(right, next)) {
              queue.sack(left, right, () => {});
              for (const segment of all()) {
                const inside = seqGe(segment.seq, left) && seqLe(seqAdd(segment.seq, segment.length), right);
                if (inside && !segment.sacked) return false;
              }
            }
          } else if ('lose' in each) {
            const segment = at(each.lose);
            if (segment !== undefined) queue.markLost(segment, 'fast');
          } else if ('again' in each) {
            const segment = queue.nextLost();
            const first = all().find((one) => one.lost !== undefined);
            if (segment !== first) return false;
            if (segment !== undefined) queue.resent(segment, now);
          } else if ('split' in each) {
            const segment = at(each.split);
            if (segment !== undefined && !segment.sacked && segment.length > 4) queue.split(segment, 4);
          } else if (each.other === 'unmark') queue.unmarkLost();
          else if (each.other === 'forget') queue.forgetSacked();
          else queue.markAllLost('timeout');

          const list = all();
          const onTheWay = list.filter((segment) => !segment.sacked && segment.lost === undefined);
          const byTime: SentSegment[] = [];
          for (let segment = queue.oldest; segment !== undefined; segment = segment.newer) byTime.push(segment);
          if (
            queue.size !== list.length ||
            queue.tail !== list.at(-1) ||
            queue.outstanding !== onTheWay.reduce((sum, segment) => sum + segment.length, 0) ||
            queue.sackedCount !== list.filter((segment) => segment.sacked).length ||
            queue.lostCount !== list.filter((segment) => segment.lost !== undefined).length ||
            queue.resentCount !== onTheWay.filter((segment) => segment.resent).length ||
            byTime.length !== onTheWay.length ||
            byTime.some((segment, i) => i > 0 && segment.sentAt < byTime[i - 1].sentAt)
          )
            return false;
        }
        return true;
      }),
      { numRuns: 400 },
    );
  });
});

t.test('retransmission timeout (RFC 6298)', async (t) => {
  const rtt = new RttEstimator();
  t.equal(rtt.rtoMs, 1000);
  rtt.sample(100);
  t.equal(rtt.smoothedMs, 100);
  t.equal(rtt.rtoMs, 300, 'SRTT + max(200, 4 · 50)');
  rtt.sample(300);
  t.equal(rtt.smoothedMs, 125);
  t.equal(rtt.rtoMs, 125 + 4 * 87.5);
  rtt.backOff();
  t.equal(rtt.rtoMs, 2 * (125 + 350));
  for (let i = 0; i < 20; i++) rtt.backOff();
  t.equal(rtt.rtoMs, 120_000);
  rtt.sample(125);
  t.ok(rtt.rtoMs < 1000, 'a measure ends the backoff');

  const lost = new RttEstimator();
  lost.backOff();
  lost.synWasLost();
  t.equal(lost.rtoMs, 3000);
});

t.test('what a SYN offers', async (t) => {
  t.equal(windowShiftFor(65_535), 0);
  t.equal(windowShiftFor(65_536), 1);
  t.equal(windowShiftFor(256 * 1024), 3);
  t.equal(windowShiftFor(2 ** 40), 14);
  t.equal(receiveMssFor(1500), 1460);
  t.equal(receiveMssFor(65_575), 65_535);
});
