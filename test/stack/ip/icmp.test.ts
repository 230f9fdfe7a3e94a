import t from 'tap';
import type { EchoError, EchoReply } from '../../../devices/stack/ip/icmp.js';
import { BROADCAST_MAC, formatIpv4, formatMac } from '../../../devices/stack/wire/address.js';
import { frameOf } from '../../../devices/stack/wire/ethernet.js';
import {
  EXCEEDED_IN_TRANSIT,
  ICMP_ECHO_REQUEST,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  type IcmpMessage,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
  UNREACHABLE_PORT,
} from '../../../devices/stack/wire/icmp.js';
import { emitIpv4, type Ipv4Packet } from '../../../devices/stack/wire/ipv4.js';
import { icmpOf, ipv4Of } from '../../support/packets.js';
import {
  type BenchOptions,
  echoReply,
  echoRequest,
  icmp,
  ip,
  ipv4,
  ipv4Packet,
  PEER,
  StackBench,
  udp,
} from '../../support/stack-bench.js';

const TO_PEER = `eth0 to ${formatMac(PEER)}:`;

function host(): StackBench {
  const bench = new StackBench({ eth0: '10.0.0.1/24' }, { routes: ['0.0.0.0/0 via 10.0.0.254'] });
  bench.knows('eth0', '10.0.0.2');
  bench.knows('eth0', '10.0.0.254');
  return bench;
}

function router(options: BenchOptions = {}): StackBench {
  const bench = new StackBench({ eth0: '10.0.0.1/24', eth1: '192.168.1.1/24' }, { forwarding: true, ...options });
  bench.knows('eth0', '10.0.0.2');
  bench.knows('eth1', '192.168.1.100');
  return bench;
}

function listen(bench: StackBench) {
  const replies: EchoReply[] = [];
  const errors: EchoError[] = [];
  const stop = bench.stack.icmp.onEchoReply(1, {
    onReply: (reply) => replies.push(reply),
    onError: (error) => errors.push(error),
  });
  return { replies, errors, stop };
}

/** An ICMP error as a router at `from` sends it about a packet. */
function errorAbout(bytes: Uint8Array, from: string, type: number, code: number, rest = 0) {
  return icmp(from, '10.0.0.1', { type, code, rest, body: bytes.subarray(0, 28) });
}

/** The IPv4 bytes of the last packet that was sent. */
function lastSent(bench: StackBench): Uint8Array {
  const packet = bench.packets().at(-1)!;
  return frameOf(packet).subarray(14);
}

t.test('an echo request is answered with all its data, from the address that was asked', async (t) => {
  const bench = host();
  bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1', { tos: 0x10, ttl: 3 }, 56));
  t.same(bench.lines(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP echo reply id 9 seq 1 56 bytes`]);
  const [packet] = bench.packets();
  t.match(ipv4Of(packet), { tos: 0x10, ttl: 64 });
  t.same(
    icmpOf(packet)?.body,
    Uint8Array.from({ length: 56 }, (_, index) => index),
  );
});

t.test('a ping of 5000 bytes comes in fragments and is answered in fragments', async (t) => {
  const bench = host();
  const peer = new StackBench({ eth0: '10.0.0.2/24' }, { mac: PEER });
  peer.knows('eth0', '10.0.0.1', bench.mac('eth0'));
  const { replies } = listen(peer);
  peer.ping('10.0.0.1', { bytes: 5000 });
  bench.hearsPackets('eth0', peer.packets());
  t.equal(bench.lines().length, 4);
  peer.hearsPackets('eth0', bench.packets());
  t.match(replies, [{ from: ip('10.0.0.1'), identifier: 1, sequence: 1, ttl: 64, data: new Uint8Array(5000) }]);
});

t.test('echo requests to a broadcast address are not answered', async (t) => {
  const bench = host();
  bench.hears('eth0', { ...echoRequest('10.0.0.2', '10.0.0.255'), dst: BROADCAST_MAC });
  bench.hears('eth0', { ...echoRequest('10.0.0.2', '255.255.255.255'), dst: BROADCAST_MAC });
  t.same(bench.said(), []);
  t.equal(bench.counters.get('icmp.broadcastEcho'), 2);
});

t.test('replies go to whoever has the identifier, until it lets go of it', async (t) => {
  const bench = host();
  const { replies, stop } = listen(bench);
  t.throws(() => listen(bench), { code: 'EADDRINUSE' });
  bench.ping('10.0.0.2');
  bench.hears('eth0', echoReply('10.0.0.2', '10.0.0.1', 1, 1));
  bench.hears('eth0', echoReply('10.0.0.2', '10.0.0.1', 2, 1));
  t.match(replies, [{ from: ip('10.0.0.2'), sequence: 1 }]);
  t.match(bench.trace, [{ event: 'icmp-received', from: '10.0.0.2', type: 0, code: 0 }, {}]);
  stop();
  bench.hears('eth0', echoReply('10.0.0.2', '10.0.0.1', 1, 2));
  t.equal(replies.length, 1);
  t.equal(bench.counters.get('icmp.strayReply'), 2);
});

t.test('a machine pings itself', async (t) => {
  const bench = host();
  const { replies } = listen(bench);
  bench.ping('127.0.0.1');
  bench.ping('10.0.0.1');
  t.same(
    replies.map((reply) => formatIpv4(reply.from)),
    ['127.0.0.1', '10.0.0.1'],
  );
});

t.test('time exceeded: a router tells the sender, quoting the packet as it came', async (t) => {
  const bench = router();
  const request = echoRequest('10.0.0.2', '192.168.1.100', { ttl: 1 });
  bench.hears('eth0', request);
  t.same(bench.lines(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP time to live exceeded`]);
  const [packet] = bench.packets();
  t.same(icmpOf(packet)?.body, request.payload);
  t.equal(ipv4Of(packet)?.tos, 0xc0);
});

