/** Records of a zone as a config writes them (RFC 1035 section 5.1), to records as they go over the wire. */
import type { RecordConfig } from '../../control/config.js';
import { nameWithin } from '../../stack/wire/dns-name.js';
import { CLASS_IN, MAX_TTL_SECONDS, type RecordData, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { type Field, parseRecordData } from '../../stack/wire/dns-record-fields.js';
import { typeFromText } from '../../stack/wire/dns-type.js';
import { zoneFileLines } from '../../stack/wire/zone-file-lines.js';

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
  const name = nameWithin(config.name, zone) ?? fail('the name is not a domain name');
  const ttl = config.ttlSeconds ?? DEFAULT_TTL_SECONDS;
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL_SECONDS) fail(`the TTL is 0 … ${MAX_TTL_SECONDS} seconds`);
  return { name, class: CLASS_IN, ttl, ...dataOf(config, zone, fail) };
}

function dataOf(
  { type: typeText, data: text }: RecordConfig,
  zone: string,
  fail: (reason: string) => never,
): RecordData {
  const type = typeFromText(typeText) ?? fail('this is not a record type');
  // Text without quotes is one string, cut into pieces of 255 bytes.
  if (type === 'TXT' && !text.trimStart().startsWith('"')) return { type, strings: pieces(text) };
  const fields = fieldsOf(text);
  if (typeof fields === 'string') return fail(fields);
  const data = parseRecordData(type, fields, zone);
  return 'problem' in data ? fail(data.problem) : data;
}

/** The words and quoted strings of a line in presentation format; a text says what is wrong with it. */
export function fieldsOf(text: string): readonly Field[] | string {
  const [line] = zoneFileLines(text);
  if (line === undefined) return [];
  return 'problem' in line ? line.problem : line.fields;
}

function pieces(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const strings: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MAX_STRING_BYTES) {
    strings.push(bytes.slice(at, at + MAX_STRING_BYTES));
  }
  return strings;
}
