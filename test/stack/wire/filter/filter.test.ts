import fc from 'fast-check';
import t from 'tap';
import { fromHex } from '../../../../devices/stack/wire/bytes.js';
import {
  compileFilter,
  FILTER_FIELDS,
  type Filter,
  isFilterError,
  type PacketMeta,
} from '../../../../devices/stack/wire/filter/filter.js';
import { assortedPackets, tlsPackets } from '../../../support/assorted-packets.js';
import { VALID } from './expressions.js';

const PACKETS = assortedPackets();
const [ARP_REQUEST, , , , SYN] = PACKETS;

function compiled(text: string): Filter {
  const filter = compileFilter(text);
  if (isFilterError(filter)) throw new Error(`${text}: ${filter.message}`);
  return filter;
}

/** The problem as a person sees it, the column first. */
function problemOf(text: string): string {
  const filter = compileFilter(text);
  return isFilterError(filter) ? `${filter.column}: ${filter.message}` : 'none';
}

t.test('what is not in the packet comes from the caller, or is not there', async (t) => {
  const meta: PacketMeta = { number: 7, timeMs: 1500, direction: 'out', interface: 'client:eth0', dropped: 'badFcs' };
  for (const [text, expected] of [
    ['frame.number == 7', true],
    ['frame.time_relative == 1.5', true],
    ['frame.time_relative > 1500ms', false],
    ['frame.time_relative in {1s..2s}', true],
    ['frame.packet_flags_direction == "outbound"', true],
    ['frame.interface_name matches "^client:"', true],
    ['frame.drop_reason == "badFcs"', true],
    ['frame.drop_reason', true],
  ] as const) {
    t.equal(compiled(text).matches(SYN, meta), expected, text);
    t.equal(compiled(text).matches(SYN), false, `${text} without being told`);
  }
  t.equal(compiled('frame.drop_reason').matches(SYN, { dropped: '' }), false, 'a packet that went on');
  t.equal(compiled('frame.fault contains "loss"').matches(SYN, { fault: 'fault-3: loss 20%' }), true);
  t.equal(compiled('frame.fault').matches(SYN, { fault: '' }), false, 'a packet that no fault has touched');
  t.equal(compiled('  ').matches(ARP_REQUEST), true, 'an empty filter takes all');
});

t.test('a TLS record that goes on in the next segment counts where it begins', async (t) => {
  const [cut, other] = tlsPackets(fromHex('160303004401000040 0303'), fromHex('1603050001aa'));
  for (const [text, expected] of [
    ['tls.record.length == 68', true],
    ['tls.handshake.type == "Client Hello"', true],
    ['tls.handshake.version', false],
  ] as const) {
    t.equal(compiled(text).matches(cut), expected, text);
    t.equal(compiled(text).matches(other), false, `${text} in what is no record`);
  }
});

