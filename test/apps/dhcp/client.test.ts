import t from 'tap';
import { DhcpClient } from '../../../devices/apps/dhcp/client.js';
import type { ClientLease } from '../../../devices/apps/dhcp/lease.js';
import { NO_LOG } from '../../../devices/apps/machine.js';
import { Random } from '../../../devices/stack/random.js';
import { formatIpv4 } from '../../../devices/stack/wire/address.js';
import {
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  DHCPACK,
  DHCPNAK,
  DHCPOFFER,
  type DhcpMessage,
} from '../../../devices/stack/wire/dhcp.js';
import type { DhcpOptions } from '../../../devices/stack/wire/dhcp-options.js';
import { DhcpBench, ip } from './dhcp-bench.js';

const SERVER = '10.0.0.1';
const LEASE: DhcpOptions = {
  subnetMask: ip('255.255.255.0'),
  routers: [ip(SERVER)],
  dnsServers: [ip('10.0.0.53')],
  domainName: 'lan',
  leaseSeconds: 3600,
  serverIdentifier: ip(SERVER),
};

class ClientBench extends DhcpBench {
  readonly configured: ClientLease[] = [];
  lost = 0;
  readonly lines: string[] = [];
  readonly client: DhcpClient;
  /** Of the last message heard. */
  transactionId = 0;

  constructor() {
    super([''], '10.0.0.1/24', DHCP_SERVER_PORT);
    const { stack } = this.node;
    this.client = new DhcpClient(this.network, stack.nics[0], {
      random: new Random('client'),
      log: NO_LOG,
      tracer: stack.tracer,
      hostName: 'laptop',
      onConfigured: (lease) => this.configured.push(lease),
      onUnconfigured: () => {
        this.lost += 1;
      },
    });
    this.client.watchers.add((line) => this.lines.push(line));
  }

  /** Reads what the client has said, to answer the last of it. */
  listen(): string[] {
    const heard = this.heard();
    this.transactionId = heard.at(-1)?.message.transactionId ?? this.transactionId;
    return heard.map(({ from, to, message }) => {
      const { requestedAddress, serverIdentifier } = message.options;
      const wanted = requestedAddress === undefined ? '' : ` wants ${formatIpv4(requestedAddress)}`;
      const server = serverIdentifier === undefined ? '' : ` of ${formatIpv4(serverIdentifier)}`;
      return `${message.type} ${from} > ${to}${wanted}${server}`;
    });
  }

  answer(type: number, options: DhcpOptions = LEASE, rest: Partial<DhcpMessage> = {}): void {
    const { transactionId } = this;
    const yourAddress = type === DHCPNAK ? 0 : ip('10.0.0.5');
    this.says({ type, transactionId, yourAddress, clientMac: this.node.mac(), options, ...rest }, DHCP_CLIENT_PORT);
  }

  /** Through the whole exchange to BOUND. */
  bind(options: DhcpOptions = LEASE): void {
    this.client.start();
    this.pass(5);
    this.listen();
    this.answer(DHCPOFFER, options);
    this.listen();
    this.answer(DHCPACK, options);
    this.pass(300);
    this.listen();
  }

  addresses(): string[] {
    return this.node.stack.ipv4.interfaces[0].addresses.map(
      ({ address, prefixLength }) => `${formatIpv4(address)}/${prefixLength}`,
    );
  }

  states(): string[] {
    return this.node.traced.flatMap((event) => (event.event === 'dhcp-state' ? [event.state] : []));
  }
}

const DISCOVER = '1 0.0.0.0:68 > 255.255.255.255:67';
const REQUEST = '3 0.0.0.0:68 > 255.255.255.255:67 wants 10.0.0.5 of 10.0.0.1';

t.test('discover, offer, request, ack: address, routes, resolver, lease', (t) => {
  const bench = new ClientBench();
  bench.client.start();
  bench.pass(5);
  const [discover] = bench.heard();
  t.equal(discover.message.broadcast, true);
  t.equal(discover.message.options.hostName, 'laptop');
  t.same(discover.message.options.parameterRequestList, [1, 28, 3, 15, 6, 51, 58, 59]);
  t.equal(discover.message.clientMac, bench.node.mac());
  bench.transactionId = discover.message.transactionId;
  bench.answer(DHCPOFFER);
  t.same(bench.listen(), [REQUEST]);
  t.equal(bench.transactionId, discover.message.transactionId, 'the same transaction');
  bench.answer(DHCPACK);
  t.same(bench.addresses(), [], 'not before it is known that nobody uses it');
  bench.pass(300);
  t.same(bench.addresses(), ['10.0.0.5/24']);
  t.same(
    bench.node.stack.ipv4.routes
      .rows()
      .map(({ destination, gateway, source }) => `${destination} ${gateway} ${source}`),
    ['0.0.0.0 10.0.0.1 dhcp', '10.0.0.0  connected'],
  );
  t.same(
    bench.configured.map(({ dnsServers, domain }) => ({ dnsServers, domain })),
    [{ dnsServers: [ip('10.0.0.53')], domain: 'lan' }],
  );
  t.same(bench.states(), ['SELECTING', 'REQUESTING', 'BOUND']);
  t.same(bench.client.row(), {
    role: 'client',
    interface: 'eth0',
    address: '10.0.0.5',
    mac: bench.client.row().mac,
    state: 'BOUND',
    server: '10.0.0.1',
    leaseSeconds: 3600,
    hostName: 'laptop',
  });
  t.match(bench.lines[0], /^DHCPDISCOVER on eth0 to 255\.255\.255\.255 port 67 interval [345]$/);
  t.same(bench.lines.slice(1), [
    'DHCPOFFER of 10.0.0.5 from 10.0.0.1',
    'DHCPREQUEST for 10.0.0.5 on eth0 to 255.255.255.255 port 67',
    'DHCPACK of 10.0.0.5 from 10.0.0.1',
    'bound to 10.0.0.5 -- renewal in 1800 seconds.',
  ]);
  t.end();
});

