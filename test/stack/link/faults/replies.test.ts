import t from 'tap';
import type { ReplyKind, RuleAction } from '../../../../devices/stack/packet-faults.js';
import { formatIpv4, formatMac } from '../../../../devices/stack/wire/address.js';
import { toHex } from '../../../../devices/stack/wire/bytes.js';
import { dnsQuery, dnsResponse, parseDns } from '../../../../devices/stack/wire/dns.js';
import { edns } from '../../../../devices/stack/wire/edns.js';
import { ETHERTYPE_IPV4 } from '../../../../devices/stack/wire/ethernet.js';
import { emitIcmp, parseIcmp } from '../../../../devices/stack/wire/icmp.js';
import { emitIpv4, PROTOCOL_UDP, parseQuotedIpv4 } from '../../../../devices/stack/wire/ipv4.js';
import { isMalformed } from '../../../../devices/stack/wire/malformed.js';
import { RST } from '../../../../devices/stack/wire/tcp.js';
import { arpPacket, dnsPacket, icmpPacket, ip, mac, tcpPacket } from '../../../orchestrator/story/frames.js';
import { describePacket, ethernetOf, ipv4Of, packetOf, tcpOf, udpOf } from '../../../support/packets.js';
import { RuleBench, ruleOf } from './bench.js';

const CLIENT = { mac: '02:00:00:00:00:0a', ip: '10.0.0.1', port: 40_000 };
const SERVER = { mac: '02:00:00:00:00:0b', ip: '192.0.2.53', port: 53 };
const ROUTER = ip('10.0.0.254');
const query = dnsQuery(4711, 'www.server.com', 'A', true);

/** What comes back to the sender of a packet; undefined when the packet passes instead. */
function replyTo(packet: Uint8Array, reply: ReplyKind, gateway?: number): Uint8Array | undefined {
  const rule = ruleOf('', { kind: 'reply', reply } as RuleAction, { gatewayTo: () => gateway });
  const bench = new RuleBench([rule]);
  bench.port.send(packet);
  bench.at(0);
  if (rule.hit === 0) {
    t.same([bench.sent.length, bench.delivered.length], [1, 0]);
    return undefined;
  }
  t.same(bench.seen, ['out chaosDrop fault-1: x', 'in passes fault-1: x']);
  const [answer] = bench.delivered;
  const frame = ethernetOf(answer);
  const asked = ethernetOf(packet);
  t.same([frame?.src, frame?.dst], [asked?.dst, asked?.src], 'by the station that it was to go to');
  return answer;
}

function messageIn(packet: Uint8Array | undefined) {
  const message = packet && parseDns(udpOf(packet)?.payload ?? new Uint8Array(0));
  if (message === undefined || isMalformed(message)) throw new Error('no DNS message');
  return message;
}

t.test('the answer comes in a turn of its own, not in the midst of sending', async (t) => {
  const bench = new RuleBench([ruleOf('dns', { kind: 'reply', reply: 'servfail' })]);
  bench.port.send(dnsPacket(CLIENT, SERVER, query));
  t.equal(bench.delivered.length, 0);
  bench.at(0);
  t.equal(bench.delivered.length, 1);
});

t.test('DNS: each response code, with what a resolver compares', async (t) => {
  const codes = { noerror: 0, formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5 } as const;
  for (const [reply, rcode] of Object.entries(codes)) {
    const answer = replyTo(dnsPacket(CLIENT, SERVER, query), reply as ReplyKind);
    t.same(messageIn(answer), dnsResponse(query, { rcode, recursionAvailable: true }), reply);
    t.match(describePacket(answer as Uint8Array), 'IP 192.0.2.53 > 10.0.0.1 UDP 53 > 40000 ');
  }
  const truncated = messageIn(replyTo(dnsPacket(CLIENT, SERVER, query), 'truncated'));
  t.match(truncated, { truncated: true, rcode: 0, answers: [] });
});

