/**
 * DNS resource records (RFC 1035 sections 3.2 and 3.3; AAAA: RFC 3596; unknown types: RFC 3597).
 *
 * ```
 *  | name | type 2 | class 2 | ttl 4 | rdlength 2 | rdata |
 * ```
 */
import { formatIpv4, type Ipv4Address } from './address.js';
import { readU16, readU32, toHex } from './bytes.js';
import { parseName, ROOT_NAME } from './dns-name.js';
import type { DnsWriter } from './dns-writer.js';
import { isMalformed, type Malformed, malformed } from './malformed.js';

/** `TYPE257` is how RFC 3597 section 5 writes a type without a name. */
export type RecordType =
  | 'A'
  | 'NS'
  | 'CNAME'
  | 'SOA'
  | 'PTR'
  | 'HINFO'
  | 'MX'
  | 'TXT'
  | 'AAAA'
  | 'OPT'
  | `TYPE${number}`;
/** What may be asked for: types, and the transfers and wildcards of RFC 1035 section 3.2.3. */
export type QuestionType = RecordType | 'ANY' | 'AXFR' | 'IXFR';

export const CLASS_IN = 1;
export const CLASS_CH = 3;
export const CLASS_ANY = 255;
/** RFC 2181 section 8. */
export const MAX_TTL_SECONDS = 0x7fffffff;

const TYPE_NUMBERS = new Map<QuestionType, number>([
  ['A', 1],
  ['NS', 2],
  ['CNAME', 5],
  ['SOA', 6],
  ['PTR', 12],
  ['HINFO', 13],
  ['MX', 15],
  ['TXT', 16],
  ['AAAA', 28],
  ['OPT', 41],
  ['IXFR', 251],
  ['AXFR', 252],
  ['ANY', 255],
]);
const TYPE_NAMES = new Map([...TYPE_NUMBERS].map(([name, number]) => [number, name]));

export interface SoaFields {
  /** The zone's first name server. */
  readonly mname: string;
  /** Mailbox of its keeper, as a name. */
  readonly rname: string;
  readonly serial: number;
  /** Seconds, as are the next three. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** RFC 2308 section 4: how long a negative answer may be kept. */
  readonly minimum: number;
}

export type RecordData =
  | { readonly type: 'A'; readonly address: Ipv4Address }
  /** 16 bytes. */
  | { readonly type: 'AAAA'; readonly address: Uint8Array }
  | { readonly type: 'NS' | 'CNAME' | 'PTR'; readonly target: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  /** Each string 0 … 255 bytes, at least one. */
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'HINFO'; readonly cpu: Uint8Array; readonly os: Uint8Array }
  | ({ readonly type: 'SOA' } & SoaFields)
  | { readonly type: 'OPT' | `TYPE${number}`; readonly bytes: Uint8Array };

export type ResourceRecord = RecordData & {
  readonly name: string;
  /** {@link CLASS_IN}; an OPT record keeps its sender's UDP size here. */
  readonly class: number;
  /** Seconds, 0 … 2^31-1; an OPT record keeps flags here. */
  readonly ttl: number;
};

export function typeNumber(type: QuestionType): number {
  return TYPE_NUMBERS.get(type) ?? Number(type.slice(4));
}

export function typeName(number: number): QuestionType {
  return TYPE_NAMES.get(number) ?? `TYPE${number}`;
}

/** `a`, `MX`, `type257`; undefined for an unknown word. */
export function typeFromText(text: string): QuestionType | undefined {
  const upper = text.toUpperCase();
  if (TYPE_NUMBERS.has(upper as QuestionType)) return upper as QuestionType;
  const match = /^TYPE(0|[1-9]\d{0,4})$/.exec(upper);
  if (match === null || Number(match[1]) > 0xffff) return undefined;
  return typeName(Number(match[1]));
}

export interface ParsedRecord {
  readonly record: ResourceRecord;
  readonly next: number;
}

export function parseRecord(message: Uint8Array, offset: number): ParsedRecord | Malformed {
  const owner = parseName(message, offset);
  if (isMalformed(owner)) return owner;
  const at = owner.next;
  if (at + 10 > message.length) return malformed('dns record truncated');
  const dataAt = at + 10;
  const next = dataAt + readU16(message, at + 8);
  if (next > message.length) return malformed('dns record truncated');
  const type = typeName(readU16(message, at));
  const data = parseData(message.subarray(0, next), type, dataAt);
  if (isMalformed(data)) return data;
  const rawTtl = readU32(message, at + 4);
  // RFC 2181 section 8: a TTL with its top bit set counts as zero.
  const ttl = type === 'OPT' || rawTtl <= MAX_TTL_SECONDS ? rawTtl : 0;
  return { record: { name: owner.name, class: readU16(message, at + 2), ttl, ...data }, next };
}

