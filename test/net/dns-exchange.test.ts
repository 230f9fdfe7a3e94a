/** One question to one server: EDNS and its fallback, mixed case, TCP connections that are kept. */
import fc from 'fast-check';
import t from 'tap';
import { DnsExchange, type DnsExchangeOptions } from '../../devices/net/dns-exchange.js';
import { OutgoingQuery } from '../../devices/net/dns-query.js';
import { Random } from '../../devices/stack/random.js';
import {
  type DnsMessage,
  dnsQuery,
  dnsResponse,
  emitDns,
  parseDns,
  RCODE_FORMERR,
  RCODE_NXDOMAIN,
  RCODE_SERVFAIL,
} from '../../devices/stack/wire/dns.js';
import { edns } from '../../devices/stack/wire/edns.js';
import { DnsNet, type DnsNode } from '../apps/dns/dns-net.js';
import { addressAnswer, type Script, scripted } from '../apps/dns/scripted-server.js';

const ASK = { name: 'www.server.com', type: 'A' as const, recursionDesired: true, timeoutMs: 1000 };

function world(script: Script, options: Partial<DnsExchangeOptions> = {}) {
  const net = new DnsNet();
  const client = net.host('client');
  const server = scripted(net, 'server', script);
  return { net, client, server, exchange: exchangeOf(client, options) };
}

function exchangeOf({ network, random, tracer }: DnsNode, options: Partial<DnsExchangeOptions>) {
  return new DnsExchange(network, { random, tracer, program: 'test', ...options });
}

/** With the names of the question in small letters. */
function small(query: DnsMessage): DnsMessage {
  return { ...query, questions: query.questions.map((question) => ({ ...question, name: 'www.server.com' })) };
}

t.test('a server that does not know EDNS is asked without it, and that is remembered', async (t) => {
  const { net, server, exchange } = world(({ query }) => [
    query.edns === undefined ? addressAnswer(query, '192.0.2.1') : dnsResponse(query, { rcode: RCODE_FORMERR }),
  ]);
  const withOpt = () => server.asked.map(({ query }) => query.edns !== undefined);
  for (let i = 0; i < 2; i++) {
    t.equal((await net.until(exchange.ask(server.node.ip, ASK))).message.answers.length, 1);
  }
  t.same(withOpt(), [true, false, false]);
  await net.runFor(900_000);
  await net.until(exchange.ask(server.node.ip, ASK));
  t.same(withOpt().slice(3), [true, false], 'after a quarter of an hour it may have learned it');
});

t.test('two questions at once to a server that does not know EDNS: each is asked again without it', async (t) => {
  const { net, server, exchange } = world(({ query }) => [
    query.edns === undefined ? addressAnswer(query, '192.0.2.1') : dnsResponse(query, { rcode: RCODE_FORMERR }),
  ]);
  const replies = ['a.server.com', 'b.server.com'].map((name) => exchange.ask(server.node.ip, { ...ASK, name }));
  for (const { message } of await net.until(Promise.all(replies)))
    t.match(message, { rcode: 0, answers: { length: 1 } });
  t.equal(server.asked.length, 4);
});

t.test('a server that finds fault with a question without EDNS too is not said to lack EDNS', async (t) => {
  const { net, server, exchange } = world(({ query }) => [dnsResponse(query, { rcode: RCODE_FORMERR })]);
  for (let i = 0; i < 2; i++) await net.until(exchange.ask(server.node.ip, ASK));
  t.same(
    server.asked.map(({ query }) => query.edns !== undefined),
    [true, false, true, false],
  );
});

t.test('an error without the question is an answer only when it holds nothing else', async (t) => {
  const { net, client, server, exchange } = world(({ query }) => [
    { ...addressAnswer(query, '6.6.6.6', { rcode: RCODE_SERVFAIL }), questions: [] },
    { ...dnsResponse(query, { rcode: RCODE_NXDOMAIN }), questions: [] },
    { ...dnsResponse(query, { rcode: RCODE_SERVFAIL }), questions: [] },
  ]);
  t.match((await net.until(exchange.ask(server.node.ip, ASK))).message, { rcode: RCODE_SERVFAIL, answers: [] });
  t.equal(client.stack.counters.get('dns.mismatchedAnswer'), 2);
});

