/**
 * What a topology means: every port, address, route and record settled. The file (schema.ts) is what people write,
 * this is what runs; plan.ts only writes it down as the devices' config files.
 */
import type {
  AccessLogConfig,
  DeviceKind,
  DhcpServerConfig,
  DnsServerConfig,
  Impairment,
  ResolverConfig,
  RouteConfig,
  ServiceName,
  TcpConfig,
  TimingConfig,
  TunnelConfig,
  WebConfig,
} from '../../devices/control.js';
import type { Cidr, Ipv4Address, MacAddress } from '../../devices/stack/wire/address.js';

export interface Topology {
  readonly name: string;
  readonly description?: string;
  readonly seed: number | string;
  /** The first UDP port of the tunnels, when the file fixes it. */
  readonly basePort?: number;
  readonly timing?: TimingConfig;
  /** In the order of the file, by name. */
  readonly devices: ReadonlyMap<string, TopologyDevice>;
  readonly links: readonly TopologyLink[];
  readonly networks: readonly Network[];
}

export interface TopologyDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly description?: string;
  /** By index: eth0, eth1, … or 1, 2, …; switches and hubs only those with a link. */
  readonly ports: readonly Port[];
  readonly macAgeMs?: number;
  /** How the TCP of a host, router or DNS server behaves. */
  readonly tcp?: TcpConfig;
  readonly routes: readonly RouteConfig[];
  readonly resolver?: ResolverConfig;
  readonly web?: WebPlan;
  /** Certificates (PEM) that a host trusts besides the lab's own. */
  readonly authorities?: readonly string[];
  /** Small services of a host. */
  readonly services?: readonly ServiceName[];
  readonly dhcpServers: readonly DhcpServerConfig[];
  /** Servers that a router's DNS forwarder asks. */
  readonly dnsForwarder?: readonly string[];
  readonly dns?: DnsServerConfig;
}

/** What a topology says of a web server; the plan adds where its log lies, and the lab its certificates. */
export interface WebPlan extends Omit<WebConfig, 'accessLog' | 'certificates'> {
  /** Left out: there is no access log. */
  readonly accessLogFormat?: AccessLogConfig['format'];
}

export interface Port {
  readonly device: string;
  readonly name: string;
  readonly link?: TopologyLink;
  /** Absent on ports of switches and hubs. */
  readonly mac?: MacAddress;
  readonly addresses: readonly Cidr[];
  /** Its address comes by DHCP. */
  readonly dhcp: boolean;
  readonly mtu?: number;
}

export interface LinkEnd {
  readonly device: string;
  /** Empty where the device is not ours. */
  readonly port: string;
  /** What happens to the frames that leave here. */
  readonly impairment?: Impairment;
}

export interface TopologyLink {
  /** From 0, in the order of the file. */
  readonly index: number;
  /** `client:eth0 -- sw1:3`, with both ports. */
  readonly name: string;
  readonly left: LinkEnd;
  /** Of a link with `external`: the name of what is there, for people, and what happens to the frames that it sends. */
  readonly right: LinkEnd;
  /** Our end of a link whose other end is not one of these devices. */
  readonly external?: TunnelConfig;
  readonly mtu?: number;
}

/** What a broadcast reaches: the links that switches and hubs join, and the IP ports at their ends. */
export interface Network {
  /** From 0. */
  readonly index: number;
  /** For messages: `the network of sw1`, `the link r1:eth0 -- r2:eth0`. */
  readonly label: string;
  /** Switches and hubs in it. */
  readonly bridges: readonly string[];
  readonly links: readonly TopologyLink[];
  /** Ports with a stack above them, in the order of the file. */
  readonly ports: readonly Port[];
  /** The first one is where left-out addresses come from. Empty for a network without IP. */
  readonly subnets: readonly Cidr[];
}

export function isBridge(kind: DeviceKind): boolean {
  return kind === 'switch' || kind === 'hub';
}

/** The first address of a device, in the order of its ports; undefined while it has none. */
export function firstAddress(device: { readonly ports: readonly Port[] }): Ipv4Address | undefined {
  return device.ports.find((port) => port.addresses.length > 0)?.addresses[0].address;
}
