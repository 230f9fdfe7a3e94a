/** The window that we offer: RFC 9293 section 3.8.6.2.2, RFC 7323 section 2. */
import t from 'tap';
import { ACK, SYN } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS, text } from '../harness.js';

const NXT = IRS + 1;

t.test('a program that does not read closes the window; reading opens it by a full segment at least', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 4380 });
  let seq = NXT;
  // Two segments may wait without taking anything away: the ACK goes out before the program can have read them.
  for (const [length, window] of [
    [1460, 4380],
    [1460, 4380],
    [1460, 2920],
    [2920, 0],
  ]) {
    c.peer({ seq, ack: una, text: bytesOf(length) });
    seq += length;
    c.expect({ flags: ACK, ack: seq, window });
  }
  t.equal(client.info().recvQueue, 4380 + 2 * 1460, 'the window and two segments');

  c.call(() => client.read(1000));
  c.expectNothing();
  c.call(() => client.read(1000));
  c.expect({ flags: ACK, ack: seq, window: 2000 });
  c.call(() => client.read(1000));
  c.expectNothing();
  c.call(() => client.read());
  c.expect({ flags: ACK, window: 4380 });
});

t.test('a program that reads at once keeps the window whole', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 32_768 });
  const edges = new Set<number>();
  for (let seq = NXT; seq < NXT + 100 * 1460; seq += 1460) {
    c.peer({ seq, ack: una, text: bytesOf(1460) });
    for (const segment of c.sent.splice(0)) edges.add(segment.window);
    c.call(() => client.read());
    t.same(c.sent, [], 'no update is worth a segment of its own');
  }
  t.same([...edges], [32_768]);
});

/** A window of one segment that is closed. */
function closedWindow() {
  const setup = established({ receiveBufferBytes: 1460 });
  const { c, una } = setup;
  for (const [index, window] of [1460, 0].entries()) {
    c.peer({ seq: NXT + index * 1460, ack: una, text: bytesOf(1460) });
    c.expect({ flags: ACK, window });
  }
  return { ...setup, nxt: NXT + 2920 };
}

t.test('probes of a closed window are answered and not taken', async (t) => {
  const { c, client, una, nxt } = closedWindow();
  for (let i = 0; i < 3; i++) {
    c.peer({ seq: nxt, ack: una, text: 'x' });
    c.expect({ flags: ACK, ack: nxt, window: 0 });
  }
  t.equal(client.readableBytes, 2920);
  t.equal(c.machine.counters.get('tcp.beyondWindow'), 3);
});

t.test('ACKs count while our window is closed', async (t) => {
  const { c, client, una, nxt } = closedWindow();
  c.call(() => client.send(bytesOf('data')));
  t.equal(client.info().sendQueue, 4);
  c.peer({ seq: nxt, ack: una + 4 });
  t.equal(client.info().sendQueue, 0);
});

t.test('what lies beyond the window is cut off', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 1460 });
  c.peer({ seq: NXT, ack: una, text: bytesOf(2000) });
  c.expect({ flags: ACK, ack: NXT + 1460, window: 1460 });
  t.equal(client.readableBytes, 1460);
});

t.test(
  'the window field counts in units of the scale; small segments never move the edge past the buffer',
  async (t) => {
    const limit = 262_144;
    const { c, client, una } = established({ receiveBufferBytes: limit }, { options: { mss: 1460, windowScale: 7 } });
    let seq = NXT;
    let last = 0;
    for (let i = 0; i < 300; i++) {
      const size = 1 + ((i * 397) % 100);
      c.peer({ seq, ack: una, text: bytesOf(size) });
      seq += size;
      for (const segment of c.sent.splice(0)) {
        const edge = segment.ack + segment.window * 8;
        t.ok(edge <= NXT + limit + 2920 + 8 && edge > last - 8);
        last = Math.max(last, edge);
      }
    }
    t.ok(last > NXT + limit + 2920 - 100);
    t.equal(client.info().receiveWindow, limit + 2920 - (seq - NXT));
  },
);

t.test('as Linux, the windows of the SYN, and of the first ACK: whole segments, rounded up to the unit', async (t) => {
  const c = new Conversation();
  const client = c.connect();
  const { seq, options } = c.expect({ flags: SYN, window: 64_240 });
  t.equal(options.windowScale, 7, 'enough for 6 MiB');
  const answer = { mss: 1460, windowScale: 9, timestamps: { value: 1, echo: options.timestamps?.value ?? 0 } };
  c.peer({ flags: SYN, seq: IRS, ack: seq + 1, options: answer });
  c.expect({ flags: ACK, window: 502 });
  t.equal(client.info().receiveWindow, 64_240);

  const server = new Conversation();
  server.listen();
  server.peer({ flags: SYN, seq: IRS, options: { mss: 1460, windowScale: 7, timestamps: { value: 1, echo: 0 } } });
  server.expect({ flags: SYN | ACK, window: 65_160 });
  const plain = new Conversation();
  plain.listen();
  plain.peer({ flags: SYN, seq: IRS, options: { mss: 1460 } });
  plain.expect({ flags: SYN | ACK, window: 64_240 });
});

t.test('read() gives at most what is asked for, in order', async (t) => {
  const { c, client, una } = established();
  c.peer({ seq: NXT, ack: una, text: 'abcdef' });
  c.peer({ seq: NXT + 6, ack: una, text: 'ghi' });
  t.equal(text(client.read(4)), 'abcd');
  t.equal(text(client.read(4)), 'efgh');
  t.equal(text(client.read()), 'i');
  t.equal(client.read(), undefined);
});
