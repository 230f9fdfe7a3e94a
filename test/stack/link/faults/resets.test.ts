/** Connections that are ended from the middle; that both ends accept it is shown in test/world/faults.test.ts. */
import t from 'tap';
import { MAX_CONNECTIONS } from '../../../../devices/stack/link/faults/reset.js';
import { ACK, RST } from '../../../../devices/stack/wire/tcp.js';
import { type SegmentText, type Station, tcpPacket } from '../../../orchestrator/story/frames.js';
import { tcpOf } from '../../../support/packets.js';
import { RuleBench, ruleOf } from './bench.js';

const A = { mac: '02:00:00:00:00:0a', ip: '10.0.0.1', port: 40_000 };
const B = { mac: '02:00:00:00:00:0b', ip: '10.0.0.2', port: 80 };

function benchFor(afterBytes?: number, more: Parameters<typeof ruleOf>[2] = {}) {
  const rule = ruleOf('tcp', { kind: 'reset', ...(afterBytes !== undefined && { afterBytes }) }, more);
  const bench = new RuleBench([rule]);
  let now = 0;
  /** By A, out of the port; gives what happens to it. */
  const send = (text: SegmentText, from: Station = A): string => {
    const before = bench.sent.length;
    bench.port.send(tcpPacket(from, B, text));
    now += 1;
    bench.at(now);
    return bench.sent.slice(before).map(kindOf).join(' ') || 'nothing';
  };
  /** By B, into the port. */
  const arrive = (text: SegmentText): string => {
    const before = bench.delivered.length;
    bench.port.receive(tcpPacket(B, A, text));
    return bench.delivered.slice(before).map(kindOf).join(' ');
  };
  return { rule, bench, send, arrive };
}

function kindOf(packet: Uint8Array): string {
  return (tcpOf(packet)?.flags ?? 0) & RST ? 'reset' : 'segment';
}

const data = (seq: number, length: number, ack = 1): SegmentText => ({
  flags: 'A',
  seq,
  ack,
  data: new Uint8Array(length),
});

t.test('at the first packet that matches: RST to both ends, numbered as they expect', async (t) => {
  const { bench, send } = benchFor();
  t.equal(send(data(1000, 10, 77)), 'reset');
  t.match(tcpOf(bench.sent[0]), { srcPort: 40_000, dstPort: 80, seq: 1000, ack: 77, flags: RST | ACK });
  t.match(tcpOf(bench.delivered[0]), { srcPort: 80, dstPort: 40_000, seq: 77, flags: RST });
  t.same(bench.seen, ['out chaosDrop fault-1: x', 'out passes fault-1: x', 'in passes fault-1: x']);
});

t.test('a SYN: only its sender hears of it, nobody else knows of the connection', async (t) => {
  const { bench, send } = benchFor();
  t.equal(send({ flags: 'S', seq: 1000 }), 'nothing');
  t.match(tcpOf(bench.delivered[0]), { ack: 1001, flags: RST | ACK });
});

t.test(
  'after so many bytes of both directions; what is sent again counts once, and across the end of the numbers',
  async (t) => {
    const { send, arrive } = benchFor(1000);
    const start = 0xffffff00;
    t.equal(send({ flags: 'S', seq: start - 1 }), 'segment');
    t.equal(send(data(start, 400)), 'segment', '400');
    t.equal(send(data(start, 400)), 'segment', 'again');
    t.equal(send(data(start, 200)), 'segment', 'a part of it');
    t.equal(arrive(data(5000, 300)), 'segment', '700');
    t.equal(arrive(data(5000, 300)), 'segment', 'again');
    t.equal(send({ flags: 'A', seq: 0x90, ack: 5300 }), 'segment');
    t.equal(send(data(0x90 - 100, 399)), 'segment', '999: a hundred of these were there');
    t.equal(send(data(0x90 + 299, 1)), 'reset', '1000');
  },
);

t.test('what still comes of a connection that was reset is reset too; a new SYN begins anew', async (t) => {
  const { rule, send } = benchFor(10, { count: 2 });
  send({ flags: 'S', seq: 0 });
  t.equal(send(data(1, 10)), 'reset');
  t.equal(send(data(1, 10)), 'reset', 'the resets may have been lost');
  t.same([rule.hit, rule.exhausted], [2, false], 'it is one connection');
  t.equal(send({ flags: 'S', seq: 500 }), 'segment');
  t.equal(send(data(501, 9)), 'segment');
  t.equal(send(data(510, 1)), 'reset');
  t.ok(rule.exhausted);
});

t.test('the rest of what was sent in one go is dropped, without more resets', async (t) => {
  const { bench, rule } = benchFor();
  for (const seq of [1, 11, 21]) bench.port.send(tcpPacket(A, B, data(seq, 10)));
  bench.at(1);
  t.same([bench.sent.length, bench.delivered.length, rule.hit], [1, 1, 3]);
});

t.test('connections are counted, not their packets; one that is let through stays so', async (t) => {
  const { rule, send } = benchFor(10, { skip: 1, count: 1 });
  const [first, second, third] = [1, 2, 3].map((n) => ({ ...A, port: n }));
  t.same(
    [first, first, second, second, third].map((from, n) => send(data(1 + 10 * n, 10), from)),
    ['segment', 'segment', 'reset', 'reset', 'segment'],
    'a rule that is used up resets no other connection, but what still comes of that one',
  );
  t.same([rule.matched, rule.hit, rule.exhausted], [4, 2, true]);
});

t.test('without a number of bytes packets are counted: the third one that matches', async (t) => {
  const { send } = benchFor(undefined, { skip: 2, count: 1 });
  t.same(
    [1, 11, 21, 31].map((seq) => send(data(seq, 10))),
    ['segment', 'segment', 'reset', 'reset'],
  );
  t.equal(send({ flags: 'S', seq: 500 }), 'segment');
  t.equal(send(data(501, 10)), 'segment', 'a new connection of the same ports is none of its');
});

t.test('an RST goes its way; so does what is no segment', async (t) => {
  const { rule, send, bench } = benchFor();
  t.equal(send({ flags: 'R', seq: 1 }), 'reset', 'it is the one that was sent');
  t.same([rule.matched, rule.hit, bench.delivered.length], [1, 0, 0]);
});

t.test('the table of connections is bounded: the one that was silent for longest is forgotten', async (t) => {
  const { send } = benchFor(20);
  const stations = Array.from({ length: MAX_CONNECTIONS }, (_, n) => ({ ...A, port: 1000 + n }));
  for (const from of stations) send(data(1, 10), from);
  send(data(1, 10), { ...A, port: 10 });
  t.equal(send(data(11, 10), stations[0]), 'segment', 'forgotten');
  t.equal(send(data(11, 10), stations[3]), 'reset', 'remembered');
});
