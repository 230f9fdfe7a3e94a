/** Every mistake has its exact words and its exact place. */
import t from 'tap';
import { loadTopology, TopologyError } from '../../../orchestrator/topology/index.js';
import { parse, problemsOf, repositoryRoot } from './support/problems.js';

const KINDS = 'host, switch, hub, router, dns-server';

function thrownBy(run: () => unknown): TopologyError {
  try {
    run();
  } catch (error) {
    if (error instanceof TopologyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

t.test('the message shows file, line, column, the line itself and a caret', async (t) => {
  const error = thrownBy(() => parse('devices:\n  a: hots\n  sw: switch\nlinks:\n  - a -- sv\n'));
  t.equal(error.exitStatus, 2);
  const file = error.file;
  t.equal(
    error.message,
    [
      `${file}:2:6: kind "hots" is not supported. Supported kinds are ${KINDS}. Did you mean "host"?`,
      '   2 |   a: hots',
      '     |      ^^^^',
      `${file}:5:10: there is no device "sv". Did you mean "sw"?`,
      '   5 |   - a -- sv',
      '     |          ^^',
    ].join('\n'),
  );
});

t.test('a tab before the mistake is kept, control characters are not', async (t) => {
  const error = thrownBy(() => parse('devices: {a:\t{kind: "h\\u001b"}}\n'));
  t.match(error.message, /\n {5}\| {13}\t {7}\^/);
  t.notOk(thrownBy(() => parse('devices: \u001b[31m\n')).message.includes('\u001b'));
});

t.test('unusable files', async (t) => {
  t.same(problemsOf(''), ['- empty: the file is empty: a topology begins with "devices:"']);
  t.same(problemsOf('# nothing but a comment\n'), ['- empty: the file is empty: a topology begins with "devices:"']);
  t.same(problemsOf('This is a letter to my aunt.\n'), [
    '1:1 type: a topology is a map that begins with "devices:"; this is "This is a letter to my aunt."',
  ]);
  t.same(problemsOf('- a\n- b\n'), ['1:1 type: a topology is a map that begins with "devices:"; this is a list']);
  t.same(problemsOf('devices: [a, b\nlinks: 3\n'), [
    '2:1 yaml: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ]);
  t.same(problemsOf('devices: {a: *nobody}\n'), ['1:14 yaml: there is no anchor &nobody']);
  t.match(problemsOf('devices: &d {a: *d}\n')[0], /^- yaml: not valid YAML: its aliases do not resolve/);
  t.match(problemsOf('%PDF-1.7\n\u0000\u0001\n')[0], / yaml: not valid YAML: /);
});

t.test('a file that is not there, a folder', async (t) => {
  const missing = thrownBy(() => loadTopology('/nowhere/net.yaml'));
  t.equal(missing.message, '/nowhere/net.yaml: there is no such file');
  t.equal(missing.exitStatus, 2);
  const folder = thrownBy(() => loadTopology(repositoryRoot()));
  t.match(folder.message, /: this is a folder, not a topology file$/);
});

t.test('a topology of 0 devices', async (t) => {
  t.same(problemsOf('devices: {}\n'), ['1:1 no-devices: a topology needs at least one device']);
  t.same(problemsOf('name: empty\n'), ['1:1 missing-key: "devices:" is missing']);
  t.same(problemsOf('devices:\n'), ['1:1 type: nothing is not a map of devices, such as {a: host, sw: switch}']);
});

t.test('an unknown device kind', async (t) => {
  t.same(problemsOf('devices:\n  a: {kind: rooter}\n'), [
    `2:13 unknown-kind: kind "rooter" is not supported. Supported kinds are ${KINDS}. Did you mean "router"?`,
  ]);
  t.same(problemsOf('devices:\n  a: {kind: firewall}\n'), [
    `2:13 unknown-kind: kind "firewall" is not supported. Supported kinds are ${KINDS}.`,
  ]);
  t.same(problemsOf('devices:\n  a: {address: 10.0.0.1/24}\n'), [
    `2:3 missing-key: the device "a" has no kind. Kinds are ${KINDS}.`,
  ]);
});

t.test('an unknown key', async (t) => {
  t.same(problemsOf('devices:\n  a: {kind: host, adress: 10.0.0.1/24}\n'), [
    '2:19 unknown-key: unknown key "adress". Did you mean "address"?',
  ]);
  t.same(problemsOf('devices:\n  a: {kind: host, zones: {}}\n'), [
    '2:19 unknown-key: unknown key "zones": a host has no zones, a dns-server has',
  ]);
  t.same(problemsOf('devices: {a: host}\nlink: []\n'), ['2:1 unknown-key: unknown key "link". Did you mean "links"?']);
  t.same(problemsOf('devices: {a: host, b: host}\nlinks:\n  - {link: a -- b, los: 1%}\n'), [
    '3:20 unknown-key: unknown key "los". Did you mean "loss"?',
  ]);
});

t.test('names', async (t) => {
  const rule = 'a name is made of lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen';
  t.same(problemsOf('devices:\n  Web_1: host\n'), [`2:3 name: "Web_1" is not a name: ${rule}`]);
  t.same(problemsOf('devices:\n  -a: host\n'), [`2:3 name: "-a" is not a name: ${rule}`]);
  t.same(problemsOf(`devices:\n  ${'a'.repeat(41)}: host\n`), [
    `2:3 name: the name "${'a'.repeat(41)}" is longer than 40 characters`,
  ]);
  t.same(problemsOf('devices:\n  a: host\n  b: host\n  a: switch\n'), [
    '4:3 duplicate-name: "a" is there twice; the first one is on line 2',
  ]);
});

t.test('links to what does not exist', async (t) => {
  const links = (...lines: string[]) =>
    problemsOf(
      `devices:\n  a: host\n  hub1: {kind: hub, ports: 4}\n  sw: switch\nlinks:\n${lines.map((line) => `  - ${line}\n`).join('')}`,
    );
  t.same(links('a -- sw2'), ['6:10 unknown-device: there is no device "sw2". Did you mean "sw"?']);
  t.same(links('a:eth1 -- sw:1'), [
    '6:5 unknown-port: a has no port "eth1": it has eth0; more can be declared under "interfaces:"',
  ]);
  t.same(links('a:et0 -- sw:1'), [
    '6:5 unknown-port: a has no port "et0": it has eth0; more can be declared under "interfaces:". Did you mean "eth0"?',
  ]);
  t.same(links('a -- hub1:5'), ['6:10 unknown-port: hub1 has no port "5": a hub\'s ports are 1 to 4']);
  t.same(links('a -- sw:0'), ['6:10 unknown-port: sw has no port "0": a switch\'s ports are 1 to 48']);
  t.same(links('a -- sw:eth0'), ['6:10 unknown-port: sw has no port "eth0": a switch\'s ports are 1 to 48']);
  t.same(links('a to sw'), ['6:5 link-syntax: "a to sw" is not a link: write client:eth0 -- sw1:3']);
  t.same(links('sw:1 -- sw:2'), ['6:5 self-link: both ends of this link are on "sw"']);
  t.same(links('{delay: 20ms}'), ['6:5 missing-key: "link" is missing here']);
});

t.test('a port that is used twice, and none left', async (t) => {
  t.same(problemsOf('devices: {a: host, b: host, sw: switch}\nlinks:\n  - a -- sw:1\n  - b -- sw:1\n'), [
    '4:10 port-in-use: sw:1 already has a link (line 3)',
  ]);
  t.same(problemsOf('devices: {a: host, b: host, sw: {kind: switch, ports: 1}}\nlinks:\n  - a -- sw\n  - b -- sw\n'), [
    '4:10 unknown-port: sw has no free port left: all 1 have a link; "ports:" can give it more',
  ]);
});

t.test('a ring of switches', async (t) => {
  t.same(problemsOf('devices: {a: switch, b: hub, c: switch}\nlinks:\n  - a -- b\n  - b -- c\n  - c -- a\n'), [
    '5:5 loop: this link closes a ring of switches and hubs from c to a, in which broadcasts would circle for ever: ' +
      'switches here know no spanning tree; take one link out, or use a router',
  ]);
});

t.test('quantities need units', async (t) => {
  const link = (impairment: string) =>
    problemsOf(`devices: {a: host, b: host}\nlinks:\n  - link: a -- b\n    ${impairment}\n`);
  const duration = 'is not a duration: write it with its unit, such as 20ms, 1.5s or 5min';
  t.same(link('delay: 20'), [`4:12 unit: 20 ${duration}`]);
  t.same(link('delay: 20m'), [`4:12 unit: "20m" ${duration}`]);
  t.same(link('loss: 0.01'), ['4:11 unit: 0.01 is not a share: write it in percent, 0% to 100%, such as 1%']);
  t.same(link('loss: 120%'), ['4:11 unit: "120%" is not a share: write it in percent, 0% to 100%, such as 1%']);
  t.same(link('rate: 10'), ['4:11 unit: 10 is not a rate: write it with its unit, such as 10Mbit or 512kbit, above 0']);
  t.same(link('queue: 64K'), ['4:12 unit: "64K" is not a queue: write it with its unit, such as 64KiB or 100 packets']);
  t.same(link('mtu: 60'), ['4:10 value: an MTU of 60 is below 68, the least that IPv4 allows (RFC 791)']);
  t.same(link('from: {c: {loss: 1%}}'), ['4:12 unknown-device: "c" is no end of this link: write a or b']);
  t.same(link('from: {a: {delay: 5}}'), [`4:23 unit: 5 ${duration}`]);
});

t.test('addresses', async (t) => {
  const lan = (b: string) =>
    problemsOf(
      `devices:\n  a: {kind: host, address: 10.0.0.1/24}\n  b: {kind: host, address: ${b}}\n  sw: switch\nlinks: [a -- sw, b -- sw]\n`,
    );
  t.same(lan('10.0.0.1/24'), ['3:28 duplicate-address: 10.0.0.1 is already the address of a:eth0 (line 2)']);
  t.same(lan('10.0.1.5/24'), [
    '3:28 address: 10.0.1.5/24 is outside 10.0.0.0/24, the subnet of the network of sw, which a:eth0 gives',
  ]);
  t.same(lan('10.0.0.5/25'), [
    '3:28 address: 10.0.0.5/25 has the prefix length 25, but the subnet of the network of sw is 10.0.0.0/24',
  ]);
  t.same(lan('10.0.0.255'), [
    '3:28 address: 10.0.0.255 is the broadcast address of the subnet 10.0.0.0/24, no address of a device',
  ]);
  t.same(lan('10.0.0.0'), [
    '3:28 address: 10.0.0.0 is the address of the subnet 10.0.0.0/24 itself, no address of a device',
  ]);
  t.same(lan('224.0.0.1'), ['3:28 address: 224.0.0.1 is not an address that an interface can have']);
  t.same(lan('10.0.0.300'), ['3:28 value: "10.0.0.300" is not an address: write 10.0.0.1/24, 10.0.0.1 or dhcp']);
  t.same(lan('10.0.0.1/33'), ['3:28 value: "10.0.0.1/33" is not an address: write 10.0.0.1/24, 10.0.0.1 or dhcp']);
  t.same(lan('[10.0.0.2, 10.0.0.2]'), ['3:39 duplicate-address: 10.0.0.2 is already the address of b:eth0 (line 3)']);
});

t.test('subnets', async (t) => {
  t.same(problemsOf('devices: {a: {kind: host, address: 10.0.0.1}}\n'), [
    '1:36 subnet: 10.0.0.1 needs its prefix length, such as 10.0.0.1/24: ' +
      'neither another address nor "subnet:" says what the subnet of its network is',
  ]);
  t.same(
    problemsOf(
      'devices:\n  a: host\n  b: {kind: host, address: 10.0.1.1}\n  sw: {kind: switch, subnet: 10.0.0.0/24}\nlinks: [a -- sw, b -- sw]\n',
    ),
    ['3:28 address: 10.0.1.1 is outside 10.0.0.0/24, the subnet of the network of sw, which sw gives'],
  );
  t.same(
    problemsOf(
      'devices:\n  r: router\n  s: {kind: switch, subnet: 10.0.0.0/24}\n  t: {kind: switch, subnet: 10.0.0.0/16}\nlinks: [r -- s, r -- t]\n',
    ),
    [
      '4:29 subnet: the network of t has the subnet 10.0.0.0/16, which overlaps 10.0.0.0/24 of the network of s: ' +
        'routers could not tell them apart',
    ],
  );
  t.same(
    problemsOf(
      'devices:\n  a: host\n  b: host\n  c: host\n  s: {kind: switch, subnet: 10.0.0.0/31}\nlinks: [a -- s, b -- s, c -- s]\n',
    ),
    ['5:29 subnet: 10.0.0.0/31, the subnet of the network of s, has no address left for c:eth0'],
  );
});

t.test('MAC addresses', async (t) => {
  t.same(
    problemsOf(
      'devices:\n  a: {kind: host, interfaces: {eth0: {mac: 02:00:00:00:00:01}}}\n  b: {kind: host, interfaces: {eth0: {mac: 02-00-00-00-00-01}}}\nlinks: [a -- b]\n',
    ),
    ['3:44 duplicate-mac: 02:00:00:00:00:01 is already the MAC address of a:eth0'],
  );
  t.same(problemsOf('devices:\n  a: {kind: host, interfaces: {eth0: {mac: ff:ff:ff:ff:ff:ff}}}\n'), [
    '2:44 value: "ff:ff:ff:ff:ff:ff" is not a MAC address: write six octets, such as 02:00:00:00:00:01, and not a group address',
  ]);
});

t.test('gateways and routes', async (t) => {
  const withHost = (rest: string) =>
    problemsOf(
      `devices:\n  a:\n    kind: host\n    address: 10.0.0.1/24\n    ${rest}\n  r: {kind: router}\n  far: router\nlinks: [a -- r, r -- far]\n`,
    );
  t.same(withHost('gateway: 10.0.1.1'), ['5:14 gateway: the gateway 10.0.1.1 is in no subnet of a (10.0.0.0/24)']);
  t.same(withHost('gateway: 10.0.0.1'), ['5:14 gateway: the gateway 10.0.0.1 is a itself']);
  t.same(withHost('gateway: far'), ['5:14 gateway: the gateway "far" shares no network with a']);
  t.same(withHost('gateway: fat'), [
    '5:14 gateway: "fat" is no IPv4 address, and there is no device "fat". Did you mean "far"?',
  ]);
  t.same(withHost('routes: {10.1.0.5/16: r}'), [
    '5:14 route: 10.1.0.5/16 is an address in 10.1.0.0/16; as a destination write 10.1.0.0/16',
  ]);
  t.same(withHost('routes: {somewhere: r}'), [
    '5:14 route: "somewhere" is not a destination: write a subnet such as 10.0.0.0/8, or default',
  ]);
  t.same(withHost('routes: {10.1.0.0/16: {via: r, interface: eth3}}'), [
    '5:47 route: a has no interface "eth3": it has eth0',
  ]);
  t.same(withHost('routes: {10.1.0.0/16: {metric: 3}}'), ['5:14 route: a route needs "via:" or "interface:"']);
});

t.test('DHCP', async (t) => {
  const home = (server: string) =>
    problemsOf(
      `devices:\n  a: {kind: host, address: dhcp}\n  b: {kind: host, address: 192.168.1.7}\n  sw: switch\n  r:\n    kind: router\n    address: 192.168.1.1/24\n    ${server}\nlinks: [a -- sw, b -- sw, r -- sw]\n`,
    );
  t.same(home('routing: computed'), [
    '2:28 dhcp: a:eth0 asks for its address by DHCP, but no router serves DHCP on the network of sw',
  ]);
  const pool = (text: string) => home(`dhcpServer: {eth0: {pool: ${text}}}`);
  t.same(pool('192.168.2.10-192.168.2.20'), [
    '8:31 dhcp: the pool 192.168.2.10-192.168.2.20 is not within 192.168.1.0/24, the subnet of r:eth0',
  ]);
  t.same(pool('192.168.1.250-192.168.1.255'), [
    '8:31 dhcp: the pool 192.168.1.250-192.168.1.255 is not within 192.168.1.0/24, the subnet of r:eth0',
  ]);
  t.same(pool('192.168.1.20-192.168.1.10'), ['8:31 dhcp: the pool 192.168.1.20-192.168.1.10 ends before it begins']);
  t.same(pool('192.168.1.5-192.168.1.10'), [
    '8:31 dhcp: the pool 192.168.1.5-192.168.1.10 contains 192.168.1.7, the address of b:eth0',
  ]);
  t.same(pool('192.168.1.5'), [
    '8:31 dhcp: "192.168.1.5" is not a pool: write its first and last address, such as 192.168.1.100-192.168.1.199',
  ]);
  t.same(home('dhcpServer: eth4'), ['8:17 dhcp: r has no interface "eth4": it has eth0']);
  t.same(home('dhcpServer: {eth0: {reservations: {b: 192.168.1.40}}}'), [
    '8:40 dhcp: "b" asks for no address by DHCP on this network',
  ]);
  t.same(home('dhcpServer: {eth0: {reservations: {a: 192.168.1.7}}}'), [
    '8:43 duplicate-address: 192.168.1.7 is already the address of b:eth0',
  ]);
  t.same(home('dhcpServer: {eth0: {gateway: 10.0.0.1}}'), [
    '8:34 gateway: the gateway 10.0.0.1 is outside 192.168.1.0/24, the subnet that this pool serves',
  ]);
  t.same(problemsOf('devices:\n  r: {kind: router, address: dhcp}\n  a: host\nlinks: [a -- r]\n'), [
    '2:30 dhcp: only hosts ask for an address by DHCP: others must know theirs at once',
  ]);
});

t.test('names and their servers', async (t) => {
  t.same(problemsOf('devices:\n  a: {kind: host, resolver: isp}\n'), [
    '2:29 resolver: "isp" is neither an IPv4 address nor a device.',
  ]);
  t.same(problemsOf('devices:\n  a: {kind: host, resolver: sw}\n  sw: switch\nlinks: [a -- sw]\n'), [
    '2:29 resolver: "sw" is a switch, which has no address',
  ]);
  t.same(problemsOf('devices:\n  r: {kind: router, address: 10.0.0.1/24, dnsForwarder: true}\n'), [
    '2:57 resolver: r has nobody to forward to: no dns-server here has "recursion: true", and it has no "resolver:"',
  ]);
  t.same(problemsOf('devices:\n  n: {kind: dns-server, address: 10.0.0.1/24, recursion: true}\n'), [
    '2:47 zone: n cannot find any name: no server here has the zone ".", and there are no "rootHints:"',
  ]);
});

t.test('zones and records', async (t) => {
  const zone = (record: string) =>
    problemsOf(
      `devices:\n  n:\n    kind: dns-server\n    address: 10.0.0.1/24\n    zones:\n      server.com:\n        ${record}\n`,
    );
  t.same(zone('www: {CNAME: web, A: 10.0.0.1}'), [
    '7:9 record: "www" has a CNAME beside A: an alias has no other data (RFC 1034 section 3.6.2)',
  ]);
  t.same(zone("'@': {CNAME: web}"), [
    '7:9 record: the zone itself cannot be an alias: it has SOA and NS records (RFC 1034 section 3.6.2)',
  ]);
  t.same(zone('www: 10.0.0.999'), [
    '7:14 record: "10.0.0.999" is no IPv4 address, and there is no device "10.0.0.999".',
  ]);
  t.same(zone('www: www.google.com'), [
    '7:14 record: "www.google.com" is no IPv4 address, and there is no device "www.google.com". ' +
      'An alias is written {CNAME: www.google.com}.',
  ]);
  t.same(zone('www.google.com.: 10.0.0.1'), ['7:9 record: "www.google.com." is not within the zone server.com.']);
  t.same(zone('a b: 10.0.0.1'), ['7:9 record: "a b" is not a domain name']);
  t.same(zone('www: {SOA: a b 1 2 3 4 5}'), ['7:9 record: an SOA record stands only at "@", the zone itself']);
  t.same(zone("'@': {SOA: a b 1 2 3}"), [
    '7:20 record: "a b 1 2 3" is no SOA: write mname rname serial refresh retry expire minimum',
  ]);
  t.same(zone('www: {A: 10.0.0.1, AAA: 10.0.0.2}'), ['7:28 unknown-key: unknown key "AAA". Did you mean "AAAA"?']);
  t.same(zone('www: {AAAA: 10.0.0.2}'), ['7:21 record: "10.0.0.2" is no AAAA: write 2001:db8::80']);
  t.same(zone("'@': {NS: [ns9, ns.elsewhere.net]}"), ['6:7 zone: the name server ns9.server.com. has no address here']);
  t.same(zone("'@': {MX: mail}"), ['7:19 record: "mail" is no MX: write preference name, such as 10 mail']);
  t.same(zone("'@': {MX: [10 mail, 10 ma+il]}"), ['7:29 record: "ma+il" is not a domain name']);
  t.same(zone('x: {SRV: 0 5 99999 www}'), [
    '7:18 record: "0 5 99999 www" is no SRV: write priority weight port target, such as 0 5 80 www',
  ]);
  t.same(zone("x: {HINFO: 'PC \"x'}"), ['7:20 record: "PC "x": this quote is not closed on its line']);
  t.same(zone('x: {other: MXX 10 x}'), [
    '7:20 record: "MXX 10 x" does not begin with a record type. Did you mean "MX"?',
  ]);
  t.same(zone("x: {CNAME: web, other: ['MX 10 y', 'RRSIG \\# 1 00']}"), [
    '7:9 record: "x" has a CNAME beside MX: an alias has no other data (RFC 1034 section 3.6.2)',
  ]);
  t.same(zone('x: {other: SOA a b 1 2 3 4 5}'), ['7:20 record: write SOA as a key of its own']);
  t.same(zone('x: {other: "TYPE65280 hello"}'), [
    '7:20 record: TYPE65280: the data of TYPE65280 are written in the generic form: \\# length hexadecimal (RFC 3597)',
  ]);
  t.same(zone('www: [{address: 10.0.0.1, weight: heavy}]'), [
    '7:43 type: "heavy" is not a weight: write a whole number, 0 to 65535',
  ]);
  t.same(zone('www: [{address: 10.0.0.1, weight: 3, hight: 2}]'), [
    '7:46 unknown-key: unknown key "hight". Did you mean "weight"?',
  ]);
  t.same(zone('www: [{address: webb, weight: 3}]'), [
    '7:25 record: "webb" is no IPv4 address, and there is no device "webb".',
  ]);
  const reverse = 'is no reverse zone: write a subnet of prefix length 8, 16 or 24, such as 203.0.113.0/24';
  t.same(problemsOf('devices: {n: {kind: dns-server, address: 10.0.0.1/24, zones: {10.0.0.0/20: {}}}}\n'), [
    `1:63 zone: 10.0.0.0/20 ${reverse}`,
  ]);
  t.same(problemsOf('devices:\n  n: {kind: dns-server, address: 10.0.0.1/24, secondary: [server.com]}\n'), [
    '2:59 zone: no server here defines the zone "server.com".',
  ]);
  t.same(
    problemsOf(
      'devices:\n  m: {kind: dns-server, zones: {a.b: {}}}\n  n: {kind: dns-server, zones: {A.b.: {}}}\nlinks: [m -- n]\n',
    ),
    ['3:33 zone: the zone "A.b." is already defined by m; "secondary: [A.b.]" serves it here too'],
  );
});

t.test('servers of zones', async (t) => {
  const server = (more: string) =>
    problemsOf(
      `devices:\n  n: {kind: dns-server, address: 10.0.0.1/24, zones: {server.com: {}}, ${more}}\n  h: {kind: host, address: dhcp}\n`,
    ).filter((line) => line.startsWith('2:'));
  t.same(server('secondary: [sever.com]'), [
    '2:84 zone: no server here defines the zone "sever.com". Did you mean "server.com"?',
  ]);
  t.same(server('secondary: [{zone: server.com, primaries: [10.0.0.2]}]'), [
    '2:91 zone: n defines the zone "server.com": write its name alone',
  ]);
  t.same(server('secondary: [{zone: a..b, primaries: [10.0.0.300]}]'), [
    '2:91 zone: "a..b" is not the name of a zone',
    '2:109 zone: "10.0.0.300" is neither an IPv4 address nor a device.',
  ]);
  t.same(server('secondary: [{zone: a.b, primaries: []}]'), ['2:107 zone: a secondary needs a primary']);
  t.same(server('transfer: [nn]'), ['2:83 zone: "nn" is neither an IPv4 address nor a device. Did you mean "n"?']);
  t.same(server('update: [h]'), ['2:81 zone: the device "h" has no fixed address']);
  t.same(server('notify: [10.0.0.0/24]'), ['2:81 zone: "10.0.0.0/24" is neither an IPv4 address nor a device.']);
});

t.test('sites', async (t) => {
  const sites = (site: string) => problemsOf(`devices:\n  a:\n    kind: host\n    sites:\n      ${site}\n`);
  const missing = 'does not exist; it is looked for beside the topology file';
  t.same(sites('www.server.com: sites/nowhere'), [`5:23 site: the site folder "sites/nowhere" ${missing}`]);
  t.same(sites('www.server.com: {root: sites/nowhere}'), [`5:30 site: the site folder "sites/nowhere" ${missing}`]);
  t.same(sites('www.server.com: hello.yaml'), [`5:23 site: the site folder "hello.yaml" ${missing}`]);
  t.same(sites('www.server.com: {}'), ['5:7 site: a site needs a "root:", an "app:", a "redirect:" or an "echo:"']);
  t.same(sites('www..com: sites/hello'), ['5:7 site: "www..com" is not a host name']);
  t.same(sites('a: {redirect: elsewhere}'), ['5:21 site: "elsewhere" is not a URL: write http://www.server.com/']);
});

t.test('services', async (t) => {
  const services = (list: string, kind = 'host') =>
    problemsOf(`devices:\n  a:\n    kind: ${kind}\n    services: ${list}\n`);
  const known = 'Services are echo, discard, daytime, chargen, iperf.';
  t.same(services('[echo, ehco]'), [`4:22 value: "ehco" is not a service. ${known} Did you mean "echo"?`]);
  t.same(services('time'), [`4:15 value: "time" is not a service. ${known}`]);
  t.same(services('[7]'), [`4:16 value: 7 is not a service. ${known}`]);
  t.same(services('[echo]', 'router'), [
    '4:5 unknown-key: unknown key "services": a router has no services, a host has',
  ]);
});

t.test('all problems come at once, sorted by place', async (t) => {
  const problems = problemsOf(
    'devices:\n  a: {kind: hots}\n  b: {kind: host, adress: x, webPort: 0}\n  c: {kind: host, sites: {c: nowhere}}\nlinks:\n  - a:eth0 -- c\n  - 7\n  - {link: b -- d, delay: 3}\n',
  );
  t.same(
    problems.map((problem) => problem.split(':', 2).join(':')),
    [
      '2:13 unknown-kind',
      '3:19 unknown-key',
      '3:39 value',
      '4:30 site',
      '7:5 value',
      '8:17 unknown-device',
      '8:27 unit',
    ],
  );
});

t.test('a part that several devices share by an alias is complained about in its own place', async (t) => {
  t.same(problemsOf('devices:\n  a: &host\n    kind: host\n    adress: 1\n  b: *host\n'), [
    '4:5 unknown-key: unknown key "adress". Did you mean "address"?',
  ]);
});
