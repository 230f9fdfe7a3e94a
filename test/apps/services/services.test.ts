import { once } from 'node:events';
import t from 'tap';
import { runClient } from '../../../devices/apps/iperf/client.js';
import type { Network } from '../../../devices/net/network.js';
import type { TcpSocket } from '../../../devices/net/tcp-socket.js';
import type { UdpSocket } from '../../../devices/net/udp-socket.js';
import { SERVER, serviceLab } from './lab.js';

/** What comes until the end, for what was said; the client ends at once. */
async function converse(network: Network, port: number, said: string): Promise<string> {
  const socket = network.connect({ host: SERVER, port });
  socket.end(said);
  return readAll(socket);
}

async function readAll(socket: TcpSocket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

async function bound(network: Network, port = 0): Promise<UdpSocket> {
  const socket = network.createUdpSocket().bind(port);
  await once(socket, 'listening');
  return socket;
}

t.test('echo: everything comes back, also after the client has ended its direction', async (t) => {
  const { wiring, client } = serviceLab();
  t.equal(await wiring.until(converse(client, 7, 'to and fro')), 'to and fro');
  t.equal(await wiring.until(converse(client, 7, '')), '');
  const much = 'x'.repeat(300_000);
  t.equal(await wiring.until(converse(client, 7, much)), much);
});

t.test('echo: who sends without reading is not read from without bound', async (t) => {
  const { wiring, client, server } = serviceLab();
  const socket = client.connect({ host: SERVER, port: 7 });
  socket.pause();
  socket.on('error', () => {});
  const chunk = Buffer.alloc(100_000);
  const write = () => {
    while (socket.bytesWritten < 40_000_000 && socket.write(chunk));
  };
  socket.on('drain', write);
  write();
  await wiring.runFor(20_000);
  const stopped = socket.bytesWritten;
  t.ok(stopped < 40_000_000, `the client is stopped after ${stopped} bytes`);
  await wiring.runFor(5_000);
  t.equal(socket.bytesWritten, stopped);
  t.equal(server.stack.tcp.sockets().filter(({ local }) => local.endsWith(':7')).length, 2);
  // Each probe of a closed window may still move a byte, until they are two minutes apart.
  await wiring.runFor(600_000);
  t.equal(socket.destroyed, true, 'and closed once nothing has moved for two minutes');
});

t.test('discard: silence, and an end for an end', async (t) => {
  const { wiring, client, server } = serviceLab();
  t.equal(await wiring.until(converse(client, 9, 'x'.repeat(100_000))), '');
  await wiring.runFor(100);
  t.same(
    server.stack.tcp.sockets().filter(({ state }) => state !== 'LISTEN'),
    [],
  );
});

t.test('daytime: the time, unasked, and the end', async (t) => {
  const { wiring, client } = serviceLab();
  await wiring.runFor(62_000);
  const socket = client.connect({ host: SERVER, port: 13 });
  t.equal(await wiring.until(readAll(socket)), 'Sun Nov  1 09:06:02 2026\r\n');
  t.equal(await wiring.until(converse(client, 13, 'what time is it?')), 'Sun Nov  1 09:06:02 2026\r\n');
});

t.test('chargen: the rotating pattern, for as long as the client wants it', async (t) => {
  const { wiring, client, server } = serviceLab();
  const socket = client.connect({ host: SERVER, port: 19 });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (text.length > 200_000) socket.pause();
  });
  // The half-close of the client ends nothing: RFC 864, until the connection is closed.
  socket.end('whatever');
  await wiring.run(() => text.length > 200_000);
  const lines = text.split('\r\n');
  t.equal(lines[0], ' !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg');
  t.equal(lines[1], '!"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh');
  t.equal(lines[94], '~ !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdef');
  t.equal(lines[95], lines[0]);
  t.ok(lines.slice(0, -1).every((line) => line.length === 72));
  socket.destroy();
  await wiring.runFor(10_000);
  t.same(
    server.stack.tcp.sockets().filter(({ state }) => state !== 'LISTEN'),
    [],
    'and the service lets go of it',
  );
});

t.test('chargen: a client that does not read stops it, and is left after two minutes', async (t) => {
  const { wiring, client, server } = serviceLab();
  const socket = client.connect({ host: SERVER, port: 19 });
  socket.pause();
  socket.on('error', () => {});
  await wiring.runFor(30_000);
  const row = () => server.stack.tcp.sockets().find(({ local, state }) => local.endsWith(':19') && state !== 'LISTEN');
  const sent = row()?.bytesSent;
  await wiring.runFor(30_000);
  t.equal(row()?.bytesSent, sent);
  socket.resume();
  await wiring.runFor(100);
  t.ok((row()?.bytesSent ?? 0) > (sent ?? 0), 'it goes on when the client reads again');
  socket.pause();
  await wiring.runFor(200_000);
  t.not(row()?.state, 'ESTABLISHED');
});