t.test('what is wrong, and where', async (t) => {
  t.same(
    [
      'tcp.prot == 80',
      'ip.src == 10.0.0.1 && tcp.flags.sin == 1',
      'tcp.seq == 1',
      'tcp.analysis.retransmission',
      'bootp.option.dhcp == 1',
      'ip.addr == 10.0.0.300',
      'ip.addr == 10.0.0.0/33',
      'ip.ttl > 256',
      'arp.opcode == "rquest"',
      'tcp.port = 80',
      'tcp.port == 80 AND ip',
      'tcp port 80',
      'tcp.port in {80 443}',
      'tcp.port in {9..8}',
      'http.host == "www',
      'http.host matches "a**"',
      'http.host matches "(?=a)"',
      'ip.src contains 10',
      'eth.src == ip.src',
      'tcp.options.sack_perm == 1',
      'max(tcp.port) == 1',
      'ip.ttl[0] == 1',
      'eth.src[9:x] == 00',
      'tcp.port == 1 + 2',
      '(arp || (ip',
      '10.0.0.1 == 10.0.0.1',
      '"a" contains "b"',
      'ip.addr#0 == 1.1.1.1',
      'é',
    ].map(problemOf),
    [
      '1: "tcp.prot" is no field or protocol. Did you mean "tcp.port"?',
      '23: "tcp.flags.sin" is no field or protocol. Did you mean "tcp.flags.syn"?',
      '1: "tcp.seq" needs the packets before this one, and filters see one alone. There is "tcp.seq_raw".',
      '1: "tcp.analysis.retransmission" needs the packets before this one, and filters see one alone.',
      '1: "bootp.option.dhcp" is no field. It is called "dhcp.option.dhcp".',
      '12: "10.0.0.300" is not an IPv4 address',
      '12: an IPv4 prefix has 0 to 32 bits, not "33"',
      '10: 256 is too large here: at most 255',
      '15: the string "rquest" is not a whole number, nor one of request, reply',
      '10: "=" alone compares nothing: write "=="',
      '16: "AND" is written "and"',
      '5: "port" was not expected here',
      '17: between the members of a set stands a comma, and "}" at its end',
      '14: a range goes from less to more',
      '14: the string has no end',
      '19: "*" repeats nothing',
      '19: of groups with "(?" only "(?:" is known here: no look-around, no names',
      '1: ip.src is an IPv4 address and contains nothing',
      '12: eth.src is a MAC address, ip.src an IPv4 address: they cannot be compared',
      '1: tcp.options.sack_perm has no value: it is there or not',
      '1: there is no function "max"; there are lower, upper, len, count',
      '1: ip.ttl is a number and has no bytes to slice',
      '9: a slice is [start], [start:length], [first-last], [:length] or [start:]',
      '15: there is no arithmetic here but "&"',
      '12: ")" is missing here',
      '1: "10.0.0.1" is no field or protocol.',
      '1: a field is needed here',
      '9: behind "#" comes the number of a layer, from 1',
      '1: "é" was not expected here',
    ],
  );
});

t.test('limits: of length, and of brackets within brackets', async (t) => {
  t.equal(problemOf('('.repeat(200)), '101: more than 100 brackets and negations within each other');
  t.equal(problemOf('!'.repeat(200)), '101: more than 100 brackets and negations within each other');
  t.equal(problemOf(`${'lower('.repeat(200)}x`), '601: more than 100 brackets and negations within each other');
  t.equal(problemOf('a'.repeat(5000)), '4097: longer than 4096 characters');
  const many = Array.from({ length: 150 }, (_, i) => `tcp.port==${i}`).join(' or ');
  t.equal(compiled(many).matches(SYN), true);
});

t.test('the list of fields: names once each, with a description', async (t) => {
  t.equal(new Set(FILTER_FIELDS.map(({ name }) => name)).size, FILTER_FIELDS.length);
  for (const { name, description, protocol } of FILTER_FIELDS) {
    t.ok(name === protocol || name.startsWith(`${protocol}.`), name);
    t.match(description, /^\S.{2,100}$/, name);
  }
});

t.test('no bytes make a filter throw', async (t) => {
  const filters = [...VALID.map(compiled), ...FILTER_FIELDS.map(({ name }) => compiled(name))];
  const run = (packet: Uint8Array) => {
    for (const filter of filters) filter.matches(packet);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), run), { numRuns: 200 });
  // Sound packets with a few bytes changed, or cut short, get deeper.
  const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...PACKETS), damage, fc.nat(150), (packet, changes, cut) => {
      const copy = packet.slice(0, Math.max(0, packet.length - cut));
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      run(copy);
    }),
    { numRuns: 500 },
  );
  t.pass('nothing was thrown');
});

t.test('no text makes the compiler throw', async () => {
  const words = fc.constantFrom(
    ...['tcp', 'ip.addr', 'tcp.port', 'http.host', '==', '!=', 'in', 'not', 'and', '(', ')', '{', '}', '[', ']', '80'],
    ...['10.0.0.0/8', '"a"', "'a'", ',', '..', '#', '&', 'matches', 'contains', '0:2', 'lower(', 'any', 'r"', '\\'],
  );
  const isSane = (text: string) => {
    const filter = compileFilter(text);
    if (!isFilterError(filter)) for (const packet of PACKETS) filter.matches(packet);
    else if (!(filter.column >= 1 && filter.column <= text.length + 1)) throw new Error(`column ${filter.column}`);
  };
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (parts) => isSane(parts.join(' '))),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.string({ maxLength: 60, unit: 'binary' }), isSane), { numRuns: 2000 });
});
