import t from 'tap';
import { bookshop } from '../bookshop.js';
import { CLOSE, parseAnswer, raw as send } from './asking.js';

const WWW = {
  names: ['www.server.com'],
  root: '/srv/www',
  echoPath: '/echo',
  redirects: [{ from: '/old/*', to: '/new/*', status: 308 }],
};
const IMG = { names: ['img.server.com'], root: '/srv/img' };
const FILES = {
  'www/index.html': '<h1>Books</h1>',
  'www/about/default.html': '<h1>About</h1>',
  'www/a b.txt': 'space',
  'www/.git/config': 'secret',
  'img/index.html': '<h1>Pictures</h1>',
  'secret.txt': 'outside of all sites',
};

const HOST = 'Host: www.server.com\r\n';

const raw = (text: string, shop = bookshop([WWW, IMG], FILES)) => send(shop, text);
const ask = async (text: string) => parseAnswer(await raw(text));

t.test('a file, with what a client needs to know of it', async (t) => {
  t.equal(
    await raw(`GET / HTTP/1.1\r\n${HOST}${CLOSE}`),
    'HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nServer: Netarium\r\n' +
      'Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nETag: "19b76daa800-e"\r\nAccept-Ranges: bytes\r\n' +
      'Content-Type: text/html; charset=utf-8\r\nContent-Length: 14\r\nConnection: close\r\n\r\n<h1>Books</h1>',
  );
});

t.test('the Host header chooses the site, and an absolute target overrides it', async (t) => {
  t.equal((await ask(`GET / HTTP/1.1\r\nHost: IMG.server.com:80\r\n${CLOSE}`)).body, '<h1>Pictures</h1>');
  t.equal((await ask(`GET / HTTP/1.1\r\nHost: stranger.example\r\n${CLOSE}`)).body, '<h1>Books</h1>');
  t.equal((await ask(`GET http://img.server.com/ HTTP/1.1\r\n${HOST}${CLOSE}`)).body, '<h1>Pictures</h1>');
  t.equal((await ask('GET / HTTP/1.0\r\n\r\n')).body, '<h1>Books</h1>');
});

t.test('default documents, folders, odd names', async (t) => {
  t.equal((await ask(`GET /about/ HTTP/1.1\r\n${HOST}${CLOSE}`)).body, '<h1>About</h1>');
  t.match(await ask(`GET /about?x=1 HTTP/1.1\r\n${HOST}${CLOSE}`), {
    status: 301,
    headers: { Location: '/about/?x=1' },
  });
  t.match(await ask(`GET //about HTTP/1.1\r\n${HOST}${CLOSE}`), { status: 301, headers: { Location: '/about/' } });
  t.equal((await ask(`GET /a%20b.txt HTTP/1.1\r\n${HOST}${CLOSE}`)).body, 'space');
  t.match(await ask(`GET /old/x?y HTTP/1.1\r\n${HOST}${CLOSE}`), { status: 308, headers: { Location: '/new/x?y' } });
});

t.test('what is not there, or not for strangers', async (t) => {
  for (const path of ['/nowhere', '/.git/config', '/index.html/', '/%252e%252e/secret.txt']) {
    t.equal((await ask(`GET ${path} HTTP/1.1\r\n${HOST}${CLOSE}`)).status, 404, path);
  }
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..\\secret.txt',
    '/a%00.txt',
    '/%zz',
  ]) {
    const { status, body } = await ask(`GET ${path} HTTP/1.1\r\n${HOST}${CLOSE}`);
    t.equal(status, 400, path);
    t.notMatch(body, /outside/);
  }
  t.notMatch((await ask(`GET /<script> HTTP/1.1\r\n${HOST}${CLOSE}`)).body, /<script>/);
});

