/** Fields of what every frame has, of Ethernet, 802.1Q tags and ARP. */
import { readMac } from '../address.js';
import { ARP_LENGTH } from '../arp.js';
import { readU32 } from '../bytes.js';
import { FRAME_OFFSET } from '../ethernet.js';
import { crc32, readFcs } from '../fcs.js';
import { CHECKSUM_STATUS, either, type Field, FieldMaker, type Reader } from './field.js';
import type { Layer, PacketMeta, PacketView } from './packet-view.js';

const frame = new FieldMaker('frame');
const eth = new FieldMaker('eth');
const vlan = new FieldMaker('vlan');
const arp = new FieldMaker('arp');

function fromMeta(read: (meta: PacketMeta) => number | string | undefined): Reader {
  return ({ meta }, _layer, test) => {
    const value = read(meta);
    return value !== undefined && test(value);
  };
}

function frameLength({ bytes }: PacketView): number {
  return Math.max(0, bytes.length - FRAME_OFFSET);
}

const DIRECTIONS = { Inbound: 1, Outbound: 2 };

const FRAME_FIELDS: readonly Field[] = [
  frame.layer('the whole frame, from the destination address to the FCS'),
  frame.read(
    'frame.number',
    'uint32',
    'number of the frame in the capture, from 1',
    fromMeta((meta) => meta.number),
  ),
  frame.read('frame.len', 'uint32', 'length of the frame with its FCS, bytes', (view, _layer, test) =>
    test(frameLength(view)),
  ),
  frame.read('frame.cap_len', 'uint32', 'the same: frames are captured whole', (view, _layer, test) =>
    test(frameLength(view)),
  ),
  frame.read(
    'frame.time_relative',
    'time',
    'time since the capture began, seconds',
    fromMeta(({ timeMs }) => (timeMs === undefined ? undefined : timeMs / 1000)),
  ),
  frame.read(
    'frame.interface_name',
    'string',
    'the port at which it was seen',
    fromMeta((meta) => meta.interface),
  ),
  frame.read(
    'frame.packet_flags_direction',
    'uint32',
    'whether it came in (1) or went out (2)',
    fromMeta(({ direction }) => (direction === undefined ? undefined : direction === 'in' ? 1 : 2)),
    DIRECTIONS,
  ),
  frame.read(
    'frame.drop_reason',
    'string',
    'why the frame was dropped; not there when it went on (not in Wireshark)',
    fromMeta(({ dropped }) => (dropped === '' ? undefined : dropped)),
  ),
  frame.read(
    'frame.fault',
    'string',
    'the fault that has dropped, changed or made the frame; not there for all others (not in Wireshark)',
    fromMeta(({ fault }) => (fault === '' ? undefined : fault)),
  ),
];

/** A MAC address at a fixed place of the header. */
function mac(maker: FieldMaker, name: string, offset: number, description: string): Field {
  return maker.read(name, 'ether', description, ({ bytes }, { at, headerEnd }, test) => {
    return at + offset + 6 <= headerEnd && test(readMac(bytes, at + offset));
  });
}

const ETH_DST = mac(eth, 'eth.dst', 0, 'destination address');
const ETH_SRC = mac(eth, 'eth.src', 6, 'source address');
/** The lowest two bits of an address' first octet: group, and locally administered. */
const IG = [0, 6].map((at) => eth.number('eth.ig', 'boolean', [at, 1], '', { mask: 0x01 }));
const LG = [0, 6].map((at) => eth.number('eth.lg', 'boolean', [at, 1], '', { mask: 0x02 }));
const TYPE_OR_LENGTH = eth.number('eth.type', 'uint16', [12, 2], '');

