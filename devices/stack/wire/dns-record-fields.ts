/** The data of DNS records as people write them (RFC 1035 section 5.1, RFC 3597 section 5), field by field. */
import { parseIpv4 } from './address.js';
import { fromHex } from './bytes.js';
import { nameFromText, nameWithin } from './dns-name.js';
import { MAX_TTL_SECONDS, parseData, type RecordData } from './dns-record.js';
import { isMetaType, type QuestionType, typeNumber } from './dns-type.js';
import { parseIpv6 } from './ipv6.js';
import { isMalformed } from './malformed.js';

/** One word or one quoted string of a zone file, its escapes as they were written. */
export interface Field {
  readonly text: string;
  readonly quoted: boolean;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface FieldProblem {
  readonly problem: string;
  /** The field that is wrong; undefined when one is missing. */
  readonly field?: Field;
}

const MAX_STRING_BYTES = 255;

/** `origin` completes relative names. */
export function parseRecordData(
  type: QuestionType,
  fields: readonly Field[],
  origin: string,
): RecordData | FieldProblem {
  const reader = new FieldReader(fields, origin);
  try {
    if (isMetaType(typeNumber(type))) reader.fail("this is no type of a zone's records");
    const isGeneric = fields[0]?.text === '\\#' && !fields[0].quoted;
    const data = isGeneric ? genericData(type, reader) : dataOf(type, reader);
    reader.end();
    return data;
  } catch (error) {
    if (error instanceof WrongField) return { problem: error.message, field: error.field };
    throw error;
  }
}

/** `3600`, or BIND's `1h30m`, `2d`, `1w`: seconds, 0 … 2^31-1 (RFC 2181 section 8); undefined for anything else. */
export function parseTtl(text: string): number | undefined {
  if (!/^(\d+[smhdw])+$|^\d+$/i.test(text)) return undefined;
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  const parts = [...text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)];
  const sum = parts.reduce(
    (total, [, count, unit]) => total + Number(count) * seconds[(unit || 's') as keyof typeof seconds],
    0,
  );
  return sum <= MAX_TTL_SECONDS ? sum : undefined;
}

class WrongField extends Error {
  readonly field: Field | undefined;

  constructor(message: string, field: Field | undefined) {
    super(message);
    this.field = field;
  }
}

function dataOf(type: QuestionType, reader: FieldReader): RecordData {
  switch (type) {
    case 'A':
      return { type, address: reader.take('an IPv4 address', parseIpv4) };
    case 'AAAA':
      return { type, address: reader.take('an IPv6 address', parseIpv6) };
    case 'NS':
    case 'CNAME':
    case 'PTR':
    case 'DNAME':
      return { type, target: reader.name('name') };
    case 'MX':
      return { type, preference: reader.u16('preference'), exchange: reader.name('exchange') };
    case 'SRV': {
      const [priority, weight, port] = ['priority', 'weight', 'port'].map((what) => reader.u16(what));
      return { type, priority, weight, port, target: reader.name('target') };
    }
    case 'NAPTR': {
      const [order, preference] = ['order', 'preference'].map((what) => reader.u16(what));
      const [flags, services, regexp] = ['flags', 'services', 'regexp'].map((what) => reader.string(what));
      return { type, order, preference, flags, services, regexp, replacement: reader.name('replacement') };
    }
    case 'CAA': {
      const flags = reader.integer('flags', 0xff);
      const tag = reader.take('a tag of letters and digits', (text) =>
        /^[A-Za-z0-9]{1,255}$/.test(text) ? text : undefined,
      );
      return { type, flags, tag, value: reader.string('value', 0xffff - 2 - tag.length) };
    }
    case 'TXT':
      return { type, strings: [reader.string('text'), ...reader.rest((one) => one.string('text'))] };
    case 'HINFO':
      return { type, cpu: reader.string('CPU'), os: reader.string('OS') };
    case 'SOA':
      return soaOf(reader);
    default:
      return reader.fail(`the data of ${type} are written in the generic form: \\# length hexadecimal (RFC 3597)`);
  }
}

