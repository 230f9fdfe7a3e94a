/** Packets of all kinds that a filter or a printer of packets must be right about, and a capture file of them. */

import { parseIpv4, parseMac } from '../../devices/stack/wire/address.js';
import { emitArp } from '../../devices/stack/wire/arp.js';
import { concatBytes, fromHex } from '../../devices/stack/wire/bytes.js';
import { type DnsMessage, dnsQuery, dnsResponse, emitDns } from '../../devices/stack/wire/dns.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_VLAN } from '../../devices/stack/wire/ethernet.js';
import { emitIcmp } from '../../devices/stack/wire/icmp.js';
import { emitIpv4, type Ipv4Packet, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../../devices/stack/wire/ipv4.js';
import { ACK, emitTcp, FIN, PSH, RST, SYN, type TcpSegment, URG } from '../../devices/stack/wire/tcp.js';
import { emitUdp } from '../../devices/stack/wire/udp.js';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../../orchestrator/capture/pcapng.js';
import { packetOf } from './packets.js';

const MAC_A = parseMac('02:00:00:00:00:0a') as number;
const MAC_B = parseMac('02:00:00:00:00:0b') as number;
const BROADCAST = 0xffffffffffff;

const ip = (text: string): number => parseIpv4(text) as number;
const A = ip('10.0.0.1');
const B = ip('10.0.0.2');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function ipPacketBytes(protocol: number, payload: Uint8Array, more: Partial<Ipv4Packet> = {}): Uint8Array {
  return emitIpv4({
    ...{ src: A, dst: B, protocol, ttl: 64, tos: 0, identification: 4711, dontFragment: true, moreFragments: false },
    ...{ fragmentOffset: 0, options: new Uint8Array(0), payload },
    ...more,
  });
}

function ipPacket(protocol: number, payload: Uint8Array, more: Partial<Ipv4Packet> = {}): Uint8Array {
  const bytes = ipPacketBytes(protocol, payload, more);
  return packetOf({ dst: MAC_B, src: MAC_A, etherType: ETHERTYPE_IPV4, payload: bytes });
}

const SEGMENT: TcpSegment = {
  ...{ srcPort: 49152, dstPort: 80, seq: 1000, ack: 0, flags: ACK, window: 64240, urgentPointer: 0 },
  ...{ options: {}, payload: new Uint8Array(0) },
};

function tcpBytes(more: Partial<TcpSegment>): Uint8Array {
  return emitTcp({ ...SEGMENT, ...more }, A, B);
}

function tcp(more: Partial<TcpSegment>, ipMore: Partial<Ipv4Packet> = {}): Uint8Array {
  const { src = A, dst = B } = ipMore;
  return ipPacket(PROTOCOL_TCP, emitTcp({ ...SEGMENT, ...more }, src, dst), ipMore);
}

/** From B to A. */
function tcpBack(more: Partial<TcpSegment>): Uint8Array {
  return tcp({ srcPort: 80, dstPort: 49152, ...more }, { src: B, dst: A, identification: 0 });
}

function udp(srcPort: number, dstPort: number, payload: Uint8Array, ipMore: Partial<Ipv4Packet> = {}): Uint8Array {
  const { src = A, dst = B } = ipMore;
  return ipPacket(PROTOCOL_UDP, emitUdp({ srcPort, dstPort, payload }, src, dst), { dontFragment: false, ...ipMore });
}

function icmp(type: number, code: number, rest: number, body: Uint8Array, more: Partial<Ipv4Packet> = {}): Uint8Array {
  return ipPacket(PROTOCOL_ICMP, emitIcmp({ type, code, rest, body }), more);
}

function arp(operation: number, senderIp: string, targetIp: string, targetMac = 0): Uint8Array {
  const dst = operation === 1 ? BROADCAST : MAC_B;
  const payload = emitArp({ operation, senderMac: MAC_A, senderIp: ip(senderIp), targetMac, targetIp: ip(targetIp) });
  return packetOf({ dst, src: MAC_A, etherType: ETHERTYPE_ARP, payload });
}

/** The packet with these bytes changed, counted from its preamble. The FCS is left as it was. */
function changed(packet: Uint8Array, bytes: Readonly<Record<number, number>>): Uint8Array {
  const copy = packet.slice();
  for (const [at, value] of Object.entries(bytes)) copy[Number(at)] = value;
  return copy;
}

const ANSWERS: Partial<DnsMessage> = {
  answers: [
    { name: 'www.server.com', type: 'CNAME', class: 1, ttl: 60, target: 'web.server.com' },
    { name: 'web.server.com', type: 'A', class: 1, ttl: 300, address: ip('203.0.113.80') },
    { name: 'web.server.com', type: 'A', class: 1, ttl: 300, address: ip('203.0.113.81') },
  ],
  authorities: [{ name: 'server.com', type: 'NS', class: 1, ttl: 3600, target: 'ns.server.com' }],
  additionals: [
    { name: 'ns.server.com', type: 'AAAA', class: 1, ttl: 3600, address: fromHex(`${'20010db8'.padEnd(31, '0')}1`) },
  ],
  recursionAvailable: true,
};
const MAIL: Partial<DnsMessage> = {
  answers: [
    { name: 'server.com', type: 'MX', class: 1, ttl: 60, preference: 10, exchange: 'mail.server.com' },
    { name: 'server.com', type: 'TXT', class: 1, ttl: 60, strings: [text('v=spf1 -all'), text('second')] },
    { name: 'server.com', type: 'HINFO', class: 1, ttl: 60, cpu: text('none'), os: text('none') },
    { name: '1.0.0.10.in-addr.arpa', type: 'PTR', class: 1, ttl: 60, target: 'a.server.com' },
  ],
  authoritative: true,
};
const NO_SUCH_NAME: Partial<DnsMessage> = {
  rcode: 3,
  authorities: [
    {
      ...{ name: '.', type: 'SOA', class: 1, ttl: 300, mname: 'a.root', rname: 'admin.root', serial: 7 },
      ...{ refresh: 3600, retry: 600, expire: 86400, minimum: 300 },
    },
  ],
};

function lengthFirst(message: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(message.length >>> 8, message.length & 255), message);
}

