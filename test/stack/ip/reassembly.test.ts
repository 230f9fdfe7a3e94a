import t from 'tap';
import { Timers } from '../../../devices/stack/clock.js';
import { Counters } from '../../../devices/stack/counters.js';
import { REASSEMBLY_TIMEOUT_MS, Reassembly } from '../../../devices/stack/ip/reassembly.js';
import type { Ipv4Packet } from '../../../devices/stack/wire/ipv4.js';
import { ipv4Packet } from '../../support/stack-bench.js';

function bench(memoryBytes?: number) {
  const timers = new Timers();
  const counters = new Counters();
  const timedOut: Ipv4Packet[] = [];
  const onTimeout = (first: Ipv4Packet) => timedOut.push(first);
  const reassembly = new Reassembly({ timers, counters, onTimeout, memoryBytes });
  return { timers, counters, timedOut, reassembly };
}

/** Bytes `from` … `to` of a payload that counts up. */
function piece(from: number, to: number, rest: Partial<Ipv4Packet> = {}): Ipv4Packet {
  const payload = Uint8Array.from({ length: to - from }, (_, index) => from + index);
  return ipv4Packet('10.0.0.1', '10.0.0.2', { payload, fragmentOffset: from, moreFragments: true, ...rest });
}

function last(from: number, to: number): Ipv4Packet {
  return piece(from, to, { moreFragments: false });
}

t.test('the last piece, whichever it is, completes the datagram; the header is that of the first', async (t) => {
  const { reassembly, counters } = bench();
  t.equal(reassembly.add(last(16, 20)), undefined);
  t.equal(reassembly.add(piece(0, 8, { ttl: 9 })), undefined);
  const whole = reassembly.add(piece(8, 16));
  t.same(whole?.payload, piece(0, 20).payload);
  t.match(whole, { ttl: 9, fragmentOffset: 0, moreFragments: false });
  t.equal(counters.get('ipv4.reassembled'), 1);
  t.equal(reassembly.pending, 0);
});

t.test('datagrams differ by source, destination, protocol and identification', async (t) => {
  const { reassembly } = bench();
  reassembly.add(piece(0, 8));
  for (const other of [{ src: 1 }, { dst: 1 }, { protocol: 17 }, { identification: 8 }]) {
    t.equal(reassembly.add({ ...last(8, 16), ...other }), undefined);
  }
  t.equal(reassembly.pending, 5);
  t.equal(reassembly.add(last(8, 16))?.payload.length, 16);
});

t.test('a piece that comes twice does no harm', async (t) => {
  const { reassembly, counters } = bench();
  reassembly.add(piece(0, 8));
  reassembly.add(piece(0, 8));
  reassembly.add(last(16, 24));
  reassembly.add(last(16, 24));
  t.equal(counters.get('ipv4.fragmentDuplicate'), 2);
  t.equal(reassembly.add(piece(8, 16))?.payload.length, 24);
});

t.test('a piece of what is all there already is a duplicate too, as on Linux', async (t) => {
  const { reassembly, counters } = bench();
  reassembly.add(piece(0, 16));
  reassembly.add(piece(16, 32));
  reassembly.add(piece(8, 24));
  reassembly.add(last(40, 48));
  reassembly.add(piece(40, 48));
  t.equal(counters.get('ipv4.fragmentDuplicate'), 2);
  t.same(reassembly.add(piece(32, 40))?.payload, piece(0, 48).payload);
});

t.test('an overlap kills the datagram, what still comes of it too', async (t) => {
  for (const overlapping of [piece(8, 24), last(8, 24), last(0, 40)]) {
    const { reassembly, counters, timers, timedOut } = bench();
    reassembly.add(piece(0, 16));
    t.equal(reassembly.add(overlapping), undefined);
    t.equal(reassembly.add(piece(16, 24)), undefined);
    t.equal(reassembly.add(last(24, 32)), undefined);
    t.equal(counters.get('ipv4.fragmentOverlap'), 3);
    timers.advance(REASSEMBLY_TIMEOUT_MS);
    t.same(timedOut, [], 'nobody is told');
    t.equal(reassembly.pending, 0);
  }
});

t.test('two ends, or bytes behind the end, kill the datagram too', async (t) => {
  for (const [one, two] of [
    [last(8, 16), last(16, 24)],
    [last(8, 16), piece(16, 24)],
    [piece(16, 24), last(0, 8)],
  ]) {
    const { reassembly, counters } = bench();
    reassembly.add(one);
    reassembly.add(two);
    t.equal(counters.get('ipv4.fragmentOverlap'), 1);
  }
});

t.test('after 30 s it gives up, and says so when the first piece was there', async (t) => {
  const { reassembly, timers, timedOut, counters } = bench();
  reassembly.add(piece(0, 8));
  reassembly.add({ ...last(8, 16), identification: 99 });
  timers.advance(REASSEMBLY_TIMEOUT_MS - 1);
  reassembly.add(piece(8, 16));
  t.same(timedOut, []);
  timers.advance(REASSEMBLY_TIMEOUT_MS);
  t.same(timedOut, [piece(0, 8)], 'the time runs from the first arrival on');
  t.equal(counters.get('ipv4.reassemblyTimeout'), 2);
  t.equal(reassembly.add(last(16, 24)), undefined);
});

t.test('memory is bounded: the oldest datagrams go', async (t) => {
  const { reassembly, counters } = bench(10_000);
  for (let identification = 0; identification < 20; identification++) {
    reassembly.add(
      ipv4Packet('10.0.0.1', '10.0.0.2', { identification, moreFragments: true, payload: new Uint8Array(800) }),
    );
  }
  t.equal(reassembly.pending, 9, '800 bytes and twice 128 of overhead each');
  t.equal(counters.get('ipv4.reassemblyFull'), 11);
  t.ok(reassembly.add({ ...last(0, 8), fragmentOffset: 800, identification: 19 }));
  t.notOk(reassembly.add({ ...last(0, 8), fragmentOffset: 800, identification: 0 }));
});

t.test('impossible pieces are counted: empty, not a multiple of 8, beyond 65,535 bytes', async (t) => {
  const { reassembly, counters } = bench();
  reassembly.add(piece(8, 8));
  reassembly.add(piece(8, 15));
  reassembly.add(last(65_528, 65_536));
  t.equal(counters.get('ipv4.badFragment'), 3);
  t.equal(reassembly.pending, 0);
});
