/** TCP segments: `Flags [S], seq 1, win 64240, options [mss 1460,sackOK], length 0`. */
import { readU16, readU32, toHex } from '../bytes.js';
import { finishSum, partialSum } from '../checksum.js';
import { DNS_PORT } from '../dns.js';
import { startsHttpMessage } from '../filter/http-head.js';
import { ACK, FIN, RST, SYN, TCP_HEADER_LENGTH, URG } from '../tcp.js';
import type { SequenceBase, SequenceFlows } from './flows.js';
import type { PrintOptions } from './options.js';
import { printDns } from './print-dns.js';

const HTTP_PORTS = [80, 8080];
const FLAG_LETTERS: readonly (readonly [mask: number, letter: string])[] = [
  [FIN, 'F'],
  [SYN, 'S'],
  [RST, 'R'],
  [0x08, 'P'],
  [ACK, '.'],
  [URG, 'U'],
  [0x40, 'E'],
  [0x80, 'W'],
];

export interface TcpSurroundings {
  /** `10.0.0.1.49152` and the same of the destination. */
  readonly from: string;
  readonly to: string;
  /** Sum over the addresses; undefined when the segment is cut short, so that nothing can be checked. */
  readonly pseudoHeaderSum: number | undefined;
  /** Of header and data, as IP tells it. */
  readonly length: number;
  readonly flows: SequenceFlows;
}

export function printTcp(bytes: Uint8Array, around: TcpSurroundings, options: PrintOptions): string {
  if (bytes.length < TCP_HEADER_LENGTH) return ' [|tcp]';
  const headerLength = (bytes[12] >>> 4) * 4;
  if (headerLength < TCP_HEADER_LENGTH) return `tcp [bad hdr length ${headerLength} - too short, < 20]`;
  if (headerLength > around.length) return `tcp [bad hdr length ${headerLength} - too long, > ${around.length}]`;
  const length = around.length - headerLength;
  if (options.quiet) return `tcp ${length}`;
  const flags = bytes[13];
  const base = baseOf(bytes, around, options);
  const letters = FLAG_LETTERS.map(([mask, letter]) => (flags & mask ? letter : '')).join('');
  let out = `Flags [${letters || 'none'}]`;
  if (options.verbosity) out += printChecksum(bytes, around.pseudoHeaderSum);
  const seq = (readU32(bytes, 4) - base.seq) >>> 0;
  if (length > 0) out += `, seq ${seq}:${(seq + length) >>> 0}`;
  else if (flags & (SYN | FIN | RST) || options.verbosity === 2) out += `, seq ${seq}`;
  if (flags & ACK) out += `, ack ${(readU32(bytes, 8) - base.ack) >>> 0}`;
  out += `, win ${readU16(bytes, 14)}`;
  if (flags & URG) out += `, urg ${readU16(bytes, 18)}`;
  if (headerLength > TCP_HEADER_LENGTH) {
    out += `, options [${printOptions(bytes.subarray(TCP_HEADER_LENGTH, headerLength), base.ack)}]`;
  }
  out += `, length ${length}`;
  return length > 0 ? out + printPayload(bytes, headerLength, options) : out;
}

function baseOf(bytes: Uint8Array, { from, to, flows }: TcpSurroundings, options: PrintOptions): SequenceBase {
  const flags = bytes[13];
  if (options.absoluteSequence || !(flags & ACK)) return { seq: 0, ack: 0 };
  return flows.baseOf(from, to, readU32(bytes, 4), readU32(bytes, 8), (flags & SYN) !== 0);
}

function hex4(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}

function printChecksum(bytes: Uint8Array, pseudoHeaderSum: number | undefined): string {
  if (pseudoHeaderSum === undefined) return '';
  const found = readU16(bytes, 16);
  if (finishSum(partialSum(bytes, pseudoHeaderSum)) === 0) return `, cksum ${hex4(found)} (correct)`;
  const copy = bytes.slice();
  copy.fill(0, 16, 18);
  return `, cksum ${hex4(found)} (incorrect -> ${hex4(finishSum(partialSum(copy, pseudoHeaderSum)))})`;
}

function printOptions(bytes: Uint8Array, ackBase: number): string {
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at];
    if (kind <= 1) {
      out.push(kind === 0 ? 'eol' : 'nop');
      if (kind === 0) break;
      at += 1;
      continue;
    }
    const length = bytes[at + 1];
    if (length === undefined || length < 2 || at + length > bytes.length) {
      out.push(`bad opt`);
      break;
    }
    out.push(printOption(kind, bytes.subarray(at + 2, at + length), ackBase));
    at += length;
  }
  return out.join(',');
}

function printOption(kind: number, value: Uint8Array, ackBase: number): string {
  if (kind === 2 && value.length === 2) return `mss ${readU16(value, 0)}`;
  if (kind === 3 && value.length === 1) return `wscale ${value[0]}`;
  if (kind === 4 && value.length === 0) return 'sackOK';
  if (kind === 8 && value.length === 8) return `TS val ${readU32(value, 0)} ecr ${readU32(value, 4)}`;
  if (kind === 5 && value.length > 0 && value.length % 8 === 0) {
    const edges = Array.from({ length: value.length / 4 }, (_, i) => (readU32(value, 4 * i) - ackBase) >>> 0);
    const blocks = edges.flatMap((edge, i) => (i % 2 === 0 ? [`{${edge}:${edges[i + 1]}}`] : []));
    return `sack ${blocks.length} ${blocks.join('')}`;
  }
  return `unknown-${kind}${value.length > 0 ? ` 0x${toHex(value)}` : ''}`;
}

function printPayload(bytes: Uint8Array, headerLength: number, options: PrintOptions): string {
  const payload = bytes.subarray(headerLength);
  const ports = [readU16(bytes, 0), readU16(bytes, 2)];
  if (ports.includes(DNS_PORT)) {
    const isWhole = payload.length > 2 && readU16(payload, 0) <= payload.length - 2;
    return isWhole ? ` ${printDns(payload.subarray(2, 2 + readU16(payload, 0)), options, false)}` : '';
  }
  if (!HTTP_PORTS.some((port) => ports.includes(port))) return '';
  return printHttp(payload, options.verbosity ?? 0);
}

/** With -v all lines that can be printed, else the first. */
function printHttp(payload: Uint8Array, verbosity: number): string {
  const isStart = startsHttpMessage(payload);
  if (!isStart) return ': HTTP';
  if (verbosity === 0) return `: HTTP: ${textLine(payload, 0).text}`;
  let out = `: HTTP, length: ${payload.length}`;
  for (let at = 0; at < payload.length; ) {
    const line = textLine(payload, at);
    if (line.next === undefined) return line.isText ? `${out}\n\t${line.text} [|http]` : out;
    out += `\n\t${line.text}`;
    at = line.next;
  }
  return out;
}

/** `next` is undefined for a line that has no end, or is no text. */
function textLine(bytes: Uint8Array, start: number): { text: string; next?: number; isText: boolean } {
  let text = '';
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === 10) return { text, next: at + 1, isText: true };
    if (byte === 13 && bytes[at + 1] === 10) return { text, next: at + 2, isText: true };
    if (byte !== 9 && (byte < 0x20 || byte > 0x7e)) return { text, isText: false };
    text += String.fromCharCode(byte);
  }
  return { text, isText: true };
}
