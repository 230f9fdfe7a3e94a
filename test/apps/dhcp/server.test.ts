import t from 'tap';
import { DECLINED_MS, DhcpServer, OFFER_HOLD_MS } from '../../../devices/apps/dhcp/server.js';
import { NO_LOG } from '../../../devices/apps/machine.js';
import type { DhcpServerConfig } from '../../../devices/control/config.js';
import { BROADCAST_MAC, formatIpv4, formatMac } from '../../../devices/stack/wire/address.js';
import {
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  DHCPACK,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPINFORM,
  DHCPOFFER,
  DHCPRELEASE,
  DHCPREQUEST,
  type DhcpMessage,
} from '../../../devices/stack/wire/dhcp.js';
import { DhcpBench, type Heard, ip } from './dhcp-bench.js';

const CONFIG: DhcpServerConfig = {
  interface: 'eth0',
  from: '192.168.1.100',
  to: '192.168.1.102',
  leaseSeconds: 3600,
  gateway: '192.168.1.1',
  dnsServers: ['192.168.1.1'],
  domain: 'lan',
};
const SERVER = ip('192.168.1.1');
const ALICE = 0x02000000000a;
const BOB = 0x02000000000b;

class ServerBench extends DhcpBench {
  readonly server: DhcpServer;

  constructor(config: Partial<DhcpServerConfig> = {}) {
    super(['192.168.1.1/24', '10.0.0.1/24'], '192.168.1.99/24', DHCP_CLIENT_PORT);
    this.server = new DhcpServer(this.network, { ...CONFIG, ...config }, NO_LOG);
    this.server.start();
  }

  /** What the server answers to one message. */
  asks(type: number, message: Partial<DhcpMessage> = {}): Heard[] {
    this.heard();
    this.says({ broadcast: true, clientMac: ALICE, ...message, type }, DHCP_SERVER_PORT);
    return this.heard();
  }

  /** The same in short: `OFFER 192.168.1.100`. */
  answers(type: number, message: Partial<DhcpMessage> = {}): string[] {
    return this.asks(type, message).map(({ message: answer }) => {
      const name = { 2: 'OFFER', 5: 'ACK', 6: 'NAK' }[answer.type];
      return answer.type === 6 ? `NAK ${answer.options.message}` : `${name} ${formatIpv4(answer.yourAddress)}`;
    });
  }

  take(address: string, message: Partial<DhcpMessage> = {}): string[] {
    const options = { requestedAddress: ip(address), serverIdentifier: SERVER, ...message.options };
    return this.answers(DHCPREQUEST, { ...message, options });
  }

  leases(): string[] {
    return this.server.rows().map((row) => `${row.address} ${row.state} ${row.mac} ${row.leaseSeconds}`);
  }
}

t.test('discover, offer, request, ack', (t) => {
  const bench = new ServerBench();
  const [offer] = bench.asks(DHCPDISCOVER, { transactionId: 7, options: { hostName: 'laptop' } });
  t.equal(offer.message.type, DHCPOFFER);
  t.equal(offer.message.transactionId, 7);
  t.equal(offer.message.clientMac, ALICE);
  t.equal(offer.message.yourAddress, ip('192.168.1.100'));
  t.same(offer.message.options, {
    serverIdentifier: SERVER,
    subnetMask: ip('255.255.255.0'),
    broadcastAddress: ip('192.168.1.255'),
    routers: [SERVER],
    dnsServers: [SERVER],
    domainName: 'lan',
    leaseSeconds: 3600,
    renewalSeconds: 1800,
    rebindingSeconds: 3150,
  });
  t.same(bench.leases(), [`192.168.1.100 OFFERED ${formatMac(ALICE)} 30`]);
  t.same(bench.take('192.168.1.100', { options: { hostName: 'laptop' } }), ['ACK 192.168.1.100']);
  t.same(bench.server.rows(), [
    {
      role: 'server',
      interface: 'eth0',
      address: '192.168.1.100',
      mac: formatMac(ALICE),
      state: 'BOUND',
      server: '192.168.1.1',
      leaseSeconds: 3600,
      hostName: 'laptop',
    },
  ]);
  t.end();
});

