/** Requirements of RFC 9293 that no conversation elsewhere shows; docs/tcp.md has the table of all. */
import t from 'tap';
import { ACK, PSH, SYN, URG } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, established, HERE, IRS, PEER, record, text } from './harness.js';

t.test('MUST-1: windows are unsigned', async (t) => {
  const { c, client, una } = established({}, { window: 0xffff });
  t.equal(client.info().sendWindow, 0xffff);
  c.peer({ seq: IRS + 1, ack: una, window: 0x8000 });
  t.equal(client.info().sendWindow, 0x8000);
});

t.test('MUST-5, MUST-65: options are understood in any segment; MSS is told and believed in SYNs only', async (t) => {
  const { c, client, una } = established();
  c.peer({ seq: IRS + 1, ack: una, text: 'x', options: { mss: 100, windowScale: 9 } });
  t.match(c.expect({ flags: ACK }).options, {});
  t.match(client.info(), { mss: 1460, sendWindow: 0xffff });
  c.call(() => client.send(bytesOf(2000)));
  const { options } = c.expect({ flags: ACK, length: 1460 });
  t.equal(options.mss, undefined);
});

t.test('MUST-12: the program can tell an orderly end from a reset', async (t) => {
  const orderly = established();
  orderly.c.call(() => orderly.client.shutdown());
  orderly.c.peer({ flags: 1, seq: IRS + 1, ack: orderly.una + 1 });
  t.same(orderly.news, ['end', 'closed']);
  const aborted = established();
  aborted.c.peer({ flags: 4, seq: IRS + 1 });
  t.same(aborted.news, ['closed ECONNRESET']);
});

t.test('MUST-16: segments are as large as the smaller of the peer’s MSS and the path allows', async (t) => {
  for (const { mtu, mss, expected } of [
    { mtu: 1500, mss: 1000, expected: 1000 },
    { mtu: 1000, mss: 1460, expected: 960 },
  ]) {
    const c = new Conversation();
    c.machine.mtu = mtu;
    const client = c.connect();
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: IRS, ack: seq + 1, options: { mss } });
    t.equal(client.info().mss, expected);
  }
});

t.test('MUST-25: nobody asks a silent peer unless the program wants it', async (t) => {
  const { c, client } = established();
  c.advance(30 * 24 * 3_600_000);
  c.expectNothing();
  t.equal(client.state, 'ESTABLISHED');
});

t.test('MUST-26: no probe while data is on its way, or when the peer was heard', async (t) => {
  const { c, client, una } = established();
  client.setKeepAlive(true, { delayMs: 10_000 });
  c.advance(9000);
  c.peer({ seq: IRS + 1, ack: una, text: 'x' });
  c.expect({ flags: ACK });
  c.advance(9999);
  c.expectNothing();
  c.call(() => client.send(bytesOf('question')));
  c.advance(15_000);
  t.ok(c.sent.length > 1);
  t.ok(
    c.sent.every(({ seq, payload }) => seq === una && payload.length === 8),
    'only the data goes again',
  );
});

t.test('MUST-28: two hours of silence unless the program says otherwise', async () => {
  const { c, client, una } = established();
  client.setKeepAlive(true);
  c.advance(7_199_999);
  c.expectNothing();
  c.advance(1);
  c.expect({ flags: ACK, seq: una - 1 });
});

t.test('MUST-34: a window that shrinks leaves less than nothing, and what is inside it goes again', async (t) => {
  const { c, client, una, news } = established({}, { window: 4000 });
  c.call(() => client.send(bytesOf(4000)));
  c.expect({ flags: ACK, length: 1460 });
  c.expect({ flags: ACK, length: 1460 });
  while (c.sent.length > 0) c.sent.shift();
  c.peer({ seq: IRS + 1, ack: una, window: 1000 });
  c.call(() => client.send(bytesOf(1000)));
  c.expectNothing();
  c.advance(1000);
  t.ok(
    c.sent.every(({ seq }) => seq === una),
    'only the beginning is tried again',
  );
  c.sent.length = 0;
  c.peer({ seq: IRS + 1, ack: una + 4000, window: 4000 });
  c.expect({ flags: PSH | ACK, seq: una + 4000, length: 1000 });
  t.same(news, []);
});

