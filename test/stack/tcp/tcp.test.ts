/** The layer as a whole: opening, demultiplexing, errors, the sockets table. */
import t from 'tap';
import { StackError } from '../../../devices/stack/errors.js';
import { ACK, emitTcp, FIN, SYN } from '../../../devices/stack/wire/tcp.js';
import { ADDRESSES, bytesOf, Conversation, established, HERE, PEER, packetOf, record } from './harness.js';

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof StackError) return error.code;
    throw error;
  }
  return undefined;
}

t.test('connect() refuses what cannot work', async (t) => {
  const { tcp } = new Conversation();
  const port = 80;
  t.equal(
    codeOf(() => tcp.connect({ remote: { address: ADDRESSES.UNROUTED, port } })),
    'ENETUNREACH',
  );
  t.equal(
    codeOf(() => tcp.connect({ remote: { address: ADDRESSES.BROADCAST, port } })),
    'ENETUNREACH',
  );
  t.equal(
    codeOf(() => tcp.connect({ remote: { address: PEER, port }, local: { address: PEER } })),
    'EADDRNOTAVAIL',
  );
  t.equal(
    codeOf(() => tcp.connect({ remote: { address: PEER, port: 0 } })),
    'EINVAL',
  );
  tcp.connect({ remote: { address: PEER, port }, local: { port: 1234 } });
  t.equal(
    codeOf(() => tcp.connect({ remote: { address: PEER, port }, local: { port: 1234 } })),
    'EADDRINUSE',
  );
  t.equal(
    codeOf(() => tcp.connect({ remote: { address: PEER, port: 81 }, local: { port: 1234 } })),
    undefined,
    'another remote end makes another pair',
  );
});

t.test('listen(): one listener an address and port', async (t) => {
  const { tcp } = new Conversation();
  const first = tcp.listen({ address: 0, port: 80 });
  t.equal(
    codeOf(() => tcp.listen({ address: 0, port: 80 })),
    'EADDRINUSE',
  );
  t.equal(
    codeOf(() => tcp.listen({ address: HERE, port: 80 })),
    'EADDRINUSE',
  );
  t.equal(
    codeOf(() => tcp.listen({ address: PEER, port: 81 })),
    'EADDRNOTAVAIL',
  );
  first.close();
  tcp.listen({ address: HERE, port: 80 });
  t.equal(
    codeOf(() => tcp.listen({ address: 0, port: 80 })),
    'EADDRINUSE',
  );
  const chosen = tcp.listen({ address: 0, port: 0 });
  t.ok(chosen.local.port >= 32768);
});

t.test('connections of one port are told apart by both ends', async (t) => {
  const c = new Conversation();
  const { accepted } = c.listen();
  for (const port of [40001, 40002]) {
    c.peerPort = port;
    c.peer({ flags: SYN, seq: 0 });
    const { seq } = c.expect({ flags: SYN | ACK });
    c.peer({ seq: 1, ack: seq + 1, text: `from ${port}` });
    c.expect({ flags: ACK });
  }
  t.same(
    accepted.map((connection) => new TextDecoder().decode(connection.read())),
    ['from 40001', 'from 40002'],
  );
});

t.test('a listener after its connections: the port is free for it at once', async (t) => {
  const c = new Conversation();
  const { listener, accepted } = c.listen();
  c.peer({ flags: SYN, seq: 0 });
  const { seq } = c.expect({ flags: SYN | ACK });
  c.peer({ seq: 1, ack: seq + 1 });
  listener.close();
  t.equal(accepted.length, 1);
  t.equal(
    codeOf(() => c.tcp.listen({ address: 0, port: 80 })),
    undefined,
  );
});

