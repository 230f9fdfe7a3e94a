/** A DHCP server's config, its text turned into addresses. */
import type { DhcpServerConfig } from '../../control/config.js';
import { formatIpv4, type Ipv4Address, type MacAddress, parseIpv4, parseMac } from '../../stack/wire/address.js';
import { INFINITE_LEASE } from '../../stack/wire/dhcp-options.js';

export interface ServerSettings {
  readonly from: Ipv4Address;
  readonly to: Ipv4Address;
  /** 1 … {@link INFINITE_LEASE} */
  readonly leaseSeconds: number;
  readonly gateway?: Ipv4Address;
  readonly dnsServers: readonly Ipv4Address[];
  readonly domain?: string;
  readonly reservations: ReadonlyMap<MacAddress, Ipv4Address>;
}

/** Throws RangeError that names the member which does not fit. */
export function readServerSettings(config: DhcpServerConfig): ServerSettings {
  const where = `dhcp server on ${config.interface}`;
  const address = (member: string, text: string): Ipv4Address => {
    const value = parseIpv4(text);
    if (value === undefined) throw new RangeError(`${where}: ${member}: ${text} is not an IPv4 address`);
    return value;
  };
  const from = address('from', config.from);
  const to = address('to', config.to);
  if (from > to) throw new RangeError(`${where}: from ${formatIpv4(from)} comes after to ${formatIpv4(to)}`);
  const { leaseSeconds } = config;
  if (!Number.isInteger(leaseSeconds) || leaseSeconds < 1 || leaseSeconds > INFINITE_LEASE) {
    throw new RangeError(`${where}: leaseSeconds: ${leaseSeconds} is not a whole number of 1 … ${INFINITE_LEASE}`);
  }
  const reservations = new Map<MacAddress, Ipv4Address>();
  for (const [text, reserved] of Object.entries(config.reservations ?? {})) {
    const mac = parseMac(text);
    if (mac === undefined) throw new RangeError(`${where}: reservations: ${text} is not a MAC address`);
    reservations.set(mac, address('reservations', reserved));
  }
  return {
    from,
    to,
    leaseSeconds,
    ...(config.gateway === undefined ? {} : { gateway: address('gateway', config.gateway) }),
    dnsServers: (config.dnsServers ?? []).map((text) => address('dnsServers', text)),
    ...(config.domain === undefined ? {} : { domain: config.domain }),
    reservations,
  };
}
