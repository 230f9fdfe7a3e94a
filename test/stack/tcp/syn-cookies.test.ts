/** SYN cookies (RFC 4987 section 3.6) and the two queues of a listener. */

import fc from 'fast-check';
import t from 'tap';
import type { CounterOf } from '../../../devices/stack/counter-names.js';
import { Random } from '../../../devices/stack/random.js';
import type { Connection } from '../../../devices/stack/tcp/connection.js';
import { seqAdd } from '../../../devices/stack/tcp/control-block/seqnum.js';
import { optionsOfEcho, SynCookies, timestampWithOptions } from '../../../devices/stack/tcp/syn-cookies.js';
import { ACK, CWR, ECE, PSH, RST, SYN, type TcpOptions } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, type FromPeer, HERE, PEER, text } from './harness.js';

const BACKLOG = 2;

/** LISTEN whose SYN queue is full; what the peer sends next is answered by a cookie. */
function flooded(): { c: Conversation; accepted: Connection[] } {
  const c = new Conversation();
  const { accepted } = c.listen(80, BACKLOG);
  for (let port = 1; port <= BACKLOG; port++) {
    c.peerPort = port;
    c.peer({ flags: SYN, seq: 1 });
  }
  c.sent.length = 0;
  c.peerPort = 40000;
  return { c, accepted };
}

const count = (c: Conversation, name: CounterOf<'tcp'>) => c.machine.counters.get(`tcp.${name}`);

t.test('a full SYN queue answers by a cookie, and the ACK that brings it back opens the connection', async (t) => {
  const { c, accepted } = flooded();
  const options: TcpOptions = {
    mss: 1400,
    windowScale: 7,
    sackPermitted: true,
    timestamps: { value: 5000, echo: 0 },
  };
  c.peer({ flags: SYN, seq: 100, window: 1000, options });
  const answer = c.expect({ flags: SYN | ACK, ack: 101 });
  t.match(answer.options, { mss: 1460, sackPermitted: true, timestamps: { echo: 5000 } });
  t.ok(answer.options.windowScale);
  t.equal(c.tcp.sockets().length, 1 + BACKLOG, 'nothing is kept');

  const echo = answer.options.timestamps?.value ?? 0;
  const timestamps = { value: 5010, echo };
  c.peer({ flags: PSH, seq: 101, ack: answer.seq + 1, window: 1000, text: 'GET /', options: { timestamps } });
  c.expect({ flags: ACK, seq: answer.seq + 1, ack: 106 });
  const [connection] = accepted;
  t.equal(text(connection.read()), 'GET /');
  const row = connection.info();
  t.match(row, { state: 'ESTABLISHED', mss: 1288, sendWindow: 128_000 });
  t.match(row.info, { sendWindowScale: 7, timestamps: true, sack: true });
  t.same([count(c, 'synCookiesSent'), count(c, 'synCookiesReceived'), count(c, 'synCookiesFailed')], [1, 1, 0]);

  c.call(() => connection.send(bytesOf(1288)));
  const sent = c.expect({ flags: PSH | ACK, length: 1288 });
  const ahead = ((sent.options.timestamps?.value ?? 0) - echo) >>> 0;
  t.ok(ahead < 64, 'the clock of the timestamps is the one that the cookie was made by');
  t.same(
    c.machine.states.filter((state) => state !== 'SYN_RECV'),
    ['ESTABLISHED'],
  );
});

t.test('without timestamps only the MSS comes back, so nothing else is agreed upon', async (t) => {
  const { c, accepted } = flooded();
  c.peer({ flags: SYN, seq: 100, options: { mss: 1300, windowScale: 7, sackPermitted: true } });
  const answer = c.expect({ flags: SYN | ACK, ack: 101, options: { mss: 1460 } });
  c.peer({ seq: 101, ack: answer.seq + 1, window: 3000 });
  c.expectNothing();
  t.match(accepted[0].info(), { mss: 1300, sendWindow: 3000 });
  t.match(accepted[0].info().info, { timestamps: false, sack: false });
});

t.test('a cookie is good for one to two minutes', async (t) => {
  const { c, accepted } = flooded();
  /** Fills the queue again, so that cookies go on being looked for. */
  const overflow = () => {
    for (let port = 1; port <= 2 * BACKLOG + 1; port++) {
      c.peerPort = 100 + port;
      c.peer({ flags: SYN, seq: 1 });
    }
    c.peerPort = 40000;
    c.sent.length = 0;
  };
  c.peer({ flags: SYN, seq: 100 });
  const { seq } = c.expect({ flags: SYN | ACK });
  c.advance(100_000);
  overflow();
  c.advance(19_999);
  c.sent.length = 0;
  c.peer({ seq: 101, ack: seq + 1 });
  t.equal(accepted.length, 1);
  c.peer({ flags: RST, seq: 101 });
  c.advance(1);
  c.sent.length = 0;
  c.peer({ seq: 101, ack: seq + 1 });
  c.expect({ flags: RST, seq: seq + 1 });
  t.equal(accepted.length, 1);
  t.equal(count(c, 'synCookiesFailed'), 1);
});

