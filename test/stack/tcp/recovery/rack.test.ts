/** RACK (RFC 8985 sections 3 to 6): what is lost, by the time that later segments took. */
import t from 'tap';
import { inFlight } from './lossy-peer.js';

t.test('section 6.2, step 4: the third segment beyond the hole tells at once that it is lost', async (t) => {
  const { c, client, ack, taken } = inFlight(10);
  taken();
  c.advance(100);
  ack(0, [1, 2]);
  ack(0, [1, 3]);
  t.same(taken(), []);
  t.match(client.info().info, { congestionState: 'disorder', sackedSegments: 2 });
  ack(0, [1, 4]);
  t.same(taken(), [0]);
  t.match(client.info().info, { congestionState: 'recovery', lostSegments: 1, retransmissionsInFlight: 1 });
});

t.test('section 6.2, step 5: with fewer a quarter of the least round trip decides', async (t) => {
  const { c, ack, taken } = inFlight(3);
  taken();
  c.advance(100);
  ack(0, [1, 3]);
  t.same(taken(), []);
  c.advance(24.9);
  t.same(taken(), []);
  c.advance(0.1);
  t.same(taken(), [0]);
  c.advance(100);
  ack(3);
  t.same(
    c.machine.traced.flatMap((detail) => (detail.event === 'tcp-retransmit' ? [detail.reason] : [])),
    ['fast'],
  );
});

t.test('section 3.1: a lost retransmission is found by what was sent after it', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 30 });
  taken();
  c.advance(100);
  ack(0, [1, 10]);
  const sent = taken();
  t.equal(sent[0], 0);
  t.ok(sent.includes(10), 'new data follows');
  c.advance(100);
  ack(0, [1, 11]);
  t.equal(taken()[0], 0, 'again');
  t.equal(client.info().retransmissions, 2);
  t.equal(c.machine.counters.get('tcp.timeouts'), 0);
});

t.test('what was sent in the same instant after a retransmission does not condemn it', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 30 });
  taken();
  c.advance(100);
  for (let i = 2; i <= 10; i++) ack(0, [1, i]);
  taken();
  c.advance(100);
  ack(0, [1, 11]);
  ack(0, [1, 12]);
  ack(12);
  ack(13);
  t.equal(client.info().retransmissions, 1);
});

t.test('section 6.2, step 3: after reordering was seen its window is kept, whatever the count', async (t) => {
  const { c, client, ack, taken } = inFlight(20, { write: 40 });
  taken();
  c.advance(100);
  ack(0, [1, 3]);
  ack(3);
  t.match(client.info().info, { reorderingMs: 25, congestionState: 'open' });
  taken();
  ack(3, [4, 9]);
  t.match(client.info().info, { congestionState: 'disorder', lostSegments: 0 });
  ack(9);
  t.equal(client.info().retransmissions, 0, 'late, not lost');
  ack(9, [10, 14]);
  c.advance(25);
  t.ok(taken().includes(9));
});

t.test('section 6.2, step 4: reports of duplicates widen the window, recoveries without narrow it', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 3000, context: { sendBufferBytes: 5_000_000 } });
  taken();
  c.advance(100);
  ack(0, [1, 3]);
  ack(3);
  ack(3, [4, 8]);
  c.advance(25);
  t.ok(taken().includes(3), 'too early: the segment is late by more than that');
  ack(8);
  ack(8, [3, 4]);
  t.match(client.info().info, { dsacksIn: 1, reorderingMs: 50 });
  let next = 8;
  let rounds = 0;
  while (client.info().info?.reorderingMs === 50 && rounds < 100) {
    taken();
    c.advance(100);
    const unacked = client.info().info?.unackedSegments ?? 0;
    ack(next, [next + 1, next + unacked]);
    c.advance(100);
    next += unacked;
    ack(next);
    rounds += 1;
  }
  t.ok(rounds >= 16);
  t.match(client.info().info, { reorderingMs: 25 }, 'after sixteen recoveries');
});

t.test('a segment that the peer got twice without our doing proves nothing', async (t) => {
  const { client, ack, taken } = inFlight(5);
  taken();
  ack(2);
  ack(2, [0, 1]);
  t.match(client.info().info, { dsacksIn: 1, congestionState: 'open' });
});
