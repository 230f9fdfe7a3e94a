import t from 'tap';
import type { UdpBinding, UdpEndpoint } from '../../../devices/stack/transport/udp.js';
import { BROADCAST_MAC, formatIpv4, formatMac } from '../../../devices/stack/wire/address.js';
import { frameOf } from '../../../devices/stack/wire/ethernet.js';
import {
  EXCEEDED_IN_TRANSIT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
} from '../../../devices/stack/wire/icmp.js';
import { ipv4Of, udpOf } from '../../support/packets.js';
import { icmp, ip, PEER, StackBench, udp } from '../../support/stack-bench.js';

const TO_PEER = `eth0 to ${formatMac(PEER)}:`;
const HELLO = new TextEncoder().encode('hello');
const ANY = 0;

function host(addresses = '10.0.0.1/24'): StackBench {
  const bench = new StackBench(
    { eth0: addresses, eth1: '192.168.1.1/24' },
    { routes: ['0.0.0.0/0 via 192.168.1.254'] },
  );
  if (addresses !== '') bench.knows('eth0', '10.0.0.2');
  return bench;
}

function bind(bench: StackBench, address: string, port: number, rest: Partial<UdpBinding> = {}): UdpEndpoint {
  return bench.stack.udp.bind({ address: ip(address), port, ...rest });
}

/** An endpoint that writes down what it gets: `10.0.0.2:5000 by eth0: hello`. */
function listener(bench: StackBench, address: string, port: number, rest: Partial<UdpBinding> = {}) {
  const endpoint = bind(bench, address, port, rest);
  const heard: string[] = [];
  endpoint.onDatagram = (payload, from) => {
    const by = from.nic === undefined ? '' : ` by ${from.nic.name}`;
    heard.push(`${formatIpv4(from.address)}:${from.port}${by}: ${new TextDecoder().decode(payload)}`);
  };
  return { endpoint, heard };
}

t.test('a question and its answer', async (t) => {
  const bench = host();
  const { endpoint, heard } = listener(bench, '0.0.0.0', 5353);
  t.equal(endpoint.send(HELLO, { address: ip('10.0.0.2'), port: 53 }), undefined);
  t.same(bench.lines(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 UDP 5353 > 53 5 bytes`]);
  t.same(udpOf(bench.packets()[0])?.payload, HELLO, 'the checksum is right');
  bench.hears('eth0', udp('10.0.0.2:53', '10.0.0.1:5353', HELLO));
  t.same(heard, ['10.0.0.2:53 by eth0: hello']);
  t.match(endpoint.info(), { local: '0.0.0.0:5353', remote: '0.0.0.0:*', bytesSent: 5, bytesReceived: 5 });
});

t.test('datagrams within the machine', async (t) => {
  const bench = host();
  const { heard } = listener(bench, '127.0.0.1', 53);
  const client = bind(bench, '0.0.0.0', 4000);
  bench.stack.perform(0, () => client.send(HELLO, { address: ip('127.0.0.1'), port: 53 }));
  t.same(heard, ['127.0.0.1:4000: hello']);
  t.same(bench.said(), []);
});

t.test('nobody listens: port unreachable', async (t) => {
  const bench = host();
  bench.hears('eth0', udp('10.0.0.2:5000', '10.0.0.1:9', HELLO));
  t.same(bench.said(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 ICMP port unreachable`]);
  t.equal(bench.counters.get('udp.noPort'), 1);
});

t.test('a connected endpoint hears its peer alone', async (t) => {
  const bench = host();
  const { endpoint, heard } = listener(bench, '0.0.0.0', 4000);
  endpoint.connect({ address: ip('10.0.0.2'), port: 53 });
  bench.hears('eth0', udp('10.0.0.2:54', '10.0.0.1:4000', HELLO));
  bench.hears('eth0', udp('10.0.0.3:53', '10.0.0.1:4000', HELLO));
  bench.hears('eth0', udp('10.0.0.2:53', '10.0.0.1:4000', HELLO));
  t.same(heard, ['10.0.0.2:53 by eth0: hello']);
  bench.said();
  endpoint.send(HELLO);
  t.same(bench.said(), [`${TO_PEER} IP 10.0.0.1 > 10.0.0.2 UDP 4000 > 53 5 bytes`]);
});

