import { join } from 'node:path';
import t from 'tap';
import type { DeviceConfig } from '../../../devices/control.js';
import { controlPath, loadTopology, planTopology, udpPortCount } from '../../../orchestrator/topology/index.js';
import { parse, repositoryRoot, shippedTopology } from './support/problems.js';

const OPTIONS = { lab: 'demo', runDir: '/run/demo', basePort: 20000, platform: 'linux' } as const;

function plan(text: string): Map<string, DeviceConfig> {
  return new Map(planTopology(parse(text), OPTIONS).map((config) => [config.name, config]));
}

t.test('the whole plan of hello', async (t) => {
  const topology = loadTopology(shippedTopology('hello'));
  t.equal(topology.name, 'hello');
  t.equal(udpPortCount(topology), 4);
  const endpoint = (port: number) => ({ address: '127.0.0.1', port });
  const resolver = { hosts: { localhost: ['127.0.0.1'], a: ['10.0.0.1'], b: ['10.0.0.2'] } };
  t.strictSame(planTopology(topology, OPTIONS), [
    {
      lab: 'demo',
      name: 'a',
      kind: 'host',
      seed: 1,
      control: join('/run/demo', 'a.sock'),
      logFile: join('/run/demo', 'a.log'),
      ports: [
        {
          name: 'eth0',
          link: 'a:eth0 -- sw:1',
          mac: '02:c3:36:ec:b3:29',
          addresses: ['10.0.0.1/24'],
          tunnel: { encapsulation: 'native', local: endpoint(20000), remote: endpoint(20001) },
        },
      ],
      routes: [],
      resolver,
    },
    {
      lab: 'demo',
      name: 'b',
      kind: 'host',
      seed: 1,
      control: join('/run/demo', 'b.sock'),
      logFile: join('/run/demo', 'b.log'),
      ports: [
        {
          name: 'eth0',
          link: 'b:eth0 -- sw:2',
          mac: '02:81:17:83:a0:81',
          addresses: ['10.0.0.2/24'],
          tunnel: { encapsulation: 'native', local: endpoint(20002), remote: endpoint(20003) },
        },
      ],
      routes: [],
      resolver,
      web: {
        accessLog: { file: '/run/demo/b.access.log', format: 'common' },
        sites: [{ names: ['b'], root: join(repositoryRoot(), 'topologies', 'sites', 'hello') }],
      },
      services: ['echo', 'discard', 'daytime', 'chargen'],
    },
    {
      lab: 'demo',
      name: 'sw',
      kind: 'switch',
      seed: 1,
      control: join('/run/demo', 'sw.sock'),
      logFile: join('/run/demo', 'sw.log'),
      ports: [
        {
          name: '1',
          link: 'a:eth0 -- sw:1',
          tunnel: { encapsulation: 'native', local: endpoint(20001), remote: endpoint(20000) },
        },
        {
          name: '2',
          link: 'b:eth0 -- sw:2',
          tunnel: { encapsulation: 'native', local: endpoint(20003), remote: endpoint(20002) },
        },
      ],
    },
  ]);
});

t.test('the same file gives the same plan', async (t) => {
  for (const name of ['hello', 'lan', 'routes', 'mini-internet']) {
    const once = planTopology(loadTopology(shippedTopology(name)), OPTIONS);
    const again = planTopology(loadTopology(shippedTopology(name)), OPTIONS);
    t.equal(JSON.stringify(once), JSON.stringify(again), name);
  }
});

t.test('a MAC address is unicast, locally administered, and stays when the file grows', async (t) => {
  const small = plan('devices: {a: host, b: host}\nlinks: [a -- b]\n');
  const grown = plan('devices: {z: host, b: host, a: host, sw: switch}\nlinks: [z -- sw, b -- sw, a -- sw]\n');
  t.match(small.get('a')?.ports[0].mac, /^02:/);
  t.equal(grown.get('a')?.ports[0].mac, small.get('a')?.ports[0].mac);
  t.not(small.get('b')?.ports[0].mac, small.get('a')?.ports[0].mac);
});

t.test('every tunnel end has a port of its own, and its peer points back', async (t) => {
  const configs = planTopology(loadTopology(shippedTopology('mini-internet')), OPTIONS);
  const tunnels = configs.flatMap((config) => config.ports.map((port) => port.tunnel!));
  const byLocal = new Map(tunnels.map((tunnel) => [tunnel.local.port, tunnel]));
  t.equal(byLocal.size, tunnels.length);
  for (const tunnel of tunnels) t.equal(byLocal.get(tunnel.remote.port)?.remote.port, tunnel.local.port);
  t.equal(Math.max(...byLocal.keys()), OPTIONS.basePort + tunnels.length - 1);
});

