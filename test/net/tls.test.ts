/** Node's own TLS, https and http2, unchanged, on emulated machines. */
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import t, { type Test } from 'tap';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { B_ADDRESS, RealTimePair } from '../support/real-time-pair.js';
import { CERTIFICATE, PRIVATE_KEY } from '../support/self-signed.js';

const CREDENTIALS = { cert: CERTIFICATE, key: PRIVATE_KEY };
const TRUST = { ca: CERTIFICATE, servername: 'www.server.com' };

async function listen(t: Test, onConnection: (socket: TcpSocket) => void): Promise<RealTimePair> {
  const pair = new RealTimePair();
  const listener = pair.b.createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  listener.listen(443);
  await once(listener, 'listening');
  t.teardown(() => pair.close());
  return pair;
}

const dial = (pair: RealTimePair) => pair.a.connect({ host: B_ADDRESS, port: 443 });

t.test('tls.connect({ socket }) to a TLSSocket', async (t) => {
  const pair = await listen(t, (socket) => {
    const secure = new tls.TLSSocket(socket, { isServer: true, ...CREDENTIALS });
    secure.pipe(secure);
  });
  const client = tls.connect({ socket: dial(pair), ...TRUST });
  await once(client, 'secureConnect');
  t.equal(client.authorized, true);
  t.match(client.getProtocol(), /^TLSv1\.[23]$/);
  const bytes = 'netarium'.repeat(50_000);
  client.end(bytes);
  t.equal(await text(client), bytes);
});

t.test('a certificate that nobody vouches for', async (t) => {
  const pair = await listen(t, (socket) => {
    new tls.TLSSocket(socket, { isServer: true, ...CREDENTIALS }).on('error', () => {});
  });
  const client = tls.connect({ socket: dial(pair), servername: 'www.server.com' });
  const [error] = await once(client, 'error');
  t.match(error, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});

t.test('https: server and agent with keep-alive', async (t) => {
  const server = https.createServer(CREDENTIALS, (request, response) => response.end(`secret ${request.url}`));
  const pair = await listen(t, (socket) => server.emit('connection', socket));
  class Agent extends https.Agent {
    override createConnection(options: https.RequestOptions): Duplex {
      return tls.connect({ ...TRUST, ...(options as tls.ConnectionOptions), socket: dial(pair) });
    }
  }
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  for (const [path, reused] of [
    ['/one', false],
    ['/two', true],
  ] as const) {
    const request = https.get({ host: B_ADDRESS, path, agent, ...TRUST });
    const [response] = await once(request, 'response');
    t.equal(await text(response), `secret ${path}`);
    t.equal(request.reusedSocket, reused);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

t.test('http2: streams side by side', async (t) => {
  const server = http2.createSecureServer(CREDENTIALS, (request, response) => response.end(`two ${request.url}`));
  const pair = await listen(t, (socket) => server.emit('connection', socket));
  const session = http2.connect('https://www.server.com', {
    createConnection: () => tls.connect({ socket: dial(pair), ALPNProtocols: ['h2'], ...TRUST }),
  });
  const answers = await Promise.all(['/a', '/b', '/c'].map((path) => text(session.request({ ':path': path }))));
  t.strictSame(answers, ['two /a', 'two /b', 'two /c']);
  session.close();
  await once(session, 'close');
});
