/** CLOSED, LISTEN, SYN_SENT and SYN_RECV: RFC 9293 sections 3.5 and 3.10.7.1 to 3.10.7.3. */
import t from 'tap';
import { ACK, FIN, PSH, RST, SYN } from '../../../devices/stack/wire/tcp.js';
import { bytesOf, Conversation, PEER, Pipe, record, text } from './harness.js';

t.test('Handshake numbers: seq=J; ack=J+1, seq=K; ack=K+1', async (t) => {
  const c = new Conversation();
  const client = c.connect();
  const news = record(client);
  const J = c.expect({ flags: SYN }).seq;
  t.equal(client.state, 'SYN_SENT');
  const K = 5000;
  c.peer({ flags: SYN, seq: K, ack: J + 1 });
  c.expect({ flags: ACK, seq: J + 1, ack: K + 1, length: 0 });
  c.expectNothing();
  t.equal(client.state, 'ESTABLISHED');
  t.same(news, ['established']);

  const d = new Conversation();
  const { accepted } = d.listen();
  d.peer({ flags: SYN, seq: J });
  const answer = d.expect({ flags: SYN | ACK, ack: J + 1 });
  t.same(accepted, [], 'the program hears of it when it is established');
  d.peer({ seq: J + 1, ack: answer.seq + 1 });
  d.expectNothing();
  t.equal(accepted[0].state, 'ESTABLISHED');
});

