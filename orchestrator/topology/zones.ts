/** Zones: what the file says, completed, and given to their servers. */
import type { DnsServerConfig } from '../../devices/control.js';
import { parseCidr } from '../../devices/stack/wire/address.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { dnsConfigOf } from './dns-configs.js';
import { type Draft, type DraftIpDevice, isIpDevice } from './draft.js';
import { type DraftZone, zoneName } from './draft-zone.js';
import { isSameSubnet, subnetOf } from './subnets.js';
import { addReverseNames, checkServers, completeApex, delegate, isReverse } from './zone-completion.js';
import { readZoneFile } from './zone-files.js';
import { readRecords, type Weights } from './zone-records.js';

export function findDns(draft: Draft, folder: string): Map<string, DnsServerConfig> {
  const servers = [...draft.devices.values()].filter(isIpDevice).filter(({ file }) => file.kind === 'dns-server');
  const zones = findZones(draft, servers, folder);
  // Forward zones first: reverse zones use the names that servers have there.
  const ordered = [...zones.values()].sort((a, b) => Number(isReverse(a.name)) - Number(isReverse(b.name)));
  const serverNames = new Map<DraftIpDevice, string>();
  for (const zone of ordered) completeApex(zone, serverNames);
  for (const zone of zones.values()) if (!zone.isBroken) checkServers(draft, zone);
  for (const zone of zones.values()) delegate(zone, zones);
  for (const zone of zones.values()) addReverseNames(zone, zones);
  const configs = new Map<string, DnsServerConfig>();
  for (const server of servers) configs.set(server.name, dnsConfigOf(draft, server, zones));
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
        const before = draft.problems.all.length;
        const records =
          typeof file === 'string'
            ? readZoneFile(draft, name, file, folder, path)
            : readRecords(draft, name, file ?? {}, path, weights);
        const isBroken = draft.problems.all.length > before;
        zones.set(name, { name, path, servers: [server], subnet: cidr, records, weights, isBroken });
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
