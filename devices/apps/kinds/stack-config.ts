/** From a config's text to the stack's numbers. Every message names the member that does not fit. */
import type { DeviceConfig, PortConfig, RouteConfig } from '../../control/config.js';
import type { Port } from '../../stack/link/port.js';
import type { NicOptions, StaticRoute } from '../../stack/stack.js';
import { type Cidr, parseCidr, parseIpv4, parseMac } from '../../stack/wire/address.js';

/** Throws RangeError for a port without MAC address, or with an address that is none. */
export function nicOptions(device: string, config: PortConfig, port: Port): NicOptions {
  const where = `${device}:${config.name}`;
  const mac = parseMac(config.mac ?? '');
  if (mac === undefined) throw new RangeError(`${where}: mac: ${config.mac ?? 'nothing'} is not a MAC address`);
  return { port, mac, addresses: addressesOf(where, config) };
}

function addressesOf(where: string, { addresses = [] }: PortConfig): Cidr[] {
  return addresses.map((text) => parsed(`${where}: addresses`, text, parseCidr(text)));
}

/** Throws RangeError for what is no network or no address. */
export function staticRoutes(config: DeviceConfig): StaticRoute[] {
  return (config.routes ?? []).map((route) => staticRoute(`${config.name}: routes`, route));
}

function staticRoute(where: string, { destination, gateway, interface: nicName, metric }: RouteConfig): StaticRoute {
  return {
    destination: parsed(where, destination, parseCidr(destination)),
    gateway: gateway === undefined ? undefined : parsed(where, gateway, parseIpv4(gateway)),
    interface: nicName,
    metric,
  };
}

function parsed<T>(where: string, text: string, value: T | undefined): T {
  if (value === undefined) throw new RangeError(`${where}: ${text} is not an IPv4 address (with /length for networks)`);
  return value;
}
