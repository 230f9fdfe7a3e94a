/** HTTP clients of the proxy: what is sent on, what comes back, what does not work out. */
import { once } from 'node:events';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { Credentials } from '../../../orchestrator/proxy/credentials.js';
import { MAX_HEADER_BYTES, type ProxyOptions } from '../../../orchestrator/proxy/proxy-server.js';
import { type Proxied, proxied, readAll, readBytes, webServer } from './support/proxied.js';

interface Seen {
  readonly line: string;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
}

/** A web server that writes down what it gets and answers as the test wants. */
async function site(t: Test, handler: http.RequestListener, options: Partial<ProxyOptions> = {}) {
  const seen: Seen[] = [];
  const bench = await proxied(
    t,
    {
      80: webServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          seen.push({
            line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
            fields: request.rawHeaders,
            body: String(Buffer.concat(chunks)),
            trailers: request.trailers,
          });
          handler(request, response);
        });
      }),
      // No HTTP at all.
      22: (socket) => socket.end('SSH-2.0-ours\r\n'),
      // Hangs up without a word.
      23: (socket) => socket.once('data', () => socket.end()),
      // Breaks off in the middle.
      24: (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    },
    options,
  );
  return { ...bench, seen };
}

const REFUSED = 'HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig';

const hello: http.RequestListener = (_request, response) => response.end('hello');

function get(target: string, ...fields: string[]): string {
  return `GET ${target} HTTP/1.1\r\n${['Host: elsewhere', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`;
}

