/** The devices' config files. Pure: the same topology and the same options give the same plan. */
import { join } from 'node:path';
import type { CertificateConfig, DeviceConfig, PortConfig, TunnelConfig, WebConfig } from '../../devices/control.js';
import { formatCidr, formatMac } from '../../devices/stack/wire/address.js';
import { isBridge, type Port, type Topology, type TopologyDevice, type TopologyLink, type WebPlan } from './model.js';

export interface PlanOptions {
  /** Name of the lab. */
  readonly lab: string;
  /** Absolute path of the folder for sockets and logs. */
  readonly runDir: string;
  /** The first UDP port; {@link udpPortCount} are used from there on. */
  readonly basePort: number;
  /** Certificates (PEM) that all hosts trust, the lab's own; none when left out. */
  readonly authorities?: readonly string[];
  /** Those of the web servers, by name of the host; left out: no site is served by https. */
  readonly certificates?: ReadonlyMap<string, readonly CertificateConfig[]>;
  /** Default: this machine's. */
  readonly platform?: NodeJS.Platform;
}

const LOOPBACK = '127.0.0.1';

/** How many UDP ports the tunnels of this topology need. */
export function udpPortCount(topology: Topology): number {
  return 2 * innerLinks(topology).length;
}

/** One config a device, in the order of the file. */
export function planTopology(topology: Topology, options: PlanOptions): DeviceConfig[] {
  return [...topology.devices.values()].map((device) => planDevice(topology, device, options));
}

/** Where a device listens for control: a Unix-domain socket in the run folder, on Windows a named pipe. */
export function controlPath(options: Pick<PlanOptions, 'lab' | 'runDir' | 'platform'>, device: string): string {
  const isWindows = (options.platform ?? process.platform) === 'win32';
  return isWindows ? `\\\\.\\pipe\\netarium-${options.lab}-${device}` : join(options.runDir, `${device}.sock`);
}

export function logPath(options: Pick<PlanOptions, 'runDir'>, device: string): string {
  return join(options.runDir, `${device}.log`);
}

/** Where the web server of a host writes who asked for what. */
export function accessLogPath(options: Pick<PlanOptions, 'runDir'>, device: string): string {
  return join(options.runDir, `${device}.access.log`);
}

function planDevice(topology: Topology, device: TopologyDevice, options: PlanOptions): DeviceConfig {
  const { resolver, web, services, dns, tcp, macAgeMs, dnsForwarder, dhcpServers, routes } = device;
  const authorities = device.kind === 'host' ? [...(options.authorities ?? []), ...(device.authorities ?? [])] : [];
  return {
    lab: options.lab,
    name: device.name,
    kind: device.kind,
    seed: topology.seed,
    control: controlPath(options, device.name),
    logFile: logPath(options, device.name),
    ports: device.ports.map((port) => planPort(topology, device, port, options.basePort)),
    ...(isBridge(device.kind) ? {} : { routes }),
    ...(resolver && { resolver }),
    ...(web && { web: planWeb(web, device.name, options) }),
    ...(authorities.length > 0 && { authorities }),
    ...(services && { services }),
    ...(macAgeMs !== undefined && { macAgeSeconds: macAgeMs / 1000 }),
    ...(dhcpServers.length > 0 && { dhcpServers }),
    ...(dnsForwarder && { dnsForwarder: { servers: dnsForwarder } }),
    ...(dns && { dns }),
    ...(tcp && { tcp }),
    ...(topology.timing && { timing: topology.timing }),
  };
}

function planWeb(web: WebPlan, device: string, options: PlanOptions): WebConfig {
  const { accessLogFormat: format, sites, ...rest } = web;
  const certificates = options.certificates?.get(device);
  return {
    ...rest,
    ...(format && { accessLog: { file: accessLogPath(options, device), format } }),
    ...(certificates && { certificates }),
    sites,
  };
}

function planPort(topology: Topology, device: TopologyDevice, port: Port, basePort: number): PortConfig {
  const { link } = port;
  const impairment = (link?.left.device === device.name ? link?.left : link?.right)?.impairment;
  // What is not ours impairs nothing that it sends.
  const impairmentIn = link?.external && link.right.impairment;
  return {
    name: port.name,
    ...(link && { link: link.name }),
    ...(port.mac !== undefined && { mac: formatMac(port.mac) }),
    ...(isBridge(device.kind) ? {} : { addresses: port.addresses.map(formatCidr) }),
    ...(port.dhcp && { dhcp: true }),
    ...(port.mtu !== undefined && { mtu: port.mtu }),
    ...(link && { tunnel: link.external ?? tunnelOf(device.name, link, innerLinks(topology).indexOf(link), basePort) }),
    ...(impairment && { impairment }),
    ...(impairmentIn && { impairmentIn }),
  };
}

/** Those with both ends among the devices. */
function innerLinks(topology: Topology): TopologyLink[] {
  return topology.links.filter(({ external }) => external === undefined);
}

/** Two ports a link, in the order of the file: the left end's first. */
function tunnelOf(device: string, link: { left: { device: string } }, index: number, basePort: number): TunnelConfig {
  const left = { address: LOOPBACK, port: basePort + index * 2 };
  const right = { address: LOOPBACK, port: basePort + index * 2 + 1 };
  const isLeft = link.left.device === device;
  return { encapsulation: 'native', local: isLeft ? left : right, remote: isLeft ? right : left };
}