t.test('without an answer it asks again after 4, 8, 16, 32, 64, 64 s, each a second more or less', (t) => {
  const bench = new ClientBench();
  bench.client.start();
  bench.pass(200_000);
  const heard = bench.heard();
  const gaps = heard.slice(1).map(({ at }, index) => (at - heard[index].at) / 1000);
  t.equal(heard.length, 7);
  [4, 8, 16, 32, 64, 64].forEach((seconds, index) => {
    t.ok(Math.abs(gaps[index] - seconds) <= 1, `${gaps[index]} s is about ${seconds} s`);
  });
  t.same(
    heard.map(({ at, message }) => message.seconds === Math.floor(at / 1000)),
    heard.map(() => true),
    'secs counts',
  );
  t.end();
});

t.test('a REQUEST without an answer is sent five times, then all begins anew', (t) => {
  const bench = new ClientBench();
  bench.client.start();
  bench.pass(5);
  bench.listen();
  bench.answer(DHCPOFFER);
  bench.wiring.runSync(() => bench.client.state === 'SELECTING');
  t.same(bench.listen(), [REQUEST, REQUEST, REQUEST, REQUEST, REQUEST, DISCOVER]);
  t.end();
});

t.test('a NAK leads back to INIT: at once the first time, later with growing pauses', (t) => {
  const bench = new ClientBench();
  const discoveredAt: number[] = [];
  bench.client.start();
  bench.pass(5);
  for (let round = 0; round < 4; round++) {
    const [{ at, message }] = bench.heard();
    discoveredAt.push(at);
    bench.transactionId = message.transactionId;
    bench.answer(DHCPOFFER);
    bench.listen();
    bench.answer(DHCPNAK, { serverIdentifier: ip(SERVER) });
    if (round > 0) t.equal(bench.client.state, 'INIT');
    bench.wiring.runSync(() => bench.client.state === 'SELECTING');
    bench.pass(1);
  }
  const gaps = discoveredAt.slice(1).map((at, index) => Math.round((at - discoveredAt[index]) / 1000));
  t.same(gaps, [0, 4, 8]);
  t.end();
});

t.test('T1: RENEWING by unicast; T2: REBINDING by broadcast; expiry: address and routes go, INIT', (t) => {
  const bench = new ClientBench();
  bench.bind();
  bench.wiring.runSync(1_800_100);
  t.same(bench.listen(), ['3 10.0.0.5:68 > 10.0.0.1:67'], 'half of the lease');
  t.equal(bench.client.state, 'RENEWING');
  bench.wiring.runSync(3_150_100);
  const again = bench.listen();
  t.same(again.at(-1), '3 10.0.0.5:68 > 255.255.255.255:67');
  t.equal(new Set(again.slice(0, -1)).size, 1, 'unicast until T2');
  t.equal(again.length, 6, 'after half of what is left: 675, 337, 169, 84, 60, and 25 s to T2');
  t.equal(bench.client.state, 'REBINDING');
  bench.wiring.runSync(3_600_100);
  t.same(bench.addresses(), []);
  t.same(bench.node.stack.ipv4.routes.rows(), []);
  t.equal(bench.lost, 1);
  t.equal(bench.listen().at(-1), DISCOVER);
  t.same(bench.states(), ['SELECTING', 'REQUESTING', 'BOUND', 'RENEWING', 'REBINDING', 'INIT', 'SELECTING']);
  t.end();
});

t.test('a renewal starts the lease anew, and brings other values', (t) => {
  const bench = new ClientBench();
  bench.bind();
  bench.wiring.runSync(1_800_100);
  const [{ message }] = bench.heard();
  t.equal(message.clientAddress, ip('10.0.0.5'));
  t.equal(message.options.requestedAddress, undefined);
  t.equal(message.options.serverIdentifier, undefined);
  t.equal(message.broadcast, false);
  bench.transactionId = message.transactionId;
  bench.answer(DHCPACK, { ...LEASE, routers: [ip('10.0.0.254')], leaseSeconds: 600 });
  t.equal(bench.client.state, 'BOUND');
  t.same(
    bench.node.stack.ipv4.routes.rows().map(({ destination, gateway }) => `${destination} ${gateway}`),
    ['0.0.0.0 10.0.0.254', '10.0.0.0 '],
  );
  t.equal(bench.client.row().leaseSeconds, 600);
  t.equal(bench.configured.length, 2);
  t.equal(bench.lost, 0);
  bench.wiring.runSync(2_100_100);
  t.equal(bench.client.state, 'RENEWING');
  t.end();
});

