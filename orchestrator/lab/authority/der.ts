/**
 * The distinguished encoding rules of ASN.1 (X.690 section 10), as far as certificates need them: each function gives the
 * bytes of one value with its tag and length. The library that does all of it is a third of the whole command.
 */

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const digits = Buffer.from(length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length), digits, content]);
}

export function sequence(...values: readonly Uint8Array[]): Buffer {
  return tagged(SEQUENCE, Buffer.concat(values));
}

export function set(...values: readonly Uint8Array[]): Buffer {
  return tagged(SET, Buffer.concat(values));
}

/** `[number]` of the context, around whole values (explicit, or an implicit sequence). */
export function context(number: number, ...values: readonly Uint8Array[]): Buffer {
  return tagged(CONTEXT | CONSTRUCTED | number, Buffer.concat(values));
}

/** `[number]` of the context instead of the tag of a primitive value. */
export function contextPrimitive(number: number, content: Uint8Array): Buffer {
  return tagged(CONTEXT | number, content);
}

export function boolean(value: boolean): Buffer {
  return tagged(BOOLEAN, Buffer.of(value ? 0xff : 0));
}

/** Not negative; big-endian bytes without leading zeros, or a small number. */
export function integer(value: number | Uint8Array): Buffer {
  const bytes = typeof value === 'number' ? Buffer.of(value) : value;
  return tagged(INTEGER, bytes[0] & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return tagged(BIT_STRING, Buffer.concat([Buffer.of(unusedBits), content]));
}

export function octetString(content: Uint8Array): Buffer {
  return tagged(OCTET_STRING, content);
}

export function utf8String(text: string): Buffer {
  return tagged(UTF8_STRING, Buffer.from(text));
}

/** `2.5.29.17` */
export function objectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    bytes.push(...digits);
  }
  return tagged(OBJECT_IDENTIFIER, Buffer.from(bytes));
}

/** Whole seconds. RFC 5280 section 4.1.2.5: UTCTime up to 2049, GeneralizedTime from then on. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  return year < 2050 ? tagged(UTC_TIME, Buffer.from(digits.slice(2))) : tagged(GENERALIZED_TIME, Buffer.from(digits));
}
