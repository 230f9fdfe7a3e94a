import fc from 'fast-check';
import t from 'tap';
import { type Filter, type FilterError, isFilterError } from '../../../../devices/stack/wire/filter/filter.js';
import { compileEitherFilter, compilePcapFilter } from '../../../../devices/stack/wire/pcap-filter/pcap-filter.js';
import { assortedPackets } from '../../../support/assorted-packets.js';
import { GOLDEN } from './golden.js';

const PACKETS = assortedPackets();

function compiled(filter: Filter | FilterError): Filter {
  if (isFilterError(filter)) throw new Error(`${filter.column}: ${filter.message}`);
  return filter;
}

/** `1 4-6` */
function numbersOf(text: string): number[] {
  return text.split(' ').flatMap((part) => {
    if (part === '') return [];
    const [from, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

function matching(filter: Filter): number[] {
  return PACKETS.flatMap((packet, index) => (filter.matches(packet) ? [index + 1] : []));
}

t.test('the frames that libpcap lets through', async (t) => {
  for (const [expression, frames] of GOLDEN) {
    t.same(matching(compiled(compilePcapFilter(expression))), numbersOf(frames), expression);
  }
  t.equal(matching(compiled(compilePcapFilter(' '))).length, PACKETS.length, 'none: all');
});

t.test('what is wrong, and where', async (t) => {
  const problemOf = (text: string) => {
    const filter = compilePcapFilter(text);
    return isFilterError(filter) ? `${filter.column}: ${filter.message}` : 'none';
  };
  t.same(
    [
      'tcp or',
      'tcp port',
      'host www.server.com',
      '10.0.0.1',
      'port 99999',
      'port smtp',
      'tcp host 10.0.0.1',
      'icmp port 5',
      '(tcp',
      'tcp)',
      'net 10.0.0.1/8',
      'ether',
      'udp[0:3] = 1',
      'http[0] = 1',
      'tcp[0]',
      'tcp == 80',
      'tcp ? udp',
      'ip proto nosuch',
      '('.repeat(200),
      `tcp[0] = ${'-'.repeat(200)}1`,
    ].map(problemOf),
    [
      '7: the expression ends too early',
      '9: a number is needed here',
      '6: "www.server.com" is a name; here hosts are given by their addresses',
      '1: before 10.0.0.1 comes "host" or "net"',
      '6: 99999 is too large here: at most 65535',
      '6: "smtp" is no port that is known here: give its number',
      '10: "tcp" has no hosts or networks of its own: join them with "and"',
      '11: "icmp" has no ports',
      '5: ")" is missing here',
      '4: ")" was not expected here',
      '14: the network 10.0.0.1 has bits beyond its mask',
      '6: "ether" needs a host, a protocol or "broadcast" behind it',
      '8: 1, 2 or 4 bytes make a number',
      '1: "http" is no protocol with bytes to look at',
      '7: a comparison is missing here',
      '5: "==" was not expected here',
      '5: "?" was not expected here',
      '10: "nosuch" is no protocol of ip',
      '101: more than 100 brackets and negations within each other',
      '109: more than 100 brackets and negations within each other',
    ],
  );
});

t.test('either language, as it is written', async (t) => {
  const either = (text: string) => matching(compiled(compileEitherFilter(text)));
  t.same(either('tcp port 80 and tcp[13] & 2 != 0'), [5, 6]);
  t.same(either('tcp.port == 80 && tcp.flags.syn == 1 && !icmp'), [5, 6]);
  t.same(either('http'), [8, 9]);
  t.same(either('tcp').includes(33), false, 'in words of both: not what ICMP errors quote');
  const problemOf = (text: string) => {
    const filter = compileEitherFilter(text);
    return isFilterError(filter) ? filter.message : 'none';
  };
  t.equal(problemOf('tcp.prot == 80'), '"tcp.prot" is no field or protocol. Did you mean "tcp.port"?');
  t.equal(problemOf('tcp port'), 'a number is needed here');
});

t.test('no bytes and no text make it throw', async (t) => {
  const filters = GOLDEN.map(([expression]) => compiled(compilePcapFilter(expression)));
  const run = (packet: Uint8Array) => {
    for (const filter of filters) filter.matches(packet);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), run), { numRuns: 300 });
  fc.assert(
    fc.property(fc.constantFrom(...PACKETS), fc.nat(150), fc.nat(60), fc.nat(255), (packet, cut, at, value) => {
      const copy = packet.slice(0, Math.max(0, packet.length - cut));
      if (at < copy.length) copy[at] = value;
      run(copy);
    }),
    { numRuns: 500 },
  );
  const word = fc.constantFrom(
    ...[
      'tcp',
      'port',
      '80',
      'host',
      '10.0.0.1',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
      'src',
      'net',
      '/',
      '8',
      ':',
      '=',
    ],
    ...[
      'ether',
      'len',
      '&',
      '-',
      'vlan',
      'portrange',
      'proto',
      '\\tcp',
      'mask',
      '02:00:00:00:00:0a',
      'tcp-syn',
      'less',
    ],
  );
  const isSane = (text: string) => {
    const filter = compilePcapFilter(text);
    if (!isFilterError(filter)) for (const packet of PACKETS) filter.matches(packet);
    else if (!(filter.column >= 1 && filter.column <= text.length + 1)) throw new Error(`column ${filter.column}`);
  };
  fc.assert(
    fc.property(fc.array(word, { maxLength: 10 }), (words) => isSane(words.join(' '))),
    { numRuns: 3000 },
  );
  fc.assert(fc.property(fc.string({ maxLength: 40, unit: 'binary' }), isSane), { numRuns: 1000 });
  t.pass('nothing was thrown');
});