/** A request by Node's client, for what is easier so. */
async function send(
  { port }: Proxied,
  options: http.RequestOptions,
  body?: string,
): Promise<http.IncomingMessage & { text: string }> {
  const request = http.request({ host: '127.0.0.1', port, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return Object.assign(response, { text });
}

t.test(
  'a server that answers while the body is still sent: the answer arrives, and so does the next one',
  async (t) => {
    const refusing: Record<string, (socket: Duplex) => void> = {
      'and waits': (socket) => socket.once('data', () => socket.pause().write(REFUSED)),
      'and closes': (socket) => socket.once('data', () => socket.end(REFUSED)),
      'and breaks off': (socket) => socket.once('data', () => socket.write(REFUSED, () => socket.destroy())),
    };
    for (const [how, server] of Object.entries(refusing)) {
      const { say } = await proxied(t, { 80: webServer(hello), 81: server });
      const body = 'x'.repeat(3_000_000);
      const post = `POST http://server:81/ HTTP/1.1\r\nHost: server\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const answer = await say(post + get('http://server/'));
      t.match(answer, /^HTTP\/1\.1 413 Too Large\r\n[\s\S]*big[\s\S]*HTTP\/1\.1 200 OK\r\n[\s\S]*hello/, how);
    }
  },
);

t.test('interim responses are passed on, but not to clients of HTTP/1.0', async (t) => {
  const hints: http.RequestListener = (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('hello'));
  };
  const { say } = await proxied(t, { 80: webServer(hints) });
  const answer = await say(get('http://server/'));
  t.match(
    answer,
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\nVia: [^\r]*\r\n\r\nHTTP\/1\.1 200 OK/,
  );
  t.match(await say('GET http://server/ HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
});

t.test('user and password are counted in bytes, as SOCKS does', (t) => {
  t.ok(Credentials.parse(`me:${'é'.repeat(127)}`));
  for (const none of [`me:${'é'.repeat(128)}`, 'me', ':x', 'me:', ''])
    t.equal(Credentials.parse(none), undefined, none);
  t.end();
});

t.test('absolute form in, origin form out, with what is for the server alone', async (t) => {
  const { say, seen } = await site(t, hello);
  const answer = await say(
    get('http://server/a/../b?c=%7e', 'X-Hop: 1', 'Connection: x-hop', 'Cookie: a=1', 'cookie: b=2', 'Via: 1.0 other'),
  );
  t.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(answer, /\r\nVia: 1\.1 netarium\r\n[\s\S]*\r\n\r\nhello$/);
  t.equal(seen[0].line, 'GET /a/../b?c=%7e HTTP/1.1', 'the path is not touched');
  t.same(seen[0].fields, [
    ...['Host', 'server', 'Cookie', 'a=1', 'cookie', 'b=2', 'Via', '1.0 other', 'Via', '1.1 netarium'],
    ...['Connection', 'keep-alive'],
  ]);
});

t.test('the status, the fields and the body come back as they are', async (t) => {
  const bench = await site(t, (_request, response) => {
    response.writeHead(418, "I'm a teapot", [
      'Set-Cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'Connection',
      'x-hop',
      'X-Hop',
      '1',
    ]);
    response.write('tea');
    setImmediate(() => response.end(' for two'));
  });
  const answer = await send(bench, { path: 'http://server/' });
  t.match(answer, { statusCode: 418, statusMessage: "I'm a teapot", text: 'tea for two' });
  t.same(answer.rawHeaders.slice(0, 4), ['Set-Cookie', 'a=1', 'set-cookie', 'b=2']);
  t.notOk(answer.rawHeaders.includes('X-Hop'));
});

t.test('bodies of requests: with a length, in chunks, expected, absent', async (t) => {
  const bench = await site(t, hello);
  const { say, seen } = bench;
  const post = async (fields: string, body: string) => {
    await say(`POST http://server/ HTTP/1.1\r\nHost: server\r\nConnection: close\r\n${fields}\r\n${body}`);
    return seen.at(-1);
  };
  t.match(await post('Content-Length: 3\r\n', 'abc'), { body: 'abc', fields: /Content-Length,3/ });
  t.match(await post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'), {
    body: 'abc',
    fields: /Transfer-Encoding,chunked/,
  });
  t.match(await post('', ''), { body: '', fields: /Content-Length,0/ });

  const request = http.request({
    host: '127.0.0.1',
    port: bench.port,
    agent: false,
    path: 'http://server/',
    method: 'PUT',
  });
  request.setHeader('Expect', '100-continue');
  request.setHeader('Content-Length', 3);
  request.flushHeaders();
  await once(request, 'continue');
  request.end('abc');
  await once(request, 'response').then(([response]) => response.resume());
  t.match(seen.at(-1), { body: 'abc', fields: /Expect,100-continue/ }, "the server's 100, not the proxy's");
});

t.test('HEAD, 204 and 304 have no body', async (t) => {
  const bench = await site(t, (request, response) => {
    response.writeHead(Number(request.url?.slice(1)), request.url === '/204' ? {} : { 'Content-Length': 5 });
    response.end(request.url === '/200' ? 'hello' : undefined);
  });
  const agent = new http.Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const ask = (method: string, status: number) => send(bench, { method, path: `http://server/${status}`, agent });
  t.match(await ask('HEAD', 200), { statusCode: 200, text: '', headers: { 'content-length': '5' } });
  t.match(await ask('GET', 304), { statusCode: 304, text: '', headers: { 'content-length': '5' } });
  t.match(await ask('GET', 204), { statusCode: 204, text: '' });
  t.match(await ask('GET', 200), { statusCode: 200, text: 'hello' });
});

t.test('connections are kept on both sides; one that the server has closed meanwhile costs nothing', async (t) => {
  const bench = await site(t, hello);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const ask = (method = 'GET') => send(bench, { method, path: 'http://server/', agent });
  await ask();
  await ask();
  t.equal(bench.device.accepted.length, 1, 'one for both');
  bench.device.accepted[0].resetAndDestroy();
  t.match(await ask(), { statusCode: 200 }, 'asked again on a new one');
  const [, second] = bench.device.accepted;
  second.pause();
  await ask('POST');
  t.equal(bench.device.accepted.length, 3, 'what must not be sent twice never gets an old one');
});

t.test('the last one on the way answers OPTIONS and TRACE itself, RFC 9110 section 7.6.2', async (t) => {
  const { say, seen } = await site(t, hello);
  const ask = (method: string, hops: number) =>
    say(get('http://server/', `Max-Forwards: ${hops}`, 'Cookie: secret').replace('GET', method));
  t.match(await ask('TRACE', 0), /message\/http[\s\S]*TRACE http:\/\/server\/ HTTP\/1\.1\r\nHost: elsewhere\r\n/);
  t.notMatch(await ask('TRACE', 0), /secret/);
  t.match(await ask('OPTIONS', 0), /^HTTP\/1\.1 200 /);
  t.equal(seen.length, 0);
  await ask('OPTIONS', 3);
  t.match(seen[0], { line: 'OPTIONS / HTTP/1.1', fields: /Max-Forwards,2/ });
});

t.test('what went wrong: status, Proxy-Status, a text, or a page for browsers', async (t) => {
  const { say } = await site(t, hello);
  const failures: [string, number, string, RegExp][] = [
    ['http://no.such.name/', 504, 'dns_timeout', /looking the name up.*no name server is known/],
    ['http://server:81/', 502, 'connection_refused', /TCP.*10\.0\.0\.2:81 refuses the connection/],
    ['http://nobody/', 504, 'connection_timeout', /ARP.*10\.0\.0\.77:80 does not answer/],
    ['http://198.51.100.1/', 502, 'destination_ip_unroutable', /no route leads to 198\.51\.100\.1:80/],
    ['http://[::1]/', 502, 'destination_ip_unroutable', /IPv6/],
    ['http://server:22/', 502, 'http_protocol_error', /no HTTP/],
    ['http://server:23/', 502, 'connection_terminated', /hang up/],
    ['https://server/', 501, 'http_request_error', /CONNECT/],
    ['ftp://server/', 400, 'http_request_error', /no http URL/],
    ['/', 400, 'http_request_error', /a proxy into an emulated network/],
  ];
  for (const [target, status, error, text] of failures) {
    const answer = await say(get(target));
    t.ok(answer.startsWith(`HTTP/1.1 ${status} `), target);
    t.ok(answer.includes(`\r\nProxy-Status: netarium; error=${error}\r\n`), answer);
    t.match(answer, text);
  }
  const page = await say(get('http://server:81/?<script>', 'Accept: text/html,*/*'));
  t.match(page, /Content-Type: text\/html[\s\S]*<h1>502 Bad Gateway<\/h1>/);
  t.notMatch(page, /<script>/);
});

t.test('a body that breaks off is seen to break off', async (t) => {
  const { say } = await site(t, hello);
  const answer = await say(get('http://server:24/'));
  t.match(answer, /Content-Length: 100\r\n[\s\S]*half$/);
});

t.test('CONNECT: the tunnel carries what it is given, also what came early; and refusals', async (t) => {
  const { connect, say } = await site(t, hello);
  const client = await connect();
  client.end(
    'CONNECT server:80 HTTP/1.1\r\nHost: server:80\r\n\r\nGET /inside HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n',
  );
  t.match(
    String(await readAll(client)),
    /^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*hello/,
  );

  const ask = (target: string) => say(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  t.match(
    await ask('server:81'),
    /^HTTP\/1\.1 502 [\s\S]*connection_refused[\s\S]*10\.0\.0\.2:81 refuses the connection/,
  );
  t.match(await ask('nobody:80'), /^HTTP\/1\.1 504 /);
  for (const wrong of ['server', 'server:0', 'http://server/']) t.match(await ask(wrong), /^HTTP\/1\.1 400 /, wrong);
});

t.test('a WebSocket through CONNECT', async (t) => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (socket) => socket.on('message', (data) => socket.send(String(data))));
  });
  const { connect } = await proxied(t, { 80: (socket) => server.emit('connection', socket) });
  const client = await connect();
  client.write('CONNECT server:80 HTTP/1.1\r\nHost: server:80\r\n\r\n');
  t.match(String(await readBytes(client, 39)), /^HTTP\/1\.1 200 /);
  const webSocket = new WebSocket('ws://server/', { createConnection: () => client });
  await once(webSocket, 'open');
  webSocket.send('hello');
  t.equal(String((await once(webSocket, 'message'))[0]), 'hello');
  const [served] = sockets.clients;
  const closed = Promise.all([once(webSocket, 'close'), once(served, 'close')]);
  webSocket.close();
  await closed;
});

