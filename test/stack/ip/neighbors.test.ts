import t from 'tap';
import { DELAY_MS, MAX_WAITING } from '../../../devices/stack/ip/neighbor.js';
import { DEFAULT_REACHABLE_MS, MAX_NEIGHBORS } from '../../../devices/stack/ip/neighbors.js';
import { BROADCAST_MAC, formatIpv4, formatMac } from '../../../devices/stack/wire/address.js';
import { ETHERTYPE_ARP } from '../../../devices/stack/wire/ethernet.js';
import { arpReply, arpRequest, ip, PEER, StackBench } from '../../support/stack-bench.js';

const OTHER = 0x020000000103;
const WHO_HAS_2 = 'ARP who has 10.0.0.2? tell 10.0.0.1';
const IS_AT_1 = 'ARP 10.0.0.1 is at 02:00:00:00:00:01';

function echo(src: string, dst: string, sequence = 1, kind = 'request', id = 1): string {
  return `IP ${src} > ${dst} ICMP echo ${kind} id ${id} seq ${sequence} 8 bytes`;
}

function bench(addresses = '10.0.0.1/24', arpReachableMs?: number): StackBench {
  return new StackBench({ eth0: addresses }, { arpReachableMs });
}

/** A host that has just got the peer's answer. */
function acquainted(): StackBench {
  const host = bench();
  host.ping('10.0.0.2');
  host.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', host.mac('eth0')));
  host.said();
  return host;
}

t.test('ARP: A asks for B, C and D hear the request and stay silent, A and B know each other', async (t) => {
  const a = new StackBench({ eth0: '192.168.1.2/24' }, { mac: 0x0200000000a0 });
  const b = new StackBench({ eth0: '192.168.1.3/24' }, { mac: 0x0200000000b0 });
  const c = new StackBench({ eth0: '192.168.1.4/24' }, { mac: 0x0200000000c0 });
  const d = new StackBench({ eth0: '192.168.1.5/24' }, { mac: 0x0200000000d0 });
  a.ping('192.168.1.3');
  t.same(a.lines(), ['eth0 to all: ARP who has 192.168.1.3? tell 192.168.1.2'], 'nothing else is sent before');
  const request = a.packets();
  for (const other of [b, c, d]) other.hearsPackets('eth0', request);
  t.same(b.lines(), ['eth0 to 02:00:00:00:00:a0: ARP 192.168.1.3 is at 02:00:00:00:00:b0'], 'B answers A alone');
  t.same(c.said(), []);
  t.same(d.said(), []);

  a.hearsPackets('eth0', b.packets());
  t.same(a.lines(), [`eth0 to 02:00:00:00:00:b0: ${echo('192.168.1.2', '192.168.1.3')}`], 'what waited goes out');
  b.hearsPackets('eth0', a.packets());
  t.same(b.said(), [`eth0 to 02:00:00:00:00:a0: ${echo('192.168.1.3', '192.168.1.2', 1, 'reply')}`], 'without asking');
  t.same(a.arpTable(), ['192.168.1.3 REACHABLE 02:00:00:00:00:b0']);
  t.same(b.arpTable(), ['192.168.1.2 DELAY 02:00:00:00:00:a0'], 'B learned from being asked');
  t.same(c.arpTable(), []);
  t.same(d.arpTable(), []);
});

t.test('one request a second, three in all, then the packets are given back', async (t) => {
  const host = bench();
  const errors: string[] = [];
  host.stack.icmp.onEchoReply(1, {
    onReply: () => t.fail('nobody answered'),
    onError: ({ type, code, from, sequence }) => errors.push(`${type}/${code} ${formatIpv4(from)} seq ${sequence}`),
  });
  host.ping('10.0.0.2');
  host.ping('10.0.0.2');
  t.same(host.said(), [`eth0 to all: ${WHO_HAS_2}`]);
  host.wait(999);
  t.same(host.said(), []);
  host.wait(1);
  t.same(host.said(), [`eth0 to all: ${WHO_HAS_2}`]);
  host.wait(1000);
  t.same(host.said(), [`eth0 to all: ${WHO_HAS_2}`]);
  t.equal(host.arpState('10.0.0.2'), 'INCOMPLETE');
  t.same(errors, []);
  host.wait(1000);
  t.equal(host.arpState('10.0.0.2'), 'FAILED');
  t.same(errors, ['3/1 10.0.0.1 seq 1', '3/1 10.0.0.1 seq 2'], 'host unreachable, says the machine to itself');
  t.match(host.trace, [{ event: 'arp-failed', interface: 'eth0', ip: '10.0.0.2' }]);
  host.ping('10.0.0.2');
  t.same(host.said(), [`eth0 to all: ${WHO_HAS_2}`], 'the next packet starts again');
  host.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', host.mac('eth0')));
  t.same(host.said(), [`eth0 to ${formatMac(PEER)}: ${echo('10.0.0.1', '10.0.0.2', 3)}`]);
});

