import t from 'tap';
import { NameServer } from '../../../devices/apps/dns/name-server.js';
import { formatIpv4 } from '../../../devices/stack/wire/address.js';
import { ARP_REQUEST } from '../../../devices/stack/wire/arp.js';
import { arpOf } from '../../support/packets.js';
import { DnsNet, type DnsNode, zone } from './dns-net.js';

/** The tree of the source documents: a root server, one for .com, one for each of the two sites. */
function internet() {
  const net = new DnsNet();
  const client = net.host('client');
  const root = net.nameServer('root', {
    zones: [zone('.', '@ NS root-server.', 'root-server. A 10.0.1.1', 'com NS ns.nic.com.', 'ns.nic.com. A 10.0.2.1')],
  });
  const com = net.nameServer('com', {
    zones: [
      zone(
        'com',
        '@ NS ns.nic',
        'ns.nic A 10.0.2.1',
        'server NS ns1.server',
        'ns1.server A 10.0.3.1',
        'google NS ns1.google',
        'ns1.google A 10.0.4.1',
      ),
    ],
  });
  const server = net.nameServer('server', {
    zones: [zone('server.com', '@ NS ns1', 'ns1 A 10.0.3.1', 'www 60 A 192.0.2.80')],
  });
  const google = net.nameServer('google', {
    zones: [zone('google.com', '@ NS ns1', 'ns1 A 10.0.4.1', 'maps A 198.51.100.7', 'maps A 198.51.100.8')],
  });
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root-server.', address: root.ip }] });
  const router = net.forwarder('router', [isp.ip]);
  return { net, client, root, com, server, google, isp, router };
}

function traceSince(node: DnsNode, lines: number): string[] {
  return node.dnsLines().slice(lines);
}

t.test('DNS: www.server.com by root, .com and server.com; the second time from a cache', async (t) => {
  const { net, client, isp, router } = internet();
  const resolver = client.resolver({ servers: [router.ip] });

  const first = await net.until(resolver.resolve('www.server.com'));
  t.same(first.addresses, ['192.0.2.80']);
  t.equal(first.source, 'network');
  t.same(client.dnsLines(), [
    'os miss',
    'hosts miss',
    'ask 10.0.6.1 A www.server.com',
    'answer from 10.0.6.1: 192.0.2.80',
  ]);
  t.same(router.dnsLines(), ['router miss', 'ask 10.0.5.1 A www.server.com', 'answer from 10.0.5.1: 192.0.2.80']);
  t.same(isp.dnsLines(), [
    'isp miss',
    'ask 10.0.1.1 (.) A com',
    'referral from 10.0.1.1: ns.nic.com',
    'ask 10.0.2.1 (com) A server.com',
    'referral from 10.0.2.1: ns1.server.com',
    'ask 10.0.3.1 (server.com) A www.server.com',
    'answer from 10.0.3.1: 192.0.2.80',
  ]);

  const before = { client: client.dnsLines().length, router: router.dnsLines().length };
  const second = await net.until(resolver.resolve('WWW.server.com'));
  t.match(second, { addresses: ['192.0.2.80'], source: 'os' });
  t.same(traceSince(client, before.client), ['os hit 192.0.2.80']);
  t.equal(router.dnsLines().length, before.router, 'nothing left the machine');

  const laptop = net.host('laptop').resolver({ servers: [router.ip] });
  t.match(await net.until(laptop.resolve('www.server.com')), { addresses: ['192.0.2.80'], source: 'network' });
  t.same(traceSince(router, before.router), ['router hit 192.0.2.80'], 'another host: from the router');

  await net.runFor(61_000);
  const ispBefore = isp.dnsLines().length;
  await net.until(resolver.resolve('www.server.com'));
  t.same(
    traceSince(isp, ispBefore),
    ['isp miss', 'ask 10.0.3.1 (server.com) A www.server.com', 'answer from 10.0.3.1: 192.0.2.80'],
    'when its TTL is over, only the site itself is asked again: the way to it is still known',
  );
});

t.test('DNS: maps.google.com by root, .com and google.com; answers take turns', async (t) => {
  const { net, client, isp, router } = internet();
  const { addresses } = await net.until(client.resolver({ servers: [router.ip] }).resolve('maps.google.com'));
  t.same([...addresses].sort(), ['198.51.100.7', '198.51.100.8']);
  t.same(
    isp.dnsLines().filter((line) => line.startsWith('ask')),
    ['ask 10.0.1.1 (.) A com', 'ask 10.0.2.1 (com) A google.com', 'ask 10.0.4.1 (google.com) A maps.google.com'],
  );
  const firsts: string[] = [];
  for (let i = 0; i < 4; i++) {
    const other = net.host(`host${i}`).resolver({ servers: [router.ip] });
    firsts.push((await net.until(other.resolve('maps.google.com'))).addresses[0]);
  }
  t.equal(new Set(firsts.slice(0, 2)).size, 2, firsts.join(' '));
  t.same(firsts.slice(0, 2), firsts.slice(2));
});

t.test('DNS: a host asks by ARP for a server in its subnet, for its gateway otherwise', async (t) => {
  const net = new DnsNet();
  const host = net.host('host');
  const far = net.nameServer('far', { zones: [zone('server.com', 'www A 192.0.2.80')] });
  const near = new NameServer(net.core.network, { zones: [zone('lan', 'printer A 10.0.0.9')] }, net.core);
  near.start();
  const whoHas = () =>
    net.frames.flatMap(({ from, packet }) => {
      const arp = from === 'host:eth0' ? arpOf(packet) : undefined;
      return arp?.operation === ARP_REQUEST ? [formatIpv4(arp.targetIp)] : [];
    });

  await net.until(host.resolver({ servers: ['10.0.0.254'] }).resolve('printer.lan'));
  t.same(whoHas(), ['10.0.0.254'], 'the server itself');
  net.frames.length = 0;
  net.core.stack.neighbors.flush();
  host.stack.neighbors.flush();
  await net.until(host.resolver({ servers: [far.ip] }).resolve('www.server.com'));
  t.same(whoHas(), ['10.0.0.254'], 'the gateway, not 10.0.1.1');
});

t.test('DNS: what was learned helps other names: the second one under .com does not ask the root', async (t) => {
  const { net, client, isp } = internet();
  const resolver = client.resolver({ servers: [isp.ip] });
  await net.until(resolver.resolve('www.server.com'));
  const before = isp.dnsLines().length;
  await net.until(resolver.resolve('maps.google.com'));
  t.same(
    traceSince(isp, before).filter((line) => line.startsWith('ask')),
    ['ask 10.0.2.1 (com) A google.com', 'ask 10.0.4.1 (google.com) A maps.google.com'],
  );
});
