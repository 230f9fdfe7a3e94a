/**
 * Addresses: those that the file gives are checked, those that it leaves out are planned, the same way every time.
 * In a network with hosts, hosts count up from its first address and routers down from its last one, so that h1 is
 * .1 and the gateway .254; between routers alone both count up.
 */
import {
  type Cidr,
  directedBroadcast,
  formatCidr,
  formatIpv4,
  type Ipv4Address,
  networkOf,
  parseCidr,
  parseIpv4,
} from '../../devices/stack/wire/address.js';
import { type Draft, type DraftNetwork, type DraftPort, listOf } from './draft.js';
import type { Path } from './source.js';
import { contains, hostRange, isHostAddress, overlaps, subnetOf } from './subnets.js';

interface WrittenAddress {
  readonly port: DraftPort;
  readonly text: string;
  readonly address: Ipv4Address;
  readonly prefixLength: number | undefined;
  readonly path: Path;
}

/** Private space (RFC 1918) from which networks without a subnet get theirs. */
const PLANNED_NETWORKS: Cidr = parseCidr('10.0.0.0/9')!;
const PLANNED_TRANSFER_NETWORKS: Cidr = parseCidr('10.255.0.0/16')!;

export function assignAddresses(draft: Draft): void {
  const written = new Map<DraftNetwork, WrittenAddress[]>();
  for (const network of draft.networks) written.set(network, readAddresses(draft, network));
  for (const network of draft.networks) settleSubnet(draft, network, written.get(network)!);
  refuseOverlaps(draft);
  planSubnets(draft);
  const owners = new Map<Ipv4Address, WrittenAddress>();
  for (const network of draft.networks) {
    for (const one of written.get(network)!) placeWritten(draft, network, one, owners);
  }
  const used = new Set(owners.keys());
  for (const network of draft.networks) planAddresses(draft, network, used);
}

function readAddresses(draft: Draft, network: DraftNetwork): WrittenAddress[] {
  const written: WrittenAddress[] = [];
  for (const port of network.ports) {
    const details =
      typeof port.file === 'object' && port.file !== null && !Array.isArray(port.file) ? port.file : undefined;
    const value = details === undefined ? (port.file as string | string[] | null | undefined) : details.address;
    const base = details === undefined ? port.path : [...port.path, 'address'];
    listOf(value).forEach((text, i) => {
      const path = Array.isArray(value) ? [...base, i] : base;
      if (text === 'dhcp') askForDhcp(draft, port, path);
      else {
        const cidr = parseCidr(text);
        const address = cidr?.address ?? parseIpv4(text)!;
        written.push({ port, text, address, prefixLength: cidr?.prefixLength, path });
      }
    });
  }
  return written;
}

function askForDhcp(draft: Draft, port: DraftPort, path: Path): void {
  if (draft.devices.get(port.device)?.kind === 'host') port.dhcp = true;
  else draft.problems.add('dhcp', path, 'only hosts ask for an address by DHCP: others must know theirs at once');
}

/** Nobody has said what the subnet is: then the first address with a prefix length does. */
function settleSubnet(draft: Draft, network: DraftNetwork, written: readonly WrittenAddress[]): void {
  if (network.subnets.length > 0 || written.length === 0) return;
  const first = written.find(({ prefixLength }) => prefixLength !== undefined);
  if (first === undefined) {
    const [one] = written;
    const message =
      `${one.text} needs its prefix length, such as ${one.text}/24: ` +
      'neither another address nor "subnet:" says what the subnet of its network is';
    draft.problems.add('subnet', one.path, message);
    draft.suspects.add(one.port.device);
    return;
  }
  network.subnets = [subnetOf({ address: first.address, prefixLength: first.prefixLength! })];
  network.subnetFrom = `${first.port.device}:${first.port.name}`;
  // Further addresses of the same port may open further subnets of this network: an interface with two addresses.
  for (const other of written) {
    if (other.port !== first.port || other.prefixLength === undefined) continue;
    const subnet = subnetOf({ address: other.address, prefixLength: other.prefixLength });
    if (!network.subnets.some((known) => overlaps(known, subnet))) network.subnets.push(subnet);
  }
}

function refuseOverlaps(draft: Draft): void {
  const seen: { subnet: Cidr; network: DraftNetwork }[] = [];
  for (const network of draft.networks) {
    if (isCutOff(draft, network)) continue;
    for (const subnet of network.subnets) {
      const other = seen.find((known) => known.network !== network && overlaps(known.subnet, subnet));
      if (other === undefined) {
        seen.push({ subnet, network });
        continue;
      }
      const message =
        `${network.label} has the subnet ${formatCidr(subnet)}, which overlaps ${formatCidr(other.subnet)} of ` +
        `${other.network.label}: routers could not tell them apart`;
      draft.problems.add('subnet', placeOfSubnet(draft, network), message);
    }
  }
}

/** Only a mistake elsewhere, in a link or in the device at its other end, keeps these ports from their network. */
function isCutOff(draft: Draft, network: DraftNetwork): boolean {
  return network.links.length === 0 && network.ports.some(({ device }) => draft.suspects.has(device));
}

