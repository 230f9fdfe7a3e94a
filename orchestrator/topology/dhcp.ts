/** DHCP servers of routers: pools, planned or checked, and what they tell their clients. */
import type { DhcpServerConfig } from '../../devices/control.js';
import {
  type Cidr,
  formatCidr,
  formatIpv4,
  formatMac,
  type Ipv4Address,
  parseIpv4,
  parseMac,
} from '../../devices/stack/wire/address.js';
import { type Draft, type DraftIpDevice, type DraftPort, isIpDevice, listOf, unknownDevice } from './draft.js';
import { addressOf } from './resolvers.js';
import type { DhcpPoolFile, RouterFile } from './schema-devices.js';
import type { Path } from './source.js';
import { contains, hostRange, subnetOf } from './subnets.js';
import { parseDuration } from './units.js';

const DEFAULT_LEASE_SECONDS = 3600;

export interface Range {
  readonly from: Ipv4Address;
  readonly to: Ipv4Address;
}

/** What a router is to serve on one of its ports, before servers for names are known. */
export interface DhcpService {
  readonly router: DraftIpDevice;
  readonly port: DraftPort;
  readonly file: DhcpPoolFile;
  readonly path: Path;
  readonly pool: Range;
  readonly reservations: Readonly<Record<string, string>>;
}

export function findDhcpServices(draft: Draft): DhcpService[] {
  const services = [...draft.devices.values()].filter(isIpDevice).flatMap((router) => servicesOf(draft, router));
  const served = new Map(services.map((service) => [service.port.network, service] as const));
  for (const service of services) {
    const other = served.get(service.port.network)!;
    if (other !== service) {
      const message = `${other.router.name}:${other.port.name} serves DHCP on the same network`;
      draft.problems.add('dhcp', service.path, message, { key: true });
    }
  }
  for (const network of draft.networks) {
    for (const port of network.ports) {
      if (!port.dhcp || served.has(network) || draft.suspects.has(port.device)) continue;
      // A server may be there that is not ours.
      if (network.links.some(({ external }) => external !== undefined)) continue;
      if (draft.problems.all.some((problem) => problem.code === 'dhcp')) continue;
      const message = `${port.device}:${port.name} asks for its address by DHCP, but no router serves DHCP on ${network.label}`;
      draft.problems.add('dhcp', port.path, message);
    }
  }
  return services;
}

export function dhcpServerConfig(draft: Draft, service: DhcpService, defaultDns: readonly string[]): DhcpServerConfig {
  const { file, port, path, pool, reservations } = service;
  const subnet = port.addresses[0];
  const gateway = file.gateway === undefined ? undefined : addressOf(draft, file.gateway, [...path, 'gateway'], 'dhcp');
  if (gateway !== undefined && !contains(subnet, parseIpv4(gateway)!)) {
    const message = `the gateway ${gateway} is outside ${formatCidr(subnetOf(subnet))}, the subnet that this pool serves`;
    draft.problems.add('gateway', [...path, 'gateway'], message);
  }
  const servers = listOf(file.dns).flatMap((name, i) => {
    const at = Array.isArray(file.dns) ? [...path, 'dns', i] : [...path, 'dns'];
    return addressOf(draft, name, at, 'dhcp') ?? [];
  });
  const dnsServers = file.dns === undefined ? defaultDns : servers;
  return {
    interface: port.name,
    from: formatIpv4(pool.from),
    to: formatIpv4(pool.to),
    leaseSeconds:
      file.lease === undefined ? DEFAULT_LEASE_SECONDS : Math.max(1, Math.round(parseDuration(file.lease)! / 1000)),
    gateway: gateway ?? formatIpv4(subnet.address),
    ...(dnsServers.length > 0 && { dnsServers }),
    ...(file.domain !== undefined && { domain: file.domain }),
    ...(Object.keys(reservations).length > 0 && { reservations }),
  };
}

function servicesOf(draft: Draft, router: DraftIpDevice): DhcpService[] {
  const { file } = router;
  if (file.kind !== 'router' || file.dhcpServer === undefined) return [];
  return poolsOf(file.dhcpServer).flatMap(({ name, pool, steps }): DhcpService[] => {
    const path = [...router.path, 'dhcpServer', ...steps];
    const port = router.ports.find((candidate) => candidate.name === name);
    const isMap = !(typeof file.dhcpServer === 'string' || Array.isArray(file.dhcpServer));
    if (port === undefined) {
      const names = router.ports.map((candidate) => candidate.name).join(', ') || 'none';
      draft.problems.add('dhcp', path, `${router.name} has no interface "${name}": it has ${names}`, { key: isMap });
      return [];
    }
    if (port.addresses.length === 0 || draft.suspects.has(router.name)) return [];
    const range = pool.pool === undefined ? planPool(draft, port) : readPool(draft, port, pool.pool, [...path, 'pool']);
    if (range === undefined) return [];
    const reservations = readReservations(draft, port, pool, [...path, 'reservations']);
    return [{ router, port, file: pool, path, pool: range, reservations }];
  });
}

