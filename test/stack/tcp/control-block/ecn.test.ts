/** Explicit congestion notification: RFC 3168, its sections as conversations. */
import t from 'tap';
import { CE, ECT_0, NOT_ECT } from '../../../../devices/stack/tcp/control-block/ecn.js';
import type { TcpContext } from '../../../../devices/stack/tcp/control-block/types.js';
import { ACK, CWR, ECE, PSH, SYN } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, type Established, IRS, record } from '../harness.js';

const NXT = IRS + 1;
const MSS = 1460;
const SETUP = SYN | ECE | CWR;

/** A passive open by a peer that asks for ECN. */
function asked(context: Partial<TcpContext> = {}): Established {
  const c = new Conversation(context);
  const { accepted } = c.listen();
  c.peer({ flags: SETUP, seq: IRS, options: { mss: MSS, sackPermitted: true } });
  const { seq } = c.expect({ flags: SYN | ACK | ECE, ack: NXT });
  c.peer({ seq: NXT, ack: seq + 1 });
  const [client] = accepted;
  t.same(c.codepoints.splice(0), [NOT_ECT]);
  return { c, client, news: record(client), una: (seq + 1) >>> 0 };
}

/** Ten segments in flight. */
function tenInFlight(): Established {
  const setup = asked();
  const { c, client, una } = setup;
  c.call(() => client.send(bytesOf(30 * MSS)));
  t.equal(c.sent.length, 10);
  t.equal(c.sent[9].seq, (una + 9 * MSS) >>> 0);
  c.sent.length = 0;
  c.codepoints.length = 0;
  return setup;
}

t.test('section 6.1.1: the handshake', async (t) => {
  t.test('a peer that asks gets what it wants', async (t) => {
    t.equal(asked().client.info().info?.ecn, true);
  });

  t.test('by default we do not ask', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN | ECE, seq: IRS, ack: seq + 1 });
    c.expect({ flags: ACK });
    t.equal(client.info().info?.ecn, false, 'an agreement to what nobody asked for');
  });

  t.test('`request`: the SYN asks, ECE alone agrees', async (t) => {
    for (const [answer, agreed] of [
      [ECE, true],
      [0, false],
      [ECE | CWR, false], // a peer that reflects what it does not know
      [CWR, false],
    ] as const) {
      const c = new Conversation({ ecn: 'request' });
      const client = c.connect();
      const { seq } = c.expect({ flags: SETUP });
      c.peer({ flags: SYN | answer, seq: IRS, ack: seq + 1 });
      c.expect({ flags: ACK });
      t.equal(client.info().info?.ecn, agreed);
      c.call(() => client.send(bytesOf('x')));
      c.expect({ flags: ACK | PSH });
      t.equal(c.codepoints.at(-1), agreed ? ECT_0 : NOT_ECT);
    }
  });

  t.test('section 6.1.1.1: a SYN that is not answered asks no more', async () => {
    const c = new Conversation({ ecn: 'request' });
    c.connect();
    c.expect({ flags: SETUP });
    c.advance(1000);
    c.expect({ flags: SYN });
  });

  t.test('`off`: peers that ask are told no', async () => {
    const c = new Conversation({ ecn: 'off' });
    c.listen();
    c.peer({ flags: SETUP, seq: IRS });
    c.expect({ flags: SYN | ACK });
  });

  t.test('a SYN with one of the flags, or one that is itself ECN-capable, does not ask', async () => {
    for (const syn of [
      { flags: SYN | ECE },
      { flags: SYN | CWR },
      { flags: SETUP, codepoint: ECT_0 },
      { flags: SETUP, codepoint: CE },
    ]) {
      const c = new Conversation();
      c.listen();
      c.peer({ seq: IRS, ...syn });
      c.expect({ flags: SYN | ACK });
    }
  });

  t.test('simultaneous open', async (t) => {
    const c = new Conversation({ ecn: 'request' });
    const client = c.connect();
    const { seq } = c.expect({ flags: SETUP });
    c.peer({ flags: SETUP, seq: IRS });
    c.expect({ flags: SYN | ACK | ECE, seq });
    c.peer({ flags: SYN | ACK | ECE, seq: IRS, ack: seq + 1 });
    t.match(client.info(), { state: 'ESTABLISHED', info: { ecn: true } });
  });
});