/** Where the subnet of a network comes from. */
function placeOfSubnet(draft: Draft, network: DraftNetwork): Path {
  for (const name of network.bridges) {
    const device = draft.devices.get(name)!;
    if ('subnet' in device.file && device.file.subnet !== undefined) return [...device.path, 'subnet'];
  }
  for (const link of network.links) {
    const file = draft.file.links![link.index];
    if (typeof file !== 'string' && file.subnet !== undefined) return ['links', link.index, 'subnet'];
  }
  return network.ports.find((port) => port.file !== undefined)?.path ?? [];
}

/** Networks of which nothing is written: 10.0.0.0/24, 10.0.1.0/24, …, and small ones between routers. */
function planSubnets(draft: Draft): void {
  const used = draft.networks.flatMap((network) => network.subnets);
  for (const network of draft.networks) {
    if (network.subnets.length > 0 || network.ports.length === 0) continue;
    if (network.links.length === 0) continue;
    const isClosed = network.links.every(({ external }) => external === undefined);
    const isTransfer = isClosed && network.ports.length === 2 && isOnlyRouters(draft, network);
    const subnet = isTransfer
      ? freeSubnet(PLANNED_TRANSFER_NETWORKS, 30, used)
      : freeSubnet(PLANNED_NETWORKS, prefixFor(network.ports.length), used);
    used.push(subnet);
    network.subnets = [subnet];
    network.subnetFrom = 'the plan';
  }
}

/** /24, or larger where that is too small; room is kept for devices that are attached later. */
function prefixFor(ports: number): number {
  let prefixLength = 24;
  while (2 ** (32 - prefixLength) - 2 < ports + 2) prefixLength -= 1;
  return prefixLength;
}

/** The spaces hold 32,768 and 16,384 networks, more than a machine holds processes. */
function freeSubnet(space: Cidr, prefixLength: number, used: readonly Cidr[]): Cidr {
  const size = 2 ** (32 - prefixLength);
  for (let address = networkOf(space); address <= directedBroadcast(space); address += size) {
    const subnet = { address, prefixLength };
    if (!used.some((other) => overlaps(other, subnet))) return subnet;
  }
  throw new RangeError(`no free subnet in ${formatCidr(space)}`);
}

function isOnlyRouters(draft: Draft, network: DraftNetwork): boolean {
  return network.ports.every((port) => draft.devices.get(port.device)?.kind === 'router');
}

function placeWritten(
  draft: Draft,
  network: DraftNetwork,
  written: WrittenAddress,
  owners: Map<Ipv4Address, WrittenAddress>,
): void {
  const { address, port, path } = written;
  const fault = faultOf(network, written);
  const owner = owners.get(address);
  if (fault !== undefined) draft.problems.add('address', path, fault);
  else if (owner !== undefined) {
    const who = `${owner.port.device}:${owner.port.name}${draft.problems.line(owner.path)}`;
    draft.problems.add('duplicate-address', path, `${formatIpv4(address)} is already the address of ${who}`);
  } else if (network.subnets.length > 0) {
    const subnet = network.subnets.find((candidate) => contains(candidate, address))!;
    owners.set(address, written);
    port.addresses.push({ address, prefixLength: subnet.prefixLength });
    return;
  }
  draft.suspects.add(port.device);
}

function faultOf(network: DraftNetwork, { address, text, prefixLength }: WrittenAddress): string | undefined {
  if (!isHostAddress(address)) return `${text} is not an address that an interface can have`;
  if (network.subnets.length === 0) return undefined;
  const subnet = network.subnets.find((candidate) => contains(candidate, address));
  if (subnet === undefined) {
    const list = network.subnets.map(formatCidr).join(' and ');
    return `${text} is outside ${list}, the subnet of ${network.label}, which ${network.subnetFrom} gives`;
  }
  const written = formatCidr(subnet);
  if (prefixLength !== undefined && prefixLength !== subnet.prefixLength) {
    return `${text} has the prefix length ${prefixLength}, but the subnet of ${network.label} is ${written}`;
  }
  const { first, last } = hostRange(subnet);
  if (address < first) return `${text} is the address of the subnet ${written} itself, no address of a device`;
  return address > last
    ? `${text} is the broadcast address of the subnet ${written}, no address of a device`
    : undefined;
}

function planAddresses(draft: Draft, network: DraftNetwork, used: Set<Ipv4Address>): void {
  const [subnet] = network.subnets;
  if (subnet === undefined) return;
  const { first, last } = hostRange(subnet);
  const routersCountDown = !isOnlyRouters(draft, network);
  let up = first;
  let down = last;
  for (const port of network.ports) {
    if (port.addresses.length > 0 || port.dhcp || draft.suspects.has(port.device)) continue;
    const isDown = routersCountDown && draft.devices.get(port.device)?.kind === 'router';
    while (used.has(isDown ? down : up)) isDown ? down-- : up++;
    const address = isDown ? down : up;
    if (address > last || address < first) {
      const message = `${formatCidr(subnet)}, the subnet of ${network.label}, has no address left for ${port.device}:${port.name}`;
      draft.problems.add('subnet', placeOfSubnet(draft, network), message);
      return;
    }
    used.add(address);
    port.addresses.push({ address, prefixLength: subnet.prefixLength });
  }
}
