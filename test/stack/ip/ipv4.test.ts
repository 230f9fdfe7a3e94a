import t from 'tap';
import {
  BROADCAST_MAC,
  LIMITED_BROADCAST as EVERYBODY,
  formatIpv4,
  formatMac,
} from '../../../devices/stack/wire/address.js';
import { ETHERTYPE_IPV4 } from '../../../devices/stack/wire/ethernet.js';
import type { Ipv4Packet } from '../../../devices/stack/wire/ipv4.js';
import { ipv4Of } from '../../support/packets.js';
import {
  arpReply,
  type BenchOptions,
  cidr,
  echoReply,
  echoRequest,
  ip,
  ipv4,
  PEER,
  StackBench,
} from '../../support/stack-bench.js';

/** RFC 3692: a protocol number for tests. */
const TEST_PROTOCOL = 253;
const GATEWAY = 0x0200000001fe;

/** The routing table of the source documents. */
function multihomed(): StackBench {
  return new StackBench(
    { eth0: '192.168.3.10/24', eth1: '192.168.10.20/24' },
    { routes: ['0.0.0.0/0 via 192.168.3.1 dev eth0'] },
  );
}

function router(options: BenchOptions = {}): StackBench {
  const bench = new StackBench(
    { eth0: '10.10.1.1/24', eth1: '192.168.1.1/24', eth2: '172.16.0.1/30' },
    { forwarding: true, routes: ['0.0.0.0/0 via 172.16.0.2'], ...options },
  );
  bench.knows('eth0', '10.10.1.101');
  bench.knows('eth1', '192.168.1.100', 0x020000000b64);
  return bench;
}

/** What arrives for the test protocol, whole. */
function receiver(bench: StackBench): Ipv4Packet[] {
  const received: Ipv4Packet[] = [];
  bench.stack.ipv4.setHandler(TEST_PROTOCOL, (packet) => received.push(packet));
  return received;
}

function send(bench: StackBench, dst: string, rest: object = {}) {
  const { stack, timers } = bench;
  return stack.perform(timers.now, () =>
    stack.ipv4.send({ dst: ip(dst), protocol: TEST_PROTOCOL, payload: new Uint8Array(8), ...rest }),
  );
}

t.test('Source address by route: the second row matches, so eth1 and its address', async (t) => {
  const host = multihomed();
  t.equal(host.stack.ipv4.routeFor(ip('192.168.10.200'))?.nic.name, 'eth1');
  t.equal(host.stack.ipv4.sourceFor(ip('192.168.10.200')), ip('192.168.10.20'));
  host.ping('192.168.10.200');
  t.same(host.said(), ['eth1 to all: ARP who has 192.168.10.200? tell 192.168.10.20']);
  host.hears('eth1', arpReply('192.168.10.200', PEER, '192.168.10.20', host.mac('eth1')));
  t.same(host.said(), [
    `eth1 to ${formatMac(PEER)}: IP 192.168.10.20 > 192.168.10.200 ICMP echo request id 1 seq 1 8 bytes`,
  ]);
});

t.test('Source address by route: only the default row matches, so the gateway and its MAC address', async (t) => {
  const host = multihomed();
  host.ping('10.100.20.100');
  t.same(host.said(), ['eth0 to all: ARP who has 192.168.3.1? tell 192.168.3.10'], 'the gateway is asked for');
  host.hears('eth0', arpReply('192.168.3.1', GATEWAY, '192.168.3.10', host.mac('eth0')));
  t.same(host.said(), [
    `eth0 to ${formatMac(GATEWAY)}: IP 192.168.3.10 > 10.100.20.100 ICMP echo request id 1 seq 1 8 bytes`,
  ]);
});

t.test('source address: of several on one interface, the one of the next hop’s network', async (t) => {
  const host = new StackBench(
    { eth0: '10.0.0.1/24 10.0.1.1/24', eth1: '' },
    { routes: ['10.9.0.0/16 via 10.0.1.254'] },
  );
  const { ipv4 } = host.stack;
  t.equal(ipv4.sourceFor(ip('10.0.1.7')), ip('10.0.1.1'));
  t.equal(ipv4.sourceFor(ip('10.9.0.1')), ip('10.0.1.1'));
  t.equal(ipv4.sourceFor(ip('10.0.0.1')), ip('10.0.0.1'), 'to itself with the address meant');
  t.equal(ipv4.sourceFor(ip('127.0.0.2')), ip('127.0.0.1'));
  t.equal(ipv4.sourceFor(ip('8.8.8.8')), undefined);
});

