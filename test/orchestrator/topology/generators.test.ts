import t from 'tap';
import { generateTopology, type Topology, TopologyError } from '../../../orchestrator/topology/index.js';

function shape(topology: Topology): string {
  const count = (kind: string) => [...topology.devices.values()].filter((device) => device.kind === kind).length;
  return `${count('host')} hosts, ${count('switch')} switches, ${count('router')} routers, ${topology.links.length} links`;
}

t.test('sizes', async (t) => {
  const shapes = {
    'linear,1': '1 hosts, 1 switches, 0 routers, 1 links',
    'linear,3': '3 hosts, 3 switches, 0 routers, 5 links',
    'star,1': '1 hosts, 1 switches, 0 routers, 1 links',
    'star,300': '300 hosts, 1 switches, 0 routers, 300 links',
    'tree,1,2': '2 hosts, 1 switches, 0 routers, 2 links',
    'tree,2,3': '9 hosts, 4 switches, 0 routers, 12 links',
    'tree,3,2': '8 hosts, 7 switches, 0 routers, 14 links',
    'ring,3': '3 hosts, 0 switches, 3 routers, 6 links',
    'ring,10': '10 hosts, 0 switches, 10 routers, 20 links',
  };
  for (const [spec, expected] of Object.entries(shapes)) t.equal(shape(generateTopology(spec)), expected, spec);
});

t.test('names, ports and addresses', async (t) => {
  const { name, links, devices, networks } = generateTopology('linear,3');
  t.equal(name, 'linear-3');
  t.same(
    links.map((link) => link.name),
    ['h1:eth0 -- s1:1', 'h2:eth0 -- s2:1', 's1:2 -- s2:2', 'h3:eth0 -- s3:1', 's2:3 -- s3:2'],
  );
  t.same(
    ['h1', 'h2', 'h3'].map((host) => devices.get(host)?.ports[0].addresses[0].address),
    [0x0a000001, 0x0a000002, 0x0a000003],
  );
  t.equal(networks.length, 1);
});

t.test('300 hosts get a larger subnet', async (t) => {
  t.equal(generateTopology('star,300').networks[0].subnets[0].prefixLength, 23);
});

t.test('hosts serve a folder under their own names when asked to', async (t) => {
  const { devices } = generateTopology('star,2', { siteFolder: process.cwd() });
  t.same(devices.get('h2')?.web, { accessLogFormat: 'common', sites: [{ names: ['h2'], root: process.cwd() }] });
});

t.test('refused with exact words', async (t) => {
  const refusals = {
    'lineer,3': 'there is no generator "lineer". Did you mean "linear"? Write linear,N, star,N, tree,D,F, ring,N.',
    linear: 'write linear,N, with whole numbers from 1',
    'linear,0': 'write linear,N, with whole numbers from 1',
    'linear,3,4': 'write linear,N, with whole numbers from 1',
    'star,x': 'write star,N, with whole numbers from 1',
    'tree,3': 'write tree,D,F, with whole numbers from 1',
    'ring,2': 'a ring needs at least 3 routers',
    'tree,20,9': 'that is more than 1000 devices, each of them a process',
    'star,1000': 'that is more than 1000 devices, each of them a process',
  };
  for (const [spec, message] of Object.entries(refusals)) {
    t.throws(() => generateTopology(spec), new TopologyError(`--topo ${spec}`, [{ code: 'generator', message }]), spec);
  }
});