t.test('a failed entry that nobody asks for again is forgotten', async (t) => {
  const host = bench();
  host.ping('10.0.0.2');
  host.wait(3000);
  t.same(host.arpTable(), ['10.0.0.2 FAILED']);
  host.wait(DEFAULT_REACHABLE_MS);
  t.same(host.arpTable(), []);
});

t.test('states: reachable for a minute, stale until used, probed after 5 s, confirmed again', async (t) => {
  const host = acquainted();
  t.equal(host.arpState('10.0.0.2'), 'REACHABLE');
  host.wait(DEFAULT_REACHABLE_MS);
  t.equal(host.arpState('10.0.0.2'), 'STALE');
  host.ping('10.0.0.2');
  t.same(
    host.said(),
    [`eth0 to ${formatMac(PEER)}: ${echo('10.0.0.1', '10.0.0.2', 2)}`],
    'a stale entry is still used',
  );
  t.equal(host.arpState('10.0.0.2'), 'DELAY');
  host.wait(DELAY_MS);
  t.equal(host.arpState('10.0.0.2'), 'PROBE');
  t.same(host.said(), [`eth0 to ${formatMac(PEER)}: ${WHO_HAS_2}`], 'only the neighbour itself is asked');
  host.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', host.mac('eth0')));
  t.equal(host.arpState('10.0.0.2'), 'REACHABLE');
});

t.test('states: a neighbour that left fails after three unicast probes', async (t) => {
  const host = acquainted();
  host.wait(DEFAULT_REACHABLE_MS);
  host.ping('10.0.0.2');
  host.said();
  host.wait(DELAY_MS + 2000);
  t.same(host.said(), Array(3).fill(`eth0 to ${formatMac(PEER)}: ${WHO_HAS_2}`));
  host.wait(1000);
  t.same(host.arpTable(), ['10.0.0.2 FAILED']);
});

t.test('states: an entry that nobody uses is forgotten after five times its reachable time', async (t) => {
  const host = bench('10.0.0.1/24', 1000);
  host.ping('10.0.0.2');
  host.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', host.mac('eth0')));
  host.wait(1000);
  t.equal(host.arpState('10.0.0.2'), 'STALE');
  host.wait(3999);
  t.equal(host.arpState('10.0.0.2'), 'STALE');
  host.wait(1);
  t.same(host.arpTable(), []);
});

t.test('the queue of waiting packets is bounded; the oldest make room', async (t) => {
  const host = bench();
  for (let i = 0; i < MAX_WAITING + 2; i++) host.ping('10.0.0.2');
  t.equal(host.stack.neighbors.entries()[0].queued, MAX_WAITING);
  t.equal(host.counters.get('arp.queueFull'), 2);
  host.said();
  host.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', host.mac('eth0')));
  const said = host.said();
  t.equal(said.length, MAX_WAITING);
  t.match(said[0], /seq 3 /);
  t.match(said.at(-1), new RegExp(`seq ${MAX_WAITING + 2} `));
});

t.test('the table is bounded: entries in use stay, stale ones make room', async (t) => {
  const host = bench('10.0.0.1/8');
  for (let i = 0; i < MAX_NEIGHBORS; i++) host.ping(formatIpv4(ip('10.1.0.0') + i));
  const error = host.ping('10.2.0.1');
  t.equal(error?.code, 'ENOBUFS');
  t.equal(host.counters.get('arp.tableFull'), 1);
  host.hears('eth0', arpRequest('10.3.0.1', OTHER, '10.0.0.1'));
  t.equal(host.arpState('10.3.0.1'), undefined, 'not learned, but answered');
  t.match(host.said().at(-1), /ARP 10.0.0.1 is at/);
  host.wait(3000);
  t.equal(host.ping('10.2.0.1'), undefined, 'failed entries make room');
  t.equal(host.arpState('10.2.0.1'), 'INCOMPLETE');
  t.equal(host.stack.neighbors.entries().length, MAX_NEIGHBORS);
});

