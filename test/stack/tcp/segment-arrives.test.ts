/** SEGMENT ARRIVES where Linux goes further than RFC 9293 section 3.10.7: what a peer could tell the two apart by. */
import t from 'tap';
import { Random } from '../../../devices/stack/random.js';
import { ChallengeBudget } from '../../../devices/stack/tcp/challenge-acks.js';
import { ACK, FIN, PSH, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS, text } from './harness.js';

/** ESTABLISHED with timestamps on both sides; `stamp` makes the option of a segment of the peer. */
function stamped() {
  const options = { mss: 1460, timestamps: { value: 5000, echo: 0 } };
  const setup = established({}, { options });
  return { ...setup, stamp: (value: number) => ({ options: { timestamps: { value, echo: 0 } } }) };
}

t.test('an old segment that reaches as far as our last ACK: its text is old, but its ACK counts', async (t) => {
  const { c, client, una } = established();
  c.peer({ seq: IRS + 1, ack: una, text: 'abc' });
  c.expect({ flags: ACK, ack: IRS + 4 });
  c.call(() => client.send(bytesOf('question')));
  c.expect({ flags: PSH | ACK, text: 'question' });
  c.peer({ seq: IRS + 1, ack: una + 8, text: 'abc' });
  c.expect({ flags: ACK, seq: una + 8, ack: IRS + 4 });
  t.equal(client.info().sendQueue, 0);
  t.equal(text(client.read()), 'abc');
});

t.test('a repeated FIN brings its ACK too', async (t) => {
  const { c, client, una } = established();
  c.peer({ flags: FIN, seq: IRS + 1, ack: una });
  c.expect({ flags: ACK, ack: IRS + 2 });
  c.call(() => client.send(bytesOf('answer')));
  c.expect({ flags: PSH | ACK });
  c.peer({ flags: FIN, seq: IRS + 1, ack: una + 6 });
  c.expect({ flags: ACK, ack: IRS + 2 });
  t.equal(client.info().sendQueue, 0);
});

t.test('an ACK without news that was overtaken on the way is not answered', async () => {
  const { c, una, stamp } = stamped();
  c.peer({ seq: IRS + 1, ack: una, text: 'later', ...stamp(5100) });
  c.expect({ flags: ACK, ack: IRS + 6 });
  c.peer({ seq: IRS + 6, ack: una, ...stamp(5050) });
  c.expectNothing();
  c.peer({ seq: IRS + 6, ack: una, text: 'old', ...stamp(5050) });
  c.expect({ flags: ACK, ack: IRS + 6 });
});

t.test('SYN_SENT: a SYN-ACK that echoes a timestamp of another attempt is refused', async (t) => {
  const c = new Conversation();
  const client = c.connect();
  const { seq, options } = c.expect({ flags: SYN });
  const ours = options.timestamps?.value ?? 0;
  const answer = (echo: number) =>
    c.peer({ flags: SYN, seq: IRS, ack: seq + 1, options: { timestamps: { value: 1, echo: echo >>> 0 } } });
  answer(ours - 1);
  c.expect({ flags: RST, seq: seq + 1 });
  answer(ours + 1);
  c.expect({ flags: RST, seq: seq + 1 });
  t.equal(client.state, 'SYN_SENT');
  answer(ours);
  c.expect({ flags: ACK });
  t.equal(client.state, 'ESTABLISHED');
});

t.test('RST', async (t) => {
  t.test('after FIN, with the number of the FIN, as macOS sends it', async (t) => {
    const { c, una, news } = established();
    c.peer({ flags: FIN, seq: IRS + 1, ack: una });
    c.expect({ flags: ACK });
    c.peer({ flags: RST, seq: IRS + 1 });
    t.same(news, ['end', 'closed ECONNRESET']);
  });

  t.test('at the end of what came out of order, when SACK told the peer of it', async (t) => {
    const { c, una, news } = established({}, { options: { mss: 1460, sackPermitted: true } });
    c.peer({ seq: IRS + 11, ack: una, text: 'beyond a hole' });
    c.expect({ flags: ACK, ack: IRS + 1 });
    c.peer({ flags: RST, seq: IRS + 20 });
    c.expect({ flags: ACK, ack: IRS + 1 });
    t.same(news, []);
    c.peer({ flags: RST, seq: IRS + 24 });
    t.same(news, ['closed ECONNRESET']);
  });

  t.test('counts while our window is closed (MUST-66)', async (t) => {
    const { c, client, una, news } = established({ receiveBufferBytes: 1000 });
    let seq = IRS + 1;
    for (let room = client.info().receiveWindow; room > 0; room = client.info().receiveWindow) {
      c.peer({ seq, ack: una, text: bytesOf(room) });
      seq += room;
    }
    c.peer({ flags: RST, seq });
    t.equal(news.at(-1), 'closed ECONNRESET');
  });
});