t.test('as many connections as are allowed, and the next one is closed', async (t) => {
  const { wiring, client, server } = serviceLab();
  const sockets = Array.from({ length: 64 }, () => client.connect({ host: SERVER, port: 7 }));
  await wiring.runFor(100);
  t.equal(await wiring.until(converse(client, 7, '')), '');
  t.equal(server.stack.counters.get('services.connectionsRefused'), 1);
  sockets[0].destroy();
  await wiring.runFor(100);
  t.equal(await wiring.until(converse(client, 7, 'again')), 'again');
});

t.test('over UDP: an answer for a datagram', async (t) => {
  const { wiring, client } = serviceLab();
  const socket = await bound(client);
  const heard: [port: number, text: string][] = [];
  socket.on('message', (bytes, from) => heard.push([from.port, bytes.toString('latin1')]));
  for (const port of [7, 9, 13]) socket.send('who goes there?', port, SERVER);
  await wiring.runFor(100);
  t.same(heard, [
    [7, 'who goes there?'],
    [13, 'Sun Nov  1 09:05:00 2026\r\n'],
  ]);
  heard.length = 0;
  for (let i = 0; i < 200; i++) socket.send('', 19, SERVER);
  await wiring.runFor(100);
  const lengths = heard.map(([, text]) => text.length);
  t.equal(lengths.length, 200);
  t.ok(Math.min(...lengths) >= 0 && Math.max(...lengths) <= 512, '0 to 512 characters');
  t.ok(Math.min(...lengths) < 64 && Math.max(...lengths) > 448, 'any of them');
  t.ok(heard.every(([, text]) => ' !"#$%&'.startsWith(text.slice(0, 7))));
});

t.test('over UDP: no answer to another such service, to port 0, or to a broadcast', async (t) => {
  const { wiring, client, server } = serviceLab();
  let heard = 0;
  for (const port of [7, 19, 37]) {
    const socket = await bound(client, port);
    socket.on('message', () => heard++);
    socket.send('ping-pong', 19, SERVER);
    socket.send('ping-pong', 7, SERVER);
  }
  await wiring.runFor(100);
  t.equal(heard, 0);
  t.equal(server.stack.counters.get('services.loopsRefused'), 6);
  const socket = await bound(client);
  socket.setBroadcast(true);
  socket.on('message', () => heard++);
  for (const address of ['255.255.255.255', '10.0.0.255']) socket.send('anybody?', 7, address);
  await wiring.runFor(100);
  t.equal(heard, 0);
  t.equal(server.stack.counters.get('services.broadcastsRefused'), 2);
});

t.test('the answer comes from the address that was asked', async (t) => {
  const { wiring, client, server } = serviceLab(['echo'], '10.0.0.2/24 10.0.0.3/24');
  const socket = await bound(client);
  const heard: string[] = [];
  socket.on('message', (_, from) => heard.push(from.address));
  socket.send('x', 7, '10.0.0.3');
  socket.send('x', 7, '10.0.0.2');
  await wiring.runFor(100);
  t.same(heard, ['10.0.0.3', '10.0.0.2']);
  const own = await bound(server);
  own.on('message', (_, from) => heard.push(from.address));
  own.send('x', 7, '127.0.0.1');
  await wiring.runFor(100);
  t.equal(heard[2], '127.0.0.1');
});

t.test('the end of the machine ends the services, whoever is connected', async (t) => {
  const { wiring, client, server, stop } = serviceLab();
  const socket = client.connect({ host: SERVER, port: 19 });
  socket.on('error', () => {});
  socket.resume();
  await wiring.runFor(50);
  await wiring.until(Promise.all(stop()));
  t.same(
    server.stack.tcp.sockets().filter(({ state }) => state === 'LISTEN'),
    [],
  );
  t.same(server.stack.udp.sockets(), []);
});

t.test('iperf: the server that is always there', async (t) => {
  const { wiring, client } = serviceLab(['iperf']);
  const test = { streams: 2, reverse: true, blockBytes: 8192, bytes: 100_000 };
  const observer = { onStart: () => {}, onInterval: () => {}, onEnd: () => {} };
  const { signal } = new AbortController();
  const server = { address: SERVER, port: 5201 };
  const { own } = await wiring.until(runClient(client, server, test, { intervalMs: 0, observer, signal }));
  t.same(
    own.map(({ bytes }) => bytes),
    [50_000, 50_000],
  );
});
