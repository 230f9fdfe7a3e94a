/** What a topology makes of DHCP, resolvers, zones and sites when the file says little. */
import t from 'tap';
import type { RecordConfig } from '../../../devices/control.js';
import { formatIpv4 } from '../../../devices/stack/wire/address.js';
import type { Topology } from '../../../orchestrator/topology/index.js';
import { parse } from './support/problems.js';

const HOME = `devices:
  client: {kind: host, address: dhcp}
  nas: {kind: host, address: 192.168.1.150}
  home: switch
  gateway:
    kind: router
    address: 192.168.1.1/24
`;

function home(router: string, links = 'client -- home, nas -- home, gateway -- home'): Topology {
  return parse(`${HOME}    ${router}\nlinks: [${links}]\n`);
}

function records(topology: Topology, server: string, zone: string): string[] {
  const { zones = [] } = topology.devices.get(server)?.dns ?? {};
  const lines = (all: readonly RecordConfig[]) =>
    all.map(({ name, type, data, ttlSeconds }) => `${name} ${ttlSeconds ?? '-'} ${type} ${data}`);
  return lines(zones.find(({ name }) => name === zone)?.records ?? []);
}

t.test('a DHCP server of one word: pool around what is taken, itself as gateway', async (t) => {
  t.same(home('dhcpServer: eth0').devices.get('gateway')?.dhcpServers, [
    {
      interface: 'eth0',
      from: '192.168.1.100',
      to: '192.168.1.149',
      leaseSeconds: 3600,
      gateway: '192.168.1.1',
    },
  ]);
});

t.test('a DHCP server in full', async (t) => {
  const topology = home(
    'dhcpServer: {eth0: {pool: 192.168.1.10-192.168.1.20, lease: 10min, gateway: nas, dns: [gateway, 192.0.2.1], domain: home.arpa, reservations: {client: 192.168.1.30, 02-00-00-00-00-09: 192.168.1.31}}}',
  );
  t.same(topology.devices.get('gateway')?.dhcpServers, [
    {
      interface: 'eth0',
      from: '192.168.1.10',
      to: '192.168.1.20',
      leaseSeconds: 600,
      gateway: '192.168.1.150',
      dnsServers: ['192.168.1.1', '192.0.2.1'],
      domain: 'home.arpa',
      reservations: { '02:c2:6b:08:36:2d': '192.168.1.30', '02:00:00:00:00:09': '192.168.1.31' },
    },
  ]);
});

t.test('small subnets give their upper half', async (t) => {
  const topology = parse(
    'devices:\n  a: {kind: host, address: dhcp}\n  r: {kind: router, address: 10.0.0.1/28, dhcpServer: eth0}\nlinks: [a -- r]\n',
  );
  const [pool] = topology.devices.get('r')!.dhcpServers;
  t.same([pool.from, pool.to], ['10.0.0.8', '10.0.0.14']);
});

t.test('without a name server the hosts file knows all devices', async (t) => {
  const { devices } = home('dhcpServer: eth0');
  const hosts = { localhost: ['127.0.0.1'], nas: ['192.168.1.150'], gateway: ['192.168.1.1'] };
  t.same(devices.get('nas')?.resolver, { hosts });
  t.same(devices.get('client')?.resolver, { hosts }, 'DHCP tells it no server either');
});

t.test('without a name server the hosts file knows the sites, at all hosts that serve them', async (t) => {
  const { devices } = parse(`devices:
  a: host
  one: {kind: host, address: 10.0.0.8/24, sites: {shop.test: {redirect: 'http://one/'}}}
  two: {kind: host, address: 10.0.0.9, sites: {shop.test: {redirect: 'http://one/'}}}
  sw: switch
links: [a -- sw, one -- sw, two -- sw]
`);
  const hosts = devices.get('a')?.resolver?.hosts;
  t.same(hosts?.['shop.test'], ['10.0.0.8', '10.0.0.9']);
  t.same(hosts?.one, ['10.0.0.8']);
});

