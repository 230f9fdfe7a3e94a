import { createHash } from 'node:crypto';
import t from 'tap';
import { bookshop, SERVER } from '../bookshop.js';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

const WWW = { names: ['www.server.com'], root: '/srv/www', echoPath: '/echo' };
const IMG = { names: ['img.server.com'], root: '/srv/img' };
const PAGE = `<!doctype html><title>Books</title><link rel="stylesheet" href="/style.css">
<script src="/shop.js"></script><img src="http://img.server.com/cover.png"><img src="missing.png">`;
const COVER = Uint8Array.from({ length: 40_000 }, (_, i) => (i * 7) % 251);
const FILES = {
  'www/index.html': PAGE,
  'www/style.css': 'body { margin: 0 }',
  'www/shop.js': '"use strict";',
  'img/cover.png': COVER,
  'www/books/index.html': '<h1>Books</h1>',
};

t.test('a page with all that it asks for, from two hosts, and every connection closed by the browser', async (t) => {
  const { world, fetch, traced } = bookshop([WWW, IMG], FILES);
  const result = await fetch('http://www.server.com/');
  t.match(result, { ok: true, status: 200, finalUrl: 'http://www.server.com/', text: PAGE, redirects: [] });
  t.match(result.resources, [
    { url: 'http://www.server.com/', status: 200, initiator: 'document', contentType: 'text/html; charset=utf-8' },
    { url: 'http://www.server.com/style.css', status: 200, initiator: 'link', sha256: sha256('body { margin: 0 }') },
    { url: 'http://www.server.com/shop.js', status: 200, initiator: 'script' },
    { url: 'http://img.server.com/cover.png', status: 200, initiator: 'img', bytes: 40_000, sha256: sha256(COVER) },
    { url: 'http://www.server.com/missing.png', status: 404, initiator: 'img' },
  ]);
  t.match(result.lookups, [
    { name: 'www.server.com', addresses: [SERVER], source: 'hosts' },
    { name: 'img.server.com', addresses: [SERVER], source: 'hosts' },
  ]);
  t.equal(result.connections.length, 3, 'two to www.server.com, one to img.server.com');
  t.ok(result.connections.every(({ remote }) => remote === `${SERVER}:80`));
  t.ok(result.resources.every(({ startAt, endAt }) => startAt >= result.startAt && endAt <= result.endAt));

  const closing = traced('tcp-state').filter(({ to }) => to === 'FIN_WAIT1');
  t.equal(closing.length, 3);
  t.ok(
    closing.every(({ local }) => local.startsWith('10.0.0.1:')),
    'the browser closes first',
  );
  // The last ACK is still on its way.
  await world.runFor(10);
  t.strictSame(
    world
      .machine('client')
      .inspect('sockets')
      .map((row) => ('state' in row ? row.state : '')),
    ['TIME_WAIT', 'TIME_WAIT', 'TIME_WAIT'],
  );
  t.strictSame(
    world
      .machine('server')
      .inspect('sockets')
      .map((row) => ('state' in row ? row.state : '')),
    ['LISTEN'],
  );
});

t.test('the trace tells the parts of the URL, each request and response, and what the page asks for', async (t) => {
  const { fetch, traced } = bookshop([WWW, IMG], FILES);
  await fetch({ url: 'http://www.server.com/#top', subresources: true });
  t.match(traced('url-parsed'), [{ parts: { scheme: 'http', host: 'www.server.com', path: '/', fragment: 'top' } }]);
  const [request] = traced('http-request');
  t.equal(
    request.head,
    'GET / HTTP/1.1\r\nHost: www.server.com\r\nConnection: keep-alive\r\nUser-Agent: Netarium/1.0 (browser)\r\n' +
      'Accept: text/html, application/xhtml+xml, */*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en, *;q=0.5\r\n\r\n',
  );
  const [response] = traced('http-response');
  t.match(response, { url: 'http://www.server.com/', status: 200, bodyBytes: PAGE.length, local: request.local });
  t.match(response.head, /^HTTP\/1\.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:0\d GMT\r\nServer: Netarium\r\n/);
  t.match(traced('html-parsed'), [{ resources: { length: 4 } }]);
  t.match(traced('http-served')[0], { method: 'GET', url: 'http://www.server.com/', status: 200, file: 'index.html' });
});

t.test('Request with parameters', async (t) => {
  const { fetch, traced } = bookshop([WWW], FILES);
  const get = await fetch('http://www.server.com/books/?sex=man&name=Professional');
  t.match(get, { ok: true, text: '<h1>Books</h1>' });
  t.match(
    traced('http-request')[0].head,
    /^GET \/books\/\?sex=man&name=Professional HTTP\/1\.1\r\nHost: www\.server\.com\r\n/,
  );
  t.equal(traced('url-parsed')[0].parts.query, 'sex=man&name=Professional');

  const post = await fetch({ url: 'http://www.server.com/echo', data: 'username=zss&password=123' });
  t.match(post, { ok: true, text: 'username=zss&password=123' });
  t.match(post.resources[0], { bytes: 25, contentType: 'application/x-www-form-urlencoded' });
  const [, { method, head, bodyBytes }] = traced('http-request');
  t.equal(method, 'POST');
  t.equal(bodyBytes, 25);
  t.match(head, /^POST \/echo HTTP\/1\.1\r\n/);
  t.match(head, /\r\nContent-Type: application\/x-www-form-urlencoded\r\nContent-Length: 25\r\n\r\n$/);
});

