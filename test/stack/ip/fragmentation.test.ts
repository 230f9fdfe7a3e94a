import fc from 'fast-check';
import t from 'tap';
import { Timers } from '../../../devices/stack/clock.js';
import { Counters } from '../../../devices/stack/counters.js';
import { copiedOptions, fragment, totalLength } from '../../../devices/stack/ip/fragmentation.js';
import { Reassembly } from '../../../devices/stack/ip/reassembly.js';
import { ipv4Packet } from '../../support/stack-bench.js';

function packetOf(length: number, rest = {}) {
  const payload = Uint8Array.from({ length }, (_, index) => index % 251);
  return ipv4Packet('10.0.0.1', '10.0.0.2', { payload, ...rest });
}

t.test('what fits is left alone', async (t) => {
  const packet = packetOf(1480);
  t.same(fragment(packet, 1500), [packet]);
});

t.test('4000 bytes over Ethernet: the fragments that every textbook shows', async (t) => {
  const fragments = fragment(packetOf(3980), 1500);
  t.same(
    fragments.map((each) => [totalLength(each), each.fragmentOffset, each.moreFragments]),
    [
      [1500, 0, true],
      [1500, 1480, true],
      [1040, 2960, false],
    ],
  );
  t.same([...new Set(fragments.map((each) => each.identification))], [7]);
});

t.test('a fragment is cut further: offsets go on, only the last of the last has no more', async (t) => {
  const middle = packetOf(1480, { fragmentOffset: 1480, moreFragments: true });
  t.same(
    fragment(middle, 596).map((each) => [each.fragmentOffset, each.payload.length, each.moreFragments]),
    [
      [1480, 576, true],
      [2056, 576, true],
      [2632, 328, true],
    ],
  );
});

t.test('only options with the copied bit go into later fragments', async (t) => {
  // Record route (7, not copied), no-operation, stream identifier (136, copied).
  const options = Uint8Array.of(7, 3, 4, 1, 136, 4, 9, 9, 0, 0, 0, 0);
  t.same(copiedOptions(options), Uint8Array.of(136, 4, 9, 9));
  t.same(copiedOptions(Uint8Array.of(1, 131, 3, 4)), Uint8Array.of(131, 3, 4, 0), 'padded');
  t.same(copiedOptions(Uint8Array.of(136, 9, 0, 0)), Uint8Array.of(), 'a length beyond the end ends the list');
  t.same(copiedOptions(Uint8Array.of(136, 0, 0, 0)), Uint8Array.of(), 'and so does one that cannot be');
  const [first, second] = fragment(packetOf(200, { options }), 132);
  t.same([first.options, first.payload.length], [options, 96]);
  t.same([second.options, second.payload.length], [Uint8Array.of(136, 4, 9, 9), 104]);
});

t.test('fragments of any packet over any links come together again, in any order', async (t) => {
  const mtu = fc.integer({ min: 68, max: 1500 });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4000 }),
      mtu,
      mtu,
      fc.infiniteStream(fc.nat()),
      (length, near, far, order) => {
        const packet = packetOf(length);
        const pieces = fragment(packet, near).flatMap((each) => fragment(each, far));
        t.ok(pieces.every((each) => totalLength(each) <= Math.min(near, far) || pieces.length === 1));
        if (pieces.length === 1) return;
        const reassembly = new Reassembly({ timers: new Timers(), counters: new Counters(), onTimeout: () => {} });
        const shuffled = pieces
          .map((each) => ({ each, key: order.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => reassembly.add(each));
        t.same(shuffled.pop(), packet);
        t.ok(shuffled.every((each) => each === undefined));
        t.equal(reassembly.pending, 0);
      },
    ),
    { numRuns: 50 },
  );
});
