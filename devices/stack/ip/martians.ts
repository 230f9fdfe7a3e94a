/** Addresses that no honest packet on a link can carry: RFC 1122 section 3.2.1.3, RFC 1812 section 5.3.7. */
import type { CounterName } from '../counter-names.js';
import { ANY_ADDRESS, isLoopback, isMulticast, LIMITED_BROADCAST } from '../wire/address.js';
import type { Ipv4Packet } from '../wire/ipv4.js';
import type { Interfaces } from './interface.js';

/** 240.0.0.0/4, reserved by RFC 1112 section 4; the limited broadcast lies in it. */
const FIRST_RESERVED = 0xf0000000;

/** The counter's name for a packet from a link that must go nowhere; undefined for a plausible one. */
export function martian(packet: Ipv4Packet, interfaces: Interfaces): CounterName | undefined {
  const { src, dst } = packet;
  if (dst === ANY_ADDRESS || isLoopback(dst)) return 'ipv4.martianDestination';
  if (isMulticast(dst)) return 'ipv4.multicast';
  if (dst >= FIRST_RESERVED && dst !== LIMITED_BROADCAST) return 'ipv4.martianDestination';
  if (src >>> 24 === 0) {
    // "This host on this network": only who asks for an address (DHCP) may say so, and only to all.
    return src === ANY_ADDRESS && dst === LIMITED_BROADCAST ? undefined : 'ipv4.martianSource';
  }
  if (isLoopback(src) || isMulticast(src) || src >= FIRST_RESERVED) return 'ipv4.martianSource';
  // Our own address on a packet that somebody else sent, or the address of a whole subnet.
  return interfaces.isOwn(src) || interfaces.broadcastNic(src) !== undefined ? 'ipv4.martianSource' : undefined;
}
