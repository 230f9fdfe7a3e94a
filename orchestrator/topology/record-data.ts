/** The data of records as the file writes them under their type. */
import { formatIpv4, parseIpv4 } from '../../devices/stack/wire/address.js';
import { formatRecordData } from '../../devices/stack/wire/dns-record.js';
import { type Field, parseRecordData } from '../../devices/stack/wire/dns-record-fields.js';
import { typeFromText, typeNames } from '../../devices/stack/wire/dns-type.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { zoneFileLines } from '../../devices/stack/wire/zone-file-lines.js';
import { targetName } from './domain-names.js';
import { type Draft, unknownDevice } from './draft.js';
import { addressOf } from './resolvers.js';
import type { RECORD_TYPES } from './schema-dns.js';
import type { Path } from './source.js';

/** RFC 1035 section 3.3: a character-string. */
const LONGEST_TEXT = 255;

type RecordType = (typeof RECORD_TYPES)[number];

/** Which of the fields of a type are names; the others stay as they are written. */
const NAME_FIELDS: Readonly<Record<string, readonly number[]>> = {
  NS: [0],
  CNAME: [0],
  DNAME: [0],
  PTR: [0],
  MX: [1],
  SRV: [3],
  NAPTR: [5],
  SOA: [0, 1],
};

/** How data are written, for who has it wrong. */
const FORMS: Readonly<Record<string, string>> = {
  AAAA: '2001:db8::80',
  MX: 'preference name, such as 10 mail',
  SRV: 'priority weight port target, such as 0 5 80 www',
  CAA: 'flags tag value, such as 0 issue ca.example',
  HINFO: 'cpu os, such as PC "Linux 6"',
  NAPTR: 'order preference flags services regexp replacement',
  SOA: 'mname rname serial refresh retry expire minimum',
};

export interface Place {
  readonly draft: Draft;
  /** Absolute. */
  readonly zone: string;
  readonly path: Path;
}

export interface TypedData {
  readonly type: string;
  /** In presentation format, names absolute. */
  readonly data: string;
}

/** An address, or the first one of a device. `isShort`: it stands where an alias could be meant. */
export function readAddress({ draft, path }: Place, text: string, isShort: boolean): string | undefined {
  const address = parseIpv4(text);
  if (address !== undefined) return formatIpv4(address);
  if (draft.devices.has(text) || draft.suspects.has(text)) return addressOf(draft, text, path, 'record');
  const alias = isShort && text.includes('.') && !/^[\d.]+$/.test(text) ? ` An alias is written {CNAME: ${text}}.` : '';
  draft.problems.add('record', path, `"${text}" is no IPv4 address, and ${unknownDevice(text, draft)}${alias}`);
  return undefined;
}

/** In presentation format, names absolute. */
export function readData(
  { draft, zone, path }: Place,
  type: Exclude<RecordType, 'A'>,
  text: string,
): string | undefined {
  const refuse = (message: string): undefined => draft.problems.add('record', path, message) as undefined;
  if (type === 'TXT') {
    const string = new TextEncoder().encode(text);
    if (string.length <= LONGEST_TEXT) return formatRecordData({ type, strings: [string] });
    return refuse(`a TXT text is at most ${LONGEST_TEXT} bytes long; write several`);
  }
  const fields = fieldsOf(text);
  if (typeof fields === 'string') return refuse(`"${text}": ${fields}`);
  for (const index of NAME_FIELDS[type] ?? []) {
    const field = fields[index];
    const name = field === undefined ? undefined : targetName(field.text, zone);
    if (field !== undefined && name === undefined) return refuse(`"${field.text}" is not a domain name`);
    if (name !== undefined) fields[index] = { ...field, text: name };
  }
  const data = parseRecordData(type, fields, zone);
  if (!('problem' in data)) return formatRecordData(data);
  const form = FORMS[type];
  return refuse(form === undefined ? data.problem : `"${text}" is no ${type}: write ${form}`);
}

/** `TYPE65280 \# 3 abcdef`, with names as zone files have them. */
export function readOther({ draft, zone, path }: Place, text: string): TypedData | undefined {
  const refuse = (message: string): undefined => draft.problems.add('record', path, message) as undefined;
  const fields = fieldsOf(text);
  if (typeof fields === 'string') return refuse(`"${text}": ${fields}`);
  const [word, ...rest] = fields;
  const type = word === undefined ? undefined : typeFromText(word.text);
  if (type === undefined) {
    return refuse(`"${text}" does not begin with a record type.${didYouMean(word?.text ?? '', typeNames())}`);
  }
  if (type === 'SOA' || type === 'CNAME') return refuse(`write ${type} as a key of its own`);
  const data = parseRecordData(type, rest, zone);
  return 'problem' in data ? refuse(`${type}: ${data.problem}`) : { type, data: formatRecordData(data) };
}

/** The words and quoted strings, or what is wrong with them. */
function fieldsOf(text: string): Field[] | string {
  const [line, second] = zoneFileLines(text);
  if (line === undefined) return [];
  if ('problem' in line) return line.problem;
  return second === undefined ? [...line.fields] : 'data stand on one line';
}
