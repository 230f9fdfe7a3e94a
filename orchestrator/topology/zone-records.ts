/** The records that a zone of the file gives, in their short and long forms. */
import type { RecordConfig } from '../../devices/control.js';
import { formatIpv4, parseIpv4 } from '../../devices/stack/wire/address.js';
import { isWithin, ownerName, targetName } from './domain-names.js';
import { type Draft, listOf, unknownDevice } from './draft.js';
import { addressOf } from './resolvers.js';
import { RECORD_TYPES, type RecordSetFile, type ZoneFile } from './schema-dns.js';
import type { Path } from './source.js';
import { parseDuration } from './units.js';

/** RFC 1035 section 3.3: a character-string. */
const LONGEST_TEXT = 255;

type RecordType = (typeof RECORD_TYPES)[number];

/** `zone` is absolute. Owner names and names in data come back absolute. */
export function readRecords(draft: Draft, zone: string, file: ZoneFile, path: Path): RecordConfig[] {
  const { $TTL, ...owners } = file;
  return Object.entries(owners).flatMap(([key, value]): RecordConfig[] => {
    const at = [...path, key];
    const name = ownerName(key, zone);
    const refuse = (message: string, keyOnly = true): RecordConfig[] => {
      draft.problems.add('record', at, message, { key: keyOnly });
      return [];
    };
    if (name === undefined) return refuse(`"${key}" is not a domain name`);
    if (!isWithin(name, zone)) return refuse(`"${key}" is not within the zone ${zone}`);
    if (value === undefined) return [];
    const isShort = typeof value === 'string' || Array.isArray(value);
    const set: RecordSetFile = isShort ? { A: value } : value;
    const types = RECORD_TYPES.filter((type) => set[type] !== undefined);
    if (types.length === 0) return refuse(`"${key}" has no record: write ${RECORD_TYPES.join(', ')}`);
    if (types.includes('CNAME') && types.length > 1) {
      const others = types.filter((type) => type !== 'CNAME').join(', ');
      return refuse(`"${key}" has a CNAME beside ${others}: an alias has no other data (RFC 1034 section 3.6.2)`);
    }
    if (types.includes('CNAME') && name === zone) {
      return refuse(`the zone itself cannot be an alias: it has SOA and NS records (RFC 1034 section 3.6.2)`);
    }
    if (types.includes('SOA') && name !== zone) return refuse('an SOA record stands only at "@", the zone itself');
    const ttl = set.ttl ?? $TTL;
    const ttlSeconds = ttl === undefined ? {} : { ttlSeconds: Math.round(parseDuration(ttl)! / 1000) };
    return types.flatMap((type) =>
      listOf(set[type]).flatMap((text, i): RecordConfig[] => {
        const place = [...at, ...(isShort ? [] : [type]), ...(Array.isArray(set[type]) ? [i] : [])];
        const data = readData(draft, zone, type, text, place, isShort);
        return data === undefined ? [] : [{ name, type, ...ttlSeconds, data }];
      }),
    );
  });
}

function readData(
  draft: Draft,
  zone: string,
  type: RecordType,
  text: string,
  path: Path,
  isShort: boolean,
): string | undefined {
  const refuse = (message: string): undefined => draft.problems.add('record', path, message) as undefined;
  switch (type) {
    case 'A': {
      const address = parseIpv4(text);
      if (address !== undefined) return formatIpv4(address);
      if (draft.devices.has(text) || draft.suspects.has(text)) return addressOf(draft, text, path, 'record');
      const alias =
        isShort && text.includes('.') && !/^[\d.]+$/.test(text) ? ` An alias is written {CNAME: ${text}}.` : '';
      return refuse(`"${text}" is no IPv4 address, and ${unknownDevice(text, draft)}${alias}`);
    }
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return targetName(text, zone) ?? refuse(`"${text}" is not a domain name`);
    case 'TXT':
      if (new TextEncoder().encode(text).length <= LONGEST_TEXT) return text;
      return refuse(`a TXT text is at most ${LONGEST_TEXT} bytes long; write several`);
    case 'SOA':
      return (
        readSoa(zone, text) ?? refuse(`"${text}" is no SOA: write mname rname serial refresh retry expire minimum`)
      );
  }
}

function readSoa(zone: string, text: string): string | undefined {
  const [mname, rname, ...numbers] = text.trim().split(/\s+/);
  const names = [mname, rname].map((name) => (name === undefined ? undefined : targetName(name, zone)));
  const areNumbers =
    numbers.length === 5 && numbers.every((number) => /^\d{1,10}$/.test(number) && Number(number) < 2 ** 32);
  if (names[0] === undefined || names[1] === undefined || !areNumbers) return undefined;
  return [...names, ...numbers].join(' ');
}
