/** Node's own HTTP, unchanged, on emulated machines. */
import { once } from 'node:events';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import type { Network } from '../../devices/net/network.js';
import type { TcpSocket } from '../../devices/net/tcp-socket.js';
import { B_ADDRESS, RealTimePair } from '../support/real-time-pair.js';

/** All that Node's agent needs to be told: where connections come from. */
class NetworkAgent extends http.Agent {
  private readonly network: Network;

  constructor(network: Network, options: http.AgentOptions = {}) {
    super(options);
    this.network = network;
  }

  override createConnection({ host, port, timeout }: http.ClientRequestArgs): Duplex {
    return this.network.connect({ host: host ?? 'localhost', port: Number(port), timeout, noDelay: true });
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly reused: boolean;
}

/** A Node server on host b, and a way to ask it from host a. */
async function serve(t: Test, handler: http.RequestListener, agentOptions: http.AgentOptions = {}) {
  const pair = new RealTimePair();
  const server = http.createServer(handler);
  const listener = pair.b.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  );
  const accepted: TcpSocket[] = [];
  listener.on('connection', (socket) => accepted.push(socket));
  listener.listen(80);
  await once(listener, 'listening');
  const agent = new NetworkAgent(pair.a, { keepAlive: true, ...agentOptions });
  t.teardown(() => {
    agent.destroy();
    server.close();
    pair.close();
  });