t.test('challenge ACKs', async (t) => {
  t.test('two a second for a connection', async (t) => {
    const { c, una } = established();
    for (let i = 0; i < 10; i++) c.peer({ flags: RST, seq: IRS + 100 });
    c.expect({ flags: ACK, seq: una, ack: IRS + 1 });
    c.expectNothing();
    t.equal(c.machine.counters.get('tcp.challengesHeldBack'), 9);
    c.advance(500);
    c.peer({ flags: SYN, seq: IRS + 100 });
    c.expect({ flags: ACK, seq: una, ack: IRS + 1 });
  });

  t.test('of a machine: about a thousand a second, and nobody can tell how many exactly', async (t) => {
    const budget = new ChallengeBudget(new Random('budget'));
    const spent = (now: number) => {
      let count = 0;
      while (budget.take(now)) count += 1;
      return count;
    };
    const seconds = Array.from({ length: 50 }, (_, second) => spent(second * 1000));
    t.ok(seconds.every((count) => count >= 500 && count < 1500));
    t.ok(new Set(seconds).size > 40);
    t.equal(spent(49_999), 0, 'the same second');
  });
});

t.test('TIME_WAIT', async (t) => {
  function waiting() {
    const setup = stamped();
    const { c, client, una, stamp } = setup;
    c.call(() => client.shutdown());
    c.expect({ flags: FIN | ACK });
    c.peer({ flags: FIN, seq: IRS + 1, ack: una + 1, ...stamp(5001) });
    c.expect({ flags: ACK });
    c.advance(50_000);
    return setup;
  }

  t.test('whatever the peer still acknowledges begins the wait anew, without an answer', async (t) => {
    const { c, client, una, stamp } = waiting();
    c.peer({ seq: IRS + 2, ack: una + 1, ...stamp(5002) });
    c.expectNothing();
    t.equal(client.info().timerMs, 60_000);
  });

  t.test('a SYN is answered and does not begin it anew; RST elsewhere is ignored', async (t) => {
    const { c, client, una, stamp } = waiting();
    c.peer({ flags: SYN, seq: IRS, ...stamp(6000) });
    c.expect({ flags: ACK, seq: una + 1, ack: IRS + 2 });
    c.peer({ flags: RST, seq: IRS + 3 });
    c.expectNothing();
    t.match(client.info(), { state: 'TIME_WAIT', timerMs: 10_000 });
  });

  t.test('RFC 6191: a newer timestamp opens the pair anew, an older one does not, whatever the numbers', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    const stamp = (value: number) => ({ options: { timestamps: { value, echo: 0 } } });
    c.peer({ flags: SYN, seq: IRS, ...stamp(100) });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.peer({ seq: IRS + 1, ack: seq + 1, ...stamp(101) });
    c.call(() => accepted[0].shutdown());
    c.expect({ flags: FIN | ACK });
    c.peer({ flags: FIN, seq: IRS + 1, ack: seq + 2, ...stamp(102) });
    c.expect({ flags: ACK });
    c.peer({ flags: SYN, seq: IRS + 5000, ...stamp(50) });
    c.expect({ flags: ACK, seq: seq + 2, ack: IRS + 2 });
    t.equal(accepted[0].state, 'TIME_WAIT');
    c.peer({ flags: SYN, seq: IRS - 5000, ...stamp(103) });
    c.expect({ flags: SYN | ACK, ack: IRS - 4999 });
    t.equal(accepted[0].state, 'CLOSED');
  });
});

t.test('nine unanswered keep-alive probes: the peer is told by RST', async () => {
  const { c, client, una } = established();
  client.setKeepAlive(true, { delayMs: 1000 });
  c.advance(1000 + 9 * 75_000);
  for (let i = 0; i < 9; i++) c.expect({ flags: ACK, seq: una - 1 });
  c.expect({ flags: RST | ACK, seq: una });
});

t.test('a program that is gone does not wait for ever for a window to open', async (t) => {
  const { c, client, una } = established();
  c.peer({ seq: IRS + 1, ack: una, window: 0 });
  c.call(() => {
    client.send(bytesOf('waits'));
    client.close();
  });
  for (let i = 0; i < 100 && client.state !== 'CLOSED'; i++) {
    c.until(c.timers.nextAt());
    if (c.sent.length > 0) c.peer({ seq: IRS + 1, ack: una, window: 0 });
    c.sent.length = 0;
  }
  t.equal(client.state, 'CLOSED');
  t.ok(c.timers.now < 600_000);
});
