/** What only the manual clock shows exactly, and what an emulated network can do to a connection. */
import { once } from 'node:events';
import t from 'tap';
import type { SocketError } from '../../devices/net/socket-errors.js';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { NetworkNode } from '../support/network-node.js';
import { Wiring } from '../support/wiring.js';

/** Long enough for a connection to give up: fifteen retransmissions, or all probes of keep-alive. */
const LONG_MS = 3_600_000;

function twoHosts() {
  const wiring = new Wiring();
  const a = new NetworkNode(wiring, { name: 'a', addresses: ['10.0.0.1/24'], routes: ['default via 10.0.0.254'] });
  const b = new NetworkNode(wiring, { name: 'b', addresses: ['10.0.0.2/24'] });
  const cable = wiring.link('a:eth0', 'b:eth0', { delayMs: 5 });
  return { wiring, a: a.network, b: b.network, cable };
}

async function joined() {
  const hosts = twoHosts();
  const server = hosts.b.createServer({ program: 'server' });
  server.listen({ port: 80 });
  const accepted = once(server, 'connection') as Promise<[TcpSocket]>;
  const client = hosts.a.connect({ host: '10.0.0.2', port: 80, program: 'client' });
  const [peer] = await hosts.wiring.until(accepted);
  if (client.connecting) await hosts.wiring.until(once(client, 'connect'));
  return { ...hosts, server, client, peer };
}

/** The 'error' event itself, not as a rejection. */
function errorOf(wiring: Wiring, socket: TcpSocket): Promise<SocketError> {
  const error = new Promise<SocketError>((resolve) => socket.once('error', resolve as (error: Error) => void));
  return wiring.until(error, LONG_MS);
}

t.test('the handshake takes one round trip after ARP, and names its program', async (t) => {
  const { wiring, a, b, client } = await joined();
  t.equal(wiring.now, 25, 'ARP there and back, SYN there, SYN-ACK back, ACK there');
  t.match(a.stack.tcp.sockets(), [{ local: `10.0.0.1:${client.localPort}`, state: 'ESTABLISHED', program: 'client' }]);
  t.match(
    b.stack.tcp.sockets().map(({ state, program }) => `${state} ${program}`),
    ['LISTEN server', 'ESTABLISHED server'],
  );
});

t.test('a host that does not answer ARP: EHOSTUNREACH', async (t) => {
  const { wiring, a } = twoHosts();
  const error = await errorOf(wiring, a.connect({ host: '10.0.0.9', port: 80 }));
  t.equal(error.message, 'connect EHOSTUNREACH 10.0.0.9:80');
  t.match(error, { code: 'EHOSTUNREACH', syscall: 'connect', address: '10.0.0.9', port: 80 });
  t.equal(wiring.now, 3000, 'three requests, one a second');
});

t.test('a network without a route: ENETUNREACH at once', async (t) => {
  const { wiring, b } = twoHosts();
  const error = await errorOf(wiring, b.connect({ host: '192.0.2.1', port: 80 }));
  t.equal(error.message, 'connect ENETUNREACH 192.0.2.1:80 - Local (0.0.0.0:0)');
  t.equal(wiring.now, 0);
});

t.test('a host that swallows SYNs: ETIMEDOUT', async (t) => {
  const { wiring, a, cable } = twoHosts();
  const client = a.connect({ host: '10.0.0.2', port: 80 });
  cable.fault = ({ packet }) => (packet[20] === 0x08 && packet[21] === 0x00 ? 'drop' : 'pass');
  const error = await errorOf(wiring, client);
  t.equal(error.message, 'connect ETIMEDOUT 10.0.0.2:80');
  t.equal(client.destroyed, true);
});

t.test('a peer that falls silent: read ETIMEDOUT', async (t) => {
  const { wiring, client, cable } = await joined();
  cable.cut();
  client.write('anybody there?');
  const error = await errorOf(wiring, client);
  t.match(error, { code: /ETIMEDOUT|EHOSTUNREACH/, syscall: 'read' });
});

t.test('port 0, IPv6, and a name without a lookup', async (t) => {
  const { wiring, a } = twoHosts();
  t.equal((await errorOf(wiring, a.connect({ host: '10.0.0.2', port: 0 }))).message, 'connect ECONNREFUSED 10.0.0.2');
  t.match(await errorOf(wiring, a.connect({ host: '::1', port: 80 })), { code: 'EAFNOSUPPORT', address: '::1' });
  const named = a.connect({ host: 'www.server.com', port: 80 });
  const looked = once(named, 'lookup').catch(() => []);
  t.match(await errorOf(wiring, named), {
    message: 'getaddrinfo ENOTFOUND www.server.com',
    code: 'ENOTFOUND',
    errno: -3008,
    syscall: 'getaddrinfo',
    hostname: 'www.server.com',
  });
  t.match((await looked)[0], { code: 'ENOTFOUND' });
});

