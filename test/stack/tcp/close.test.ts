/** FIN_WAIT1 to TIME_WAIT: RFC 9293 sections 3.6 and 3.10.7.4. */
import t from 'tap';
import { ACK, FIN, PSH, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, IRS, text } from './harness.js';

t.test('Close numbers: FIN=M, ack=M+1, FIN=N, ack=N+1', async (t) => {
  const { c, client, news, una: M } = established();
  const N = IRS + 1;
  c.call(() => client.shutdown());
  c.expect({ flags: FIN | ACK, seq: M, ack: N });
  t.equal(client.state, 'FIN_WAIT1');
  c.peer({ seq: N, ack: M + 1 });
  t.equal(client.state, 'FIN_WAIT2');
  c.expectNothing();
  c.peer({ flags: FIN, seq: N, ack: M + 1 });
  c.expect({ flags: ACK, seq: M + 1, ack: N + 1 });
  t.equal(client.state, 'TIME_WAIT');
  t.same(news, ['end', 'closed']);
});

t.test('four segments: the ACK of a FIN goes out before the program hears of it', async (t) => {
  const { c, client, una } = established();
  client.handler = { ...client.handler, onEnd: () => client.shutdown() };
  c.peer({ flags: FIN, seq: IRS + 1, ack: una });
  c.expect({ flags: ACK, seq: una, ack: IRS + 2 });
  c.expect({ flags: FIN | ACK, seq: una, ack: IRS + 2 });
  t.equal(client.state, 'LAST_ACK');
  c.peer({ seq: IRS + 2, ack: una + 1 });
  t.equal(client.state, 'CLOSED');
  t.same(c.tcp.sockets(), []);
});

t.test('FIN follows the data that is queued, in the last segment when it fits', async () => {
  const { c, client, una } = established();
  c.call(() => {
    client.setNoDelay(true);
    client.send(bytesOf(2000));
    client.shutdown();
  });
  c.expect({ flags: ACK, seq: una, length: 1460 });
  c.expect({ flags: PSH | ACK, seq: una + 1460, length: 540 });
  c.expect({ flags: FIN | ACK, seq: una + 2000, length: 0 });
});

t.test('half-close: the side that closed goes on receiving, the other goes on sending', async (t) => {
  const { c, client, news, una } = established();
  c.call(() => client.shutdown());
  c.expect({ flags: FIN | ACK });
  c.peer({ seq: IRS + 1, ack: una + 1 });
  c.peer({ flags: PSH, seq: IRS + 1, ack: una + 1, text: 'still here' });
  c.expect({ flags: ACK, seq: una + 1, ack: IRS + 11 });
  t.equal(text(client.read()), 'still here');
  t.equal(client.state, 'FIN_WAIT2');
  c.advance(3_600_000);
  t.equal(client.state, 'FIN_WAIT2', 'a program that reads may wait for ever');
  t.same(news, ['readable']);

  const other = established();
  other.c.peer({ flags: FIN, seq: IRS + 1, ack: other.una });
  other.c.expect({ flags: ACK, ack: IRS + 2 });
  t.same(other.news, ['end']);
  t.equal(other.client.state, 'CLOSE_WAIT');
  other.c.call(() => other.client.send(bytesOf('answer')));
  other.c.expect({ flags: PSH | ACK, seq: other.una, ack: IRS + 2, text: 'answer' });
  other.c.peer({ seq: IRS + 2, ack: other.una + 6 });
  t.equal(other.client.info().sendQueue, 0);
});

t.test('simultaneous close: FIN_WAIT1, CLOSING, TIME_WAIT', async (t) => {
  const { c, client, news, una } = established();
  c.call(() => client.shutdown());
  c.expect({ flags: FIN | ACK, seq: una });
  c.peer({ flags: FIN, seq: IRS + 1, ack: una });
  c.expect({ flags: ACK, seq: una + 1, ack: IRS + 2 });
  t.equal(client.state, 'CLOSING');
  c.peer({ seq: IRS + 2, ack: una + 1 });
  t.equal(client.state, 'TIME_WAIT');
  t.same(news, ['end', 'closed']);
});

t.test('FIN that carries the ACK of ours: FIN_WAIT1 to TIME_WAIT with three segments', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.shutdown());
  c.expect({ flags: FIN | ACK });
  c.peer({ flags: FIN, seq: IRS + 1, ack: una + 1 });
  c.expect({ flags: ACK, ack: IRS + 2 });
  t.equal(client.state, 'TIME_WAIT');
});

t.test('a lost FIN is sent again until it is acknowledged', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.shutdown());
  c.expect({ flags: FIN | ACK, seq: una });
  c.advance(201);
  c.expect({ flags: FIN | ACK, seq: una });
  c.peer({ seq: IRS + 1, ack: una + 1 });
  c.advance(10_000);
  c.expectNothing();
  t.equal(client.state, 'FIN_WAIT2');
});

t.test('FIN ahead of a hole waits for the data', async (t) => {
  const { c, client, news, una } = established();
  c.peer({ flags: FIN, seq: IRS + 4, ack: una, text: 'def' });
  c.expect({ flags: ACK, ack: IRS + 1 });
  t.equal(client.state, 'ESTABLISHED');
  c.peer({ seq: IRS + 1, ack: una, text: 'abc' });
  c.expect({ flags: ACK, ack: IRS + 8 });
  t.same(news, ['readable', 'end']);
  t.equal(text(client.read()), 'abcdef');
  t.equal(client.state, 'CLOSE_WAIT');
});