t.test('requests: only for neighbours, never for what lies behind a gateway, nor for broadcasts', async (t) => {
  const host = new StackBench({ eth0: '10.0.0.1/24' }, { routes: ['0.0.0.0/0 via 10.0.0.254'] });
  host.ping('192.0.2.1');
  t.same(host.said(), ['eth0 to all: ARP who has 10.0.0.254? tell 10.0.0.1']);
  host.ping('10.0.0.255');
  t.same(host.said(), [`eth0 to all: ${echo('10.0.0.1', '10.0.0.255', 2)}`]);
  host.ping('127.0.0.1');
  host.ping('10.0.0.1');
  t.same(host.said(), []);
});

t.test('answers: for any own address, on any interface; for no other', async (t) => {
  const host = new StackBench({ eth0: '10.0.0.1/24', eth1: '192.168.1.1/24' });
  host.hears('eth0', arpRequest('10.0.0.2', PEER, '192.168.1.1'));
  t.same(host.said(), [`eth0 to ${formatMac(PEER)}: ARP 192.168.1.1 is at ${formatMac(host.mac('eth0'))}`]);
  for (const target of ['10.0.0.3', '127.0.0.1', '10.0.0.255', '0.0.0.0']) {
    host.hears('eth0', arpRequest('10.0.0.2', PEER, target));
  }
  t.same(host.said(), []);
});

t.test('learning: known senders are updated by whatever they say, unknown ones only by asking us', async (t) => {
  const host = acquainted();
  host.hears('eth0', arpRequest('10.0.0.2', OTHER, '10.0.0.9'));
  t.same(host.arpTable(), [`10.0.0.2 STALE ${formatMac(OTHER)}`], 'a new MAC address, not yet confirmed');
  host.hears('eth0', arpRequest('10.0.0.3', PEER, '10.0.0.9'));
  host.hears('eth0', arpRequest('10.0.0.4', PEER, '10.0.0.4'));
  t.equal(host.arpTable().length, 1);
  host.hears('eth0', arpReply('10.0.0.5', PEER, '10.0.0.1', host.mac('eth0')));
  t.equal(host.arpTable().length, 1, 'nobody asked for this answer');
  t.equal(host.counters.get('arp.unsolicited'), 1);
  host.hears('eth0', arpRequest('10.0.0.6', PEER, '10.0.0.1'));
  t.equal(host.arpState('10.0.0.6'), 'STALE');
});

t.test('learning: hearing what is known already does not age an entry', async (t) => {
  const host = acquainted();
  host.hears('eth0', arpRequest('10.0.0.2', PEER, '10.0.0.9'));
  t.equal(host.arpState('10.0.0.2'), 'REACHABLE');
});

t.test('learning: a request of the neighbour that we wait for is as good as an answer', async (t) => {
  const host = bench();
  host.ping('10.0.0.2');
  host.said();
  host.hears('eth0', arpRequest('10.0.0.2', PEER, '10.0.0.1'));
  t.same(host.said(), [
    `eth0 to ${formatMac(PEER)}: ${echo('10.0.0.1', '10.0.0.2')}`,
    `eth0 to ${formatMac(PEER)}: ${IS_AT_1}`,
  ]);
  t.equal(host.arpState('10.0.0.2'), 'DELAY', 'it is in use now: whether the neighbour hears us will be asked');
});

t.test('start announces every address', async (t) => {
  const host = new StackBench({ eth0: '10.0.0.1/24 10.0.0.7/24', eth1: '192.168.1.1/24', eth2: '' });
  host.stack.start();
  t.same(host.said(), [
    'eth0 to all: ARP announcement for 10.0.0.1',
    'eth0 to all: ARP announcement for 10.0.0.7',
    'eth1 to all: ARP announcement for 192.168.1.1',
  ]);
});

