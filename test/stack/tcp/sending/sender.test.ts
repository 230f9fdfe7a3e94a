/** Output: segmentation, Nagle, silly windows, probes, retransmission, congestion, path MTU. */
import t from 'tap';
import { ACK, FIN, PSH } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, type Conversation, established, IRS } from '../harness.js';

const NXT = IRS + 1;
const MSS = 1460;

/** The peer acknowledges up to `ack`. */
function acknowledge(c: Conversation, ack: number, window = 65535): void {
  c.peer({ seq: NXT, ack, window });
}

t.test('data is cut into segments of the MSS, PSH on the last', async (t) => {
  const { c, client, una } = established();
  t.equal(
    c.call(() => client.send(bytesOf(2 * MSS))),
    2 * MSS,
  );
  c.expect({ flags: ACK, seq: una, length: MSS });
  c.expect({ flags: PSH | ACK, seq: una + MSS, length: MSS });
  c.expectNothing();
  t.equal(client.info().sendQueue, 2 * MSS);
});

t.test('the send buffer is bounded, and its owner hears when there is room', async (t) => {
  const { c, client, news, una } = established({ sendBufferBytes: 14_000 });
  t.equal(
    c.call(() => client.send(bytesOf(15_000))),
    14_000,
  );
  t.equal(client.sendFree, 0);
  t.equal(client.send(bytesOf(1)), 0);
  acknowledge(c, una + 1000);
  t.same(news, [], 'not for every ACK');
  acknowledge(c, una + 3 * MSS);
  t.same(news, ['writable']);
  t.equal(client.sendFree, 3 * MSS);
});

t.test('Nagle: one small segment in flight; setNoDelay sends all', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.send(bytesOf('a')));
  c.expect({ flags: PSH | ACK, seq: una, text: 'a' });
  c.call(() => client.send(bytesOf('b')));
  c.call(() => client.send(bytesOf('c')));
  c.expectNothing();
  acknowledge(c, una + 1);
  c.expect({ flags: PSH | ACK, seq: una + 1, text: 'bc' });
  c.call(() => client.send(bytesOf('d')));
  c.expectNothing();
  c.call(() => client.setNoDelay(true));
  c.expect({ flags: PSH | ACK, seq: una + 3, text: 'd' });
  c.call(() => client.send(bytesOf('e')));
  c.expect({ flags: PSH | ACK, seq: una + 4, text: 'e' });
  t.equal(client.bytesSent, 5);
});

t.test('Nagle lets the small end of a large write go (Minshall)', async () => {
  const { c, client, una } = established();
  c.call(() => client.send(bytesOf(MSS + 10)));
  c.expect({ flags: ACK, seq: una, length: MSS });
  c.expect({ flags: PSH | ACK, seq: una + MSS, length: 10 });
});