t.test('a machine talks to itself by localhost', async (t) => {
  const { wiring, a } = twoHosts();
  const server = a.createServer({}, (socket) => socket.end('me'));
  server.listen(7000);
  const client = a.connect({ port: 7000 });
  const [data] = await wiring.until(once(client, 'data'));
  t.equal(String(data), 'me');
  t.equal(client.remoteAddress, '127.0.0.1');
});

t.test("'timeout' comes exactly so long after the last byte", async (t) => {
  const { wiring, client, peer, a } = await joined();
  const startedAt = wiring.now;
  const fired: number[] = [];
  client.setTimeout(1000);
  client.on('timeout', () => fired.push(wiring.now - startedAt));
  a.after(600, () => client.write('x'));
  await wiring.run(startedAt + 1700);
  t.strictSame(fired, [1600], 'written at 600');
  peer.write('y');
  await wiring.run(startedAt + 3000);
  t.strictSame(fired, [1600, 2705], 'read at 1705');
  client.resume();
  client.setTimeout(0);
  await wiring.run(startedAt + 9000);
  t.equal(fired.length, 2);
});

t.test('the window closes while the program does not read, and opens again', async (t) => {
  const { wiring, client, peer, b } = await joined();
  const bytes = Buffer.alloc(2 << 20, 'netarium');
  let written = false;
  client.write(bytes, () => {
    written = true;
  });
  await wiring.runFor(20_000);
  t.equal(written, false);
  t.ok(peer.readableLength >= peer.readableHighWaterMark, 'the stream is full');
  t.ok(peer.readableLength < peer.readableHighWaterMark + 65_536, 'by one reading at most');
  const row = b.stack.tcp.sockets().find(({ state }) => state === 'ESTABLISHED');
  const queued = row?.recvQueue ?? 0;
  const { receiveBufferBytes = 0 } = row?.info ?? {};
  t.ok(
    // Two segments beyond, and what the window's field rounds up (its unit is 128 bytes).
    queued > receiveBufferBytes && queued < receiveBufferBytes + 2 * 1460 + 128,
    'so is the receive buffer, to less than a segment',
  );
  t.ok(row !== undefined && row.receiveWindow < 1460);
  let got = 0;
  peer.on('data', (chunk) => {
    got += chunk.length;
  });
  await wiring.run(() => got === bytes.length);
  t.equal(written, true);
});

t.test('keep-alive finds a dead peer', async (t) => {
  const { wiring, client, cable } = await joined();
  client.setKeepAlive(true, 60_000);
  cable.cut();
  const error = await errorOf(wiring, client);
  t.match(error, { code: 'ETIMEDOUT', syscall: 'read' });
  t.ok(wiring.now >= 70_000 && wiring.now < 71_000, 'ten probes, one a second, as libuv sets it up');
});

t.test('a user timeout gives up on a peer that is gone', async (t) => {
  const { wiring, client, cable } = await joined();
  t.throws(() => client.setUserTimeout(-1), { code: 'ERR_OUT_OF_RANGE' });
  client.setUserTimeout(3000);
  cable.cut();
  const before = wiring.now;
  client.write('anybody?');
  const error = await errorOf(wiring, client);
  t.match(error, { code: 'ETIMEDOUT' });
  t.equal(Math.round((wiring.now - before) / 100), 30);
});

t.test('destroy() twice, before and after the connection, leaves nothing behind', async (t) => {
  const { wiring, client, peer, server, a, b } = await joined();
  client.destroy().destroy();
  peer.resume();
  a.connect({ host: '10.0.0.2', port: 80 }).destroy();
  server.close();
  await wiring.runFor(120_000);
  t.strictSame(a.stack.tcp.sockets(), []);
  t.strictSame(b.stack.tcp.sockets(), []);
  t.equal(client.listenerCount('connect'), 0);
});

t.test('two runs are the same, packet by packet', async (t) => {
  const run = async () => {
    const { wiring, client, peer } = await joined();
    peer.pipe(peer);
    client.end(Buffer.alloc(100_000, 'x'));
    await wiring.until(once(client.resume(), 'close'));
    return wiring.frames.map(({ at, from, packet }) => `${at} ${from} ${Buffer.from(packet).toString('base64')}`);
  };
  t.strictSame(await run(), await run());
});
