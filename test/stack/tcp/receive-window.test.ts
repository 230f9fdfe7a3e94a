/** The window that we offer: RFC 9293 section 3.8.6.2.2, RFC 7323 section 2. */
import t from 'tap';
import { ACK } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, established, IRS, text } from './harness.js';

const NXT = IRS + 1;

t.test('a program that does not read closes the window; reading opens it by a full segment at least', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 4380 });
  c.peer({ seq: NXT, ack: una, text: bytesOf(1460) });
  c.expect({ flags: ACK, ack: NXT + 1460, window: 2920 });
  c.peer({ seq: NXT + 1460, ack: una, text: bytesOf(2920) });
  c.expect({ flags: ACK, ack: NXT + 4380, window: 0 });
  t.equal(client.info().recvQueue, 4380);

  c.call(() => client.read(1000));
  c.expectNothing();
  c.call(() => client.read(1000));
  c.expect({ flags: ACK, ack: NXT + 4380, window: 2000 });
  c.call(() => client.read(1000));
  c.expectNothing();
  c.call(() => client.read());
  c.expect({ flags: ACK, window: 4380 });
});

t.test('probes of a closed window are answered and not taken', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 1460 });
  c.peer({ seq: NXT, ack: una, text: bytesOf(1460) });
  c.expect({ flags: ACK, window: 0 });
  for (let i = 0; i < 3; i++) {
    c.peer({ seq: NXT + 1460, ack: una, text: 'x' });
    c.expect({ flags: ACK, ack: NXT + 1460, window: 0 });
  }
  t.equal(client.readableBytes, 1460);
  t.equal(c.machine.counters.get('tcp.beyondWindow'), 3);
});

t.test('ACKs count while our window is closed', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 1460 });
  c.peer({ seq: NXT, ack: una, text: bytesOf(1460) });
  c.call(() => client.send(bytesOf('data')));
  t.equal(client.info().sendQueue, 4);
  c.peer({ seq: NXT + 1460, ack: una + 4 });
  t.equal(client.info().sendQueue, 0);
});

t.test('what lies beyond the window is cut off', async (t) => {
  const { c, client, una } = established({ receiveBufferBytes: 1460 });
  c.peer({ seq: NXT, ack: una, text: bytesOf(2000) });
  c.expect({ flags: ACK, ack: NXT + 1460, window: 0 });
  t.equal(client.readableBytes, 1460);
});

t.test(
  'the window field counts in units of the scale; small segments never move the edge past the buffer',
  async (t) => {
    const { c, client, una } = established({}, { options: { mss: 1460, windowScale: 7 } });
    const edge = NXT + 262_144;
    let seq = NXT;
    const edges: number[] = [];
    for (let i = 0; i < 300; i++) {
      const size = 1 + ((i * 397) % 100);
      c.peer({ seq, ack: una, text: bytesOf(size) });
      seq += size;
      for (const segment of c.sent.splice(0)) edges.push(segment.ack + segment.window * 8);
    }
    t.ok(edges.every((seen) => seen <= edge && seen > edge - 8));
    t.equal(client.info().receiveWindow, edge - seq);
  },
);

t.test('read() gives at most what is asked for, in order', async (t) => {
  const { c, client, una } = established();
  c.peer({ seq: NXT, ack: una, text: 'abcdef' });
  c.peer({ seq: NXT + 6, ack: una, text: 'ghi' });
  t.equal(text(client.read(4)), 'abcd');
  t.equal(text(client.read(4)), 'efgh');
  t.equal(text(client.read()), 'i');
  t.equal(client.read(), undefined);
});