t.test('impairments of both directions and of one', async (t) => {
  const configs = plan(`devices: {a: host, b: host}
links:
  - link: a -- b
    delay: 20ms
    jitter: 2ms
    loss: 1%
    duplicate: 0.5%
    reorder: 10%
    reorderDelay: 5ms
    corrupt: 0.1%
    rate: 10Mbit
    queue: 64KiB
    mtu: 1400
    from: {b: {delay: 40ms, loss: 0%}}
`);
  const [a] = configs.get('a')!.ports;
  const [b] = configs.get('b')!.ports;
  const both = {
    delayMs: 20,
    jitterMs: 2,
    loss: 0.01,
    duplicate: 0.005,
    reorder: 0.1,
    reorderDelayMs: 5,
    corrupt: 0.001,
    rateBps: 10_000_000,
    queueBytes: 65536,
  };
  t.same(a.impairment, both);
  t.same(b.impairment, { ...both, delayMs: 40, loss: 0 });
  t.same([a.mtu, b.mtu], [1400, 1400]);
});

t.test('ports that are left out are the next free ones, after those that any line names', async (t) => {
  const { links } = parse(
    'devices: {a: host, b: host, c: host, sw: switch}\nlinks:\n  - a -- sw\n  - b -- sw:1\n  - c -- sw\n',
  );
  t.same(
    links.map(({ name }) => name),
    ['a:eth0 -- sw:2', 'b:eth0 -- sw:1', 'c:eth0 -- sw:3'],
  );
});

t.test('addresses that are left out: hosts count up, routers down, given ones are passed over', async (t) => {
  const configs = plan(
    'devices: {a: host, b: {kind: host, address: 10.9.0.2/24}, c: host, r: router, sw: switch}\nlinks: [a -- sw, b -- sw, c -- sw, r -- sw]\n',
  );
  const addresses = [...configs.values()].map(({ ports }) => ports[0].addresses);
  t.same(addresses, [['10.9.0.1/24'], ['10.9.0.2/24'], ['10.9.0.3/24'], ['10.9.0.254/24'], undefined]);
});

t.test('subnets that are left out pass over those that are given', async (t) => {
  const { networks } = parse(
    'devices: {a: host, b: host, c: {kind: host, address: 10.0.1.1/24}, r: router, s: router}\nlinks: [a -- r, b -- r, c -- r, r -- s]\n',
  );
  const subnets = networks.map(({ subnets }) => subnets[0].address);
  t.same(subnets, [0x0a000000, 0x0a000200, 0x0a000100, 0x0aff0000]);
});

t.test('subnet: of a switch or a link gives the prefix length of short addresses', async (t) => {
  const configs = plan(`devices:
  a: {kind: host, address: 192.168.7.9}
  sw: {kind: switch, subnet: 192.168.7.0/28}
  b: host
  c: host
links:
  - a -- sw
  - {link: b -- c, subnet: 172.16.0.0/31}
`);
  t.same(configs.get('a')?.ports[0].addresses, ['192.168.7.9/28']);
  t.same(configs.get('b')?.ports[0].addresses, ['172.16.0.0/31']);
  t.same(configs.get('c')?.ports[0].addresses, ['172.16.0.1/31']);
});

t.test('an interface may have several addresses, and stand without a link', async (t) => {
  const configs = plan(
    'devices:\n  a: {kind: host, interfaces: {eth0: [10.0.0.1/24, 10.1.0.1/16], eth1: {mtu: 1400}}}\n',
  );
  const [eth0, eth1] = configs.get('a')!.ports;
  t.same(eth0.addresses, ['10.0.0.1/24', '10.1.0.1/16']);
  t.equal(eth0.tunnel, undefined);
  t.same([eth1.name, eth1.addresses, eth1.mtu], ['eth1', [], 1400]);
});

t.test('a single device is a topology', async (t) => {
  t.same(plan('devices: {alone: switch}\n').get('alone')?.ports, []);
  t.same(plan('devices: {alone: host}\n').get('alone')?.ports, []);
});

t.test('what the whole topology says reaches every device', async (t) => {
  const topology = parse(
    'name: lesson-1\nseed: winter\nports: {base: 30000}\ntiming: {tcpMsl: 1s, arpReachable: 5s}\ndevices: {a: host, sw: {kind: switch, macAge: 10s}}\nlinks: [a -- sw]\n',
  );
  t.equal(topology.name, 'lesson-1');
  t.equal(topology.basePort, 30000);
  for (const config of planTopology(topology, OPTIONS)) {
    t.equal(config.seed, 'winter');
    t.same(config.timing, { tcpMslMs: 1000, arpReachableMs: 5000 });
    if (config.kind === 'switch') t.equal(config.macAgeSeconds, 10);
  }
});

t.test('how TCP behaves is said for each device', async (t) => {
  const devices = plan('devices: {a: {kind: host, tcp: {congestionControl: reno, ecn: request}}, b: host}\n');
  t.same(devices.get('a')?.tcp, { congestionControl: 'reno', ecn: 'request' });
  t.equal(devices.get('b')?.tcp, undefined);
});

t.test('on Windows control is a named pipe', async (t) => {
  t.equal(controlPath({ lab: 'demo', runDir: 'C:\\run', platform: 'win32' }, 'a'), '\\\\.\\pipe\\netarium-demo-a');
});
