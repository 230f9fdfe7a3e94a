/**
 * Routes: what the file says, default routes of hosts, and shortest paths between routers, all written down as
 * static routes. Paths are counted in routers; of equally short ones the neighbour that the file names first wins.
 */
import type { RouteConfig } from '../../devices/control.js';
import {
  type Cidr,
  formatCidr,
  formatIpv4,
  type Ipv4Address,
  parseCidr,
  parseIpv4,
} from '../../devices/stack/wire/address.js';
import {
  type Draft,
  type DraftIpDevice,
  type DraftNetwork,
  type DraftPort,
  isIpDevice,
  unknownDevice,
} from './draft.js';
import type { Path } from './source.js';
import { contains, isSameSubnet, subnetOf } from './subnets.js';

const DEFAULT_DESTINATION = '0.0.0.0/0';

/** A router next door, and the address by which it is reached. */
interface Neighbor {
  readonly device: DraftIpDevice;
  readonly gateway: Ipv4Address;
  readonly port: DraftPort;
}

export function computeRoutes(draft: Draft): Map<string, RouteConfig[]> {
  const routes = new Map<string, RouteConfig[]>();
  const devices = [...draft.devices.values()].filter(isIpDevice);
  const graph = new RouterGraph(draft, devices);
  for (const device of devices) {
    const explicit = [...explicitRoutes(draft, device), ...explicitGateway(draft, device)];
    const computed = computedRoutes(device, graph, explicit);
    routes.set(device.name, [...explicit, ...computed]);
  }
  return routes;
}

/** Who can reach whom through routers, and by which first step. */
export class RouterGraph {
  readonly networks: readonly DraftNetwork[];
  readonly #neighbors = new Map<string, Neighbor[]>();

  constructor(draft: Draft, devices: readonly DraftIpDevice[]) {
    this.networks = draft.networks;
    for (const device of devices) this.#neighbors.set(device.name, neighborsOf(draft, device));
  }

  neighbors(device: string): readonly Neighbor[] {
    return this.#neighbors.get(device) ?? [];
  }

  isStub(device: DraftIpDevice): boolean {
    return new Set(this.neighbors(device.name).map((neighbor) => neighbor.device.name)).size === 1;
  }

  /** How many routers away each router is, and the neighbour through which; breadth first. */
  paths(from: DraftIpDevice): Map<string, { readonly hops: number; readonly first: Neighbor }> {
    const paths = new Map<string, { hops: number; first: Neighbor }>();
    for (const first of this.neighbors(from.name)) {
      if (!paths.has(first.device.name)) paths.set(first.device.name, { hops: 1, first });
    }
    for (const [name, { hops, first }] of paths) {
      // A Map's iteration goes on to what is added meanwhile: this is the queue.
      for (const { device } of this.neighbors(name)) {
        if (device.name !== from.name && !paths.has(device.name)) paths.set(device.name, { hops: hops + 1, first });
      }
    }
    return paths;
  }
}

function neighborsOf(draft: Draft, device: DraftIpDevice): Neighbor[] {
  return device.ports.flatMap((port) =>
    (port.network?.ports ?? []).flatMap((other): Neighbor[] => {
      const router = draft.devices.get(other.device);
      if (other.device === device.name || router === undefined || router.kind !== 'router') return [];
      const gateway = sharedAddress(port, other);
      return gateway === undefined ? [] : [{ device: router as DraftIpDevice, gateway, port }];
    }),
  );
}

/** An address of `other` that `port` reaches directly. */
function sharedAddress(port: DraftPort, other: DraftPort): Ipv4Address | undefined {
  const subnets = port.dhcp ? port.network!.subnets : port.addresses;
  return other.addresses.find(({ address }) => subnets.some((own) => contains(own, address)))?.address;
}

