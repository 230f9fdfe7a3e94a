import { crc32 as nativeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { crc32, readFcs, writeFcs } from '../../../devices/stack/wire/fcs.js';
import { bytes, u32 } from '../../support/arbitraries.js';

t.test('the check value of CRC-32', async (t) => {
  t.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
  t.equal(crc32(new Uint8Array(0)), 0);
});

t.test('the same as the native one', async () => {
  fc.assert(fc.property(bytes(300), (message) => crc32(message) === nativeCrc32(message)));
});

t.test('on the wire the least significant byte comes first', async (t) => {
  const out = new Uint8Array(4);
  writeFcs(out, 0, 0x12345678);
  t.same(out, Uint8Array.of(0x78, 0x56, 0x34, 0x12));
  fc.assert(
    fc.property(u32, (fcs) => {
      writeFcs(out, 0, fcs);
      return readFcs(out, 0) === fcs;
    }),
  );
});

t.test('IEEE 802.3: a frame and its FCS together leave the residue', async () => {
  fc.assert(
    fc.property(bytes(100), (frame) => {
      const whole = new Uint8Array(frame.length + 4);
      whole.set(frame);
      writeFcs(whole, frame.length, crc32(frame));
      return crc32(whole) === 0x2144df1c;
    }),
  );
});
