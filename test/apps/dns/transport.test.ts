import { once } from 'node:events';
import t from 'tap';
import { NameServer } from '../../../devices/apps/dns/name-server.js';
import { DnsExchange } from '../../../devices/net/dns-exchange.js';
import { DnsFrames, frameDns } from '../../../devices/net/dns-framing.js';
import { fromHex } from '../../../devices/stack/wire/bytes.js';
import {
  type DnsMessage,
  dnsQuery,
  emitDns,
  OPCODE_NOTIFY,
  parseDns,
  RCODE_FORMERR,
  RCODE_NOTIMP,
  RCODE_REFUSED,
} from '../../../devices/stack/wire/dns.js';
import { CLASS_CH, formatRecordData, typeName } from '../../../devices/stack/wire/dns-record.js';
import { edns } from '../../../devices/stack/wire/edns.js';
import { PROTOCOL_UDP } from '../../../devices/stack/wire/ipv4.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import { emitUdp } from '../../../devices/stack/wire/udp.js';
import { udpOf } from '../../support/packets.js';
import { answersOf, DnsNet, type DnsNode, zone } from './dns-net.js';

/** More than fits into 1232 bytes. */
const BIG = Array.from({ length: 100 }, (_, i) => `big A 10.9.0.${i}`);

function world() {
  const net = new DnsNet();
  const client = net.host('client');
  const server = net.nameServer('server', { zones: [zone('x', 'www A 192.0.2.1', 'ftp A 192.0.2.2', ...BIG)] });
  return { net, client, server };
}

function sound(bytes: Uint8Array): DnsMessage {
  const message = parseDns(bytes);
  if (isMalformed(message)) throw new Error(message.malformed);
  return message;
}

/** What comes back by UDP; undefined when nothing does. */
async function throwAt(net: DnsNet, from: DnsNode, to: DnsNode, bytes: Uint8Array): Promise<DnsMessage | undefined> {
  const socket = from.network.createUdpSocket();
  let answer: DnsMessage | undefined;
  socket.on('message', (reply) => {
    answer = sound(reply);
  });
  socket.send(bytes, 53, to.ip);
  await net.runFor(100);
  socket.close();
  return answer;
}

t.test('TC bit and retry over TCP', async (t) => {
  const { net, client, server } = world();
  const reply = await net.ask(client, server, { name: 'big.x' });
  t.equal(reply.transport, 'tcp');
  t.equal(reply.retriedOverTcp, true);
  t.equal(reply.message.answers.length, 100);
  t.same(
    client.traced.flatMap((event) =>
      event.event === 'dns-query' || event.event === 'dns-answer'
        ? [`${event.event} ${event.transport}${event.event === 'dns-answer' ? ` ${event.kind}` : ''}`]
        : [],
    ),
    ['dns-query udp', 'dns-answer udp truncated', 'dns-query tcp', 'dns-answer tcp answer'],
  );
  const datagram = net.frames.map(({ packet }) => udpOf(packet)).find((udp) => udp?.srcPort === 53);
  t.ok(datagram !== undefined && datagram.payload.length <= 1232, `${datagram?.payload.length} bytes by UDP`);
  await net.runFor(100);
  t.same(
    client.stack.tcp.sockets().filter((row) => row.state !== 'TIME_WAIT'),
    [],
    'the connection was closed by both sides',
  );
});

t.test('TC through a chain: stub, forwarder, recursive server each go over to TCP', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const isp = net.nameServer('isp', { recursion: true, rootHints: [{ name: 'root', address: '10.0.2.1' }] });
  net.nameServer('root', { zones: [zone('.', 'x NS ns.x', 'ns.x A 10.0.3.1')] });
  net.nameServer('x', { zones: [zone('x', ...BIG)] });
  const router = net.forwarder('router', [isp.ip]);
  const found = await net.until(client.resolver({ servers: [router.ip] }).resolve('big.x'));
  t.equal(found.addresses.length, 100);
  for (const node of [client, router, isp]) {
    t.ok(
      node.traced.some((event) => event.event === 'dns-answer' && event.transport === 'tcp'),
      node.name,
    );
  }
});