t.test('how the answer travels (section 4.1)', (t) => {
  const bench = new ServerBench();
  const way = (heard: Heard[]) => heard.map(({ from, to, frameTo }) => `${from} > ${to} to ${formatMac(frameTo)}`);
  const all = formatMac(BROADCAST_MAC);
  t.same(way(bench.asks(DHCPDISCOVER)), [`192.168.1.1:67 > 255.255.255.255:68 to ${all}`], 'BROADCAST bit');
  t.same(
    way(bench.asks(DHCPDISCOVER, { broadcast: false })),
    [`192.168.1.1:67 > 192.168.1.100:68 to ${formatMac(ALICE)}`],
    'else to the address that the client is about to have, without ARP',
  );
  const selecting = {
    broadcast: false,
    clientAddress: ip('192.168.1.100'),
    options: { requestedAddress: ip('192.168.1.100'), serverIdentifier: SERVER },
  };
  t.same(
    way(bench.asks(DHCPREQUEST, selecting)),
    [`192.168.1.1:67 > 192.168.1.100:68 to ${formatMac(ALICE)}`],
    'also when the client writes that address into ciaddr already, as VPCS does',
  );
  const wrong = { broadcast: false, options: { requestedAddress: ip('10.9.9.9') } };
  t.same(way(bench.asks(DHCPREQUEST, wrong)), [`192.168.1.1:67 > 255.255.255.255:68 to ${all}`], 'a NAK to all');
  const peer = bench.peer.mac();
  const inform = { clientAddress: ip('192.168.1.99'), clientMac: peer };
  t.same(way(bench.asks(DHCPINFORM, inform)), [`192.168.1.1:67 > 192.168.1.99:68 to ${formatMac(peer)}`]);
  t.end();
});

t.test('which address: the current one, the former one, the one asked for, a new one', (t) => {
  const bench = new ServerBench();
  t.same(bench.answers(DHCPDISCOVER, { options: { requestedAddress: ip('192.168.1.102') } }), ['OFFER 192.168.1.102']);
  t.same(bench.answers(DHCPDISCOVER), ['OFFER 192.168.1.102'], 'offered before');
  t.same(bench.take('192.168.1.102'), ['ACK 192.168.1.102']);
  t.same(bench.answers(DHCPDISCOVER, { options: { requestedAddress: ip('192.168.1.101') } }), ['OFFER 192.168.1.102']);
  t.same(bench.leases(), [`192.168.1.102 BOUND ${formatMac(ALICE)} 3600`], 'an offer to its holder ends no lease');
  const bob = { clientMac: BOB, options: { requestedAddress: ip('192.168.1.102') } };
  t.same(bench.answers(DHCPDISCOVER, bob), ['OFFER 192.168.1.100'], 'taken');
  t.same(bench.answers(DHCPDISCOVER, { clientMac: 3, options: { requestedAddress: ip('8.8.8.8') } }), [
    'OFFER 192.168.1.101',
  ]);
  t.same(bench.answers(DHCPDISCOVER, { clientMac: 4 }), [], 'all taken');
  t.equal(bench.count('poolExhausted'), 1);
  bench.pass(OFFER_HOLD_MS);
  t.same(bench.answers(DHCPDISCOVER, { clientMac: 4 }), ['OFFER 192.168.1.100'], 'an offer that was not taken up');
  t.end();
});

t.test('an expired lease is kept for its client until another one needs it', (t) => {
  const bench = new ServerBench({ to: '192.168.1.100' });
  bench.asks(DHCPDISCOVER);
  bench.take('192.168.1.100');
  t.same(bench.answers(DHCPDISCOVER, { clientMac: BOB }), []);
  bench.pass(3_600_000);
  t.same(bench.leases(), [`192.168.1.100 EXPIRED ${formatMac(ALICE)} 0`]);
  t.same(bench.answers(DHCPDISCOVER, { clientMac: BOB }), ['OFFER 192.168.1.100']);
  t.same(bench.answers(DHCPDISCOVER), []);
  t.end();
});

t.test('clients are told apart by their identifier, if they have one', (t) => {
  const bench = new ServerBench();
  const first = { options: { clientIdentifier: Uint8Array.of(0, 1, 2) } };
  const second = { options: { clientIdentifier: Uint8Array.of(0, 1, 3) } };
  t.same(bench.answers(DHCPDISCOVER, first), ['OFFER 192.168.1.100']);
  t.same(bench.answers(DHCPDISCOVER, second), ['OFFER 192.168.1.101']);
  t.same(bench.answers(DHCPDISCOVER, { ...first, clientMac: BOB }), ['OFFER 192.168.1.100']);
  const [{ message }] = bench.asks(DHCPDISCOVER, first);
  t.same(message.options.clientIdentifier, Uint8Array.of(0, 1, 2), 'goes back (RFC 6842)');
  t.end();
});