t.test('flow control', async (t) => {
  t.test('never beyond the window', async (t) => {
    const { c, client, una } = established({}, { window: 3000, options: { mss: 1460 } });
    c.call(() => client.send(bytesOf(10_000)));
    c.expect({ flags: ACK, seq: una, length: MSS });
    c.expect({ flags: ACK, seq: una + MSS, length: MSS });
    c.expect({ flags: ACK, seq: una + 2 * MSS, length: 3000 - 2 * MSS });
    c.expectNothing();
    acknowledge(c, una + 2 * MSS, 3000);
    c.expect({ flags: ACK, seq: una + 3000, length: MSS });
    c.expect({ flags: ACK, seq: una + 3000 + MSS, length: MSS });
    c.expectNothing();
    t.equal(client.info().sendWindow, 3000);
  });

  t.test('what is left of the window goes behind a full segment, as on Linux: one small one at a time', async (t) => {
    const { c, client, una } = established({}, { window: 4000, options: { mss: 1460 } });
    c.call(() => client.send(bytesOf(20_000)));
    c.expect({ flags: ACK, seq: una, length: MSS });
    c.expect({ flags: ACK, seq: una + MSS, length: MSS });
    const left = 4000 - 2 * MSS;
    c.expect({ flags: ACK, seq: una + 2 * MSS, length: left });
    acknowledge(c, una + MSS, 5000);
    c.expect({ flags: ACK, seq: una + 4000, length: MSS });
    // 1,000 bytes of the window are left, but a small segment is on its way.
    c.expectNothing();
    acknowledge(c, una + 4000, 4000);
    c.expect({ flags: ACK, seq: una + 4000 + MSS, length: MSS });
    c.expect({ flags: ACK, seq: una + 4000 + 2 * MSS, length: left });
    t.equal(client.info().sendWindow, 4000);
  });

  t.test('segments are no longer than half of the largest window, that two be on their way', async (t) => {
    const { c, client, una } = established({}, { window: 1000, options: { mss: 1460 } });
    c.call(() => client.send(bytesOf(5000)));
    c.expect({ flags: ACK, seq: una, length: 500 });
    c.expect({ flags: ACK, seq: una + 500, length: 500 });
    c.expectNothing();
    acknowledge(c, una + 500, 4000);
    t.equal(client.info().mss, MSS, 'the window has grown');
    c.expect({ flags: ACK, seq: una + 1000, length: MSS });
  });

  t.test(
    'a window smaller than a segment is used when it is half of the largest (silly window avoidance)',
    async () => {
      const { c, client, una } = established({}, { window: 500, options: { mss: 1460 } });
      c.call(() => client.send(bytesOf(5000)));
      c.expect({ flags: ACK, seq: una, length: 500 });
      acknowledge(c, una + 500, 200);
      c.expectNothing();
      acknowledge(c, una + 500, 300);
      c.expect({ flags: ACK, seq: una + 500, length: 300 });
    },
  );

  t.test('a silly window is used after all when nothing better comes', async () => {
    const { c, client, una } = established({}, { window: 500, options: { mss: 1460 } });
    c.call(() => client.send(bytesOf(5000)));
    c.expect({ flags: ACK, seq: una, length: 500 });
    acknowledge(c, una + 500, 200);
    c.advance(201);
    c.expect({ flags: ACK, seq: una + 500, length: 200 });
  });

  t.test('zero window: empty probes, each after twice the time, for as long as they are answered', async (t) => {
    const { c, client, una, news } = established();
    c.call(() => client.send(bytesOf(100)));
    c.expect({ flags: PSH | ACK, seq: una, length: 100 });
    acknowledge(c, una + 100, 0);
    c.call(() => client.send(bytesOf(500)));
    c.expectNothing();
    t.match(client.info(), { timer: 'persist' });
    const times: number[] = [];
    for (let i = 0; i < 40; i++) {
      while (c.sent.length === 0) c.advance(1);
      times.push(c.timers.now);
      c.expect({ flags: ACK, seq: una + 99, length: 0 });
      acknowledge(c, una + 100, 0);
    }
    const gaps = times.slice(1).map((at, i) => Math.round((at - times[i]) / 100) / 10);
    t.same(gaps.slice(0, 4), [0.4, 0.8, 1.6, 3.2]);
    t.equal(gaps.at(-1), 120);
    t.same(news, [], 'still there');
    acknowledge(c, una + 100, 65535);
    c.expect({ flags: PSH | ACK, seq: una + 100, length: 500 });
  });

  t.test('FIN waits for a closed window to open', async (t) => {
    const { c, client, una } = established();
    acknowledge(c, una, 0);
    c.call(() => client.shutdown());
    c.expectNothing();
    c.advance(201);
    c.expect({ flags: ACK, seq: una - 1, length: 0 });
    acknowledge(c, una, 100);
    c.expect({ flags: FIN | ACK, seq: una, length: 0 });
    acknowledge(c, una + 1, 100);
    t.equal(client.state, 'FIN_WAIT2');
  });

  t.test('fifteen probes without an answer: ETIMEDOUT', async (t) => {
    const { c, client, una, news } = established();
    acknowledge(c, una, 0);
    c.call(() => client.send(bytesOf(10)));
    c.advance(3_600_000);
    t.equal(c.sent.length, 15);
    t.same(news, ['closed ETIMEDOUT']);
  });
});

