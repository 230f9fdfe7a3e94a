/** HTTPS and HTTP/2: what is agreed on, what is refused and in which words, and how one connection carries many requests. */
import { createHash } from 'node:crypto';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import t from 'tap';
import type { FetchResult } from '../../../../devices/control/rpc.js';
import { harTimings } from '../../../../orchestrator/har/timings.js';
import { describePacket } from '../../../support/packets.js';
import { CERTIFICATE } from '../../../support/self-signed.js';
import { oldSecureServer, ownServer, secureServer } from './own-server.js';

const URL = 'https://www.server.com/';
const PICTURES = Array.from({ length: 20 }, (_, index) => `<img src="/${index}.png">`).join('');

t.test(
  'TLS 1.3 and HTTP/2: one connection for all, its handshake in the timing of the first request alone',
  async (t) => {
    const { fetch, traced } = secureServer((request, response) => {
      response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'image/png');
      response.end(request.url === '/' ? PICTURES : 'picture');
    });
    const result = await fetch(URL);
    t.match(result, { ok: true, status: 200, finalUrl: URL, connections: { length: 1 } });
    t.equal(result.resources.filter(({ status }) => status === 200).length, 21);
    const [page, ...pictures] = result.exchanges;
    t.match(page, {
      protocol: 'HTTP/2',
      secure: {
        protocol: 'TLSv1.3',
        alpn: 'h2',
        cipher: /^TLS_/,
        sessionReused: false,
        subject: 'www.server.com',
        issuer: 'www.server.com',
        names: ['www.server.com', '10.0.0.2'],
      },
    });
    const { timing } = page;
    const inOrder = [
      timing.startTime,
      timing.fetchStart,
      timing.domainLookupStart,
      timing.domainLookupEnd,
      timing.connectStart,
      timing.secureConnectionStart,
      timing.connectEnd,
      timing.requestStart,
      timing.responseStart,
      timing.responseEnd,
    ] as number[];
    t.strictSame(
      inOrder,
      inOrder.toSorted((a, b) => a - b),
    );
    t.ok((timing.secureConnectionStart ?? 0) >= (timing.connectStart ?? 0) + 4, 'a round trip for TCP');
    t.ok((timing.connectEnd ?? 0) >= (timing.secureConnectionStart ?? 0) + 4, 'at least one more for TLS');
    t.equal(pictures.length, 20);
    for (const { timing: own, protocol } of pictures) {
      t.match({ protocol, ...own }, { protocol: 'HTTP/2', connectStart: undefined, domainLookupStart: undefined });
    }
    t.match(traced('tls-established'), [
      { serverName: 'www.server.com', protocol: 'TLSv1.3', alpn: 'h2', device: 'client' },
    ]);
    t.ok(traced('tls-secret').some(({ line }) => /^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} /.test(line)));
  },
);

t.test('a request is told as HTTP/2 sends it', async (t) => {
  let got: string[] = [];
  const { fetch, traced } = secureServer((request, response) => {
    got = request.rawHeaders;
    response.end('page');
  });
  const { exchanges } = await fetch({ url: `${URL}a?b`, headers: { 'X-Own': '1', Connection: 'close' } });
  t.strictSame(exchanges[0].requestHeaders.flat(), got);
  t.strictSame(exchanges[0].requestHeaders.slice(0, 5), [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'www.server.com'],
    [':path', '/a?b'],
    ['user-agent', 'Netarium/1.0 (browser)'],
  ]);
  const [{ head }] = traced('http-request');
  t.match(head, /^:method: GET\r\n:scheme: https\r\n:authority: www\.server\.com\r\n:path: \/a\?b\r\nuser-agent: /);
  t.match(head, /\r\nx-own: 1\r\n\r\n$/);
});