t.test('several queries on one connection, cut anywhere', async (t) => {
  const { net, client, server } = world();
  const socket = client.network.connect({ host: server.ip, port: 53 });
  const frames = new DnsFrames();
  const answers: DnsMessage[] = [];
  socket.on('data', (chunk: Uint8Array) => answers.push(...frames.push(chunk).map(sound)));
  await net.until(once(socket, 'connect'));
  const both = Buffer.concat([
    frameDns(emitDns(dnsQuery(1, 'www.x', 'A', false))),
    frameDns(emitDns(dnsQuery(2, 'ftp.x', 'A', false))),
  ]);
  socket.setNoDelay(true);
  for (const piece of [both.subarray(0, 1), both.subarray(1, 20), both.subarray(20, 50), both.subarray(50)]) {
    socket.write(piece);
    await net.runFor(30);
  }
  t.same(
    answers.map((message) => [message.id, ...message.answers.map(formatRecordData)]),
    [
      [1, '192.0.2.1'],
      [2, '192.0.2.2'],
    ],
  );
  const ended = once(socket, 'close');
  socket.end();
  await net.until(ended);
});

t.test('an idle connection is closed after ten seconds', async (t) => {
  const { net, client, server } = world();
  const socket = client.network.connect({ host: server.ip, port: 53 });
  socket.resume();
  socket.on('error', () => {});
  await net.until(once(socket, 'close'), 20_000);
  t.ok(net.now > 10_000 && net.now < 10_200, String(net.now));
});

t.test('a client that ends its side still gets its answer', async (t) => {
  const { net, client, server } = world();
  const socket = client.network.connect({ host: server.ip, port: 53 });
  const chunks: Uint8Array[] = [];
  socket.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  socket.end(frameDns(emitDns(dnsQuery(1, 'big.x', 'A', false))));
  await net.until(once(socket, 'close'));
  const [message] = new DnsFrames().push(Buffer.concat(chunks));
  t.equal(sound(message).answers.length, 100);
});

t.test('what deserves it is refused, each by its own code', async (t) => {
  const { net, client, server } = world();
  const query = dnsQuery(77, 'www.x', 'A', true);
  const send = (message: DnsMessage) => throwAt(net, client, server, emitDns(message));
  t.match(await send(query), { id: 77, response: true, rcode: 0, recursionDesired: true, recursionAvailable: false });
  t.match(await send({ ...query, opcode: 2 }), { rcode: RCODE_NOTIMP, opcode: 2 }, 'STATUS');
  t.match(
    await send({ ...query, opcode: 5 }),
    { rcode: RCODE_FORMERR, opcode: 5 },
    'UPDATE of something else than a zone',
  );
  t.match(await send({ ...query, questions: [] }), { rcode: RCODE_FORMERR });
  t.match(await send({ ...query, questions: [...query.questions, ...query.questions] }), { rcode: RCODE_FORMERR });
  t.match(await send({ ...query, questions: [{ ...query.questions[0], class: CLASS_CH }] }), { rcode: RCODE_REFUSED });
  t.match(await send(dnsQuery(77, 'x', 'AXFR', false)), { rcode: RCODE_REFUSED });
  t.match(await send(dnsQuery(77, 'x', 'OPT', false)), { rcode: RCODE_FORMERR });
  t.match(await send(dnsQuery(77, 'y', 'A', false)), { rcode: RCODE_REFUSED });
  t.match(await throwAt(net, client, server, fromHex('004d 0100 0001 0000 0000 0000 ff')), {
    ...{ id: 77, rcode: RCODE_FORMERR, opcode: 0, recursionDesired: true },
    questions: [],
  });
  t.match(
    await throwAt(net, client, server, fromHex('004d 2800 0001 0000 0000 0000 ff')),
    { id: 77, rcode: RCODE_FORMERR, opcode: 5, recursionDesired: false },
    'a malformed UPDATE',
  );
  for (const number of [0, 128, 249, 250]) {
    t.match(await send(dnsQuery(77, 'x', typeName(number), false)), { rcode: RCODE_FORMERR }, 'a metatype');
  }
  t.match(await send(dnsQuery(77, 'x', 'TYPE254', false)), { rcode: RCODE_NOTIMP }, 'MAILA');
  t.match(
    await send({ ...query, opcode: OPCODE_NOTIFY }),
    { rcode: RCODE_FORMERR },
    'NOTIFY of something else than SOA',
  );
});

t.test('who has no question may fetch a cookie (RFC 7873 section 5.4)', async (t) => {
  const { net, client, server } = world();
  const cookie = { kind: 'cookie' as const, client: new Uint8Array(8), server: new Uint8Array(0) };
  const query = { ...dnsQuery(77, 'x', 'A', true), questions: [], edns: edns({ options: [cookie] }) };
  const answer = await throwAt(net, client, server, emitDns(query));
  t.match(answer, { rcode: 0, questions: [], edns: { options: [{ kind: 'cookie', server: { length: 16 } }] } });
});