t.test('unreachable: no route, no such host, no such protocol, no such port', async (t) => {
  const bench = router();
  bench.hears('eth0', echoRequest('10.0.0.2', '172.16.0.1'));
  t.same(bench.said(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP net unreachable`]);
  bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.9'));
  t.match(bench.said(), ['eth1 to all: ARP who has 192.168.1.9? tell 192.168.1.1']);
  bench.wait(3000);
  t.same(bench.said().slice(2), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP host unreachable`]);
  bench.hears('eth0', ipv4('10.0.0.2', '10.0.0.1', { payload: new Uint8Array(8) }));
  t.same(bench.said(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP protocol unreachable`]);
  bench.hears('eth0', udp('10.0.0.2:5000', '192.168.1.1:9', new Uint8Array(4)));
  t.same(
    bench.said(),
    [`${TO_PEER} IP 192.168.1.1 > 10.0.0.2 ICMP port unreachable`],
    'from the address that was asked',
  );
});

t.test('fragmentation needed: with the MTU of the link that is too small', async (t) => {
  const bench = router({ mtu: { eth1: 1400 } });
  bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.100', { dontFragment: true }, 1400));
  t.same(bench.lines(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP fragmentation needed`]);
  t.equal(icmpOf(bench.packets()[0])?.rest, 1400);
  bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.100', { dontFragment: true }, 1372));
  t.match(bench.said(), [/echo request/]);
});

