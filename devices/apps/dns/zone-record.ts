/** Records of a zone as a config writes them (RFC 1035 section 5.1), to records as they go over the wire. */
import type { RecordConfig } from '../../control/config.js';
import { parseIpv4 } from '../../stack/wire/address.js';
import { joinNames, nameFromText } from '../../stack/wire/dns-name.js';
import { CLASS_IN, MAX_TTL_SECONDS, type RecordData, type ResourceRecord } from '../../stack/wire/dns-record.js';

export const DEFAULT_TTL_SECONDS = 300;
const MAX_STRING_BYTES = 255;

/** A config that cannot be served: says the zone, the record and what is wrong. */
export class ZoneError extends Error {
  constructor(zone: string, record: RecordConfig, reason: string) {
    super(`zone ${zone}, record ${record.name} ${record.type} "${record.data}": ${reason}`);
    this.name = 'ZoneError';
  }
}

/** Throws {@link ZoneError}. `zone` is the zone's name, without a final dot. */
export function zoneRecord(config: RecordConfig, zone: string): ResourceRecord {
  const fail = (reason: string): never => {
    throw new ZoneError(zone, config, reason);
  };
  const name = zoneName(config.name, zone) ?? fail('the name is not a domain name');
  const ttl = config.ttlSeconds ?? DEFAULT_TTL_SECONDS;
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL_SECONDS) fail(`the TTL is 0 … ${MAX_TTL_SECONDS} seconds`);
  return { name, class: CLASS_IN, ttl, ...dataOf(config, zone, fail) };
}

function dataOf(config: RecordConfig, zone: string, fail: (reason: string) => never): RecordData {
  const { type, data } = config;
  switch (type) {
    case 'A':
      return { type, address: parseIpv4(data.trim()) ?? fail('not an IPv4 address') };
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return { type, target: zoneName(data.trim(), zone) ?? fail('not a domain name') };
    case 'TXT':
      return { type, strings: textStrings(data) ?? fail('a quote is not closed') };
    case 'SOA':
      return soaOf(data, zone, fail);
    default:
      return fail('the type is none of A, NS, CNAME, PTR, SOA, TXT');
  }
}

function soaOf(data: string, zone: string, fail: (reason: string) => never): RecordData {
  const fields = data.trim().split(/\s+/);
  if (fields.length !== 7) fail('a SOA has seven fields: mname rname serial refresh retry expire minimum');
  const mname = zoneName(fields[0], zone) ?? fail('the first field is not a domain name');
  const rname = zoneName(fields[1], zone) ?? fail('the second field is not a domain name');
  const numbers = fields.slice(2).map(Number);
  if (numbers.some((value) => !Number.isInteger(value) || value < 0 || value > 0xffffffff)) {
    fail('the last five fields are integers of 32 bits');
  }
  const [serial, refresh, retry, expire, minimum] = numbers;
  return { type: 'SOA', mname, rname, serial, refresh, retry, expire, minimum };
}

/** `@` is the zone; a final dot marks an absolute name, all others are relative to the zone. */
function zoneName(text: string, zone: string): string | undefined {
  if (text === '@') return zone;
  const name = nameFromText(text);
  if (name === undefined || text.endsWith('.')) return name;
  return nameFromText(joinNames(name, zone));
}

/** Text without quotes is one string, cut into pieces of 255 bytes; quoted ones are one string each. */
function textStrings(data: string): Uint8Array[] | undefined {
  const encoder = new TextEncoder();
  if (!data.trimStart().startsWith('"')) {
    const bytes = encoder.encode(data);
    const strings: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += MAX_STRING_BYTES) {
      strings.push(bytes.slice(at, at + MAX_STRING_BYTES));
    }
    return strings;
  }
  if (!/^\s*("([^"\\]|\\.)*"\s*)+$/.test(data)) return undefined;
  const strings = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    encoder.encode(text.replace(/\\(\d{3}|.)/g, (_, c: string) => (c.length === 3 ? String.fromCharCode(+c) : c))),
  );
  return strings.some((string) => string.length > MAX_STRING_BYTES) ? undefined : strings;
}
