import t from 'tap';
import { formatIpv4, type Ipv4Address, parseCidr, parseIpv4 } from '../../../devices/stack/wire/address.js';
import {
  firstAddress,
  generateTopology,
  isBridge,
  loadTopology,
  type Topology,
  type TopologyDevice,
} from '../../../orchestrator/topology/index.js';
import { contains } from '../../../orchestrator/topology/subnets.js';
import { parse, shippedTopology } from './support/problems.js';

/** `10.0.0.0/8 via 192.168.3.1 eth0` */
function routesOf(topology: Topology, device: string): string[] {
  return topology.devices
    .get(device)!
    .routes.map(({ destination, gateway, interface: name, metric }) =>
      [
        destination,
        gateway === undefined ? '' : `via ${gateway}`,
        name ?? '',
        metric === undefined ? '' : `metric ${metric}`,
      ]
        .filter(Boolean)
        .join(' '),
    );
}

/** The devices that a packet passes, as its routing tables lead it; ends at the owner, or with what went wrong. */
function walk(topology: Topology, from: TopologyDevice, destination: Ipv4Address): string[] {
  const owner = new Map<Ipv4Address, TopologyDevice>();
  for (const device of topology.devices.values()) {
    for (const port of device.ports) for (const { address } of port.addresses) owner.set(address, device);
  }
  const way = [from.name];
  let here = from;
  while (owner.get(destination) !== here) {
    if (way.length > 32) return [...way, 'a loop'];
    const next = nextHop(topology, here, destination);
    const device = next === undefined ? undefined : owner.get(next);
    if (device === undefined) return [...way, `no route to ${formatIpv4(destination)}`];
    way.push(device.name);
    here = device;
  }
  return way;
}

function nextHop(topology: Topology, device: TopologyDevice, destination: Ipv4Address): Ipv4Address | undefined {
  const isAttached = device.ports.some((port) => port.addresses.some((own) => contains(own, destination)));
  if (isAttached) return destination;
  if (device.ports.some(({ dhcp }) => dhcp)) return dhcpGateway(topology, device, destination);
  const best = device.routes
    .map((route) => ({ cidr: parseCidr(route.destination)!, gateway: route.gateway }))
    .filter(({ cidr }) => contains(cidr, destination))
    .sort((a, b) => b.cidr.prefixLength - a.cidr.prefixLength)[0];
  return best === undefined ? undefined : parseIpv4(best.gateway!);
}

function dhcpGateway(topology: Topology, device: TopologyDevice, destination: Ipv4Address): Ipv4Address | undefined {
  const network = topology.networks.find(({ ports }) => ports.some((port) => port.device === device.name))!;
  if (network.subnets.some((subnet) => contains(subnet, destination))) return destination;
  for (const port of network.ports) {
    const server = topology.devices.get(port.device)?.dhcpServers.find(({ interface: name }) => name === port.name);
    if (server !== undefined) return parseIpv4(server.gateway!);
  }
  return undefined;
}

/** Every pair that does not end where it should. */
function lostWays(topology: Topology): string[] {
  const devices = [...topology.devices.values()].filter(({ kind }) => !isBridge(kind));
  return devices.flatMap((from) =>
    devices
      .filter((to) => to !== from && firstAddress(to) !== undefined)
      .map((to) => walk(topology, from, firstAddress(to)!))
      .filter((way, i) => way.at(-1) !== devices.filter((to) => to !== from && firstAddress(to) !== undefined)[i].name)
      .map((way) => way.join(' > ')),
  );
}

t.test('in mini-internet everybody reaches everybody', async (t) => {
  t.same(lostWays(loadTopology(shippedTopology('mini-internet'))), []);
});

t.test('in mini-internet the way to the web server is the shortest', async (t) => {
  const topology = loadTopology(shippedTopology('mini-internet'));
  const client = topology.devices.get('client')!;
  t.same(walk(topology, client, parseIpv4('203.0.113.80')!), [
    'client',
    'home-router',
    'isp-router',
    'bb-west',
    'bb-east',
    'server-router',
    'web',
  ]);
});