t.test('TIME_WAIT', async (t) => {
  function timeWait(context = {}) {
    const setup = established(context);
    const { c, client, una } = setup;
    c.call(() => client.shutdown());
    c.expect({ flags: FIN | ACK });
    c.peer({ flags: FIN, seq: IRS + 1, ack: una + 1 });
    c.expect({ flags: ACK, seq: una + 1, ack: IRS + 2 });
    return setup;
  }

  t.test('lasts 2 MSL: 60 s unless configured', async (t) => {
    const { c, client } = timeWait();
    t.match(client.info(), { state: 'TIME_WAIT', timer: 'time-wait', timerMs: 60_000 });
    c.advance(59_999);
    t.equal(c.tcp.sockets().length, 1);
    c.advance(1);
    t.same(c.tcp.sockets(), []);
    const other = timeWait({ mslMs: 100 });
    other.c.advance(200);
    t.equal(other.client.state, 'CLOSED');
  });

  t.test('Lost last ACK: the repeated FIN is answered again, and the wait begins anew', async (t) => {
    const { c, client, una, news } = timeWait();
    c.advance(50_000);
    c.peer({ flags: FIN, seq: IRS + 1, ack: una + 1 });
    c.expect({ flags: ACK, seq: una + 1, ack: IRS + 2 });
    c.advance(59_999);
    t.equal(client.state, 'TIME_WAIT');
    c.advance(1);
    t.equal(client.state, 'CLOSED');
    t.same(news, ['end', 'closed'], 'the program hears nothing of it');
  });

  t.test('a newer SYN reopens the pair when somebody listens; an old one is answered by ACK', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: IRS });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.peer({ seq: IRS + 1, ack: seq + 1 });
    c.call(() => accepted[0].shutdown());
    c.expect({ flags: FIN | ACK });
    c.peer({ flags: FIN, seq: IRS + 1, ack: seq + 2 });
    c.expect({ flags: ACK });
    t.equal(accepted[0].state, 'TIME_WAIT');
    c.peer({ flags: SYN, seq: IRS });
    c.expect({ flags: ACK, seq: seq + 2, ack: IRS + 2 });
    t.equal(accepted[0].state, 'TIME_WAIT');
    c.peer({ flags: SYN, seq: IRS + 5000 });
    const again = c.expect({ flags: SYN | ACK, ack: IRS + 5001 });
    t.ok((again.seq - seq) >>> 0 > 65536, 'its numbers begin beyond those of the old one');
    t.equal(accepted[0].state, 'CLOSED');
    c.peer({ seq: IRS + 5001, ack: again.seq + 1 });
    t.equal(accepted[1].state, 'ESTABLISHED');
  });

  t.test('RST ends it', async (t) => {
    const { c, client } = timeWait();
    c.peer({ flags: RST, seq: IRS + 2 });
    t.equal(client.state, 'CLOSED');
  });

  t.test('received bytes stay readable', async (t) => {
    const { c, client, una } = established();
    c.call(() => client.shutdown());
    c.peer({ flags: FIN, seq: IRS + 1, ack: una + 1, text: 'last words' });
    t.equal(client.state, 'TIME_WAIT');
    t.equal(text(client.read()), 'last words');
  });
});

t.test('LAST_ACK: RST ends it quietly', async (t) => {
  const { c, client, news, una } = established();
  c.peer({ flags: FIN, seq: IRS + 1, ack: una });
  c.call(() => client.shutdown());
  c.peer({ flags: RST, seq: IRS + 2 });
  t.same(news, ['end', 'closed']);
});

t.test('LAST_ACK repeats its FIN', async (t) => {
  const { c, client, una } = established();
  c.peer({ flags: FIN, seq: IRS + 1, ack: una });
  c.expect({ flags: ACK });
  c.call(() => client.shutdown());
  c.expect({ flags: FIN | ACK, seq: una, ack: IRS + 2 });
  c.advance(201);
  c.expect({ flags: FIN | ACK, seq: una, ack: IRS + 2 });
  t.equal(client.state, 'LAST_ACK');
});

t.test('a program that is gone', async (t) => {
  t.test('close() in ESTABLISHED sends FIN; FIN_WAIT2 ends after 60 s', async (t) => {
    const { c, client, una, news } = established();
    c.call(() => client.close());
    c.expect({ flags: FIN | ACK, seq: una });
    c.peer({ seq: IRS + 1, ack: una + 1 });
    t.equal(client.state, 'FIN_WAIT2');
    c.advance(59_999);
    t.equal(client.state, 'FIN_WAIT2');
    c.advance(1);
    t.equal(client.state, 'CLOSED');
    t.same(news, ['closed']);
  });

  t.test('close() with unread bytes sends RST (RFC 2525 section 2.17)', async (t) => {
    const { c, client, una } = established();
    c.peer({ seq: IRS + 1, ack: una, text: 'unread' });
    c.expect({ flags: ACK });
    c.call(() => client.close());
    c.expect({ flags: RST | ACK, seq: una, ack: IRS + 7 });
    t.equal(client.state, 'CLOSED');
  });

  t.test('data that comes after close() is answered by RST', async (t) => {
    const { c, client, una, news } = established();
    c.call(() => client.close());
    c.expect({ flags: FIN | ACK });
    c.peer({ seq: IRS + 1, ack: una + 1, text: 'too late' });
    c.expect({ flags: RST | ACK, seq: una + 1 });
    t.equal(client.state, 'CLOSED');
    t.same(news, ['closed']);
  });

  t.test('abort() sends RST and drops what is queued', async (t) => {
    const { c, client, una, news } = established();
    c.call(() => client.send(bytesOf('queued')));
    c.expect({ flags: PSH | ACK });
    c.call(() => client.abort());
    c.expect({ flags: RST | ACK, seq: una + 6 });
    c.advance(10_000);
    c.expectNothing();
    t.same(news, ['closed']);
    t.equal(client.send(bytesOf('more')), 0);
  });
});
