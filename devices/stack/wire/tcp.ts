/**
 * The TCP header (RFC 9293 section 3.1) and its options.
 *
 * ```
 *  | source port 2 | destination port 2 | seq 4 | ack 4 | offset/flags 2 | window 2 | checksum 2 | urgent 2 | options | data |
 * ```
 */
import type { Ipv4Address } from './address.js';
import { allocateBytes } from './allocate.js';
import { readU16, readU32, writeU16, writeU32 } from './bytes.js';
import { finishSum, partialSum, pseudoHeaderSum } from './checksum.js';
import { PROTOCOL_TCP } from './ipv4.js';
import { type Malformed, malformed } from './malformed.js';

export const TCP_HEADER_LENGTH = 20;

/** Control bits, lowest first: RFC 9293 section 3.1, ECE and CWR from RFC 3168. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

export interface SackBlock {
  /** First sequence number of the block. */
  readonly left: number;
  /** The sequence number just after the block. */
  readonly right: number;
}

/** Only what was there (parse) or is to be sent (emit). Unknown options are skipped. */
export interface TcpOptions {
  /** RFC 9293 section 3.7.1: bytes of data in one segment, without headers. */
  readonly mss?: number;
  /** RFC 7323 section 2.2: shift count, 0 … 14 (larger ones are read as 14). */
  readonly windowScale?: number;
  /** RFC 2018 section 2. */
  readonly sackPermitted?: boolean;
  /** RFC 2018 section 3: at most 4, or 3 beside timestamps. */
  readonly sack?: readonly SackBlock[];
  /** RFC 7323 section 3.2: unsigned 32-bit TSval and TSecr. */
  readonly timestamps?: { readonly value: number; readonly echo: number };
}

export interface TcpSegment {
  readonly srcPort: number;
  readonly dstPort: number;
  /** Unsigned 32-bit. */
  readonly seq: number;
  /** Unsigned 32-bit; meaningful when the ACK flag is set. */
  readonly ack: number;
  /** OR of {@link SYN} and friends. */
  readonly flags: number;
  /** As it stands in the header: 0 … 65535, not yet scaled. */
  readonly window: number;
  readonly urgentPointer: number;
  readonly options: TcpOptions;
  readonly payload: Uint8Array;
}

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_WINDOW_SCALE = 3;
const OPTION_SACK_PERMITTED = 4;
const OPTION_SACK = 5;
const OPTION_TIMESTAMPS = 8;
/** The data offset counts no further. */
export const MAX_TCP_OPTIONS_LENGTH = 40;

export function parseTcp(bytes: Uint8Array, src: Ipv4Address, dst: Ipv4Address): TcpSegment | Malformed {
  if (bytes.length < TCP_HEADER_LENGTH) return malformed('tcp header truncated');
  const headerLength = (bytes[12] >>> 4) * 4;
  if (headerLength < TCP_HEADER_LENGTH || headerLength > bytes.length) return malformed('tcp data offset');
  const sum = partialSum(bytes, pseudoHeaderSum(src, dst, PROTOCOL_TCP, bytes.length));
  if (finishSum(sum) !== 0) return malformed('tcp checksum');
  return {
    srcPort: readU16(bytes, 0),
    dstPort: readU16(bytes, 2),
    seq: readU32(bytes, 4),
    ack: readU32(bytes, 8),
    flags: bytes[13],
    window: readU16(bytes, 14),
    urgentPointer: readU16(bytes, 18),
    options: parseOptions(bytes.subarray(TCP_HEADER_LENGTH, headerLength)),
    payload: bytes.subarray(headerLength),
  };
}

/** RFC 9293 MUST-5, MUST-6, MUST-7: any option, unknown ones ignored, an illegal length ends the list. */
function parseOptions(bytes: Uint8Array): TcpOptions {
  const options: { -readonly [K in keyof TcpOptions]: TcpOptions[K] } = {};
  let at = 0;
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1];
    if (length === undefined || length < 2 || at + length > bytes.length) break;
    if (kind === OPTION_MSS && length === 4) options.mss = readU16(bytes, at + 2);
    else if (kind === OPTION_WINDOW_SCALE && length === 3) options.windowScale = Math.min(14, bytes[at + 2]);
    else if (kind === OPTION_SACK_PERMITTED && length === 2) options.sackPermitted = true;
    else if (kind === OPTION_SACK && length > 2 && (length - 2) % 8 === 0) {
      options.sack = parseSack(bytes.subarray(at + 2, at + length));
    } else if (kind === OPTION_TIMESTAMPS && length === 10) {
      options.timestamps = { value: readU32(bytes, at + 2), echo: readU32(bytes, at + 6) };
    }
    at += length;
  }
  return options;
}