t.test('noise gets no answer, and is counted', async (t) => {
  const { net, client, server } = world();
  t.equal(await throwAt(net, client, server, fromHex('004d')), undefined);
  t.equal(await throwAt(net, client, server, fromHex('004d 8100 0001 0000 0000 0000 ff')), undefined);
  t.equal(
    await throwAt(net, client, server, emitDns({ ...dnsQuery(1, 'www.x', 'A', true), response: true })),
    undefined,
  );
  t.equal(server.stack.counters.get('dns.malformedQuery'), 2);
  t.equal(server.stack.counters.get('dns.strayResponse'), 1);
});

t.test('a forged answer is not taken: wrong id, wrong question, wrong server', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const liar = net.host('liar');
  const forger = net.host('forger').network.createUdpSocket();
  const socket = liar.network.createUdpSocket();
  socket.bind({ port: 53 });
  socket.on('message', (bytes, from) => {
    const query = sound(bytes);
    const answers = [{ type: 'A' as const, name: 'www.x', class: 1, ttl: 60, address: 0x06060606 }];
    const answer = { ...query, response: true, answers };
    socket.send(emitDns({ ...answer, id: query.id ^ 1 }), from.port, from.address);
    socket.send(emitDns({ ...answer, questions: [{ ...query.questions[0], name: 'www.y' }] }), from.port, from.address);
    socket.send(emitDns(query), from.port, from.address);
    socket.send(fromHex('ff'), from.port, from.address);
    forger.send(emitDns(answer), from.port, from.address);
    liar.network.after(50, () => {
      socket.send(emitDns({ ...answer, answers: [{ ...answers[0], address: 0xc0000201 }] }), from.port, from.address);
    });
  });
  await net.runFor(1);
  t.same(answersOf(await net.ask(client, liar, { name: 'www.x' })), ['www.x A 192.0.2.1']);
  t.equal(client.stack.counters.get('dns.mismatchedAnswer'), 3);
  t.equal(client.stack.counters.get('dns.malformedAnswer'), 1);
});

t.test('a question to a closed port fails at once', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const host = net.host('host');
  await t.rejects(net.ask(client, host, { name: 'www.x' }), { code: 'ECONNREFUSED', server: host.ip });
  await t.rejects(net.ask(client, host, { name: 'www.x', transport: 'tcp' }), { code: 'ECONNREFUSED' });
  t.ok(net.now < 100);
});

t.test('a machine with several addresses answers from the one that was asked', async (t) => {
  const net = new DnsNet();
  const client = net.host('client');
  const server = new NameServer(net.core.network, { zones: [zone('lan', 'printer A 10.0.0.9')] }, net.core);
  server.start();
  const exchange = new DnsExchange(client.network, { random: client.random, tracer: client.tracer, program: 'test' });
  for (const address of ['10.0.0.254', '10.0.3.254']) {
    const ask = { name: 'printer.lan', type: 'A', recursionDesired: true, timeoutMs: 1000 } as const;
    t.same(answersOf(await net.until(exchange.ask(address, ask))), ['printer.lan A 10.0.0.9'], address);
  }
});

t.test('a stopped server is gone, with its connections', async (t) => {
  const { net, client, server } = world();
  await net.ask(client, server, { name: 'www.x' });
  await net.until(server.server.stop());
  await t.rejects(net.ask(client, server, { name: 'www.x' }), { code: 'ECONNREFUSED' });
  t.same(server.stack.udp.sockets(), []);
});

t.test('a question from port 0, which nothing can be sent to, is dropped and counted', async (t) => {
  const { net, client, server } = world();
  const [src, dst] = [client.address(), server.address()];
  const payload = emitUdp({ srcPort: 0, dstPort: 53, payload: emitDns(dnsQuery(1, 'www.x', 'A', false)) }, src, dst);
  client.call(net.now, ({ ipv4 }) => ipv4.send({ dst, protocol: PROTOCOL_UDP, payload }));
  await net.runFor(100);
  t.equal(server.stack.counters.get('dns.noReplyPort'), 1);
  t.equal((await net.ask(client, server, { name: 'www.x' })).message.answers.length, 1, 'the server goes on');
});

t.test('who asks by TCP and does not read the answers is not read either', async (t) => {
  const { net, client, server } = world();
  const socket = client.network.connect({ host: server.ip, port: 53 });
  socket.on('error', () => {});
  await net.until(once(socket, 'connect'));
  const question = frameDns(emitDns(dnsQuery(1, 'big.x', 'A', false)));
  const many = Buffer.concat(Array.from({ length: 100 }, () => question));
  for (let i = 0; i < 100; i++) socket.write(many);
  await net.runFor(5000);
  const asked = server.stack.counters.get('dns.queries');
  t.ok(asked < 5000, `${asked} of 10,000 questions were taken`);
  socket.destroy();
});