t.test('FORMERR of a server that knows EDNS is its answer', async (t) => {
  const { net, server, exchange } = world(({ query }) => [dnsResponse(query, { rcode: RCODE_FORMERR, edns: edns() })]);
  t.equal((await net.until(exchange.ask(server.node.ip, ASK))).message.rcode, RCODE_FORMERR);
  t.equal(server.asked.length, 1);
});

t.test('an OPT record that was asked for is sent as it is, whatever comes back', async (t) => {
  const { net, server, exchange } = world(({ query }) => [dnsResponse(query, { rcode: RCODE_FORMERR })]);
  await net.until(exchange.ask(server.node.ip, { ...ASK, edns: edns({ udpSize: 4096, version: 1 }) }));
  await net.until(exchange.ask(server.node.ip, { ...ASK, edns: 'none' }));
  t.match(server.asked, [{ query: { edns: { udpSize: 4096, version: 1 } } }, { query: { edns: undefined } }]);
  t.equal(server.asked.length, 2);
});

t.test('mixed case goes out, and is taken off again', async (t) => {
  const { net, server, exchange } = world(({ query }) => [addressAnswer(query, '192.0.2.1')], { mixedCase: true });
  const { message } = await net.until(exchange.ask(server.node.ip, ASK));
  const [{ query }] = server.asked;
  t.not(query.questions[0].name, 'www.server.com');
  t.equal(query.questions[0].name.toLowerCase(), 'www.server.com');
  t.match(message, { questions: [{ name: 'www.server.com' }], answers: [{ name: 'www.server.com' }] });
});

t.test('mixed case: a server that does not keep it is found out over TCP, and then asked in plain case', async (t) => {
  const script: Script = ({ query }) => [addressAnswer(small(query), '192.0.2.1')];
  const { net, server, exchange } = world(script, { mixedCase: true });
  for (let i = 0; i < 2; i++) {
    t.equal((await net.until(exchange.ask(server.node.ip, ASK))).message.answers.length, 1);
  }
  t.same(
    server.asked.map(({ query, transport }) => [transport, query.questions[0].name === 'www.server.com']),
    [
      ['udp', false],
      ['tcp', false],
      ['udp', true],
    ],
  );
});

t.test('mixed case: an answer in another case is not taken when the server itself keeps it', async (t) => {
  const { net, client, server, exchange } = world(
    ({ query, transport }) =>
      transport === 'tcp'
        ? [addressAnswer(query, '192.0.2.1')]
        : [addressAnswer(small(query), '6.6.6.6'), addressAnswer(query, '192.0.2.1')],
    { mixedCase: true },
  );
  for (let i = 0; i < 2; i++) {
    const { message } = await net.until(exchange.ask(server.node.ip, ASK));
    t.match(message.answers, [{ address: 0xc0000201 }]);
  }
  t.same(
    server.asked.map(({ transport }) => transport),
    ['udp', 'tcp', 'udp', 'tcp'],
    'a forger does not make us give up mixed case',
  );
  t.equal(client.stack.counters.get('dns.otherCaseAnswer'), 2);
});

t.test('mixed case: neither kept nor TCP spoken, then plain case', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const node = net.host('server');
  const names: string[] = [];
  const socket = node.network.createUdpSocket().bind({ port: 53 });
  socket.on('message', (bytes, from) => {
    const query = parseDns(bytes) as DnsMessage;
    names.push(query.questions[0].name);
    socket.send(emitDns(addressAnswer(small(query), '192.0.2.1')), from.port, from.address);
  });
  const exchange = exchangeOf(client, { mixedCase: true });
  t.equal((await net.until(exchange.ask(node.ip, ASK))).message.answers.length, 1);
  t.equal(names[1], 'www.server.com');
});

