/** The far end of a link that is not ours: `external:` in the file, a tunnel in the model. */

import type { TunnelConfig, UdpEndpoint } from '../../devices/control.js';
import { collide, formatEndpoint, formatPeer, parseEndpointText, tunnelFault } from '../../devices/control.js';
import type { Draft } from './draft.js';
import type { ExternalFile, LinkFile } from './schema.js';
import type { Path } from './source.js';

export interface ExternalEnd {
  /** What people call it: its own name, or where it is. */
  readonly name: string;
  readonly tunnel: TunnelConfig;
}

/** What `from:` calls a far end without a name. */
export const EXTERNAL = 'external';

export function externalOf(file: LinkFile): ExternalFile | undefined {
  return typeof file === 'string' ? undefined : file.external;
}

/** Whose text the schema has accepted. What does not fit together is reported. */
export function readExternal(draft: Draft, file: ExternalFile, path: Path): ExternalEnd {
  const { encap, vni, name } = file;
  const tunnel: TunnelConfig = {
    encapsulation: encap,
    local: parseEndpointText(file.local) as UdpEndpoint,
    remote: parseEndpointText(file.remote) as UdpEndpoint,
    ...(vni !== undefined && { vni }),
  };
  const fault = tunnelFault(tunnel);
  if (fault !== undefined) draft.problems.add('external', [...path, fault.member], fault.message);
  if (encap === 'vxlan' && vni === undefined) {
    const message = 'vxlan needs a "vni:", a number from 0 to 16777215 that both ends have in common';
    draft.problems.add('external', [...path, 'encap'], message);
  } else if (encap !== 'vxlan' && vni !== undefined) {
    draft.problems.add('external', [...path, 'vni'], `only vxlan has a VNI, ${encap} has none`, { key: true });
  }
  if (name !== undefined && draft.devices.has(name)) {
    draft.problems.add('duplicate-name', [...path, 'name'], `a device of this topology is called "${name}"`);
  }
  return { name: name ?? formatPeer(tunnel), tunnel };
}

/** No two sockets of a lab can have one UDP port, and no two far ends one name. */
export function refuseShared(draft: Draft): void {
  const links = draft.links.filter(({ external }) => external !== undefined);
  const base = draft.file.ports?.base;
  const last = (base ?? 0) + 2 * (draft.links.length - links.length) - 1;
  for (const [i, { index, external, right }] of links.entries()) {
    const namesake = links.slice(0, i).find((link) => link.right.device === right.device);
    if (namesake !== undefined && externalOf(draft.file.links![index])?.name !== undefined) {
      const where = draft.problems.line(['links', namesake.index, EXTERNAL, 'name']);
      const message = `the far end of another link is called "${right.device}" already${where}`;
      draft.problems.add('duplicate-name', ['links', index, EXTERNAL, 'name'], message);
    }
    const path: Path = ['links', index, EXTERNAL, 'local'];
    const local = external!.local;
    const other = links.slice(0, i).find((link) => collide(link.external!.local, local));
    if (other !== undefined) {
      const where = draft.problems.line(['links', other.index, EXTERNAL, 'local']);
      const message = `UDP ${formatEndpoint(local)} cannot be had beside ${formatEndpoint(other.external!.local)}${where}`;
      draft.problems.add('port-in-use', path, message);
    }
    const onLoopback = local.address === '127.0.0.1' || local.address === '0.0.0.0';
    if (base !== undefined && onLoopback && local.port >= base && local.port <= last) {
      const message = `UDP ${formatEndpoint(local)} is one of the tunnels' own, ${base} to ${last} ("ports:")`;
      draft.problems.add('port-in-use', path, message);
    }
  }
}
