/** Buffers of one connection that are fixed before its handshake: Linux's SO_SNDBUF and SO_RCVBUF. */
import t from 'tap';
import { ACK, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, HERE, PEER } from './harness.js';

const OPTIONS = { mss: 1460, windowScale: 2 };

t.test('an active open: the window and its scale are those of the buffer', async (t) => {
  const c = new Conversation();
  const remote = { address: PEER, port: 80 };
  const connect = (bytes: number) =>
    c.call(() => c.tcp.connect({ remote, sendBufferBytes: 10_000, receiveBufferBytes: bytes }));
  const client = connect(8000);
  c.herePort = client.local.port;
  c.peerPort = 80;
  const syn = c.expect({ flags: SYN, window: 8000 });
  t.equal(syn.options.windowScale, 0);
  c.peer({ flags: SYN, seq: 1000, ack: syn.seq + 1, options: OPTIONS });
  c.expect({ flags: ACK, window: 8000 });
  t.equal(
    c.call(() => client.send(bytesOf(20_000))),
    10_000,
  );
  t.match(client.info().info, { sendBufferBytes: 10_000, receiveBufferBytes: 8000 });
  t.equal(client.info().info?.receiveSpaceBytes, undefined, 'nothing is tuned');
  c.sent.length = 0;
  connect(1 << 20);
  const { options } = c.expect({ flags: SYN, window: 65535 });
  t.equal(options.windowScale, 5);
});

t.test('a passive open: as the listener says for who connects', async (t) => {
  const c = new Conversation();
  const asked: string[] = [];
  const listener = c.tcp.listen({
    address: 0,
    port: 80,
    buffersFor: ({ address, port }) => {
      asked.push(`${address === PEER} ${port}`);
      return port === 40000 ? { sendBufferBytes: 9000, receiveBufferBytes: 4000 } : undefined;
    },
  });
  t.ok(listener);
  c.herePort = 80;
  c.peerPort = 40000;
  c.peer({ flags: SYN, seq: 90, options: OPTIONS });
  c.expect({ flags: SYN | ACK, window: 4000 });
  c.peerPort = 40001;
  c.peer({ flags: SYN, seq: 90, options: OPTIONS });
  const { window } = c.expect({ flags: SYN | ACK });
  t.ok(window > 60_000);
  t.same(asked, ['true 40000', 'true 40001']);
  t.match(
    c.tcp.sockets().map(({ info }) => info?.sendBufferBytes),
    [undefined, 9000, 131_072],
  );
});

t.test('sizes that are none', async (t) => {
  const c = new Conversation();
  const remote = { address: HERE, port: 80 };
  for (const bytes of [0, -1, 1.5, 2 ** 31, Number.NaN]) {
    t.throws(() => c.tcp.connect({ remote, sendBufferBytes: bytes }), { code: 'EINVAL' });
    t.throws(() => c.tcp.connect({ remote, receiveBufferBytes: bytes }), { code: 'EINVAL' });
  }
});
