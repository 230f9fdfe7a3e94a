/**
 * EDNS(0) (RFC 6891): what rides in the OPT record of a DNS message, of which there is at most one.
 *
 * ```
 *  | root 1 | type 41 | sender's UDP size 2 | upper bits of the rcode 1 | version 1 | DO 1 bit, zero 15 | rdlength 2 | options |
 *    option: | code 2 | length 2 | data |
 * ```
 */
import { readU16, writeU16 } from './bytes.js';
import { ROOT_NAME } from './dns-name.js';
import type { ResourceRecord } from './dns-record.js';
import { isMalformed, type Malformed, malformed } from './malformed.js';

/**
 * What a sender announces that it can take in one UDP datagram: fits into any path without fragments, as was agreed on
 * the DNS flag day of 2020.
 */
export const EDNS_UDP_SIZE = 1232;
export const EDNS_VERSION = 0;

/** RFC 5001, 7828, 7873, 8914. */
const NSID = 3;
const COOKIE = 10;
const KEEPALIVE = 11;
const EXTENDED_ERROR = 15;
/** RFC 7873 section 4: a client's cookie, and a server's behind it. */
const CLIENT_COOKIE_BYTES = 8;
const MIN_SERVER_COOKIE_BYTES = 8;
const MAX_SERVER_COOKIE_BYTES = 32;

export type EdnsOption =
  /** The server's name for itself; empty in a query. */
  | { readonly kind: 'nsid'; readonly id: Uint8Array }
  /** `client` 8 bytes; `server` none, or 8 … 32. */
  | { readonly kind: 'cookie'; readonly client: Uint8Array; readonly server: Uint8Array }
  /** How long an idle connection is kept, milliseconds, in steps of 100; none in a query. */
  | { readonly kind: 'tcp-keepalive'; readonly timeoutMs?: number }
  | ({ readonly kind: 'extended-error' } & ExtendedError)
  | { readonly kind: 'other'; readonly code: number; readonly data: Uint8Array };

/** RFC 8914: why. */
export interface ExtendedError {
  /** 0 … 65535; {@link extendedErrorName}. */
  readonly infoCode: number;
  readonly text: string;
}

export interface Edns {
  /** The largest datagram that the sender takes, 0 … 65535; less than 512 counts as 512 (section 6.2.3). */
  readonly udpSize: number;
  /** 0 … 255. */
  readonly version: number;
  /** DO: RFC 3225. */
  readonly dnssecOk: boolean;
  /** The 15 flags without a meaning; zero. */
  readonly reserved: number;
  readonly options: readonly EdnsOption[];
}

export type OptRecord = ResourceRecord & { readonly type: 'OPT' };

/** Of this version, from a sender who takes {@link EDNS_UDP_SIZE}, but for what `content` says. */
export function edns(content: Partial<Edns> = {}): Edns {
  return { udpSize: EDNS_UDP_SIZE, version: EDNS_VERSION, dnssecOk: false, reserved: 0, options: [], ...content };
}

/** RFC 5001, 7828, 7873 and 8914 allow one of each; the first one counts. */
export function ednsOption<Kind extends EdnsOption['kind']>(
  message: { readonly edns?: Edns },
  kind: Kind,
): Extract<EdnsOption, { kind: Kind }> | undefined {
  return message.edns?.options.find((option) => option.kind === kind) as
    | Extract<EdnsOption, { kind: Kind }>
    | undefined;
}

/** `rcode` 0 … 4095: its upper eight bits ride in the record. */
export function optRecord({ udpSize, version, dnssecOk, reserved, options }: Edns, rcode: number): OptRecord {
  const ttl = ((rcode >>> 4) << 24) | (version << 16) | (dnssecOk ? 0x8000 : 0) | reserved;
  const parts = options.map((option) => [optionCode(option), optionData(option)] as const);
  const bytes = new Uint8Array(parts.reduce((sum, [, data]) => sum + 4 + data.length, 0));
  let at = 0;
  for (const [code, data] of parts) {
    writeU16(bytes, at, code);
    writeU16(bytes, at + 2, data.length);
    bytes.set(data, at + 4);
    at += 4 + data.length;
  }
  return { type: 'OPT', name: ROOT_NAME, class: udpSize, ttl: ttl >>> 0, bytes };
}

