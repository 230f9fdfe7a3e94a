/** Who may ask a server for something, as addresses and subnets. */
import { formatCidr, formatIpv4, parseCidr, parseIpv4 } from '../../devices/stack/wire/address.js';
import { type Draft, type DraftIpDevice, isIpDevice } from './draft.js';
import { contains } from './subnets.js';

/** In the order of its ports. */
export function allAddresses(device: DraftIpDevice): string[] {
  return device.ports.flatMap(({ addresses }) => addresses.map(({ address }) => formatIpv4(address)));
}

/**
 * `any`, a subnet, an address, a device for all its addresses, a switch or hub for the subnets of its network. Undefined
 * for what is none of these, or has no address.
 */
export function permittedSubnets(draft: Draft, text: string): string[] | undefined {
  if (text === 'any') return ['0.0.0.0/0'];
  if (parseCidr(text) !== undefined || parseIpv4(text) !== undefined) return [text];
  const device = draft.devices.get(text);
  const network = draft.networks.find(({ bridges }) => bridges.includes(text));
  const found =
    device !== undefined && isIpDevice(device) ? allAddresses(device) : (network?.subnets ?? []).map(formatCidr);
  return found.length > 0 ? found : undefined;
}

/** Whether a recursive server answers the questions of a device, wherever they come from. */
export function isServedBy(draft: Draft, server: DraftIpDevice, device: DraftIpDevice): boolean {
  const recursion = server.file.kind === 'dns-server' ? (server.file.recursion ?? false) : false;
  if (typeof recursion === 'boolean') return recursion;
  const subnets = recursion.allow.flatMap((text) => permittedSubnets(draft, text) ?? []);
  const cidrs = subnets.flatMap((text) => parseCidr(text.includes('/') ? text : `${text}/32`) ?? []);
  const addresses = device.ports.flatMap((port) => port.addresses);
  return server === device || addresses.some(({ address }) => cidrs.some((subnet) => contains(subnet, address)));
}