t.test('Router: 10.10.1.101 sends to 192.168.1.100, the row 192.168.1.0/255.255.255.0 is chosen', async (t) => {
  const bench = router();
  bench.stack.neighbors.delete(ip('192.168.1.100'));
  t.match(bench.stack.ipv4.routeFor(ip('192.168.1.100')), { destination: ip('192.168.1.0'), prefixLength: 24 });
  bench.hears('eth0', echoRequest('10.10.1.101', '192.168.1.100'));
  t.same(bench.said(), ['eth1 to all: ARP who has 192.168.1.100? tell 192.168.1.1'], 'no gateway: directly attached');
  bench.hears('eth1', arpReply('192.168.1.100', 0x020000000b64, '192.168.1.1', bench.mac('eth1')));
  t.same(bench.lines(), [
    'eth1 to 02:00:00:00:0b:64: IP 10.10.1.101 > 192.168.1.100 ICMP echo request id 9 seq 1 8 bytes',
  ]);
  t.equal(ipv4Of(bench.packets()[0])?.ttl, 63, 'the addresses stay, the TTL falls');
  t.equal(bench.counters.get('ipv4.forwarded'), 1);
});

t.test('a frame for another MAC address is nothing to a router', async (t) => {
  const bench = router();
  bench.hears('eth0', { ...echoRequest('10.10.1.101', '192.168.1.100'), dst: 0x020000000077 });
  t.same(bench.said(), []);
  t.equal(bench.counters.get('ipv4.in'), 0);
});

t.test('a router keeps all that it need not change: identification, TOS, options, don’t fragment', async (t) => {
  const bench = router();
  const options = Uint8Array.of(1, 1, 1, 0);
  bench.hears('eth0', echoRequest('10.10.1.101', '192.168.1.100', { tos: 0xb8, dontFragment: true, options, ttl: 2 }));
  t.match(ipv4Of(bench.packets()[0]), { tos: 0xb8, identification: 7, dontFragment: true, options, ttl: 1 });
});

t.test('a host does not forward', async (t) => {
  const host = multihomed();
  host.hears('eth0', echoRequest('192.168.3.7', '192.168.10.9'));
  t.same(host.said(), []);
  t.equal(host.counters.get('ipv4.notForUs'), 1);
});

t.test('a router forwards no broadcasts, and nothing that was shouted', async (t) => {
  const bench = router();
  bench.hears('eth0', { ...echoRequest('10.10.1.101', '255.255.255.255'), dst: BROADCAST_MAC });
  bench.hears('eth0', echoRequest('10.10.1.101', '192.168.1.255'));
  bench.hears('eth0', { ...echoRequest('10.10.1.101', '192.168.1.100'), dst: BROADCAST_MAC });
  t.same(bench.said(), []);
  t.equal(bench.counters.get('ipv4.unicastInBroadcast'), 1);
});

t.test('a router accepts packets for any of its addresses on any interface', async (t) => {
  const bench = router();
  bench.hears('eth0', echoRequest('10.10.1.101', '192.168.1.1'));
  t.same(bench.said(), [`eth0 to ${formatMac(PEER)}: IP 192.168.1.1 > 10.10.1.101 ICMP echo reply id 9 seq 1 8 bytes`]);
});

t.test('martians: neither such sources nor such destinations are taken or passed on', async (t) => {
  const bench = router();
  const received = receiver(bench);
  for (const src of ['127.0.0.1', '224.0.0.5', '255.255.255.255', '240.0.0.1', '0.0.0.0', '0.1.2.3']) {
    bench.hears('eth0', ipv4(src, '192.168.1.100'));
  }
  bench.hears('eth0', ipv4('192.168.1.1', '10.10.1.1'));
  bench.hears('eth0', ipv4('10.10.1.255', '10.10.1.1'));
  t.equal(bench.counters.get('ipv4.martianSource'), 8);
  for (const dst of ['127.0.0.1', '0.0.0.0', '240.0.0.1']) bench.hears('eth0', ipv4('10.10.1.101', dst));
  t.equal(bench.counters.get('ipv4.martianDestination'), 3);
  bench.hears('eth0', ipv4('10.10.1.101', '224.0.0.1'));
  t.equal(bench.counters.get('ipv4.multicast'), 1);
  t.same(received, []);
  t.same(bench.said(), []);
});

