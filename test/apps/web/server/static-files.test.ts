/** Files: ranges, content codings, rules for caches, headers and cookies, pages for errors, the access log. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { formatEntry } from '../../../../devices/apps/web/server/access-log.js';
import { rangesOf } from '../../../../devices/apps/web/server/ranges.js';
import { matches } from '../../../../devices/apps/web/server/site-rules.js';
import type { SiteConfig } from '../../../../devices/control/config.js';
import { type Bookshop, bookshop } from '../bookshop.js';
import { ask, CLOSE, connectTo } from './asking.js';

const LONG = Array.from({ length: 400 }, (_, line) => `line ${line} of a text\n`).join('');
const FILES = {
  'www/index.html': '<h1>Books</h1>',
  'www/long.txt': LONG,
  'www/logo.png': '\x89PNG'.repeat(500),
  'www/digits': '0123456789',
  'www/books/index.html': '<h1>More</h1>',
  'www/oops.html': '<h1>Oops</h1>',
};
const WWW: SiteConfig = { names: ['www.server.com'], root: '/srv/www' };

const shopOf = (site: Partial<SiteConfig> = {}, web = {}): Bookshop => bookshop([{ ...WWW, ...site }], FILES, {}, web);
const get = (shop: Bookshop, path: string, headers = '', method = 'GET') =>
  ask(shop, `${method} ${path} HTTP/1.1\r\nHost: www.server.com\r\n${headers}${CLOSE}`);

t.test('ranges: one, the end, several, none that there is', async (t) => {
  const shop = shopOf();
  const one = await get(shop, '/digits', 'Range: bytes=2-4\r\n');
  t.match(one, { status: 206, body: '234', headers: { 'Content-Range': 'bytes 2-4/10', 'Content-Length': '3' } });
  t.match(await get(shop, '/digits', 'Range: bytes=7-\r\n'), { status: 206, body: '789' });
  t.match(await get(shop, '/digits', 'Range: bytes=-2\r\n'), { status: 206, body: '89' });
  t.match(await get(shop, '/digits', 'Range: bytes=8-99\r\n'), { status: 206, body: '89' });
  const all = await get(shop, '/digits', 'Range: bytes=-99\r\n');
  t.match(all, { status: 206, body: '0123456789', headers: { 'Content-Range': 'bytes 0-9/10' } });
  t.match(await get(shop, '/digits', 'Range: bytes=-0\r\n'), { status: 416 });
  const none = await get(shop, '/digits', 'Range: bytes=10-\r\n');
  t.match(none, { status: 416, headers: { 'Content-Range': 'bytes */10' } });
  const two = await get(shop, '/digits', 'Range: bytes=0-1, 8-9\r\n');
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(two.headers['Content-Type'])?.[1];
  const part = (range: string) =>
    `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/10\r\n\r\n`;
  t.match(two, { status: 206, body: `${part('0-1')}01${part('8-9')}89\r\n--${boundary}--\r\n` });
  t.equal(two.headers['Content-Length'], String(two.body.length));
});

t.test('errors about a file carry nothing of the file', async (t) => {
  const cookies = [{ name: 'sid', value: 'session' as const, match: '*' }];
  const shop = shopOf({ cache: [{ match: '*', control: 'max-age=3600', expiresSeconds: 3600 }], cookies });
  for (const [header, status] of [['Range: bytes=10-', 416] as const, ['If-Match: "old"', 412] as const]) {
    const answer = await get(shop, '/digits', `${header}\r\n`);
    t.equal(answer.status, status);
    for (const name of ['ETag', 'Last-Modified', 'Cache-Control', 'Expires', 'Set-Cookie']) {
      t.notOk(name in answer.headers, `${status} without ${name}`);
    }
  }
  t.match(await get(shop, '/digits'), {
    headers: { ETag: /./, 'Cache-Control': 'max-age=3600', 'Set-Cookie': /^sid=/ },
  });
});