function parseSack(bytes: Uint8Array): SackBlock[] {
  const blocks: SackBlock[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    blocks.push({ left: readU32(bytes, at), right: readU32(bytes, at + 4) });
  }
  return blocks;
}

/** The length of the options as {@link emitTcp} writes them, padded: 0 … 40. */
export function tcpOptionsLength(options: TcpOptions): number {
  let length = 0;
  if (options.mss !== undefined) length += 4;
  if (options.timestamps !== undefined) length += 12;
  else if (options.sackPermitted) length += 4;
  if (options.windowScale !== undefined) length += 4;
  if (options.sack !== undefined) length += sackOptionLength(options.sack.length);
  return length;
}

/** Bytes that a SACK option of so many blocks takes in a header, padded. */
export function sackOptionLength(blocks: number): number {
  return blocks === 0 ? 0 : 4 + 8 * blocks;
}

/**
 * The order and the padding are Linux's: no-operations in front, so that values lie at multiples of four (RFC 7323
 * appendix A). Receivers may take a short cut for headers of this shape.
 */
function writeOptions(bytes: Uint8Array, start: number, options: TcpOptions): void {
  let at = start;
  if (options.mss !== undefined) {
    at = writeKind(bytes, at, OPTION_MSS, 4);
    writeU16(bytes, at, options.mss);
    at += 2;
  }
  if (options.sackPermitted) {
    // Takes the place of the no-operations before the timestamps, if there are any.
    if (options.timestamps === undefined) at = writeNops(bytes, at, 2);
    at = writeKind(bytes, at, OPTION_SACK_PERMITTED, 2);
  }
  if (options.timestamps !== undefined) {
    if (!options.sackPermitted) at = writeNops(bytes, at, 2);
    at = writeKind(bytes, at, OPTION_TIMESTAMPS, 10);
    writeU32(bytes, at, options.timestamps.value);
    writeU32(bytes, at + 4, options.timestamps.echo);
    at += 8;
  }
  if (options.windowScale !== undefined) {
    at = writeKind(bytes, writeNops(bytes, at, 1), OPTION_WINDOW_SCALE, 3);
    bytes[at] = options.windowScale;
    at += 1;
  }
  if (options.sack !== undefined && options.sack.length > 0) {
    at = writeKind(bytes, writeNops(bytes, at, 2), OPTION_SACK, 2 + 8 * options.sack.length);
    for (const block of options.sack) {
      writeU32(bytes, at, block.left);
      writeU32(bytes, at + 4, block.right);
      at += 8;
    }
  }
}

function writeKind(bytes: Uint8Array, at: number, kind: number, length: number): number {
  bytes[at] = kind;
  bytes[at + 1] = length;
  return at + 2;
}

function writeNops(bytes: Uint8Array, at: number, count: number): number {
  bytes.fill(OPTION_NOP, at, at + count);
  return at + count;
}

/** Header, options and payload with the checksum filled in. Throws RangeError when the options exceed 40 bytes. */
export function emitTcp(segment: TcpSegment, src: Ipv4Address, dst: Ipv4Address): Uint8Array {
  const optionsLength = tcpOptionsLength(segment.options);
  if (optionsLength > MAX_TCP_OPTIONS_LENGTH) throw new RangeError(`TCP options of ${optionsLength} bytes: at most 40`);
  const headerLength = TCP_HEADER_LENGTH + optionsLength;
  const bytes = allocateBytes(headerLength + segment.payload.length);
  writeU16(bytes, 0, segment.srcPort);
  writeU16(bytes, 2, segment.dstPort);
  writeU32(bytes, 4, segment.seq);
  writeU32(bytes, 8, segment.ack);
  bytes[12] = (headerLength / 4) << 4;
  bytes[13] = segment.flags;
  writeU16(bytes, 14, segment.window);
  writeU16(bytes, 18, segment.urgentPointer);
  writeOptions(bytes, TCP_HEADER_LENGTH, segment.options);
  bytes.set(segment.payload, headerLength);
  writeU16(bytes, 16, finishSum(partialSum(bytes, pseudoHeaderSum(src, dst, PROTOCOL_TCP, bytes.length))));
  return bytes;
}

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/** Wireshark's order: `SYN, ACK`. */
export function formatTcpFlags(flags: number): string {
  return FLAG_NAMES.filter((_, bit) => flags & (1 << bit)).join(', ');
}

export function formatTcp(segment: TcpSegment): string {
  const ack = segment.flags & ACK ? ` ack ${segment.ack}` : '';
  return `TCP ${segment.srcPort} > ${segment.dstPort} [${formatTcpFlags(segment.flags)}] seq ${segment.seq}${ack} win ${segment.window} len ${segment.payload.length}`;
}
