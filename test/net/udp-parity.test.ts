/** One suite, two kinds of sockets: whoever knows `dgram.Socket` knows ours. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { getSystemErrorName } from 'node:util';
import t, { type Test } from 'tap';
import { A_ADDRESS, B_ADDRESS, RealTimePair } from '../support/real-time-pair.js';

interface Backend {
  readonly name: string;
  /** Of the sockets that `near` and `far` make. */
  readonly nearHost: string;
  readonly farHost: string;
  near(): dgram.Socket;
  far(): dgram.Socket;
  close(): void;
}

const node: Backend = {
  name: 'node:dgram',
  nearHost: '127.0.0.1',
  farHost: '127.0.0.1',
  near: () => dgram.createSocket('udp4'),
  far: () => dgram.createSocket('udp4'),
  close: () => {},
};

function ours(): Backend {
  const pair = new RealTimePair();
  return {
    name: 'netarium',
    nearHost: A_ADDRESS,
    farHost: B_ADDRESS,
    near: () => pair.a.createUdpSocket() as unknown as dgram.Socket,
    far: () => pair.b.createUdpSocket() as unknown as dgram.Socket,
    close: () => pair.close(),
  };
}

async function parity(name: string, run: (t: Test, backend: Backend) => Promise<void>): Promise<void> {
  for (const backend of [node, ours()]) {
    await t.test(`${name} (${backend.name})`, async (t) => {
      t.teardown(() => backend.close());
      await run(t, backend);
    });
  }
}

async function bound(t: Test, socket: dgram.Socket, host: string): Promise<dgram.Socket> {
  socket.bind(0, host);
  await once(socket, 'listening');
  t.teardown(() => {
    try {
      socket.close();
    } catch {
      // The test has closed it.
    }
  });
  return socket;
}

await parity('a datagram there and an answer back', async (t, backend) => {
  const far = await bound(t, backend.far(), backend.farHost);
  const near = await bound(t, backend.near(), backend.nearHost);
  t.match(far.address(), { address: backend.farHost, family: 'IPv4' });
  far.on('message', (bytes, from) => far.send(`${bytes} heard`, from.port, from.address));
  const sent = new Promise((resolve) =>
    near.send('hello', far.address().port, backend.farHost, (...result) => resolve(result)),
  );
  const [bytes, from] = (await once(near, 'message')) as [Buffer, dgram.RemoteInfo];
  t.equal(bytes.toString(), 'hello heard');
  t.ok(Buffer.isBuffer(bytes));
  t.match(from, { address: backend.farHost, family: 'IPv4', port: far.address().port, size: 11 });
  t.strictSame(await sent, [null, 5]);
});

await parity('send() binds by itself, and takes pieces and slices', async (t, backend) => {
  const far = await bound(t, backend.far(), backend.farHost);
  const { port } = far.address();
  const near = backend.near();
  const heard: string[] = [];
  far.on('message', (bytes) => heard.push(bytes.toString()));
  const data = Buffer.from('0123456789');
  near.send(data, 2, 3, port, backend.farHost);
  data.fill('x');
  await once(far, 'message');
  near.send(['one ', Buffer.from('two')], port, backend.farHost);
  await once(far, 'message');
  near.send('', port, backend.farHost);
  await once(far, 'message');
  near.send(new DataView(Uint8Array.of(97, 98).buffer), port, backend.farHost);
  await once(far, 'message');
  t.strictSame(heard.slice(1), ['one two', '', 'ab']);
  t.ok(near.address().port > 0);
  near.close();
});