t.test('while REBINDING another server may answer; a NAK takes the address away', (t) => {
  const bench = new ClientBench();
  bench.bind();
  bench.wiring.runSync(3_150_100);
  bench.listen();
  bench.answer(DHCPACK, { ...LEASE, serverIdentifier: ip('10.0.0.2') });
  t.equal(bench.client.row().server, '10.0.0.2');
  bench.wiring.runSync(3_150_100 + 3_150_000);
  t.match(bench.listen(), ['3 10.0.0.5:68 > 255.255.255.255:67']);
  bench.answer(DHCPNAK, { serverIdentifier: ip('10.0.0.2') });
  t.same(bench.addresses(), []);
  t.same(bench.listen(), [DISCOVER]);
  t.end();
});

t.test('an address in use: DECLINE, ten seconds, INIT', (t) => {
  const bench = new ClientBench();
  bench.peer.stack.ipv4.addAddress(bench.peer.stack.nics[0], { address: ip('10.0.0.5'), prefixLength: 24 });
  bench.bind();
  t.same(bench.addresses(), []);
  t.equal(bench.client.state, 'INIT');
  t.equal(bench.count('declineOut'), 1);
  t.match(bench.lines.at(-1), 'DHCPDECLINE of 10.0.0.5 on eth0');
  bench.pass(10_000);
  t.same(bench.listen(), [DISCOVER]);
  t.end();
});

t.test('stop: RELEASE by unicast, then the address goes; start asks anew', async (t) => {
  const bench = new ClientBench();
  bench.bind();
  const stopped = bench.client.stop();
  t.same(bench.addresses(), ['10.0.0.5/24'], 'kept until ARP has told where the server is');
  bench.pass(1000);
  await stopped;
  const [release] = bench.heard();
  t.equal(release.message.type, 7);
  t.equal(`${release.from} > ${release.to}`, '10.0.0.5:68 > 10.0.0.1:67');
  t.equal(release.message.clientAddress, ip('10.0.0.5'));
  t.equal(release.message.options.serverIdentifier, ip(SERVER));
  t.same(bench.addresses(), []);
  t.equal(bench.client.row().state, 'INIT');
  t.equal(bench.node.stack.udp.endpoints().length, 0);
  bench.pass(100_000);
  t.same(bench.heard(), [], 'silence');
  bench.client.start();
  bench.pass(5);
  t.same(bench.listen(), [DISCOVER]);
  await bench.client.stop();
  t.end();
});

t.test('a lease without end has no timers', (t) => {
  const bench = new ClientBench();
  bench.bind({ ...LEASE, leaseSeconds: 0xffffffff });
  t.equal(bench.client.state, 'BOUND');
  bench.pass(1e9);
  t.same(bench.heard(), []);
  t.end();
});

t.test('counted and ignored: malformed, foreign, unexpected, unusable, from the wrong server', (t) => {
  const bench = new ClientBench();
  bench.client.start();
  bench.pass(5);
  bench.listen();
  bench.saysBytes(new Uint8Array(10), DHCP_CLIENT_PORT);
  t.equal(bench.count('malformed'), 1);
  bench.answer(DHCPOFFER, LEASE, { op: 1 });
  t.equal(bench.count('notAReply'), 1);
  bench.answer(DHCPOFFER, LEASE, { clientMac: 42 });
  bench.answer(DHCPOFFER, LEASE, { transactionId: 42 });
  t.equal(bench.count('notForUs'), 2);
  bench.answer(DHCPACK);
  t.equal(bench.count('unexpected'), 1, 'an ACK without a REQUEST');
  const { serverIdentifier: _, ...anonymous } = LEASE;
  bench.answer(DHCPOFFER, anonymous);
  bench.answer(DHCPOFFER, { ...LEASE, leaseSeconds: 0 });
  bench.answer(DHCPOFFER, { ...LEASE, subnetMask: ip('255.0.255.0') });
  for (const bad of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '10.0.0.0', '10.0.0.255']) {
    bench.answer(DHCPOFFER, LEASE, { yourAddress: ip(bad) });
  }
  t.equal(bench.count('unusable'), 8);
  t.equal(bench.client.state, 'SELECTING');
  bench.answer(DHCPOFFER);
  bench.listen();
  bench.answer(DHCPACK, { ...LEASE, serverIdentifier: ip('10.0.0.66') });
  bench.answer(DHCPNAK, { ...LEASE, serverIdentifier: ip('10.0.0.66') });
  t.equal(bench.count('wrongServer'), 2, 'a rogue server');
  t.equal(bench.client.state, 'REQUESTING');
  bench.answer(DHCPACK);
  bench.pass(300);
  t.equal(bench.client.state, 'BOUND');
  t.end();
});