t.test('ranges that are not heeded', async (t) => {
  const shop = shopOf();
  for (const range of ['bytes=4-2', 'bytes=a-b', 'lines=1-2', 'bytes=', 'bytes=1-2-3']) {
    t.match(await get(shop, '/digits', `Range: ${range}\r\n`), { status: 200, body: '0123456789' }, range);
  }
  t.match(await get(shop, '/digits', 'Range: bytes=0-1\r\n', 'HEAD'), { status: 200 });
  const { headers } = await get(shop, '/digits');
  t.match(await get(shop, '/digits', `Range: bytes=0-1\r\nIf-Range: ${headers.ETag}\r\n`), { status: 206, body: '01' });
  t.match(await get(shop, '/digits', 'Range: bytes=0-1\r\nIf-Range: "old"\r\n'), { status: 200 }, 'it has changed');
  t.equal((await get(shop, '/digits', `Range: bytes=1-2${' ,'.repeat(5_000)}x\r\n`)).status, 200, 'in no time');
  const many = Array.from({ length: 100 }, (_, at) => `${at * 4}-${at * 4 + 1}`).join(',');
  t.match(await get(shop, '/long.txt', `Range: bytes=${many}\r\n`), { status: 200 }, 'an attack');
});

t.test('a large file is read while it is sent: the whole, its parts, its head', async (t) => {
  const large = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, at) => (at * 7) % 251));
  const shop = bookshop([WWW], { 'www/large.bin': large });
  shop.world.keepFrames = false;
  const latin1 = (start: number, end: number) => large.subarray(start, end + 1).toString('latin1');
  const whole = await get(shop, '/large.bin');
  t.equal(whole.headers['Content-Length'], '5000000');
  t.ok(whole.body === latin1(0, 4_999_999));
  t.equal((await get(shop, '/large.bin', 'Range: bytes=4999990-\r\n')).body, latin1(4_999_990, 4_999_999));
  const parts = await get(shop, '/large.bin', 'Range: bytes=0-9,4000000-4000009\r\n');
  t.equal(parts.headers['Content-Length'], String(parts.body.length));
  t.ok(parts.body.includes(latin1(0, 9)) && parts.body.includes(latin1(4_000_000, 4_000_009)));
  t.match(await get(shop, '/large.bin', '', 'HEAD'), {
    status: 200,
    headers: { 'Content-Length': '5000000' },
    body: '',
  });
  t.match(await get(shop, '/large.bin', `If-None-Match: ${whole.headers.ETag}\r\n`), { status: 304, body: '' });
  const gone = connectTo(shop, 80);
  gone.write('GET /large.bin HTTP/1.1\r\nHost: www.server.com\r\n\r\n');
  await shop.world.runFor(20);
  gone.resetAndDestroy();
  await shop.world.runFor(1_000);
  t.match(
    shop.world.logged.filter(({ level }) => level === 'error'),
    [],
    'who goes in the middle is no error',
  );
});

t.test('whatever is asked for, ranges lie in the file, in order of nothing but what was asked', async () => {
  const spec = fc.oneof(
    fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => `${a}-${b}`),
    fc.nat(30).map((a) => `${a}-`),
    fc.nat(30).map((a) => `-${a}`),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(spec, { maxLength: 5 }), fc.nat(20), (specs, size) => {
      const ranges = rangesOf(`bytes=${specs.join(',')}`, size) ?? [];
      return ranges.every(({ start, end }) => 0 <= start && start <= end && end < size);
    }),
  );
});