/** `rcodeHigh`: the upper eight bits of the message's rcode, in their place. */
export function parseOpt(record: OptRecord): { readonly edns: Edns; readonly rcodeHigh: number } | Malformed {
  const { class: udpSize, ttl, bytes } = record;
  if (record.name !== ROOT_NAME) return malformed('dns OPT owner');
  const options: EdnsOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return malformed('dns OPT option truncated');
    const end = at + 4 + readU16(bytes, at + 2);
    if (end > bytes.length) return malformed('dns OPT option truncated');
    const option = parseOption(readU16(bytes, at), bytes.slice(at + 4, end));
    if (isMalformed(option)) return option;
    options.push(option);
    at = end;
  }
  return {
    edns: {
      udpSize,
      version: (ttl >>> 16) & 0xff,
      dnssecOk: (ttl & 0x8000) !== 0,
      reserved: ttl & 0x7fff,
      options,
    },
    rcodeHigh: (ttl >>> 24) << 4,
  };
}

function parseOption(code: number, data: Uint8Array): EdnsOption | Malformed {
  switch (code) {
    case NSID:
      return { kind: 'nsid', id: data };
    case COOKIE: {
      const serverLength = data.length - CLIENT_COOKIE_BYTES;
      const isSound =
        serverLength === 0 || (serverLength >= MIN_SERVER_COOKIE_BYTES && serverLength <= MAX_SERVER_COOKIE_BYTES);
      if (!isSound) return malformed('dns COOKIE length');
      return { kind: 'cookie', client: data.slice(0, CLIENT_COOKIE_BYTES), server: data.slice(CLIENT_COOKIE_BYTES) };
    }
    case KEEPALIVE:
      if (data.length === 0) return { kind: 'tcp-keepalive' };
      return data.length === 2
        ? { kind: 'tcp-keepalive', timeoutMs: 100 * readU16(data, 0) }
        : malformed('dns TCP-KEEPALIVE length');
    case EXTENDED_ERROR:
      return parseExtendedError(data);
    default:
      return { kind: 'other', code, data };
  }
}

/** RFC 8914 section 2: UTF-8, perhaps with a final NUL. What is no UTF-8 stays as it came. */
function parseExtendedError(data: Uint8Array): EdnsOption | Malformed {
  if (data.length < 2) return malformed('dns EDE length');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data.subarray(2));
    return { kind: 'extended-error', infoCode: readU16(data, 0), text };
  } catch {
    return { kind: 'other', code: EXTENDED_ERROR, data };
  }
}

function optionData(option: EdnsOption): Uint8Array {
  switch (option.kind) {
    case 'nsid':
      return option.id;
    case 'cookie':
      return Uint8Array.of(...option.client, ...option.server);
    case 'tcp-keepalive':
      return option.timeoutMs === undefined ? new Uint8Array(0) : u16(Math.min(option.timeoutMs / 100, 0xffff));
    case 'extended-error':
      return Uint8Array.of(...u16(option.infoCode), ...new TextEncoder().encode(option.text));
    default:
      return option.data;
  }
}

function optionCode(option: EdnsOption): number {
  switch (option.kind) {
    case 'nsid':
      return NSID;
    case 'cookie':
      return COOKIE;
    case 'tcp-keepalive':
      return KEEPALIVE;
    case 'extended-error':
      return EXTENDED_ERROR;
    default:
      return option.code;
  }
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** RFC 8914 section 4, those that servers here tell. */
export const EDE_OTHER = 0;
export const EDE_CACHED_ERROR = 13;
export const EDE_NOT_READY = 14;
export const EDE_PROHIBITED = 18;
export const EDE_NO_REACHABLE_AUTHORITY = 22;
export const EDE_INVALID_DATA = 24;

const EXTENDED_ERROR_NAMES = [
  'Other',
  'Unsupported DNSKEY Algorithm',
  'Unsupported DS Digest Type',
  'Stale Answer',
  'Forged Answer',
  'DNSSEC Indeterminate',
  'DNSSEC Bogus',
  'Signature Expired',
  'Signature Not Yet Valid',
  'DNSKEY Missing',
  'RRSIGs Missing',
  'No Zone Key Bit Set',
  'NSEC Missing',
  'Cached Error',
  'Not Ready',
  'Blocked',
  'Censored',
  'Filtered',
  'Prohibited',
  'Stale NXDOMAIN Answer',
  'Not Authoritative',
  'Not Supported',
  'No Reachable Authority',
  'Network Error',
  'Invalid Data',
];

/** `Prohibited`; undefined for a number without a name. */
export function extendedErrorName(infoCode: number): string | undefined {
  return EXTENDED_ERROR_NAMES[infoCode];
}
