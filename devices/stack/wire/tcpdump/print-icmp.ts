/** ICMP messages: `ICMP echo request, id 1, seq 2, length 64`. */
import { formatIpv4 } from '../address.js';
import { readU16, readU32 } from '../bytes.js';
import { internetChecksum } from '../checksum.js';
import { ICMP_PARAMETER_PROBLEM, ICMP_REDIRECT, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE, isIcmpError } from '../icmp.js';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.js';
import type { PrintOptions } from './options.js';

const QUOTE_AT = 8;
const UNREACHABLE_PORT = 3;
const FRAGMENTATION_NEEDED = 4;

/** What is unreachable, by code, `@` standing for the address. */
const UNREACHABLE = [
  'net @ unreachable',
  'host @ unreachable',
  '@ protocol unreachable',
  '@ port unreachable',
  '@ unreachable - need to frag',
  '@ unreachable - source route failed',
  'net @ unreachable - unknown',
  'host @ unreachable - unknown',
  '@ unreachable - source host isolated',
  'net @ unreachable - admin prohibited',
  'host @ unreachable - admin prohibited',
  'net @ unreachable - tos prohibited',
  'host @ unreachable - tos prohibited',
  'host @ unreachable - admin prohibited filter',
  'host @ unreachable - host precedence violation',
  'host @ unreachable - precedence cutoff',
];
const REDIRECTS = ['redirect @ to net', 'redirect @ to host', 'redirect-tos @ to net', 'redirect-tos @ to host'];

/** `printQuote` prints the packet that an error quotes, with -v. */
export function printIcmp(
  bytes: Uint8Array,
  { verbosity = 0, linkLevel }: PrintOptions,
  isCut: boolean,
  length: number,
  printQuote: (quote: Uint8Array) => string,
): string {
  if (bytes.length < QUOTE_AT) return '[|icmp]';
  let out = `ICMP ${describe(bytes)}, length ${length}`;
  if (verbosity === 0) return out;
  if (!isCut && internetChecksum(bytes) !== 0) {
    const copy = bytes.slice();
    copy.fill(0, 2, 4);
    const [wrong, right] = [readU16(bytes, 2), internetChecksum(copy)].map((sum) => sum.toString(16));
    out += ` (wrong icmp cksum ${wrong} (->${right})!)`;
  }
  if (isIcmpError(bytes[0]) && bytes.length > QUOTE_AT)
    out += `\n\t${linkLevel ? '' : 'IP '}${printQuote(bytes.subarray(QUOTE_AT))}`;
  return out;
}

function describe(bytes: Uint8Array): string {
  const [type, code] = bytes;
  const [identifier, sequence] = [readU16(bytes, 4), readU16(bytes, 6)];
  switch (type) {
    case 0:
      return `echo reply, id ${identifier}, seq ${sequence}`;
    case 8:
      return `echo request, id ${identifier}, seq ${sequence}`;
    case 13:
      return `time stamp query id ${identifier} seq ${sequence}`;
    case 14:
      return `time stamp reply id ${identifier} seq ${sequence}`;
    case ICMP_TIME_EXCEEDED:
      if (code === 0) return 'time exceeded in-transit';
      return code === 1 ? 'ip reassembly time exceeded' : `time exceeded-#${code}`;
    case ICMP_PARAMETER_PROBLEM:
      return code === 0 ? `parameter problem - octet ${bytes[4]}` : `parameter problem - code ${code}`;
    case ICMP_UNREACHABLE:
      return describeUnreachable(bytes, code);
    case ICMP_REDIRECT:
      if (REDIRECTS[code] === undefined) return `redirect-#${code}`;
      return `${REDIRECTS[code].replace('@', quotedDestination(bytes))} ${formatIpv4(readU32(bytes, 4))}`;
    case 4:
      return 'source quench';
    default:
      return `type-#${type}`;
  }
}

function quotedDestination(bytes: Uint8Array): string {
  return bytes.length < QUOTE_AT + 20 ? '?' : formatIpv4(readU32(bytes, QUOTE_AT + 16));
}

function describeUnreachable(bytes: Uint8Array, code: number): string {
  const destination = quotedDestination(bytes);
  const quote = bytes.subarray(QUOTE_AT);
  const headerLength = (quote[0] & 15) * 4;
  if (code === 2 && quote.length >= 20) return `${destination} protocol ${quote[9]} unreachable`;
  if (code === UNREACHABLE_PORT && quote.length >= headerLength + 4 && headerLength >= 20) {
    const port = readU16(quote, headerLength + 2);
    if (quote[9] === PROTOCOL_TCP) return `${destination} tcp port ${port} unreachable`;
    if (quote[9] === PROTOCOL_UDP) return `${destination} udp port ${port} unreachable`;
    return `${destination} protocol ${quote[9]} port ${port} unreachable`;
  }
  const text = (UNREACHABLE[code] ?? `@ unreachable - #${code}`).replace('@', destination);
  const mtu = readU16(bytes, 6);
  return code === FRAGMENTATION_NEEDED && mtu > 0 ? `${text} (mtu ${mtu})` : text;
}