t.test(
  'the endpoint that fits best gets it: connected, then bound to the interface, then to the address',
  async (t) => {
    const bench = host();
    const any = listener(bench, '0.0.0.0', 4000, { reuse: true });
    const addressed = listener(bench, '10.0.0.1', 4000, { reuse: true });
    const onNic = listener(bench, '0.0.0.0', 4000, { reuse: true, nic: bench.nic('eth0') });
    const connected = listener(bench, '0.0.0.0', 4000, { reuse: true });
    connected.endpoint.connect({ address: ip('10.0.0.2'), port: 53 });
    const heard = () => [any, addressed, onNic, connected].map((each) => each.heard.splice(0).length);
    bench.hears('eth0', udp('10.0.0.2:53', '10.0.0.1:4000', HELLO));
    t.same(heard(), [0, 0, 0, 1]);
    connected.endpoint.close();
    bench.hears('eth0', udp('10.0.0.2:53', '10.0.0.1:4000', HELLO));
    t.same(heard(), [0, 0, 1, 0]);
    onNic.endpoint.close();
    bench.hears('eth0', udp('10.0.0.2:53', '10.0.0.1:4000', HELLO));
    t.same(heard(), [0, 1, 0, 0]);
    bench.hears('eth0', udp('10.0.0.2:53', '192.168.1.1:4000', HELLO));
    t.same(heard(), [1, 0, 0, 0]);
  },
);

t.test('a broadcast is for all who listen, and nobody complains', async (t) => {
  const bench = host();
  const one = listener(bench, '0.0.0.0', 67, { reuse: true });
  const two = listener(bench, '0.0.0.0', 67, { reuse: true });
  const addressed = listener(bench, '10.0.0.1', 67, { reuse: true });
  bench.hears('eth0', { ...udp('0.0.0.0:68', '255.255.255.255:67', HELLO), dst: BROADCAST_MAC });
  t.same([one.heard, two.heard], [['0.0.0.0:68 by eth0: hello'], ['0.0.0.0:68 by eth0: hello']]);
  t.same(addressed.heard, [], 'a broadcast was not sent to that address');
  bench.hears('eth0', { ...udp('0.0.0.0:68', '255.255.255.255:69', HELLO), dst: BROADCAST_MAC });
  t.same(bench.said(), []);
});

t.test('First contact: an interface without an address sends and hears broadcasts', async (t) => {
  const bench = host('');
  const { endpoint, heard } = listener(bench, '0.0.0.0', 68, { nic: bench.nic('eth0') });
  const everybody = { address: ip('255.255.255.255'), port: 67 };
  t.equal(endpoint.send(HELLO, everybody)?.code, 'EACCES', 'who shouts must mean it');
  t.equal(endpoint.send(HELLO, everybody, { broadcast: true }), undefined);
  t.same(bench.said(), ['eth0 to all: IP 0.0.0.0 > 255.255.255.255 UDP 68 > 67 5 bytes']);
  bench.hears('eth0', { ...udp('10.0.0.254:67', '255.255.255.255:68', HELLO), dst: BROADCAST_MAC });
  bench.hears('eth1', { ...udp('192.168.1.9:67', '255.255.255.255:68', HELLO), dst: BROADCAST_MAC });
  t.same(heard, ['10.0.0.254:67 by eth0: hello'], 'of its own interface alone');
});

t.test('bind: what is taken, what is foreign, what goes together', async (t) => {
  const bench = host();
  bind(bench, '10.0.0.1', 53);
  t.throws(() => bind(bench, '10.0.0.1', 53), { code: 'EADDRINUSE' });
  t.throws(() => bind(bench, '0.0.0.0', 53), { code: 'EADDRINUSE' });
  t.throws(() => bind(bench, '0.0.0.0', 53, { reuse: true }), { code: 'EADDRINUSE' }, 'both must agree');
  t.throws(() => bind(bench, '10.0.0.9', 53), { code: 'EADDRNOTAVAIL' });
  const other = bind(bench, '127.0.0.1', 53);
  bind(bench, '0.0.0.0', 68, { nic: bench.nic('eth0') });
  bind(bench, '0.0.0.0', 68, { nic: bench.nic('eth1') });
  t.same(
    bench.stack.udp.sockets().map((row) => row.local),
    ['10.0.0.1:53', '127.0.0.1:53', '0.0.0.0:68', '0.0.0.0:68'],
  );
  other.close();
  other.close();
  bind(bench, '127.0.0.1', 53);
  t.equal(bench.stack.udp.endpoints().length, 4);
});

t.test('ephemeral ports: in Linux’s range, not in turn, none twice', async (t) => {
  const bench = host();
  const ports = Array.from({ length: 200 }, () => bind(bench, '0.0.0.0', 0).local.port);
  t.ok(ports.every((port) => port >= 32768 && port <= 60999));
  t.equal(new Set(ports).size, 200);
  t.ok(ports.slice(1).filter((port, index) => port === ports[index] + 1).length < 5);
});

t.test('ephemeral ports: when all are taken the error says so', async (t) => {
  const bench = host();
  for (let port = 32768; port <= 60999; port++) bind(bench, '0.0.0.0', port);
  t.throws(() => bind(bench, '0.0.0.0', 0), { code: 'EADDRINUSE' });
});

