/** The window while losses are repaired, the timer, and the undoing of what was a mistake. */
import t from 'tap';
import { ACK } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf } from '../harness.js';
import { inFlight, MSS } from './lossy-peer.js';

t.test(
  'RFC 6675 section 4, RFC 3042: what was reported has left: new data goes for it, up to the window',
  async (t) => {
    const { c, ack, taken } = inFlight(10, { write: 20 });
    taken();
    c.advance(100);
    ack(0, [1, 2]);
    t.same(taken(), [10]);
    ack(0, [1, 3]);
    t.same(taken(), [11]);
  },
);

t.test('RFC 6937: proportional rate reduction', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 60 });
  taken();
  c.advance(100);
  for (let i = 2; i <= 4; i++) ack(0, [1, i]);
  t.same(taken(), [10, 11, 0], 'the third starts the recovery');
  const threshold = client.info().slowStartThreshold;
  t.equal(threshold, 5 * MSS);
  for (let i = 5; i <= 10; i++) ack(0, [1, i]);
  t.same(taken(), [12, 13], 'section 3: half as much goes as arrives, until the threshold is reached');
  c.advance(100);
  ack(12);
  t.match(
    client.info(),
    { congestionWindow: threshold, info: { congestionState: 'open' } },
    'at the end the threshold',
  );
});

t.test('the ACK that ends the recovery counts for the growth after it, as on Linux', async (t) => {
  const { c, client, ack } = inFlight(10, { write: 60 });
  c.advance(100);
  for (let i = 2; i <= 10; i++) ack(0, [1, i]);
  c.advance(100);
  ack(12);
  t.match(client.info(), { congestionWindow: 5 * MSS, info: { congestionState: 'open' } });
  ack(14);
  t.equal(client.info().congestionWindow, 6 * MSS, 'three segments by the one ACK, two by the other');
});

t.test('RFC 6937 section 3: many losses: below the threshold it grows as in slow start', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 60 });
  taken();
  c.advance(100);
  ack(0, [9, 10]);
  c.advance(25);
  t.same(taken().slice(0, 2), [10, 0]);
  t.match(client.info().info, { lostSegments: 9 });
  let sent = 1;
  for (let i = 1; i <= 4; i++) {
    c.advance(100);
    ack(sent, [9, 10]);
    const repaired = taken();
    t.ok(repaired.length <= 2, 'at most one more than arrived');
    sent += 1;
  }
  t.equal(c.machine.counters.get('tcp.timeouts'), 0);
});

t.test('RFC 3522, RFC 4015: the echoed timestamp shows that the first transmission was only late', async (t) => {
  const { c, client, ack } = inFlight(10, { timestamps: true });
  const { congestionWindow } = client.info();
  c.advance(100);
  ack(0, [1, 5]);
  t.match(client.info(), { retransmissions: 1, info: { congestionState: 'recovery' } });
  // The stamp of the ACK is that of the first flight: what was sent since has not been looked at.
  ack(5);
  t.match(client.info().info, { congestionState: 'open' });
  t.ok(client.info().congestionWindow >= congestionWindow);
});

t.test('RFC 3708: every retransmission reported as a duplicate: the reduction is taken back', async (t) => {
  const { c, client, ack, taken } = inFlight(10, { write: 14 });
  const { congestionWindow } = client.info();
  taken();
  c.advance(100);
  ack(0, [1, 5]);
  t.ok(taken().includes(0));
  t.ok(client.info().slowStartThreshold < congestionWindow);
  ack(5);
  ack(5, [0, 1]);
  t.match(client.info().info, { dsacksIn: 1, congestionState: 'open' });
  t.ok(client.info().congestionWindow >= congestionWindow);
  t.ok(client.info().slowStartThreshold > congestionWindow);
});

t.test(
  'the same when the report comes after the end of the recovery, as it does when the first one was late',
  async (t) => {
    const { c, client, ack, taken } = inFlight(10, { write: 14 });
    const { congestionWindow } = client.info();
    taken();
    c.advance(100);
    ack(0, [1, 10]);
    t.ok(taken().includes(0));
    ack(14);
    t.match(client.info().info, { congestionState: 'open' });
    t.ok(client.info().congestionWindow < congestionWindow);
    ack(14, [0, 1]);
    t.ok(client.info().congestionWindow >= congestionWindow);
    t.ok(client.info().slowStartThreshold > congestionWindow);
  },
);

t.test('RFC 5682: F-RTO', async (t) => {
  /** Five segments in flight, and the timer has run out after the probe. */
  function afterTimeout() {
    const flight = inFlight(5);
    flight.taken();
    flight.c.advance(203);
    t.same(flight.taken(), [4]);
    flight.c.advance(301);
    t.same(flight.taken(), [0]);
    t.match(flight.client.info().info, { congestionState: 'loss', lostSegments: 5 });
    flight.c.call(() => flight.client.send(bytesOf(10 * MSS)));
    return flight;
  }

  t.test('section 3.1, step 2b: the first ACK lets new data go; the second shows that nothing was lost', async (t) => {
    const { client, ack, taken } = afterTimeout();
    taken();
    ack(1);
    t.equal(taken()[0], 5, 'new data');
    ack(3);
    t.match(client.info(), { retransmissions: 2, info: { congestionState: 'open', lostSegments: 0 } });
    t.equal(client.info().congestionWindow >= 10 * MSS, true);
  });

  t.test('step 3a: the loss was real: what is lost goes again', async (t) => {
    const { c, client, ack, taken } = afterTimeout();
    taken();
    ack(1);
    taken();
    c.advance(100);
    ack(1, [5, 6]);
    t.equal(taken()[0], 1);
    t.match(client.info().info, { congestionState: 'loss' });
  });
});

t.test('RFC 6298 section 5: after the timer all goes again as slow start allows', async (t) => {
  const { c, client, ack, taken } = inFlight(8);
  taken();
  c.advance(510);
  t.same(taken(), [7, 0]);
  t.match(client.info(), { congestionWindow: MSS, info: { congestionState: 'loss' } });
  ack(1);
  t.same(taken(), [1, 2]);
  ack(3);
  t.same(taken(), [3, 4, 5, 6]);
  ack(8);
  t.match(client.info(), { sendQueue: 0, info: { congestionState: 'open' } });
});

t.test('a path MTU that shrinks cuts what is not reported; the rest stays', async (t) => {
  const { c, client, ack, taken, una } = inFlight(4);
  const first = c.sent[0];
  taken();
  c.advance(100);
  ack(0, [2, 3]);
  c.icmp({ type: 3, code: 4, mtu: 1000 }, first);
  const lengths = c.sent.map((segment) => [segment.seq - una, segment.payload.length]);
  t.same(lengths, [
    [0, 960],
    [960, 500],
    [MSS, 960],
    [MSS + 960, 500],
    [3 * MSS, 960],
    [3 * MSS + 960, 500],
  ]);
  c.sent.length = 0;
  ack(4);
  t.match(client.info(), { sendQueue: 0, info: { unackedSegments: 0, sackedSegments: 0 } });
  c.call(() => client.send(bytesOf(10)));
  t.equal(c.expect({ flags: ACK | 8 }).payload.length, 10);
});