t.test('DNS: without RD, as from the server in charge; EDNS, DO and a cookie come back', async (t) => {
  const iterative = dnsQuery(1, 'www.server.com', 'AAAA', false);
  t.match(messageIn(replyTo(dnsPacket(CLIENT, SERVER, iterative), 'nxdomain')), {
    ...{ authoritative: true, recursionAvailable: false, recursionDesired: false, rcode: 3, edns: undefined },
  });
  t.match(messageIn(replyTo(dnsPacket(CLIENT, SERVER, iterative), 'servfail')), { authoritative: false });
  const cookie = { kind: 'cookie' as const, client: new Uint8Array(8).fill(1), server: new Uint8Array(8).fill(2) };
  const asked = {
    ...query,
    edns: edns({ dnssecOk: true, options: [cookie, { kind: 'nsid', id: new Uint8Array(0) }] }),
  };
  const { edns: answered } = messageIn(replyTo(dnsPacket(CLIENT, SERVER, asked), 'refused'));
  t.match(answered, { version: 0, dnssecOk: true, options: [cookie] });
  const first = { ...query, edns: edns({ options: [{ ...cookie, server: new Uint8Array(0) }] }) };
  t.same(messageIn(replyTo(dnsPacket(CLIENT, SERVER, first), 'refused')).edns?.options, []);
});

t.test('DNS: what is no query to a server passes', async (t) => {
  const to = (change: Partial<typeof SERVER>, message = query) => dnsPacket(CLIENT, { ...SERVER, ...change }, message);
  t.equal(replyTo(to({}, dnsResponse(query, {})), 'servfail'), undefined, 'a response');
  t.equal(replyTo(to({ port: 5353 }), 'servfail'), undefined, 'another port');
  t.equal(replyTo(to({ mac: 'ff:ff:ff:ff:ff:ff' }), 'servfail'), undefined, 'a broadcast of the link');
  t.equal(replyTo(to({ ip: '224.0.0.251' }), 'servfail'), undefined, 'multicast');
  t.equal(replyTo(dnsPacket({ ...CLIENT, ip: '0.0.0.0' }, SERVER, query), 'servfail'), undefined, 'from nobody');
  t.equal(replyTo(dnsPacket({ ...CLIENT, port: 0 }, SERVER, query), 'servfail'), undefined, 'to nowhere');
  t.equal(replyTo(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 1 }), 'servfail'), undefined, 'over TCP');
  const damaged = to({}).slice();
  damaged[damaged.length - 6] ^= 1;
  t.equal(replyTo(damaged, 'servfail'), undefined, 'nobody could read it');
});

t.test('TCP: a reset as a closed port sends it (RFC 9293 section 3.5.2)', async (t) => {
  const syn = replyTo(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 1000 }), 'reset');
  t.match(tcpOf(syn as Uint8Array), { srcPort: 53, dstPort: 40_000, seq: 0, ack: 1001, flags: RST | 0x10 });
  const data = replyTo(tcpPacket(CLIENT, SERVER, { flags: 'PA', seq: 1001, ack: 77, data: 'abc' }), 'reset');
  t.match(tcpOf(data as Uint8Array), { seq: 77, ack: 0, flags: RST });
  const fin = replyTo(tcpPacket(CLIENT, SERVER, { flags: 'F', seq: 5, data: 'abc' }), 'reset');
  t.match(tcpOf(fin as Uint8Array), { seq: 0, ack: 9, flags: RST | 0x10 });
  t.equal(replyTo(tcpPacket(CLIENT, SERVER, { flags: 'R', seq: 5 }), 'reset'), undefined, 'a reset is never answered');
  t.equal(replyTo(dnsPacket(CLIENT, SERVER, query), 'reset'), undefined, 'no segment');
});

