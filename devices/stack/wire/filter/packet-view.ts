/**
 * Where the headers of one packet lie, found once and only when a filter asks. Unlike the codecs it refuses nothing: a
 * field is there when its bytes are, so that frames with a bad checksum, or cut short, can be filtered too.
 *
 * As Wireshark does, the packet that an ICMP error quotes counts as further layers: `ip.addr` then has four values.
 * Fragments end at their IP header: a transport header without the rest of its datagram is not read.
 */
import { readU16 } from '../bytes.js';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from '../dhcp.js';
import { DNS_HEADER_LENGTH, DNS_PORT } from '../dns.js';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_VLAN,
  FRAME_OFFSET,
  PACKET_OVERHEAD,
} from '../ethernet.js';
import { FCS_LENGTH } from '../fcs.js';
import { isIcmpError } from '../icmp.js';
import { IPV4_HEADER_LENGTH, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.js';
import { TCP_HEADER_LENGTH } from '../tcp.js';
import { startsTlsRecord } from '../tls.js';
import { UDP_HEADER_LENGTH } from '../udp.js';
import { startsHttpMessage } from './http-head.js';

/** What is known of a packet besides its bytes. Fields of what is not given are not there. */
export interface PacketMeta {
  /** Of the frame in its capture, from 1. */
  readonly number?: number;
  /** Milliseconds since the capture began. */
  readonly timeMs?: number;
  readonly direction?: 'in' | 'out';
  /** `client:eth0`, or `eth0` on the device itself. */
  readonly interface?: string;
  /** The name of the counter that counted the drop; empty or absent for a packet that went on. */
  readonly dropped?: string;
  /** The fault that has dropped, changed or made it; empty or absent for all others. */
  readonly fault?: string;
}

export type ProtocolName =
  | 'frame'
  | 'eth'
  | 'vlan'
  | 'arp'
  | 'ip'
  | 'icmp'
  | 'udp'
  | 'tcp'
  | 'dns'
  | 'dhcp'
  | 'http'
  | 'tls';

/** One header. Offsets are those of the packet, preamble included. */
export interface Layer {
  readonly protocol: ProtocolName;
  readonly at: number;
  /** Behind the last byte of the header that can be read; fixed fields beyond it are not there. */
  readonly headerEnd: number;
  /** Behind the last byte of header and payload. */
  readonly end: number;
  /** The IP header that carries this layer. */
  readonly carrier?: Layer;
  /** Part of the packet that an ICMP error quotes. */
  readonly quoted: boolean;
  /** What a codec made of the layer's bytes, kept by the fields of its protocol. */
  parsed?: unknown;
}

const VLAN_TAG_LENGTH = 4;
const ICMP_HEADER_LENGTH = 8;
const ICMP_FIXED_LENGTH = 4;
/** Tags, and quotes within quotes: more of them are no packet that anybody sends. */
const MAX_LAYERS = 16;

export class PacketView {
  readonly bytes: Uint8Array;
  readonly meta: PacketMeta;
  private found: Layer[] | undefined;

  /** @param packet preamble to FCS; any bytes at all */
  constructor(packet: Uint8Array, meta: PacketMeta) {
    this.bytes = packet;
    this.meta = meta;
  }

  /** From the outside in. */
  get layers(): readonly Layer[] {
    this.found ??= this.walk();
    return this.found;
  }

  private walk(): Layer[] {
    const { length } = this.bytes;
    const at = Math.min(FRAME_OFFSET, length);
    const layers: Layer[] = [{ protocol: 'frame', at, headerEnd: length, end: length, quoted: false }];
    const end = length - FCS_LENGTH;
    if (length < PACKET_OVERHEAD + ETHERNET_HEADER_LENGTH) return layers;
    const headerEnd = at + ETHERNET_HEADER_LENGTH;
    layers.push({ protocol: 'eth', at, headerEnd, end, quoted: false });
    this.walkEtherType(layers, headerEnd - 2, end);
    return layers;
  }

  /** `typeAt`: where the EtherType is; the payload follows it. */
  private walkEtherType(layers: Layer[], typeAt: number, end: number): void {
    const at = typeAt + 2;
    switch (readU16(this.bytes, typeAt)) {
      case ETHERTYPE_IPV4:
        this.walkIp(layers, at, end, false);
        break;
      case ETHERTYPE_ARP:
        layers.push({ protocol: 'arp', at, headerEnd: end, end, quoted: false });
        break;
      case ETHERTYPE_VLAN:
        if (at + VLAN_TAG_LENGTH > end || layers.length > MAX_LAYERS) return;
        layers.push({ protocol: 'vlan', at, headerEnd: at + VLAN_TAG_LENGTH, end, quoted: false });
        this.walkEtherType(layers, at + 2, end);
        break;
    }
  }

  private walkIp(layers: Layer[], at: number, available: number, quoted: boolean): void {
    const { bytes } = this;
    if (at >= available || bytes[at] >>> 4 !== 4) return;
    const headerLength = (bytes[at] & 15) * 4;
    const sound = headerLength >= IPV4_HEADER_LENGTH && at + headerLength <= available;
    if (!sound) {
      // Of a header that says it is shorter than it can be, only that length is to be believed.
      const headerEnd = headerLength < IPV4_HEADER_LENGTH ? at + 1 : available;
      layers.push({ protocol: 'ip', at, headerEnd, end: available, quoted });
      return;
    }
    const totalLength = readU16(bytes, at + 2);
    // 0 is what a sender leaves there that lets its network card cut segments.
    const end = totalLength === 0 ? available : Math.min(available, at + Math.max(totalLength, headerLength));
    const ip: Layer = { protocol: 'ip', at, headerEnd: at + headerLength, end, quoted };
    layers.push(ip);
    const isFragment = (readU16(bytes, at + 6) & 0x3fff) !== 0;
    if (isFragment || ip.headerEnd >= end || layers.length > MAX_LAYERS) return;
    switch (bytes[at + 9]) {
      case PROTOCOL_ICMP:
        this.walkIcmp(layers, ip);
        break;
      case PROTOCOL_UDP:
        this.walkUdp(layers, ip);
        break;
      case PROTOCOL_TCP:
        this.walkTcp(layers, ip);
        break;
    }
  }

  private walkIcmp(layers: Layer[], ip: Layer): void {
    const at = ip.headerEnd;
    const headerEnd = Math.min(at + ICMP_HEADER_LENGTH, ip.end);
    layers.push({ protocol: 'icmp', at, headerEnd, end: ip.end, carrier: ip, quoted: ip.quoted });
    if (at + ICMP_FIXED_LENGTH <= ip.end && isIcmpError(this.bytes[at])) {
      this.walkIp(layers, at + ICMP_HEADER_LENGTH, ip.end, true);
    }
  }

  private walkUdp(layers: Layer[], ip: Layer): void {
    const { bytes } = this;
    const at = ip.headerEnd;
    const headerEnd = Math.min(at + UDP_HEADER_LENGTH, ip.end);
    const length = at + 6 <= ip.end ? readU16(bytes, at + 4) : 0;
    const end = length < UDP_HEADER_LENGTH ? ip.end : Math.min(at + length, ip.end);
    layers.push({ protocol: 'udp', at, headerEnd, end, carrier: ip, quoted: ip.quoted });
    if (length < UDP_HEADER_LENGTH || headerEnd >= end) return;
    const ports = [readU16(bytes, at), readU16(bytes, at + 2)];
    const payload = { at: headerEnd, headerEnd: end, end, quoted: ip.quoted };
    if (ports.includes(DNS_PORT)) layers.push({ protocol: 'dns', ...payload });
    else if (ports.includes(DHCP_SERVER_PORT) || ports.includes(DHCP_CLIENT_PORT)) {
      layers.push({ protocol: 'dhcp', ...payload });
    }
  }

  private walkTcp(layers: Layer[], ip: Layer): void {
    const { bytes } = this;
    const at = ip.headerEnd;
    const { end, quoted } = ip;
    if (at + TCP_HEADER_LENGTH > end) {
      layers.push({ protocol: 'tcp', at, headerEnd: end, end, carrier: ip, quoted });
      return;
    }
    const headerLength = (bytes[at + 12] >>> 4) * 4;
    const isSound = headerLength >= TCP_HEADER_LENGTH;
    // With an impossible data offset, what comes behind it means nothing.
    const headerEnd = isSound ? Math.min(at + headerLength, end) : at + 13;
    layers.push({ protocol: 'tcp', at, headerEnd, end, carrier: ip, quoted });
    const payloadAt = at + headerLength;
    if (!isSound || payloadAt >= end || quoted) return;
    if (readU16(bytes, at) === DNS_PORT || readU16(bytes, at + 2) === DNS_PORT) {
      this.walkDnsOverTcp(layers, payloadAt, end);
    } else if (startsHttpMessage(bytes.subarray(payloadAt, end))) {
      layers.push({ protocol: 'http', at: payloadAt, headerEnd: end, end, quoted });
    } else if (startsTlsRecord(bytes, payloadAt, end)) {
      layers.push({ protocol: 'tls', at: payloadAt, headerEnd: end, end, quoted });
    }
  }

  /** RFC 1035 section 4.2.2: whole messages with their length before them; the rest of a longer stream is not guessed. */
  private walkDnsOverTcp(layers: Layer[], start: number, end: number): void {
    let at = start + 2;
    while (at + DNS_HEADER_LENGTH <= end && layers.length < MAX_LAYERS) {
      const next = at + readU16(this.bytes, at - 2);
      if (next > end || next - at < DNS_HEADER_LENGTH) return;
      layers.push({ protocol: 'dns', at, headerEnd: next, end: next, quoted: false });
      at = next + 2;
    }
  }
}
