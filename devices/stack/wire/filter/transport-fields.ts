/**
 * Fields of UDP and TCP. Numbers that Wireshark counts from a connection's beginning, or works out from what went before
 * (`tcp.seq`, `tcp.stream`, `tcp.analysis.…`), cannot be read from one packet: they are no fields here.
 */
import { readU16, readU32 } from '../bytes.js';
import { finishSum, partialSum, pseudoHeaderSum } from '../checksum.js';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.js';
import { CHECKSUM_STATUS, either, type Field, FieldMaker, type Reader, readNumber, type ValueTest } from './field.js';
import type { Layer, PacketView } from './packet-view.js';

const udp = new FieldMaker('udp');
const tcp = new FieldMaker('tcp');

const UDP_SRC = udp.number('udp.srcport', 'uint16', [0, 2], 'source port');
const UDP_DST = udp.number('udp.dstport', 'uint16', [2, 2], 'destination port');

/** The sum covers the addresses of the IP header too. */
function checksumStatus(view: PacketView, layer: Layer, protocol: number, length: number): number {
  const { at, carrier } = layer;
  const { bytes } = view;
  // Of a quote that was cut short, not all that the sum covers is there.
  if (carrier === undefined || readU16(bytes, carrier.at + 2) > carrier.end - carrier.at) {
    return CHECKSUM_STATUS.Unverified;
  }
  const pseudo = pseudoHeaderSum(readU32(bytes, carrier.at + 12), readU32(bytes, carrier.at + 16), protocol, length);
  const sum = finishSum(partialSum(bytes.subarray(at, at + length), pseudo));
  return sum === 0 ? CHECKSUM_STATUS.Good : CHECKSUM_STATUS.Bad;
}

/** What follows the header, where there is anything. */
const payloadOf: Reader = ({ bytes }, { headerEnd, end }, test) => {
  return headerEnd < end && test(bytes.subarray(headerEnd, end));
};

const UDP_FIELDS: readonly Field[] = [
  udp.headerLayer('User Datagram Protocol', ({ headerEnd }) => headerEnd),
  UDP_SRC,
  UDP_DST,
  udp.read('udp.port', 'uint16', 'source or destination port', either(UDP_SRC, UDP_DST)),
  udp.number('udp.length', 'uint16', [4, 2], 'length of header and payload, bytes'),
  udp.number('udp.checksum', 'uint16', [6, 2], 'checksum, 0 for none'),
  udp.read(
    'udp.checksum.status',
    'uint8',
    'whether the checksum is right',
    (view, layer, test) => {
      if (layer.at + 8 > layer.headerEnd) return false;
      if (readU16(view.bytes, layer.at + 6) === 0) return test(CHECKSUM_STATUS['Not present']);
      return test(checksumStatus(view, layer, PROTOCOL_UDP, layer.end - layer.at));
    },
    CHECKSUM_STATUS,
  ),
  udp.read('udp.payload', 'bytes', 'payload', payloadOf),
];

const TCP_SRC = tcp.number('tcp.srcport', 'uint16', [0, 2], 'source port');
const TCP_DST = tcp.number('tcp.dstport', 'uint16', [2, 2], 'destination port');

/** What Wireshark does not show of a segment that an ICMP error quotes. */
function notQuoted(field: Field): Field {
  return { ...field, some: (view, layer, test) => !layer.quoted && field.some(view, layer, test) };
}

const FLAGS: readonly (readonly [name: string, mask: number, description: string])[] = [
  ['tcp.flags.ae', 0x100, 'accurate ECN'],
  ['tcp.flags.cwr', 0x080, 'congestion window reduced'],
  ['tcp.flags.ece', 0x040, 'ECN echo'],
  ['tcp.flags.urg', 0x020, 'urgent'],
  ['tcp.flags.ack', 0x010, 'acknowledgment'],
  ['tcp.flags.push', 0x008, 'push'],
  ['tcp.flags.reset', 0x004, 'reset'],
  ['tcp.flags.syn', 0x002, 'synchronize'],
  ['tcp.flags.fin', 0x001, 'finish'],
];

const OPTIONS_AT = 20;

/**
 * Asks about each option of this kind, at least so long, by where it begins; kind -1 is any but the padding. A length
 * that cannot be ends the list.
 */
function someOption(
  view: PacketView,
  layer: Layer,
  kind: number,
  length: number,
  ask: (at: number) => boolean,
): boolean {
  const { bytes } = view;
  let at = layer.at + OPTIONS_AT;
  while (at < layer.headerEnd) {
    const isSingle = bytes[at] <= 1;
    const next = isSingle ? at + 1 : at + bytes[at + 1];
    if (!isSingle && (at + 1 >= layer.headerEnd || next < at + 2 || next > layer.headerEnd)) return false;
    if ((kind === -1 || bytes[at] === kind) && next - at >= length && ask(at)) return true;
    // RFC 9293 section 3.1: what follows the end of the list is padding.
    if (bytes[at] === 0) return false;
    at = next;
  }
  return false;
}

