/**
 * Domain names (RFC 1035 sections 2.3, 3.1, 4.1.4; RFC 4343).
 *
 * As text a name has no final dot, and the root is `.`: `www.server.com`. Its case is kept as it came, comparison goes
 * through {@link canonicalName}. Bytes other than visible ASCII, and a dot or a backslash inside a label, are written
 * `\DDD` (RFC 1035 section 5.1): therefore splitting the text at its dots always gives the labels.
 */
import { type Malformed, malformed } from './malformed.js';

export const ROOT_NAME = '.';
/** RFC 1035 section 2.3.4: bytes of one label, and of a whole name on the wire with its length bytes. */
export const MAX_LABEL_BYTES = 63;
export const MAX_NAME_BYTES = 255;

const DOT = 0x2e;
const BACKSLASH = 0x5c;
const POINTER = 0xc0;

export interface ParsedName {
  readonly name: string;
  /** Offset of the first byte behind the name. */
  readonly next: number;
}

/** Reads a name that may be compressed. Pointers must point to before the labels that they end, so none can loop. */
export function parseName(message: Uint8Array, offset: number): ParsedName | Malformed {
  const labels: string[] = [];
  let at = offset;
  let start = offset;
  let next = -1;
  let length = 1;
  for (;;) {
    if (at >= message.length) return malformed('dns name truncated');
    const head = message[at];
    if (head === 0) break;
    if ((head & POINTER) === POINTER) {
      if (at + 1 >= message.length) return malformed('dns name truncated');
      const target = ((head & 0x3f) << 8) | message[at + 1];
      if (target >= start) return malformed('dns pointer not backwards');
      if (next < 0) next = at + 2;
      at = target;
      start = target;
      continue;
    }
    if ((head & POINTER) !== 0) return malformed('dns label type');
    length += 1 + head;
    if (length > MAX_NAME_BYTES) return malformed('dns name too long');
    if (at + 1 + head > message.length) return malformed('dns name truncated');
    labels.push(labelText(message.subarray(at + 1, at + 1 + head)));
    at += 1 + head;
  }
  return { name: labels.length === 0 ? ROOT_NAME : labels.join('.'), next: next < 0 ? at + 1 : next };
}

/**
 * What a person or a file wrote, as a name of this project: the final dot goes, `\.` and `\DDD` become `\DDD`.
 * Undefined when a label is empty or longer than 63 bytes, or the name longer than 255.
 */
export function nameFromText(text: string): string | undefined {
  return readName(text)?.name;
}

/** As zone files mean it: `@` is the origin, a name without a final dot lies below the origin. */
export function nameWithin(text: string, origin: string): string | undefined {
  if (text === '@') return origin;
  const read = readName(text);
  if (read === undefined || read.absolute) return read?.name;
  return nameFromText(joinNames(read.name, origin));
}

/** `absolute`: it ended with a dot. */
function readName(text: string): { readonly name: string; readonly absolute: boolean } | undefined {
  if (text === '.') return { name: ROOT_NAME, absolute: true };
  const labels: string[] = [];
  let bytes: number[] = [];
  let length = 1;
  let absolute = false;
  const flush = (): boolean => {
    if (bytes.length === 0 || bytes.length > MAX_LABEL_BYTES) return false;
    length += 1 + bytes.length;
    labels.push(labelText(bytes));
    bytes = [];
    return true;
  };
  for (let i = 0; i < text.length; i++) {
    absolute = text[i] === '.';
    if (absolute) {
      if (!flush()) return undefined;
      continue;
    }
    let code = text.charCodeAt(i);
    if (code > 0x7e || code < 0x21) return undefined;
    if (code === BACKSLASH) {
      const digits = /^\d{3}/.exec(text.slice(i + 1, i + 4));
      // RFC 1035 section 5.1: `\X` is for what is no digit.
      if (digits === null && /\d/.test(text[i + 1] ?? '')) return undefined;
      i += digits === null ? 1 : 3;
      if (i >= text.length) return undefined;
      code = digits === null ? text.charCodeAt(i) : Number(digits[0]);
      if (code > 255) return undefined;
    }
    bytes.push(code);
  }
  if (!absolute && !flush()) return undefined;
  return length > MAX_NAME_BYTES ? undefined : { name: labels.join('.'), absolute };
}

/** The labels, leftmost first; none for the root. */
export function nameLabels(name: string): string[] {
  return name === ROOT_NAME ? [] : name.split('.');
}

/** A label's bytes: the inverse of the `\DDD` notation. */
export function labelBytes(label: string): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < label.length; i++) {
    if (label.charCodeAt(i) === BACKSLASH) {
      bytes.push(Number(label.slice(i + 1, i + 4)));
      i += 3;
    } else bytes.push(label.charCodeAt(i));
  }
  return bytes;
}

/** RFC 4343: the form in which equal names are equal text, and which maps take as their key. */
export function canonicalName(name: string): string {
  return name.toLowerCase();
}

export function sameName(a: string, b: string): boolean {
  return a === b || canonicalName(a) === canonicalName(b);
}

/** True when `name` is `zone` or lies below it. */
export function isWithin(name: string, zone: string): boolean {
  if (zone === ROOT_NAME) return true;
  const below = canonicalName(name);
  const above = canonicalName(zone);
  return below === above || below.endsWith(`.${above}`);
}

/** The name without its leftmost label; the root has no parent. */
export function parentName(name: string): string | undefined {
  if (name === ROOT_NAME) return undefined;
  const dot = name.indexOf('.');
  return dot < 0 ? ROOT_NAME : name.slice(dot + 1);
}

/** `name` below `zone`; either may be the root. */
export function joinNames(name: string, zone: string): string {
  if (name === ROOT_NAME) return zone;
  return zone === ROOT_NAME ? name : `${name}.${zone}`;
}

/** `name`, which lies below `owner`, moved to below `target` (RFC 6672 section 2.2); undefined when it gets too long. */
export function substituted(name: string, owner: string, target: string): string | undefined {
  const below = owner === ROOT_NAME ? name : name.slice(0, -(owner.length + 1));
  return nameFromText(joinNames(below, target));
}

function labelText(bytes: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    const plain = byte > 0x20 && byte < 0x7f && byte !== DOT && byte !== BACKSLASH;
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}