/** `message` ends where the record's data ends; names in it may point back. */
function parseData(message: Uint8Array, type: QuestionType, at: number): RecordData | Malformed {
  const length = message.length - at;
  switch (type) {
    case 'A':
      return length === 4 ? { type, address: readU32(message, at) } : malformed('dns A length');
    case 'AAAA':
      return length === 16 ? { type, address: message.slice(at) } : malformed('dns AAAA length');
    case 'NS':
    case 'CNAME':
    case 'PTR': {
      const target = parseName(message, at);
      if (isMalformed(target)) return target;
      return target.next === message.length ? { type, target: target.name } : malformed(`dns ${type} length`);
    }
    case 'MX': {
      if (length < 3) return malformed('dns MX length');
      const exchange = parseName(message, at + 2);
      if (isMalformed(exchange)) return exchange;
      if (exchange.next !== message.length) return malformed('dns MX length');
      return { type, preference: readU16(message, at), exchange: exchange.name };
    }
    case 'SOA':
      return parseSoa(message, at);
    case 'TXT': {
      const strings = parseStrings(message, at);
      return isMalformed(strings) ? strings : { type, strings };
    }
    case 'HINFO': {
      const strings = parseStrings(message, at);
      if (isMalformed(strings)) return strings;
      return strings.length === 2 ? { type, cpu: strings[0], os: strings[1] } : malformed('dns HINFO length');
    }
    case 'ANY':
    case 'AXFR':
    case 'IXFR':
      return malformed('dns record of a question type');
    default:
      return { type, bytes: message.slice(at) };
  }
}

function parseSoa(message: Uint8Array, at: number): RecordData | Malformed {
  const mname = parseName(message, at);
  if (isMalformed(mname)) return mname;
  const rname = parseName(message, mname.next);
  if (isMalformed(rname)) return rname;
  const numbers = rname.next;
  if (numbers + 20 !== message.length) return malformed('dns SOA length');
  return {
    type: 'SOA',
    mname: mname.name,
    rname: rname.name,
    serial: readU32(message, numbers),
    refresh: readU32(message, numbers + 4),
    retry: readU32(message, numbers + 8),
    expire: readU32(message, numbers + 12),
    minimum: readU32(message, numbers + 16),
  };
}

function parseStrings(message: Uint8Array, offset: number): Uint8Array[] | Malformed {
  const strings: Uint8Array[] = [];
  let at = offset;
  while (at < message.length) {
    const end = at + 1 + message[at];
    if (end > message.length) return malformed('dns string truncated');
    strings.push(message.slice(at + 1, end));
    at = end;
  }
  return strings.length === 0 ? malformed('dns string missing') : strings;
}

export function emitRecord(writer: DnsWriter, record: ResourceRecord): void {
  writer.name(record.name);
  writer.u16(typeNumber(record.type));
  writer.u16(record.class);
  writer.u32(record.ttl);
  const lengthAt = writer.length;
  writer.u16(0);
  emitData(writer, record);
  writer.patchU16(lengthAt, writer.length - lengthAt - 2);
}

function emitData(writer: DnsWriter, data: RecordData): void {
  switch (data.type) {
    case 'A':
      writer.u32(data.address);
      break;
    case 'AAAA':
      writer.bytes(data.address);
      break;
    // RFC 3597 section 4: only the types of RFC 1035 may have compressed names in their data.
    case 'NS':
    case 'CNAME':
    case 'PTR':
      writer.name(data.target);
      break;
    case 'MX':
      writer.u16(data.preference);
      writer.name(data.exchange);
      break;
    case 'SOA':
      writer.name(data.mname);
      writer.name(data.rname);
      for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) writer.u32(value);
      break;
    case 'TXT':
      emitStrings(writer, data.strings);
      break;
    case 'HINFO':
      emitStrings(writer, [data.cpu, data.os]);
      break;
    default:
      writer.bytes(data.bytes);
  }
}

function emitStrings(writer: DnsWriter, strings: readonly Uint8Array[]): void {
  for (const string of strings) {
    if (string.length > 255) throw new RangeError(`a DNS string has at most 255 bytes, not ${string.length}`);
    writer.u8(string.length);
    writer.bytes(string);
  }
}

/** Data in presentation format (RFC 1035 section 5.1), names with their final dot: what `dig` prints. */
export function formatRecordData(data: RecordData): string {
  switch (data.type) {
    case 'A':
      return formatIpv4(data.address);
    case 'AAAA':
      return formatIpv6(data.address);
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return absolute(data.target);
    case 'MX':
      return `${data.preference} ${absolute(data.exchange)}`;
    case 'SOA': {
      const { serial, refresh, retry, expire, minimum } = data;
      return `${absolute(data.mname)} ${absolute(data.rname)} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    case 'TXT':
      return data.strings.map(quoted).join(' ');
    case 'HINFO':
      return `${quoted(data.cpu)} ${quoted(data.os)}`;
    default:
      // RFC 3597 section 5: the generic form.
      return `\\# ${data.bytes.length}${data.bytes.length === 0 ? '' : ` ${toHex(data.bytes)}`}`;
  }
}

/** With the final dot that says "not relative". */
export function absolute(name: string): string {
  return name === ROOT_NAME ? name : `${name}.`;
}

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(readU16(bytes, i).toString(16));
  const runs = [...`${groups.map((group) => (group === '0' ? 'z' : 'x')).join('')}`.matchAll(/z{2,}/g)];
  const longest = runs.reduce((best, run) => (run[0].length > best[0].length ? run : best), runs[0]);
  if (longest === undefined) return groups.join(':');
  const end = longest.index + longest[0].length;
  return `${groups.slice(0, longest.index).join(':')}::${groups.slice(end).join(':')}`;
}

function quoted(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte < 0x20 || byte > 0x7e) text += `\\${String(byte).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return `"${text}"`;
}
