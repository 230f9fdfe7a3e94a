/** Links whose other end is not ours: what the file says, what is refused, what is planned and drawn. */
import t from 'tap';
import { graphOf, planTopology, udpPortCount } from '../../../orchestrator/topology/index.js';
import { parse, problemsOf } from './support/problems.js';

const UDP = '{encap: udp, local: 127.0.0.1:36000, remote: 127.0.0.1:26000}';

/** A switch and a host, with these links. */
function file(...links: string[]): string {
  return `devices: {sw: switch, a: host}\nlinks:\n${links.map((link) => `  - ${link}\n`).join('')}`;
}

function ports(text: string, device: string) {
  const topology = parse(text);
  const configs = planTopology(topology, { lab: 'x', runDir: '/run', basePort: 20000 });
  return configs.find(({ name }) => name === device)!.ports;
}

t.test('the config of our end: encapsulation, endpoints, and impairments of both directions', async (t) => {
  const text = file(
    'a -- sw',
    `{link: sw:4, external: {encap: vxlan, vni: 42, local: 10.200.7.1:4790, remote: 10.200.7.2:4790}, delay: 5ms, from: {external: {loss: 1%}}}`,
    `{link: sw, external: ${UDP.replace('}', ', name: pc}')}, mtu: 1400, from: {pc: {rate: 10Mbit}, sw: {delay: 1ms}}}`,
  );
  t.strictSame(ports(text, 'sw').slice(1), [
    {
      name: '2',
      link: 'sw:2 -- pc',
      mtu: 1400,
      tunnel: {
        encapsulation: 'udp',
        local: { address: '127.0.0.1', port: 36000 },
        remote: { address: '127.0.0.1', port: 26000 },
      },
      impairment: { delayMs: 1 },
      impairmentIn: { rateBps: 10e6 },
    },
    {
      name: '4',
      link: 'sw:4 -- vxlan 42 10.200.7.2:4790',
      tunnel: {
        encapsulation: 'vxlan',
        local: { address: '10.200.7.1', port: 4790 },
        remote: { address: '10.200.7.2', port: 4790 },
        vni: 42,
      },
      impairment: { delayMs: 5 },
      impairmentIn: { delayMs: 5, loss: 0.01 },
    },
  ]);
});

t.test('it needs no UDP ports of the lab, and shifts none', async (t) => {
  const text = file(`{link: sw:9, external: ${UDP}}`, 'a -- sw');
  t.equal(udpPortCount(parse(text)), 2);
  t.same(ports(text, 'a')[0].tunnel?.local, { address: '127.0.0.1', port: 20000 });
});

t.test('on a host or a router the network is planned, or as the file says', async (t) => {
  const text = (more: string) =>
    `devices: {r: router, a: host}\nlinks:\n  - r -- a\n  - {link: r, external: ${UDP}${more}}\n`;
  t.same(ports(text(''), 'r')[1].addresses, ['10.0.1.1/24'], 'with room for others');
  t.same(ports(text(', subnet: 172.16.5.0/24'), 'r')[1].addresses, ['172.16.5.1/24']);
  const dhcp = `devices: {a: {kind: host, address: dhcp}}\nlinks: [{link: a, external: ${UDP}}]\n`;
  t.match(ports(dhcp, 'a')[0], { dhcp: true, addresses: [] }, 'the DHCP server may be what is external');
});

t.test('what is wrong with the far end, with its place', async (t) => {
  const fault = (external: string, link = 'sw:1') => problemsOf(file(`{link: ${link}, external: ${external}}`));
  t.same(fault(UDP), []);
  t.same(fault(UDP.replace('udp', 'gre')), ['3:36 value: "gre" is no encapsulation: write udp or vxlan']);
  t.same(fault(UDP.replace('udp', 'vxlan')), [
    '3:36 external: vxlan needs a "vni:", a number from 0 to 16777215 that both ends have in common',
  ]);
  t.same(fault(UDP.replace('udp', 'udp, vni: 1')), ['3:41 external: only vxlan has a VNI, udp has none']);
  t.same(fault(UDP.replace('udp', 'vxlan, vni: 16777216')), [
    '3:48 value: 16777216 is not a VNI: write a number, 0 to 16777215',
  ]);
  t.same(fault(UDP.replace(':36000', '')), [
    '3:48 value: "127.0.0.1" is not an IPv4 address with a UDP port: write it as 127.0.0.1:26000',
  ]);
  for (const port of ['0', '80', '1023', '65536']) {
    t.same(fault(UDP.replace('36000', port)), [
      `3:48 value: 127.0.0.1:${port}: the UDP port must be from 1024 to 65535`,
    ]);
  }
  t.same(fault(UDP.replace('127.0.0.1:36000', 'host:36000')), [
    '3:48 value: "host:36000" is not an IPv4 address with a UDP port: write it as 127.0.0.1:26000',
  ]);
  t.same(fault(UDP.replace('26000', '36000')), ['3:73 external: both ends are 127.0.0.1:36000']);
  t.same(fault(UDP.replace('127.0.0.1:26000', '10.0.0.1:26000')), [
    "3:48 external: 127.0.0.1 and 10.0.0.1 cannot reach each other: one is this machine's loopback",
  ]);
  t.same(fault(UDP.replace('127.0.0.1:26000', '0.0.0.0:26000')), [
    '3:73 external: 0.0.0.0 is not the address of one machine',
  ]);
  t.same(fault(UDP.replace('127.0.0.1:36000', '224.0.0.1:36000')), [
    '3:48 external: 224.0.0.1 is not the address of one machine',
  ]);
  t.same(fault('{encap: udp, local: 127.0.0.1:36000}'), ['3:18 missing-key: "remote" is missing here']);
  t.same(fault(UDP.replace('}', ', colour: red}')), [
    '3:90 unknown-key: unknown key "colour". Keys here are encap, local, remote, vni, name.',
  ]);
  t.same(fault('yes'), ['3:28 type: "yes" is not a far end: write {encap: udp, local: IP:PORT, remote: IP:PORT}']);
  t.same(fault(UDP.replace('}', ', name: a}')), ['3:96 duplicate-name: a device of this topology is called "a"']);
  t.match(fault(UDP.replace('}', ', name: My PC}')), [/3:96 value: "My PC" is not a name: write lower-case letters/]);
});