t.test('whom a device asks: the forwarder of its network, else the nearest recursive server', async (t) => {
  const { devices } = parse(`devices:
  a: host
  b: {kind: host, resolver: {servers: far-dns, domain: example, hosts: {printer: 10.0.0.9, here: [a]}}}
  c: host
  home: {kind: router, dnsForwarder: true}
  core: router
  near-dns: {kind: dns-server, recursion: true, rootHints: [192.0.2.4]}
  beyond: router
  far-dns: {kind: dns-server, recursion: true, rootHints: [192.0.2.4]}
links: [a -- home, b -- home, home -- core, near-dns -- core, c -- core, core -- beyond, beyond -- far-dns]
`);
  const address = (name: string) => devices.get(name)!.ports[0].addresses[0].address;
  const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  t.same(devices.get('a')?.resolver?.servers, [text(address('home'))]);
  t.same(devices.get('home')?.dnsForwarder, [text(address('near-dns'))]);
  t.same(devices.get('c')?.resolver?.servers, [text(address('near-dns'))]);
  t.same(devices.get('near-dns')?.resolver?.servers, [text(address('near-dns'))], 'it asks itself');
  t.same(devices.get('b')?.resolver, {
    servers: [text(address('far-dns'))],
    domain: 'example',
    hosts: { localhost: ['127.0.0.1'], printer: ['10.0.0.9'], here: [text(address('a'))] },
  });
  t.same(devices.get('far-dns')?.dns, {
    recursion: true,
    rootHints: [{ name: 'a.root-servers.net.', address: '192.0.2.4' }],
  });
});

t.test(
  'recursion for some: by address, subnet, device and switch; others are planned to ask somebody else',
  async (t) => {
    const { devices } = parse(`devices:
  near: {kind: dns-server, recursion: {allow: [192.0.2.1, 10.9.0.0/16, customer, hall]}, rootHints: [192.0.2.4]}
  far: {kind: dns-server, recursion: true, rootHints: [192.0.2.4]}
  customer: {kind: host, address: 10.1.0.7/24}
  guest: host
  hall: {kind: switch, subnet: 10.2.0.0/24}
  stranger: {kind: host, address: 10.3.0.7/24}
  r: router
  r2: router
links: [near -- r, customer -- r, guest -- hall, hall -- r, stranger -- r, r -- r2, far -- r2]
`);
    const own = (name: string) => [formatIpv4(devices.get(name)!.ports[0].addresses[0].address)];
    t.same(devices.get('near')?.dns?.recursion, { allow: ['192.0.2.1', '10.9.0.0/16', '10.1.0.7', '10.2.0.0/24'] });
    t.same(devices.get('near')?.resolver?.servers, own('near'), 'it serves itself');
    for (const name of ['customer', 'guest']) t.same(devices.get(name)?.resolver?.servers, own('near'), name);
    t.same(devices.get('stranger')?.resolver?.servers, own('far'));
  },
);

t.test('wildcards', async (t) => {
  const topology = parse(`devices:
  ns:
    kind: dns-server
    address: 10.0.0.1/24
    zones: {.: {'*': 10.0.0.9}, server.com: {'*': 10.0.0.8, '*.wild': 10.0.0.7, '*.x.server.com.': 10.0.0.6}}
  sw: switch
links: [ns -- sw]
`);
  const wild = (zone: string) => records(topology, 'ns', zone).filter((line) => line.startsWith('*'));
  t.same(wild('.'), ['*. - A 10.0.0.9']);
  t.same(wild('server.com.'), [
    '*.server.com. - A 10.0.0.8',
    '*.wild.server.com. - A 10.0.0.7',
    '*.x.server.com. - A 10.0.0.6',
  ]);
  t.throws(
    () => parse(`devices: {ns: {kind: dns-server, zones: {x: {a.*: 10.0.0.1}}}}`),
    /"a.\*" is not a domain name/,
  );
});

const TREE = `devices:
  root: {kind: dns-server, address: 10.0.0.1/24, zones: {.: {}}}
  tld: {kind: dns-server, address: 10.0.0.2, zones: {com: {}}}
  ns:
    kind: dns-server
    address: 10.0.0.3
    zones:
      server.com:
        $TTL: 1min
        www: [web, 10.0.0.80]
        ftp: {CNAME: www}
        mail: {TXT: hello, A: 10.0.0.25, ttl: 2min}
      10.0.0.0/24: {}
  ns-b: {kind: dns-server, address: 10.0.0.4, secondary: [server.com]}
  resolver: {kind: dns-server, address: 10.0.0.5, recursion: true}
  web: {kind: host, address: 10.0.0.81}
  sw: switch
links: [root -- sw, tld -- sw, ns -- sw, ns-b -- sw, resolver -- sw, web -- sw]
`;