t.test('reassembly time exceeded: when the first fragment was there', async (t) => {
  const bench = host();
  bench.hears('eth0', ipv4('10.0.0.2', '10.0.0.1', { moreFragments: true, payload: new Uint8Array(8) }));
  const rest = { identification: 8, fragmentOffset: 8, payload: new Uint8Array(8) };
  bench.hears('eth0', ipv4('10.0.0.2', '10.0.0.1', rest));
  bench.wait(30_000);
  t.same(bench.said(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP reassembly time exceeded`]);
});

t.test('a quote is as much of the packet as fits into 576 bytes', async (t) => {
  const bench = host();
  bench.hears('eth0', udp('10.0.0.2:5000', '10.0.0.1:9', new Uint8Array(1000)));
  const [packet] = bench.packets();
  t.equal(20 + 8 + (icmpOf(packet)?.body.length ?? 0), 576);
});

t.test('nothing is said about errors, broadcasts, later fragments, and senders that are nobody', async (t) => {
  const bench = router();
  const expired = { ttl: 1 };
  const quoted = ipv4Packet('192.168.1.100', '10.0.0.2', { payload: new Uint8Array(8) });
  const error: IcmpMessage = { type: ICMP_UNREACHABLE, code: UNREACHABLE_PORT, rest: 0, body: emitIpv4(quoted) };
  bench.hears('eth0', icmp('10.0.0.2', '192.168.1.100', error, expired));
  bench.hears('eth0', ipv4('10.0.0.2', '192.168.1.100', { ...expired, fragmentOffset: 8, payload: new Uint8Array(8) }));
  bench.hears('eth0', { ...udp('10.0.0.2:5000', '10.0.0.255:9', new Uint8Array(4)), dst: BROADCAST_MAC });
  bench.hears('eth0', { ...udp('10.0.0.2:5000', '255.255.255.255:9', new Uint8Array(4)), dst: BROADCAST_MAC });
  bench.hears('eth0', { ...udp('0.0.0.0:68', '255.255.255.255:67', new Uint8Array(4)), dst: BROADCAST_MAC });
  t.same(bench.said(), []);
  t.equal(bench.counters.get('icmp.errorsWithheld'), 5);
  bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.100', expired));
  t.equal(bench.said().length, 1, 'but about an echo request');
});

t.test('errors are limited: six in a burst to one destination, then one a second', async (t) => {
  const bench = router();
  const burst = () => {
    for (let i = 0; i < 10; i++) bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.100', { ttl: 1 }));
    return bench.said().length;
  };
  t.equal(burst(), 6);
  t.equal(bench.counters.get('icmp.errorsLimited'), 4);
  bench.wait(1000);
  t.equal(burst(), 1);
  bench.knows('eth0', '10.0.0.3');
  bench.hears('eth0', echoRequest('10.0.0.3', '192.168.1.100', { ttl: 1 }));
  t.equal(bench.said().length, 1, 'another sender has a bucket of its own');
  bench.wait(60_000);
  t.equal(burst(), 6);
});

t.test('errors are limited: fifty in a burst for all destinations together', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/8', eth1: '192.168.1.1/24' }, { forwarding: true });
  for (let i = 1; i <= 100; i++) {
    bench.knows('eth0', `10.1.0.${i}`);
    bench.hears('eth0', echoRequest(`10.1.0.${i}`, '192.168.1.100', { ttl: 1 }));
  }
  t.equal(bench.said().length, 50);
  bench.wait(10);
  for (let i = 1; i <= 100; i++) bench.hears('eth0', echoRequest(`10.1.0.${i}`, '192.168.1.100', { ttl: 1 }));
  t.equal(bench.said().length, 10, 'and one a millisecond after that');
});

t.test('fragmentation needed is not limited', async (t) => {
  const bench = router({ mtu: { eth1: 1400 } });
  for (let i = 0; i < 10; i++) {
    bench.hears('eth0', echoRequest('10.0.0.2', '192.168.1.100', { dontFragment: true }, 1400));
  }
  t.equal(bench.said().length, 10);
});

t.test('an error about our echo request goes to whoever sent it', async (t) => {
  const bench = host();
  const { errors } = listen(bench);
  bench.ping('192.0.2.1', { ttl: 1 });
  bench.hears('eth0', errorAbout(lastSent(bench), '10.0.0.254', ICMP_TIME_EXCEEDED, EXCEEDED_IN_TRANSIT));
  t.match(errors, [{ type: 11, code: 0, from: ip('10.0.0.254'), dst: ip('192.0.2.1'), identifier: 1, sequence: 1 }]);
});

t.test('errors about what we never sent, or with too short a quote, are counted and nothing else', async (t) => {
  const bench = host();
  const { errors } = listen(bench);
  const foreign = emitIpv4(ipv4Packet('10.0.0.9', '192.0.2.1', { payload: new Uint8Array(8) }));
  bench.hears('eth0', errorAbout(foreign, '10.0.0.254', ICMP_UNREACHABLE, UNREACHABLE_HOST));
  t.equal(bench.counters.get('icmp.strayError'), 1);
  bench.hears('eth0', errorAbout(foreign.subarray(0, 24), '10.0.0.254', ICMP_UNREACHABLE, UNREACHABLE_HOST));
  t.equal(bench.counters.get('icmp.badQuote'), 1);
  bench.hears('eth0', icmp('10.0.0.2', '10.0.0.1', { type: 5, code: 1, rest: ip('10.0.0.66'), body: foreign }));
  t.equal(bench.counters.get('icmp.redirectIgnored'), 1);
  bench.hears('eth0', icmp('10.0.0.2', '10.0.0.1', { type: 42, code: 0, rest: 0, body: foreign }));
  t.equal(bench.counters.get('icmp.unknownType'), 1);
  const damaged = echoRequest('10.0.0.2', '10.0.0.1');
  damaged.payload[30] ^= 1;
  bench.hears('eth0', damaged);
  t.equal(bench.counters.get('icmp.malformed'), 1);
  t.same(errors, []);
  t.same(bench.said(), []);
});

t.test('path MTU: learned from fragmentation needed, for ten minutes', async (t) => {
  const bench = host();
  const { errors } = listen(bench);
  const { ipv4: layer } = bench.stack;
  const remote = ip('192.0.2.1');
  t.equal(layer.mtuFor(remote), 1500);
  bench.ping('192.0.2.1', { bytes: 1472, dontFragment: true });
  const sent = lastSent(bench);
  bench.hears('eth0', errorAbout(sent, '10.0.0.254', ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, 1400));
  t.match(errors, [{ code: UNREACHABLE_FRAGMENTATION_NEEDED, mtu: 1400, sequence: 1 }]);
  t.equal(layer.mtuFor(remote), 1400);
  t.equal(layer.mtuFor(ip('192.0.2.2')), 1500);
  t.equal(bench.ping('192.0.2.1', { bytes: 1373, dontFragment: true })?.code, 'EMSGSIZE');
  bench.ping('192.0.2.1', { bytes: 1373 });
  t.equal(bench.said().length, 2, 'without don’t-fragment it is cut here');
  bench.hears('eth0', errorAbout(sent, '10.0.0.254', ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, 1450));
  t.equal(layer.mtuFor(remote), 1400, 'a message can only lower it');
  bench.wait(600_000);
  t.equal(layer.mtuFor(remote), 1500);
});

t.test('path MTU: a router that does not tell its MTU, or tells nonsense, lowers it by a plateau', async (t) => {
  const bench = host();
  const { ipv4: layer } = bench.stack;
  layer.setErrorHandler(253, () => true);
  const told = (mtu: number, bytes: number): number => {
    const packet: Ipv4Packet = ipv4Packet('10.0.0.1', '192.0.2.1', { payload: new Uint8Array(bytes - 20) });
    const code = UNREACHABLE_FRAGMENTATION_NEEDED;
    bench.hears('eth0', errorAbout(emitIpv4(packet), '10.0.0.254', ICMP_UNREACHABLE, code, mtu));
    return layer.mtuFor(ip('192.0.2.1'));
  };
  t.equal(told(0, 1500), 1492);
  t.equal(told(9000, 1492), 1006);
  t.equal(told(1, 1006), 68, 'never below what every link carries');
});

t.test('path MTU: nothing is learned about packets that nobody here has sent (RFC 5927)', async (t) => {
  const bench = host();
  listen(bench);
  bench.stack.udp.bind({ address: 0, port: 4000 });
  const remote = '192.0.2.1';
  const tcp = (port: number) => Uint8Array.of(port >>> 8, port & 255, 0, 80, 0, 0, 0, 1);
  const ping = (identifier: number) => Uint8Array.of(8, 0, 0, 0, 0, identifier, 0, 1);
  const datagram = (port: number) => Uint8Array.of(port >>> 8, port & 255, 0, 53, 0, 8, 0, 0);
  const forge = (protocol: number, payload: Uint8Array) => {
    const packet = emitIpv4(ipv4Packet('10.0.0.1', remote, { protocol, payload }));
    bench.hears('eth0', errorAbout(packet, '10.0.0.66', ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, 68));
    return bench.stack.ipv4.mtuFor(ip(remote));
  };
  t.equal(forge(6, tcp(40000)), 1500);
  t.equal(forge(1, ping(77)), 1500);
  t.equal(forge(17, datagram(4001)), 1500);
  t.equal(forge(99, datagram(4000)), 1500);
  t.equal(bench.counters.get('ipv4.pathMtuLearned'), 0);
  t.equal(forge(17, datagram(4000)), 68, 'for the program that may have sent it, it may be true');
});

t.test('the echo request type is not an error', async (t) => {
  const bench = router();
  bench.hears(
    'eth0',
    icmp('10.0.0.2', '172.16.0.1', { type: ICMP_ECHO_REQUEST, code: 0, rest: 0, body: new Uint8Array(0) }),
  );
  t.equal(bench.said().length, 1);
});

t.test('the code of an echo request comes back as it was sent, as from Linux', async (t) => {
  const bench = host();
  bench.hears(
    'eth0',
    icmp('10.0.0.2', '10.0.0.1', { type: ICMP_ECHO_REQUEST, code: 9, rest: 1, body: new Uint8Array(0) }),
  );
  t.match(icmpOf(bench.packets()[0]), { type: 0, code: 9 });
});

t.test(
  'timestamp requests are answered with the time of day, broadcast ones and address mask requests are not',
  async (t) => {
    const bench = new StackBench({ eth0: '10.0.0.1/24' }, { wallClock: () => 86_400_000 * 20_000 + 1234.5 });
    bench.knows('eth0', '10.0.0.2');
    const body = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9);
    const request = { type: 13, code: 3, rest: 77, body };
    bench.hears('eth0', icmp('10.0.0.2', '10.0.0.1', request, { tos: 0x10 }));
    const [reply] = bench.packets();
    t.match(icmpOf(reply), {
      type: 14,
      code: 0,
      rest: 77,
      body: Uint8Array.of(1, 2, 3, 4, 0, 0, 4, 210, 0, 0, 4, 210),
    });
    t.match(ipv4Of(reply), { tos: 0x10, src: ip('10.0.0.1') });
    bench.hears('eth0', icmp('10.0.0.2', '10.0.0.1', { ...request, body: body.subarray(0, 3) }));
    bench.hears('eth0', { ...icmp('10.0.0.2', '10.0.0.255', request), dst: BROADCAST_MAC });
    bench.hears('eth0', icmp('10.0.0.2', '10.0.0.1', { ...request, type: 17 }));
    t.same(bench.said(), []);
    t.equal(bench.counters.get('icmp.timestampsIn'), 1);
  },
);

t.test('an error has precedence 6 and the type of service of the packet', async (t) => {
  const bench = host();
  for (const [tos, expected] of [
    [0x2d, 0xcc],
    [0x03, 0xc2],
  ]) {
    bench.hears('eth0', udp('10.0.0.2:5000', '10.0.0.1:9', new Uint8Array(4), { tos }));
    t.equal(ipv4Of(bench.packets()[0])?.tos, expected);
  }
});

t.test('IGMP is no unknown protocol', async (t) => {
  const bench = host();
  bench.hears('eth0', ipv4('10.0.0.2', '10.0.0.1', { protocol: 2, payload: new Uint8Array(8) }));
  t.same(bench.said(), []);
  t.equal(bench.counters.get('ipv4.igmp'), 1);
});

t.test('a router redirects who could have reached the next hop itself, less and less often', async (t) => {
  const bench = router();
  bench.knows('eth0', '10.0.0.9');
  const stray = (src = '10.0.0.2') => bench.hears('eth0', echoRequest(src, '10.0.0.9'));
  const redirects = () =>
    bench
      .packets()
      .map(icmpOf)
      .filter((message) => message?.type === 5);
  stray();
  const [redirect] = redirects();
  t.match(redirect, { code: 1, rest: ip('10.0.0.9') });
  t.equal(redirect?.body[8], 63, 'quoted as it went on');
  stray();
  t.same(redirects(), [], 'not again at once');
  bench.wait(41);
  stray();
  t.equal(redirects().length, 1);
  for (let times = 3; times <= 9; times++) {
    bench.wait(20 * 2 ** times);
    stray();
  }
  t.equal(redirects().length, 7, 'nine in all');
  bench.wait(20_000);
  stray();
  bench.wait(20_000);
  stray();
  t.same(redirects(), [], 'who does not listen is left alone');
  bench.wait(20_481);
  stray();
  t.equal(redirects().length, 1, 'until it has been silent');
  stray('172.16.0.1');
  t.same(redirects(), [], 'whose source is not on that link is not told');
  t.ok(bench.counters.get('icmp.redirectsLimited') > 2);
});
