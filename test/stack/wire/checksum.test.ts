import fc from 'fast-check';
import t from 'tap';
import { fromHex, writeU16 } from '../../../devices/stack/wire/bytes.js';
import { finishSum, internetChecksum, partialSum } from '../../../devices/stack/wire/checksum.js';
import { bytes } from '../../support/arbitraries.js';

t.test('the example of RFC 1071 section 3', async (t) => {
  t.equal(internetChecksum(fromHex('0001 f203 f4f5 f6f7')), ~0xddf2 & 0xffff);
});

t.test('edges: nothing, an odd byte, many carries', async (t) => {
  t.equal(internetChecksum(new Uint8Array(0)), 0xffff);
  t.equal(internetChecksum(Uint8Array.of(0x12)), ~0x1200 & 0xffff);
  t.equal(internetChecksum(new Uint8Array(65_535).fill(0xff)), 0x00ff);
});

t.test('a message with its checksum filled in sums to zero', async () => {
  fc.assert(
    fc.property(bytes(100, 2), (message) => {
      writeU16(message, 0, 0);
      writeU16(message, 0, internetChecksum(message));
      return internetChecksum(message) === 0;
    }),
  );
});

t.test('sums of parts add up to the sum of the whole', async () => {
  fc.assert(
    fc.property(bytes(100), fc.nat(50), (message, half) => {
      const cut = Math.min(half * 2, message.length & ~1);
      return (
        finishSum(partialSum(message.subarray(cut), partialSum(message.subarray(0, cut)))) === internetChecksum(message)
      );
    }),
  );
});