t.test('Moved site', async (t) => {
  const moved = { names: ['server.com'], redirects: [{ from: '/*', to: 'http://www.server.com/*', status: 301 }] };
  const { fetch } = bookshop([WWW, moved], FILES);
  const result = await fetch('http://server.com/books/?sex=man');
  t.match(result, { ok: true, status: 200, finalUrl: 'http://www.server.com/books/?sex=man', text: '<h1>Books</h1>' });
  t.strictSame(result.redirects, [
    { from: 'http://server.com/books/?sex=man', to: 'http://www.server.com/books/?sex=man', status: 301 },
  ]);
  t.strictSame(
    result.lookups.map(({ name }) => name),
    ['server.com', 'www.server.com'],
    'it starts again from the URL',
  );
  t.equal(result.connections.length, 2);
});

t.test('redirects in a circle end', async (t) => {
  const circle = {
    names: ['www.server.com'],
    redirects: [
      { from: '/a', to: '/b', status: 302 },
      { from: '/b', to: '/a', status: 307 },
    ],
  };
  const { fetch } = bookshop([circle]);
  const result = await fetch({ url: 'http://www.server.com/a', maxRedirects: 4 });
  t.match(result, { ok: false, status: 0, error: { code: 'ERR_TOO_MANY_REDIRECTS', stage: 'http' } });
  t.equal(result.redirects.length, 4);
});

t.test('a redirect to a scheme that is not spoken here says so', async (t) => {
  const secure = {
    names: ['www.server.com'],
    redirects: [{ from: '/*', to: 'ftp://www.server.com/*', status: 301 }],
  };
  const result = await bookshop([secure]).fetch('http://www.server.com/');
  t.match(result.error, { code: 'ERR_UNSUPPORTED_SCHEME', stage: 'url', message: /http, https/ });
});

t.test('HEAD brings no body; a 404 is an answer, with the page that the site has for it', async (t) => {
  const { fetch } = bookshop([WWW], { ...FILES, 'www/404.html': '<p>Lost' });
  t.match(await fetch({ url: 'http://www.server.com/', method: 'head' }), { ok: true, resources: [{ bytes: 0 }] });
  const lost = await fetch('http://www.server.com/nowhere');
  t.match(lost, { ok: false, status: 404, text: '<p>Lost' });
  t.equal(lost.error, undefined);
});

t.test('a literal address needs no look-up', async (t) => {
  const { fetch } = bookshop([WWW], FILES);
  const result = await fetch({ url: `http://${SERVER}/books/`, subresources: false });
  t.match(result, { ok: true, lookups: [{ name: SERVER, source: 'literal' }] });
});

t.test('the second load takes the name from where it is known, and asks for it once', async (t) => {
  const { fetch } = bookshop([WWW], FILES);
  const page = { url: 'http://www.server.com/books/' };
  const first = await fetch(page);
  const second = await fetch(page);
  t.equal(first.lookups.length, 1);
  t.equal(second.lookups.length, 1);
});

t.test('what cannot work says at which step, and why, within its time', async (t) => {
  const hosts = { 'far.server.com': ['192.0.2.1'], 'gone.server.com': ['10.0.0.77'] };
  const { fetch, world } = bookshop([WWW], FILES, hosts);
  const failure = async (url: string, timeoutMs?: number) => {
    const before = world.now;
    const { ok, error } = await fetch({ url, timeoutMs });
    t.equal(ok, false, url);
    t.ok(world.now - before < 40_000, `${url} is bounded`);
    return error;
  };
  t.match(await failure('http://nobody.server.com/'), { code: 'EAI_AGAIN', stage: 'dns', message: /no name server/ });
  t.match(await failure('http://far.server.com/'), { code: 'ENETUNREACH', stage: 'routing' });
  t.match(await failure('http://gone.server.com/'), { code: 'EHOSTUNREACH', stage: 'arp' });
  t.match(await failure('http://gone.server.com/', 1500), { code: 'ETIMEDOUT', stage: 'arp' });
  t.match(await failure('http://www.server.com:81/'), { code: 'ECONNREFUSED', stage: 'tcp' });
  t.match(await failure('http://[::1]/'), { code: 'EAFNOSUPPORT', stage: 'routing' });
  t.match(await failure('not a url'), { code: 'ERR_INVALID_URL', stage: 'url' });
  t.match(await failure('https://www.server.com/'), { code: 'ECONNREFUSED', stage: 'tcp' });
});

t.test('a method that browsers do not send, a header that cannot be written', async (t) => {
  const { fetch } = bookshop([WWW], FILES);
  const url = 'http://www.server.com/';
  t.match((await fetch({ url, method: 'CONNECT' })).error, { code: 'ERR_UNSUPPORTED_METHOD', stage: 'http' });
  t.match((await fetch({ url, method: 'BAD METHOD' })).error, { code: 'ERR_INVALID_HTTP_TOKEN', stage: 'http' });
  t.match((await fetch({ url, headers: { 'X-Own': 'a\r\nb' } })).error, { code: 'ERR_INVALID_CHAR', stage: 'http' });
});

t.test('one seed, one conversation: two runs put the same frames on the wire', async (t) => {
  const run = async () => {
    const { fetch, world } = bookshop([WWW, IMG], FILES);
    await fetch('http://www.server.com/');
    return world.frames.map(({ at, packet }) => `${at} ${Buffer.from(packet).toString('hex')}`);
  };
  const first = await run();
  t.ok(first.length > 60);
  t.strictSame(await run(), first);
});
