/** Fields of IPv4 and ICMP. */
import { internetChecksum } from '../checksum.js';
import { CHECKSUM_STATUS, either, type Field, FieldMaker } from './field.js';

const ip = new FieldMaker('ip');
const icmp = new FieldMaker('icmp');

const SRC = ip.number('ip.src', 'ipv4', [12, 4], 'source address');
const DST = ip.number('ip.dst', 'ipv4', [16, 4], 'destination address');
const PROTOCOL_NAMES = { ICMP: 1, IGMP: 2, TCP: 6, UDP: 17, GRE: 47, ESP: 50, AH: 51, OSPF: 89, SCTP: 132 };

const IP_FIELDS: readonly Field[] = [
  ip.headerLayer('Internet Protocol version 4', ({ headerEnd }) => headerEnd),
  ip.number('ip.version', 'uint8', [0, 1], 'version', { mask: 0xf0 }),
  ip.read('ip.hdr_len', 'uint8', 'length of the header, bytes', ({ bytes }, { at }, test) => {
    return test((bytes[at] & 15) * 4);
  }),
  ip.number('ip.dsfield', 'uint8', [1, 1], 'differentiated services field: DSCP and ECN'),
  ip.number('ip.dsfield.dscp', 'uint8', [1, 1], 'differentiated services codepoint', { mask: 0xfc }),
  ip.number('ip.dsfield.ecn', 'uint8', [1, 1], 'explicit congestion notification, 0 … 3', { mask: 0x03 }),
  ip.number('ip.len', 'uint16', [2, 2], 'length of the whole packet, bytes'),
  ip.number('ip.id', 'uint16', [4, 2], 'identification'),
  ip.number('ip.flags', 'uint8', [6, 1], 'the three flags as a number', { mask: 0xe0 }),
  ip.number('ip.flags.rb', 'boolean', [6, 1], 'reserved bit', { mask: 0x80 }),
  ip.number('ip.flags.df', 'boolean', [6, 1], "don't fragment", { mask: 0x40 }),
  ip.number('ip.flags.mf', 'boolean', [6, 1], 'more fragments', { mask: 0x20 }),
  ip.number('ip.frag_offset', 'uint16', [6, 2], 'offset of the fragment, in units of 8 bytes', { mask: 0x1fff }),
  ip.number('ip.ttl', 'uint8', [8, 1], 'time to live'),
  ip.number('ip.proto', 'uint8', [9, 1], 'protocol', { valueNames: PROTOCOL_NAMES }),
  ip.number('ip.checksum', 'uint16', [10, 2], 'header checksum'),
  ip.read(
    'ip.checksum.status',
    'uint8',
    'whether the header checksum is right',
    ({ bytes }, { at, headerEnd }, test) => {
      if (at + 20 > headerEnd) return false;
      return test(internetChecksum(bytes.subarray(at, headerEnd)) === 0 ? CHECKSUM_STATUS.Good : CHECKSUM_STATUS.Bad);
    },
    CHECKSUM_STATUS,
  ),
  SRC,
  DST,
  ip.read('ip.addr', 'ipv4', 'source or destination address', either(SRC, DST)),
];

const ECHO = [0, 8];
const TIMESTAMP = [13, 14];
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
const REDIRECT = 5;

/** A field that only messages of these types have. */
function onlyIn(types: readonly number[], field: Field): Field {
  return {
    ...field,
    some: (view, layer, test) => types.includes(view.bytes[layer.at]) && field.some(view, layer, test),
  };
}

const MTU = icmp.number('icmp.mtu', 'uint16', [6, 2], 'MTU of the next hop, in "fragmentation needed"');

const ICMP_FIELDS: readonly Field[] = [
  icmp.layer('Internet Control Message Protocol'),
  icmp.number(
    'icmp.type',
    'uint8',
    [0, 1],
    '0 echo reply, 3 unreachable, 5 redirect, 8 echo request, 11 time exceeded',
  ),
  icmp.number('icmp.code', 'uint8', [1, 1], 'code'),
  icmp.number('icmp.checksum', 'uint16', [2, 2], 'checksum'),
  icmp.read(
    'icmp.checksum.status',
    'uint8',
    'whether the checksum is right',
    ({ bytes }, { at, headerEnd, end, quoted }, test) => {
      if (at + 4 > headerEnd) return false;
      if (quoted) return test(CHECKSUM_STATUS.Unverified);
      return test(internetChecksum(bytes.subarray(at, end)) === 0 ? CHECKSUM_STATUS.Good : CHECKSUM_STATUS.Bad);
    },
    CHECKSUM_STATUS,
  ),
  onlyIn([...ECHO, ...TIMESTAMP], icmp.number('icmp.ident', 'uint16', [4, 2], 'identifier of an echo')),
  onlyIn([...ECHO, ...TIMESTAMP], icmp.number('icmp.seq', 'uint16', [6, 2], 'sequence number of an echo')),
  {
    ...MTU,
    some: (view, layer, test) =>
      view.bytes[layer.at] === UNREACHABLE &&
      view.bytes[layer.at + 1] === FRAGMENTATION_NEEDED &&
      MTU.some(view, layer, test),
  },
  onlyIn([REDIRECT], icmp.number('icmp.redir_gw', 'ipv4', [4, 4], 'router that a redirect names')),
];

export const IP_AND_ICMP_FIELDS: readonly Field[] = [...IP_FIELDS, ...ICMP_FIELDS];
