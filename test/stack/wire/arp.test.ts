import fc from 'fast-check';
import t from 'tap';
import { parseIpv4 } from '../../../devices/stack/wire/address.js';
import {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  emitArp,
  formatArp,
  parseArp,
} from '../../../devices/stack/wire/arp.js';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  ipv4Address,
  macAddress,
  parsesOrRefuses,
  parsesOrRefusesMutations,
  roundTrips,
} from '../../support/arbitraries.js';

const A = parseIpv4('192.168.1.2')!;
const B = parseIpv4('192.168.1.3')!;
const REQUEST: ArpPacket = {
  operation: ARP_REQUEST,
  senderMac: 0x020000000001,
  senderIp: A,
  targetMac: 0,
  targetIp: B,
};
const GOLDEN_REQUEST = '0001 0800 06 04 0001 020000000001 c0a80102 000000000000 c0a80103';
const REPLY: ArpPacket = {
  operation: ARP_REPLY,
  senderMac: 0x020000000002,
  senderIp: B,
  targetMac: 0x020000000001,
  targetIp: A,
};
const GOLDEN_REPLY = '0001 0800 06 04 0002 020000000002 c0a80103 020000000001 c0a80102';

const packets: fc.Arbitrary<ArpPacket> = fc.record({
  operation: fc.constantFrom(ARP_REQUEST, ARP_REPLY),
  senderMac: macAddress,
  senderIp: ipv4Address,
  targetMac: macAddress,
  targetIp: ipv4Address,
});

t.test('golden: request and reply', async (t) => {
  t.equal(toHex(emitArp(REQUEST)), toHex(fromHex(GOLDEN_REQUEST)));
  t.same(parseArp(fromHex(GOLDEN_REQUEST)), REQUEST);
  t.equal(toHex(emitArp(REPLY)), toHex(fromHex(GOLDEN_REPLY)));
  t.same(parseArp(fromHex(GOLDEN_REPLY)), REPLY);
});

t.test('as lines', async (t) => {
  t.equal(formatArp(REQUEST), 'ARP who has 192.168.1.3? tell 192.168.1.2');
  t.equal(formatArp(REPLY), 'ARP 192.168.1.3 is at 02:00:00:00:00:02');
  t.equal(formatArp({ ...REQUEST, targetIp: A }), 'ARP announcement for 192.168.1.2');
  t.equal(formatArp({ ...REQUEST, senderIp: 0 }), 'ARP probe for 192.168.1.3');
});

t.test('padding behind the packet is ignored', async (t) => {
  t.same(parseArp(fromHex(GOLDEN_REQUEST + '00'.repeat(18))), REQUEST);
});

t.test('what is not ARP for IPv4 over Ethernet is refused with the reason', async (t) => {
  const refused = (hex: string) => parseArp(fromHex(hex));
  t.same(refused(GOLDEN_REQUEST.slice(0, -2)), { malformed: 'arp truncated' });
  t.same(refused(GOLDEN_REQUEST.replace(/^0001/, '0006')), { malformed: 'arp hardware is not ethernet' });
  t.same(refused(GOLDEN_REQUEST.replace(' 06 ', ' 08 ')), { malformed: 'arp hardware is not ethernet' });
  t.same(refused(GOLDEN_REQUEST.replace('0800', '86dd')), { malformed: 'arp protocol is not ipv4' });
  t.same(refused(GOLDEN_REQUEST.replace('04 0001', '10 0001')), { malformed: 'arp protocol is not ipv4' });
  t.same(refused(GOLDEN_REQUEST.replace('04 0001', '04 0003')), { malformed: 'arp operation unknown' });
});

t.test('parse and emit are inverse; any bytes parse or are refused', async () => {
  roundTrips(packets, emitArp, parseArp);
  parsesOrRefuses(parseArp);
  parsesOrRefusesMutations(packets, emitArp, parseArp);
});
