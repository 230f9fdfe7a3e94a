/** Strangers: floods of SYNs, forged ICMP errors, a peer that starts anew in the middle. */
import t from 'tap';
import { MAX_CONNECTIONS } from '../../../devices/stack/tcp/connection-table.js';
import { ACK, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { Conversation, established } from './harness.js';

const BACKLOG = 4;

/** LISTEN with all places taken by SYNs whose senders never answer. */
function flooded(): Conversation {
  const c = new Conversation();
  c.listen(80, BACKLOG);
  for (let port = 1; port <= BACKLOG; port++) {
    c.peerPort = port;
    c.peer({ flags: SYN, seq: 1 });
  }
  c.sent.length = 0;
  c.peerPort = 40000;
  return c;
}

t.test(
  'SYN flood: the table is bounded, and the oldest handshake that got no answer makes room (RFC 4987)',
  async (t) => {
    const c = flooded();
    c.peer({ flags: SYN, seq: 100 });
    t.equal(c.machine.counters.get('tcp.synQueueFull'), 1, 'all are younger than one retransmission');
    t.equal(c.tcp.sockets().length, 1 + BACKLOG, 'the answer is a cookie: nothing is kept');
    c.advance(1000);
    c.sent.length = 0;
    c.peer({ flags: SYN, seq: 100 });
    const { seq } = c.expect({ flags: SYN | ACK, ack: 101 });
    c.peer({ seq: 101, ack: seq + 1 });
    t.equal(c.machine.counters.get('tcp.synQueueRecycled'), 1);
    const rows = c.tcp.sockets();
    t.equal(rows.filter(({ state }) => state === 'SYN_RECV').length, BACKLOG - 1);
    t.equal(rows.filter(({ state }) => state === 'ESTABLISHED').length, 1);
    t.equal(
      rows.find(({ remote }) => remote.endsWith(':1')),
      undefined,
      'the oldest is the one that went',
    );
  },
);

t.test(
  'SYN flood from addresses that are nobody’s: the error that ARP or a router tells frees the place',
  async (t) => {
    const c = new Conversation();
    c.listen(80, BACKLOG);
    c.peer({ flags: SYN, seq: 1 });
    const synAck = c.expect({ flags: SYN | ACK });
    c.icmp({ type: 3, code: 1 }, { ...synAck, seq: synAck.seq + 5 });
    t.equal(c.tcp.sockets().length, 2, 'not about anything on its way');
    c.icmp({ type: 3, code: 1 }, synAck);
    t.equal(c.tcp.sockets().length, 1, 'only the listener is left');
    c.expectNothing();
  },
);

t.test(
  'SYN_RECV: another SYN within the window returns a passive open to LISTEN (RFC 9293 section 3.10.7.4)',
  async (t) => {
    const c = new Conversation();
    c.listen();
    c.peer({ flags: SYN, seq: 100 });
    c.expect({ flags: SYN | ACK, ack: 101 });
    c.peer({ flags: SYN, seq: 5000 });
    c.expect({ flags: RST | ACK, seq: 0, ack: 5001 });
    t.equal(c.tcp.sockets().length, 1);
    c.peer({ flags: SYN, seq: 5000 });
    c.expect({ flags: SYN | ACK, ack: 5001 });
  },
);

t.test('SYN_RECV: a repeated SYN with data is still that SYN', async (t) => {
  const c = new Conversation();
  c.listen();
  c.peer({ flags: SYN, seq: 100, text: 'early' });
  const { seq } = c.expect({ flags: SYN | ACK, ack: 101 });
  c.peer({ flags: SYN, seq: 100, text: 'early' });
  c.expect({ flags: SYN | ACK, seq, ack: 101 });
  t.equal(c.tcp.sockets().length, 2);
});

t.test('half-open: the peer has restarted and opens the same pair anew (RFC 9293 figure 9, RFC 5961)', async (t) => {
  const { c, news, una } = established();
  c.peer({ flags: SYN, seq: 77 });
  const { ack } = c.expect({ flags: ACK, seq: una });
  c.peer({ flags: RST, seq: ack });
  t.same(news, ['closed ECONNRESET']);
});

t.test(
  'the MSS that a SYN announces is that of the link, whatever was learned of the path (RFC 1191 section 6.4)',
  async () => {
    const c = new Conversation();
    c.machine.mtu = 576;
    c.machine.linkMtu = 1500;
    c.connect();
    const { options } = c.expect({ flags: SYN });
    if (options.mss !== 1460) throw new Error(`MSS ${options.mss}`);
  },
);

t.test('connections that a peer can make it keep are bounded', async (t) => {
  const c = new Conversation();
  c.listen(80, 8);
  const open = () => {
    c.peer({ flags: SYN, seq: 100 });
    const answer = c.sent.shift();
    if (answer !== undefined) c.peer({ seq: 101, ack: answer.seq + 1 });
    return answer !== undefined;
  };
  for (let port = 1; port <= MAX_CONNECTIONS; port++) {
    c.peerPort = port;
    open();
    c.sent.length = 0;
  }
  c.peerPort = 60_000;
  t.equal(open(), false);
  t.equal(c.machine.counters.get('tcp.tableFull'), 1);
  c.peerPort = 1;
  c.peer({ flags: RST, seq: 101 });
  c.peerPort = 60_000;
  t.equal(open(), true, 'a place has become free');
});