t.test('a conflict is noticed, and the address defended once in ten seconds', async (t) => {
  const host = bench();
  host.hears('eth0', arpRequest('10.0.0.1', OTHER, '10.0.0.1'));
  t.same(host.trace, [{ event: 'arp-conflict', interface: 'eth0', ip: '10.0.0.1', mac: formatMac(OTHER) }]);
  t.same(host.said(), ['eth0 to all: ARP announcement for 10.0.0.1', `eth0 to ${formatMac(OTHER)}: ${IS_AT_1}`]);
  t.same(host.arpTable(), [], 'nobody else has our address');
  host.wait(9_999);
  host.hears('eth0', arpReply('10.0.0.1', OTHER, '10.0.0.2', PEER));
  t.same(host.said(), []);
  t.equal(host.counters.get('arp.conflict'), 1, 'that one was not for us: the NIC dropped it');
  host.hears('eth0', { ...arpReply('10.0.0.1', OTHER, '10.0.0.2', PEER), dst: BROADCAST_MAC });
  t.equal(host.counters.get('arp.conflict'), 2);
  t.same(host.said(), [], 'within ten seconds it stays silent');
  host.wait(1);
  host.hears('eth0', { ...arpReply('10.0.0.1', OTHER, '10.0.0.2', PEER), dst: BROADCAST_MAC });
  t.same(host.said(), ['eth0 to all: ARP announcement for 10.0.0.1']);
});

t.test('a probe (RFC 5227) is answered, and its sender not learned', async (t) => {
  const host = bench();
  host.hears('eth0', arpRequest('0.0.0.0', PEER, '10.0.0.1'));
  t.same(host.said(), [`eth0 to ${formatMac(PEER)}: ${IS_AT_1}`]);
  t.same(host.arpTable(), []);
});

t.test('probing for an address: a user of it, or another prober, is reported until the probing stops', async (t) => {
  const host = bench('');
  const taken: string[] = [];
  host.stack.neighbors.probe(host.nic('eth0'), ip('10.0.0.1'), (mac) => taken.push(formatMac(mac)));
  t.same(host.said(), ['eth0 to all: ARP probe for 10.0.0.1']);
  host.hears('eth0', arpReply('10.0.0.1', PEER, '0.0.0.0', host.mac('eth0')));
  host.hears('eth0', arpRequest('0.0.0.0', OTHER, '10.0.0.1'));
  host.hears('eth0', arpRequest('10.0.0.9', OTHER, '10.0.0.1'));
  t.same(taken, [formatMac(PEER), formatMac(OTHER)], 'who only looks for it does not have it');
  host.stack.neighbors.stopProbing(host.nic('eth0'), ip('10.0.0.1'));
  host.hears('eth0', arpRequest('0.0.0.0', OTHER, '10.0.0.1'));
  t.equal(taken.length, 2);
});

t.test('our own frames that a loop brings back are no conflict', async (t) => {
  const host = bench();
  host.hears('eth0', arpRequest('10.0.0.1', host.mac('eth0'), '10.0.0.1'));
  t.same(host.said(), []);
  t.equal(host.counters.get('arp.ownFrame'), 1);
});

t.test('fixed entries neither expire nor change; deleted ones are asked for again', async (t) => {
  const host = bench();
  host.knows('eth0', '10.0.0.2');
  host.hears('eth0', arpRequest('10.0.0.2', OTHER, '10.0.0.1'));
  host.hears('eth0', arpReply('10.0.0.2', OTHER, '10.0.0.1', host.mac('eth0')));
  host.wait(3_600_000);
  t.same(host.arpTable(), [`10.0.0.2 PERMANENT ${formatMac(PEER)}`]);
  t.equal(host.stack.neighbors.delete(ip('10.0.0.2')), true);
  t.equal(host.stack.neighbors.delete(ip('10.0.0.2')), false);
  host.said();
  host.ping('10.0.0.2');
  t.same(host.said(), [`eth0 to all: ${WHO_HAS_2}`]);
});

t.test('what no honest host says is counted and changes nothing', async (t) => {
  const host = bench();
  host.hears('eth0', { dst: BROADCAST_MAC, etherType: ETHERTYPE_ARP, payload: Uint8Array.of(0, 1, 8) });
  t.equal(host.counters.get('arp.malformed'), 1);
  host.hears('eth0', arpRequest('10.0.0.2', BROADCAST_MAC, '10.0.0.1'));
  host.hears('eth0', arpRequest('10.0.0.2', 0, '10.0.0.1'));
  host.hears('eth0', arpRequest('127.0.0.1', PEER, '10.0.0.1'));
  host.hears('eth0', arpRequest('224.0.0.1', PEER, '10.0.0.1'));
  host.hears('eth0', arpRequest('255.255.255.255', PEER, '10.0.0.1'));
  t.equal(host.counters.get('arp.badSender'), 5);
  t.same(host.arpTable(), []);
  t.same(host.said(), []);
});