t.test('send: errors that are known at once', async (t) => {
  const bench = host();
  const endpoint = bind(bench, '0.0.0.0', 4000);
  const to = (address: string, port: number) => ({ address: ip(address), port });
  t.equal(endpoint.send(HELLO)?.code, 'ENOTCONN');
  t.equal(endpoint.send(HELLO, to('10.0.0.2', 0))?.code, 'EINVAL');
  t.equal(endpoint.send(new Uint8Array(65_508), to('10.0.0.2', 53))?.code, 'EMSGSIZE');
  t.equal(endpoint.send(HELLO, to('10.0.0.255', 53))?.code, 'EACCES');
  t.equal(endpoint.send(HELLO, to('224.0.0.1', 53))?.code, 'ENETUNREACH');
  t.equal(endpoint.send(new Uint8Array(65_507), to('10.0.0.2', 53)), undefined);
  t.equal(bench.said().length, 45, 'the largest datagram, in fragments');
  t.equal(endpoint.send(HELLO, to('10.0.0.2', 53), { ttl: 3 }), undefined);
  t.equal(ipv4Of(bench.packets()[0])?.ttl, 3);
  endpoint.close();
  t.equal(endpoint.send(HELLO, to('10.0.0.2', 53))?.code, 'ENOTCONN');
});

t.test('ICMP errors reach a connected endpoint as Linux’s error codes', async (t) => {
  const bench = host();
  const endpoint = bind(bench, '0.0.0.0', 4000);
  const errors: string[] = [];
  endpoint.onError = (error) => errors.push(error.code);
  endpoint.connect({ address: ip('10.0.0.2'), port: 53 });
  const fail = (type: number, code: number, port = 53): void => {
    endpoint.send(HELLO, { address: ip('10.0.0.2'), port });
    const body = frameOf(bench.packets()[0]).subarray(14, 42);
    bench.hears('eth0', icmp('10.0.0.2', '10.0.0.1', { type, code, rest: 0, body }));
  };
  fail(ICMP_UNREACHABLE, UNREACHABLE_PORT);
  fail(ICMP_UNREACHABLE, UNREACHABLE_HOST);
  fail(ICMP_UNREACHABLE, UNREACHABLE_NET);
  fail(ICMP_UNREACHABLE, UNREACHABLE_ADMIN_PROHIBITED);
  t.same(errors, ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTUNREACH']);
  fail(ICMP_TIME_EXCEEDED, EXCEEDED_IN_TRANSIT);
  fail(ICMP_UNREACHABLE, UNREACHABLE_PORT, 54);
  t.equal(errors.length, 4, 'neither what may pass, nor what concerns another peer');
});

t.test('an unconnected endpoint that asks for them gets the ICMP errors themselves', async (t) => {
  const bench = host();
  const endpoint = bind(bench, '0.0.0.0', 4000);
  endpoint.onError = () => t.fail('it is not connected');
  const reports: string[] = [];
  endpoint.onIcmpError = ({ type, code, from }, to) => reports.push(`${type}/${code} ${formatIpv4(from)} ${to.port}`);
  endpoint.send(HELLO, { address: ip('10.0.0.2'), port: 33434 }, { ttl: 1 });
  const body = frameOf(bench.packets()[0]).subarray(14, 42);
  bench.hears('eth0', icmp('10.0.0.254', '10.0.0.1', { type: ICMP_TIME_EXCEEDED, code: 0, rest: 0, body }));
  t.same(reports, ['11/0 10.0.0.254 33434']);
});

t.test('nobody answers ARP: the connected endpoint learns that its peer cannot be reached', async (t) => {
  const bench = host();
  const endpoint = bind(bench, '0.0.0.0', 4000);
  const errors: string[] = [];
  endpoint.onError = (error) => errors.push(error.code);
  endpoint.connect({ address: ip('10.0.0.7'), port: 53 });
  endpoint.send(new Uint8Array(3000));
  bench.wait(3000);
  t.same(errors, ['EHOSTUNREACH'], 'once, though three fragments waited');
});

t.test('damaged datagrams, and those that nobody reads, are counted', async (t) => {
  const bench = host();
  const endpoint = bind(bench, '0.0.0.0', 4000);
  const damaged = udp('10.0.0.2:53', '10.0.0.1:4000', HELLO);
  damaged.payload[28] ^= 1;
  bench.hears('eth0', damaged);
  t.equal(bench.counters.get('udp.malformed'), 1);
  bench.hears('eth0', udp('10.0.0.2:53', '10.0.0.1:4000', HELLO));
  t.equal(bench.counters.get('udp.noReader'), 1);
  t.equal(endpoint.local.address, ANY);
  t.same(bench.said(), []);
});
