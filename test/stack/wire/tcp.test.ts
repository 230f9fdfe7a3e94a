import fc from 'fast-check';
import t from 'tap';
import { parseIpv4 } from '../../../devices/stack/wire/address.js';
import { fromHex, toHex, writeU16 } from '../../../devices/stack/wire/bytes.js';
import { finishSum, partialSum, pseudoHeaderSum } from '../../../devices/stack/wire/checksum.js';
import { PROTOCOL_TCP } from '../../../devices/stack/wire/ipv4.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import {
  ACK,
  emitTcp,
  formatTcp,
  formatTcpFlags,
  PSH,
  parseTcp,
  SYN,
  type TcpOptions,
  type TcpSegment,
  tcpOptionsLength,
} from '../../../devices/stack/wire/tcp.js';
import {
  bytes,
  parsesOrRefuses,
  parsesOrRefusesMutations,
  roundTrips,
  u8,
  u16,
  u32,
} from '../../support/arbitraries.js';

const SRC = parseIpv4('10.10.1.101')!;
const DST = parseIpv4('192.168.1.100')!;
const emit = (segment: TcpSegment) => emitTcp(segment, SRC, DST);
const parse = (bytes: Uint8Array) => parseTcp(bytes, SRC, DST);

const FIRST: TcpSegment = {
  srcPort: 40000,
  dstPort: 80,
  seq: 0x11223344,
  ack: 0,
  flags: SYN,
  window: 64240,
  urgentPointer: 0,
  options: { mss: 1460, sackPermitted: true, timestamps: { value: 100, echo: 0 }, windowScale: 7 },
  payload: new Uint8Array(0),
};
const GOLDEN_SYN = '9c40 0050 11223344 00000000 a002 faf0 9e39 0000 020405b4 0402 080a0000006400000000 01 030307';
const REQUEST: TcpSegment = {
  ...FIRST,
  seq: 0xfffffffe,
  ack: 0x55667788,
  flags: PSH | ACK,
  window: 502,
  options: {},
  payload: new TextEncoder().encode('GET / HTTP/1.1\r\n'),
};
const GOLDEN_REQUEST = '9c40 0050 fffffffe 55667788 5018 01f6 a536 0000 474554202f20485454502f312e310d0a';
const SELECTIVE = parseTcp(
  fromHex('0050 9c40 00000005 00000006 c010 0001 3104 0000 080a0000000700000009 0512000003e8000007d000000bb880000000'),
  SRC,
  DST,
);

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const options: fc.Arbitrary<TcpOptions> = fc
  .record({
    mss: optional(u16),
    windowScale: optional(fc.nat(14)),
    sackPermitted: optional(fc.constant(true)),
    sack: optional(fc.array(fc.record({ left: u32, right: u32 }), { minLength: 1, maxLength: 4 })),
    timestamps: optional(fc.record({ value: u32, echo: u32 })),
  })
  .filter((candidate) => tcpOptionsLength(candidate) <= 40);
const segments: fc.Arbitrary<TcpSegment> = fc.record({
  srcPort: u16,
  dstPort: u16,
  seq: u32,
  ack: u32,
  flags: u8,
  window: u16,
  urgentPointer: u16,
  options,
  payload: bytes(100),
});

t.test('golden: a SYN with the options of today', async (t) => {
  t.equal(toHex(emit(FIRST)), toHex(fromHex(GOLDEN_SYN)));
  t.same(parse(fromHex(GOLDEN_SYN)), FIRST);
  t.equal(tcpOptionsLength(FIRST.options), 20);
});

t.test('golden: data', async (t) => {
  t.equal(toHex(emit(REQUEST)), toHex(fromHex(GOLDEN_REQUEST)));
  t.same(parse(fromHex(GOLDEN_REQUEST)), REQUEST);
});

t.test('golden: selective acknowledgement beside timestamps', async (t) => {
  t.match(SELECTIVE, {
    flags: ACK,
    window: 1,
    options: {
      timestamps: { value: 7, echo: 9 },
      sack: [
        { left: 1000, right: 2000 },
        { left: 3000, right: 0x80000000 },
      ],
    },
  });
});