t.test('States of both sides through handshake and four-way close', async (t) => {
  const pipe = new Pipe();
  const segments: string[] = [];
  const listener = pipe.peer.tcp.listen({ address: 0, port: 80 });
  listener.onConnection = (connection) => {
    connection.handler = { ...connection.handler, onEnd: () => connection.shutdown() };
  };
  const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  const news = record(client, segments);
  t.ok(pipe.run(() => news.includes('established')));
  client.shutdown();
  t.ok(pipe.run(() => news.includes('closed')));
  t.same(pipe.here.states, ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT']);
  t.ok(pipe.run(() => pipe.here.states.includes('CLOSED')));
  t.same(pipe.peer.states, ['SYN_RECV', 'ESTABLISHED', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSED']);
  t.same(pipe.peer.traced[0], {
    event: 'tcp-state',
    local: '10.0.0.2:80',
    remote: `10.0.0.1:${client.local.port}`,
    from: 'LISTEN',
    to: 'SYN_RECV',
  });
});

t.test('Late duplicate SYN: the SYN-ACK is answered by RST, no connection stays', async (t) => {
  const server = new Conversation();
  const { accepted } = server.listen();
  server.peer({ flags: SYN, seq: 90 });
  const synAck = server.expect({ flags: SYN | ACK, ack: 91 });

  const client = new Conversation();
  client.herePort = 40000;
  client.peerPort = 80;
  client.peer({ flags: SYN, seq: synAck.seq, ack: 91 });
  const reset = client.expect({ flags: RST, seq: 91 });

  server.peer({ flags: reset.flags, seq: reset.seq });
  server.expectNothing();
  t.same(accepted, []);
  t.same(
    server.tcp.sockets().map((row) => row.state),
    ['LISTEN'],
  );
  t.same(client.tcp.sockets(), []);
});

t.test('Late duplicate SYN while the client opens anew (RFC 9293 figure 9)', async (t) => {
  const c = new Conversation();
  const client = c.connect();
  const syn = c.expect({ flags: SYN });
  c.peer({ flags: SYN, seq: 300, ack: 91 });
  c.expect({ flags: RST, seq: 91 });
  t.equal(client.state, 'SYN_SENT', 'the answer to the old SYN changes nothing');
  c.peer({ flags: SYN, seq: 400, ack: syn.seq + 1 });
  c.expect({ flags: ACK, seq: syn.seq + 1, ack: 401 });
  t.equal(client.state, 'ESTABLISHED');
});

t.test('CLOSED: every segment but RST is answered by RST', async (t) => {
  const c = new Conversation();
  c.herePort = 81;
  c.peerPort = 40000;
  c.peer({ flags: SYN, seq: 100 });
  c.expect({ flags: RST | ACK, seq: 0, ack: 101 });
  c.peer({ flags: FIN, seq: 100, text: 'abc' });
  c.expect({ flags: RST | ACK, seq: 0, ack: 104 });
  c.peer({ seq: 100, ack: 777, text: 'abc' });
  c.expect({ flags: RST, seq: 777 });
  c.peer({ flags: RST, seq: 100, ack: 777 });
  c.expectNothing();
  t.equal(c.machine.counters.get('tcp.noConnection'), 4);
});

t.test('LISTEN', async (t) => {
  t.test('ACK is answered by RST, RST and nothing are ignored', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ seq: 1, ack: 55 });
    c.expect({ flags: RST, seq: 55 });
    c.peer({ flags: RST, seq: 1 });
    c.peer({ flags: FIN, seq: 1 });
    c.peer({ flags: SYN | FIN, seq: 1 });
    c.expectNothing();
    t.same(accepted, []);
  });

  t.test('the third segment may carry data', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: 100 });
    const { seq } = c.expect({ flags: SYN | ACK, ack: 101 });
    c.peer({ flags: PSH, seq: 101, ack: seq + 1, text: 'GET /' });
    c.expect({ flags: ACK, seq: seq + 1, ack: 106 });
    t.equal(text(accepted[0].read()), 'GET /');
  });

  t.test('data on the SYN is not taken: the peer sends it again', async (t) => {
    const c = new Conversation();
    c.listen();
    c.peer({ flags: SYN, seq: 100, text: 'early' });
    c.expect({ flags: SYN | ACK, ack: 101 });
    t.equal(c.sent.length, 0);
  });

  t.test('backlog bounds the handshakes under way', async (t) => {
    const c = new Conversation();
    c.listen(80, 2);
    for (const port of [40001, 40002, 40003]) {
      c.peerPort = port;
      c.peer({ flags: SYN, seq: 1 });
    }
    t.equal(c.sent.length, 3);
    t.equal(c.machine.counters.get('tcp.synQueueFull'), 1);
    t.equal(c.machine.counters.get('tcp.synCookiesSent'), 1, 'the third is answered, but not kept');
    t.match(c.tcp.sockets()[0], { state: 'LISTEN', recvQueue: 2, sendQueue: 2, remote: '0.0.0.0:*' });
    c.peerPort = 40001;
    c.peer({ flags: RST, seq: 2 });
    c.peerPort = 40003;
    c.peer({ flags: SYN, seq: 1 });
    t.equal(c.machine.counters.get('tcp.synCookiesSent'), 1, 'a place has become free');
    t.match(c.tcp.sockets()[0], { recvQueue: 2 });
  });

  t.test('closing the listener resets handshakes under way and keeps connections', async (t) => {
    const c = new Conversation();
    const { listener, accepted } = c.listen();
    c.peer({ flags: SYN, seq: 100 });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.peer({ seq: 101, ack: seq + 1 });
    c.peerPort = 40001;
    c.peer({ flags: SYN, seq: 100 });
    c.expect({ flags: SYN | ACK });
    c.call(() => listener.close());
    c.expect({ flags: RST | ACK, ack: 101 });
    t.equal(accepted[0].state, 'ESTABLISHED');
    c.peerPort = 40002;
    c.peer({ flags: SYN, seq: 100 });
    c.expect({ flags: RST | ACK, seq: 0, ack: 101 });
  });
});

