import fc from 'fast-check';
import t from 'tap';
import { parseIpv4 } from '../../../devices/stack/wire/address.js';
import { fromHex, toHex, writeU16 } from '../../../devices/stack/wire/bytes.js';
import { internetChecksum } from '../../../devices/stack/wire/checksum.js';
import {
  emitIpv4,
  formatIpv4Packet,
  type Ipv4Packet,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parseIpv4Packet,
} from '../../../devices/stack/wire/ipv4.js';
import {
  bytes,
  ipv4Address,
  parsesOrRefuses,
  parsesOrRefusesMutations,
  roundTrips,
  u8,
  u16,
} from '../../support/arbitraries.js';

const WHOLE: Ipv4Packet = {
  src: parseIpv4('10.10.1.101')!,
  dst: parseIpv4('192.168.1.100')!,
  protocol: PROTOCOL_TCP,
  ttl: 64,
  tos: 0,
  identification: 1,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  options: fromHex('94040000'),
  payload: fromHex('78'),
};
const GOLDEN_OPTIONS = '46000019 00014000 4006d85e 0a0a0165 c0a80164 94040000 78';
const FRAGMENT: Ipv4Packet = {
  ...WHOLE,
  protocol: PROTOCOL_UDP,
  ttl: 63,
  tos: 0xb8,
  identification: 0xbeef,
  dontFragment: false,
  moreFragments: true,
  fragmentOffset: 1480,
  options: new Uint8Array(0),
  payload: new TextEncoder().encode('12345678'),
};
const GOLDEN_FRAGMENT = '45b8001c beef20b9 3f11cdf5 0a0a0165 c0a80164 3132333435363738';

const packets: fc.Arbitrary<Ipv4Packet> = fc.record({
  src: ipv4Address,
  dst: ipv4Address,
  protocol: u8,
  ttl: u8,
  tos: u8,
  identification: u16,
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(8191).map((units) => units * 8),
  options: fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
  payload: bytes(100),
});

t.test('golden: a packet with a router alert option, and a fragment', async (t) => {
  t.equal(toHex(emitIpv4(WHOLE)), toHex(fromHex(GOLDEN_OPTIONS)));
  t.same(parseIpv4Packet(fromHex(GOLDEN_OPTIONS)), WHOLE);
  t.equal(toHex(emitIpv4(FRAGMENT)), toHex(fromHex(GOLDEN_FRAGMENT)));
  t.same(parseIpv4Packet(fromHex(GOLDEN_FRAGMENT)), FRAGMENT);
});

t.test('golden: the header that textbooks show, with checksum b861', async (t) => {
  const bytes = new Uint8Array(0x73);
  bytes.set(fromHex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7'));
  t.match(parseIpv4Packet(bytes), {
    src: parseIpv4('192.168.0.1'),
    dst: parseIpv4('192.168.0.199'),
    protocol: PROTOCOL_UDP,
    ttl: 64,
    payload: { length: 95 },
  });
});

t.test('as lines', async (t) => {
  t.equal(formatIpv4Packet(WHOLE), 'IP 10.10.1.101 > 192.168.1.100 proto 6 ttl 64 1 bytes');
  t.equal(formatIpv4Packet(FRAGMENT), 'IP 10.10.1.101 > 192.168.1.100 proto 17 ttl 63 fragment 1480+ 8 bytes');
});

t.test('Ethernet padding behind the total length is cut off', async (t) => {
  t.same(parseIpv4Packet(fromHex(GOLDEN_FRAGMENT + '00'.repeat(18))), FRAGMENT);
});

t.test('what is not sound is refused with the reason', async (t) => {
  const refused = (change: (bytes: Uint8Array) => void, length = 28) => {
    const bytes = fromHex(GOLDEN_FRAGMENT);
    change(bytes);
    writeU16(bytes, 10, 0);
    writeU16(bytes, 10, internetChecksum(bytes.subarray(0, 20)));
    return parseIpv4Packet(bytes.subarray(0, length));
  };
  const unchanged = () => {};
  t.same(refused(unchanged, 19), { malformed: 'ipv4 header truncated' });
  t.same(refused(unchanged, 27), { malformed: 'ipv4 total length' });
  t.same(
    refused((b) => {
      b[0] = 0x65;
    }),
    { malformed: 'ip version is not 4' },
  );
  t.same(
    refused((b) => {
      b[0] = 0x44;
    }),
    { malformed: 'ipv4 header length' },
  );
  t.same(
    refused((b) => {
      b[0] = 0x4f;
    }),
    { malformed: 'ipv4 header length' },
  );
  t.same(
    refused((b) => {
      b[3] = 19;
    }),
    { malformed: 'ipv4 total length' },
  );
  const damaged = fromHex(GOLDEN_FRAGMENT);
  damaged[8] = 62;
  t.same(parseIpv4Packet(damaged), { malformed: 'ipv4 checksum' });
});

t.test('parse and emit are inverse; any bytes parse or are refused', async () => {
  roundTrips(packets, emitIpv4, parseIpv4Packet);
  parsesOrRefuses(parseIpv4Packet);
  parsesOrRefusesMutations(packets, emitIpv4, parseIpv4Packet);
});
