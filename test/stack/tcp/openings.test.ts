/** What is counted of connections as a whole: RFC 4022, as Linux reads it. */
import t from 'tap';
import { ACK, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS } from './harness.js';

const NAMES = ['activeOpens', 'passiveOpens', 'attemptsFailed', 'establishedResets', 'resetsIn', 'resetsOut'] as const;

/** Those that are not nought. */
function counted({ machine }: Conversation): Record<string, number> {
  const values = NAMES.map((name) => [name, machine.counters.get(`tcp.${name}`)] as const);
  return Object.fromEntries(values.filter(([, value]) => value > 0));
}

t.test('an active open, and a close in order', async (t) => {
  const { c, client, una } = established();
  t.same(counted(c), { activeOpens: 1 });
  c.call(() => client.close());
  c.peer({ flags: 1, seq: IRS + 1, ack: una + 1 });
  t.equal(client.state, 'TIME_WAIT');
  t.same(counted(c), { activeOpens: 1 });
});

t.test('an attempt fails by RST and by silence, not by its own program', async (t) => {
  const c = new Conversation();
  c.connect();
  const { seq } = c.expect({ flags: SYN });
  c.peer({ flags: RST, seq: 0, ack: seq + 1 });
  t.match(counted(c), { activeOpens: 1, attemptsFailed: 1 });
  c.connect();
  c.advance(600_000);
  t.match(counted(c), { activeOpens: 2, attemptsFailed: 2 });
  const given = c.connect();
  c.call(() => given.close());
  t.match(counted(c), { activeOpens: 3, attemptsFailed: 2 });
});

t.test('a passive open counts when the handshake is done; a reset before is a failed attempt', async (t) => {
  const c = new Conversation();
  c.listen();
  c.peer({ flags: SYN, seq: 90 });
  const first = c.expect({ flags: SYN | ACK });
  t.same(counted(c), {});
  c.peer({ seq: 91, ack: first.seq + 1 });
  t.same(counted(c), { passiveOpens: 1 });
  c.peerPort += 1;
  c.peer({ flags: SYN, seq: 90 });
  c.expect({ flags: SYN | ACK });
  c.peer({ flags: RST, seq: 91 });
  t.same(counted(c), { passiveOpens: 1, attemptsFailed: 1, resetsIn: 1 });
  c.peerPort += 1;
  c.peer({ flags: SYN, seq: 90 });
  c.expect({ flags: SYN | ACK });
  c.peer({ flags: SYN, seq: 91 });
  t.same(counted(c), { passiveOpens: 1, attemptsFailed: 2, resetsIn: 1, resetsOut: 1 }, 'a SYN in the window');
});

t.test('ESTABLISHED ends at once: by RST of the peer, by ours, by silence', async (t) => {
  const { c, una } = established();
  c.peer({ flags: RST, seq: IRS + 1, ack: una });
  t.same(counted(c), { activeOpens: 1, establishedResets: 1, resetsIn: 1 });
  const own = established();
  own.c.call(() => own.client.abort());
  t.same(counted(own.c), { activeOpens: 1, establishedResets: 1, resetsOut: 1 });
  const silent = established();
  silent.c.call(() => silent.client.send(bytesOf('anybody?')));
  silent.c.advance(3_600_000);
  t.same(counted(silent.c), { activeOpens: 1, establishedResets: 1 });
});

t.test('a reset is a segment that was sent', async (t) => {
  const c = new Conversation();
  c.herePort = 9;
  c.peerPort = 40000;
  c.peer({ flags: SYN, seq: 90 });
  c.expect({ flags: RST | ACK });
  const { counters } = c.machine;
  t.equal(counters.get('tcp.segmentsOut'), 1);
  t.same(counted(c), { resetsOut: 1 });
});
