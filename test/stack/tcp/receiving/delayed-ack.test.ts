/** When an ACK goes out on its own: RFC 9293 section 3.8.6.3, RFC 5681 section 4.2, and what Linux adds. */
import t from 'tap';
import { ACK, PSH } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, established, IRS } from '../harness.js';

const NXT = IRS + 1;
const MSS = 1460;

/** After the first sixteen segments, which are acknowledged at once: `gets` lets so many bytes more arrive. */
function settled(reads: boolean) {
  const setup = established();
  const { c, client, una } = setup;
  let received = 0;
  const gets = (length: number, flags = 0) => {
    c.peer({ flags, seq: NXT + received, ack: una, text: bytesOf(length) });
    received += length;
  };
  const onReadable = () => {
    if (reads) while (client.read() !== undefined);
  };
  client.handler = { ...client.handler, onReadable };
  for (let i = 0; i < 16; i++) gets(MSS);
  c.sent.length = 0;
  return { ...setup, gets, received: () => NXT + received };
}

t.test('every second full segment is acknowledged, a single one after 40 ms', async () => {
  const { c, gets, received } = settled(true);
  gets(MSS);
  c.expectNothing();
  gets(MSS);
  c.expect({ flags: ACK, ack: received() });
  gets(MSS);
  c.advance(39);
  c.expectNothing();
  c.advance(1);
  c.expect({ flags: ACK, ack: received() });
});

t.test('a small segment, or one with PSH, is acknowledged when the program has read it', async (t) => {
  const { c, client, gets, received } = settled(true);
  gets(100);
  c.expect({ flags: ACK, ack: received() });
  gets(MSS, PSH);
  c.expect({ flags: ACK, ack: received() });
  t.equal(client.readableBytes, 0);
});

t.test('but not before: a program that does not read lets it wait', async () => {
  const { c, gets, received } = settled(false);
  gets(100);
  c.advance(39);
  c.expectNothing();
  c.advance(1);
  c.expect({ flags: ACK, ack: received() });
});

t.test('nor when it answers what it gets: its answer carries the ACK', async () => {
  const { c, client, una, gets, received } = settled(true);
  gets(100);
  c.expect({ flags: ACK, ack: received() });
  c.call(() => client.send(bytesOf('answer')));
  c.expect({ flags: PSH | ACK, seq: una, ack: received() });
  gets(100);
  c.expectNothing();
  c.call(() => client.send(bytesOf('answer')));
  // Nagle: the first answer is not acknowledged yet.
  c.expectNothing();
  gets(100);
  c.expect({ flags: ACK, ack: received() });
  c.advance(40);
});
