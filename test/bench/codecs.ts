/** What one full-sized frame costs in the codecs. */
import { crc32 as nativeCrc32 } from 'node:zlib';
import { internetChecksum } from '../../devices/stack/wire/checksum.js';
import { checkPacket, emitPacket } from '../../devices/stack/wire/ethernet.js';
import { crc32 as tableCrc32 } from '../../devices/stack/wire/fcs.js';
import { emitIpv4, type Ipv4Packet, parseIpv4Packet } from '../../devices/stack/wire/ipv4.js';
import { ACK, emitTcp, parseTcp, type TcpSegment } from '../../devices/stack/wire/tcp.js';
import { microsPerCall, patternBytes } from './measure.js';
import type { Row } from './results.js';

const SRC = 0x0a000001;
const DST = 0x0a000002;
/** What is left of 1500 bytes behind the headers and the timestamps. */
const SEGMENT_BYTES = 1448;

export function measureCodecs(): Row[] {
  const segment: TcpSegment = {
    srcPort: 40000,
    dstPort: 80,
    seq: 1,
    ack: 2,
    flags: ACK,
    window: 65535,
    urgentPointer: 0,
    options: { timestamps: { value: 1, echo: 2 } },
    payload: patternBytes(SEGMENT_BYTES),
  };
  const tcp = emitTcp(segment, SRC, DST);
  const packet: Ipv4Packet = {
    src: SRC,
    dst: DST,
    protocol: 6,
    ttl: 64,
    tos: 0,
    identification: 7,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    payload: tcp,
  };
  const ip = emitIpv4(packet);
  const frame = { dst: 0x020000000001, src: 0x020000000002, etherType: 0x0800, payload: ip };
  const wire = emitPacket(frame, nativeCrc32);

  const copy = new Uint8Array(ip.length);
  const copying = microsPerCall(() => copy.set(ip));
  const native = microsPerCall(() => nativeCrc32(ip));
  const costs: [string, number][] = [
    ['CRC-32, table', microsPerCall(() => tableCrc32(ip))],
    ['CRC-32, zlib', native],
    ['Internet checksum', microsPerCall(() => internetChecksum(ip))],
    ['TCP emit', microsPerCall(() => emitTcp(segment, SRC, DST))],
    ['TCP parse', microsPerCall(() => parseTcp(tcp, SRC, DST))],
    ['IPv4 emit', microsPerCall(() => emitIpv4(packet))],
    ['IPv4 parse', microsPerCall(() => parseIpv4Packet(ip))],
    ['Ethernet emit with FCS', microsPerCall(() => emitPacket(frame, nativeCrc32))],
    ['Ethernet check with FCS', microsPerCall(() => checkPacket(wire, 1500, nativeCrc32))],
  ];
  return [
    { what: 'copy into an array', value: copying, unit: 'µs' },
    ...costs.map(([what, value]) => ({ what, value, unit: 'µs', ratio: value / native, of: 'zlib CRC-32' })),
  ];
}
