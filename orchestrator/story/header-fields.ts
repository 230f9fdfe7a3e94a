/** The fields of a packet's headers: where they lie, and what they mean. */
import { formatMac } from '../../devices/stack/wire/address.js';
import { readU16, readU32 } from '../../devices/stack/wire/bytes.js';
import { FRAME_OFFSET, PREAMBLE_LENGTH } from '../../devices/stack/wire/ethernet.js';
import { IPV4_HEADER_LENGTH } from '../../devices/stack/wire/ipv4.js';
import { formatTcpFlags, TCP_HEADER_LENGTH } from '../../devices/stack/wire/tcp.js';
import type { Scene } from './scene.js';

/** A run of bytes and what it means. */
export interface Field {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  readonly meaning: string;
}

export interface LayerFields {
  readonly title: string;
  readonly fields: readonly Field[];
}

export function field(name: string, start: number, length: number, meaning: string): Field {
  return { name, start, length, meaning };
}

export function ethernetFields(packet: Uint8Array, scene: Scene, dst: number, src: number): LayerFields[] {
  return [
    {
      title: 'Physical layer: what the network interface puts in front',
      fields: [
        field('preamble', 0, PREAMBLE_LENGTH, 'alternating bits: the receiver finds the beat'),
        field('SFD', PREAMBLE_LENGTH, 1, 'start frame delimiter: the frame begins'),
      ],
    },
    {
      title: 'Ethernet header (IEEE 802.3)',
      fields: [
        field('destination', FRAME_OFFSET, 6, `${formatMac(dst)}${macOwner(scene, dst)}`),
        field('source', FRAME_OFFSET + 6, 6, `${formatMac(src)}${macOwner(scene, src)}`),
        field('type', FRAME_OFFSET + 12, 2, readU16(packet, FRAME_OFFSET + 12) === 0x0800 ? 'IPv4' : 'other'),
      ],
    },
  ];
}

function macOwner(scene: Scene, mac: number): string {
  const owner = scene.capture.interfaces.find((candidate) => candidate.mac === formatMac(mac));
  return owner === undefined ? '' : `, ${owner.device} ${owner.port}`;
}

export function ipFields(packet: Uint8Array, at: number, scene: Scene): LayerFields {
  const headerLength = (packet[at] & 15) * 4;
  const flags = readU16(packet, at + 6);
  const fields = [
    field('version, length', at, 1, `IPv4, header of ${headerLength} bytes`),
    field('type of service', at + 1, 1, `${packet[at + 1]}`),
    field('total length', at + 2, 2, `${readU16(packet, at + 2)} bytes`),
    field('identification', at + 4, 2, `${readU16(packet, at + 4)}`),
    field('flags, offset', at + 6, 2, flags & 0x4000 ? "don't fragment" : `fragment offset ${(flags & 0x1fff) * 8}`),
    field('time to live', at + 8, 1, `${packet[at + 8]}: every router takes one off`),
    field('protocol', at + 9, 1, `${packet[at + 9]}: TCP`),
    field('checksum', at + 10, 2, 'over this header'),
    field('source', at + 12, 4, scene.nameOf(readU32(packet, at + 12))),
    field('destination', at + 16, 4, scene.nameOf(readU32(packet, at + 16))),
  ];
  if (headerLength > IPV4_HEADER_LENGTH) {
    fields.push(field('options', at + IPV4_HEADER_LENGTH, headerLength - IPV4_HEADER_LENGTH, 'skipped by receivers'));
  }
  return { title: 'IP header (RFC 791)', fields };
}

export function tcpFields(packet: Uint8Array, at: number): LayerFields {
  const headerLength = (packet[at + 12] >>> 4) * 4;
  const fields = [
    field('source port', at, 2, `${readU16(packet, at)}`),
    field('destination port', at + 2, 2, `${readU16(packet, at + 2)}`),
    field('sequence number', at + 4, 4, `${readU32(packet, at + 4)}`),
    field('acknowledgement', at + 8, 4, `${readU32(packet, at + 8)}: the next byte expected from the other side`),
    field('data offset', at + 12, 1, `header of ${headerLength} bytes`),
    field('flags', at + 13, 1, formatTcpFlags(packet[at + 13])),
    field('window', at + 14, 2, `${readU16(packet, at + 14)}, before scaling`),
    field('checksum', at + 16, 2, 'over addresses, header and data'),
    field('urgent pointer', at + 18, 2, `${readU16(packet, at + 18)}`),
  ];
  if (headerLength > TCP_HEADER_LENGTH) {
    fields.push(...tcpOptionFields(packet, at + TCP_HEADER_LENGTH, at + headerLength));
  }
  return { title: 'TCP header (RFC 9293)', fields };
}

/** RFC 9293 section 3.2, RFC 7323, RFC 2018: kind, length, value; 0 ends the list, 1 fills. */
function tcpOptionFields(packet: Uint8Array, from: number, to: number): Field[] {
  const fields: Field[] = [];
  let at = from;
  while (at < to) {
    const kind = packet[at];
    if (kind === 0) {
      fields.push(field('option', at, to - at, 'end of options, and padding'));
      break;
    }
    const length = kind === 1 ? 1 : packet[at + 1];
    if (length < 1 || at + length > to) break;
    fields.push(field('option', at, length, tcpOptionMeaning(packet, at, kind)));
    at += length;
  }
  return fields;
}

function tcpOptionMeaning(packet: Uint8Array, at: number, kind: number): string {
  switch (kind) {
    case 1:
      return 'no operation: fills up to a word';
    case 2:
      return `maximum segment size ${readU16(packet, at + 2)}`;
    case 3:
      return `window scale: times ${2 ** packet[at + 2]}`;
    case 4:
      return 'selective acknowledgements permitted';
    case 5:
      return 'selective acknowledgements';
    case 8:
      return `timestamps: mine ${readU32(packet, at + 2)}, yours ${readU32(packet, at + 6)}`;
    default:
      return `kind ${kind}`;
  }
}
