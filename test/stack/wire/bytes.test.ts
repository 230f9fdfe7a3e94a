import fc from 'fast-check';
import t from 'tap';
import {
  concatBytes,
  equalBytes,
  fromHex,
  readU16,
  readU32,
  toHex,
  writeU16,
  writeU32,
} from '../../../devices/stack/wire/bytes.js';
import { bytes, u16, u32 } from '../../support/arbitraries.js';

t.test('numbers stand in network byte order', async (t) => {
  const out = new Uint8Array(8);
  writeU16(out, 1, 0x1234);
  writeU32(out, 3, 0x89abcdef);
  t.equal(toHex(out), '00123489abcdef00');
  fc.assert(
    fc.property(u16, u32, (a, b) => {
      writeU16(out, 0, a);
      writeU32(out, 2, b);
      return readU16(out, 0) === a && readU32(out, 2) === b;
    }),
  );
});

t.test('hexadecimal text both ways', async (t) => {
  t.same(fromHex('00 fF\n10'), Uint8Array.of(0, 255, 16));
  t.throws(() => fromHex('0'), RangeError);
  t.throws(() => fromHex('0g'), RangeError);
  fc.assert(fc.property(bytes(40), (value) => equalBytes(fromHex(toHex(value)), value)));
});

t.test('joined and compared', async (t) => {
  t.same(concatBytes(), new Uint8Array(0));
  t.same(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3));
  t.ok(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
  t.notOk(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
  t.notOk(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1)));
});
