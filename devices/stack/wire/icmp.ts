/**
 * ICMP (RFC 792). Every message has four fixed bytes, four bytes whose meaning depends on the type, and a body.
 *
 * ```
 *  | type 1 | code 1 | checksum 2 | rest 4 | body |
 * ```
 */
import { readU32, writeU16, writeU32 } from './bytes.js';
import { internetChecksum } from './checksum.js';
import { type Malformed, malformed } from './malformed.js';

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
export const ICMP_TIMESTAMP = 13;
export const ICMP_TIMESTAMP_REPLY = 14;

/** Codes of destination unreachable: RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1. */
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_ADMIN_PROHIBITED = 13;
/** Codes of time exceeded. */
export const EXCEEDED_IN_TRANSIT = 0;
export const EXCEEDED_REASSEMBLY = 1;
/** Code of redirect: for one host, whatever the type of service. */
export const REDIRECT_HOST = 1;

const ICMP_HEADER_LENGTH = 8;

/** RFC 1812 section 4.3.2.3: as much of the packet as fits into 576 bytes, less our own two headers; options go off it. */
export const MAX_QUOTE_LENGTH = 576 - 20 - ICMP_HEADER_LENGTH;

/** Of an error: precedence 6, internetwork control (RFC 1812 section 4.3.2.5), and the packet's type of service, as Linux reads RFC 1349. */
export function tosOfError(tos: number): number {
  return 0xc0 | (tos & 0x1e);
}

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** The second word, as it stands: see {@link echoRest}, {@link nextHopMtuOf}. Unsigned 32-bit. */
  readonly rest: number;
  /** Echo: the data. Errors: the IP header and first bytes of the packet that caused it. */
  readonly body: Uint8Array;
}

export function parseIcmp(bytes: Uint8Array): IcmpMessage | Malformed {
  if (bytes.length < ICMP_HEADER_LENGTH) return malformed('icmp truncated');
  if (internetChecksum(bytes) !== 0) return malformed('icmp checksum');
  return { type: bytes[0], code: bytes[1], rest: readU32(bytes, 4), body: bytes.subarray(ICMP_HEADER_LENGTH) };
}

export function emitIcmp(message: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + message.body.length);
  bytes[0] = message.type;
  bytes[1] = message.code;
  writeU32(bytes, 4, message.rest);
  bytes.set(message.body, ICMP_HEADER_LENGTH);
  writeU16(bytes, 2, internetChecksum(bytes));
  return bytes;
}

/** The second word of an echo: identifier and sequence number, 16 bits each. */
export function echoRest(identifier: number, sequence: number): number {
  return ((identifier << 16) | (sequence & 0xffff)) >>> 0;
}

export function echoIdentifier(message: IcmpMessage): number {
  return message.rest >>> 16;
}

export function echoSequence(message: IcmpMessage): number {
  return message.rest & 0xffff;
}

/** RFC 1191 section 4: the next hop's MTU in a fragmentation-needed message; 0 from routers that do not tell. */
export function nextHopMtuOf(message: IcmpMessage): number {
  return message.rest & 0xffff;
}

/** RFC 1122 section 3.2.2: the messages that report an error, about which no further error may be sent. */
export function isIcmpError(type: number): boolean {
  return (
    type === ICMP_UNREACHABLE ||
    type === ICMP_REDIRECT ||
    type === ICMP_TIME_EXCEEDED ||
    type === ICMP_PARAMETER_PROBLEM ||
    type === 4 // source quench, deprecated by RFC 6633
  );
}

const UNREACHABLE_NAMES = new Map([
  [UNREACHABLE_NET, 'net unreachable'],
  [UNREACHABLE_HOST, 'host unreachable'],
  [UNREACHABLE_PROTOCOL, 'protocol unreachable'],
  [UNREACHABLE_PORT, 'port unreachable'],
  [UNREACHABLE_FRAGMENTATION_NEEDED, 'fragmentation needed'],
  [UNREACHABLE_ADMIN_PROHIBITED, 'administratively prohibited'],
]);

export function formatIcmp(message: IcmpMessage): string {
  const { type, code } = message;
  switch (type) {
    case ICMP_ECHO_REQUEST:
    case ICMP_ECHO_REPLY: {
      const kind = type === ICMP_ECHO_REQUEST ? 'request' : 'reply';
      return `ICMP echo ${kind} id ${echoIdentifier(message)} seq ${echoSequence(message)} ${message.body.length} bytes`;
    }
    case ICMP_UNREACHABLE:
      return `ICMP ${UNREACHABLE_NAMES.get(code) ?? `unreachable code ${code}`}`;
    case ICMP_TIME_EXCEEDED:
      return code === EXCEEDED_IN_TRANSIT ? 'ICMP time to live exceeded' : 'ICMP reassembly time exceeded';
    default:
      return `ICMP type ${type} code ${code}`;
  }
}
