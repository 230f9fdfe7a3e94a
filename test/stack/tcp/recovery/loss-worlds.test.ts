/** Random wires: every byte arrives, and nothing is sent again that need not be. */
import fc from 'fast-check';
import t from 'tap';
import { bytesOf, PEER, Pipe, type PipeOptions } from '../harness.js';

/** One direction, `size` bytes; what the sender has counted, and whether all arrived as it was. */
function transfer(size: number, options: PipeOptions) {
  const pipe = new Pipe({
    ...options,
    context: { sendBufferBytes: 1 << 20, receiveBufferBytes: 1 << 20, ...options.context },
  });
  const data = bytesOf(size);
  const arrived = new Uint8Array(size);
  let length = 0;
  pipe.peer.tcp.listen({ address: 0, port: 80 }).onConnection = (connection) => {
    connection.handler = {
      ...connection.handler,
      onReadable: () => {
        for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) {
          arrived.set(bytes, length);
          length += bytes.length;
        }
      },
    };
  };
  const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  let at = 0;
  const write = () => {
    at += client.send(data.subarray(at));
  };
  client.handler = { ...client.handler, onEstablished: write, onWritable: write };
  pipe.run(() => length === size && client.info().sendQueue === 0);
  const { counters } = pipe.here;
  const flight = client.sender.flight;
  return {
    exact: length === size && Buffer.from(arrived).equals(data),
    settled: flight.sent.outstanding === 0 && flight.sent.empty,
    resent: counters.get('tcp.retransmissions'),
    timeouts: counters.get('tcp.timeouts'),
    repeated: pipe.peer.counters.get('tcp.duplicateData'),
    lost: pipe.lost,
    seconds: pipe.timers.now / 1000,
  };
}

t.test('any loss, reordering and duplication: all bytes, in order, and no account is left open', async () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.string({ minLength: 1, maxLength: 8 }),
        delayMs: fc.integer({ min: 0, max: 60 }),
        loss: fc.double({ min: 0, max: 0.25, noNaN: true }),
        duplicate: fc.double({ min: 0, max: 0.2, noNaN: true }),
        reorder: fc.double({ min: 0, max: 0.3, noNaN: true }),
      }),
      fc.constantFrom('reno' as const, 'cubic' as const),
      (options, congestionControl) => {
        const { exact, settled } = transfer(60_000, { ...options, context: { congestionControl } });
        return exact && settled;
      },
    ),
    { numRuns: 60 },
  );
});

t.test('a wire that loses data alone: exactly what was lost goes again, without the timer', async (t) => {
  for (const [index, delayMs] of [10, 22.5, 50].entries()) {
    const seed = `needed ${index}`;
    const { exact, resent, timeouts, repeated, lost } = transfer(1_500_000, {
      seed,
      delayMs,
      loss: 0.02,
      lossyBack: false,
    });
    t.ok(exact);
    t.ok(lost > 10);
    t.same([resent - repeated, timeouts], [lost, 0]);
    t.ok(repeated <= 1, 'a tail loss probe may repeat what arrives');
  }
});

t.test('reordering by less than a quarter of the round trip: nothing goes again once it was seen', async (t) => {
  const { exact, resent, timeouts } = transfer(3_000_000, {
    seed: 'reordered',
    delayMs: 20,
    reorder: 0.05,
    heldMs: 8,
  });
  t.ok(exact);
  t.equal(timeouts, 0);
  t.ok(resent <= 12, `${resent} segments of 2000, all of them before the first late one came`);
});

t.test(
  'reordering by up to a round trip: reports of duplicates widen the window until nothing goes again',
  async (t) => {
    const short = transfer(2_000_000, { seed: 'late', delayMs: 20, reorder: 0.02, heldMs: 30 });
    const long = transfer(8_000_000, { seed: 'late', delayMs: 20, reorder: 0.02, heldMs: 30 });
    t.ok(short.exact && long.exact);
    t.ok(long.resent < 2.5 * short.resent, `${short.resent} in 2 MB, ${long.resent} in 8 MB`);
  },
);
