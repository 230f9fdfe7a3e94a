/** What a DHCP client has been given, read from a server's ACK. */
import type { Instant } from '../../stack/clock.js';
import { directedBroadcast, type Ipv4Address, maskPrefixLength, networkOf } from '../../stack/wire/address.js';
import type { DhcpMessage } from '../../stack/wire/dhcp.js';
import { INFINITE_LEASE } from '../../stack/wire/dhcp-options.js';

export interface ClientLease {
  readonly address: Ipv4Address;
  /** 0 … 32 */
  readonly prefixLength: number;
  /** The default gateway; the first of the routers that the server names. */
  readonly gateway?: Ipv4Address;
  readonly dnsServers: readonly Ipv4Address[];
  readonly domain?: string;
  /** The server identifier: whom to ask for a renewal. */
  readonly server: Ipv4Address;
  /** T1, RFC 2131 section 4.4.5: when to ask this server. */
  readonly renewAt: Instant;
  /** T2: when to ask any server. */
  readonly rebindAt: Instant;
  /** Infinity for a lease without end. */
  readonly expiresAt: Instant;
}

/**
 * Reads an ACK (or an OFFER, which has the same fields).
 * @param requestedAt when the request was sent: a lease runs from then on (section 4.4.1)
 * @param knownServer the server identifier to use where the message has none
 * @returns what is wrong with it, in a few words, when it gives no usable address
 */
export function readLease(message: DhcpMessage, requestedAt: Instant, knownServer?: Ipv4Address): ClientLease | string {
  const { options, yourAddress: address } = message;
  const server = options.serverIdentifier ?? knownServer;
  if (server === undefined) return 'no server identifier';
  if (options.leaseSeconds === undefined || options.leaseSeconds === 0) return 'no lease time';
  const prefixLength =
    options.subnetMask === undefined ? classfulLength(address) : maskPrefixLength(options.subnetMask);
  if (prefixLength === undefined || prefixLength === 0) return 'bad subnet mask';
  if (!isHostAddress(address, prefixLength)) return 'bad address';
  const infinite = options.leaseSeconds === INFINITE_LEASE;
  const leaseMs = infinite ? Number.POSITIVE_INFINITY : options.leaseSeconds * 1000;
  const { renewMs, rebindMs } = renewalTimes(leaseMs, options.renewalSeconds, options.rebindingSeconds);
  return {
    address,
    prefixLength,
    ...(options.routers === undefined ? {} : { gateway: options.routers[0] }),
    dnsServers: options.dnsServers ?? [],
    ...(options.domainName === undefined ? {} : { domain: options.domainName }),
    server,
    renewAt: requestedAt + renewMs,
    rebindAt: requestedAt + rebindMs,
    expiresAt: requestedAt + leaseMs,
  };
}

/** Section 4.4.5: T1 is half, T2 seven eighths of the lease, unless the server says otherwise and T1 < T2 < lease. */
function renewalTimes(leaseMs: number, t1?: number, t2?: number): { renewMs: number; rebindMs: number } {
  const renewMs = t1 === undefined ? leaseMs * 0.5 : t1 * 1000;
  const rebindMs = t2 === undefined ? leaseMs * 0.875 : t2 * 1000;
  if (renewMs > 0 && renewMs < rebindMs && rebindMs < leaseMs) return { renewMs, rebindMs };
  return { renewMs: leaseMs * 0.5, rebindMs: leaseMs * 0.875 };
}

/** RFC 791 section 3.2: the mask of old, for servers that send none. */
function classfulLength(address: Ipv4Address): number {
  if (address < 0x80000000) return 8;
  return address < 0xc0000000 ? 16 : 24;
}

/** Something that one host can have: no multicast, no loopback, neither the subnet itself nor its broadcast. */
function isHostAddress(address: Ipv4Address, prefixLength: number): boolean {
  const first = address >>> 24;
  if (first === 0 || first === 127 || first >= 224) return false;
  if (prefixLength > 30) return true;
  const subnet = { address, prefixLength };
  return address !== networkOf(subnet) && address !== directedBroadcast(subnet);
}