t.test('a packet for nowhere meets a router that has no route, and does not circle', async (t) => {
  const topology = loadTopology(shippedTopology('mini-internet'));
  for (const device of topology.devices.values()) {
    if (isBridge(device.kind)) continue;
    t.equal(walk(topology, device, parseIpv4('8.8.8.8')!).at(-1), 'no route to 8.8.8.8', device.name);
  }
});

t.test('in routes and in generated rings and trees everybody reaches everybody', async (t) => {
  t.same(lostWays(loadTopology(shippedTopology('routes'))), []);
  for (const spec of ['linear,4', 'star,5', 'tree,2,3', 'ring,3', 'ring,4', 'ring,9']) {
    t.same(lostWays(generateTopology(spec)), [], spec);
  }
});

t.test('Source address by route: the table of the two-homed host', async (t) => {
  const topology = loadTopology(shippedTopology('routes'));
  t.same(routesOf(topology, 'two-homed'), ['0.0.0.0/0 via 192.168.3.254 eth0']);
});

t.test('a chain: its ends have a default route, its middle knows the networks', async (t) => {
  const topology = parse(
    'devices: {a: host, r: router, s: router, t: router, b: host}\nlinks: [a -- r, r -- s, s -- t, t -- b]\n',
  );
  t.same(routesOf(topology, 'r'), ['0.0.0.0/0 via 10.255.0.2 eth1']);
  t.same(routesOf(topology, 's'), ['10.0.0.0/24 via 10.255.0.1 eth0', '10.0.1.0/24 via 10.255.0.6 eth1']);
  t.same(routesOf(topology, 't'), ['0.0.0.0/0 via 10.255.0.5 eth0']);
  t.same(routesOf(topology, 'a'), ['0.0.0.0/0 via 10.0.0.254 eth0']);
});

t.test('two routers back to back have no default routes to each other', async (t) => {
  const topology = parse(
    'devices: {a: host, r: router, s: router, b: host, c: host}\nlinks: [a -- r, r -- s, s -- b, s -- c]\n',
  );
  t.same(routesOf(topology, 'r'), ['10.0.1.0/24 via 10.255.0.2 eth1', '10.0.2.0/24 via 10.255.0.2 eth1']);
  t.same(routesOf(topology, 's'), ['10.0.0.0/24 via 10.255.0.1 eth0']);
});

t.test('routes of the file win over computed ones, also over more specific ones', async (t) => {
  const topology = parse(`devices:
  r: {kind: router, routes: {10.0.0.0/16: {via: t, metric: 5}}}
  s: router
  t: router
  a: {kind: host, address: 10.0.7.1/24}
links: [r -- s, s -- a, r -- t, t -- s]
`);
  t.same(routesOf(topology, 'r')[0], '10.0.0.0/16 via 10.255.0.6 eth1 metric 5');
  t.notOk(routesOf(topology, 'r').some((route) => route.startsWith('10.0.7.0/24')));
});

t.test('gateways by name and by address, the default in routes, and no routing', async (t) => {
  const topology = parse(`devices:
  a: {kind: host, gateway: s}
  b: {kind: host, routes: {default: r}}
  r: {kind: router, address: 10.0.0.7/24, routing: manual}
  s: {kind: router, routing: manual, routes: {10.9.0.0/16: {interface: eth0}}}
  t: router
  sw: switch
links: [a -- sw, b -- sw, r -- sw, s -- sw, s -- t]
`);
  t.same(routesOf(topology, 'a'), ['0.0.0.0/0 via 10.0.0.254 eth0']);
  t.same(routesOf(topology, 'b'), ['0.0.0.0/0 via 10.0.0.7 eth0']);
  t.same(routesOf(topology, 'r'), []);
  t.same(routesOf(topology, 's'), ['10.9.0.0/16 eth0']);
});

t.test('a host between two internets has a default route into one and routes into the other', async (t) => {
  const topology = parse(`devices: {a: host, r: router, s: router, x: host, y: host}
links: [a -- r, a -- s, x -- r, y -- s]
`);
  t.same(routesOf(topology, 'a'), ['10.0.3.0/24 via 10.0.1.254 eth1', '0.0.0.0/0 via 10.0.0.254 eth0']);
});