t.test('a zone gets its SOA and NS records, and the zones above it the way to it', async (t) => {
  const topology = parse(TREE);
  const soa = '1 3600 600 86400 300';
  t.same(records(topology, 'root', '.'), [
    `. 3600 SOA a.root-servers.net. hostmaster. ${soa}`,
    '. 3600 NS a.root-servers.net.',
    'a.root-servers.net. 3600 A 10.0.0.1',
    'com. 3600 NS ns1.com.',
    'ns1.com. 3600 A 10.0.0.2',
    '0.0.10.in-addr.arpa. 3600 NS ns1.server.com.',
    'ns1.server.com. 3600 A 10.0.0.3',
  ]);
  t.same(records(topology, 'tld', 'com.'), [
    `com. 3600 SOA ns1.com. hostmaster.com. ${soa}`,
    'com. 3600 NS ns1.com.',
    'ns1.com. 3600 A 10.0.0.2',
    'server.com. 3600 NS ns1.server.com.',
    'ns1.server.com. 3600 A 10.0.0.3',
    'server.com. 3600 NS ns2.server.com.',
    'ns2.server.com. 3600 A 10.0.0.4',
  ]);
  const server = [
    `server.com. 3600 SOA ns1.server.com. hostmaster.server.com. ${soa}`,
    'www.server.com. 60 A 10.0.0.81',
    'www.server.com. 60 A 10.0.0.80',
    'ftp.server.com. 60 CNAME www.server.com.',
    'mail.server.com. 120 A 10.0.0.25',
    'mail.server.com. 120 TXT "hello"',
    'server.com. 3600 NS ns1.server.com.',
    'ns1.server.com. 3600 A 10.0.0.3',
    'server.com. 3600 NS ns2.server.com.',
    'ns2.server.com. 3600 A 10.0.0.4',
  ];
  t.same(records(topology, 'ns', 'server.com.'), server);
  t.match(
    topology.devices.get('ns')?.dns?.zones,
    [{ transfer: ['10.0.0.4'], notify: ['10.0.0.4'] }],
    'the second server may copy it, and is told of changes',
  );
  t.same(topology.devices.get('ns-b')?.dns?.zones, [{ name: 'server.com.', records: [], primaries: ['10.0.0.3'] }]);
  t.same(topology.devices.get('resolver')?.dns?.rootHints, [{ name: 'a.root-servers.net.', address: '10.0.0.1' }]);
});

t.test('a reverse zone knows the names of its addresses', async (t) => {
  const zone = records(parse(TREE), 'ns', '0.0.10.in-addr.arpa.');
  t.same(zone.slice(0, 2), [
    '0.0.10.in-addr.arpa. 3600 SOA ns1.server.com. hostmaster.0.0.10.in-addr.arpa. 1 3600 600 86400 300',
    '0.0.10.in-addr.arpa. 3600 NS ns1.server.com.',
  ]);
  t.same(zone.slice(2).sort(), [
    '1.0.0.10.in-addr.arpa. - PTR a.root-servers.net.',
    '2.0.0.10.in-addr.arpa. - PTR ns1.com.',
    '25.0.0.10.in-addr.arpa. - PTR mail.server.com.',
    '3.0.0.10.in-addr.arpa. - PTR ns1.server.com.',
    '4.0.0.10.in-addr.arpa. - PTR ns2.server.com.',
    '80.0.0.10.in-addr.arpa. - PTR www.server.com.',
    '81.0.0.10.in-addr.arpa. - PTR www.server.com.',
  ]);
});

t.test('what the file says of a zone stays as it is', async (t) => {
  const topology = parse(`devices:
  ns:
    kind: dns-server
    address: 10.0.0.1/24
    zones:
      example.org:
        '@': {NS: [alpha, ns.elsewhere.net], SOA: alpha admin 7 1 2 3 4}
        alpha: ns
        sub: {NS: alpha}
`);
  t.same(records(topology, 'ns', 'example.org.'), [
    'example.org. - NS alpha.example.org.',
    'example.org. - NS ns.elsewhere.net.',
    'example.org. - SOA alpha.example.org. admin.example.org. 7 1 2 3 4',
    'alpha.example.org. - A 10.0.0.1',
    'sub.example.org. - NS alpha.example.org.',
  ]);
});

