import fc from 'fast-check';
import t from 'tap';
import { type CapturedFrame, decodeCapture, encodeCapture } from '../../devices/control.js';
import { fromHex, toHex } from '../../devices/stack/wire/bytes.js';
import { bytes, u16 } from '../support/arbitraries.js';

const SENT: CapturedFrame = {
  interfaceIndex: 2,
  at: 1.5,
  direction: 'out',
  dropped: '',
  fault: '',
  packet: fromHex('aabbcc'),
};
const LOST: CapturedFrame = {
  interfaceIndex: 0,
  at: 0,
  direction: 'in',
  dropped: 'runt',
  fault: 'fault-3: loss 20%',
  packet: fromHex('01'),
};
const GOLDEN = `0000000f 3ff8000000000000 0002 01 00 aabbcc
                00000023 0000000000000000 0000 00 16 72756e74 0a 6661756c742d333a206c6f73732032302501`;

const frames: fc.Arbitrary<CapturedFrame[]> = fc.array(
  fc.record({
    interfaceIndex: u16,
    at: fc.double({ noNaN: true }),
    direction: fc.constantFrom('in', 'out'),
    dropped: fc.string({ maxLength: 20 }).filter((text) => !text.includes('\n')),
    fault: fc.string({ maxLength: 20 }).filter((text) => !text.includes('\n')),
    packet: bytes(80),
  }),
  { maxLength: 5 },
);

const plain = (list: readonly CapturedFrame[]) =>
  list.map((frame) => ({ ...frame, at: String(frame.at), packet: toHex(frame.packet) }));

t.test('golden: two records', async (t) => {
  t.equal(toHex(encodeCapture([SENT, LOST])), toHex(fromHex(GOLDEN)));
  t.same(decodeCapture(fromHex(GOLDEN)), [SENT, LOST]);
  t.same(decodeCapture(new Uint8Array(0)), []);
});

t.test('decode gives back what was encoded, out of the middle of a larger buffer too', async (t) => {
  fc.assert(
    fc.property(frames, fc.nat(7), (list, offset) => {
      const encoded = encodeCapture(list);
      const around = new Uint8Array(encoded.length + 16);
      around.set(encoded, offset);
      t.strictSame(plain(decodeCapture(around.subarray(offset, offset + encoded.length))), plain(list));
    }),
    { numRuns: 50 },
  );
});

t.test('a reason longer than 255 bytes is cut', async (t) => {
  const [frame] = decodeCapture(encodeCapture([{ ...LOST, dropped: 'x'.repeat(300) }]));
  t.equal(frame.dropped, 'x'.repeat(255));
  t.same(frame.packet, LOST.packet);
});

t.test('the mark of a fault that has no room is shortened between words; its id is there', async (t) => {
  const marked = (dropped: string, fault: string) =>
    decodeCapture(encodeCapture([{ ...LOST, dropped, fault }]))[0] as CapturedFrame;
  const title = Array.from({ length: 60 }, (_, n) => `Wort${n}`).join(' ');
  const { dropped, fault } = marked('chaosDrop', `fault-12: ${title}`);
  t.equal(dropped, 'chaosDrop');
  t.match(fault, /^fault-12: Wort0 .* Wort\d+ …$/);
  t.ok(fault.length > 230, `${fault.length} of them`);
  t.ok(`fault-12: ${title}`.startsWith(fault.slice(0, -1)));
  const long = marked('', `fault-12: ${'ü'.repeat(200)}`);
  t.equal(long.fault, `fault-12: ${'ü'.repeat(120)}…`, 'one word: between letters');
  t.equal(
    marked('', `fault-1: ${'x'.repeat(245)}`).fault,
    `fault-1: ${'x'.repeat(245)}`,
    'with the line feed 255 bytes',
  );
});

t.test('a message that is cut anywhere but between records is refused', async (t) => {
  const whole = fromHex(GOLDEN);
  const border = 19;
  for (let length = 1; length < whole.length; length++) {
    if (length === border) t.same(decodeCapture(whole.subarray(0, length)), [SENT]);
    else t.throws(() => decodeCapture(whole.subarray(0, length)), RangeError, `${length} bytes`);
  }
});

t.test('a reason that reaches behind its record is refused', async (t) => {
  const wrong = fromHex(GOLDEN);
  wrong[15] = 4;
  t.throws(() => decodeCapture(wrong), RangeError);
});

t.test('any bytes are decoded or refused', async () => {
  fc.assert(
    fc.property(bytes(80), (input) => {
      try {
        return decodeCapture(input).every((frame) => frame.packet.length <= input.length);
      } catch (error) {
        return error instanceof RangeError;
      }
    }),
  );
});
