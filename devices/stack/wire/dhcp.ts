/**
 * DHCP messages (RFC 2131 section 2). The options are in dhcp-options.ts.
 *
 * ```
 *  | op 1 | htype 1 | hlen 1 | hops 1 | xid 4 | secs 2 | flags 2 | ciaddr 4 | yiaddr 4 | siaddr 4 | giaddr 4 |
 *  | chaddr 16 | sname 64 | file 128 | magic cookie 4 | options … |
 * ```
 */
import { formatIpv4, formatMac, type Ipv4Address, type MacAddress, readMac, writeMac } from './address.js';
import { readU16, readU32, writeU16, writeU32 } from './bytes.js';
import {
  type DhcpOptions,
  emitOptions,
  type OptionFields,
  optionsFrom,
  overloadOf,
  readOptionFields,
} from './dhcp-options.js';
import { isMalformed, type Malformed, malformed } from './malformed.js';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** RFC 2131 section 3, table 2; the numbers are option 53's. */
export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPDECLINE = 4;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;
export const DHCPINFORM = 8;

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;

const MAGIC_COOKIE = 0x63825363;
const HARDWARE_ETHERNET = 1;
const BROADCAST_FLAG = 0x8000;
const SNAME_AT = 44;
const FILE_AT = 108;
const COOKIE_AT = 236;
const OPTIONS_AT = 240;
/** RFC 1542 section 2.1: relays and old servers drop what is shorter than a BOOTP message. */
const MINIMUM_LENGTH = 300;

export interface DhcpMessage {
  /** {@link BOOTREQUEST} from clients, {@link BOOTREPLY} from servers. */
  readonly op: number;
  /** {@link DHCPDISCOVER} … {@link DHCPINFORM}: option 53. */
  readonly type: number;
  /** Relays passed, 0 … 255. */
  readonly hops: number;
  /** `xid`, unsigned 32-bit: ties an answer to its question. */
  readonly transactionId: number;
  /** `secs`: since the client began, 0 … 65535. */
  readonly seconds: number;
  /** The BROADCAST bit: the client cannot receive unicast before it has its address. */
  readonly broadcast: boolean;
  /** `ciaddr`: the client's address, while it can answer ARP for it; else 0.0.0.0. */
  readonly clientAddress: Ipv4Address;
  /** `yiaddr`: the address that the server gives. */
  readonly yourAddress: Ipv4Address;
  /** `siaddr`: the next server of a boot; 0.0.0.0 here. */
  readonly serverAddress: Ipv4Address;
  /** `giaddr`: the relay's address; 0.0.0.0 without one. */
  readonly relayAddress: Ipv4Address;
  /** `chaddr` */
  readonly clientMac: MacAddress;
  readonly options: DhcpOptions;
}

/** BOOTP messages without a DHCP message type are refused as malformed, and so is other hardware than Ethernet. */
export function parseDhcp(bytes: Uint8Array): DhcpMessage | Malformed {
  if (bytes.length < OPTIONS_AT) return malformed('dhcp truncated');
  if (readU32(bytes, COOKIE_AT) !== MAGIC_COOKIE) return malformed('dhcp cookie');
  if (bytes[0] !== BOOTREQUEST && bytes[0] !== BOOTREPLY) return malformed('dhcp op');
  if (bytes[1] !== HARDWARE_ETHERNET || bytes[2] !== 6) return malformed('dhcp hardware is not ethernet');
  const fields = readAllFields(bytes);
  if (isMalformed(fields)) return fields;
  const type = fields.get(53);
  if (type?.length !== 1 || type[0] < DHCPDISCOVER || type[0] > DHCPINFORM) return malformed('dhcp message type');
  const options = optionsFrom(fields);
  if (isMalformed(options)) return options;
  return {
    op: bytes[0],
    type: type[0],
    hops: bytes[3],
    transactionId: readU32(bytes, 4),
    seconds: readU16(bytes, 8),
    broadcast: (readU16(bytes, 10) & BROADCAST_FLAG) !== 0,
    clientAddress: readU32(bytes, 12),
    yourAddress: readU32(bytes, 16),
    serverAddress: readU32(bytes, 20),
    relayAddress: readU32(bytes, 24),
    clientMac: readMac(bytes, 28),
    options,
  };
}

/** RFC 2131 section 4.1: the options field first, then `file`, then `sname`, where option 52 says that they hold options. */
function readAllFields(bytes: Uint8Array): OptionFields | Malformed {
  const fields: OptionFields = new Map();
  const problem = readOptionFields(bytes.subarray(OPTIONS_AT), fields);
  if (problem !== undefined) return problem;
  const overload = overloadOf(fields);
  if (overload.file) {
    const inFile = readOptionFields(bytes.subarray(FILE_AT, COOKIE_AT), fields);
    if (inFile !== undefined) return inFile;
  }
  if (overload.sname) {
    const inSname = readOptionFields(bytes.subarray(SNAME_AT, FILE_AT), fields);
    if (inSname !== undefined) return inSname;
  }
  return fields;
}

/** Padded to 300 bytes; `sname` and `file` are left empty. */
export function emitDhcp(message: DhcpMessage): Uint8Array {
  const options = emitOptions(message.type, message.options);
  const bytes = new Uint8Array(Math.max(MINIMUM_LENGTH, OPTIONS_AT + options.length));
  bytes[0] = message.op;
  bytes[1] = HARDWARE_ETHERNET;
  bytes[2] = 6;
  bytes[3] = message.hops;
  writeU32(bytes, 4, message.transactionId);
  writeU16(bytes, 8, message.seconds);
  writeU16(bytes, 10, message.broadcast ? BROADCAST_FLAG : 0);
  writeU32(bytes, 12, message.clientAddress);
  writeU32(bytes, 16, message.yourAddress);
  writeU32(bytes, 20, message.serverAddress);
  writeU32(bytes, 24, message.relayAddress);
  writeMac(bytes, 28, message.clientMac);
  writeU32(bytes, COOKIE_AT, MAGIC_COOKIE);
  bytes.set(options, OPTIONS_AT);
  return bytes;
}

const TYPE_NAMES = ['', 'DISCOVER', 'OFFER', 'REQUEST', 'DECLINE', 'ACK', 'NAK', 'RELEASE', 'INFORM'] as const;
export type DhcpTypeName = Exclude<(typeof TYPE_NAMES)[number], ''>;

/** "DISCOVER" … "INFORM" */
export function dhcpTypeName(type: number): string {
  return TYPE_NAMES[type] ?? `type ${type}`;
}

export function formatDhcp(message: DhcpMessage): string {
  const { requestedAddress, serverIdentifier } = message.options;
  const parts = [`DHCP ${dhcpTypeName(message.type)} xid ${message.transactionId.toString(16).padStart(8, '0')}`];
  parts.push(`client ${formatMac(message.clientMac)}`);
  if (message.clientAddress !== 0) parts.push(`at ${formatIpv4(message.clientAddress)}`);
  if (message.yourAddress !== 0) parts.push(`gets ${formatIpv4(message.yourAddress)}`);
  if (requestedAddress !== undefined) parts.push(`wants ${formatIpv4(requestedAddress)}`);
  if (serverIdentifier !== undefined) parts.push(`server ${formatIpv4(serverIdentifier)}`);
  return parts.join(' ');
}