const ETH_FIELDS: readonly Field[] = [
  eth.headerLayer('Ethernet', ({ headerEnd }) => headerEnd),
  ETH_DST,
  ETH_SRC,
  eth.read('eth.addr', 'ether', 'source or destination address', either(ETH_DST, ETH_SRC)),
  eth.read('eth.ig', 'boolean', 'group (1) or individual address (0), of both', either(IG[0], IG[1])),
  eth.read('eth.lg', 'boolean', 'locally administered (1) or globally unique (0), of both', either(LG[0], LG[1])),
  eth.read('eth.type', 'uint16', 'EtherType', (view, layer, test) =>
    TYPE_OR_LENGTH.some(view, layer, (value) => (value as number) >= 0x600 && test(value)),
  ),
  eth.read('eth.len', 'uint16', 'length of an IEEE 802.3 frame, which has no EtherType', (view, layer, test) =>
    TYPE_OR_LENGTH.some(view, layer, (value) => (value as number) <= 1500 && test(value)),
  ),
  eth.read('eth.fcs', 'uint32', 'frame check sequence', ({ bytes }, { end }, test) => {
    // Shown with its first byte on the wire as the highest, as Wireshark does.
    return test(readU32(bytes, end));
  }),
  eth.read(
    'eth.fcs.status',
    'uint8',
    'whether the frame check sequence is right',
    ({ bytes }, { at, end }, test) => test(crc32(bytes.subarray(at, end)) === readFcs(bytes, end) ? 1 : 0),
    CHECKSUM_STATUS,
  ),
];

const VLAN_FIELDS: readonly Field[] = [
  vlan.headerLayer('IEEE 802.1Q tag', ({ headerEnd }) => headerEnd),
  vlan.number('vlan.priority', 'uint16', [0, 2], 'priority, 0 … 7', { mask: 0xe000 }),
  vlan.number('vlan.dei', 'boolean', [0, 2], 'drop eligible', { mask: 0x1000 }),
  vlan.number('vlan.id', 'uint16', [0, 2], 'number of the VLAN', { mask: 0x0fff }),
  vlan.number('vlan.etype', 'uint16', [2, 2], 'EtherType behind the tag'),
];

const OPCODES = { request: 1, reply: 2 };

/** Sender's and target's protocol address, of ARP for IPv4 over Ethernet; undefined for any other. */
function arpAddresses({ bytes }: PacketView, { at, end }: Layer): { sender: number; target: number } | undefined {
  if (at + ARP_LENGTH > end || readU32(bytes, at) !== 0x00010800 || bytes[at + 4] !== 6 || bytes[at + 5] !== 4) {
    return undefined;
  }
  return { sender: readU32(bytes, at + 14), target: readU32(bytes, at + 24) };
}

/** RFC 5227: a probe has no sender address, an announcement the same one twice. */
function isProbe(view: PacketView, layer: Layer): boolean {
  return view.bytes[layer.at + 7] === 1 && arpAddresses(view, layer)?.sender === 0;
}

function isGratuitous(view: PacketView, layer: Layer): boolean {
  const addresses = arpAddresses(view, layer);
  return addresses !== undefined && addresses.sender !== 0 && addresses.sender === addresses.target;
}

const ARP_FIELDS: readonly Field[] = [
  arp.headerLayer('Address Resolution Protocol', ({ at, end }) => Math.min(at + ARP_LENGTH, end)),
  arp.number('arp.hw.type', 'uint16', [0, 2], 'hardware type, 1 for Ethernet'),
  arp.number('arp.proto.type', 'uint16', [2, 2], 'protocol type, 0x0800 for IPv4'),
  arp.number('arp.hw.size', 'uint8', [4, 1], 'bytes of a hardware address'),
  arp.number('arp.proto.size', 'uint8', [5, 1], 'bytes of a protocol address'),
  arp.number('arp.opcode', 'uint16', [6, 2], 'request (1) or reply (2)', { valueNames: OPCODES }),
  mac(arp, 'arp.src.hw_mac', 8, "sender's MAC address"),
  arp.number('arp.src.proto_ipv4', 'ipv4', [14, 4], "sender's IP address"),
  mac(arp, 'arp.dst.hw_mac', 18, "target's MAC address"),
  arp.number('arp.dst.proto_ipv4', 'ipv4', [24, 4], "target's IP address"),
  arp.read('arp.isgratuitous', 'boolean', 'about the own address, unasked', (view, layer, test) => {
    return isGratuitous(view, layer) && test(1);
  }),
  arp.read('arp.isprobe', 'boolean', 'asks whether an address is free (RFC 5227)', (view, layer, test) => {
    return isProbe(view, layer) && test(1);
  }),
  arp.read('arp.isannouncement', 'boolean', 'claims an address (RFC 5227)', (view, layer, test) => {
    return view.bytes[layer.at + 7] === 1 && isGratuitous(view, layer) && test(1);
  }),
];

export const LINK_FIELDS: readonly Field[] = [...FRAME_FIELDS, ...ETH_FIELDS, ...VLAN_FIELDS, ...ARP_FIELDS];
