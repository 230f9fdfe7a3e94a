/**
 * TLS records (RFC 8446 section 5.1, RFC 5246 section 6.2): what an observer of the wire can read. Everything inside
 * encrypted records stays closed here; TLS itself is Node's.
 *
 * ```
 *  | content type 1 | version 2 | length 2 | fragment, at most 2^14 + 2048 |
 * ```
 */
import { readU16 } from './bytes.js';
import { type Malformed, malformed } from './malformed.js';

export const TLS_CHANGE_CIPHER_SPEC = 20;
export const TLS_ALERT = 21;
export const TLS_HANDSHAKE = 22;
export const TLS_APPLICATION_DATA = 23;
export const TLS_RECORD_HEADER_LENGTH = 5;
/** RFC 5246 section 6.2.3; version 1.3 allows less. */
const MAX_FRAGMENT = 2 ** 14 + 2048;
const SSL_MAJOR = 3;
const LAST_MINOR = 4;

const CONTENT_NAMES: Readonly<Record<number, string>> = {
  [TLS_CHANGE_CIPHER_SPEC]: 'change cipher spec',
  [TLS_ALERT]: 'alert',
  [TLS_HANDSHAKE]: 'handshake',
  [TLS_APPLICATION_DATA]: 'application data',
};

export interface TlsRecord {
  /** {@link TLS_HANDSHAKE}, …: what encrypted records of version 1.3 pretend to be, too. */
  readonly contentType: number;
  /** As the record says; the version agreed on is in the hello messages. */
  readonly version: number;
  /** Where its header begins in the bytes that were read. */
  readonly at: number;
  /** Of the fragment, as the header says. */
  readonly length: number;
  /** Shorter than `length` where the bytes end first. */
  readonly fragment: Uint8Array;
}

/** Whether a record's header is at `at`: cheap, and wrong for one in three million of random bytes. */
export function startsTlsRecord(bytes: Uint8Array, at = 0, end = bytes.length): boolean {
  if (at + TLS_RECORD_HEADER_LENGTH > end) return false;
  if (CONTENT_NAMES[bytes[at]] === undefined || bytes[at + 1] !== SSL_MAJOR || bytes[at + 2] > LAST_MINOR) return false;
  const length = readU16(bytes, at + 3);
  return length > 0 && length <= MAX_FRAGMENT;
}

/** All records from the first byte on; the last one may be cut short. Bytes that begin no record end the list. */
export function parseTlsRecords(bytes: Uint8Array): readonly TlsRecord[] | Malformed {
  const records: TlsRecord[] = [];
  for (let at = 0; startsTlsRecord(bytes, at); ) {
    const length = readU16(bytes, at + 3);
    const from = at + TLS_RECORD_HEADER_LENGTH;
    const fragment = bytes.subarray(from, from + length);
    records.push({ contentType: bytes[at], version: readU16(bytes, at + 1), at, length, fragment });
    at = from + length;
  }
  return records.length === 0 ? malformed('no tls record') : records;
}

/** RFC 8446 section 6: level and description; undefined for one that is encrypted or cut short. */
export function tlsAlert({ contentType, length, fragment }: TlsRecord): { level: number; code: number } | undefined {
  const isPlain = contentType === TLS_ALERT && length === 2 && fragment.length === 2;
  return isPlain ? { level: fragment[0], code: fragment[1] } : undefined;
}

export function tlsContentName(contentType: number): string {
  return CONTENT_NAMES[contentType] ?? `type ${contentType}`;
}
