/** DHCP messages: one line, and with -v one line an option. */
import { formatIpv4, formatMac, readMac } from '../address.js';
import { readU16, readU32, toHex } from '../bytes.js';
import { BOOTREPLY, BOOTREQUEST } from '../dhcp.js';
import type { PrintOptions } from './options.js';

const OPTIONS_AT = 240;
const MAGIC_COOKIE = 0x63825363;
const MESSAGES = ['', 'Discover', 'Offer', 'Request', 'Decline', 'ACK', 'NACK', 'Release', 'Inform'];

type OptionKind = 'addresses' | 'text' | 'seconds' | 'number' | 'message' | 'list' | 'client' | 'bytes';

/** RFC 2132; names as tcpdump's users know them. */
const OPTIONS = new Map<number, readonly [name: string, kind: OptionKind]>([
  [1, ['Subnet-Mask', 'addresses']],
  [3, ['Default-Gateway', 'addresses']],
  [6, ['Domain-Name-Server', 'addresses']],
  [12, ['Hostname', 'text']],
  [15, ['Domain-Name', 'text']],
  [26, ['MTU', 'number']],
  [28, ['BR', 'addresses']],
  [42, ['NTP', 'addresses']],
  [50, ['Requested-IP', 'addresses']],
  [51, ['Lease-Time', 'seconds']],
  [53, ['DHCP-Message', 'message']],
  [54, ['Server-ID', 'addresses']],
  [55, ['Parameter-Request', 'list']],
  [56, ['MSG', 'text']],
  [57, ['MSZ', 'number']],
  [58, ['RN', 'seconds']],
  [59, ['RB', 'seconds']],
  [60, ['Vendor-Class', 'text']],
  [61, ['Client-ID', 'client']],
  [81, ['FQDN', 'bytes']],
  [82, ['Agent-Information', 'bytes']],
  [119, ['Unknown', 'bytes']],
  [121, ['Classless-Static-Route', 'bytes']],
]);

function nameOf(code: number): string {
  return `${OPTIONS.get(code)?.[0] ?? 'Unknown'} (${code})`;
}

export function printDhcp(bytes: Uint8Array, { verbosity = 0 }: PrintOptions): string {
  if (bytes.length < OPTIONS_AT - 4) return 'BOOTP/DHCP [|bootp]';
  const hasMac = bytes[1] === 1 && bytes[2] === 6;
  const mac = formatMac(readMac(bytes, 28));
  let out = 'BOOTP/DHCP, ';
  if (bytes[0] === BOOTREQUEST) out += hasMac ? `Request from ${mac}` : 'Request';
  else out += bytes[0] === BOOTREPLY ? 'Reply' : `unknown (${bytes[0]})`;
  out += `, length ${bytes.length}`;
  if (verbosity === 0) return out;
  if (bytes[3] > 0) out += `, hops ${bytes[3]}`;
  out += `, xid 0x${readU32(bytes, 4).toString(16)}`;
  if (readU16(bytes, 8) > 0) out += `, secs ${readU16(bytes, 8)}`;
  out += `, Flags [${bytes[10] & 0x80 ? 'Broadcast' : 'none'}]`;
  if (verbosity > 1) out += ` (0x${readU16(bytes, 10).toString(16).padStart(4, '0')})`;
  for (const [at, name] of [
    [12, 'Client-IP'],
    [16, 'Your-IP'],
    [20, 'Server-IP'],
    [24, 'Gateway-IP'],
  ] as const) {
    if (readU32(bytes, at) !== 0) out += `\n\t  ${name} ${formatIpv4(readU32(bytes, at))}`;
  }
  if (hasMac) out += `\n\t  Client-Ethernet-Address ${mac}`;
  if (bytes.length < OPTIONS_AT || readU32(bytes, OPTIONS_AT - 4) !== MAGIC_COOKIE) return out;
  return `${out}\n\t  Vendor-rfc1048 Extensions\n\t    Magic Cookie 0x63825363${printOptions(bytes)}`;
}

function printOptions(bytes: Uint8Array): string {
  let out = '';
  for (let at = OPTIONS_AT; at < bytes.length; ) {
    const code = bytes[at];
    if (code === 255) break;
    if (code === 0) {
      at += 1;
      continue;
    }
    const end = at + 2 + bytes[at + 1];
    // `!(…)`: a missing length byte makes `end` NaN.
    if (!(end <= bytes.length)) return `${out}\n\t    [|bootp]`;
    const value = bytes.subarray(at + 2, end);
    out += `\n\t    ${nameOf(code)}, length ${value.length}: ${printValue(OPTIONS.get(code)?.[1] ?? 'bytes', value)}`;
    at = end;
  }
  return out;
}

function printValue(kind: OptionKind, value: Uint8Array): string {
  if (kind === 'text') return `"${String.fromCharCode(...value)}"`;
  if (kind === 'message' && value.length === 1) return MESSAGES[value[0]] ?? `Message ${value[0]}`;
  if (kind === 'number' && value.length === 2) return String(readU16(value, 0));
  if (kind === 'seconds' && value.length === 4) return String(readU32(value, 0));
  if (kind === 'addresses' && value.length > 0 && value.length % 4 === 0) {
    return Array.from({ length: value.length / 4 }, (_, i) => formatIpv4(readU32(value, 4 * i))).join(',');
  }
  if (kind === 'list') return printList(value);
  if (kind === 'client' && value.length === 7 && value[0] === 1) return `ether ${formatMac(readMac(value, 1))}`;
  return toHex(value).replace(/..(?=.)/g, '$&:');
}

/** Four names a line. */
function printList(codes: Uint8Array): string {
  let out = '';
  codes.forEach((code, index) => {
    out += `${index % 4 === 0 ? '\n\t      ' : ', '}${nameOf(code)}`;
  });
  return out;
}