t.test('broken headers are counted', async (t) => {
  const host = multihomed();
  host.hears('eth0', { etherType: ETHERTYPE_IPV4, payload: new Uint8Array(46) });
  const damaged = ipv4('192.168.3.7', '192.168.3.10');
  damaged.payload[8] ^= 1;
  host.hears('eth0', damaged);
  t.equal(host.counters.get('ipv4.badHeader'), 2);
});

t.test('options are skipped, Ethernet padding is cut off', async (t) => {
  const host = multihomed();
  const received = receiver(host);
  host.hears(
    'eth0',
    ipv4('192.168.3.7', '192.168.3.10', { options: Uint8Array.of(7, 3, 4, 0), payload: Uint8Array.of(1, 2) }),
  );
  t.same(received[0].payload, Uint8Array.of(1, 2));
});

t.test('broadcasts: limited and directed ones are heard, and sent to all', async (t) => {
  const host = multihomed();
  const received = receiver(host);
  for (const dst of ['255.255.255.255', '192.168.3.255', '192.168.10.255']) {
    host.hears('eth0', { ...ipv4('192.168.3.7', dst), dst: BROADCAST_MAC });
  }
  host.hears('eth0', { ...ipv4('0.0.0.0', '255.255.255.255'), dst: BROADCAST_MAC });
  t.equal(received.length, 4);
  send(host, '192.168.10.255');
  send(host, '255.255.255.255');
  send(host, '255.255.255.255', { nic: host.nic('eth1') });
  t.same(host.said(), [
    'eth1 to all: IP 192.168.10.20 > 192.168.10.255 proto 253 ttl 64 8 bytes',
    'eth0 to all: IP 192.168.3.10 > 255.255.255.255 proto 253 ttl 64 8 bytes',
    'eth1 to all: IP 192.168.10.20 > 255.255.255.255 proto 253 ttl 64 8 bytes',
  ]);
});

t.test('an interface without an address broadcasts from 0.0.0.0', async (t) => {
  const host = new StackBench({ eth0: '', eth1: '10.0.0.1/24' });
  send(host, '255.255.255.255', { nic: host.nic('eth0') });
  send(host, '255.255.255.255', { nic: host.nic('eth1'), src: 0 });
  t.same(host.said(), [
    'eth0 to all: IP 0.0.0.0 > 255.255.255.255 proto 253 ttl 64 8 bytes',
    'eth1 to all: IP 0.0.0.0 > 255.255.255.255 proto 253 ttl 64 8 bytes',
  ]);
});

t.test('what is for the machine itself never sees a link, and comes after the call', async (t) => {
  const host = multihomed();
  const received = receiver(host);
  host.stack.perform(0, () => {
    for (const dst of ['127.0.0.1', '127.9.9.9', '192.168.10.20']) {
      host.stack.ipv4.send({ dst: ip(dst), protocol: TEST_PROTOCOL, payload: new Uint8Array(60_000) });
    }
    t.same(received, [], 'not while the sender is still at work');
  });
  t.same(
    received.map((packet) => [formatIpv4(packet.src), formatIpv4(packet.dst), packet.payload.length]),
    [
      ['127.0.0.1', '127.0.0.1', 60_000],
      ['127.0.0.1', '127.9.9.9', 60_000],
      ['192.168.10.20', '192.168.10.20', 60_000],
    ],
  );
  t.same(host.said(), []);
  t.equal(host.stack.ipv4.mtuFor(ip('127.0.0.1')), 65535);
});

t.test('errors that are known at once', async (t) => {
  const host = new StackBench({ eth0: '10.0.0.1/24', eth1: '' });
  t.equal(send(host, '192.0.2.1')?.code, 'ENETUNREACH');
  t.equal(
    send(host, '10.0.0.2', { nic: host.nic('eth1') })?.code,
    'ENETUNREACH',
    'bound to an interface without route',
  );
  t.equal(send(host, '224.0.0.1')?.code, 'ENETUNREACH');
  t.equal(send(host, '0.0.0.0')?.code, 'ENETUNREACH');
  t.equal(send(host, '255.255.255.255')?.code, 'ENETUNREACH', 'two interfaces, and no route says which');
  t.equal(send(host, '10.0.0.2', { src: ip('10.0.0.9') })?.code, 'EADDRNOTAVAIL');
  t.equal(send(host, '10.0.0.2', { src: ip('127.0.0.1') })?.code, 'ENETUNREACH');
  t.equal(send(host, '10.0.0.2', { payload: new Uint8Array(65_516) })?.code, 'EMSGSIZE');
  t.equal(send(host, '10.0.0.2', { payload: new Uint8Array(1481), dontFragment: true })?.code, 'EMSGSIZE');
  t.equal(send(host, '10.0.0.2', { payload: new Uint8Array(1480), dontFragment: true }), undefined);
  t.same(host.said(), ['eth0 to all: ARP who has 10.0.0.2? tell 10.0.0.1']);
});