function soaOf(reader: FieldReader): RecordData {
  const [mname, rname] = [reader.name('primary server'), reader.name('mailbox')];
  const serial = reader.integer('serial', 0xffffffff);
  const [refresh, retry, expire, minimum] = ['refresh', 'retry', 'expire', 'minimum'].map((what) =>
    reader.take(`${what}, a time in seconds or as 1h30m`, parseTtl),
  );
  return { type: 'SOA', mname, rname, serial, refresh, retry, expire, minimum };
}

/** RFC 3597 section 5: `\# 4 c0000201`, the digits in any number of words; for types with a form of their own too. */
function genericData(type: QuestionType, reader: FieldReader): RecordData {
  reader.take('\\#', (text) => text);
  const length = reader.integer('length', 0xffff);
  const digits = reader.rest((one) => one.take('hexadecimal digits', (text) => hexDigits(text))).join('');
  if (digits.length !== 2 * length) reader.fail(`${digits.length} digits are not ${length} bytes`);
  const data = parseData(fromHex(digits), type, 0);
  return isMalformed(data) ? reader.fail(`these bytes are no ${type} data (${data.malformed})`) : data;
}

function hexDigits(text: string): string | undefined {
  return /^[0-9a-f]+$/i.test(text) ? text : undefined;
}

class FieldReader {
  private readonly fields: readonly Field[];
  private readonly origin: string;
  private index = 0;

  constructor(fields: readonly Field[], origin: string) {
    this.fields = fields;
    this.origin = origin;
  }

  /** About the field that was read last. */
  fail(problem: string): never {
    throw new WrongField(problem, this.fields[Math.max(0, this.index - 1)]);
  }

  take<Value>(what: string, parse: (text: string) => Value | undefined): Value {
    const field = this.next(what);
    const value = parse(field.text);
    return value === undefined ? this.fail(`"${field.text}" is not ${what}`) : value;
  }

  integer(what: string, maximum: number): number {
    return this.take(`the ${what}, 0 to ${maximum}`, (text) =>
      /^\d{1,10}$/.test(text) && Number(text) <= maximum ? Number(text) : undefined,
    );
  }

  u16(what: string): number {
    return this.integer(what, 0xffff);
  }

  name(what: string): string {
    const field = this.next(what);
    const name = field.quoted ? nameFromText(field.text) : nameWithin(field.text, this.origin);
    return name ?? this.fail(`"${field.text}" is not a domain name`);
  }

  string(what: string, maximum = MAX_STRING_BYTES): Uint8Array {
    const bytes = unescaped(this.next(what).text);
    if (bytes === undefined) return this.fail('a backslash stands before one character, or three digits up to 255');
    return bytes.length <= maximum
      ? bytes
      : this.fail(`${bytes.length} bytes are more than the ${maximum} of one string`);
  }

  /** What `read` makes of each remaining field. */
  rest<Value>(read: (reader: FieldReader) => Value): Value[] {
    const values: Value[] = [];
    while (this.index < this.fields.length) values.push(read(this));
    return values;
  }

  end(): void {
    const extra = this.fields[this.index];
    if (extra !== undefined) throw new WrongField(`"${extra.text}" is more than such a record has`, extra);
  }

  private next(what: string): Field {
    const field = this.fields[this.index];
    if (field === undefined) throw new WrongField(`the record ends where ${article(what)} is expected`, undefined);
    this.index += 1;
    return field;
  }
}

function article(what: string): string {
  return /^(an?|the) |^\\/.test(what) ? what : `the ${what}`;
}

/** RFC 1035 section 5.1: `\X` is X, `\DDD` a byte; other characters are their UTF-8. */
function unescaped(text: string): Uint8Array | undefined {
  if (!text.includes('\\')) return new TextEncoder().encode(text);
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/\\\d{3}|\\[^\d]|\\|[^\\]+/gsu)) {
    if (piece === '\\') return undefined;
    if (/^\\\d/.test(piece)) bytes.push(Number(piece.slice(1)));
    else for (const byte of encoder.encode(piece.startsWith('\\') ? piece.slice(1) : piece)) bytes.push(byte);
  }
  return bytes.some((byte) => byte > 255) ? undefined : Uint8Array.from(bytes);
}