function poolsOf(file: NonNullable<RouterFile['dhcpServer']>): { name: string; pool: DhcpPoolFile; steps: Path }[] {
  if (typeof file === 'string') return [{ name: file, pool: {}, steps: [] }];
  if (Array.isArray(file)) return file.map((name, i) => ({ name, pool: {}, steps: [i] }));
  return Object.entries(file).map(([name, pool]) => ({ name, pool: pool ?? {}, steps: [name] }));
}

function readPool(draft: Draft, port: DraftPort, text: string, path: Path): Range | undefined {
  const refuse = (message: string): undefined => draft.problems.add('dhcp', path, message) as undefined;
  const [from, to, ...more] = text.split(/\s*-\s*/).map(parseIpv4);
  if (from === undefined || to === undefined || more.length > 0) {
    return refuse(`"${text}" is not a pool: write its first and last address, such as 192.168.1.100-192.168.1.199`);
  }
  if (from > to) return refuse(`the pool ${text} ends before it begins`);
  const subnet = subnetOf(port.addresses[0]);
  const { first, last } = hostRange(subnet);
  if (from < first || to > last) {
    return refuse(`the pool ${text} is not within ${formatCidr(subnet)}, the subnet of ${port.device}:${port.name}`);
  }
  const taken = fixedAddresses(port).find(({ address }) => address >= from && address <= to);
  if (taken === undefined) return { from, to };
  return refuse(`the pool ${text} contains ${formatIpv4(taken.address)}, the address of ${taken.owner}`);
}

/** .100 to .199 of a /24 or larger, else the upper half; cut to the longest part without an address that is taken. */
function planPool(draft: Draft, port: DraftPort): Range | undefined {
  const subnet = subnetOf(port.addresses[0]);
  const { first, last } = hostRange(subnet);
  const isLarge = subnet.prefixLength <= 24;
  const from = isLarge ? subnet.address + 100 : Math.ceil((first + last) / 2);
  const to = isLarge ? subnet.address + 199 : last;
  const taken = fixedAddresses(port)
    .map(({ address }) => address)
    .filter((address) => address >= from && address <= to)
    .sort((a, b) => a - b);
  let best: Range | undefined;
  let start = from;
  for (const end of [...taken, to + 1]) {
    if (end > start && (best === undefined || end - start > best.to - best.from + 1))
      best = { from: start, to: end - 1 };
    start = end + 1;
  }
  if (best === undefined) {
    const message = `${formatCidr(subnet)} has no addresses left for a pool on ${port.device}:${port.name}`;
    draft.problems.add('dhcp', [...(draft.devices.get(port.device)?.path ?? []), 'dhcpServer'], message);
  }
  return best;
}

function fixedAddresses(port: DraftPort): { address: Ipv4Address; owner: string }[] {
  return (port.network?.ports ?? []).flatMap((other) =>
    other.addresses.map((cidr: Cidr) => ({ address: cidr.address, owner: `${other.device}:${other.name}` })),
  );
}

function readReservations(draft: Draft, port: DraftPort, file: DhcpPoolFile, path: Path): Record<string, string> {
  const reservations: Record<string, string> = {};
  const owners = new Map<Ipv4Address, string>();
  for (const [who, text] of Object.entries(file.reservations ?? {})) {
    const at = [...path, who];
    const address = parseIpv4(text);
    const subnet = subnetOf(port.addresses[0]);
    const { first, last } = hostRange(subnet);
    const owner = address === undefined ? undefined : (owners.get(address) ?? fixedOwner(port, address));
    if (address === undefined) draft.problems.add('dhcp', at, `"${text}" is not an IPv4 address`);
    else if (address < first || address > last) {
      draft.problems.add(
        'dhcp',
        at,
        `${text} is not within ${formatCidr(subnet)}, the subnet of ${port.device}:${port.name}`,
      );
    } else if (owner !== undefined) {
      draft.problems.add('duplicate-address', at, `${text} is already the address of ${owner}`);
    } else {
      owners.set(address, who);
      const mac = macOf(draft, port, who, at);
      if (mac !== undefined) reservations[mac] = text;
    }
  }
  return reservations;
}

function fixedOwner(port: DraftPort, address: Ipv4Address): string | undefined {
  return fixedAddresses(port).find((fixed) => fixed.address === address)?.owner;
}

function macOf(draft: Draft, port: DraftPort, who: string, path: Path): string | undefined {
  const mac = parseMac(who);
  if (mac !== undefined) return formatMac(mac);
  const client = port.network?.ports.find((candidate) => candidate.device === who && candidate.dhcp);
  if (client?.mac !== undefined) return formatMac(client.mac);
  if (draft.suspects.has(who)) return undefined;
  const message = draft.devices.has(who)
    ? `"${who}" asks for no address by DHCP on this network`
    : `"${who}" is no MAC address, and ${unknownDevice(who, draft)}`;
  draft.problems.add('dhcp', path, message, { key: true });
  return undefined;
}
