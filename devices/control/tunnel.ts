/** One end of a link in the operating system: how frames are wrapped, where it is bound, who its peer is. */
import { isLoopback, isMulticast, LIMITED_BROADCAST, parseIpv4 } from '../stack/wire/address.js';
import { MAX_VNI } from '../stack/wire/vxlan.js';
import { type Checker, integer, isIpv4, object, oneOf } from './check.js';

/**
 * - `native`: between our own devices; many packets a datagram, each from its preamble to its FCS.
 * - `udp`: one bare frame a datagram, no preamble, no FCS: what VPCS, QEMU and others speak.
 * - `vxlan`: RFC 7348, what a Linux kernel speaks.
 */
export const ENCAPSULATIONS = ['native', 'udp', 'vxlan'] as const;
export type EncapsulationName = (typeof ENCAPSULATIONS)[number];
/** Those that things which are not ours speak. */
export const FOREIGN_ENCAPSULATIONS = ['udp', 'vxlan'] as const;
export type ForeignEncapsulation = (typeof FOREIGN_ENCAPSULATIONS)[number];

export interface UdpEndpoint {
  /** IPv4 address, 127.0.0.1 between our own devices. */
  readonly address: string;
  readonly port: number;
}

export interface TunnelConfig {
  readonly encapsulation: EncapsulationName;
  readonly local: UdpEndpoint;
  /** The only one that is listened to. With `vxlan` that is its address: it may send from any port. */
  readonly remote: UdpEndpoint;
  /** With `vxlan` alone: the VXLAN network identifier, 0 … 2^24-1. */
  readonly vni?: number;
}

/** Lower ones belong to the system's services. */
const FIRST_PORT = 1024;
const LAST_PORT = 65535;

const endpoint = object({ address: isIpv4, port: integer(1, LAST_PORT) });
const shape = object(
  { encapsulation: oneOf(ENCAPSULATIONS), local: endpoint, remote: endpoint },
  { vni: integer(0, MAX_VNI) },
);

/** The `tunnel` of a port in a config file. */
export const isTunnel: Checker = (value, path) => {
  const fault = shape(value, path);
  if (fault !== undefined) return fault;
  const { encapsulation, vni } = value as TunnelConfig;
  if ((encapsulation === 'vxlan') === (vni !== undefined)) return undefined;
  return vni === undefined ? `${path}.vni: is missing` : `${path}.vni: only vxlan has one`;
};

/** The endpoint that `IP:PORT` names, or what is wrong with it. */
export function parseEndpointText(text: string): UdpEndpoint | string {
  const [, address, digits] = /^(.*):(\d{1,9})$/.exec(text) ?? [];
  if (address === undefined || parseIpv4(address) === undefined) {
    return `"${text}" is not an IPv4 address with a UDP port: write it as 127.0.0.1:26000`;
  }
  const port = Number(digits);
  if (port >= FIRST_PORT && port <= LAST_PORT) return { address, port };
  return `${text}: the UDP port must be from ${FIRST_PORT} to ${LAST_PORT}`;
}

export function formatEndpoint({ address, port }: UdpEndpoint): string {
  return `${address}:${port}`;
}

/** `udp 127.0.0.1:26000`, `vxlan 42 10.0.0.2:4789`: the far end of a link that is not ours, for people. */
export function formatPeer({ encapsulation, remote, vni }: TunnelConfig): string {
  return [encapsulation, ...(vni === undefined ? [] : [vni]), formatEndpoint(remote)].join(' ');
}

export interface TunnelFault {
  readonly member: 'local' | 'remote';
  readonly message: string;
}

/** Endpoints that can never work together; undefined when they may. */
export function tunnelFault({ local, remote }: Pick<TunnelConfig, 'local' | 'remote'>): TunnelFault | undefined {
  const [from, to] = [parseIpv4(local.address) ?? 0, parseIpv4(remote.address) ?? 0];
  if (isGroup(from)) return { member: 'local', message: `${local.address} is not the address of one machine` };
  if (isGroup(to) || to === 0) {
    return { member: 'remote', message: `${remote.address} is not the address of one machine` };
  }
  if (from === to && local.port === remote.port) {
    return { member: 'remote', message: `both ends are ${formatEndpoint(local)}` };
  }
  if (from !== 0 && isLoopback(from) !== isLoopback(to)) {
    const message = `${local.address} and ${remote.address} cannot reach each other: one is this machine's loopback`;
    return { member: 'local', message };
  }
  return undefined;
}

/** Two sockets of one machine cannot be bound to both. */
export function collide(a: UdpEndpoint, b: UdpEndpoint): boolean {
  const everywhere = a.address === '0.0.0.0' || b.address === '0.0.0.0';
  return a.port === b.port && (everywhere || a.address === b.address);
}

function isGroup(address: number): boolean {
  return isMulticast(address) || address === LIMITED_BROADCAST;
}
