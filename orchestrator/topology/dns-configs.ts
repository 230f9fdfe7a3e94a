/** What each DNS server is told: its zones, as a primary or to be copied, and whom it serves. */
import type { DnsServerConfig, ZoneConfig } from '../../devices/control.js';
import type { Draft, DraftIpDevice } from './draft.js';
import { type DraftZone, zoneName } from './draft-zone.js';
import { allAddresses } from './permitted.js';
import { addressOf } from './resolvers.js';
import type { RecursionFile } from './schema-dns.js';
import { accessOf, permittedAddresses, type ZoneAccess } from './zone-access.js';
import { serverName } from './zone-completion.js';

export function dnsConfigOf(
  draft: Draft,
  server: DraftIpDevice,
  zones: ReadonlyMap<string, DraftZone>,
): DnsServerConfig {
  if (server.file.kind !== 'dns-server') return {};
  const access = accessOf(draft, server);
  const own = [...zones.values()].filter((zone) => zone.servers.includes(server));
  const configs = [...own.map((zone) => zoneConfig(server, zone, access)), ...foreignZones(draft, server, access)];
  return {
    ...(configs.length > 0 && { zones: configs }),
    ...(server.file.recursion && {
      recursion: recursionOf(draft, server, server.file.recursion),
      rootHints: rootHints(draft, server, zones.get('.')),
    }),
  };
}

function recursionOf(draft: Draft, server: DraftIpDevice, file: RecursionFile): DnsServerConfig['recursion'] {
  if (typeof file === 'boolean') return file;
  const path = [...server.path, 'recursion', 'allow'];
  return { allow: file.allow.flatMap((text, i) => permittedAddresses(draft, text, [...path, i])) };
}

/** The primary has the records, and lets the others copy them; these have all the rest in common with it. */
function zoneConfig(server: DraftIpDevice, zone: DraftZone, access: ZoneAccess): ZoneConfig {
  const [primary, ...secondaries] = zone.servers;
  const isPrimary = server === primary;
  const transfer = [...(isPrimary ? secondaries.flatMap(allAddresses) : []), ...access.transfer];
  const notify = [
    ...(isPrimary ? secondaries.flatMap((other) => allAddresses(other).slice(0, 1)) : []),
    ...access.notify,
  ];
  return {
    name: zone.name,
    records: isPrimary ? zone.records : [],
    ...(!isPrimary && { primaries: allAddresses(primary).slice(0, 1) }),
    ...(transfer.length > 0 && { transfer: [...new Set(transfer)] }),
    ...(notify.length > 0 && { notify: [...new Set(notify)] }),
    ...(isPrimary && access.update.length > 0 && { update: access.update }),
    ...(Object.keys(zone.weights).length > 0 && { weights: zone.weights }),
  };
}

/** Those whose primaries are not of this file, or are not said to be. */
function foreignZones(draft: Draft, server: DraftIpDevice, access: ZoneAccess): ZoneConfig[] {
  const { file } = server;
  if (file.kind !== 'dns-server') return [];
  return (file.secondary ?? []).flatMap((item, i): ZoneConfig[] => {
    if (typeof item === 'string') return [];
    const path = [...server.path, 'secondary', i];
    const name = zoneName(item.zone);
    if (name === undefined) draft.problems.add('zone', [...path, 'zone'], `"${item.zone}" is not the name of a zone`);
    const primaries = item.primaries.flatMap(
      (text, j) => addressOf(draft, text, [...path, 'primaries', j], 'zone') ?? [],
    );
    if (item.primaries.length === 0) draft.problems.add('zone', [...path, 'primaries'], 'a secondary needs a primary');
    if (name === undefined) return [];
    const { transfer, notify } = access;
    const lists = { ...(transfer.length > 0 && { transfer }), ...(notify.length > 0 && { notify }) };
    return [{ name, records: [], primaries, ...lists }];
  });
}

function rootHints(
  draft: Draft,
  server: DraftIpDevice,
  root: DraftZone | undefined,
): { name: string; address: string }[] {
  const { file } = server;
  if (file.kind !== 'dns-server') return [];
  if (file.rootHints !== undefined) {
    return file.rootHints.flatMap((text, i) => {
      const address = addressOf(draft, text, [...server.path, 'rootHints', i], 'zone');
      return address === undefined ? [] : [{ name: serverName('.', i), address }];
    });
  }
  const servers = (root?.records ?? [])
    .filter(({ name, type }) => name === '.' && type === 'NS')
    .map(({ data }) => data);
  const hints = servers.flatMap((name) => {
    const addresses = (root?.records ?? []).filter((record) => record.name === name && record.type === 'A');
    return addresses.map(({ data }) => ({ name, address: data }));
  });
  if (hints.length === 0) {
    const message = `${server.name} cannot find any name: no server here has the zone ".", and there are no "rootHints:"`;
    draft.problems.add('zone', [...server.path, 'recursion'], message, { key: true });
  }
  return hints;
}
