import fc from 'fast-check';
import t from 'tap';
import { parseIpv4 } from '../../../devices/stack/wire/address.js';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import { emitUdp, formatUdp, parseUdp, type UdpDatagram } from '../../../devices/stack/wire/udp.js';
import { bytes, parsesOrRefuses, parsesOrRefusesMutations, roundTrips, u16 } from '../../support/arbitraries.js';

const SRC = parseIpv4('10.10.1.101')!;
const DST = parseIpv4('192.168.1.100')!;
const emit = (datagram: UdpDatagram) => emitUdp(datagram, SRC, DST);
const parse = (bytes: Uint8Array) => parseUdp(bytes, SRC, DST);

const HELLO: UdpDatagram = { srcPort: 5353, dstPort: 53, payload: new TextEncoder().encode('hello') };
const GOLDEN = '14e9 0035 000d d968 68656c6c6f';

const datagrams: fc.Arbitrary<UdpDatagram> = fc.record({ srcPort: u16, dstPort: u16, payload: bytes(100) });

t.test('golden: a datagram of odd length', async (t) => {
  t.equal(toHex(emit(HELLO)), toHex(fromHex(GOLDEN)));
  t.same(parse(fromHex(GOLDEN)), HELLO);
  t.equal(formatUdp(HELLO), 'UDP 5353 > 53 5 bytes');
});

t.test('RFC 768: a checksum that computes to zero is sent as all ones', async (t) => {
  const datagram = { srcPort: 1, dstPort: 2, payload: fromHex('325c') };
  t.equal(toHex(emit(datagram)), '00010002000affff325c');
  t.same(parse(fromHex('00010002000affff325c')), datagram);
});

t.test('RFC 768: a checksum of zero means that there is none', async (t) => {
  t.same(parse(fromHex(GOLDEN.replace('d968', '0000'))), HELLO);
});

t.test('the length field decides, not what follows it', async (t) => {
  t.same(parse(fromHex(`${GOLDEN} 000000`)), HELLO);
});

t.test('what is not sound is refused with the reason', async (t) => {
  t.same(parse(fromHex(GOLDEN).subarray(0, 7)), { malformed: 'udp header truncated' });
  t.same(parse(fromHex(GOLDEN).subarray(0, 12)), { malformed: 'udp length' });
  t.same(parse(fromHex(GOLDEN.replace('000d', '0007'))), { malformed: 'udp length' });
  t.same(parse(fromHex(GOLDEN.replace('d968', 'd969'))), { malformed: 'udp checksum' });
  t.same(parseUdp(fromHex(GOLDEN), SRC, DST + 1), { malformed: 'udp checksum' }, 'the addresses are covered');
});

t.test('parse and emit are inverse; any bytes parse or are refused', async () => {
  roundTrips(datagrams, emit, parse);
  parsesOrRefuses(parse);
  parsesOrRefusesMutations(datagrams, emit, parse);
});
