import fc from 'fast-check';
import t from 'tap';
import { Arrivals } from '../../../devices/apps/iperf/arrivals.js';
import {
  DATAGRAM_HEADER_LENGTH,
  readDatagramHeader,
  writeDatagramHeader,
} from '../../../devices/apps/iperf/datagram-header.js';

t.test('gaps are lost until they are filled; what comes twice is left out', async (t) => {
  const arrivals = new Arrivals();
  for (const sequence of [1, 2, 5, 3, 5, 2, 8]) arrivals.arrived(sequence, 100, sequence, sequence);
  t.match(arrivals, { packets: 8, lost: 3, outOfOrder: 1, bytes: 500 }, 'of 1 to 8 there are 1, 2, 3, 5 and 8');
  arrivals.sentInAll(10);
  t.match(arrivals, { packets: 10, lost: 5 }, 'the last ones do not show as gaps');
  arrivals.sentInAll(4);
  t.equal(arrivals.packets, 10);
});

t.test('jitter by RFC 3550: a sixteenth of how much the time on the way differs', async (t) => {
  const arrivals = new Arrivals();
  arrivals.arrived(1, 1, 1000, 20);
  t.equal(arrivals.jitterMs, 0, 'clocks may differ');
  arrivals.arrived(2, 1, 1010, 30 + 16);
  t.equal(arrivals.jitterMs, 1);
  arrivals.arrived(3, 1, 1020, 40 + 16);
  t.equal(arrivals.jitterMs, 1 - 1 / 16);
});

t.test('in any order, with any repeated: what came is counted once', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 })), (sequences) => {
      const arrivals = new Arrivals();
      for (const sequence of sequences) arrivals.arrived(sequence, 1, 0, 0);
      const came = new Set(sequences);
      const highest = Math.max(0, ...sequences);
      return arrivals.bytes === came.size && arrivals.packets === highest && arrivals.lost === highest - came.size;
    }),
  );
});

t.test('a gap as large as nobody can make it costs no memory', async (t) => {
  const arrivals = new Arrivals();
  arrivals.arrived(Number.MAX_SAFE_INTEGER, 1, 0, 0);
  t.equal(arrivals.lost, Number.MAX_SAFE_INTEGER - 1);
  t.ok(arrivals.arrived(Number.MAX_SAFE_INTEGER - 65_536, 1, 0, 0));
  t.notOk(arrivals.arrived(Number.MAX_SAFE_INTEGER - 65_537, 1, 0, 0), 'too old to be told from one repeated');
});

t.test('the header of a datagram', async (t) => {
  const datagram = Buffer.alloc(20, '0123456789');
  writeDatagramHeader(datagram, { sequence: 0x1_0000_0002, sentMs: 3_000_001.5 });
  t.equal(datagram.toString('hex'), '00000bb8000005dc000000010000000236373839');
  t.same(readDatagramHeader(datagram), { sequence: 0x1_0000_0002, sentMs: 3_000_001.5 });
  t.equal(readDatagramHeader(datagram.subarray(0, DATAGRAM_HEADER_LENGTH - 1)), undefined);
  t.equal(readDatagramHeader(Buffer.alloc(16)), undefined, 'nothing is number 0');
  t.equal(readDatagramHeader(Buffer.alloc(16, 255)), undefined);
});
