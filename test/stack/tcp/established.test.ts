/** Segments that arrive in ESTABLISHED: RFC 9293 section 3.10.7.4 in its order, RFC 5961, RFC 7323 section 5. */
import t from 'tap';
import { ACK, FIN, PSH, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS, text } from './harness.js';

const NXT = IRS + 1;

t.test('first: the sequence number', async (t) => {
  t.test('old and far segments are dropped and answered by ACK', async (t) => {
    const { c, client, una } = established();
    c.peer({ seq: NXT - 5, ack: una, text: 'old' });
    c.expect({ flags: ACK, seq: una, ack: NXT });
    c.peer({ seq: NXT + 70_000, ack: una, text: 'far' });
    c.expect({ flags: ACK, seq: una, ack: NXT });
    t.equal(client.readableBytes, 0);
    t.equal(c.machine.counters.get('tcp.notAcceptable'), 2);
  });

  t.test('without data they are answered twice a second at most: two ends cannot loop', async (t) => {
    const { c, una } = established();
    for (let i = 0; i < 10; i++) c.peer({ seq: NXT - 1, ack: una });
    c.expect({ flags: ACK });
    c.expectNothing();
    c.advance(500);
    c.peer({ seq: NXT - 1, ack: una });
    c.expect({ flags: ACK });
    t.equal(c.machine.counters.get('tcp.challengesHeldBack'), 9);
  });

  t.test('a segment that lies half in the past is taken from RCV.NXT on', async (t) => {
    const { c, client, una } = established();
    c.peer({ seq: NXT, ack: una, text: 'abc' });
    c.expect({ flags: ACK, ack: NXT + 3 });
    c.peer({ seq: NXT + 1, ack: una, text: 'bcdef' });
    c.expect({ flags: ACK, ack: NXT + 6 });
    t.equal(text(client.read()), 'abcdef');
  });

  t.test('sequence numbers wrap on both sides', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: 0xffffffff, options: { mss: 1460 } });
    const { seq } = c.expect({ flags: SYN | ACK, ack: 0 });
    c.peer({ seq: 0, ack: seq + 1 });
    c.peer({ seq: 0, ack: seq + 1, text: 'zero' });
    c.expect({ flags: ACK, ack: 4 });
    t.equal(text(accepted[0].read()), 'zero');
  });

  t.test('an old timestamp is refused (PAWS)', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: IRS, options: { timestamps: { value: 100, echo: 0 } } });
    const { seq } = c.expect({ flags: SYN | ACK });
    const at = (value: number) => ({ timestamps: { value, echo: 0 } });
    c.peer({ seq: NXT, ack: seq + 1, options: at(101) });
    c.peer({ seq: NXT, ack: seq + 1, text: 'ghost', options: at(99) });
    t.match(c.expect({ flags: ACK, ack: NXT }).options, { timestamps: { echo: 101 } });
    c.peer({ seq: NXT, ack: seq + 1, text: 'real', options: at(102) });
    t.match(c.expect({ flags: ACK, ack: NXT + 4 }).options, { timestamps: { echo: 102 } });
    t.equal(text(accepted[0].read()), 'real');
    t.equal(c.machine.counters.get('tcp.oldTimestamp'), 1);
  });
});

t.test('second: RST', async (t) => {
  t.test('with the exact number resets', async (t) => {
    const { c, client, news } = established();
    c.peer({ flags: RST, seq: NXT });
    c.expectNothing();
    t.same(news, ['closed ECONNRESET']);
    t.equal(client.state, 'CLOSED');
  });

  t.test('elsewhere in the window is challenged, outside it dropped (RFC 5961)', async (t) => {
    const { c, client, una } = established();
    c.peer({ flags: RST, seq: NXT + 100 });
    c.expect({ flags: ACK, seq: una, ack: NXT });
    c.peer({ flags: RST, seq: NXT - 100 });
    c.expectNothing();
    t.equal(client.state, 'ESTABLISHED');
  });
});

t.test('fourth: SYN is challenged, in the window or not (RFC 5961)', async (t) => {
  const { c, client, una } = established();
  c.peer({ flags: SYN, seq: NXT + 10 });
  c.expect({ flags: ACK, seq: una, ack: NXT });
  c.advance(1000);
  c.peer({ flags: SYN, seq: NXT - 100_000 });
  c.expect({ flags: ACK, seq: una, ack: NXT });
  t.equal(client.state, 'ESTABLISHED');
});