t.test('ICMP: types and codes, from whom, and what is quoted', async (t) => {
  const packet = tcpPacket(CLIENT, SERVER, { flags: 'A', seq: 1, ack: 1, data: new Uint8Array(1000).fill(7) });
  const kinds: [ReplyKind, number, number, string][] = [
    ['net-unreachable', 3, 0, '10.0.0.254'],
    ['host-unreachable', 3, 1, '10.0.0.254'],
    ['port-unreachable', 3, 3, '192.0.2.53'],
    ['admin-prohibited', 3, 13, '10.0.0.254'],
    ['time-exceeded', 11, 0, '10.0.0.254'],
  ];
  for (const [kind, type, code, from] of kinds) {
    const answer = ipv4Of(replyTo(packet, kind, ROUTER) as Uint8Array);
    const message = parseIcmp(answer?.payload ?? new Uint8Array(0));
    if (answer === undefined || isMalformed(message)) throw new Error('no ICMP message');
    t.match(message, { type, code, rest: 0 }, kind);
    t.same([formatIpv4(answer.src), formatIpv4(answer.dst), answer.tos], [from, CLIENT.ip, 0xc0]);
    t.equal(answer.payload.length + 20, 576, 'as much as 576 bytes hold');
    t.match(parseQuotedIpv4(message.body), { src: ip(CLIENT.ip), dst: ip(SERVER.ip), totalLength: 1040 });
    t.equal(message.body[8], kind === 'time-exceeded' ? 1 : 64, 'the time to live that is over');
    const sent = ipv4Of(packet)?.payload ?? new Uint8Array(0);
    t.equal(toHex(message.body.subarray(20)), toHex(sent.subarray(0, message.body.length - 20)));
  }
  const onSwitch = ipv4Of(replyTo(packet, 'host-unreachable') as Uint8Array);
  t.equal(formatIpv4(onSwitch?.src ?? 0), SERVER.ip, 'where no router is known');
});

t.test('ICMP: about what no error may be sent (RFC 1122 section 3.2.2)', async (t) => {
  const error = emitIcmp({ type: 3, code: 1, rest: 0, body: new Uint8Array(28) });
  const passes = (packet: Uint8Array, what: string) => t.equal(replyTo(packet, 'host-unreachable'), undefined, what);
  const datagram = (change: object) =>
    packetOf({
      dst: mac(SERVER.mac),
      src: mac(CLIENT.mac),
      etherType: ETHERTYPE_IPV4,
      payload: emitIpv4({
        ...{ src: ip(CLIENT.ip), dst: ip(SERVER.ip), protocol: PROTOCOL_UDP, ttl: 64, tos: 0, identification: 1 },
        ...{ dontFragment: false, moreFragments: false, fragmentOffset: 0, options: new Uint8Array(0) },
        ...{ payload: new Uint8Array(40), ...change },
      }),
    });
  t.ok(replyTo(datagram({}), 'host-unreachable'));
  t.ok(replyTo(icmpPacket(CLIENT, SERVER, { type: 8, code: 0, rest: 1, body: error }), 'host-unreachable'), 'an echo');
  t.ok(replyTo(datagram({ moreFragments: true }), 'host-unreachable'), 'the first fragment');
  passes(icmpPacket(CLIENT, SERVER, { type: 3, code: 1, rest: 0, body: new Uint8Array(28) }), 'an ICMP error');
  passes(datagram({ protocol: 1, payload: new Uint8Array(0) }), 'an ICMP message without a type');
  passes(datagram({ fragmentOffset: 8 }), 'a later fragment');
  passes(datagram({ dst: 0xffffffff }), 'a broadcast');
  passes(datagram({ dst: ip('224.0.0.1') }), 'a multicast');
  passes(datagram({ src: 0 }), 'from nobody');
  passes(datagram({ src: ip('0.0.0.7') }), 'from net 0');
  passes(datagram({ src: ip('224.0.0.1') }), 'from a group');
  passes(datagram({ src: ip('240.0.0.1') }), 'from class E');
  passes(datagram({ src: ip('127.0.0.1') }), 'from a loopback address');
  const request = { operation: 1, senderMac: mac(CLIENT.mac), senderIp: 1, targetMac: 0, targetIp: 2 };
  passes(arpPacket(SERVER.mac, request), `ARP ${formatMac(mac(SERVER.mac))}`);
});

t.test('what cannot be answered is not counted as hit, and uses up no number', async (t) => {
  const rule = ruleOf('', { kind: 'reply', reply: 'nxdomain' }, { skip: 1, count: 1 });
  const bench = new RuleBench([rule]);
  bench.port.send(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 1 }));
  bench.port.send(dnsPacket(CLIENT, SERVER, query));
  bench.port.send(tcpPacket(CLIENT, SERVER, { flags: 'S', seq: 1 }));
  t.same([rule.matched, rule.hit, bench.sent.length], [3, 0, 3]);
  bench.port.send(dnsPacket(CLIENT, SERVER, query));
  t.same([rule.matched, rule.hit, rule.exhausted], [4, 1, true]);
});