function computedRoutes(device: DraftIpDevice, graph: RouterGraph, explicit: readonly RouteConfig[]): RouteConfig[] {
  const { file } = device;
  if (file.kind === 'router' && file.routing === 'manual') return [];
  const paths = graph.paths(device);
  const routes: RouteConfig[] = [];
  for (const network of graph.networks) {
    for (const subnet of network.subnets) {
      const isOwn = device.ports.some((port) => port.network === network);
      if (isOwn || explicit.some((route) => covers(route, subnet))) continue;
      const nearest = network.ports
        .map((port) => ({ port, path: paths.get(port.device) }))
        .filter(({ port, path }) => path !== undefined && port.addresses.some((own) => contains(subnet, own.address)))
        .reduce<{ hops: number; first: Neighbor } | undefined>(
          (best, { path }) => (best === undefined || path!.hops < best.hops ? path : best),
          undefined,
        );
      if (nearest === undefined) continue;
      routes.push({
        destination: formatCidr(subnet),
        gateway: formatIpv4(nearest.first.gateway),
        interface: nearest.first.port.name,
      });
    }
  }
  return file.kind === 'router'
    ? shortenStub(device, graph, routes, explicit)
    : shortenHost(device, graph, routes, explicit);
}

/** What the file says wins over what would be more specific than it; a default route is for what has no other. */
function covers(route: RouteConfig, subnet: Cidr): boolean {
  const destination = parseCidr(route.destination)!;
  if (destination.prefixLength === 0) return false;
  return destination.prefixLength <= subnet.prefixLength && contains(destination, subnet.address);
}

/**
 * A router with one way out needs a default route only, unless its neighbour does the same: then a packet for
 * nowhere would go to and fro between the two until its TTL ends.
 */
function shortenStub(
  device: DraftIpDevice,
  graph: RouterGraph,
  routes: readonly RouteConfig[],
  explicit: readonly RouteConfig[],
): RouteConfig[] {
  const [neighbor] = graph.neighbors(device.name);
  const isAlone = routes.length < 2 || !graph.isStub(device) || graph.isStub(neighbor.device);
  if (isAlone || explicit.some((route) => route.destination === DEFAULT_DESTINATION)) return [...routes];
  if (neighbor.device.file.kind === 'router' && neighbor.device.file.routing === 'manual') return [...routes];
  return [defaultRoute(neighbor)];
}

/** Hosts send everything to their gateway, apart from networks that only another router next door leads to. */
function shortenHost(
  device: DraftIpDevice,
  graph: RouterGraph,
  routes: readonly RouteConfig[],
  explicit: readonly RouteConfig[],
): RouteConfig[] {
  // The gateway of a port that DHCP configures comes by DHCP.
  if (device.ports.some((port) => port.dhcp)) return [];
  const hasDefault = explicit.some((route) => route.destination === DEFAULT_DESTINATION);
  const [first] = graph.neighbors(device.name);
  if (first === undefined) return [];
  const reached = new Set([first.device.name, ...graph.paths(first.device).keys()]);
  const elsewhere = routes.filter((route) => {
    const neighbor = graph.neighbors(device.name).find(({ gateway }) => formatIpv4(gateway) === route.gateway);
    return neighbor !== undefined && !reached.has(neighbor.device.name);
  });
  return hasDefault ? elsewhere : [...elsewhere, defaultRoute(first)];
}

function defaultRoute(neighbor: Neighbor): RouteConfig {
  return { destination: DEFAULT_DESTINATION, gateway: formatIpv4(neighbor.gateway), interface: neighbor.port.name };
}

function explicitGateway(draft: Draft, device: DraftIpDevice): RouteConfig[] {
  if (device.file.gateway === undefined) return [];
  const hop = nextHop(draft, device, device.file.gateway, [...device.path, 'gateway'], 'gateway');
  return hop === undefined ? [] : [{ destination: DEFAULT_DESTINATION, ...hop }];
}