t.test('a reservation is for its client alone', (t) => {
  const reservations = { [formatMac(ALICE)]: '192.168.1.101', [formatMac(BOB)]: '192.168.1.7' };
  const bench = new ServerBench({ reservations });
  t.same(bench.answers(DHCPDISCOVER, { options: { requestedAddress: ip('192.168.1.100') } }), ['OFFER 192.168.1.101']);
  t.same(bench.answers(DHCPDISCOVER, { clientMac: BOB }), ['OFFER 192.168.1.7'], 'also outside the pool');
  const other = { clientMac: 3, options: { requestedAddress: ip('192.168.1.101') } };
  t.same(bench.answers(DHCPDISCOVER, other), ['OFFER 192.168.1.100']);
  t.same(bench.answers(DHCPDISCOVER, { clientMac: 4 }), ['OFFER 192.168.1.102']);
  t.end();
});

t.test('neither its own address, nor the gateway, nor the ends of the subnet are given', (t) => {
  const bench = new ServerBench({ from: '192.168.1.0', to: '192.168.1.4', gateway: '192.168.1.3' });
  const offers = [1, 2, 3].flatMap((clientMac) => bench.answers(DHCPDISCOVER, { clientMac }));
  t.same(offers, ['OFFER 192.168.1.2', 'OFFER 192.168.1.4']);
  t.end();
});

t.test('REQUEST while SELECTING: only what was offered', (t) => {
  const bench = new ServerBench();
  t.same(bench.take('192.168.1.100'), ['NAK address was not offered']);
  bench.asks(DHCPDISCOVER);
  t.same(bench.take('192.168.1.101'), ['NAK address was not offered']);
  const other = { requestedAddress: ip('192.168.1.200'), serverIdentifier: ip('192.168.1.2') };
  t.same(bench.answers(DHCPREQUEST, { options: other }), [], 'another server was chosen');
  t.same(bench.answers(DHCPDISCOVER, { clientMac: BOB, options: { requestedAddress: ip('192.168.1.100') } }), [
    'OFFER 192.168.1.100',
  ]);
  t.end();
});

t.test('REQUEST after a restart of the client (INIT-REBOOT)', (t) => {
  const bench = new ServerBench();
  const reboot = (address: string) => bench.answers(DHCPREQUEST, { options: { requestedAddress: ip(address) } });
  t.same(reboot('192.168.1.100'), [], 'unknown: silence');
  t.same(reboot('10.1.2.3'), ['NAK wrong network']);
  bench.asks(DHCPDISCOVER);
  bench.take('192.168.1.100');
  t.same(reboot('192.168.1.100'), ['ACK 192.168.1.100']);
  t.same(reboot('192.168.1.101'), ['NAK not your address']);
  t.end();
});

t.test('renewing starts the time anew; a lease from before a restart of the server is taken over', (t) => {
  const bench = new ServerBench();
  const peer = bench.peer.mac();
  const renew = { clientMac: peer, clientAddress: ip('192.168.1.99'), broadcast: false };
  t.same(bench.answers(DHCPREQUEST, renew), ['NAK address is taken'], 'outside the pool');
  bench.asks(DHCPDISCOVER);
  bench.take('192.168.1.100');
  bench.pass(1_800_000);
  bench.asks(DHCPREQUEST, { clientAddress: ip('192.168.1.100') });
  t.same(bench.leases(), [`192.168.1.100 BOUND ${formatMac(ALICE)} 3600`]);
  bench.asks(DHCPREQUEST, { clientMac: BOB, clientAddress: ip('192.168.1.101') });
  t.equal(bench.leases()[1], `192.168.1.101 BOUND ${formatMac(BOB)} 3600`);
  t.same(bench.answers(DHCPREQUEST, { clientMac: 3, clientAddress: ip('192.168.1.101') }), ['NAK address is taken']);
  t.end();
});

t.test('RELEASE frees, but only by its own client, which gets it again', (t) => {
  const bench = new ServerBench();
  bench.asks(DHCPDISCOVER);
  bench.take('192.168.1.100');
  const release = { clientAddress: ip('192.168.1.100') };
  t.same(bench.answers(DHCPRELEASE, { ...release, clientMac: BOB }), []);
  t.same(bench.leases(), [`192.168.1.100 BOUND ${formatMac(ALICE)} 3600`]);
  t.same(bench.answers(DHCPRELEASE, release), []);
  t.same(bench.leases(), [`192.168.1.100 RELEASED ${formatMac(ALICE)} 0`]);
  t.same(bench.answers(DHCPDISCOVER, { clientMac: BOB }), ['OFFER 192.168.1.101'], 'never used ones first');
  t.same(bench.answers(DHCPDISCOVER), ['OFFER 192.168.1.100']);
  t.end();
});