t.test('a password is wanted before anything is sent on', async (t) => {
  const { say, seen } = await site(t, hello, { credentials: new Credentials('me', 'secret:ly') });
  const basic = (text: string) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}`;
  for (const fields of [[], [basic('me:guess')], ['Proxy-Authorization: Bearer me'], [basic('nocolon')]]) {
    t.match(
      await say(get('http://server/', ...fields)),
      /^HTTP\/1\.1 407 [\s\S]*Proxy-Authenticate: Basic realm="netarium"/,
    );
  }
  t.match(await say('CONNECT server:80 HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 407 /);
  t.equal(seen.length, 0);
  t.match(await say(get('http://server/', basic('me:secret:ly'))), /hello$/);
  t.notOk(seen[0].fields.includes('Proxy-Authorization'), 'it is for the proxy alone');
});

t.test('what is no HTTP, too long, too slow or coded strangely is refused, and the proxy goes on', async (t) => {
  const { say, connect } = await site(t, hello, { handshakeLimitMs: 300 });
  t.match(await say('\x16\x03\x01\x02\x00\x01'), /^HTTP\/1\.1 400 /, 'a TLS hello');
  t.match(await say(get('http://server/', `X: ${'x'.repeat(MAX_HEADER_BYTES)}`)), /^HTTP\/1\.1 431 /);
  t.match(
    await say(
      'POST http://server/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    ),
    /^HTTP\/1\.1 501 /,
  );
  t.match(
    await say(
      'POST http://server/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
    ),
    /^HTTP\/1\.1 400 /,
    'two lengths: RFC 9112 section 11.2',
  );
  const slow = await connect();
  slow.write('GET http://server/ HTTP/1.1\r\nHos');
  t.match(String(await readAll(slow)), /^HTTP\/1\.1 408 /);
  t.match(await say(get('http://server/')), /hello$/);
});
