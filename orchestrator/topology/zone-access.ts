/** Who may copy and change the zones of a server, and who is told of changes: the addresses of what the file names. */
import type { Draft, DraftIpDevice } from './draft.js';
import { permittedSubnets } from './permitted.js';
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
    lists[key].flatMap((text, i) => {
      const path = [...server.path, key, i];
      // Whom a message goes to has one address; who may send one can be a whole network.
      return key === 'notify'
        ? [addressOf(draft, text, path, 'zone') ?? []].flat()
        : permittedAddresses(draft, text, path);
    });
  return { transfer: read('transfer'), update: read('update'), notify: read('notify') };
}

/** Those from which questions may come. */
export function permittedAddresses(draft: Draft, text: string, path: Path): string[] {
  return permittedSubnets(draft, text) ?? [addressOf(draft, text, path, 'zone') ?? []].flat();
}