const QUERY = dnsQuery(12345, 'www.server.com', 'A', true);
const QUOTED_UDP = ipPacketBytes(PROTOCOL_UDP, emitUdp({ srcPort: 40000, dstPort: 53, payload: emitDns(QUERY) }, A, B));
const HTTP_REQUEST =
  'GET /index.html?a=b HTTP/1.1\r\nHost: www.server.com\r\nUser-Agent: netarium\r\nCookie: id=1\r\n\r\n';
const HTTP_RESPONSE =
  'HTTP/1.1 404 Not Found\r\nServer: netarium\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnone';
const TIMESTAMPS = { value: 1, echo: 0 };

/** In an order that makes one conversation of most TCP segments. */
export function assortedPackets(): Uint8Array[] {
  const fin = FIN | ACK;
  return [
    arp(1, '10.0.0.1', '10.0.0.2'),
    arp(2, '10.0.0.1', '10.0.0.2', MAC_B),
    arp(1, '0.0.0.0', '10.0.0.1'),
    arp(1, '10.0.0.1', '10.0.0.1'),
    tcp({ flags: SYN, options: { mss: 1460, sackPermitted: true, timestamps: TIMESTAMPS, windowScale: 7 } }),
    tcpBack({ flags: SYN | ACK, seq: 5000, ack: 1001, options: { mss: 1400 } }),
    tcp({ seq: 1001, ack: 5001 }),
    tcp({ flags: PSH | ACK, seq: 1001, ack: 5001, payload: text(HTTP_REQUEST) }),
    tcpBack({ flags: PSH | ACK, seq: 5001, ack: 1001 + HTTP_REQUEST.length, payload: text(HTTP_RESPONSE) }),
    tcp({
      seq: 1001 + HTTP_REQUEST.length,
      ack: 5001,
      options: {
        sack: [
          { left: 6000, right: 7000 },
          { left: 8000, right: 9000 },
        ],
      },
    }),
    tcp({ flags: fin, seq: 1001 + HTTP_REQUEST.length, ack: 5001 + HTTP_RESPONSE.length }),
    tcpBack({ flags: RST, seq: 5001 + HTTP_RESPONSE.length, window: 0 }),
    tcp(
      {
        flags: PSH | ACK | URG,
        srcPort: 5000,
        dstPort: 7000,
        urgentPointer: 3,
        payload: text('some\nbytes \x00 here'),
      },
      { tos: 0xb9 },
    ),
    tcp({ flags: 0xc2, srcPort: 5001, dstPort: 8080 }),
    changed(tcp({ srcPort: 5002, dstPort: 8081, seq: 77 }), { 60: 0xff }),
    udp(40000, 53, emitDns(QUERY)),
    udp(53, 40000, emitDns(dnsResponse(QUERY, ANSWERS)), { src: B, dst: A }),
    udp(40001, 53, emitDns(dnsQuery(7, 'server.com', 'ANY', false))),
    udp(53, 40001, emitDns(dnsResponse(dnsQuery(7, 'server.com', 'ANY', false), MAIL)), { src: B, dst: A }),
    udp(53, 40002, emitDns(dnsResponse(dnsQuery(9, 'no.such.name', 'AAAA', true), NO_SUCH_NAME)), { src: B, dst: A }),
    udp(53, 40003, emitDns(dnsResponse(dnsQuery(10, 'big', 'TXT', true), { truncated: true })), { src: B, dst: A }),
    tcp({ flags: PSH | ACK, srcPort: 40000, dstPort: 53, seq: 1, ack: 1, payload: lengthFirst(emitDns(QUERY)) }),
    udp(1234, 9, text('discard this')),
    changed(udp(1235, 9, text('no checksum')), { 48: 0, 49: 0 }),
    changed(udp(1236, 9, text('bad checksum')), { 48: 1, 49: 1 }),
    udp(1237, 9, new Uint8Array(0), { ttl: 1 }),
    udp(1238, 53, text('not DNS')),
    icmp(
      8,
      0,
      0x00010002,
      new Uint8Array(56).map((_, i) => i),
    ),
    icmp(
      0,
      0,
      0x00010002,
      new Uint8Array(56).map((_, i) => i),
      { src: B, dst: A },
    ),
    icmp(3, 3, 0, QUOTED_UDP, { src: B, dst: A }),
    icmp(3, 1, 0, QUOTED_UDP.subarray(0, 28), { src: ip('192.0.2.1'), dst: A }),
    icmp(
      3,
      4,
      1400,
      ipPacketBytes(PROTOCOL_TCP, tcpBytes({ flags: PSH | ACK, payload: text('x'.repeat(1000)) })).subarray(0, 28),
      { src: B, dst: A },
    ),
    icmp(11, 0, 0, ipPacketBytes(PROTOCOL_TCP, tcpBytes({ flags: SYN, options: { mss: 1460 } })), {
      src: ip('192.0.2.1'),
      dst: A,
    }),
    icmp(
      11,
      1,
      0,
      ipPacketBytes(PROTOCOL_ICMP, emitIcmp({ type: 8, code: 0, rest: 0x00070008, body: text('quoted') })),
      { src: B, dst: A },
    ),
    icmp(5, 1, ip('10.0.0.254'), QUOTED_UDP.subarray(0, 28), { src: B, dst: A }),
    icmp(13, 0, 0x00030004, new Uint8Array(12)),
    changed(icmp(8, 0, 1, text('bad checksum')), { 44: 0xee }),
    ipPacket(
      PROTOCOL_UDP,
      emitUdp({ srcPort: 2000, dstPort: 2001, payload: new Uint8Array(800) }, A, B).subarray(0, 400),
      { dontFragment: false, moreFragments: true, identification: 99 },
    ),
    ipPacket(PROTOCOL_UDP, new Uint8Array(320), { dontFragment: false, fragmentOffset: 800, identification: 98 }),
    ipPacket(99, text('another protocol')),
    ipPacket(PROTOCOL_UDP, emitUdp({ srcPort: 3000, dstPort: 3001, payload: text('options') }, A, B), {
      options: fromHex('94040000'),
    }),
    changed(udp(3002, 3003, text('bad header checksum')), { 32: 0x12 }),
    packetOf({
      dst: MAC_B,
      src: MAC_A,
      etherType: ETHERTYPE_VLAN,
      payload: concatBytes(
        fromHex('60050800'),
        ipPacketBytes(PROTOCOL_UDP, emitUdp({ srcPort: 4000, dstPort: 4001, payload: text('tagged') }, A, B)),
      ),
    }),
    packetOf({
      dst: 0x0180c2000000,
      src: MAC_A,
      etherType: 38,
      payload: concatBytes(fromHex('424203'), new Uint8Array(43)),
    }),
    packetOf({ dst: MAC_B, src: MAC_A, etherType: 0x88b5, payload: text('experimental') }),
  ];
}

/** Each of a connection of its own, so that nobody can know more of it than it says. */
export function tlsPackets(...flights: readonly Uint8Array[]): Uint8Array[] {
  return flights.map((payload, index) =>
    tcp({ flags: PSH | ACK, srcPort: 41000 + index, dstPort: 443, seq: 1, ack: 1, payload }),
  );
}

/** Of one interface, `a:eth0`; the packets come in and go out in turn, a millisecond apart. */
export function captureFileOf(packets: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    sectionHeader(),
    interfaceDescription({ name: 'a:eth0', description: 'a:eth0 -- b:eth0', ipv4: [] }),
    ...packets.map((packet, index) =>
      enhancedPacket({
        interfaceId: 0,
        timestampNs: 1_790_000_000_000_000_000n + BigInt(index) * 1_000_000n,
        direction: index % 2 === 0 ? 'in' : 'out',
        packet,
      }),
    ),
  );
}