t.test('SYN_SENT', async (t) => {
  t.test('options: MSS of the MTU, window scale, timestamps', async (t) => {
    const c = new Conversation();
    c.machine.mtu = 1400;
    c.connect();
    t.match(c.expect({ flags: SYN, window: 65_280 }).options, { mss: 1360, windowScale: 7, timestamps: { echo: 0 } });
  });

  t.test('without options of the peer: MSS 536, no scaling, no timestamps', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: 1, ack: seq + 1 });
    c.expect({ flags: ACK, window: 64_240, options: {} });
    c.call(() => client.send(bytesOf(1000)));
    c.expect({ flags: ACK, length: 536 });
    t.equal(client.info().mss, 536);
  });

  t.test('the peer’s MSS and scale are used, timestamps echoed', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const syn = c.expect({ flags: SYN });
    const options = {
      mss: 1200,
      windowScale: 2,
      timestamps: { value: 7000, echo: syn.options.timestamps?.value ?? 0 },
    };
    c.peer({ flags: SYN, seq: 1, ack: syn.seq + 1, window: 1000, options });
    t.match(c.expect({ flags: ACK, window: 502 }).options, { timestamps: { echo: 7000 } });
    t.equal(client.info().sendWindow, 1000, 'the window of a SYN is not scaled');
    c.peer({ seq: 2, ack: syn.seq + 1, window: 1000, options: { timestamps: { value: 7001, echo: 0 } } });
    t.equal(client.info().sendWindow, 4000);
    c.call(() => client.send(bytesOf(2000)));
    c.expect({ flags: ACK, length: 1188 });
  });

  t.test('RST with an ACK of the SYN: ECONNREFUSED; without it is ignored', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const news = record(client);
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: RST, seq: 0 });
    c.peer({ flags: RST, seq: 0, ack: seq });
    t.equal(client.state, 'SYN_SENT');
    c.peer({ flags: RST, seq: 0, ack: seq + 1 });
    c.expectNothing();
    t.same(news, ['closed ECONNREFUSED']);
    t.same(c.tcp.sockets(), []);
  });

  t.test('an ACK without SYN is ignored', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const { seq } = c.expect({ flags: SYN });
    c.peer({ seq: 5, ack: seq + 1 });
    c.expectNothing();
    t.equal(client.state, 'SYN_SENT');
  });

  t.test('six repetitions, each after twice the time, then ETIMEDOUT', async (t) => {
    const c = new Conversation();
    const news = record(c.connect());
    const first = c.expect({ flags: SYN });
    for (const at of [1000, 3000, 7000, 15000, 31000, 63000]) {
      c.until(at - 1);
      c.expectNothing();
      c.until(at);
      c.expect({ flags: SYN, seq: first.seq });
    }
    c.until(126_999);
    t.same(news, []);
    c.until(127_000);
    t.same(news, ['closed ETIMEDOUT']);
    c.expectNothing();
    t.same(c.machine.traced.filter((detail) => detail.event === 'tcp-retransmit').length, 6);
  });

  t.test(
    'two lost SYNs: it starts slowly, but slow start has no end; one may have been impatience (Linux)',
    async (t) => {
      for (const [lost, congestionWindow] of [
        [1, 10_000],
        [2, 1000],
      ]) {
        const c = new Conversation();
        const client = c.connect();
        const { seq } = c.expect({ flags: SYN });
        c.advance(lost === 1 ? 1000 : 3000);
        for (let i = 0; i < lost; i++) c.expect({ flags: SYN });
        c.peer({ flags: SYN, seq: 1, ack: seq + 1, options: { mss: 1000 } });
        t.match(client.info(), { congestionWindow, slowStartThreshold: 0x7fffffff, rtoMs: 3000 });
      }
    },
  );

  t.test('data and close before the handshake wait for its end', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    t.equal(
      c.call(() => client.send(bytesOf('hello'))),
      5,
    );
    c.call(() => client.shutdown());
    t.equal(client.send(bytesOf('late')), 0);
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: 1, ack: seq + 1 });
    c.expect({ flags: FIN | PSH | ACK, seq: seq + 1, text: 'hello' });
    t.equal(client.state, 'FIN_WAIT1');
  });

  t.test('close() ends the attempt without a word', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const news = record(client);
    c.expect({ flags: SYN });
    c.call(() => client.close());
    c.advance(10_000);
    c.expectNothing();
    t.same(news, ['closed']);
  });
});