t.test('fifth: ACK', async (t) => {
  t.test('a segment without ACK is dropped', async (t) => {
    const { c, client } = established();
    c.peer({ seq: NXT, text: 'x' });
    c.expectNothing();
    t.equal(client.readableBytes, 0);
    t.equal(c.machine.counters.get('tcp.noAck'), 1);
  });

  t.test('an ACK of what was never sent is answered and dropped', async (t) => {
    const { c, client, una } = established();
    c.peer({ seq: NXT, ack: una + 1, text: 'x' });
    c.expect({ flags: ACK, seq: una, ack: NXT });
    t.equal(client.readableBytes, 0);
  });

  t.test('an ACK of long ago too; a recent one is only a duplicate', async (t) => {
    const { c, client, una } = established({}, { window: 1000, options: { mss: 1460 } });
    c.peer({ seq: NXT, ack: una - 1001, text: 'x' });
    c.expect({ flags: ACK, ack: NXT });
    c.peer({ seq: NXT, ack: una - 999, text: 'y' });
    c.expect({ flags: ACK, ack: NXT + 1 });
    t.equal(text(client.read()), 'y');
  });

  t.test('only newer segments move the window', async (t) => {
    const { c, client, una } = established();
    c.peer({ seq: NXT, ack: una, text: 'ab', window: 5000 });
    t.equal(client.info().sendWindow, 5000);
    c.peer({ seq: NXT, ack: una, window: 9000 });
    t.equal(client.info().sendWindow, 5000, 'older than the last update');
    c.peer({ seq: NXT + 2, ack: una, window: 700 });
    t.equal(client.info().sendWindow, 700);
  });
});

t.test('seventh: text', async (t) => {
  t.test('out of order: a duplicate ACK at once, all when the hole is filled', async (t) => {
    const { c, client, news, una } = established();
    c.peer({ seq: NXT + 3, ack: una, text: 'def' });
    c.expect({ flags: ACK, ack: NXT });
    c.peer({ seq: NXT + 9, ack: una, text: 'jkl' });
    c.expect({ flags: ACK, ack: NXT });
    c.peer({ seq: NXT, ack: una, text: 'abc' });
    c.expect({ flags: ACK, ack: NXT + 6 });
    c.peer({ seq: NXT + 6, ack: una, text: 'ghi' });
    c.expect({ flags: ACK, ack: NXT + 12 });
    t.equal(text(client.read()), 'abcdefghijkl');
    t.same(news, ['readable', 'readable']);
    t.equal(client.bytesReceived, 12);
  });

  t.test('ACKs at once at the start, then every second full segment, or after 40 ms', async (t) => {
    const { c, client, una } = established();
    let seq = NXT;
    const full = () => {
      c.peer({ seq, ack: una, text: bytesOf(1460) });
      seq += 1460;
      client.read();
    };
    for (let i = 0; i < 16; i++) {
      full();
      c.expect({ flags: ACK, ack: seq });
    }
    full();
    c.expectNothing();
    t.match(client.info(), { timer: 'delayed-ack', timerMs: 40 });
    full();
    c.expect({ flags: ACK, ack: seq });
    full();
    c.advance(39);
    c.expectNothing();
    c.advance(1);
    c.expect({ flags: ACK, ack: seq });
  });

  t.test('a program that answers carries the ACK with its answer', async () => {
    const { c, client, una } = established();
    client.handler = { ...client.handler, onReadable: () => client.send(client.read() ?? bytesOf('')) };
    c.peer({ seq: NXT, ack: una, text: 'one' });
    c.expect({ flags: ACK, ack: NXT + 3, length: 0 });
    c.expect({ flags: PSH | ACK, text: 'one' });
    c.peer({ seq: NXT + 3, ack: una + 3, text: 'two' });
    c.expect({ flags: PSH | ACK, ack: NXT + 6, text: 'two' });
    c.expectNothing();
  });
});

t.test('keep-alive', async (t) => {
  t.test('a silent peer is asked, and its answer is enough', async (t) => {
    const { c, client, una } = established();
    c.call(() => client.setKeepAlive(true, { delayMs: 1000 }));
    c.advance(1000);
    c.expect({ flags: ACK, seq: una - 1, length: 0 });
    c.peer({ seq: NXT, ack: una });
    c.advance(999);
    c.expectNothing();
    c.advance(1);
    c.expect({ flags: ACK, seq: una - 1, length: 0 });
    t.equal(client.state, 'ESTABLISHED');
  });

  t.test('nine probes without an answer: ETIMEDOUT', async (t) => {
    const { c, client, news } = established();
    c.call(() => client.setKeepAlive(true, { delayMs: 1000 }));
    c.advance(1000 + 9 * 75_000 - 1);
    t.equal(c.sent.length, 9);
    c.advance(1);
    t.same(news, ['closed ETIMEDOUT']);
  });

  t.test('the peer’s probe is answered', async () => {
    const { c, una } = established();
    c.peer({ seq: NXT - 1, ack: una });
    c.expect({ flags: ACK, seq: una, ack: NXT });
  });
});

t.test('FIN, URG and options that are unknown do no harm', async (t) => {
  const { c, client, una } = established();
  c.peer({ flags: 0x20 | PSH, seq: NXT, ack: una, text: 'urgent' });
  c.expect({ flags: ACK, ack: NXT + 6 });
  c.peer({ flags: FIN, seq: NXT + 6, ack: una });
  c.expect({ flags: ACK, ack: NXT + 7 });
  t.equal(text(client.read()), 'urgent');
});
