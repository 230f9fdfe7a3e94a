/**
 * What RFC 1034 section 4.2 asks of a zone besides what its file says: SOA and NS at its apex, a cut with NS and glue for
 * every zone below it that another server here has, PTR records in reverse zones.
 */
import type { RecordConfig } from '../../devices/control.js';
import { formatIpv4, parseIpv4 } from '../../devices/stack/wire/address.js';
import { isWithin, reverseName } from './domain-names.js';
import type { Draft, DraftIpDevice } from './draft.js';
import type { DraftZone } from './draft-zone.js';
import { firstAddress } from './model.js';

/** Name servers, delegations and glue change rarely. */
const INFRASTRUCTURE_TTL_SECONDS = 3600;
/** serial, refresh, retry, expire and the time for which "no such name" may be cached (RFC 2308), seconds. */
const SOA_TIMES = '1 3600 600 86400 300';

export function isReverse(zone: string): boolean {
  return isWithin(zone, 'in-addr.arpa.');
}

/** NS records, with addresses, and an SOA, where the file gives none. */
export function completeApex(zone: DraftZone, serverNames: Map<DraftIpDevice, string>): void {
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
export function checkServers(draft: Draft, { name, path, records }: DraftZone): void {
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
export function serverName(zone: string, index: number): string {
  if (zone !== '.') return `ns${index + 1}.${zone}`;
  return index < 26 ? `${String.fromCharCode(97 + index)}.root-servers.net.` : `ns${index + 1}.root-servers.net.`;
}

function infrastructure(name: string, type: RecordConfig['type'], data: string): RecordConfig {
  return { name, type, ttlSeconds: INFRASTRUCTURE_TTL_SECONDS, data };
}

/** Puts the cut to this zone into the nearest zone above it. */
export function delegate(zone: DraftZone, zones: ReadonlyMap<string, DraftZone>): void {
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
export function addReverseNames(zone: DraftZone, zones: ReadonlyMap<string, DraftZone>): void {
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
