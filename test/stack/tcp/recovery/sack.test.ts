/** Selective acknowledgment: RFC 2018, RFC 2883; what the receiving half reports, what the sending half believes. */
import t from 'tap';
import { ACK, FIN, PSH, SYN } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS } from '../harness.js';
import { inFlight, MSS } from './lossy-peer.js';

const NXT = IRS + 1;
const block = (left: number, right: number) => ({ left: NXT + left, right: NXT + right });

t.test('RFC 2018 section 2: offered in the SYN, agreed to in the SYN-ACK only when offered', async (t) => {
  const c = new Conversation();
  c.listen(80);
  c.peer({ flags: SYN, seq: 1, options: { mss: 1460 } });
  t.notOk(c.expect({ flags: SYN | ACK }).options.sackPermitted);
  c.peerPort += 1;
  c.peer({ flags: SYN, seq: 1, options: { mss: 1460, sackPermitted: true } });
  t.ok(c.expect({ flags: SYN | ACK }).options.sackPermitted);
  c.connect(81);
  t.ok(c.expect({ flags: SYN }).options.sackPermitted);
});

/** A connection with SACK; text that the peer sends at an offset of its data, and the blocks of the ACK that answers. */
function receiving(timestamps = false) {
  const stamps = timestamps ? { timestamps: { value: 1, echo: 0 } } : {};
  const setup = established({}, { options: { mss: 1460, sackPermitted: true, ...stamps } });
  const { c, una } = setup;
  const gets = (offset: number, text: string, flags = 0) => {
    const options = timestamps ? { timestamps: { value: 2, echo: 0 } } : {};
    c.peer({ flags, seq: NXT + offset, ack: una, text, options });
    return c.expect({ flags: ACK }).options.sack?.map(({ left, right }) => [left - NXT, right - NXT]);
  };
  return { ...setup, gets };
}

t.test('RFC 2018 section 4: the block of the segment that came comes first, then the most recent ones', async (t) => {
  const { gets } = receiving();
  t.same(gets(0, 'ab'), undefined, 'in order');
  t.same(gets(10, 'cd'), [[10, 12]]);
  t.same(gets(20, 'ef'), [
    [20, 22],
    [10, 12],
  ]);
  t.same(gets(12, 'gh'), [
    [10, 14],
    [20, 22],
  ]);
  t.same(gets(30, 'ij'), [
    [30, 32],
    [10, 14],
    [20, 22],
  ]);
  t.same(gets(40, 'kl'), [
    [40, 42],
    [30, 32],
    [10, 14],
    [20, 22],
  ]);
  t.same(
    gets(50, 'mn'),
    [
      [50, 52],
      [40, 42],
      [30, 32],
      [10, 14],
    ],
    'four fit beside nothing else',
  );
  t.same(
    gets(2, '01234567'),
    [
      [50, 52],
      [40, 42],
      [30, 32],
    ],
    'what is delivered is not reported any more',
  );
  t.same(gets(14, '012345'), [
    [50, 52],
    [40, 42],
    [30, 32],
  ]);
});

t.test('RFC 2018 section 3: three blocks beside timestamps', async (t) => {
  const { gets } = receiving(true);
  for (const at of [10, 20, 30]) gets(at, 'xy');
  t.equal(gets(40, 'xy')?.length, 3);
});

t.test('without agreement no block is sent', async (t) => {
  const { c, una } = established();
  c.peer({ seq: NXT + 10, ack: una, text: 'late' });
  t.equal(c.expect({ flags: ACK }).options.sack, undefined);
});

t.test('the FIN takes a sequence number of its own, also alone', async (t) => {
  const { gets, c, una } = receiving();
  t.same(gets(10, 'cd', FIN), [[10, 13]]);
  c.peer({ seq: NXT, ack: una, text: '0123456789' });
  c.expect({ flags: ACK, ack: NXT + 13 });
  const other = receiving();
  t.same(other.gets(10, '', FIN), [[10, 11]]);
});

t.test('RFC 2883: D-SACK', async (t) => {
  t.test('section 4.1.1: a segment that was acknowledged is reported once', async (t) => {
    const { gets } = receiving();
    gets(0, 'abcdef');
    t.same(gets(0, 'abcdef'), [[0, 6]]);
    t.same(gets(6, 'gh'), undefined);
  });

  t.test('section 4.1: a part of a segment', async (t) => {
    const { gets } = receiving();
    gets(0, 'abcdef');
    t.same(gets(4, 'efgh'), [[4, 6]]);
  });

  t.test('section 4.1.3: a segment beyond a hole, with the block that contains it', async (t) => {
    const { gets } = receiving();
    gets(10, 'abcd');
    gets(14, 'efgh');
    t.same(gets(10, 'abcd'), [
      [10, 14],
      [10, 18],
    ]);
  });

  t.test('what repeats itself is acknowledged at once from then on', async (t) => {
    const { c, una, gets } = receiving();
    let sent = 0;
    for (; sent < 40; sent += 2) c.peer({ seq: NXT + sent, ack: una, text: 'ab' });
    c.advance(50);
    c.sent.length = 0;
    t.same(gets(0, 'ab'), [[0, 2]]);
    c.peer({ seq: NXT + sent, ack: una, text: 'cd' });
    c.expect({ flags: ACK, ack: NXT + sent + 2 });
  });
});