t.test('SYN_RECV', async (t) => {
  t.test('the SYN-ACK is repeated five times, then forgotten', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: 100 });
    c.expect({ flags: SYN | ACK, ack: 101 });
    c.advance(200_000);
    t.equal(c.sent.length, 5);
    t.same(accepted, []);
    t.equal(c.tcp.sockets().length, 1);
  });

  t.test('a repeated SYN gets the SYN-ACK again', async () => {
    const c = new Conversation();
    c.listen();
    c.peer({ flags: SYN, seq: 100 });
    const { seq } = c.expect({ flags: SYN | ACK, ack: 101 });
    c.peer({ flags: SYN, seq: 100 });
    c.expect({ flags: SYN | ACK, seq, ack: 101 });
  });

  t.test('an ACK of something else is answered by RST and changes nothing', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: 100 });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.peer({ seq: 101, ack: seq + 2 });
    c.expect({ flags: RST, seq: seq + 2 });
    c.peer({ seq: 101, ack: seq });
    c.expect({ flags: RST, seq });
    c.peer({ seq: 101, ack: seq + 1 });
    t.equal(accepted.length, 1);
  });

  t.test('a lost third segment is made good by the first data', async (t) => {
    const c = new Conversation();
    const { accepted } = c.listen();
    c.peer({ flags: SYN, seq: 100 });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.advance(1000);
    c.expect({ flags: SYN | ACK, seq });
    c.peer({ flags: PSH, seq: 101, ack: seq + 1, text: 'x' });
    c.expect({ flags: ACK, ack: 102 });
    t.equal(accepted[0].readableBytes, 1);
  });

  t.test('a client whose ACK was lost answers the repeated SYN-ACK', async () => {
    const c = new Conversation();
    c.connect();
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: 1, ack: seq + 1 });
    c.expect({ flags: ACK, ack: 2 });
    c.peer({ flags: SYN, seq: 1, ack: seq + 1 });
    c.expect({ flags: ACK, seq: seq + 1, ack: 2 });
  });
});

t.test('simultaneous open (RFC 9293 figure 8)', async (t) => {
  t.test('as a conversation', async (t) => {
    const c = new Conversation();
    const client = c.connect();
    const news = record(client);
    const { seq } = c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: 300 });
    c.expect({ flags: SYN | ACK, seq, ack: 301 });
    t.equal(client.state, 'SYN_RECV');
    c.peer({ flags: SYN, seq: 300, ack: seq + 1 });
    c.expect({ flags: ACK, seq: seq + 1, ack: 301 });
    t.equal(client.state, 'ESTABLISHED');
    t.same(news, ['established']);
  });

  t.test('between two ends, with data both ways', async (t) => {
    const pipe = new Pipe();
    const one = pipe.here.tcp.connect({ remote: { address: PEER, port: 5000 }, local: { port: 5000 } });
    const two = pipe.peer.tcp.connect({ remote: one.local, local: { port: 5000 } });
    one.send(bytesOf('from one'));
    two.send(bytesOf('from two'));
    t.ok(pipe.run(() => one.readableBytes === 8 && two.readableBytes === 8));
    t.same([one.state, two.state], ['ESTABLISHED', 'ESTABLISHED']);
    t.equal(text(one.read()), 'from two');
    t.equal(text(two.read()), 'from one');
    t.same(pipe.here.states, ['SYN_SENT', 'SYN_RECV', 'ESTABLISHED']);
    t.same(pipe.peer.states, ['SYN_SENT', 'SYN_RECV', 'ESTABLISHED']);
  });

  t.test('RST refuses it', async (t) => {
    const c = new Conversation();
    const news = record(c.connect());
    c.expect({ flags: SYN });
    c.peer({ flags: SYN, seq: 300 });
    c.expect({ flags: SYN | ACK });
    c.peer({ flags: RST, seq: 301 });
    t.same(news, ['closed ECONNREFUSED']);
  });
});
