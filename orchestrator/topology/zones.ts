/**
 * Zones: what the file says, completed to what RFC 1034 section 4.2 asks of a zone: SOA and NS at its apex, a cut with NS
 * and glue for every zone below it that another server here has, PTR records in reverse zones.
 */
import type { DnsServerConfig, RecordConfig, ZoneConfig } from '../../devices/control.js';
import { formatIpv4, parseCidr, parseIpv4 } from '../../devices/stack/wire/address.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { absoluteName, isWithin, reverseName, reverseZone } from './domain-names.js';
import { type Draft, type DraftIpDevice, isIpDevice } from './draft.js';
import { firstAddress } from './model.js';
import { allAddresses } from './permitted.js';
import { addressOf } from './resolvers.js';
import type { RecursionFile } from './schema-dns.js';
import type { Path } from './source.js';
import { isSameSubnet, subnetOf } from './subnets.js';
import { accessOf, permittedAddresses, type ZoneAccess } from './zone-access.js';
import { readZoneFile } from './zone-files.js';
import { readRecords, type Weights } from './zone-records.js';

/** What zones are made of; owner names are absolute. */
export interface DraftZone {
  /** With the final dot. */
  readonly name: string;
  readonly path: Path;
  readonly servers: DraftIpDevice[];
  /** The subnet of a reverse zone that was written as one. */
  readonly subnet: ReturnType<typeof parseCidr>;
  readonly records: RecordConfig[];
  readonly weights: Weights;
}

/** Name servers, delegations and glue change rarely. */
const INFRASTRUCTURE_TTL_SECONDS = 3600;
/** serial, refresh, retry, expire and the time for which "no such name" may be cached (RFC 2308), seconds. */
const SOA_TIMES = '1 3600 600 86400 300';

export function findDns(draft: Draft, folder: string): Map<string, DnsServerConfig> {
  const servers = [...draft.devices.values()].filter(isIpDevice).filter(({ file }) => file.kind === 'dns-server');
  const zones = findZones(draft, servers, folder);
  // Forward zones first: reverse zones use the names that servers have there.
  const ordered = [...zones.values()].sort((a, b) => Number(isReverse(a.name)) - Number(isReverse(b.name)));
  const serverNames = new Map<DraftIpDevice, string>();
  for (const zone of ordered) completeApex(zone, serverNames);
  for (const zone of zones.values()) checkServers(draft, zone);
  for (const zone of zones.values()) delegate(zone, zones);
  for (const zone of zones.values()) addReverseNames(zone, zones);
  const configs = new Map<string, DnsServerConfig>();
  for (const server of servers) configs.set(server.name, configOf(draft, server, zones));
  return configs;
}

function findZones(draft: Draft, servers: readonly DraftIpDevice[], folder: string): Map<string, DraftZone> {
  const zones = new Map<string, DraftZone>();
  for (const server of servers) {
    if (server.file.kind !== 'dns-server') continue;
    for (const [key, file] of Object.entries(server.file.zones ?? {})) {
      const path = [...server.path, 'zones', key];
      const cidr = parseCidr(key);
      const name = zoneName(key);
      const refuse = (message: string) => draft.problems.add('zone', path, message, { key: true });
      if (
        cidr !== undefined &&
        (name === undefined || !isSameSubnet(cidr, subnetOf(cidr)) || cidr.address !== subnetOf(cidr).address)
      ) {
        refuse(`${key} is no reverse zone: write a subnet of prefix length 8, 16 or 24, such as 203.0.113.0/24`);
      } else if (name === undefined) refuse(`"${key}" is not the name of a zone`);
      else if (zones.has(name)) {
        const other = zones.get(name)!.servers[0].name;
        refuse(`the zone "${key}" is already defined by ${other}; "secondary: [${key}]" serves it here too`);
      } else {
        const weights: Weights = {};
        const records =
          typeof file === 'string'
            ? readZoneFile(draft, name, file, folder, path)
            : readRecords(draft, name, file ?? {}, path, weights);
        zones.set(name, { name, path, servers: [server], subnet: cidr, records, weights });
      }
    }
  }
  for (const server of servers) addSecondaries(draft, server, zones);
  return zones;
}

function addSecondaries(draft: Draft, server: DraftIpDevice, zones: ReadonlyMap<string, DraftZone>): void {
  if (server.file.kind !== 'dns-server') return;
  (server.file.secondary ?? []).forEach((item, i) => {
    const path = [...server.path, 'secondary', i];
    const text = typeof item === 'string' ? item : item.zone;
    const zone = zones.get(zoneName(text) ?? '');
    if (typeof item !== 'string') {
      const message = `${zone?.servers[0].name} defines the zone "${text}": write its name alone`;
      if (zone !== undefined) draft.problems.add('zone', [...path, 'zone'], message);
    } else if (zone === undefined) {
      const known = [...zones.keys()].map((name) => (name === '.' ? name : name.slice(0, -1)));
      const message = `no server here defines the zone "${text}".${didYouMean(text, known)}`;
      draft.problems.add('zone', path, message);
    } else if (!zone.servers.includes(server)) zone.servers.push(server);
  });
}

/** Absolute, of a name or a subnet. */
function zoneName(text: string): string | undefined {
  const cidr = parseCidr(text);
  return cidr === undefined ? absoluteName(text) : reverseZone(cidr);
}