t.test('DECLINE puts the address into quarantine for ten minutes', (t) => {
  const bench = new ServerBench({ to: '192.168.1.100' });
  bench.asks(DHCPDISCOVER);
  bench.take('192.168.1.100');
  const options = { requestedAddress: ip('192.168.1.100'), serverIdentifier: SERVER };
  bench.asks(DHCPDECLINE, { clientMac: BOB, options });
  t.match(bench.leases(), [/BOUND/], 'not by others');
  bench.asks(DHCPDECLINE, { options });
  t.same(bench.leases(), [`192.168.1.100 DECLINED ${formatMac(ALICE)} 600`]);
  t.same(bench.answers(DHCPDISCOVER), []);
  bench.pass(DECLINED_MS);
  t.same(bench.answers(DHCPDISCOVER), ['OFFER 192.168.1.100']);
  t.end();
});

t.test('INFORM: the network, but neither address nor lease', (t) => {
  const bench = new ServerBench();
  const [{ message }] = bench.asks(DHCPINFORM, { clientAddress: ip('192.168.1.99'), clientMac: bench.peer.mac() });
  t.equal(message.type, DHCPACK);
  t.equal(message.yourAddress, 0);
  t.equal(message.options.leaseSeconds, undefined);
  t.same(message.options.dnsServers, [SERVER]);
  t.same(bench.answers(DHCPINFORM, { clientAddress: ip('10.9.9.9') }), []);
  t.equal(bench.count('wrongNetwork'), 1);
  t.same(bench.leases(), []);
  t.end();
});

t.test('a shorter lease on request, a longer one not', (t) => {
  const bench = new ServerBench();
  const leaseOf = (leaseSeconds: number) => bench.asks(DHCPDISCOVER, { options: { leaseSeconds } })[0].message.options;
  t.match(leaseOf(60), { leaseSeconds: 60, renewalSeconds: 30, rebindingSeconds: 52 });
  t.match(leaseOf(0xffffffff), { leaseSeconds: 3600 });
  t.match(leaseOf(0), { leaseSeconds: 1 });
  t.end();
});

t.test('counted and not answered: malformed, answers, relayed; option 82 goes back', (t) => {
  const bench = new ServerBench();
  bench.saysBytes(new Uint8Array(300), DHCP_SERVER_PORT);
  t.equal(bench.count('malformed'), 1);
  t.same(bench.answers(DHCPOFFER, { op: 2 }), []);
  t.same(bench.answers(DHCPOFFER, { op: 1 }), []);
  t.equal(bench.count('notARequest'), 2);
  t.same(bench.answers(DHCPDISCOVER, { relayAddress: ip('192.168.7.1') }), []);
  t.equal(bench.count('relayed'), 1);
  const [{ message }] = bench.asks(DHCPDISCOVER, { options: { relayInformation: Uint8Array.of(1, 1, 9) } });
  t.same(message.options.relayInformation, Uint8Array.of(1, 1, 9));
  const [control] = bench.server.rows();
  t.equal(control.state, 'OFFERED');
  t.end();
});

t.test('host names from the wire are made fit to print', (t) => {
  const bench = new ServerBench();
  bench.asks(DHCPDISCOVER, { options: { hostName: `\x1b[31m${'x'.repeat(100)}` } });
  t.equal(bench.server.rows()[0].hostName, `?[31m${'x'.repeat(58)}`);
  t.end();
});

t.test('a config that does not fit is refused with its reason', (t) => {
  const refuses = (config: Partial<DhcpServerConfig>, reason: RegExp) =>
    t.throws(() => new ServerBench(config), reason);
  refuses({ interface: 'eth7' }, /there is no interface eth7/);
  refuses({ from: 'x' }, /dhcp server on eth0: from: x is not an IPv4 address/);
  refuses({ from: '192.168.1.200' }, /from 192\.168\.1\.200 comes after to 192\.168\.1\.102/);
  refuses({ leaseSeconds: 0 }, /leaseSeconds: 0 is not/);
  refuses({ reservations: { eve: '192.168.1.5' } }, /reservations: eve is not a MAC address/);
  refuses({ from: '10.0.0.5', to: '10.0.0.9' }, /10\.0\.0\.5 is not in 192\.168\.1\.1\/24/);
  t.end();
});