t.test('of several requests that wait for one connection the first one sees it come about, or not', async (t) => {
  const page = (host: string) => [1, 2, 3].map((index) => `<img src=https://${host}/${index}.png>`).join('');
  const { fetch } = secureServer((request, response) => {
    response.setHeader('Content-Type', request.url?.endsWith('.png') ? 'image/png' : 'text/html');
    response.end(request.url === '/good' ? page('10.0.0.2') : request.url === '/bad' ? page('img.server.com') : '');
  });
  const phases = ({ exchanges }: FetchResult) =>
    exchanges
      .filter(({ url }) => url.endsWith('.png'))
      .map((exchange) => {
        const { connect, ssl, receive } = harTimings(exchange).timings;
        return { connects: connect > 0, encrypts: ssl > 0, receives: receive > 0 };
      });
  const one = { connects: true, encrypts: true, receives: false };
  const other = { connects: false, encrypts: false, receives: false };
  t.strictSame(phases(await fetch(`${URL}good`)), [one, other, other]);
  const refused = await fetch(`${URL}bad`);
  t.match(refused.exchanges.at(-1)?.error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  t.strictSame(phases(refused), [one, other, other]);
});

t.test(
  'the secrets are told to nobody when nobody listens, and nothing of the page is to be read on the wire',
  async (t) => {
    const { fetch, world } = secureServer((_request, response) => response.end('a secret page'));
    t.match(await fetch(URL), { ok: true });
    const bytes = Buffer.concat(world.frames.map(({ packet }) => Buffer.from(packet)));
    t.notOk(bytes.includes('a secret page'));
    t.ok(bytes.includes('www.server.com'), 'but the name, in the ClientHello');
  },
);

t.test('the connection ends by four segments, as every other', async (t) => {
  const { fetch, world, traced } = secureServer((_request, response) => response.end('page'));
  await fetch(URL);
  await world.runFor(100);
  const states = traced('tcp-state').filter(({ device }) => device === 'client');
  t.match(states.at(-1), { to: 'TIME_WAIT' });
  t.notOk(
    world.frames.some(({ packet }) => /\bR(ST)?\b/.test(describePacket(packet))),
    'no reset',
  );
});

t.test('a server of HTTP/1.1 alone, and of TLS 1.2: as many connections as for http', async (t) => {
  const { fetch } = oldSecureServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(request.url === '/' ? PICTURES : 'picture');
  });
  const result = await fetch(URL);
  t.equal(result.resources.filter(({ status }) => status === 200).length, 21);
  t.match(result.exchanges[0], { protocol: 'HTTP/1.1', secure: { protocol: 'TLSv1.2', alpn: 'http/1.1' } });
  t.equal(result.connections.length, 6);
});

t.test('the second load resumes the session of the first', async (t) => {
  const { fetch } = secureServer((_request, response) => response.end('page'));
  t.match((await fetch(URL)).exchanges, [{ secure: { sessionReused: false } }]);
  t.match((await fetch(URL)).exchanges, [{ secure: { sessionReused: true, subject: 'www.server.com' } }]);
  t.match((await fetch({ url: URL, clear: true })).exchanges, [{ secure: { sessionReused: false } }]);
});

t.test('a certificate that nobody here vouches for, or that is for another name', async (t) => {
  const strange = secureServer((_request, response) => response.end('page'), { authorities: [] });
  t.match((await strange.fetch(URL)).error, {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    stage: 'tls',
    message: /certificate of www\.server\.com is signed by itself/,
  });
  const other = secureServer((_request, response) => response.end('page'));
  t.match((await other.fetch('https://img.server.com/')).error, {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    stage: 'tls',
    message: /it is for www\.server\.com, 10\.0\.0\.2/,
  });
  t.match(await other.fetch('https://10.0.0.2/'), { ok: true }, 'an address in the certificate will do');
});

t.test('a certificate that was refused once is refused again: no session with it is resumed', async (t) => {
  const servers = { 'TLS 1.2': oldSecureServer, 'TLS 1.3': secureServer };
  for (const [version, serverOf] of Object.entries(servers)) {
    const { fetch } = serverOf((_request, response) => response.end('secret page'));
    for (const time of ['first', 'second', 'third']) {
      const { status, text, error } = await fetch('https://img.server.com/');
      t.match({ status, text, error }, { status: 0, text: '', error: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } }, time);
    }
    t.match((await fetch(URL)).exchanges, [{ status: 200, secure: { sessionReused: false } }], version);
    t.match((await fetch(URL)).exchanges, [{ status: 200, secure: { sessionReused: true } }], version);
  }
});

t.test('a server that does not speak TLS, one that closes, one that is silent', async (t) => {
  const options = { port: 443, authorities: [CERTIFICATE] };
  const plain = ownServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), options);
  t.match((await plain.fetch(URL)).error, { stage: 'tls', message: /not TLS/ });
  const closing = ownServer((socket) => socket.end(), options);
  t.match((await closing.fetch(URL)).error, { code: 'ECONNRESET', stage: 'tls' });
  const resetting = ownServer((socket) => socket.once('data', () => socket.resetAndDestroy()), options);
  t.match((await resetting.fetch(URL)).error, { code: 'ECONNRESET', stage: 'tls' });
  const silent = ownServer((socket) => socket.resume(), options);
  t.match((await silent.fetch({ url: URL, timeoutMs: 3000 })).error, { code: 'ETIMEDOUT', stage: 'tls' });
  const garbage = ownServer((socket) => socket.write(createHash('sha512').update('x').digest()), options);
  t.match((await garbage.fetch({ url: URL, timeoutMs: 3000 })).error, { stage: 'tls' });
});