t.test('retransmission timer (RFC 6298)', async (t) => {
  t.test('one segment goes again after the timeout, then twice as late', async (t) => {
    const { c, client, una } = established({ congestionControl: 'reno' });
    c.call(() => client.send(bytesOf(3 * MSS)));
    for (let i = 0; i < 3; i++) c.expect({ flags: i === 2 ? PSH | ACK : ACK });
    c.advance(201);
    c.expect({ flags: ACK, seq: una, length: MSS });
    c.advance(398);
    c.expectNothing();
    c.advance(4);
    c.expect({ flags: ACK, seq: una, length: MSS });
    t.match(client.info(), { retransmissions: 2, congestionWindow: MSS, slowStartThreshold: 5 * MSS });
    t.same(
      c.machine.traced.filter((detail) => detail.event === 'tcp-retransmit'),
      [1, 2].map(() => ({
        event: 'tcp-retransmit',
        local: `10.0.0.1:${client.local.port}`,
        remote: '10.0.0.2:80',
        seq: una,
        reason: 'timeout',
      })),
    );
  });

  t.test('then the rest as slow start allows', async () => {
    const { c, client, una } = established();
    c.call(() => client.send(bytesOf(4 * MSS)));
    c.sent.length = 0;
    c.advance(201);
    c.expect({ flags: ACK, seq: una });
    acknowledge(c, una + MSS);
    c.expect({ flags: ACK, seq: una + MSS });
    c.expect({ flags: ACK, seq: una + 2 * MSS });
    c.expectNothing();
    acknowledge(c, una + 4 * MSS);
    c.expectNothing();
  });

  t.test('a peer that had the later segments is not sent them again', async () => {
    const { c, client, una } = established();
    c.call(() => client.send(bytesOf(4 * MSS)));
    c.sent.length = 0;
    c.advance(201);
    c.expect({ flags: ACK, seq: una });
    acknowledge(c, una + 4 * MSS);
    c.advance(10_000);
    c.expectNothing();
  });

  t.test('without SACK what waited behind the hole is no proof that the timer was wrong (RFC 5682)', async (t) => {
    const { c, client, una } = established({ congestionControl: 'reno' });
    c.call(() => client.send(bytesOf(10 * MSS)));
    c.advance(201);
    acknowledge(c, una + 5 * MSS);
    t.match(client.info(), { slowStartThreshold: 5 * MSS, info: { congestionState: 'loss' } });
  });

  t.test('fifteen repetitions, then ETIMEDOUT after about 15 minutes', async (t) => {
    const { c, client, news } = established();
    c.call(() => client.send(bytesOf('x')));
    c.sent.length = 0;
    c.advance(900_000);
    t.same(news, []);
    c.advance(60_000);
    t.equal(c.sent.length, 15);
    t.same(news, ['closed ETIMEDOUT']);
  });

  t.test('a segment that was sent twice is not measured (Karn)', async (t) => {
    const { c, client, una } = established();
    const before = client.info().rttMs;
    c.call(() => client.send(bytesOf('x')));
    c.advance(201);
    acknowledge(c, una + 1);
    t.equal(client.info().rttMs, before);
    c.call(() => client.send(bytesOf('y')));
    c.advance(80);
    acknowledge(c, una + 2);
    t.ok(client.info().rttMs > before);
  });
});