t.test('MUST-42: a program listens on the port of a connection that is still opening', async (t) => {
  const c = new Conversation();
  const client = c.call(() => c.tcp.connect({ remote: { address: PEER, port: 80 }, local: { port: 5000 } }));
  const { seq } = c.expect({ flags: SYN });
  const listener = c.tcp.listen({ address: 0, port: 5000 });
  const accepted: unknown[] = [];
  listener.onConnection = (connection) => accepted.push(connection);
  c.herePort = 5000;
  c.peerPort = 80;
  c.peer({ flags: SYN, seq: IRS, ack: seq + 1 });
  c.expect({ flags: ACK });
  t.equal(client.state, 'ESTABLISHED', 'segments find the connection first');
  c.peerPort = 81;
  c.peer({ flags: SYN, seq: IRS });
  const answer = c.expect({ flags: SYN | ACK });
  c.peer({ seq: IRS + 1, ack: answer.seq + 1 });
  t.equal(accepted.length, 1);
});

t.test('MUST-43, MUST-45: the program may choose the local address, and all segments carry it', async (t) => {
  const c = new Conversation();
  const remote = { address: PEER, port: 80 };
  c.call(() => c.tcp.connect({ remote, local: { address: HERE, port: 4000 } }));
  t.equal(c.expect({ flags: SYN }).srcPort, 4000);
  t.equal(c.lastPacket?.src, HERE);
  t.throws(() => c.tcp.connect({ remote, local: { address: PEER } }), { code: 'EADDRNOTAVAIL' });
});

t.test('MUST-47, MUST-56: a soft error is told, and ends nothing', async (t) => {
  const { c, client, una, news } = established();
  const told: string[] = [];
  client.handler = { ...client.handler, onSoftError: (error) => told.push(error.code) };
  c.call(() => client.send(bytesOf('x')));
  const sent = c.expect({ flags: PSH | ACK });
  for (const [type, code] of [
    [3, 0],
    [3, 1],
    [3, 5],
    [11, 0],
    [11, 1],
    [12, 0],
  ]) {
    c.icmp({ type, code }, sent);
  }
  t.same(told, ['ENETUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH', 'EHOSTUNREACH']);
  c.peer({ seq: IRS + 1, ack: una + 1 });
  t.equal(client.state, 'ESTABLISHED');
  t.same(news, []);
});

t.test('MUST-48, MUST-49: the program sets DSCP and TTL', async (t) => {
  const { c, client } = established();
  client.setDscp(46);
  client.setTtl(7);
  c.call(() => client.send(bytesOf('x')));
  t.match(c.lastPacket, { ttl: 7, tos: 46 << 2 });
  for (const wrong of [-1, 64, 1.5]) t.throws(() => client.setDscp(wrong), { code: 'EINVAL' });
  for (const wrong of [0, 256]) t.throws(() => client.setTtl(wrong), { code: 'EINVAL' });
});

t.test('MUST-55: source quench does nothing', async (t) => {
  const { c, client, news } = established();
  c.call(() => client.send(bytesOf('x')));
  const before = client.info().congestionWindow;
  c.icmp({ type: 4, code: 0 }, c.expect({ flags: PSH | ACK }));
  t.equal(client.info().congestionWindow, before);
  t.same(news, []);
});

t.test('MUST-58, MUST-59: one ACK for all that a segment sets free', async () => {
  const { c, una } = established();
  for (let i = 5; i > 0; i--) c.peer({ seq: IRS + 1 + i * 10, ack: una, text: bytesOf(10) });
  c.sent.length = 0;
  c.peer({ seq: IRS + 1, ack: una, text: bytesOf(10) });
  c.expect({ flags: ACK, ack: IRS + 61 });
  c.expectNothing();
});

t.test('MUST-60, MUST-61: what is sent does not wait for more, and the last of it is pushed', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.send(bytesOf(3000)));
  t.same(
    c.sent.map(({ flags }) => flags),
    [ACK, ACK, PSH | ACK],
  );
  c.peer({ seq: IRS + 1, ack: una + 3000 });
});

t.test('MUST-11: who refuses a handshake is told only to those who asked for it', async (t) => {
  const active = new Conversation();
  const news = record(active.connect());
  active.expect({ flags: SYN });
  active.peer({ flags: SYN, seq: 300 });
  active.peer({ flags: 4, seq: 301 });
  t.same(news, ['closed ECONNREFUSED']);
  const passive = new Conversation();
  const { accepted } = passive.listen();
  passive.peer({ flags: SYN, seq: 300 });
  passive.peer({ flags: 4, seq: 301 });
  t.same(accepted, []);
  t.same(
    passive.tcp.sockets().map(({ state }) => state),
    ['LISTEN'],
  );
});

t.test('the flags of a segment that is nothing but urgent and pushed do no harm', async (t) => {
  const { c, client, una } = established();
  c.peer({ flags: PSH | URG, seq: IRS + 1, ack: una, text: 'x', urgentPointer: 0 });
  t.equal(text(client.read()), 'x');
});