t.test('sections 6.1.4 to 6.1.6: what is ECN-capable', async (t) => {
  t.test('new data is; pure ACKs and what is sent again are not', async (t) => {
    const { c, client, una } = asked();
    c.call(() => client.send(bytesOf('new')));
    c.expect({ flags: ACK | PSH, text: 'new' });
    c.peer({ seq: NXT, ack: una, text: 'data' });
    c.expect({ flags: ACK });
    c.sent.length = 0;
    c.advance(10_000);
    const again = c.expect({ flags: ACK | PSH, text: 'new' });
    t.equal(again.seq, una);
    t.same(c.codepoints.slice(0, 3), [ECT_0, NOT_ECT, NOT_ECT]);
    t.ok(c.codepoints.slice(3).every((codepoint) => codepoint === NOT_ECT));
  });

  t.test('window probes are not', async (t) => {
    const { c, client, una } = asked();
    c.peer({ seq: NXT, ack: una, window: 0 });
    c.call(() => client.send(bytesOf('waits')));
    c.advance(5000);
    t.ok(c.sent.length > 0);
    t.ok(c.codepoints.every((codepoint) => codepoint === NOT_ECT));
  });

  t.test('nothing is without an agreement', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: IRS });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.peer({ seq: NXT, ack: seq + 1 });
    c.call(() => accepted[0].send(bytesOf('x')));
    c.peer({ seq: NXT, ack: seq + 2, text: 'marked all the same', codepoint: CE });
    t.ok(c.codepoints.every((codepoint) => codepoint === NOT_ECT));
    t.ok(c.sent.every(({ flags }) => (flags & (ECE | CWR)) === 0));
  });
});

t.test('section 6.1.3: the receiver', async (t) => {
  t.test('a mark is echoed at once and in every segment, data too, until the sender says CWR', async (t) => {
    const { c, client, una } = asked();
    c.peer({ seq: NXT, ack: una, text: 'a', codepoint: CE });
    c.expect({ flags: ACK | ECE, ack: NXT + 1 });
    c.peer({ seq: NXT + 1, ack: una, text: 'b', codepoint: ECT_0 });
    c.expect({ flags: ACK | ECE, ack: NXT + 2 });
    c.call(() => client.send(bytesOf('x')));
    c.expect({ flags: ACK | PSH | ECE });
    c.peer({ flags: CWR, seq: NXT + 2, ack: una + 1, text: 'c', codepoint: ECT_0 });
    c.expect({ flags: ACK, ack: NXT + 3 });
    t.equal(client.readableBytes, 3);
  });

  t.test('CWR on a segment that is marked itself: the next round begins', async () => {
    const { c, una } = asked();
    c.peer({ seq: NXT, ack: una, text: 'a', codepoint: CE });
    c.expect({ flags: ACK | ECE });
    c.peer({ flags: CWR, seq: NXT + 1, ack: una, text: 'b', codepoint: CE });
    c.expect({ flags: ACK | ECE, ack: NXT + 2 });
  });

  t.test('a mark on what came out of order counts; one beyond the window or on old data does not', async () => {
    const { c, una } = asked();
    c.peer({ seq: NXT + 1_000_000, ack: una, text: 'beyond', codepoint: CE });
    c.expect({ flags: ACK });
    c.peer({ seq: NXT, ack: una, text: 'abc', codepoint: ECT_0 });
    c.expect({ flags: ACK, ack: NXT + 3 });
    c.peer({ seq: NXT, ack: una, text: 'abc', codepoint: CE });
    c.expect({ flags: ACK, ack: NXT + 3 });
    c.peer({ seq: NXT + 6, ack: una, text: 'ghi', codepoint: CE });
    c.expect({ flags: ACK | ECE, ack: NXT + 3 });
  });

  t.test('the ACK of a marked segment is not delayed', async () => {
    const { c, client, una } = asked();
    // Answering turns the quick ACKs of the start off.
    c.peer({ seq: NXT, ack: una, text: 'a', codepoint: ECT_0 });
    c.expect({ flags: ACK });
    c.call(() => client.send(bytesOf('x')));
    c.expect({ flags: ACK | PSH });
    c.peer({ seq: NXT + 1, ack: una + 1, text: 'b', codepoint: ECT_0 });
    c.expectNothing();
    c.advance(40);
    c.expect({ flags: ACK, ack: NXT + 2 });
    c.peer({ seq: NXT + 2, ack: una + 1, text: 'c', codepoint: CE });
    c.expect({ flags: ACK | ECE, ack: NXT + 3 });
  });
});