t.test('fast retransmit and fast recovery (RFC 6582)', async (t) => {
  /** Ten segments in flight, the first of them lost. */
  function tenInFlight() {
    const setup = established({ congestionControl: 'reno' });
    setup.c.call(() => setup.client.send(bytesOf(20 * MSS)));
    t.equal(setup.c.sent.length, 10, 'the initial window of RFC 6928');
    setup.c.sent.length = 0;
    return setup;
  }

  t.test('the third duplicate ACK sends the first segment again', async (t) => {
    const { c, client, una } = tenInFlight();
    acknowledge(c, una);
    c.expect({ flags: ACK, seq: una + 10 * MSS });
    acknowledge(c, una);
    c.expect({ flags: ACK, seq: una + 11 * MSS });
    acknowledge(c, una);
    c.expect({ flags: ACK, seq: una, length: MSS });
    c.expectNothing();
    t.match(client.info(), { slowStartThreshold: 5 * MSS, retransmissions: 1, info: { congestionState: 'recovery' } });
    for (let i = 0; i < 8; i++) acknowledge(c, una);
    t.equal(c.sent.length, 4, 'half as much goes as duplicates say has arrived (RFC 6937)');
    acknowledge(c, una + 16 * MSS);
    t.match(client.info(), { congestionWindow: 6 * MSS, info: { congestionState: 'open' } }, 'half, and five arrived');
  });

  t.test('a partial ACK tells of the next hole', async (t) => {
    const { c, client, una } = tenInFlight();
    for (let i = 0; i < 3; i++) acknowledge(c, una);
    c.sent.length = 0;
    acknowledge(c, una + 4 * MSS);
    t.match(client.info().info, { congestionState: 'recovery', lostSegments: 1, retransmissionsInFlight: 0 });
    acknowledge(c, una + 4 * MSS);
    c.expect({ flags: ACK, seq: una + 4 * MSS, length: MSS });
    t.equal(client.info().retransmissions, 2);
  });

  t.test('duplicates of what a timeout sent again do not start it', async (t) => {
    const { c, client, una } = tenInFlight();
    c.advance(201);
    c.sent.length = 0;
    for (let i = 0; i < 5; i++) acknowledge(c, una);
    t.notOk(
      c.sent.some((segment) => segment.seq === una),
      'the timer has done it already',
    );
    t.equal(client.info().retransmissions, 1);
  });

  t.test('window updates and segments with data are no duplicates', async (t) => {
    const { c, client, una } = tenInFlight();
    acknowledge(c, una, 60_000);
    acknowledge(c, una, 61_000);
    acknowledge(c, una, 62_000);
    for (let i = 0; i < 3; i++) c.peer({ seq: NXT + i, ack: una, text: 'x', window: 62_000 });
    t.equal(client.info().retransmissions, 0);
  });
});

t.test('slow start doubles the window each round trip', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.send(bytesOf(200_000)));
  t.equal(c.sent.length, 10);
  for (let i = 1; i <= 5; i++) acknowledge(c, una + 2 * i * MSS);
  t.equal(client.info().congestionWindow, 20 * MSS);
  t.equal(c.sent.length, 10 + 20);
});

t.test('path MTU', async (t) => {
  t.test('"fragmentation needed" lowers the MSS and sends again at once, without slowing down', async (t) => {
    const { c, client, una } = established();
    c.call(() => client.send(bytesOf(2 * MSS)));
    const first = c.expect({ flags: ACK, length: MSS });
    c.expect({ flags: PSH | ACK });
    c.icmp({ type: 3, code: 4, mtu: 1000 }, first);
    c.expect({ flags: ACK, seq: una, length: 960 });
    c.expect({ flags: ACK, seq: una + 960, length: 500 });
    c.expect({ flags: ACK, seq: una + MSS, length: 960 });
    c.expect({ flags: PSH | ACK, seq: una + MSS + 960, length: 500 });
    c.expectNothing();
    t.match(client.info(), { mss: 960, congestionWindow: 10 * MSS });
  });

  t.test(
    'a router that tells no MTU: the next plateau; absurd claims are bounded; others’ segments ignored',
    async (t) => {
      const { c, client } = established();
      c.call(() => client.send(bytesOf(MSS)));
      const first = c.expect({ flags: PSH | ACK });
      c.icmp({ type: 3, code: 4 }, { ...first, seq: (first.seq + 100_000) >>> 0 });
      t.equal(client.info().mss, 1460);
      c.icmp({ type: 3, code: 4, mtu: 0 }, first);
      t.equal(client.info().mss, 1452);
      c.icmp({ type: 3, code: 4, mtu: 60 }, first);
      t.equal(client.info().mss, 48);
    },
  );

  t.test('an MTU that shrinks on this machine', async (t) => {
    const { c, client, una } = established();
    c.machine.mtu = 1200;
    c.call(() => client.send(bytesOf(MSS)));
    t.equal(client.info().mss, 1160);
    c.expect({ flags: ACK, seq: una, length: 1160 });
    c.expect({ flags: PSH | ACK, seq: una + 1160, length: 300 });
  });
});
