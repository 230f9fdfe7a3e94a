/** Packets for tests: made, opened and described. Openers return undefined for what is something else. */
import type { Ipv4Address } from '../../devices/stack/wire/address.js';
import { type ArpPacket, formatArp, parseArp } from '../../devices/stack/wire/arp.js';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type EthernetFrame,
  emitPacket,
  formatEthernet,
  frameOf,
  parseEthernet,
} from '../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../devices/stack/wire/fcs.js';
import { formatIcmp, type IcmpMessage, parseIcmp } from '../../devices/stack/wire/icmp.js';
import {
  formatIpv4Packet,
  type Ipv4Packet,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parseIpv4Packet,
} from '../../devices/stack/wire/ipv4.js';
import { isMalformed, type Malformed } from '../../devices/stack/wire/malformed.js';
import { formatTcp, parseTcp, type TcpSegment } from '../../devices/stack/wire/tcp.js';
import { formatUdp, parseUdp, type UdpDatagram } from '../../devices/stack/wire/udp.js';

/** A sound packet with these contents. */
export function packetOf(frame: EthernetFrame): Uint8Array {
  return emitPacket(frame, crc32);
}

function sound<T extends object>(value: T | Malformed): T | undefined {
  return isMalformed(value) ? undefined : value;
}

export function ethernetOf(packet: Uint8Array): EthernetFrame | undefined {
  return sound(parseEthernet(frameOf(packet)));
}

export function arpOf(packet: Uint8Array): ArpPacket | undefined {
  const frame = ethernetOf(packet);
  return frame?.etherType === ETHERTYPE_ARP ? sound(parseArp(frame.payload)) : undefined;
}

export function ipv4Of(packet: Uint8Array): Ipv4Packet | undefined {
  const frame = ethernetOf(packet);
  return frame?.etherType === ETHERTYPE_IPV4 ? sound(parseIpv4Packet(frame.payload)) : undefined;
}

type TransportParser<T> = (bytes: Uint8Array, src: Ipv4Address, dst: Ipv4Address) => T | Malformed;

/** Whole datagrams only: a fragment's payload is not parsed. */
function transportOf<T extends object>(packet: Uint8Array, protocol: number, parse: TransportParser<T>): T | undefined {
  const ip = ipv4Of(packet);
  if (ip === undefined || ip.protocol !== protocol || ip.moreFragments || ip.fragmentOffset > 0) return undefined;
  return sound(parse(ip.payload, ip.src, ip.dst));
}

export function icmpOf(packet: Uint8Array): IcmpMessage | undefined {
  return transportOf(packet, PROTOCOL_ICMP, parseIcmp);
}

export function udpOf(packet: Uint8Array): UdpDatagram | undefined {
  return transportOf(packet, PROTOCOL_UDP, parseUdp);
}

export function tcpOf(packet: Uint8Array): TcpSegment | undefined {
  return transportOf(packet, PROTOCOL_TCP, parseTcp);
}

/** One line, of the innermost protocol that is known, with the IP addresses in front. */
export function describePacket(packet: Uint8Array): string {
  const arp = arpOf(packet);
  if (arp !== undefined) return formatArp(arp);
  const ip = ipv4Of(packet);
  if (ip === undefined) {
    const frame = ethernetOf(packet);
    return frame === undefined ? 'no frame' : formatEthernet(frame);
  }
  const tcp = tcpOf(packet);
  const udp = udpOf(packet);
  const icmp = icmpOf(packet);
  if (tcp !== undefined) return `${formatIpv4Packet(ip).split(' proto')[0]} ${formatTcp(tcp)}`;
  if (udp !== undefined) return `${formatIpv4Packet(ip).split(' proto')[0]} ${formatUdp(udp)}`;
  if (icmp !== undefined) return `${formatIpv4Packet(ip).split(' proto')[0]} ${formatIcmp(icmp)}`;
  return formatIpv4Packet(ip);
}
