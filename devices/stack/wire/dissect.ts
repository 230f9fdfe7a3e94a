/** What one captured frame says, layer by layer, read with the stack's own codecs. */
import { type ArpPacket, formatArp, parseArp } from './arp.js';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, type DhcpMessage, formatDhcp, parseDhcp } from './dhcp.js';
import { DNS_PORT, type DnsMessage, parseDns } from './dns.js';
import { formatDns } from './dns-text.js';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type EthernetFrame,
  formatEthernet,
  frameOf,
  PACKET_OVERHEAD,
  parseEthernet,
} from './ethernet.js';
import { formatIcmp, type IcmpMessage, parseIcmp } from './icmp.js';
import {
  formatIpv4Packet,
  type Ipv4Packet,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parseIpv4Packet,
} from './ipv4.js';
import { isMalformed } from './malformed.js';
import { formatTcp, parseTcp, type TcpSegment } from './tcp.js';
import { formatUdp, parseUdp, type UdpDatagram } from './udp.js';

/** The layers that were there and sound, from the outside in. */
export interface Layers {
  readonly ethernet?: EthernetFrame;
  readonly arp?: ArpPacket;
  readonly ip?: Ipv4Packet;
  readonly icmp?: IcmpMessage;
  readonly udp?: UdpDatagram;
  readonly tcp?: TcpSegment;
  readonly dns?: DnsMessage;
  readonly dhcp?: DhcpMessage;
}

/** The packet as captured: preamble to FCS. A layer that cannot be read ends the list. */
export function dissect(packet: Uint8Array): Layers {
  if (packet.length < PACKET_OVERHEAD) return {};
  const ethernet = parseEthernet(frameOf(packet));
  if (isMalformed(ethernet)) return {};
  if (ethernet.etherType === ETHERTYPE_ARP) {
    const arp = parseArp(ethernet.payload);
    return isMalformed(arp) ? { ethernet } : { ethernet, arp };
  }
  if (ethernet.etherType !== ETHERTYPE_IPV4) return { ethernet };
  const ip = parseIpv4Packet(ethernet.payload);
  if (isMalformed(ip)) return { ethernet };
  // Only the first fragment has a transport header, and its checksum covers what is not here.
  if (ip.fragmentOffset > 0 || ip.moreFragments) return { ethernet, ip };
  return { ethernet, ip, ...dissectTransport(ip) };
}

function dissectTransport(ip: Ipv4Packet): Layers {
  switch (ip.protocol) {
    case PROTOCOL_ICMP: {
      const icmp = parseIcmp(ip.payload);
      return isMalformed(icmp) ? {} : { icmp };
    }
    case PROTOCOL_TCP: {
      const tcp = parseTcp(ip.payload, ip.src, ip.dst);
      return isMalformed(tcp) ? {} : { tcp };
    }
    case PROTOCOL_UDP: {
      const udp = parseUdp(ip.payload, ip.src, ip.dst);
      return isMalformed(udp) ? {} : { udp, ...dissectApplication(udp) };
    }
    default:
      return {};
  }
}

function dissectApplication(udp: UdpDatagram): Layers {
  const ports = [udp.srcPort, udp.dstPort];
  if (ports.includes(DNS_PORT)) {
    const dns = parseDns(udp.payload);
    return isMalformed(dns) ? {} : { dns };
  }
  if (ports.includes(DHCP_SERVER_PORT) && ports.includes(DHCP_CLIENT_PORT)) {
    const dhcp = parseDhcp(udp.payload);
    return isMalformed(dhcp) ? {} : { dhcp };
  }
  return {};
}

/** One line: the innermost layer that was read. */
export function formatLayers(layers: Layers): string {
  const { ethernet, arp, ip, icmp, udp, tcp, dns, dhcp } = layers;
  if (dns !== undefined) return formatDns(dns);
  if (dhcp !== undefined) return formatDhcp(dhcp);
  if (arp !== undefined) return formatArp(arp);
  if (icmp !== undefined) return formatIcmp(icmp);
  if (udp !== undefined) return formatUdp(udp);
  if (tcp !== undefined) return formatTcp(tcp);
  if (ip !== undefined) return formatIpv4Packet(ip);
  return ethernet === undefined ? 'unreadable frame' : formatEthernet(ethernet);
}
