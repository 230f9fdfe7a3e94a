/** TLS of programs: what a connection does between the end of its handshake and its first use. */
import { once } from 'node:events';
import tls from 'node:tls';
import t from 'tap';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { secureConnection } from '../../devices/net/tls-client.js';
import { NO_TRACE } from '../../devices/stack/trace.js';
import { B_ADDRESS, RealTimePair } from '../support/real-time-pair.js';
import { CERTIFICATE, PRIVATE_KEY } from '../support/self-signed.js';

t.test('a connection that breaks before anybody uses it ends quietly', async (t) => {
  const pair = new RealTimePair();
  t.teardown(() => pair.close());
  const accepted: TcpSocket[] = [];
  const listener = pair.b.createServer({ noDelay: true }, (socket) => {
    accepted.push(socket);
    new tls.TLSSocket(socket, { isServer: true, cert: CERTIFICATE, key: PRIVATE_KEY }).on('error', () => {});
  });
  listener.listen(443);
  await once(listener, 'listening');
  const socket = pair.a.connect({ host: B_ADDRESS, port: 443 });
  const { stream } = await secureConnection(socket, {
    serverName: 'www.server.com',
    authorities: [CERTIFICATE],
    tracer: NO_TRACE,
  });
  t.equal(accepted.length, 1);
  socket.destroy(Object.assign(new Error('nothing has come'), { code: 'ETIMEDOUT' }));
  await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  t.ok(stream.destroyed);
});