t.test('malformed and misaddressed segments are counted and dropped', async (t) => {
  const c = new Conversation();
  c.listen();
  const syn = emitTcp(
    {
      srcPort: 40000,
      dstPort: 80,
      seq: 1,
      ack: 0,
      flags: SYN,
      window: 1,
      urgentPointer: 0,
      options: {},
      payload: bytesOf(0),
    },
    PEER,
    HERE,
  );
  c.machine.receive(packetOf(PEER, HERE, syn.subarray(0, 19)));
  c.machine.receive(
    packetOf(
      PEER,
      HERE,
      Uint8Array.from(syn, (byte, i) => (i === 4 ? byte ^ 1 : byte)),
    ),
  );
  c.machine.receive(
    packetOf(
      PEER,
      HERE,
      Uint8Array.from(syn, (byte, i) => (i === 12 ? 0x10 : byte)),
    ),
  );
  const toAll = emitTcp(
    {
      srcPort: 40000,
      dstPort: 80,
      seq: 1,
      ack: 0,
      flags: SYN,
      window: 1,
      urgentPointer: 0,
      options: {},
      payload: bytesOf(0),
    },
    PEER,
    ADDRESSES.BROADCAST,
  );
  c.machine.receive(packetOf(PEER, ADDRESSES.BROADCAST, toAll));
  c.expectNothing();
  t.same(
    (['truncated', 'badChecksum', 'badDataOffset', 'badAddress'] as const).map((name) =>
      c.machine.counters.get(`tcp.${name}`),
    ),
    [1, 1, 1, 1],
  );
});

t.test('ICMP errors', async (t) => {
  for (const [type, code, expected] of [
    [3, 0, 'ENETUNREACH'],
    [3, 1, 'EHOSTUNREACH'],
    [3, 2, 'ECONNREFUSED'],
    [3, 3, 'ECONNREFUSED'],
    [3, 13, 'EHOSTUNREACH'],
    [11, 0, 'EHOSTUNREACH'],
  ] as const) {
    t.test(`type ${type} code ${code} ends an active open with ${expected}`, async (t) => {
      const c = new Conversation();
      const news = record(c.connect());
      const syn = c.expect({ flags: SYN });
      c.icmp({ type, code, from: type === 3 && code === 1 ? HERE : PEER }, syn);
      t.same(news, [`closed ${expected}`]);
      c.advance(200_000);
      c.expectNothing();
    });
  }

  t.test('a connection that works goes on, and reports the error when it times out', async (t) => {
    const { c, client, news } = established();
    c.call(() => client.send(bytesOf('x')));
    const segment = c.expect({ flags: ACK | 8 });
    c.icmp({ type: 3, code: 1 }, segment);
    t.same(news, []);
    c.advance(2_000_000);
    t.same(news, ['closed EHOSTUNREACH']);
  });

  t.test('about segments that are not on their way, or too short: ignored', async (t) => {
    const c = new Conversation();
    const news = record(c.connect());
    const syn = c.expect({ flags: SYN });
    c.icmp({ type: 3, code: 1 }, { ...syn, seq: (syn.seq + 1000) >>> 0 });
    c.icmp({ type: 3, code: 1 }, { ...syn, srcPort: 1 });
    c.icmp({ type: 3, code: 1, payload: bytesOf(4) }, syn);
    t.same(news, []);
    t.equal(c.machine.counters.get('tcp.icmpIgnored'), 3);
  });
});

t.test('an error of the layer below does not end a connection: it is tried again', async (t) => {
  const { c, client, una } = established();
  c.machine.sendError = new StackError('ENETUNREACH', 'network is unreachable');
  c.call(() => client.send(bytesOf('x')));
  c.expectNothing();
  c.machine.sendError = undefined;
  c.advance(201);
  c.expect({ flags: ACK | 8, seq: una, text: 'x' });
  t.equal(client.state, 'ESTABLISHED');
  t.equal(c.machine.counters.get('tcp.sendFailed'), 1);
});

t.test('the sockets table', async (t) => {
  const { c, client } = established();
  c.tcp.listen({ address: 0, port: 22, program: 'sshd' });
  c.call(() => client.send(bytesOf(100)));
  c.peer({ seq: 1001, ack: client.tcb.sndUna, text: 'unread' });
  t.match(c.tcp.sockets(), [
    { protocol: 'tcp', local: '0.0.0.0:22', remote: '0.0.0.0:*', state: 'LISTEN', program: 'sshd' },
    {
      local: `10.0.0.1:${client.local.port}`,
      remote: '10.0.0.2:80',
      state: 'ESTABLISHED',
      recvQueue: 6,
      sendQueue: 100,
      timer: 'retransmit',
      mss: 1460,
      bytesSent: 100,
      bytesReceived: 6,
      receiveWindow: 64_240,
    },
  ]);
  c.call(() => client.shutdown());
  c.peer({ flags: FIN, seq: 1007, ack: client.tcb.sndNxt });
  t.match(c.tcp.sockets()[1], { state: 'TIME_WAIT', timer: 'time-wait' });
});
