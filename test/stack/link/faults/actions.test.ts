import t from 'tap';
import { Timers } from '../../../../devices/stack/clock.js';
import { Choice } from '../../../../devices/stack/link/faults/choice.js';
import { DelayLine, MAX_LINE_BYTES } from '../../../../devices/stack/link/faults/delay-line.js';
import { Random } from '../../../../devices/stack/random.js';
import { checkPacket, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from '../../../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../../../devices/stack/wire/fcs.js';
import { emitIpv4 } from '../../../../devices/stack/wire/ipv4.js';
import { ip, tcpPacket } from '../../../orchestrator/story/frames.js';
import { ipv4Of, packetOf, tcpOf } from '../../../support/packets.js';
import { RuleBench, ruleOf } from './bench.js';

const A = { mac: '02:00:00:00:00:0a', ip: '10.0.0.1', port: 40_000 };
const B = { mac: '02:00:00:00:00:0b', ip: '10.0.0.2', port: 80 };

function segment(n: number): Uint8Array {
  return tcpPacket(A, B, { flags: 'PA', seq: n, ack: 1, data: `segment ${n}` });
}

/** Sequence numbers. */
function numbers(packets: readonly Uint8Array[]): (number | undefined)[] {
  return packets.map((packet) => tcpOf(packet)?.seq);
}

t.test('skip, then count', async (t) => {
  const choice = new Choice({ skip: 2, count: 3, random: new Random('x') });
  t.same(
    Array.from({ length: 8 }, () => choice.take()),
    [false, false, true, true, true, false, false, false],
  );
  t.ok(choice.exhausted);
});

t.test('of those that are not skipped a share is hit, and count is of these', async (t) => {
  const choice = new Choice({ skip: 10, share: 0.25, count: 1000, random: new Random('x') });
  const fates = Array.from({ length: 10_000 }, () => choice.take());
  t.notOk(fates.slice(0, 10).includes(true));
  const [first, last] = [fates.indexOf(true), fates.lastIndexOf(true)];
  t.equal(fates.filter((fate) => fate).length, 1000);
  const share = 1000 / (last - first + 1);
  t.ok(share > 0.22 && share < 0.28, `${share}`);
  const again = new Choice({ skip: 10, share: 0.25, count: 1000, random: new Random('x') });
  t.same(
    fates,
    Array.from({ length: 10_000 }, () => again.take()),
    'the same seed, the same fates',
  );
});

t.test('drop: counted as chaosDrop, and shown with the fault', async (t) => {
  const bench = new RuleBench([ruleOf('tcp.seq_raw == 2', { kind: 'drop' })]);
  for (const n of [1, 2, 3]) bench.port.send(segment(n));
  t.same(numbers(bench.sent), [1, 3]);
  t.same(bench.port.counters.drops(), { chaosDrop: 1 });
  t.same(bench.seen, ['out passes', 'out chaosDrop fault-1: x', 'out passes']);
});

t.test('the first rule that hits decides; one that spares a packet leaves it to the next', async (t) => {
  const first = ruleOf('tcp', { kind: 'drop' }, { count: 1, skip: 1 });
  const second = ruleOf('tcp.seq_raw >= 2', { kind: 'duplicate' }, { fault: 'fault-2: y' });
  const bench = new RuleBench([first, second]);
  for (const n of [1, 2, 3]) bench.port.send(segment(n));
  t.same(numbers(bench.sent), [1, 3, 3]);
  t.same([first.matched, first.hit, first.exhausted], [2, 1, true]);
  t.same([second.matched, second.hit, second.exhausted], [1, 1, false]);
});

t.test('duplicate: the copies follow directly, and they alone are marked', async (t) => {
  const bench = new RuleBench([ruleOf('tcp', { kind: 'duplicate', copies: 2 })]);
  bench.port.send(segment(1));
  t.same(numbers(bench.sent), [1, 1, 1]);
  t.same(bench.seen, ['out passes', 'out passes fault-1: x', 'out passes fault-1: x']);
});

t.test('delay: those that are delayed keep their order, others overtake them', async (t) => {
  const bench = new RuleBench([ruleOf('tcp.seq_raw < 10', { kind: 'delay', delayMs: 50, jitterMs: 40 })]);
  for (let n = 1; n < 10; n++) bench.port.send(segment(n));
  bench.port.send(segment(10));
  t.same(numbers(bench.sent), [10]);
  bench.at(9.9);
  t.equal(bench.sent.length, 1);
  bench.at(90);
  t.same(numbers(bench.sent), [10, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

t.test('a line of delayed packets is bounded, and opened when its rule ends', async (t) => {
  const timers = new Timers();
  const out: Uint8Array[] = [];
  const line = new DelayLine(timers, (packet) => out.push(packet));
  const large = new Uint8Array(MAX_LINE_BYTES / 4);
  t.same(
    Array.from({ length: 5 }, () => line.push(large, 1e6)),
    [true, true, true, true, false],
  );
  line.end();
  t.equal(out.length, 0, 'in a turn of its own');
  timers.advance(0);
  t.equal(out.length, 4);
  t.equal(line.push(large, 1e6), true);
  timers.advance(0);
  t.equal(out.length, 5, 'nothing waits any more');
  t.equal(timers.nextAt(), Number.POSITIVE_INFINITY);

  const rule = ruleOf('tcp', { kind: 'delay', delayMs: 86_400_000 });
  const bench = new RuleBench([rule]);
  const big = tcpPacket(A, B, { flags: 'A', seq: 1, ack: 1, data: new Uint8Array(1400) });
  const room = Math.floor(MAX_LINE_BYTES / big.length);
  for (let n = 0; n < room + 3; n++) bench.port.send(big);
  t.same(bench.port.counters.drops(), { chaosDrop: 3 });
});

t.test('corrupt: as many bits as were asked for, behind the Ethernet header, and a receiver sees it', async (t) => {
  const bench = new RuleBench([ruleOf('tcp', { kind: 'corrupt', bits: 5 })]);
  const packet = segment(1);
  for (let n = 0; n < 200; n++) bench.port.send(packet);
  for (const damaged of bench.sent) {
    const places = flipped(packet, damaged);
    if (places.length !== 5 || Math.min(...places) < (8 + 14) * 8) t.fail(`bits ${places}`);
    if (checkPacket(damaged, 1500, crc32) !== 'badFcs') t.fail('nobody would notice');
  }
  t.equal(new Set(bench.sent.map((damaged) => flipped(packet, damaged).join())).size, 200, 'others each time');
  t.match(checkPacket(packet, 1500, crc32), undefined, 'the packet itself is as it was: others may have it too');
});

t.test('corrupt: every bit, in as many draws', async (t) => {
  const bench = new RuleBench([ruleOf('', { kind: 'corrupt', bits: 12_000 })]);
  const before = segment(1);
  bench.port.send(before);
  t.ok(bench.sent[0].every((byte, at) => byte === (at < 22 ? before[at] : before[at] ^ 0xff)));
});

t.test('corrupt with a new FCS: links carry it, and of an IP packet it is no padding that differs', async (t) => {
  const small = packetOf({ dst: 1, src: 2, etherType: ETHERTYPE_IPV4, payload: smallIp() });
  const bench = new RuleBench([ruleOf('', { kind: 'corrupt', fixFcs: true })]);
  for (let n = 0; n < 100; n++) bench.port.send(small);
  for (const damaged of bench.sent) {
    if (checkPacket(damaged, 1500, crc32) !== undefined) t.fail('the FCS does not fit');
    if (ipv4Of(damaged) !== undefined) t.fail('nothing of the header differs');
  }
  t.equal(bench.sent.length, 100);
});

t.test('corrupt: a frame without data passes', async (t) => {
  const rule = ruleOf('', { kind: 'corrupt' });
  const bench = new RuleBench([rule]);
  bench.port.interceptor?.leaving(new Uint8Array(20));
  t.same([rule.matched, rule.hit, bench.sent.length], [1, 0, 1]);
});

t.test('origin: what the machine made, whatever its type, and nothing that it hands on', async (t) => {
  const owns = (address: number) => address === ip(A.ip);
  const rule = ruleOf('', { kind: 'drop' });
  const bench = new RuleBench([rule], { atOrigin: true, owns });
  bench.port.send(segment(1));
  bench.port.send(tcpPacket(B, A, { flags: 'A', seq: 2, ack: 1 }));
  bench.port.send(packetOf({ dst: 1, src: 2, etherType: ETHERTYPE_ARP, payload: new Uint8Array(28) }));
  bench.port.send(tcpPacket({ ...A, ip: '0.0.0.0' }, B, { flags: 'A', seq: 3, ack: 1 }));
  t.same(numbers(bench.sent), [2]);
  t.equal(rule.hit, 3);
});

t.test('origin, with something external at the other end: what it sends is judged as it arrives', async (t) => {
  const bench = new RuleBench([ruleOf('tcp.seq_raw == 2', { kind: 'delay', delayMs: 5 })], {
    atOrigin: true,
    external: true,
  });
  for (const n of [1, 2, 3]) bench.port.receive(segment(n));
  bench.port.send(segment(2));
  t.same(numbers(bench.delivered), [1, 3]);
  t.equal(bench.sent.length, 1, 'what goes there was judged before');
  bench.at(5);
  t.same(numbers(bench.delivered), [1, 3, 2]);
  t.same(bench.seen, ['in passes', 'in passes', 'out passes', 'in passes fault-1: x']);
});

t.test('a port that no rule concerns is left alone', async (t) => {
  const bench = new RuleBench([ruleOf('', { kind: 'drop' })], { atOrigin: true });
  t.equal(bench.port.interceptor, undefined);
});

function flipped(a: Uint8Array, b: Uint8Array): number[] {
  const places: number[] = [];
  for (let i = 0; i < a.length; i++) {
    for (let bit = 0; bit < 8; bit++) if (((a[i] ^ b[i]) >>> bit) & 1) places.push(i * 8 + bit);
  }
  return places;
}

/** A header and nothing else, so that most of its frame is padding. */
function smallIp(): Uint8Array {
  return emitIpv4({
    ...{ src: ip(A.ip), dst: ip(B.ip), protocol: 255, ttl: 64, tos: 0, identification: 0, dontFragment: true },
    ...{ moreFragments: false, fragmentOffset: 0, options: new Uint8Array(0), payload: new Uint8Array(0) },
  });
}