function optionNumber(
  name: string,
  type: 'uint8' | 'uint16' | 'uint32',
  kind: number,
  [offset, width]: readonly [number, 1 | 2 | 4],
  description: string,
): Field {
  return tcp.read(name, type, description, (view, layer, test) =>
    someOption(view, layer, kind, offset + width, (at) => test(readNumber(view.bytes, at + offset, width))),
  );
}

const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;

function segmentLength(view: PacketView, layer: Layer, test: ValueTest): boolean {
  if (layer.quoted || layer.at + OPTIONS_AT > layer.headerEnd) return false;
  const headerLength = (view.bytes[layer.at + 12] >>> 4) * 4;
  return test(Math.max(0, layer.end - layer.at - headerLength));
}

const TCP_FIELDS: readonly Field[] = [
  tcp.layer('Transmission Control Protocol'),
  TCP_SRC,
  TCP_DST,
  tcp.read('tcp.port', 'uint16', 'source or destination port', either(TCP_SRC, TCP_DST)),
  notQuoted(tcp.number('tcp.seq_raw', 'uint32', [4, 4], 'sequence number as it stands in the header')),
  tcp.number('tcp.ack_raw', 'uint32', [8, 4], 'acknowledgment number as it stands in the header'),
  tcp.read('tcp.hdr_len', 'uint8', 'length of the header, bytes', ({ bytes }, { at, headerEnd }, test) => {
    return at + 13 <= headerEnd && test((bytes[at + 12] >>> 4) * 4);
  }),
  tcp.read('tcp.len', 'uint32', 'length of the data, bytes', segmentLength),
  tcp.number('tcp.flags', 'uint16', [12, 2], 'all flags as a number', { mask: 0x0fff }),
  ...FLAGS.map(([name, mask, description]) => tcp.number(name, 'boolean', [12, 2], description, { mask })),
  tcp.number('tcp.window_size_value', 'uint16', [14, 2], 'window as it stands in the header, not scaled'),
  tcp.number('tcp.checksum', 'uint16', [16, 2], 'checksum'),
  tcp.read(
    'tcp.checksum.status',
    'uint8',
    'whether the checksum is right',
    (view, layer, test) => {
      if (layer.at + OPTIONS_AT > layer.headerEnd) return false;
      return test(checksumStatus(view, layer, PROTOCOL_TCP, layer.end - layer.at));
    },
    CHECKSUM_STATUS,
  ),
  tcp.number('tcp.urgent_pointer', 'uint16', [18, 2], 'urgent pointer'),
  tcp.read('tcp.options', 'bytes', 'all options', ({ bytes }, { at, headerEnd }, test) => {
    return at + OPTIONS_AT < headerEnd && test(bytes.subarray(at + OPTIONS_AT, headerEnd));
  }),
  tcp.read('tcp.option_kind', 'uint8', 'kinds of the options', (view, layer, test) =>
    someOption(view, layer, -1, 1, (at) => test(view.bytes[at])),
  ),
  optionNumber('tcp.options.mss_val', 'uint16', MSS, [2, 2], 'maximum segment size, bytes'),
  optionNumber('tcp.options.wscale.shift', 'uint8', WINDOW_SCALE, [2, 1], 'window scale, bits'),
  tcp.read('tcp.options.sack_perm', 'none', 'selective acknowledgments are understood', (view, layer, test) =>
    someOption(view, layer, SACK_PERMITTED, 2, () => test(1)),
  ),
  tcp.read('tcp.options.sack.count', 'uint8', 'number of SACK blocks', (view, layer, test) =>
    someOption(view, layer, SACK, 10, (at) => test((view.bytes[at + 1] - 2) >>> 3)),
  ),
  optionNumber('tcp.options.timestamp.tsval', 'uint32', TIMESTAMPS, [2, 4], "sender's timestamp"),
  optionNumber('tcp.options.timestamp.tsecr', 'uint32', TIMESTAMPS, [6, 4], 'timestamp that is echoed'),
  tcp.read('tcp.payload', 'bytes', 'data', payloadOf),
];

export const TRANSPORT_FIELDS: readonly Field[] = [...UDP_FIELDS, ...TCP_FIELDS];

/** Fields that Wireshark has and one packet cannot give, to what there is instead. */
export const STATEFUL_FIELDS: ReadonlyMap<string, string> = new Map([
  ['tcp.seq', 'tcp.seq_raw'],
  ['tcp.nxtseq', 'tcp.seq_raw'],
  ['tcp.ack', 'tcp.ack_raw'],
  ['tcp.options.sack_le', 'tcp.options.sack.count'],
  ['tcp.options.sack_re', 'tcp.options.sack.count'],
  ['tcp.window_size', 'tcp.window_size_value'],
  ['tcp.stream', 'tcp.port'],
  ['udp.stream', 'udp.port'],
  ['tcp.time_relative', 'frame.time_relative'],
  ['tcp.time_delta', 'frame.time_relative'],
]);