t.test('an ACK that brings back something else, or comes for another SYN, is answered by RST', async (t) => {
  const { c, accepted } = flooded();
  c.peer({ flags: SYN, seq: 100 });
  const { seq } = c.expect({ flags: SYN | ACK });
  c.peer({ seq: 101, ack: seq + 9 });
  c.expect({ flags: RST, seq: seq + 9 });
  c.peer({ seq: 102, ack: seq + 1 });
  c.expect({ flags: RST, seq: seq + 1 });
  c.peerPort = 40001;
  c.peer({ seq: 101, ack: seq + 1 });
  c.expect({ flags: RST, seq: seq + 1 });
  t.same(accepted, []);
  t.equal(count(c, 'synCookiesFailed'), 3);
});

t.test('without a recent overflow no ACK is taken for a cookie', async (t) => {
  const c = new Conversation();
  c.listen();
  c.peer({ seq: 101, ack: 5000 });
  c.expect({ flags: RST, seq: 5000 });
  t.equal(count(c, 'synCookiesFailed'), 0);
});

t.test('ECN: what the SYN asked for comes back in the timestamp', async (t) => {
  const { c } = flooded();
  c.peer({ flags: SYN | ECE | CWR, seq: 100, options: { timestamps: { value: 1, echo: 0 } } });
  const answer = c.sent.shift();
  t.equal(optionsOfEcho(answer?.options.timestamps?.value ?? 0).ecn, true);
});

t.test('accept queue: what a program that is too far behind misses are last ACKs, not connections', async (t) => {
  const c = new Conversation();
  const { accepted } = c.listen(80, BACKLOG);
  // All of this arrives before the program gets its turn.
  const arrive = (segment: FromPeer) => c.tcp.receive(c.packet(segment));
  const syn = (port: number) => {
    c.peerPort = port;
    arrive({ flags: SYN, seq: 100 });
    return c.expect({ flags: SYN | ACK }).seq;
  };
  const ack = (port: number, seq: number) => {
    c.peerPort = port;
    arrive({ seq: 101, ack: seq + 1 });
  };
  ack(1, syn(1));
  ack(2, syn(2));
  const [third, fourth] = [syn(3), syn(4)];
  ack(3, third);
  t.equal(count(c, 'acceptQueueFull'), 0, 'as on Linux the backlog has room for one more');
  ack(4, fourth);
  c.peerPort = 5;
  arrive({ flags: SYN, seq: 100 });
  t.equal(count(c, 'acceptQueueFull'), 2);
  c.expectNothing();
  c.call(() => {});
  t.equal(accepted.length, 3);

  c.advance(1000);
  c.peerPort = 4;
  c.expect({ flags: SYN | ACK, seq: fourth });
  c.peer({ seq: 101, ack: fourth + 1 });
  t.equal(accepted.length, 4);
});

t.test('cookies, as values', async (t) => {
  const cookies = new SynCookies(new Random('secret'));
  const local = { address: HERE, port: 80 };
  const remote = { address: PEER, port: 40000 };
  t.test('bring back the largest MSS of the table that the peer takes', async (t) => {
    const mssOf = (mss: number) => cookies.check(local, remote, 7, cookies.issue(local, remote, 7, mss, 0), 0);
    t.same([100, 536, 1299, 1300, 1459, 1460, 9000].map(mssOf), [536, 536, 536, 1300, 1440, 1460, 1460]);
  });

  t.test('hold for their SYN and their minute only', async () => {
    const number = fc.nat(0xffffffff);
    fc.assert(
      fc.property(number, number, fc.nat(10 ** 12), fc.nat(200_000), (irs, other, now, age) => {
        const cookie = cookies.issue(local, remote, irs, 1460, now);
        const minutes = Math.floor((now + age) / 60_000) - Math.floor(now / 60_000);
        const mss = cookies.check(local, remote, irs, cookie, now + age);
        if ((mss === 1460) !== minutes < 2) return false;
        return other === irs || cookies.check(local, remote, other, cookie, now) !== 1460;
      }),
    );
  });

  t.test('of other secrets mean nothing', async (t) => {
    const others = new SynCookies(new Random('another secret'));
    let taken = 0;
    for (let irs = 0; irs < 1000; irs++) {
      if (others.check(local, remote, irs, cookies.issue(local, remote, irs, 1460, 0), 0) !== undefined) taken += 1;
    }
    t.equal(taken, 0);
  });

  t.test('options survive the way through a timestamp, which is at most 64 ms old', async () => {
    const scale = fc.option(fc.nat(14), { nil: undefined });
    fc.assert(
      fc.property(fc.nat(0xffffffff), scale, fc.boolean(), fc.boolean(), (now, windowScale, sack, ecn) => {
        const options = { windowScale, ecn, ...(sack ? { sackPermitted: true } : {}) };
        const value = timestampWithOptions(now, options);
        const echoed = optionsOfEcho(value);
        const behind = seqAdd(now, -value);
        return (
          behind < 64 &&
          echoed.windowScale === windowScale &&
          echoed.ecn === ecn &&
          (echoed.sackPermitted ?? false) === sack
        );
      }),
    );
  });
});
