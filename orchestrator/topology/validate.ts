/** From what the file says to what it means, with every problem found on the way. */

import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { assignAddresses } from './addresses.js';
import { Authorities } from './authorities.js';
import { dhcpServerConfig, findDhcpServices } from './dhcp.js';
import { type Draft, type DraftDevice, type DraftPort, isIpDevice, listOf, ProblemList } from './draft.js';
import type { Problem } from './errors.js';
import { connectLinks } from './links.js';
import { assignMacs } from './mac.js';
import type { Network, Port, Topology, TopologyDevice } from './model.js';
import { findNetworks } from './networks.js';
import { Resolvers } from './resolvers.js';
import { computeRoutes } from './routing.js';
import type { TopologyFile } from './schema.js';
import { webOf } from './sites.js';
import type { Source } from './source.js';
import { parseDuration } from './units.js';
import { findDns } from './zones.js';

export interface Origin {
  /** For the places of problems; none for a generated topology. */
  readonly source?: Source;
  /** What site folders and zone files are relative to. */
  readonly folder: string;
  /** When the file does not say: its name. */
  readonly defaultName: string;
  readonly brokenDevices?: ReadonlySet<string>;
}

/** `topology` is only to be used when there are no problems. */
export function resolveTopology(
  file: TopologyFile,
  origin: Origin,
): { readonly topology: Topology; readonly problems: readonly Problem[] } {
  const draft: Draft = {
    file,
    devices: readDevices(file),
    problems: new ProblemList(origin.source),
    links: [],
    networks: [],
    suspects: new Set(origin.brokenDevices),
  };
  if (draft.devices.size + draft.suspects.size === 0) {
    draft.problems.add('no-devices', ['devices'], 'a topology needs at least one device', { key: true });
  }
  connectLinks(draft);
  findNetworks(draft);
  assignMacs(draft);
  assignAddresses(draft);
  const topology = settle(draft, origin);
  return { topology, problems: draft.problems.all };
}

function readDevices(file: TopologyFile): Map<string, DraftDevice> {
  const devices = new Map<string, DraftDevice>();
  for (const [name, value] of Object.entries(file.devices)) {
    const long = (typeof value === 'string' ? { kind: value } : value) as DraftDevice['file'];
    devices.set(name, { name, kind: long.kind, file: long, ports: [], path: ['devices', name] });
  }
  return devices;
}

function settle(draft: Draft, origin: Origin): Topology {
  const { file } = draft;
  const routes = computeRoutes(draft);
  const services = findDhcpServices(draft);
  const resolvers = new Resolvers(draft);
  const dns = findDns(draft, origin.folder);
  const authorities = new Authorities(draft, origin.folder);
  const dhcp = services.map((service) => {
    const own = formatIpv4(service.port.addresses[0].address);
    return { service, config: dhcpServerConfig(draft, service, resolvers.dhcpServersFor(service.router, own)) };
  });
  const ports = new Map<DraftPort, Port>();
  const devices = new Map<string, TopologyDevice>();
  for (const device of draft.devices.values()) {
    const own = device.ports.map((port) => settlePort(port, ports));
    const common = { name: device.name, kind: device.kind, ports: own, routes: [], dhcpServers: [] };
    const description = device.file.description === undefined ? {} : { description: device.file.description };
    if (!isIpDevice(device)) {
      const age = device.file.kind === 'switch' ? device.file.macAge : undefined;
      const macAgeMs = age === undefined ? {} : { macAgeMs: parseDuration(age)! };
      devices.set(device.name, { ...common, ...description, ...macAgeMs });
      continue;
    }
    const byDhcp = dhcp.filter(({ service }) =>
      device.ports.some((port) => port.dhcp && port.network === service.port.network),
    );
    const isByDhcp = device.ports.some((port) => port.dhcp);
    const servers = isByDhcp && device.file.resolver === undefined ? [] : resolvers.serversFor(device);
    const hasNames = byDhcp.some(({ config }) => config.dnsServers !== undefined);
    const services = device.file.kind === 'host' ? listOf(device.file.services) : [];
    const web = webOf(draft, device, origin.folder);
    const trusted = authorities.trustedBy(device);
    const dnsForwarder = resolvers.forwarderServers(device);
    const dnsConfig = dns.get(device.name);
    devices.set(device.name, {
      ...common,
      ...description,
      routes: routes.get(device.name) ?? [],
      resolver: resolvers.configFor(device, servers, hasNames),
      dhcpServers: dhcp.filter(({ service }) => service.router === device).map(({ config }) => config),
      ...(web && { web }),
      ...(trusted.length > 0 && { authorities: trusted }),
      ...(services.length > 0 && { services: [...new Set(services)] }),
      ...(dnsForwarder && { dnsForwarder }),
      ...(dnsConfig && { dns: dnsConfig }),
      ...(device.file.tcp && { tcp: device.file.tcp }),
    });
  }
  return {
    name: file.name ?? origin.defaultName,
    ...(file.description !== undefined && { description: file.description }),
    seed: file.seed ?? 1,
    ...(file.ports !== undefined && { basePort: file.ports.base }),
    ...settleTiming(file),
    devices,
    links: draft.links,
    networks: draft.networks.map((network) => settleNetwork(network, ports)),
  };
}

function settlePort(draft: DraftPort, ports: Map<DraftPort, Port>): Port {
  const { device, name, link, mac, addresses, dhcp, mtu } = draft;
  const port = {
    device,
    name,
    ...(link && { link }),
    ...(mac !== undefined && { mac }),
    addresses,
    dhcp,
    ...(mtu !== undefined && { mtu }),
  };
  ports.set(draft, port);
  return port;
}

function settleNetwork(draft: Draft['networks'][number], ports: ReadonlyMap<DraftPort, Port>): Network {
  const { index, label, bridges, links, subnets } = draft;
  return { index, label, bridges, links, subnets, ports: draft.ports.map((port) => ports.get(port)!) };
}

function settleTiming(file: TopologyFile): Pick<Topology, 'timing'> {
  const { tcpMsl, arpReachable } = file.timing ?? {};
  if (tcpMsl === undefined && arpReachable === undefined) return {};
  return {
    timing: {
      ...(tcpMsl !== undefined && { tcpMslMs: parseDuration(tcpMsl)! }),
      ...(arpReachable !== undefined && { arpReachableMs: parseDuration(arpReachable)! }),
    },
  };
}