  async function ask(options: http.RequestOptions, body = ''): Promise<Answer> {
    const request = http.request({ host: B_ADDRESS, agent, ...options });
    request.end(body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const answer = {
      status: response.statusCode,
      headers: response.headers,
      body: await text(response),
      reused: request.reusedSocket,
    };
    // The socket goes back to the agent in the tick after the end.
    await new Promise((resolve) => setImmediate(resolve));
    return answer;
  }
  return { pair, agent, server, listener, accepted, ask };
}

t.test('keep-alive: requests share a connection', async (t) => {
  const { ask, accepted } = await serve(t, (request, response) => response.end(`you asked for ${request.url}`));
  t.match(await ask({ path: '/one' }), { status: 200, body: 'you asked for /one', reused: false });
  t.match(await ask({ path: '/two' }), { status: 200, body: 'you asked for /two', reused: true });
  t.match(await ask({ path: '/three' }), { headers: { connection: 'keep-alive' }, reused: true });
  t.equal(accepted.length, 1);
});

t.test('Connection: close ends it in an orderly way', async (t) => {
  const { ask, accepted } = await serve(t, (_request, response) => response.end('bye'));
  const answer = await ask({ headers: { Connection: 'close' } });
  t.match(answer, { body: 'bye', headers: { connection: 'close' } });
  const [socket] = accepted;
  if (!socket.closed) await once(socket, 'close');
  t.equal(socket.errored, null);
  t.match(await ask({}), { reused: false });
  t.equal(accepted.length, 2);
});

t.test('Request with parameters: POST, its length known', async (t) => {
  const { ask } = await serve(t, async (request, response) => {
    response.setHeader('X-Length', request.headers['content-length'] ?? 'none');
    response.end(`${request.method} ${request.url} ${await text(request)}`);
  });
  const body = 'username=zss&password=123';
  const answer = await ask({ method: 'POST', path: '/login', headers: { 'Content-Length': body.length } }, body);
  t.match(answer, { body: `POST /login ${body}`, headers: { 'x-length': String(body.length) } });
});

t.test('chunked both ways, two megabytes', async (t) => {
  const { agent } = await serve(t, (request, response) => {
    request.pipe(response);
  });
  const request = http.request({ host: B_ADDRESS, method: 'PUT', agent });
  const piece = 'netarium'.repeat(4096);
  const received = once(request, 'response').then(([response]) => text(response));
  for (let i = 0; i < 64; i++) if (!request.write(piece)) await once(request, 'drain');
  request.end();
  t.equal(await received, piece.repeat(64));
});

t.test('HEAD, 404 and an empty answer', async (t) => {
  const { ask } = await serve(t, (request, response) => {
    if (request.method === 'HEAD') response.setHeader('Content-Length', 1234);
    else if (request.url === '/nothing') response.statusCode = 204;
    else response.statusCode = 404;
    response.end();
  });
  t.match(await ask({ method: 'HEAD' }), { status: 200, body: '', headers: { 'content-length': '1234' } });
  t.match(await ask({ path: '/nothing' }), { status: 204, body: '' });
  t.match(await ask({ path: '/else' }), { status: 404, reused: true });
});

t.test('pipelined requests are answered in order', async (t) => {
  const { pair } = await serve(t, (request, response) => {
    // The first answer takes longest.
    const turns = request.url === '/1' ? 20 : 1;
    const answer = (left: number): unknown => (left === 0 ? response.end(request.url) : setImmediate(answer, left - 1));
    answer(turns);
  });
  const socket = pair.a.connect({ host: B_ADDRESS, port: 80 });
  const request = (n: number, close = '') => `GET /${n} HTTP/1.1\r\nHost: www.server.com\r\n${close}\r\n`;
  socket.write(request(1) + request(2) + request(3, 'Connection: close\r\n'));
  const bodies = (await text(socket)).split('HTTP/1.1 200 OK').map((part) => part.split('\r\n\r\n')[1]);
  t.match(bodies.slice(1).join(' '), /\/1\b.*\/2\b.*\/3\b/s);
});

t.test('bytes that are no HTTP get 400', async (t) => {
  const { pair } = await serve(t, () => t.fail('no request'));
  const socket = pair.a.connect({ host: B_ADDRESS, port: 80 });
  socket.write('what is this?\r\n\r\n');
  t.match(await text(socket), /^HTTP\/1\.1 400 Bad Request/);
});

t.test('a server that dies in the middle: socket hang up', async (t) => {
  const { ask } = await serve(t, (request) => request.socket.destroy());
  await t.rejects(ask({}), { code: 'ECONNRESET', message: 'socket hang up' });
});

t.test('a client that goes away: the request is aborted', async (t) => {
  let tell = () => {};
  const noticed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const { agent } = await serve(t, (request, response) => {
    response.write('and then');
    request.on('close', tell);
  });
  const request = http.get({ host: B_ADDRESS, agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.on('error', () => {});
  response.destroy();
  await noticed;
});

t.test('the server ends an idle connection, on the stack’s clock', async (t) => {
  const { ask, server, accepted, agent } = await serve(t, (_request, response) => response.end('soon gone'));
  server.keepAliveTimeout = 20;
  await ask({});
  const [socket] = accepted;
  if (!socket.closed) await once(socket, 'close');
  t.equal(socket.errored, null);
  // Node from 20 on keeps the key with an empty list, or drops it.
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(Object.values(agent.freeSockets).flat().length, 0);
  t.match(await ask({}), { reused: false });
});

t.test('an agent with a limit makes requests wait for each other', async (t) => {
  const { ask, accepted } = await serve(t, (request, response) => response.end(request.url), { maxSockets: 2 });
  const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => ask({ path: `/${n}` })));
  t.strictSame(
    answers.map(({ body }) => body),
    ['/1', '/2', '/3', '/4', '/5', '/6'],
  );
  t.equal(accepted.length, 2);
});

t.test('CONNECT and Upgrade hand the socket over', async (t) => {
  const { server, pair } = await serve(t, () => t.fail('no request'));
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  const agent = new NetworkAgent(pair.a);
  const request = http.get({ host: B_ADDRESS, agent, headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
  const [, socket] = (await once(request, 'upgrade')) as [http.IncomingMessage, TcpSocket, Buffer];
  socket.end('echo me');
  t.equal(await text(socket), 'echo me');
});
