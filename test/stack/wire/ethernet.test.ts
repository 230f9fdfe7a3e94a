import fc from 'fast-check';
import t from 'tap';
import { BROADCAST_MAC } from '../../../devices/stack/wire/address.js';
import { equalBytes, fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import {
  checkPacket,
  ETHERTYPE_ARP,
  type EthernetFrame,
  emitEthernet,
  emitPacket,
  formatEthernet,
  frameOf,
  packetFromFrame,
  parseEthernet,
} from '../../../devices/stack/wire/ethernet.js';
import { crc32 } from '../../../devices/stack/wire/fcs.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { bytes, macAddress, parsesOrRefuses, u16 } from '../../support/arbitraries.js';

const ARP_REQUEST = fromHex('0001080006040001020000000001c0a80102000000000000c0a80103');
const GOLDEN = `ffffffffffff 020000000001 0806 ${toHex(ARP_REQUEST)} ${'00'.repeat(18)}`;
const FRAME: EthernetFrame = {
  dst: BROADCAST_MAC,
  src: 0x020000000001,
  etherType: ETHERTYPE_ARP,
  payload: ARP_REQUEST,
};

const frames: fc.Arbitrary<EthernetFrame> = fc.record({
  dst: macAddress,
  src: macAddress,
  etherType: u16,
  payload: bytes(200),
});

t.test('golden: an ARP request, padded to 60 bytes', async (t) => {
  t.equal(toHex(emitEthernet(FRAME)), toHex(fromHex(GOLDEN)));
  t.same(parseEthernet(fromHex(GOLDEN)), { ...FRAME, payload: fromHex(toHex(ARP_REQUEST) + '00'.repeat(18)) });
  t.equal(formatEthernet(FRAME), '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff 0x0806 28 bytes');
});

t.test('golden: the whole packet with preamble, SFD and FCS', async (t) => {
  const packet = fromHex(`55555555555555 d5 ${GOLDEN} d7be656b`);
  t.equal(toHex(emitPacket(FRAME, crc32)), toHex(packet));
  t.equal(toHex(packetFromFrame(emitEthernet(FRAME), crc32)), toHex(packet));
  t.equal(checkPacket(packet, 1500, crc32), undefined);
  t.equal(toHex(frameOf(packet)), toHex(fromHex(GOLDEN)));
});

t.test('parse and emit are inverse, but for the padding', async () => {
  fc.assert(
    fc.property(frames, (frame) => {
      const packet = emitPacket(frame, crc32);
      const parsed = parseEthernet(frameOf(packet));
      return (
        !isMalformed(parsed) &&
        checkPacket(packet, 1500, crc32) === undefined &&
        parsed.dst === frame.dst &&
        parsed.src === frame.src &&
        parsed.etherType === frame.etherType &&
        parsed.payload.length === Math.max(46, frame.payload.length) &&
        equalBytes(parsed.payload.subarray(0, frame.payload.length), frame.payload) &&
        parsed.payload.subarray(frame.payload.length).every((byte) => byte === 0)
      );
    }),
  );
});

t.test('any bytes parse or are refused', async () => {
  parsesOrRefuses(parseEthernet);
});

t.test('any bytes are judged as packets, and every single flipped bit is found', async () => {
  fc.assert(fc.property(bytes(120), (packet) => checkPacket(packet, 1500, crc32) !== undefined));
  fc.assert(
    fc.property(frames, fc.nat(), (frame, place) => {
      const packet = emitPacket(frame, crc32);
      const bit = place % (packet.length * 8);
      packet[bit >>> 3] ^= 1 << (bit & 7);
      return checkPacket(packet, 1500, crc32) === (bit < 64 ? 'badPreamble' : 'badFcs');
    }),
  );
});

t.test('lengths: 60 bytes at least, MTU and one VLAN tag at most', async (t) => {
  const packet = (frameLength: number) => packetFromFrame(new Uint8Array(frameLength), crc32);
  t.equal(checkPacket(packet(60), 1500, crc32), undefined);
  t.equal(checkPacket(packet(60).subarray(0, 71), 1500, crc32), 'runt');
  t.equal(checkPacket(packet(1514), 1500, crc32), undefined);
  t.equal(checkPacket(packet(1515), 1500, crc32), 'giant');
  const tagged = new Uint8Array(1518);
  tagged.set([0x81, 0x00], 12);
  t.equal(checkPacket(packetFromFrame(tagged, crc32), 1500, crc32), undefined);
  t.equal(checkPacket(packet(1519), 1500, crc32), 'giant');
  t.equal(checkPacket(packet(1519), 9000, crc32), undefined);
  t.equal(checkPacket(new Uint8Array(0), 1500, crc32), 'runt');
});