t.test('fragments are sent, and put together again', async (t) => {
  const host = multihomed();
  host.knows('eth0', '192.168.3.7');
  const payload = Uint8Array.from({ length: 4000 }, (_, index) => index % 251);
  send(host, '192.168.3.7', { payload });
  const peer = new StackBench({ eth0: '192.168.3.7/24' }, { mac: PEER });
  const received = receiver(peer);
  t.equal(host.lines().length, 3);
  peer.hearsPackets('eth0', host.packets().reverse());
  t.same(
    received.map((packet) => packet.payload),
    [payload],
  );
});

t.test('a router cuts for a smaller link, and leaves the pieces for the receiver', async (t) => {
  const bench = router({ mtu: { eth1: 576 } });
  bench.hears('eth0', ipv4('10.10.1.101', '192.168.1.100', { payload: new Uint8Array(1200) }));
  t.same(
    bench.said().map((line) => line.split('proto ')[1]),
    ['253 ttl 63 fragment 0+ 552 bytes', '253 ttl 63 fragment 552+ 552 bytes', '253 ttl 63 fragment 1104 96 bytes'],
  );
  bench.hears('eth0', ipv4('10.10.1.101', '192.168.1.100', { payload: new Uint8Array(8), fragmentOffset: 800 }));
  t.equal(bench.said().length, 1, 'fragments pass as they are');
});

t.test('a new address brings its route, and takes it away again', async (t) => {
  const host = new StackBench({ eth0: '' });
  const { ipv4, neighbors } = host.stack;
  const eth0 = host.nic('eth0');
  t.equal(ipv4.addAddress(eth0, cidr('10.0.0.5/24')), true);
  t.equal(ipv4.addAddress(eth0, cidr('10.0.0.5/24')), false);
  ipv4.addAddress(eth0, cidr('10.0.0.6/24'));
  ipv4.addAddress(eth0, cidr('192.0.2.1/32'));
  ipv4.routes.add({ destination: 0, prefixLength: 0, gateway: ip('10.0.0.1'), nic: eth0, metric: 0, source: 'dhcp' });
  t.same(
    ipv4.routes.rows().map((row) => row.destination),
    ['0.0.0.0', '10.0.0.0'],
  );
  neighbors.announce(eth0, ip('10.0.0.5'));
  t.same(host.said(), ['eth0 to all: ARP announcement for 10.0.0.5']);
  host.ping('10.0.0.1');
  t.equal(ipv4.removeAddress(eth0, ip('10.0.0.5')), true);
  t.equal(ipv4.removeAddress(eth0, ip('10.0.0.5')), false);
  t.ok(ipv4.routeFor(ip('10.0.0.1')), 'the other address still needs it');
  ipv4.removeAddress(eth0, ip('10.0.0.6'));
  t.same(
    ipv4.routes.rows().map((row) => row.destination),
    ['0.0.0.0'],
  );
  ipv4.removeAddress(eth0, ip('192.0.2.1'));
  t.same(ipv4.routes.rows(), [], 'nothing can leave any more');
  t.same(neighbors.entries(), []);
  t.equal(ipv4.isLocal(ip('10.0.0.5')), false);
});

t.test('links of two addresses (RFC 3021) and single addresses have no broadcast', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.0/31', eth1: '10.0.1.1/30' });
  t.equal(bench.stack.ipv4.isBroadcast(ip('10.0.0.1')), false);
  t.equal(bench.stack.ipv4.isBroadcast(ip('10.0.1.3')), true);
  t.equal(bench.stack.ipv4.isBroadcast(EVERYBODY), true);
  bench.ping('10.0.0.1');
  t.same(bench.said(), ['eth0 to all: ARP who has 10.0.0.1? tell 10.0.0.0']);
});

t.test('a stray echo reply is counted', async (t) => {
  const host = multihomed();
  host.hears('eth0', echoReply('192.168.3.7', '192.168.3.10', 4, 1));
  t.equal(host.counters.get('icmp.strayReply'), 1);
});