await parity('connected sockets', async (t, backend) => {
  const far = await bound(t, backend.far(), backend.farHost);
  const near = backend.near();
  t.throws(() => near.remoteAddress(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
  near.connect(far.address().port, backend.farHost);
  await once(near, 'connect');
  t.match(near.remoteAddress(), { address: backend.farHost, port: far.address().port, family: 'IPv4' });
  t.throws(() => near.connect(1, backend.farHost), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
  t.throws(() => near.send('x', 0, 1, 1, backend.farHost), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
  near.send('by itself');
  const [bytes, from] = (await once(far, 'message')) as [Buffer, dgram.RemoteInfo];
  t.equal(bytes.toString(), 'by itself');
  near.on('message', (bytes) => t.equal(bytes.toString(), 'from the peer', 'strangers are not heard'));
  const stranger = await bound(t, backend.far(), backend.farHost);
  await new Promise((resolve) => stranger.send('from a stranger', from.port, from.address, resolve));
  far.send('from the peer', from.port, from.address);
  await once(near, 'message');
  near.disconnect();
  t.throws(() => near.disconnect(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
  near.close();
});

await parity('a connected socket hears that nobody listens', async (t, backend) => {
  const far = await bound(t, backend.far(), backend.farHost);
  const { port } = far.address();
  far.close();
  const near = backend.near();
  near.connect(port, backend.farHost);
  await once(near, 'connect');
  near.send('anybody?');
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => near.once('error', resolve));
  t.equal(error.message, 'recvmsg ECONNREFUSED');
  t.match(error, { code: 'ECONNREFUSED', syscall: 'recvmsg' });
  t.equal(getSystemErrorName(error.errno ?? 0), 'ECONNREFUSED');
  near.close();
});

await parity('EADDRINUSE', async (t, backend) => {
  const first = await bound(t, backend.far(), backend.farHost);
  const { port } = first.address();
  const second = backend.far();
  second.bind(port, backend.farHost, () => t.fail('not listening'));
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => second.once('error', resolve));
  t.equal(error.message, `bind EADDRINUSE ${backend.farHost}:${port}`);
  t.match(error, { code: 'EADDRINUSE', syscall: 'bind', address: backend.farHost, port });
  second.close();
});

await parity('wrong use', async (t, backend) => {
  const socket = await bound(t, backend.near(), backend.nearHost);
  t.throws(() => socket.bind(0), { code: 'ERR_SOCKET_ALREADY_BOUND' });
  t.throws(() => socket.send('x', 0, backend.farHost), { code: 'ERR_SOCKET_BAD_PORT' });
  t.throws(() => socket.send('x', 70_000, backend.farHost), { code: 'ERR_SOCKET_BAD_PORT' });
  t.throws(() => socket.send(5 as unknown as string, 1, backend.farHost), { code: 'ERR_INVALID_ARG_TYPE' });
  const tooBig = await new Promise((resolve) => socket.send(Buffer.alloc(65_508), 9, backend.farHost, resolve));
  t.match(tooBig, { code: 'EMSGSIZE', message: `send EMSGSIZE ${backend.farHost}:9`, syscall: 'send' });
  const broadcast = await new Promise((resolve) => socket.send('x', 9, '255.255.255.255', resolve));
  t.match(broadcast, { code: 'EACCES', message: 'send EACCES 255.255.255.255:9' });
  t.equal(socket.setTTL(3), 3);
  t.throws(() => socket.setTTL(0), { code: 'EINVAL' });
  t.equal(socket.ref(), socket);
  t.equal(socket.unref(), socket);
});

await parity('close', async (t, backend) => {
  const far = await bound(t, backend.far(), backend.farHost);
  far.on('message', () => t.fail('closed sockets hear nothing'));
  const near = await bound(t, backend.near(), backend.nearHost);
  await new Promise((resolve) => near.send('x', far.address().port, backend.farHost, resolve));
  const log: string[] = [];
  far.on('close', () => log.push('close'));
  t.equal(
    far.close(() => log.push('callback')),
    far,
  );
  t.strictSame(log, []);
  await once(far, 'close');
  t.strictSame(log, ['close', 'callback']);
  for (const use of [() => far.close(), () => far.address(), () => far.send('x', 9, backend.farHost)]) {
    t.throws(use, { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING', message: 'Not running' });
  }
});
