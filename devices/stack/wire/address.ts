/**
 * Addresses as plain numbers: an IPv4 address is an unsigned 32-bit integer, so that mask-and-compare is
 * one operation; a MAC address is an unsigned 48-bit integer, exact in a double and usable as a map key.
 */
import { readU16, readU32, writeU16, writeU32 } from './bytes.js';

/** 0 … 2^32-1; 192.0.2.1 is 0xc0000201. */
export type Ipv4Address = number;
/** 0 … 2^48-1; 02:00:00:00:00:01 is 0x020000000001. */
export type MacAddress = number;

export const ANY_ADDRESS: Ipv4Address = 0;
/** RFC 919 section 7: the limited broadcast, never forwarded. */
export const LIMITED_BROADCAST: Ipv4Address = 0xffffffff;
export const BROADCAST_MAC: MacAddress = 0xffffffffffff;

export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Dotted quad, four decimal parts without leading zeros; undefined for anything else. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    address = address * 256 + value;
  }
  return address;
}

export function formatMac(address: MacAddress): string {
  return address
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

/** Six hexadecimal octets joined by ":" or "-"; undefined for anything else. */
export function parseMac(text: string): MacAddress | undefined {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$|^[0-9a-fA-F]{2}(-[0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  return Number.parseInt(text.replace(/[:-]/g, ''), 16);
}

export function readMac(bytes: Uint8Array, offset: number): MacAddress {
  return readU16(bytes, offset) * 0x100000000 + readU32(bytes, offset + 2);
}

export function writeMac(bytes: Uint8Array, offset: number, address: MacAddress): void {
  writeU16(bytes, offset, Math.floor(address / 0x100000000));
  writeU32(bytes, offset + 2, address % 0x100000000);
}

/** IEEE 802.3 section 3.2.3: the least significant bit of the first octet marks a group address (broadcast too). */
export function isGroupMac(address: MacAddress): boolean {
  return (Math.floor(address / 0x10000000000) & 1) === 1;
}

/** RFC 1112 section 4: class D, 224.0.0.0/4. */
export function isMulticast(address: Ipv4Address): boolean {
  return address >>> 28 === 0xe;
}

/** RFC 1122 section 3.2.1.3 (g): 127.0.0.0/8 never appears outside a host. */
export function isLoopback(address: Ipv4Address): boolean {
  return address >>> 24 === 127;
}

/** The mask of a prefix length 0 … 32. */
export function prefixMask(prefixLength: number): Ipv4Address {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** The prefix length of a contiguous mask; undefined when its ones are not contiguous. */
export function maskPrefixLength(mask: Ipv4Address): number | undefined {
  const length = Math.clz32(~mask >>> 0);
  return prefixMask(length) === mask ? length : undefined;
}

export interface Cidr {
  readonly address: Ipv4Address;
  /** 0 … 32 */
  readonly prefixLength: number;
}

/** "10.0.0.1/24"; undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const address = parseIpv4(match[1]);
  const prefixLength = Number(match[2]);
  if (address === undefined || prefixLength > 32) return undefined;
  return { address, prefixLength };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIpv4(cidr.address)}/${cidr.prefixLength}`;
}

/** The network's own address: all host bits zero. */
export function networkOf(cidr: Cidr): Ipv4Address {
  return (cidr.address & prefixMask(cidr.prefixLength)) >>> 0;
}

/** RFC 919: the directed broadcast of a subnet, all host bits one. */
export function directedBroadcast(cidr: Cidr): Ipv4Address {
  return (cidr.address | ~prefixMask(cidr.prefixLength)) >>> 0;
}
