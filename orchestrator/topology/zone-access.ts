/** Who may copy and change the zones of a server, and who is told of changes: the addresses of what the file names. */
import { formatIpv4, parseCidr } from '../../devices/stack/wire/address.js';
import type { Draft, DraftIpDevice } from './draft.js';
import { isIpDevice } from './draft.js';
import { addressOf } from './resolvers.js';
import type { Path } from './source.js';

export interface ZoneAccess {
  readonly transfer: readonly string[];
  readonly update: readonly string[];
  readonly notify: readonly string[];
}

export function accessOf(draft: Draft, server: DraftIpDevice): ZoneAccess {
  const { file } = server;
  if (file.kind !== 'dns-server') return { transfer: [], update: [], notify: [] };
  const lists = { transfer: file.transfer ?? [], update: file.update ?? [], notify: file.notify ?? [] };
  const read = (key: keyof ZoneAccess) =>
    lists[key].flatMap((text, i) => named(draft, text, [...server.path, key, i], key));
  return { transfer: read('transfer'), update: read('update'), notify: read('notify') };
}

/** In the order of its ports. */
export function allAddresses(device: DraftIpDevice): string[] {
  return device.ports.flatMap(({ addresses }) => addresses.map(({ address }) => formatIpv4(address)));
}

function named(draft: Draft, text: string, path: Path, key: keyof ZoneAccess): string[] {
  // Whom a message goes to has one address; who may send one can be a whole network.
  if (key !== 'notify') {
    if (text === 'any') return ['0.0.0.0/0'];
    if (parseCidr(text) !== undefined) return [text];
    const device = draft.devices.get(text);
    const all = device !== undefined && isIpDevice(device) ? allAddresses(device) : [];
    if (all.length > 0) return all;
  }
  return [addressOf(draft, text, path, 'zone') ?? []].flat();
}