t.test('codings: the best that the client takes, for what becomes shorter', async (t) => {
  const shop = shopOf();
  const plain = await get(shop, '/long.txt');
  t.match(plain, { status: 200, body: LONG, headers: { Vary: 'Accept-Encoding' } });
  const gzip = await get(shop, '/long.txt', 'Accept-Encoding: gzip, deflate\r\n');
  t.match(gzip.headers, { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
  t.equal(gunzipSync(Buffer.from(gzip.body, 'latin1')).toString(), LONG);
  const br = await get(shop, '/long.txt', 'Accept-Encoding: gzip, deflate, br\r\n');
  t.equal(br.headers['Content-Encoding'], 'br');
  t.equal(brotliDecompressSync(Buffer.from(br.body, 'latin1')).toString(), LONG);
  t.equal(new Set([plain, gzip, br].map(({ headers }) => headers.ETag)).size, 3, 'each is a representation of its own');
  const coding = async (accept: string, path = '/long.txt') =>
    (await get(shop, path, `Accept-Encoding: ${accept}\r\n`)).headers['Content-Encoding'];
  t.equal(await coding('br;q=0.5, gzip'), 'gzip');
  t.equal(await coding('*'), 'br');
  t.equal(await coding('identity'), undefined);
  t.equal(await coding('gzip;q=0'), undefined);
  t.equal(await coding('gzip', '/logo.png'), undefined, 'compressed already');
  t.equal(await coding('gzip', '/'), undefined, 'too small to gain');
});

t.test('codings with conditions and ranges', async (t) => {
  const shop = shopOf();
  const { headers } = await get(shop, '/long.txt', 'Accept-Encoding: gzip\r\n');
  const again = await get(shop, '/long.txt', `Accept-Encoding: gzip\r\nIf-None-Match: ${headers.ETag}\r\n`);
  t.match(again, { status: 304, body: '', headers: { ETag: headers.ETag, Vary: 'Accept-Encoding' } });
  t.equal((await get(shop, '/long.txt', `If-None-Match: ${headers.ETag}\r\n`)).status, 200, 'another representation');
  const part = await get(shop, '/long.txt', 'Accept-Encoding: gzip\r\nRange: bytes=0-3\r\n');
  t.match(part, { status: 206, body: 'line' }, 'of the text itself');
  t.notOk('Content-Encoding' in part.headers);
  t.match(await get(shop, '/long.txt', 'If-Match: "other"\r\n'), { status: 412 });
});

t.test('patterns', async (t) => {
  for (const [pattern, path] of [
    ['*', '/a/b.c'],
    ['*.png', '/logo.png'],
    ['*.png', '/a/b/logo.png'],
    ['index.html', '/books/index.html'],
    ['books/*', '/books/index.html'],
    ['/books/*', '/books/a/b'],
    ['/*/x*.js', '/a/b/xyz.js'],
    ['/a', '/a'],
  ]) {
    t.ok(matches(pattern, path), `${pattern} ${path}`);
  }
  for (const [pattern, path] of [
    ['*.png', '/logo.png.txt'],
    ['dex.html', '/index.html'],
    ['/books', '/books/index.html'],
    ['/books/*', '/my/books/a'],
    ['/a*a', '/a'],
    ['a.c', '/abc'],
  ]) {
    t.notOk(matches(pattern, path), `${pattern} ${path}`);
  }
  t.notOk(matches(`${'*a'.repeat(50)}b`, `/${'a'.repeat(8_000)}`), 'in no time');
});

t.test('rules for caches and headers: the first for a file, all for a header', async (t) => {
  const shop = shopOf({
    cache: [
      { match: '*.png', control: 'max-age=86400', expiresSeconds: 86_400 },
      { match: '*.html', control: 'no-cache' },
      { match: '*', control: 'no-store' },
    ],
    headers: [
      { match: '*', set: { 'X-Frame-Options': 'DENY' } },
      { match: '/books/*', set: { 'X-Shelf': '2' } },
      { match: '*.txt', set: { 'Content-Type': 'text/x-book', Vary: 'Origin' } },
    ],
  });
  const png = await get(shop, '/logo.png');
  t.match(png.headers, { 'Cache-Control': 'max-age=86400', Expires: 'Mon, 23 Nov 2026 12:00:00 GMT' });
  t.equal((await get(shop, '/')).headers['Cache-Control'], 'no-cache', 'the file, not the path');
  t.equal((await get(shop, '/digits')).headers['Cache-Control'], 'no-store');
  t.match((await get(shop, '/books/')).headers, { 'X-Frame-Options': 'DENY', 'X-Shelf': '2' });
  t.match((await get(shop, '/long.txt')).headers, { 'Content-Type': 'text/x-book', Vary: 'Origin, Accept-Encoding' });
  const same = await get(shop, '/logo.png', `If-None-Match: ${png.headers.ETag}\r\n`);
  t.match(same, { status: 304, headers: { 'Cache-Control': 'max-age=86400', Expires: /Nov 2026/ } });
  t.notOk('Cache-Control' in (await get(shop, '/nowhere')).headers);
});

t.test('cookies: visits are counted, a session is given once, a text is kept', async (t) => {
  const shop = shopOf({
    cookies: [
      { name: 'visits', value: 'visits' },
      {
        name: 'session',
        value: 'session',
        maxAgeSeconds: 60,
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
        path: '/books',
      },
      { name: 'theme', text: 'dark', match: '*.txt' },
    ],
  });
  const raw = async (path: string, cookie?: string) => {
    const head = cookie === undefined ? '' : `Cookie: ${cookie}\r\n`;
    const { headers } = await get(shop, path, head);
    return headers['Set-Cookie'];
  };
  const shop2 = shopOf({ cookies: [{ name: 'visits', value: 'visits' }] });
  t.equal((await get(shop2, '/')).headers['Set-Cookie'], 'visits=1; Path=/');
  t.equal((await get(shop2, '/', 'Cookie: a=b; visits=41\r\n')).headers['Set-Cookie'], 'visits=42; Path=/');
  t.equal((await get(shop2, '/', 'Cookie: visits=many\r\n')).headers['Set-Cookie'], 'visits=1; Path=/');
  t.match(await raw('/'), /^session=[0-9a-f]{32}; Path=\/books; Max-Age=60; HttpOnly; Secure; SameSite=Lax$/);
  t.equal(await raw('/', 'session=abc'), 'visits=1; Path=/', 'it has one');
  t.equal(await raw('/long.txt'), 'theme=dark; Path=/');
  t.equal(await raw('/long.txt', 'theme=dark'), undefined);
  t.equal(await raw('/logo.png'), undefined);
});

t.test("pages for errors: the site's own, by status", async (t) => {
  const shop = shopOf({ errorPages: { 404: '/oops.html', 405: '/oops.html', 400: '/gone.html' } });
  t.match(await get(shop, '/nowhere'), { status: 404, body: '<h1>Oops</h1>' });
  t.match(await get(shop, '/', '', 'DELETE'), { status: 405, body: '<h1>Oops</h1>', headers: { Allow: /GET/ } });
  t.match(await get(shop, '/%zz'), { status: 400, body: /400 Bad Request/ }, 'a page that is not there');
});

t.test('a name that no site has', async (t) => {
  const stranger = `GET / HTTP/1.1\r\nHost: stranger.example\r\n${CLOSE}`;
  t.match(await ask(shopOf(), stranger), { status: 200 }, 'the first site answers');
  t.match(await ask(shopOf({}, { unknownHost: 404 }), stranger), { status: 404 });
  t.match(await ask(shopOf({}, { unknownHost: 421 }), stranger), { status: 421 });
  t.match(await get(shopOf({}, { unknownHost: 421 }), '/'), { status: 200 });
});

t.test('the access log', async (t) => {
  const shop = shopOf({}, { accessLog: { file: '/log/common' } });
  await get(shop, '/digits?a="b"');
  await get(shop, '/digits', 'Range: bytes=0-1\r\n');
  await get(shop, '/digits', '', 'HEAD');
  t.equal(
    shop.world.logFiles.get('/log/common'),
    String.raw`10.0.0.1 - - [22/Nov/2026:12:00:00 +0000] "GET /digits?a=\"b\" HTTP/1.1" 200 10
10.0.0.1 - - [22/Nov/2026:12:00:00 +0000] "GET /digits HTTP/1.1" 206 2
10.0.0.1 - - [22/Nov/2026:12:00:00 +0000] "HEAD /digits HTTP/1.1" 200 -
`,
  );
  const combined = shopOf({}, { accessLog: { file: '/log/combined', format: 'combined' } });
  await get(combined, '/digits', 'Referer: http://www.server.com/\r\nUser-Agent: curl/8.5.0\r\n');
  await get(combined, '/digits', 'User-Agent: \x1b[2J"\xff\\\r\n');
  t.equal(
    combined.world.logFiles.get('/log/combined')?.split('\n')[0],
    '10.0.0.1 - - [22/Nov/2026:12:00:00 +0000] "GET /digits HTTP/1.1" 200 10 "http://www.server.com/" "curl/8.5.0"',
  );
  const entry = { remoteAddress: '::', atMs: 0, requestLine: `GET /\n\x1b"\\é${'x'.repeat(9_000)}`, status: 414 };
  const line = formatEntry(entry, 'common');
  t.match(line, /^:: - - \[01\/Jan\/1970:00:00:00 \+0000\] "GET \/\\x0a\\x1b\\"\\\\\\xe9x+\.\.\." 414 -$/);
  t.ok(line.length < 3_000);
});

t.test('expectations: asked before the body is sent', async (t) => {
  const shop = shopOf({ echoPath: '/echo', maxBodyBytes: 5 });
  const expect = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: www.server.com\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n`;
  const next = `GET /digits HTTP/1.1\r\nHost: www.server.com\r\n${CLOSE}`;
  t.match(await ask(shop, `${expect('/echo', 3)}\r\nabc${next}`), {
    status: 100,
    body: /^HTTP\/1.1 200 OK[\s\S]*abcHTTP\/1.1 200 OK[\s\S]*0123456789$/,
  });
  t.match(await ask(shop, `${expect('/echo', 6)}\r\n`), { status: 413, headers: { Connection: 'close' } });
  t.match(await ask(shop, `${expect('/', 3)}\r\n`), { status: 405, headers: { Connection: 'close' } });
  const odd = await get(shop, '/', 'Expect: miracles\r\n');
  t.equal(odd.status, 417);
});