t.test('as lines', async (t) => {
  t.equal(formatTcp(FIRST), 'TCP 40000 > 80 [SYN] seq 287454020 win 64240 len 0');
  t.equal(formatTcp(REQUEST), 'TCP 40000 > 80 [PSH, ACK] seq 4294967294 ack 1432778632 win 502 len 16');
  t.equal(formatTcpFlags(0xff), 'FIN, SYN, RST, PSH, ACK, URG, ECE, CWR');
});

/** What the parser makes of these options, written as hexadecimal and padded with zeros. */
function optionsOf(hex: string): TcpOptions | string {
  const list = fromHex(hex);
  const length = (list.length + 3) & ~3;
  const segment = new Uint8Array(20 + length);
  segment[12] = ((20 + length) / 4) << 4;
  segment.set(list, 20);
  writeU16(segment, 16, finishSum(partialSum(segment, pseudoHeaderSum(SRC, DST, PROTOCOL_TCP, segment.length))));
  const parsed = parse(segment);
  return isMalformed(parsed) ? parsed.malformed : parsed.options;
}

t.test('RFC 9293 MUST-6: unknown options and NOPs are skipped', async (t) => {
  t.same(optionsOf('01 01 fd06deadbeef 020405b4 1e03ff 030302'), { mss: 1460, windowScale: 2 });
});

t.test('what follows the end of the list is ignored', async (t) => {
  t.same(optionsOf('00 020405b4'), {});
});

t.test('RFC 9293 MUST-7: an illegal length ends the list, what came before it counts', async (t) => {
  t.same(optionsOf('020405b4 0300 0402'), { mss: 1460 });
  t.same(optionsOf('020405b4 0301 0402'), { mss: 1460 });
  t.same(optionsOf('020405b4 08ff 0402'), { mss: 1460 });
  t.same(optionsOf('020405b4 01 01 01 03'), { mss: 1460 }, 'a kind without its length');
});

t.test('known options of the wrong length are skipped', async (t) => {
  t.same(optionsOf('0203ff 0304ffff 0403ff 0506ffffffff 0804ffff 030301'), { windowScale: 1 });
});

t.test('RFC 7323 section 2.3: a shift above 14 counts as 14', async (t) => {
  t.same(optionsOf('0303ff'), { windowScale: 14 });
});

t.test('options that do not fit are the caller’s mistake', async (t) => {
  const block = { left: 1, right: 2 };
  const sack = [block, block, block, block];
  t.throws(() => emit({ ...FIRST, options: { sack, timestamps: { value: 1, echo: 1 } } }), RangeError);
  t.equal(emit({ ...FIRST, options: { sack } }).length, 56);
});

t.test('what is not sound is refused with the reason', async (t) => {
  t.same(parse(fromHex(GOLDEN_REQUEST).subarray(0, 19)), { malformed: 'tcp header truncated' });
  t.same(parse(fromHex(GOLDEN_REQUEST.replace('5018', '4018'))), { malformed: 'tcp data offset' });
  t.same(parse(fromHex(GOLDEN_REQUEST.replace('5018', 'f018'))), { malformed: 'tcp data offset' });
  t.same(parse(fromHex(GOLDEN_REQUEST.replace('a536', 'a537'))), { malformed: 'tcp checksum' });
  t.same(parseTcp(fromHex(GOLDEN_REQUEST), SRC + 1, DST), { malformed: 'tcp checksum' }, 'the addresses are covered');
});

t.test('parse and emit are inverse; any bytes parse or are refused', async () => {
  roundTrips(segments, emit, parse);
  parsesOrRefuses(parse);
  parsesOrRefusesMutations(segments, emit, parse);
});

t.test('any list of options parses, and only to legal values', async () => {
  fc.assert(
    fc.property(bytes(40), (list) => {
      const parsed = optionsOf(toHex(list));
      if (typeof parsed === 'string') return false;
      const { mss = 0, windowScale = 0, sack = [] } = parsed;
      return mss <= 0xffff && windowScale <= 14 && sack.every(({ left, right }) => left >= 0 && right >= 0);
    }),
  );
});
