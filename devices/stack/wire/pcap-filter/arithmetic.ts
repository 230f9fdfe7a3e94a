/** Numbers in expressions: `tcp[tcpflags] & tcp-syn != 0`. Unsigned, of 32 bits, as libpcap's machine has them. */
import { FRAME_OFFSET } from '../ethernet.js';
import type { FrameView } from './frame-view.js';
import type { FrameTest } from './primitives.js';
import { ETHER_TYPES, IP_PROTOCOLS } from './primitives.js';

/** `guard` holds for frames that have what the number is made of. */
export interface Computation {
  readonly guard: FrameTest;
  value(frame: FrameView): number;
}

export const ALWAYS: FrameTest = () => true;

export const CONSTANTS: Readonly<Record<string, number>> = {
  tcpflags: 13,
  'tcp-fin': 0x01,
  'tcp-syn': 0x02,
  'tcp-rst': 0x04,
  'tcp-push': 0x08,
  'tcp-ack': 0x10,
  'tcp-urg': 0x20,
  'tcp-ece': 0x40,
  'tcp-cwr': 0x80,
  icmptype: 0,
  icmpcode: 1,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-sourcequench': 4,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-timxceed': 11,
  'icmp-paramprob': 12,
  'icmp-tstamp': 13,
  'icmp-tstampreply': 14,
};

/** Operators by how tightly they bind, the loosest first. */
export const OPERATORS: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

export function constant(value: number): Computation {
  return { guard: ALWAYS, value: () => value };
}

export const FRAME_LENGTH: Computation = { guard: ALWAYS, value: (frame) => frame.length };

export function combine(operator: string, left: Computation, right: Computation): Computation {
  return {
    guard: (frame) => left.guard(frame) && right.guard(frame),
    value: (frame) => operate(operator, left.value(frame), right.value(frame), frame),
  };
}

function operate(operator: string, a: number, b: number, frame: FrameView): number {
  switch (operator) {
    case '|':
      return (a | b) >>> 0;
    case '^':
      return (a ^ b) >>> 0;
    case '&':
      return (a & b) >>> 0;
    case '<<':
      return b > 31 ? 0 : (a << b) >>> 0;
    case '>>':
      return b > 31 ? 0 : a >>> b;
    case '+':
      return (a + b) >>> 0;
    case '-':
      return (a - b) >>> 0;
    case '*':
      return Math.imul(a, b) >>> 0;
    default:
      // A division by nothing rejects the frame, like a read of what is not there.
      if (b === 0) frame.outOfBounds = true;
      return b === 0 ? 0 : operator === '/' ? Math.floor(a / b) : a % b;
  }
}

/** `tcp[13]`, `ip[2:2]`: bytes of a header and of what follows it. Undefined for what is no protocol. */
export function accessor(
  protocol: string,
  tags: number,
  offset: Computation,
  width: 1 | 2 | 4,
): Computation | undefined {
  if (protocol === 'ether') {
    return { guard: offset.guard, value: (frame) => frame.number(FRAME_OFFSET + offset.value(frame), width) };
  }
  const type = Object.hasOwn(ETHER_TYPES, protocol) ? ETHER_TYPES[protocol] : undefined;
  if (type !== undefined) {
    return {
      guard: (frame) => frame.etherType(tags) === type && offset.guard(frame),
      value: (frame) => frame.number(frame.networkAt(tags) + offset.value(frame), width),
    };
  }
  if (!Object.hasOwn(IP_PROTOCOLS, protocol)) return undefined;
  const number = IP_PROTOCOLS[protocol];
  return {
    guard: (frame) => frame.isIpProtocol(tags, number) && frame.transportAt(tags) !== undefined && offset.guard(frame),
    value: (frame) => frame.number((frame.transportAt(tags) ?? 0) + offset.value(frame), width),
  };
}