t.test('what is wrong with the link', async (t) => {
  t.same(problemsOf(file('sw:1')), [
    '3:5 link-syntax: "sw:1" is not a link: write client:eth0 -- sw1:3, or add "external:" when the other end is not ours',
  ]);
  t.same(problemsOf(file(`{link: a -- sw, external: ${UDP}}`)), [
    '3:12 link-syntax: "a -- sw" is not the end of a link: beside "external:" only our own end is named, such as sw1:3',
  ]);
  t.same(problemsOf(file(`{link: sv, external: ${UDP}}`)), [
    '3:12 unknown-device: there is no device "sv". Did you mean "sw"?',
  ]);
  t.same(problemsOf(file('a -- sw:1', `{link: sw:1, external: ${UDP}}`)), [
    '4:12 port-in-use: sw:1 already has a link (line 3)',
  ]);
  t.same(problemsOf(file(`{link: sw:1, external: ${UDP}, from: {pc: {loss: 1%}}}`)), [
    '3:98 unknown-device: "pc" is no end of this link: write sw or external',
  ]);
});

t.test('no UDP port twice, no name twice', async (t) => {
  t.same(problemsOf(file(`{link: sw, external: ${UDP}}`, `{link: sw, external: ${UDP}}`)), [
    '4:46 port-in-use: UDP 127.0.0.1:36000 cannot be had beside 127.0.0.1:36000 (line 3)',
  ]);
  const all = UDP.replace('127.0.0.1:36000', '0.0.0.0:36000');
  t.same(problemsOf(file(`{link: sw, external: ${all}}`, `{link: sw, external: ${UDP}}`)), [
    '4:46 port-in-use: UDP 127.0.0.1:36000 cannot be had beside 0.0.0.0:36000 (line 3)',
  ]);
  const based = (port: number) =>
    `ports: {base: 36000}\n${file('a -- sw', `{link: sw, external: ${UDP.replace('36000', String(port))}}`)}`;
  t.same(problemsOf(based(36001)), [
    '5:46 port-in-use: UDP 127.0.0.1:36001 is one of the tunnels\' own, 36000 to 36001 ("ports:")',
  ]);
  t.same(problemsOf(based(36002)), []);
  const named = (port: number) =>
    `{link: sw, external: {encap: udp, local: 127.0.0.1:${port}, remote: 127.0.0.1:9999, name: pc}}`;
  t.same(problemsOf(file(named(36000), named(36001))), [
    '4:93 duplicate-name: the far end of another link is called "pc" already (line 3)',
  ]);
});

t.test('drawings show the far end', async (t) => {
  const topology = parse(
    file(
      'a -- sw',
      `{link: sw, external: ${UDP}}`,
      `{link: sw, external: ${UDP.replace('}', ', name: pc}').replace('36000', '36001')}}`,
    ),
  );
  const mermaid = graphOf(topology, 'mermaid');
  t.match(mermaid, '  x1{{"udp 127.0.0.1:26000"}}:::external\n  d0 --- x1\n');
  t.match(mermaid, '  x2{{"pc<br/>udp 127.0.0.1:26000"}}:::external\n  d0 --- x2\n');
  const dot = graphOf(topology, 'dot');
  t.match(dot, '"external 2" [label="pc\\nudp 127.0.0.1:26000", shape=box, style=dashed');
  t.match(dot, '"sw" -- "external 2" [');
  const svg = graphOf(topology, 'svg');
  t.match(svg, '<title>pc (external)</title>');
  t.notMatch(svg, /NaN|undefined/);
  t.notMatch(graphOf(parse(file('a -- sw')), 'mermaid'), 'external');
});