t.test('HTTP/2: a stream that is reset, and one that was refused and is asked for again', async (t) => {
  let asked = 0;
  const { fetch } = secureServer((request, response) => {
    const { stream } = request as unknown as Http2ServerRequest;
    const answer = response as unknown as Http2ServerResponse;
    if (request.url === '/lost') {
      answer.setHeader('Content-Type', 'text/plain');
      answer.write('half', () => setImmediate(() => stream.session?.destroy()));
    } else if (request.url === '/') {
      answer.setHeader('Content-Type', 'text/html');
      answer.end('<img src="/reset.png"><img src="/refused.png">');
    } else if (request.url === '/reset.png') {
      stream.close(2);
    } else if (asked++ === 0) stream.close(7);
    else answer.end('picture');
  });
  const { resources, connections } = await fetch(URL);
  const of = (path: string) => resources.find(({ url }) => url.endsWith(path));
  t.match(of('/reset.png'), { status: 0, error: { stage: 'http', message: /NGHTTP2_INTERNAL_ERROR/ } });
  t.match(of('/refused.png'), { status: 200, bytes: 7 });
  t.equal(connections.length, 1);
  t.match((await fetch('https://www.server.com/lost')).error, {
    code: 'ECONNRESET',
    stage: 'http',
    message: /complete/,
  });
});

t.test('HTTP/2: a server that goes away finishes what it has, and the rest goes over a new connection', async (t) => {
  let sessions = 0;
  const { fetch } = secureServer((request, response) => {
    const { stream } = request as unknown as Http2ServerRequest;
    response.setHeader('Content-Type', 'text/html');
    if (request.url !== '/') {
      response.end('picture');
      return;
    }
    sessions += 1;
    stream.session?.goaway();
    response.end(PICTURES);
  });
  const result = await fetch(URL);
  t.equal(sessions, 1);
  t.equal(result.resources.filter(({ status }) => status === 200).length, 21);
  t.equal(result.connections.length, 2);
});

t.test('HTTP/2: no more streams at once than the server allows', async (t) => {
  let [open, most] = [0, 0];
  const { fetch } = secureServer(
    (request, response) => {
      open += 1;
      most = Math.max(most, open);
      response.setHeader('Content-Type', 'text/html');
      setImmediate(() => {
        open -= 1;
        response.end(request.url === '/' ? PICTURES : 'picture');
      });
    },
    { tls: { settings: { maxConcurrentStreams: 3 } } },
  );
  const result = await fetch(URL);
  t.equal(result.resources.filter(({ status }) => status === 200).length, 21);
  t.ok(most <= 3, `${most} at once`);
});

t.test('a connection that is reset in the middle of a response, by either version of HTTP', async (t) => {
  for (const make of [secureServer, oldSecureServer]) {
    const stage = make((request, response) => {
      response.setHeader('Content-Type', 'text/plain');
      if (request.url !== '/cut') response.end('fine');
      else response.write('half', () => setImmediate(() => stage.sockets.at(-1)?.resetAndDestroy()));
    });
    t.match((await stage.fetch(`${URL}cut`)).error, { code: 'ECONNRESET', stage: 'http' });
    t.match(await stage.fetch(URL), { ok: true, text: 'fine' });
  }
});

t.test('HTTP/2: a long round trip does not hold a large body back', async (t) => {
  const body = Buffer.alloc(1_000_000, 'x');
  const { fetch } = secureServer((_request, response) => response.end(body), { delayMs: 50 });
  const { exchanges, ok } = await fetch(URL);
  const { responseStart = 0, responseEnd } = exchanges[0].timing;
  t.ok(ok);
  t.ok(responseEnd - responseStart < 1000, `${responseEnd - responseStart} ms; by the least window it would be 1500`);
});

t.test('from http to https by a redirect', async (t) => {
  const { fetch } = secureServer((_request, response) => response.end('page'));
  const result = await fetch({ url: 'http://www.server.com/', timeoutMs: 5000 });
  t.match(result.error, { code: 'ECONNREFUSED', stage: 'tcp' }, 'nobody there speaks http');
});