t.test('data that carries blocks is cut so that the packet stays within the path’s MTU', async (t) => {
  const { c, client, gets } = receiving(true);
  gets(10, 'ab');
  gets(20, 'cd');
  c.call(() => client.send(bytesOf(3000)));
  const first = c.expect({ flags: ACK, length: 1460 - 12 - 20 });
  t.same(first.options.sack, [block(20, 22), block(10, 12)]);
  c.expect({ flags: ACK, length: 1428 });
  c.expect({ flags: PSH | ACK, length: 3000 - 2 * 1428 });
});

t.test('a full segment that goes again leaves out the blocks that do not fit', async (t) => {
  const { c, client, gets, una } = receiving();
  c.call(() => client.send(bytesOf(1460)));
  c.expect({ flags: PSH | ACK, length: 1460 });
  c.peer({ seq: NXT + 10, ack: una, text: 'xy' });
  c.expect({ flags: ACK });
  c.advance(400);
  t.equal(c.expect({ flags: PSH | ACK, seq: una, length: 1460 }).options.sack, undefined);
  t.same(gets(20, 'xy'), [
    [20, 22],
    [10, 12],
  ]);
});

t.test('RFC 2018 section 8: a peer that throws away what it reported gets it again', async (t) => {
  const { c, client, ack, taken } = inFlight(10);
  taken();
  ack(0, [1, 10]);
  t.same(taken(), [0]);
  c.advance(100);
  ack(1);
  t.equal(c.machine.counters.get('tcp.sackReneging'), 1);
  t.match(client.info().info, { sackedSegments: 9 });
  c.advance(60);
  t.same(taken(), [1], 'soon, without waiting for the whole timeout');
  t.match(client.info().info, { sackedSegments: 0, congestionState: 'loss' });
  for (let i = 2; i <= 10; i++) ack(i);
  t.equal(client.info().sendQueue, 0);
});

t.test('blocks that cannot be are counted and ignored', async (t) => {
  const { c, client, ack, taken, una } = inFlight(10);
  taken();
  ack(0, [5, 30]);
  ack(0, [6, 5]);
  c.peer({ seq: NXT, ack: una, options: { sack: [{ left: una + 0x40000000, right: una + 0x40000000 + MSS }] } });
  t.equal(c.machine.counters.get('tcp.sackInvalid'), 3);
  t.match(client.info().info, { sackedSegments: 0, congestionState: 'open' });
  c.peer({ seq: NXT, ack: una, options: { sack: [{ left: una + MSS + 1, right: una + 4 * MSS - 1 }] } });
  t.match(client.info().info, { sackedSegments: 1 }, 'of a segment that is reported in part nothing is believed');
});

t.test('an ACK that was overtaken still tells what has arrived', async (t) => {
  const { client, ack, taken } = inFlight(10);
  taken();
  ack(2);
  ack(1, [5, 6]);
  t.match(client.info().info, { sackedSegments: 1, unackedSegments: 8 });
});

t.test('an ACK that reports a duplicate measures no round trip, but ends the backoff', async (t) => {
  const options = { mss: MSS, sackPermitted: true, timestamps: { value: 1, echo: 0 } };
  const { c, client, una } = established({}, { options });
  c.call(() => client.send(bytesOf(2 * client.info().mss)));
  const [first, second] = c.sent.splice(0);
  const stamp = first.options.timestamps?.value ?? 0;
  // Both arrive, but the ACK is lost, as are those of the first repetitions.
  c.advance(10_000);
  t.ok((client.info().info?.backoff ?? 0) >= 3);
  const ack = (second.seq + second.payload.length) >>> 0;
  const sack = [{ left: una, right: second.seq }];
  const { rtoMs, rttMs } = client.info();
  c.peer({ seq: NXT, ack, options: { timestamps: { value: 2, echo: stamp }, sack } });
  t.match(client.info(), { rttMs, info: { backoff: 0 } });
  t.ok(client.info().rtoMs < rtoMs);
});