function isReverse(zone: string): boolean {
  return isWithin(zone, 'in-addr.arpa.');
}

/** NS records, with addresses, and an SOA, where the file gives none. */
function completeApex(zone: DraftZone, serverNames: Map<DraftIpDevice, string>): void {
  const at = (type: RecordConfig['type']) =>
    zone.records.filter((record) => record.name === zone.name && record.type === type);
  if (at('NS').length === 0) {
    zone.servers.forEach((server, i) => {
      const name = (isReverse(zone.name) ? serverNames.get(server) : undefined) ?? serverName(zone.name, i);
      if (!serverNames.has(server)) serverNames.set(server, name);
      const address = isWithin(name, zone.name) ? firstAddress(server) : undefined;
      zone.records.push(infrastructure(zone.name, 'NS', name));
      const isKnown = zone.records.some((record) => record.name === name);
      if (address !== undefined && !isKnown) zone.records.push(infrastructure(name, 'A', formatIpv4(address)));
    });
  }
  if (at('SOA').length === 0) {
    const contact = zone.name === '.' ? 'hostmaster.' : `hostmaster.${zone.name}`;
    zone.records.unshift(infrastructure(zone.name, 'SOA', `${at('NS')[0].data} ${contact} ${SOA_TIMES}`));
  }
}

/** RFC 1912 section 2.8: who is sent to a server without an address finds nobody. */
function checkServers(draft: Draft, { name, path, records }: DraftZone): void {
  const servers = records.filter((record) => record.name === name && record.type === 'NS').map(({ data }) => data);
  for (const server of servers) {
    const hasAddress = records.some(
      (record) => record.name === server && (record.type === 'A' || record.type === 'AAAA'),
    );
    // The name may be another zone's, or of a wildcard.
    const isOwn = isWithin(server, name) && !records.some((record) => isElsewhere(record, name, server));
    if (!hasAddress && isOwn)
      draft.problems.add('zone', path, `the name server ${server} has no address here`, { key: true });
  }
}

function isElsewhere({ name, type }: RecordConfig, zone: string, server: string): boolean {
  return (type === 'NS' && name !== zone && isWithin(server, name)) || name.startsWith('*.');
}

/** `ns1.server.com.`; the root's servers have letters, as in the world outside. */
function serverName(zone: string, index: number): string {
  if (zone !== '.') return `ns${index + 1}.${zone}`;
  return index < 26 ? `${String.fromCharCode(97 + index)}.root-servers.net.` : `ns${index + 1}.root-servers.net.`;
}

function infrastructure(name: string, type: RecordConfig['type'], data: string): RecordConfig {
  return { name, type, ttlSeconds: INFRASTRUCTURE_TTL_SECONDS, data };
}

/** Puts the cut to this zone into the nearest zone above it. */
function delegate(zone: DraftZone, zones: ReadonlyMap<string, DraftZone>): void {
  const parent = parentOf(zone, zones);
  if (parent === undefined || parent.records.some((record) => record.name === zone.name && record.type === 'NS'))
    return;
  for (const { name, type, data, ttlSeconds } of zone.records) {
    if (name !== zone.name || type !== 'NS') continue;
    parent.records.push({ name, type, ...(ttlSeconds !== undefined && { ttlSeconds }), data });
    if (!isWithin(data, parent.name) || parent.records.some((record) => record.name === data)) continue;
    for (const glue of addressesOf(data, zones)) parent.records.push(infrastructure(data, glue.type, glue.data));
  }
}

function parentOf(zone: DraftZone, zones: ReadonlyMap<string, DraftZone>): DraftZone | undefined {
  if (zone.name === '.') return undefined;
  const labels = zone.name.split('.').slice(1);
  for (; labels.length > 1; labels.shift()) {
    const parent = zones.get(labels.join('.'));
    if (parent !== undefined) return parent;
  }
  return zones.get('.');
}

/** The address records of a name, from the zone that is authoritative for it. */
function addressesOf(name: string, zones: ReadonlyMap<string, DraftZone>): RecordConfig[] {
  const home = [...zones.values()]
    .filter((zone) => isWithin(name, zone.name))
    .reduce<DraftZone | undefined>(
      (best, zone) => (best && best.name.length >= zone.name.length ? best : zone),
      undefined,
    );
  return (home?.records ?? []).filter(
    (record) => record.name === name && (record.type === 'A' || record.type === 'AAAA'),
  );
}

/** A PTR for every address of the subnet that some zone here has a name for; the first name wins. */
function addReverseNames(zone: DraftZone, zones: ReadonlyMap<string, DraftZone>): void {
  if (zone.subnet === undefined) return;
  const known = new Set(zone.records.map((record) => record.name));
  for (const { records } of zones.values()) {
    for (const record of records) {
      const address = record.type === 'A' ? parseIpv4(record.data) : undefined;
      const name = address === undefined ? undefined : reverseName(address);
      if (name === undefined || !isWithin(name, zone.name) || known.has(name) || isReverse(record.name)) continue;
      known.add(name);
      zone.records.push({ name, type: 'PTR', data: record.name });
    }
  }
}

function configOf(draft: Draft, server: DraftIpDevice, zones: ReadonlyMap<string, DraftZone>): DnsServerConfig {
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
