/**
 * DNS resource records (RFC 1035 sections 3.2 and 3.3; AAAA: RFC 3596, SRV: RFC 2782, NAPTR: RFC 3403, DNAME: RFC 6672, CAA:
 * RFC 8659; unknown types: RFC 3597). Their kinds are in dns-type.ts, how they are written in dns-record-text.ts.
 *
 * ```
 *  | name | type 2 | class 2 | ttl 4 | rdlength 2 | rdata |
 * ```
 */
import type { Ipv4Address } from './address.js';
import { readU16, readU32 } from './bytes.js';
import { parseName } from './dns-name.js';
import { CLASS_ANY, CLASS_NONE, type OpaqueType, type QuestionType, typeName, typeNumber } from './dns-type.js';
import { DnsWriter } from './dns-writer.js';
import { isMalformed, type Malformed, malformed } from './malformed.js';

export { absolute, formatRecordData } from './dns-record-text.js';
export {
  CLASS_ANY,
  CLASS_CH,
  CLASS_IN,
  CLASS_NONE,
  type QuestionType,
  type RecordType,
  typeFromText,
  typeName,
  typeNumber,
} from './dns-type.js';

/** RFC 2181 section 8. */
export const MAX_TTL_SECONDS = 0x7fffffff;

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

export interface SrvFields {
  /** 0 … 65535, as are the next two; the lowest is tried first. */
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** `.`: the service is not there. */
  readonly target: string;
}

export interface NaptrFields {
  readonly order: number;
  readonly preference: number;
  readonly flags: Uint8Array;
  readonly services: Uint8Array;
  readonly regexp: Uint8Array;
  readonly replacement: string;
}

export type RecordData =
  | { readonly type: 'A'; readonly address: Ipv4Address }
  /** 16 bytes. */
  | { readonly type: 'AAAA'; readonly address: Uint8Array }
  | { readonly type: 'NS' | 'CNAME' | 'PTR' | 'DNAME'; readonly target: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  /** Each string 0 … 255 bytes, at least one. */
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'HINFO'; readonly cpu: Uint8Array; readonly os: Uint8Array }
  | ({ readonly type: 'SOA' } & SoaFields)
  | ({ readonly type: 'SRV' } & SrvFields)
  | ({ readonly type: 'NAPTR' } & NaptrFields)
  /** Tag: 1 … 255 letters and digits. */
  | { readonly type: 'CAA'; readonly flags: number; readonly tag: string; readonly value: Uint8Array }
  | { readonly type: 'OPT' | OpaqueType | `TYPE${number}`; readonly bytes: Uint8Array };

export type ResourceRecord = RecordData & {
  readonly name: string;
  /** {@link CLASS_IN}; an OPT record keeps its sender's UDP size here. */
  readonly class: number;
  /** Seconds, 0 … 2^31-1; an OPT record keeps flags here. */
  readonly ttl: number;
};

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
  const number = readU16(message, at);
  const type = typeName(number);
  // RFC 2136 sections 2.4 and 2.5: a record without data, whatever its type, in what is no class of data.
  const isBare = next === dataAt && [CLASS_ANY, CLASS_NONE].includes(readU16(message, at + 2));
  const data = isBare ? bareData(number) : parseData(message.subarray(0, next), type, dataAt);
  if (isMalformed(data)) return data;
  const rawTtl = readU32(message, at + 4);
  // RFC 2181 section 8: a TTL with its top bit set counts as zero.
  const ttl = type === 'OPT' || rawTtl <= MAX_TTL_SECONDS ? rawTtl : 0;
  return { record: { name: owner.name, class: readU16(message, at + 2), ttl, ...data }, next };
}

/** Of a record of an update that names a type, `ANY` (255) for one, and has no data (RFC 2136 section 2.4). */
export function bareData(typeNumber: number): RecordData {
  return { type: `TYPE${typeNumber}`, bytes: new Uint8Array(0) };
}

/** `message` ends where the record's data ends; names in it may point back. */
export function parseData(message: Uint8Array, type: QuestionType, at: number): RecordData | Malformed {
  const length = message.length - at;
  switch (type) {
    case 'A':
      return length === 4 ? { type, address: readU32(message, at) } : malformed('dns A length');
    case 'AAAA':
      return length === 16 ? { type, address: message.slice(at) } : malformed('dns AAAA length');
    case 'NS':
    case 'CNAME':
    case 'PTR':
    case 'DNAME': {
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
    case 'SRV': {
      if (length < 7) return malformed('dns SRV length');
      const target = parseName(message, at + 6);
      if (isMalformed(target)) return target;
      if (target.next !== message.length) return malformed('dns SRV length');
      const [priority, weight, port] = [0, 2, 4].map((offset) => readU16(message, at + offset));
      return { type, priority, weight, port, target: target.name };
    }
    case 'NAPTR':
      return parseNaptr(message, at);
    case 'CAA':
      return parseCaa(message, at);
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

function parseNaptr(message: Uint8Array, at: number): RecordData | Malformed {
  if (message.length - at < 4) return malformed('dns NAPTR length');
  const strings: Uint8Array[] = [];
  let next = at + 4;
  for (let i = 0; i < 3; i++) {
    const end = next + 1 + (message[next] ?? 0);
    if (end > message.length) return malformed('dns string truncated');
    strings.push(message.slice(next + 1, end));
    next = end;
  }
  const replacement = parseName(message, next);
  if (isMalformed(replacement)) return replacement;
  if (replacement.next !== message.length) return malformed('dns NAPTR length');
  const [flags, services, regexp] = strings;
  const [order, preference] = [readU16(message, at), readU16(message, at + 2)];
  return { type: 'NAPTR', order, preference, flags, services, regexp, replacement: replacement.name };
}

/** RFC 8659 section 4.1. */
function parseCaa(message: Uint8Array, at: number): RecordData | Malformed {
  const valueAt = at + 2 + (message[at + 1] ?? 0);
  if (message.length - at < 3 || valueAt > message.length) return malformed('dns CAA length');
  const tag = String.fromCharCode(...message.subarray(at + 2, valueAt));
  if (!/^[A-Za-z0-9]+$/.test(tag)) return malformed('dns CAA tag');
  return { type: 'CAA', flags: message[at], tag, value: message.slice(valueAt) };
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

export function uncompressedLength(record: ResourceRecord): number {
  const writer = new DnsWriter();
  emitRecord(writer, record);
  return writer.length;
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
    case 'DNAME':
      writer.plainName(data.target);
      break;
    case 'SRV':
      for (const value of [data.priority, data.weight, data.port]) writer.u16(value);
      writer.plainName(data.target);
      break;
    case 'NAPTR':
      for (const value of [data.order, data.preference]) writer.u16(value);
      emitStrings(writer, [data.flags, data.services, data.regexp]);
      writer.plainName(data.replacement);
      break;
    case 'CAA':
      writer.u8(data.flags);
      writer.u8(data.tag.length);
      writer.bytes([...data.tag].map((letter) => letter.charCodeAt(0)));
      writer.bytes(data.value);
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
