/** What Node's sockets do not have, or only an emulated network can show. */
import { once } from 'node:events';
import t from 'tap';
import type { UdpIcmpError, UdpSender } from '../../devices/net/udp-socket.js';
import { UDP_DATAGRAM_OVERHEAD_BYTES, UDP_RECEIVE_BUFFER_BYTES } from '../../devices/stack/transport/udp-endpoint.js';
import { NetworkNode } from '../support/network-node.js';
import { StackNode } from '../support/stack-node.js';
import { Wiring } from '../support/wiring.js';

function twoHosts() {
  const wiring = new Wiring();
  const a = new NetworkNode(wiring, { name: 'a', addresses: ['10.0.0.1/24', ''] }).network;
  const b = new NetworkNode(wiring, { name: 'b', addresses: ['10.0.0.2/24', ''] }).network;
  wiring.link('a:eth0', 'b:eth0', { delayMs: 5 });
  wiring.link('a:eth1', 'b:eth1', { delayMs: 5 });
  return { wiring, a, b };
}

t.test('bound to an interface: broadcasts before there is an address', async (t) => {
  const { wiring, a, b } = twoHosts();
  const server = b.createUdpSocket({ program: 'dhcp-server' });
  server.bind({ port: 67, interface: 'eth1' });
  const client = a.createUdpSocket({ program: 'dhcp-client' });
  client.bind({ port: 68, interface: 'eth1' });
  client.setBroadcast(true);
  client.send('who am I?', 67, '255.255.255.255');
  const [bytes, from] = (await wiring.until(once(server, 'message'))) as [Buffer, UdpSender];
  t.equal(bytes.toString(), 'who am I?');
  t.strictSame(from, {
    address: '0.0.0.0',
    family: 'IPv4',
    port: 68,
    size: 9,
    interface: 'eth1',
    to: '255.255.255.255',
  });
  t.match(a.stack.udp.sockets(), [{ local: '0.0.0.0:68', program: 'dhcp-client' }]);
});

t.test('an interface that is not there', async (t) => {
  const { wiring, a } = twoHosts();
  const socket = a.createUdpSocket();
  socket.bind({ port: 68, interface: 'eth7' });
  const error = await wiring.until(new Promise((resolve) => socket.once('error', resolve)));
  t.match(error, { code: 'ENODEV', syscall: 'bind' });
});

t.test('sockets share a port when all of them agree', async (t) => {
  const { wiring, a, b } = twoHosts();
  const sockets = ['one', 'two'].map(() => b.createUdpSocket({ reuseAddr: true }));
  for (const socket of sockets) socket.bind(5000);
  const both = Promise.all(sockets.map((socket) => once(socket, 'message')));
  const sender = a.createUdpSocket();
  sender.setBroadcast(true);
  sender.send('all', 5000, '10.0.0.255');
  const heard = (await wiring.until(both)) as [Buffer][];
  t.strictSame(
    heard.map(([bytes]) => String(bytes)),
    ['all', 'all'],
  );
});

t.test('errors of datagrams that are not connected', async (t) => {
  const { wiring, a } = twoHosts();
  const socket = a.createUdpSocket();
  socket.on('error', () => t.fail('that is for connected sockets'));
  socket.send('anybody?', 9, '10.0.0.2');
  const [error] = (await wiring.until(once(socket, 'icmpError'))) as [UdpIcmpError];
  t.strictSame(error, { type: 3, code: 3, from: '10.0.0.2', address: '10.0.0.2', port: 9 });
});

t.test('time to live: a router answers', async (t) => {
  const wiring = new Wiring();
  const a = new NetworkNode(wiring, { name: 'a', addresses: ['10.0.0.1/24'], routes: ['default via 10.0.0.254'] });
  wiring.attach(new StackNode({ name: 'r', addresses: ['10.0.0.254/24', '10.1.0.254/24'], forwarding: true }));
  wiring.link('a:eth0', 'r:eth0');
  const socket = a.network.createUdpSocket();
  socket.bind(0);
  socket.setTTL(1);
  socket.send('x', 33434, '10.1.0.9');
  const [error] = (await wiring.until(once(socket, 'icmpError'))) as [UdpIcmpError];
  t.match(error, { type: 11, code: 0, from: '10.0.0.254', address: '10.1.0.9', port: 33434 });
});

t.test('names, and errors without a callback', async (t) => {
  const { wiring, a } = twoHosts();
  const socket = a.createUdpSocket();
  const failure = () => wiring.until(new Promise<Error>((resolve) => socket.once('error', resolve)));
  socket.send('x', 53, 'www.server.com');
  t.match(await failure(), { code: 'ENOTFOUND', hostname: 'www.server.com' });
  socket.send('x', 53, '192.0.2.1');
  t.equal((await failure()).message, 'send ENETUNREACH 192.0.2.1:53');
  socket.connect(53, 'www.server.com');
  t.match(await failure(), { code: 'ENOTFOUND' });
});

t.test('an aborted signal closes the socket', async (t) => {
  const { a } = twoHosts();
  const abort = new AbortController();
  const socket = a.createUdpSocket({ signal: abort.signal });
  socket.bind(7);
  abort.abort();
  await once(socket, 'close');
  t.strictSame(a.stack.udp.sockets(), []);
});

t.test('a program that reads late loses what its receive buffer cannot hold, and it is counted', async (t) => {
  const { wiring, a } = twoHosts();
  const server = a.createUdpSocket();
  server.bind(9);
  const client = a.createUdpSocket();
  let received = 0;
  server.on('message', () => {
    received += 1;
  });
  const cost = UDP_DATAGRAM_OVERHEAD_BYTES + 1000;
  const fitting = Math.floor(UDP_RECEIVE_BUFFER_BYTES / cost);
  for (let sent = 0; sent < fitting + 5; sent++) client.send(new Uint8Array(1000), 9, '10.0.0.1');
  t.match(a.stack.udp.sockets(), [{ local: '0.0.0.0:9', recvQueue: fitting * 1000 }, {}]);
  await wiring.until(new Promise((resolve) => setImmediate(() => setImmediate(resolve))));
  t.equal(received, fitting);
  t.equal(a.stack.counters.get('udp.receiveBufferFull'), 5);
  t.match(a.stack.udp.sockets(), [{ recvQueue: 0 }, {}]);
  client.send(new Uint8Array(65_507), 9, '10.0.0.1');
  await wiring.until(once(server, 'message'));
  t.equal(received, fitting + 1, 'there is room again');
});