t.test('methods', async (t) => {
  const head = await ask(`HEAD / HTTP/1.1\r\n${HOST}${CLOSE}`);
  t.match(head, { status: 200, headers: { 'Content-Length': '14' }, body: '' });
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await ask(`${method} / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n${CLOSE}hi`);
    t.match(answer, { status: 405, headers: { Allow: 'GET, HEAD, OPTIONS' } }, method);
  }
  t.match(await ask(`OPTIONS * HTTP/1.1\r\n${HOST}${CLOSE}`), {
    status: 204,
    headers: { Allow: 'GET, HEAD, OPTIONS' },
  });
  t.match(await ask(`GET /echo HTTP/1.1\r\n${HOST}${CLOSE}`), { status: 405, headers: { Allow: 'POST' } });
  const echo = await ask(
    `POST /echo HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n${CLOSE}3\r\nabc\r\n0\r\n\r\n`,
  );
  t.match(echo, { status: 200, headers: { 'Content-Type': 'text/plain', 'Content-Length': '3' }, body: 'abc' });
});

t.test('a client that has the file is told so', async (t) => {
  const { headers } = await ask(`GET / HTTP/1.1\r\n${HOST}${CLOSE}`);
  const same = await ask(`GET / HTTP/1.1\r\n${HOST}If-None-Match: ${headers.ETag}\r\n${CLOSE}`);
  t.match(same, { status: 304, headers: { ETag: headers.ETag }, body: '' });
  const since = await ask(`GET / HTTP/1.1\r\n${HOST}If-Modified-Since: ${headers['Last-Modified']}\r\n${CLOSE}`);
  t.equal(since.status, 304);
  t.equal((await ask(`GET / HTTP/1.1\r\n${HOST}If-None-Match: "other"\r\n${CLOSE}`)).status, 200);
});

t.test('one connection carries several requests, also when they come at once', async (t) => {
  const text = await raw(`GET / HTTP/1.1\r\n${HOST}\r\nGET /about/ HTTP/1.1\r\n${HOST}${CLOSE}`);
  t.match(text, /Keep-Alive: timeout=15\r\n\r\n<h1>Books<\/h1>HTTP\/1\.1 200 OK\r\n/);
  t.match(text, /Connection: close\r\n\r\n<h1>About<\/h1>$/);
});

t.test('what is not HTTP is answered with 400 and the end of the connection', async (t) => {
  t.match(await ask('what is the time?\r\n\r\n'), {
    status: 400,
    headers: { Connection: 'close', Server: 'Netarium' },
  });
  t.equal((await ask('GET / HTTP/1.1\r\n\r\n')).status, 400, 'HTTP/1.1 wants a Host');
  t.equal((await ask(`GET www.server.com HTTP/1.1\r\n${HOST}${CLOSE}`)).status, 400);
  t.equal((await ask(`GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`)).status, 431);
});

t.test('a kept connection is closed when no further request comes', async (t) => {
  const shop = bookshop([WWW], FILES);
  const before = shop.world.now;
  t.match(await raw(`GET / HTTP/1.1\r\n${HOST}\r\n`, shop), /<h1>Books<\/h1>$/);
  t.ok(shop.world.now - before >= 15_000);
  t.ok(shop.world.now - before < 17_000);
});

t.test('a server that ends takes no more connections', async (t) => {
  const shop = bookshop([WWW], FILES);
  await shop.world.until(shop.world.machine('server').stop());
  t.match((await shop.fetch('http://www.server.com/')).error, { code: 'ECONNREFUSED' });
});

t.test('of an answer without a body, its log says no length', async (t) => {
  const shop = bookshop([WWW], FILES);
  const first = await raw(`GET /about/ HTTP/1.1\r\n${HOST}${CLOSE}`, shop);
  const etag = /^ETag: (.*)\r$/im.exec(String(first))?.[1];
  await raw(`GET /about/ HTTP/1.1\r\n${HOST}If-None-Match: ${etag}\r\n${CLOSE}`, shop);
  const lengths = shop.world.logged.flatMap(({ facts }) => ('bytes' in facts ? [facts.bytes] : []));
  t.same(lengths, [14, undefined]);
});

t.test('every answer is logged', async (t) => {
  const shop = bookshop([WWW], FILES);
  await raw(`GET /about/ HTTP/1.1\r\n${HOST}${CLOSE}`, shop);
  const line = shop.world.logged.find(({ facts }) => 'status' in facts);
  t.match(line, {
    device: 'server',
    level: 'info',
    facts: { method: 'GET', url: 'http://www.server.com/about/', status: 200, bytes: 14, file: 'about/default.html' },
  });
});
