/** Tail loss probes: RFC 8985 section 7. */
import t from 'tap';
import type { Conversation } from '../harness.js';
import { inFlight, MSS } from './lossy-peer.js';

const reasons = (c: Conversation) =>
  c.machine.traced.flatMap((detail) => (detail.event === 'tcp-retransmit' ? [detail.reason] : []));

t.test('section 7.2: two round trips of silence, then the last segment goes again', async (t) => {
  const { c, client, taken } = inFlight(5);
  taken();
  c.advance(201);
  t.same(taken(), []);
  c.advance(2);
  t.same(taken(), [4]);
  t.same(reasons(c), ['probe']);
  t.match(client.info(), { info: { tailLossProbes: 1, congestionState: 'open', backoff: 0 }, timer: 'retransmit' });
  c.advance(290);
  t.same(taken(), [], 'one probe only');
  c.advance(20);
  t.same(taken(), [0], 'then the timer');
  t.match(client.info().info, { congestionState: 'loss', backoff: 1 });
});

t.test('section 7.2: the peer may delay the ACK of a single segment; never later than the timeout', async (t) => {
  const { c, taken } = inFlight(1);
  taken();
  c.advance(299);
  t.same(taken(), []);
  c.advance(2);
  t.same(taken(), [0]);
  t.same(reasons(c), ['probe']);
});

t.test('section 7.3: new data is the better probe, also beyond the congestion window', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 20 });
  t.equal(taken().length, 10);
  c.advance(203);
  t.same(taken(), [10]);
  t.match(client.info(), { retransmissions: 0, info: { tailLossProbes: 1, unackedSegments: 11 } });
  ack(0, [10, 11]);
  t.equal(taken()[0], 0, 'its SACK shows that all before it are lost');
  t.equal(c.machine.counters.get('tcp.timeouts'), 0);
});

t.test('section 7.3: the last two are lost: probe and RACK repair both without the timer', async (t) => {
  const { c, ack, taken } = inFlight(5);
  taken();
  c.advance(100);
  ack(3);
  c.advance(210);
  t.same(taken(), [4]);
  c.advance(100);
  ack(3, [4, 5]);
  t.same(taken(), [3]);
  c.advance(100);
  ack(5);
  t.same(reasons(c), ['probe', 'fast']);
});

t.test('section 7.4: a probe that repaired the loss itself: congestion control hears of it', async (t) => {
  const { c, client, ack, taken } = inFlight(8, { write: 8 });
  const before = client.info().congestionWindow;
  taken();
  c.advance(100);
  ack(7);
  c.advance(310);
  t.same(taken(), [7]);
  c.advance(100);
  ack(8);
  t.equal(client.info().slowStartThreshold > before, true, 'it may have been a duplicate: not yet');
  c.call(() => client.send(new Uint8Array(MSS)));
  c.advance(100);
  ack(9);
  t.ok(client.info().slowStartThreshold < before);
  t.match(client.info().info, { congestionState: 'open' });
});

t.test('section 7.4: a probe that the peer reports as a duplicate changes nothing', async (t) => {
  const { c, client, ack, taken } = inFlight(5);
  const { congestionWindow, slowStartThreshold } = client.info();
  taken();
  c.advance(203);
  t.same(taken(), [4]);
  ack(5);
  ack(5, [4, 5]);
  c.call(() => client.send(new Uint8Array(MSS)));
  ack(6);
  t.match(client.info(), { slowStartThreshold, info: { dsacksIn: 1, congestionState: 'open' } });
  t.ok(client.info().congestionWindow >= congestionWindow);
});