function explicitRoutes(draft: Draft, device: DraftIpDevice): RouteConfig[] {
  return Object.entries(device.file.routes ?? {}).flatMap(([key, value]): RouteConfig[] => {
    const path = [...device.path, 'routes', key];
    const refuse = (message: string, at: Path, key = false): RouteConfig[] => {
      draft.problems.add('route', at, message, { key });
      return [];
    };
    const destination = key === 'default' ? parseCidr(DEFAULT_DESTINATION) : parseCidr(key);
    if (destination === undefined) {
      return refuse(`"${key}" is not a destination: write a subnet such as 10.0.0.0/8, or default`, path, true);
    }
    const subnet = subnetOf(destination);
    if (!isSameSubnet(subnet, destination) || subnet.address !== destination.address) {
      return refuse(
        `${key} is an address in ${formatCidr(subnet)}; as a destination write ${formatCidr(subnet)}`,
        path,
        true,
      );
    }
    const file = typeof value === 'string' ? { via: value } : value;
    if (file.interface !== undefined && !device.ports.some((port) => port.name === file.interface)) {
      const names = device.ports.map((port) => port.name).join(', ');
      return refuse(`${device.name} has no interface "${file.interface}": it has ${names}`, [...path, 'interface']);
    }
    const rest = {
      ...(file.interface !== undefined && { interface: file.interface }),
      ...(file.metric !== undefined && { metric: file.metric }),
    };
    if (file.via === undefined) {
      if (file.interface === undefined) return refuse('a route needs "via:" or "interface:"', path);
      return [{ destination: formatCidr(subnet), ...rest }];
    }
    const hop = nextHop(draft, device, file.via, typeof value === 'string' ? path : [...path, 'via'], 'route');
    return hop === undefined ? [] : [{ destination: formatCidr(subnet), ...hop, ...rest }];
  });
}

/** An address in a subnet of the device, or the address that a device has there. */
function nextHop(
  draft: Draft,
  device: DraftIpDevice,
  text: string,
  path: Path,
  code: 'gateway' | 'route',
): { gateway: string; interface: string } | undefined {
  const address = parseIpv4(text);
  const refuse = (message: string): undefined => {
    if (!draft.suspects.has(device.name)) draft.problems.add(code, path, message);
    return undefined;
  };
  if (address === undefined) return nextHopByName(draft, device, text, refuse);
  const port = device.ports.find((candidate) => subnetsOf(candidate).some((subnet) => contains(subnet, address)));
  if (port === undefined) {
    const subnets = device.ports.flatMap(subnetsOf).map((subnet) => formatCidr(subnetOf(subnet)));
    return refuse(
      `the gateway ${text} is in no subnet of ${device.name}${subnets.length > 0 ? ` (${subnets.join(', ')})` : ''}`,
    );
  }
  if (device.ports.some((own) => own.addresses.some((cidr) => cidr.address === address))) {
    return refuse(`the gateway ${text} is ${device.name} itself`);
  }
  return { gateway: formatIpv4(address), interface: port.name };
}

function nextHopByName(
  draft: Draft,
  device: DraftIpDevice,
  name: string,
  refuse: (message: string) => undefined,
): { gateway: string; interface: string } | undefined {
  const other = draft.devices.get(name);
  if (other === undefined)
    return draft.suspects.has(name)
      ? undefined
      : refuse(`"${name}" is no IPv4 address, and ${unknownDevice(name, draft)}`);
  for (const port of device.ports) {
    for (const candidate of port.network?.ports ?? []) {
      const gateway = candidate.device === name && name !== device.name ? sharedAddress(port, candidate) : undefined;
      if (gateway !== undefined) return { gateway: formatIpv4(gateway), interface: port.name };
    }
  }
  if (draft.suspects.has(name)) return undefined;
  return refuse(`the gateway "${name}" shares no network with ${device.name}`);
}

function subnetsOf(port: DraftPort): readonly Cidr[] {
  return port.dhcp ? (port.network?.subnets ?? []) : port.addresses;
}
