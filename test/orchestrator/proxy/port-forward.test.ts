/** A port of this machine that leads to a server inside. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { TcpSocket } from '../../../devices/net/tcp-socket.js';
import { DeviceStream } from '../../../orchestrator/lab/device-stream.js';
import { PortForward } from '../../../orchestrator/proxy/port-forward.js';
import { StreamingDevice } from '../../support/streaming-device.js';
import { readAll } from './support/proxied.js';

async function forwarded(t: Test, host: string, listener: (socket: TcpSocket) => void, timeoutMs = 60_000) {
  const device = await StreamingDevice.start(t, { 80: listener });
  const failures: string[] = [];
  const forward = new PortForward({
    dial: (name, port, signal) => DeviceStream.open(device.control, { host: name, port, timeoutMs }, signal),
    host,
    port: 80,
    onFailure: ({ message }) => failures.push(message),
  });
  const { port } = await forward.listen('127.0.0.1', 0);
  t.teardown(() => forward.close());
  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { device, failures, open };
}

t.test('bytes both ways, with half-close, two hundred at once', async (t) => {
  const { open } = await forwarded(t, 'server', (socket) => socket.pipe(socket));
  const sent = Buffer.alloc(100_000, 'netarium');
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const client = await open();
      client.end(sent);
      return readAll(client);
    }),
  );
  t.ok(answers.every((answer) => answer.equals(sent)));
});

t.test('a client that does not read holds the server back', async (t) => {
  const { device, open } = await forwarded(t, 'server', (socket) => socket.end(Buffer.alloc(40_000_000)));
  const client = await open();
  client.pause();
  const received = () => device.pair.a.stack.tcp.sockets().reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  for (let before = -1; before < 1 || received() > before; ) {
    before = received();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  // What is under way lies in the buffers of two TCPs, two sockets and two streams.
  t.ok(received() < 25_000_000, `${received()} bytes were taken off the emulated network`);
  client.destroy();
  const peer = await device.firstAccepted();
  await new Promise((resolve) => peer.once('close', resolve));
  t.pass('and its going is noticed inside');
});

t.test('a server that is not there: the client is reset, and told is why', async (t) => {
  const { failures, open } = await forwarded(t, 'nobody', () => {}, 300);
  const client = await open();
  const [error] = await once(client, 'error');
  t.match(error, { code: 'ECONNRESET' });
  t.same(failures, ['connect ETIMEDOUT 10.0.0.77:80']);
});