t.test('several questions ride on one TCP connection, their answers in any order', async (t) => {
  const held: DnsMessage[] = [];
  const { net, client, server, exchange } = world(
    ({ query }) => {
      held.push(addressAnswer(query, '192.0.2.1'));
      return held.length < 3 ? [] : held.splice(0).reverse();
    },
    { keepTcpMs: 2000 },
  );
  const names = ['a.x', 'b.x', 'c.x'];
  const replies = names.map((name) => exchange.ask(server.node.ip, { ...ASK, name, transport: 'tcp' }));
  const answered = await net.until(Promise.all(replies));
  t.same(
    answered.map(({ message }) => message.answers[0].name),
    names,
  );
  t.equal(server.connections, 1);
  const open = () => client.stack.tcp.sockets().filter((row) => row.state === 'ESTABLISHED').length;
  t.equal(open(), 1, 'kept for the next question');
  await net.runFor(2100);
  t.equal(open(), 0, 'but not for long');
});

t.test('the server says how long a connection may be idle (RFC 7828)', async (t) => {
  const { net, client, server, exchange } = world(
    ({ query }) => [
      addressAnswer(query, '192.0.2.1', { edns: edns({ options: [{ kind: 'tcp-keepalive', timeoutMs: 10_000 }] }) }),
    ],
    { keepTcpMs: 2000 },
  );
  await net.until(exchange.ask(server.node.ip, { ...ASK, transport: 'tcp' }));
  t.match(server.asked[0].query.edns?.options, [{ kind: 'tcp-keepalive' }]);
  await net.runFor(9_000);
  await net.until(exchange.ask(server.node.ip, { ...ASK, transport: 'tcp' }));
  t.equal(server.connections, 1);
  await net.runFor(10_200);
  t.same(
    client.stack.tcp.sockets().filter((row) => row.state === 'ESTABLISHED'),
    [],
  );
});

t.test('a kept connection that the server has closed: the question goes over a new one', async (t) => {
  const { net, server, exchange } = world(
    ({ query }) => (server.asked.length === 2 ? ['hang up'] : [addressAnswer(query, '192.0.2.1')]),
    { keepTcpMs: 2000 },
  );
  for (let i = 0; i < 2; i++) {
    const reply = await net.until(exchange.ask(server.node.ip, { ...ASK, transport: 'tcp' }));
    t.equal(reply.message.answers.length, 1);
  }
  t.equal(server.connections, 2);
});

t.test('half a message, then the end; or nothing more: a clear failure', async (t) => {
  const half = ({ query }: { query: DnsMessage }) => {
    const bytes = emitDns(addressAnswer(query, '192.0.2.1'));
    return Uint8Array.of(0, bytes.length, ...bytes.subarray(0, 20));
  };
  const ended = world((asked) => [half(asked), 'hang up'], { keepTcpMs: 2000 });
  const ask = { ...ASK, transport: 'tcp' as const };
  await t.rejects(ended.net.until(ended.exchange.ask(ended.server.node.ip, ask)), { code: 'ECONNRESET' });
  const silent = world((asked) => [half(asked)]);
  await t.rejects(silent.net.until(silent.exchange.ask(silent.server.node.ip, ask)), { code: 'ETIMEOUT' });
  t.equal(silent.net.now < 1100, true);
});

t.test('any bytes, and any damage to the right answer: judged, never an exception', async (t) => {
  const query = new OutgoingQuery(dnsQuery(7, 'www.server.com', 'A', true), new Random('judge'));
  const sent = parseDns(query.bytes) as DnsMessage;
  const right = emitDns(addressAnswer(sent, '192.0.2.1'));
  t.match(query.judge(right), {
    kind: 'answer',
    keepsCase: true,
    message: { questions: [{ name: 'www.server.com' }] },
  });
  t.match(query.judge(emitDns(addressAnswer(small(sent), '192.0.2.1'))), { kind: 'answer', keepsCase: false });
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(right.length - 1), fc.nat(255), (noise, at, value) => {
      const damaged = Uint8Array.from(right);
      damaged[at] = value;
      for (const bytes of [noise, damaged, right.subarray(0, at)]) kinds.add(query.judge(bytes).kind);
    }),
    { numRuns: 500 },
  );
  t.same([...kinds].sort(), ['answer', 'malformed', 'mismatched']);
});
