/** TCP_USER_TIMEOUT: RFC 9293 sections 3.8.3 and 3.10.8. */
import t from 'tap';
import { ACK, PSH, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS, record } from './harness.js';

t.test('what is not acknowledged for so long ends the connection with ETIMEDOUT', async (t) => {
  const { c, client, una, news } = established();
  client.setUserTimeout(5000);
  t.equal(client.info().info?.userTimeoutMs, 5000);
  c.advance(60_000);
  t.same(news, [], 'nothing waits');
  c.call(() => client.send(bytesOf('hello')));
  c.expect({ flags: PSH | ACK, seq: una });
  c.advance(4999);
  t.same(news, []);
  c.advance(1);
  t.same(news, ['closed ETIMEDOUT']);
});

t.test('progress starts the time anew', async (t) => {
  const { c, client, una, news } = established();
  client.setUserTimeout(5000);
  c.call(() => client.send(bytesOf(2920)));
  c.advance(4000);
  c.peer({ seq: IRS + 1, ack: una + 1460 });
  c.advance(4999);
  t.same(news, []);
  c.peer({ seq: IRS + 1, ack: una + 2920 });
  c.advance(60_000);
  t.same(news, []);
});

t.test('a window that stays closed counts as no progress, even if its probes are answered', async (t) => {
  const { c, client, una, news } = established();
  client.setUserTimeout(3000);
  c.peer({ seq: IRS + 1, ack: una, window: 0 });
  c.call(() => client.send(bytesOf('waits')));
  while (news.length === 0) {
    c.until(c.timers.nextAt());
    if (c.sent.length > 0) c.peer({ seq: IRS + 1, ack: una, window: 0 });
    c.sent.length = 0;
  }
  t.equal(c.timers.now, 3000);
  t.same(news, ['closed ETIMEDOUT']);
});

t.test('it holds for the handshake too, and longer than the count of repetitions would', async (t) => {
  const c = new Conversation();
  const client = c.connect();
  const news = record(client);
  client.setUserTimeout(2500);
  c.expect({ flags: SYN });
  c.advance(2499);
  t.same(news, []);
  c.advance(1);
  t.same(news, ['closed ETIMEDOUT']);
});

t.test('with keep-alive it says how long the peer may be silent; the peer is told by RST', async (t) => {
  const { c, client, una, news } = established();
  client.setKeepAlive(true, { delayMs: 10_000 });
  client.setUserTimeout(100_000);
  c.advance(10_000);
  c.expect({ flags: ACK, seq: una - 1 });
  c.advance(75_000);
  c.expect({ flags: ACK, seq: una - 1 });
  c.advance(74_999);
  t.same(news, []);
  c.advance(1);
  c.expect({ flags: RST | ACK, seq: una });
  t.same(news, ['closed ETIMEDOUT']);
});

t.test('0 switches it off; nonsense is refused', async (t) => {
  const { c, client, news } = established();
  client.setUserTimeout(1000);
  client.setUserTimeout(0);
  c.call(() => client.send(bytesOf('hello')));
  c.advance(10_000);
  t.same(news, []);
  for (const ms of [-1, 1.5, Number.NaN, 2 ** 31]) t.throws(() => client.setUserTimeout(ms), { code: 'EINVAL' });
});

t.test('with a user timeout the number of retransmissions decides nothing', async (t) => {
  const { c, client, news } = established();
  client.setUserTimeout(7_200_000);
  c.call(() => client.send(bytesOf(100)));
  c.advance(7_199_000);
  t.ok(client.info().retransmissions > 30);
  t.same(news, []);
  c.advance(2_000);
  t.same(news, ['closed ETIMEDOUT']);
});