t.test('records of every type, names in their data absolute', async (t) => {
  const topology = parse(`devices:
  ns:
    kind: dns-server
    address: 10.0.0.1/24
    zones:
      example.org:
        '@': {MX: [10 mail, 20 mx.elsewhere.net], CAA: 0 issue ca.example, NS: alpha, SOA: alpha admin 7 1h 2 3 4}
        alpha: {A: ns, AAAA: '2001:DB8::1'}
        _http._tcp: {SRV: 0 5 80 www}
        box: {HINFO: PC "Linux 6", TXT: [one, 'two "2"'], other: ['TYPE65280 \\# 2 ab cd', MX 5 alpha]}
        old: {DNAME: new}
        enum: {NAPTR: 1 2 u sip "!^.*$!sip:x!" .}
`);
  t.same(records(topology, 'ns', 'example.org.'), [
    'example.org. - NS alpha.example.org.',
    'example.org. - MX 10 mail.example.org.',
    'example.org. - MX 20 mx.elsewhere.net.',
    'example.org. - CAA 0 issue "ca.example"',
    'example.org. - SOA alpha.example.org. admin.example.org. 7 3600 2 3 4',
    'alpha.example.org. - A 10.0.0.1',
    'alpha.example.org. - AAAA 2001:db8::1',
    '_http._tcp.example.org. - SRV 0 5 80 www.example.org.',
    'box.example.org. - TXT "one"',
    'box.example.org. - TXT "two \\"2\\""',
    'box.example.org. - HINFO "PC" "Linux 6"',
    'box.example.org. - TYPE65280 \\# 2 abcd',
    'box.example.org. - MX 5 alpha.example.org.',
    'old.example.org. - DNAME new.example.org.',
    'enum.example.org. - NAPTR 1 2 "u" "sip" "!^.*$!sip:x!" .',
  ]);
});

t.test('several addresses with weights, which all servers of the zone keep', async (t) => {
  const topology = parse(`devices:
  ns:
    kind: dns-server
    address: 10.0.0.1/24
    zones: {a.b: {www: [{address: web, weight: 3}, {address: 10.0.0.9, weight: 0}, 10.0.0.8], x: {A: [{address: web, weight: 2}]}}}
  ns2: {kind: dns-server, secondary: [a.b]}
  web: host
  sw: switch
links: [ns -- sw, ns2 -- sw, web -- sw]
`);
  const weights = { 'www.a.b.': { '10.0.0.3': 3, '10.0.0.9': 0 }, 'x.a.b.': { '10.0.0.3': 2 } };
  for (const name of ['ns', 'ns2']) t.same(topology.devices.get(name)?.dns?.zones?.[0].weights, weights, name);
  t.same(records(topology, 'ns', 'a.b.').slice(1, 4), [
    'www.a.b. - A 10.0.0.3',
    'www.a.b. - A 10.0.0.9',
    'www.a.b. - A 10.0.0.8',
  ]);
});

t.test('who may copy and change zones, who is told, and zones from elsewhere', async (t) => {
  const topology = parse(`devices:
  ns:
    kind: dns-server
    address: 10.0.0.1/24
    zones: {a.b: {}}
    secondary: [{zone: example.org, primaries: [172.16.5.2, ns2]}]
    transfer: [ns2, 192.0.2.0/24]
    update: [any]
    notify: [ns2]
  ns2: {kind: dns-server, address: 10.0.0.2}
links: [ns -- ns2]
`);
  t.match(topology.devices.get('ns')?.dns?.zones, [
    { name: 'a.b.', transfer: ['10.0.0.2', '192.0.2.0/24'], notify: ['10.0.0.2'], update: ['0.0.0.0/0'] },
    {
      name: 'example.org.',
      records: [],
      primaries: ['172.16.5.2', '10.0.0.2'],
      transfer: ['10.0.0.2', '192.0.2.0/24'],
    },
  ]);
});

t.test('sites: a folder, one that has moved, one that echoes', async (t) => {
  const { devices } = parse(`devices:
  web:
    kind: host
    webPort: 8080
    sites:
      www.server.com: {root: sites/hello, aliases: [shop.server.com], redirects: [{from: /old, to: /new}], echo: /echo}
      server.com: {redirect: 'http://www.server.com/'}
`);
  const web = devices.get('web')?.web;
  t.equal(web?.port, 8080);
  t.match(web?.sites, [
    {
      names: ['www.server.com', 'shop.server.com'],
      root: /topologies.sites.hello$/,
      redirects: [{ from: '/old', to: '/new', status: 301 }],
      echoPath: '/echo',
    },
    { names: ['server.com'], redirects: [{ from: '/*', to: 'http://www.server.com/*', status: 301 }] },
  ]);
});

t.test('a site may have the name of anything', async (t) => {
  const { devices } = parse(`devices:
  a: {kind: host, sites: {constructor: sites/hello}}
  b: host
links: [a -- b]
`);
  t.same(devices.get('b')?.resolver?.hosts?.constructor, ['10.0.0.1']);
});

t.test('small services: a list or one, each once', async (t) => {
  const { devices } = parse(`devices:
  a: {kind: host, services: [chargen, echo, chargen]}
  b: {kind: host, services: daytime}
  c: {kind: host, services: []}
`);
  t.same(devices.get('a')?.services, ['chargen', 'echo']);
  t.same(devices.get('b')?.services, ['daytime']);
  t.equal(devices.get('c')?.services, undefined);
});