t.test('section 6.1.2: the sender', async (t) => {
  t.test('an echo takes the window down once a round trip; the next new data says CWR', async (t) => {
    const { c, client, una } = tenInFlight();
    c.peer({ flags: ECE, seq: NXT, ack: una + MSS });
    t.match(client.info(), { slowStartThreshold: 7 * MSS, retransmissions: 0, info: { congestionState: 'cwr' } });
    for (let i = 2; i <= 10; i++) c.peer({ flags: ECE, seq: NXT, ack: una + i * MSS });
    t.equal(client.info().slowStartThreshold, 7 * MSS, 'echoes of the same round trip');
    t.ok(c.sent.length >= 6 && c.sent.length <= 7, `a window of seven: ${c.sent.length}`);
    const [first, ...rest] = c.sent;
    t.equal(first.flags & CWR, CWR);
    t.ok(rest.every(({ flags }) => (flags & CWR) === 0));
    t.ok(c.codepoints.every((codepoint) => codepoint === ECT_0));
    t.equal(first.seq, (una + 10 * MSS) >>> 0, 'nothing was lost, nothing is sent again');

    c.peer({ seq: NXT, ack: una + 11 * MSS });
    const { congestionWindow, info } = client.info();
    t.equal(info?.congestionState, 'open');
    t.ok(congestionWindow >= 7 * MSS && congestionWindow < 7.1 * MSS, `0.7 of ten segments: ${congestionWindow}`);
    c.sent.length = 0;
    c.peer({ flags: ECE, seq: NXT, ack: una + 12 * MSS });
    t.equal(
      client.info().slowStartThreshold,
      Math.floor(congestionWindow * 0.7),
      'the next round trip, the next reduction',
    );
    for (let i = 13; i <= 17; i++) c.peer({ seq: NXT, ack: una + i * MSS });
    t.equal(c.sent[0].flags & CWR, CWR);
  });

  t.test('without an agreement ECE means nothing', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: IRS, ack: seq + 1, options: { mss: MSS } });
    c.call(() => client.send(bytesOf(5 * MSS)));
    c.peer({ flags: ECE, seq: NXT, ack: seq + 1 + MSS });
    t.match(client.info(), { slowStartThreshold: 0x7fffffff, info: { congestionState: 'open' } });
  });

  t.test('section 6.1.2: a loss in the same window takes it down only once, and is told by CWR too', async (t) => {
    const { c, client, una } = tenInFlight();
    c.peer({ seq: NXT, ack: una });
    for (let i = 2; i <= 6; i++) {
      c.peer({ seq: NXT, ack: una, options: { sack: [{ left: una + MSS, right: (una + i * MSS) >>> 0 }] } });
    }
    const { slowStartThreshold } = client.info();
    t.equal(slowStartThreshold, 7 * MSS);
    c.peer({ flags: ECE, seq: NXT, ack: una + 6 * MSS });
    t.equal(client.info().slowStartThreshold, slowStartThreshold);
    for (let i = 7; i <= 14; i++) c.peer({ seq: NXT, ack: una + i * MSS });
    const again = c.sent.find(({ seq }) => seq === una);
    t.ok(again !== undefined && (again.flags & CWR) === 0, 'not what is sent again');
    t.equal(c.codepoints[c.sent.indexOf(again as never)], NOT_ECT);
    const fresh = c.sent.filter(({ seq }) => seq !== una);
    t.equal(fresh.filter(({ flags }) => flags & CWR).length, 1);
    t.equal(fresh[0].flags & CWR, CWR);
  });

  t.test('as Linux: a mark is proof: what shows that nothing was lost does not take the reduction back', async (t) => {
    /** The first segment is taken for lost and goes again; then the peer reports that it had it. */
    const mistaken = (marks: { before?: boolean; within?: boolean }) => {
      const { c, client, una } = tenInFlight();
      const at = (number: number) => (una + number * MSS) >>> 0;
      const first = marks.before ? 1 : 0;
      if (marks.before) c.peer({ flags: ECE, seq: NXT, ack: at(1) });
      const report = (right: number, flags = 0) =>
        c.peer({ flags, seq: NXT, ack: at(first), options: { sack: [{ left: at(first + 1), right: at(right) }] } });
      report(9);
      t.match(client.info(), { retransmissions: 1, info: { congestionState: 'recovery' } });
      report(10, marks.within ? ECE : 0);
      const all = client.tcb.sndNxt;
      c.peer({ seq: NXT, ack: all });
      c.peer({ seq: NXT, ack: all, options: { sack: [{ left: at(first), right: at(first + 1) }] } });
      t.match(client.info(), { retransmissions: 1, info: { dsacksIn: 1, congestionState: 'open' } });
      return client.info().slowStartThreshold;
    };
    t.equal(mistaken({}), 0x7fffffff);
    t.equal(mistaken({ within: true }), 7 * MSS);
    t.equal(mistaken({ before: true }), 7 * MSS);
  });
});
