/** Values as they are written in an expression, read according to the type that they are compared with. */
import { formatMac, parseIpv4, parseMac, prefixMask } from '../address.js';
import { fromHex } from '../bytes.js';
import type { FieldType, Value } from './field.js';
import { FilterProblem } from './filter-error.js';
import type { Operand } from './syntax.js';

/** Of an `ipv4`, which bits count: `10.0.0.0/8`. */
export interface Literal {
  readonly value: Value;
  readonly mask?: number;
}

export interface LiteralType {
  readonly type: FieldType;
  readonly valueNames?: Readonly<Record<string, number>>;
}

const MAXIMA: Partial<Record<FieldType, number>> = { uint8: 0xff, uint16: 0xffff, uint32: 0xffffffff };
const SECONDS: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, us: 1e-6, min: 60 };

export type Written = Operand & { readonly kind: 'word' | 'string' | 'character' };

/** Throws {@link FilterProblem} for what is no value of the type. */
export function readLiteral(written: Written, expected: LiteralType): Literal {
  switch (expected.type) {
    case 'boolean':
      return { value: readBoolean(written) };
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return { value: readUnsigned(written, expected) };
    case 'ipv4':
      return readIpv4(written);
    case 'ether':
      return { value: readEther(written) };
    case 'ipv6':
      return { value: readIpv6(written) };
    case 'string':
      return { value: written.text };
    case 'time':
      return { value: readSeconds(written) };
    case 'bytes':
    case 'protocol':
      return { value: readBytes(written) };
    case 'none':
      throw new FilterProblem('this field has no value: it is there or not', written.column);
  }
}

function refuse({ kind, text, column }: Written, what: string): never {
  const shown = kind === 'string' ? `the string "${text}"` : `"${text}"`;
  throw new FilterProblem(`${shown} is not ${what}`, column);
}

/** Decimal, hexadecimal, octal with a leading zero, binary; undefined for anything else. */
function readNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text) || /^0[bB][01]+$/.test(text)) return Number(text);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined;
}

function readBoolean(written: Written): number {
  if (written.kind === 'word') {
    const word = written.text.toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true' ? 1 : 0;
    const number = readNumber(word);
    if (number !== undefined) return number === 0 ? 0 : 1;
  }
  return refuse(written, 'a truth value: 1, 0, true or false');
}

function readUnsigned(written: Written, { type, valueNames = {} }: LiteralType): number {
  if (written.kind === 'character') return written.text.charCodeAt(0);
  const number = written.kind === 'word' ? readNumber(written.text) : undefined;
  const maximum = MAXIMA[type] ?? 0;
  if (number !== undefined && number <= maximum) return number;
  if (number !== undefined)
    throw new FilterProblem(`${written.text} is too large here: at most ${maximum}`, written.column);
  const named = Object.keys(valueNames).find((name) => name.toLowerCase() === written.text.toLowerCase());
  if (named !== undefined) return valueNames[named];
  const names = Object.keys(valueNames);
  return refuse(written, names.length === 0 ? 'a whole number' : `a whole number, nor one of ${names.join(', ')}`);
}

function readIpv4(written: Written): Literal {
  const [text, bits] = written.text.split('/');
  const address = parseIpv4(text);
  if (written.kind !== 'word' || address === undefined) return refuse(written, 'an IPv4 address');
  if (bits === undefined) return { value: address };
  if (!/^\d{1,2}$/.test(bits) || Number(bits) > 32) {
    throw new FilterProblem(`an IPv4 prefix has 0 to 32 bits, not "${bits}"`, written.column);
  }
  const mask = prefixMask(Number(bits));
  return { value: (address & mask) >>> 0, mask };
}

function readEther(written: Written): number {
  // `0200.0000.0001` is how some routers write it.
  const pairs = written.text.replace(
    /^([0-9a-f]{2})([0-9a-f]{2})\.([0-9a-f]{2})([0-9a-f]{2})\.([0-9a-f]{2})([0-9a-f]{2})$/i,
    '$1:$2:$3:$4:$5:$6',
  );
  const mac = written.kind === 'word' ? parseMac(pairs) : undefined;
  return mac ?? refuse(written, 'a MAC address of six octets');
}

/** RFC 4291 section 2.2, without the form that ends in an IPv4 address. */
function readIpv6(written: Written): Uint8Array {
  const halves = written.text.split('::');
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = groups.flat();
  const isComplete = halves.length === 2 ? given.length < 8 : halves.length === 1 && given.length === 8;
  if (written.kind !== 'word' || !isComplete || !given.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) {
    return refuse(written, 'an IPv6 address');
  }
  const zeros = Array.from({ length: 8 - given.length }, () => '0');
  const all = [...groups[0], ...zeros, ...(groups[1] ?? [])];
  return fromHex(all.map((group) => group.padStart(4, '0')).join(''));
}

function readSeconds(written: Written): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+)(s|ms|us|min)?$/.exec(written.text);
  if (written.kind !== 'word' || match === null) return refuse(written, 'a time, such as 1.5 (seconds) or 20ms');
  return Number(match[1]) * SECONDS[match[2] ?? 's'];
}

/** `02:00:5e`, `02-00-5e`, `0200.5e00`, `02005e`, `"text"`, `'c'`, and one byte as a number. */
function readBytes(written: Written): Uint8Array {
  const { kind, text } = written;
  if (kind !== 'word') return new TextEncoder().encode(text);
  const number = readNumber(text);
  if (number !== undefined && number <= 0xff) return Uint8Array.of(number);
  if (/^[0-9a-f]{2}([:.-]?[0-9a-f]{2})*$/i.test(text)) return fromHex(text.replace(/[:.-]/g, ''));
  return refuse(written, 'a row of bytes, such as 02:00:5e or "text"');
}

/** What a slice or `contains` looks at; undefined for types that have no bytes of their own. */
export function bytesOf(value: Value, type: FieldType): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (type === 'ether') return fromHex(formatMac(value as number).replaceAll(':', ''));
  if (type !== 'ipv4') return undefined;
  const address = value as number;
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

/** For messages: `ip.src is an IPv4 address`. */
export const TYPE_NAMES: Readonly<Record<FieldType, string>> = {
  protocol: 'a protocol',
  none: 'a field without a value',
  boolean: 'a truth value',
  uint8: 'a number',
  uint16: 'a number',
  uint32: 'a number',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  ether: 'a MAC address',
  string: 'a string',
  bytes: 'a row of bytes',
  time: 'a time',
};
