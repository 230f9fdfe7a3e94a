import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../../devices/stack/wire/bytes.js';
import { readRecords, recordLength, writeRecord } from '../../../devices/stack/wire/native.js';
import { bytes } from '../../support/arbitraries.js';

function write(packets: readonly Uint8Array[]): Uint8Array {
  const datagram = new Uint8Array(packets.reduce((sum, packet) => sum + recordLength(packet), 0));
  let at = 0;
  for (const packet of packets) at = writeRecord(datagram, at, packet);
  return datagram;
}

function read(datagram: Uint8Array): { packets: string[]; whole: boolean } {
  const packets: string[] = [];
  const whole = readRecords(datagram, (packet) => packets.push(toHex(packet)));
  return { packets, whole };
}

t.test('golden: two records in a datagram', async (t) => {
  const datagram = fromHex('0003 5555d5 0001 aa');
  t.equal(toHex(write([fromHex('5555d5'), fromHex('aa')])), toHex(datagram));
  t.same(read(datagram), { packets: ['5555d5', 'aa'], whole: true });
});

t.test('the length is big-endian and counts what follows it', async (t) => {
  const datagram = write([new Uint8Array(1526)]);
  t.equal(toHex(datagram.subarray(0, 2)), '05f6');
  t.equal(datagram.length, 1528);
});

t.test('a datagram without any byte holds no record, and is whole', async (t) => {
  t.same(read(new Uint8Array(0)), { packets: [], whole: true });
});

t.test('of a truncated datagram the whole records are read and the rest is told', async (t) => {
  const datagram = fromHex('0002 0102 0003 030405');
  t.same(read(datagram.subarray(0, 4)), { packets: ['0102'], whole: true });
  for (const length of [5, 6, 7, 8]) t.same(read(datagram.subarray(0, length)), { packets: ['0102'], whole: false });
  for (const length of [1, 2, 3]) t.same(read(datagram.subarray(0, length)), { packets: [], whole: false });
});

t.test('an empty record ends the reading', async (t) => {
  t.same(read(fromHex('0001 aa 0000 0001 bb')), { packets: ['aa'], whole: false });
});

t.test('packets are views: nothing is copied', async (t) => {
  const datagram = fromHex('0001 aa');
  readRecords(datagram, (packet) => {
    t.equal(packet.buffer, datagram.buffer);
  });
});

t.test('read gives back what was written; any bytes are read without an exception', async () => {
  fc.assert(
    fc.property(fc.array(bytes(80, 1), { maxLength: 6 }), (packets) => {
      const { packets: back, whole } = read(write(packets));
      return whole && back.join() === packets.map(toHex).join();
    }),
  );
  fc.assert(
    fc.property(bytes(80), (datagram) => {
      const { packets } = read(datagram);
      return packets.join('').length / 2 <= datagram.length;
    }),
  );
});
