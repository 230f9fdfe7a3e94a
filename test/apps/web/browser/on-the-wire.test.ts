/** A page load as the frames show it: hosts, redirects, cookies, cache, forms. What the browser says of it must agree. */
import { text } from 'node:stream/consumers';
import t from 'tap';
import { headsOnWire, requestsOnWire } from '../../../support/http-frames.js';
import { ADDRESS, httpServer } from './own-server.js';

const PAGE = `<!doctype html><title> The
  shop </title><link rel=stylesheet href=/style.css>
<img src=http://img.server.com/cover.png><img src=http://ads.other.com/banner.png>`;

t.test(
  'sub-resources from three hosts: each by a connection of its own, each told where the request comes from',
  async (t) => {
    const { fetch, world } = httpServer((request, response) => {
      const type = request.url === '/' ? 'text/html' : request.url === '/style.css' ? 'text/css' : 'image/png';
      response.setHeader('Content-Type', type);
      response.end(
        request.url === '/' ? PAGE : request.url === '/style.css' ? 'p { background: url(paper.png) }' : 'bytes',
      );
    });
    const result = await fetch('http://www.server.com/');
    const requests = requestsOnWire(world.frames);
    t.strictSame(requests.map(({ startLine, headers }) => `${headers.get('host')} ${startLine.split(' ')[1]}`).sort(), [
      'ads.other.com /banner.png',
      'img.server.com /cover.png',
      'www.server.com /',
      'www.server.com /paper.png',
      'www.server.com /style.css',
    ]);
    const of = (path: string) => requests.find(({ startLine }) => startLine.includes(path));
    t.equal(of('/style.css')?.headers.get('referer'), 'http://www.server.com/');
    t.equal(of('/paper.png')?.headers.get('referer'), 'http://www.server.com/style.css');
    t.equal(of('/cover.png')?.headers.get('referer'), 'http://www.server.com/', 'to another origin, the origin alone');
    t.equal(new Set(requests.map(({ from }) => from)).size, 3, 'connections');
    t.strictSame(
      result.connections.map(({ local }) => local).sort(),
      [...new Set(requests.map(({ from }) => from))].sort(),
    );
    t.equal(result.title, 'The shop');

    for (const exchange of result.exchanges) {
      const onWire = requests.find(({ from, startLine }) => {
        return from === exchange.local && exchange.url.endsWith(startLine.split(' ')[1]);
      });
      t.equal(exchange.timing.requestStart, onWire?.at, `${exchange.url} left when it is said to`);
      t.strictSame(
        exchange.requestHeaders.map(([name, value]) => [name.toLowerCase(), value]),
        [...(onWire?.headers ?? [])],
      );
      const answer = headsOnWire(world.frames).find(
        ({ startLine, to, at }) => startLine.startsWith('HTTP/') && to === exchange.local && at >= (onWire?.at ?? 0),
      );
      t.equal(exchange.timing.responseStart, (answer?.at ?? 0) + 2, 'and its answer came');
    }
    const { timing } = result;
    const order = [
      timing?.domInteractive,
      timing?.domContentLoaded,
      timing?.domComplete,
      timing?.loadEventEnd,
    ] as number[];
    t.strictSame(
      order,
      order.toSorted((a, b) => a - b),
    );
  },
);

t.test('a chain of redirects: every hop an exchange, each kind by its rules', async (t) => {
  const hops: Readonly<Record<string, [number, string]>> = {
    '/form': [307, '/again'],
    '/again': [308, 'http://img.server.com/other'],
    '/other': [303, '/done#there'],
  };
  const { fetch, world } = httpServer(async (request, response) => {
    const body = await text(request);
    const hop = hops[request.url ?? ''];
    if (hop !== undefined) response.writeHead(hop[0], { Location: hop[1] }).end();
    else response.end(`${request.method} ${body}`);
  });
  const headers = { Authorization: 'Basic x', 'X-Own': '1' };
  const result = await fetch({ url: 'http://www.server.com/form', data: 'a=1', headers });
  t.match(result, { ok: true, finalUrl: 'http://img.server.com/done#there', text: 'GET ' });
  t.strictSame(
    result.exchanges.map(({ method, url, status, redirectUrl }) => [method, url, status, redirectUrl]),
    [
      ['POST', 'http://www.server.com/form', 307, 'http://www.server.com/again'],
      ['POST', 'http://www.server.com/again', 308, 'http://img.server.com/other'],
      ['POST', 'http://img.server.com/other', 303, 'http://img.server.com/done'],
      ['GET', 'http://img.server.com/done', 200, ''],
    ],
  );
  const requests = requestsOnWire(world.frames);
  t.strictSame(
    requests.map(({ startLine, headers: own }) => [startLine, own.get('authorization'), own.get('content-type')]),
    [
      ['POST /form HTTP/1.1', 'Basic x', 'application/x-www-form-urlencoded'],
      ['POST /again HTTP/1.1', 'Basic x', 'application/x-www-form-urlencoded'],
      ['POST /other HTTP/1.1', undefined, 'application/x-www-form-urlencoded'],
      ['GET /done HTTP/1.1', undefined, undefined],
    ],
  );
  t.match(result.timing, { redirectStart: result.startAt });
  t.match(result.exchanges[0].requestBody, { text: 'a=1' });
  t.equal(result.exchanges[3].requestBody, undefined);
});

t.test('cookies across two loads: by domain, path, Secure, and whose site asks', async (t) => {
  const { fetch, world } = httpServer((request, response) => {
    const host = request.headers.host ?? '';
    if (request.url === '/login') {
      response.setHeader('Set-Cookie', [
        'sid=1; HttpOnly; Path=/',
        'wide=2; Domain=server.com; Max-Age=60',
        'deep=3; Path=/deep',
        'safe=4; Secure',
        'foreign=5; Domain=other.com',
        'super=6; Domain=com',
        '__Host-x=7; Path=/',
        'strict=8; SameSite=Strict',
        'everywhere=9; SameSite=None',
        'malformed',
      ]);
    }
    if (host === 'ads.other.com') response.setHeader('Set-Cookie', ['ad=1; Path=/', 'lax=2; Path=/; SameSite=Lax']);
    response.setHeader('Content-Type', 'text/html');
    response.end(
      request.url === '/page' ? '<img src=http://img.server.com/a.png><img src=http://ads.other.com/b.png>' : 'ok',
    );
  });
  await fetch('http://www.server.com/login');
  await fetch('http://ads.other.com/');
  const before = world.frames.length;
  await fetch('http://www.server.com/page');
  const cookies = () =>
    Object.fromEntries(
      requestsOnWire(world.frames.slice(before)).map(({ headers }) => [headers.get('host'), headers.get('cookie')]),
    );
  t.strictSame(cookies(), {
    'www.server.com': 'sid=1; wide=2; strict=8; malformed',
    'img.server.com': 'wide=2',
    'ads.other.com': undefined,
  });
  const rows = world.machine('client').inspect('cookies') as { name: string; domain: string; httpOnly: boolean }[];
  t.match(
    rows.find(({ name }) => name === 'sid'),
    { domain: 'www.server.com', httpOnly: true },
  );
  t.match(
    rows.find(({ name }) => name === 'wide'),
    { domain: '.server.com' },
  );

  await world.runFor(61_000);
  const later = world.frames.length;
  await fetch('http://www.server.com/');
  t.equal(
    requestsOnWire(world.frames.slice(later))[0].headers.get('cookie'),
    'sid=1; strict=8; malformed',
    'a minute later',
  );
  await fetch({ url: 'http://www.server.com/', clear: true });
  t.equal(requestsOnWire(world.frames).at(-1)?.headers.get('cookie'), undefined, 'and after all is forgotten');
});

t.test('cached, revalidated, not to be stored: what the second load asks for', async (t) => {
  const served = { fresh: 0, stale: 0, changed: 0, secret: 0 };
  const { fetch, world, traced } = httpServer((request, response) => {
    const name = (request.url ?? '').slice(1).split('.')[0] as keyof typeof served | '';
    const policies: Readonly<Record<string, string>> = {
      fresh: 'max-age=60, must-revalidate',
      stale: 'no-cache',
      changed: 'max-age=0',
      secret: 'no-store',
    };
    response.setHeader('Cache-Control', policies[name] ?? 'no-store');
    if (name === '') {
      response.setHeader('Content-Type', 'text/html');
      response.end('<img src=fresh.png><img src=stale.png><img src=changed.png><img src=secret.png>');
      return;
    }
    served[name] += 1;
    const tag = `"${name === 'changed' ? served.changed : name}"`;
    if (name !== 'secret') response.setHeader('ETag', tag);
    response.setHeader('X-Served', String(served[name]));
    if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
    else response.writeHead(200, { 'Content-Type': 'image/png' }).end(`${name} ${served[name]}`);
  });
  const first = await fetch('http://www.server.com/');
  t.ok(first.resources.every(({ fromCache }) => !fromCache));
  const before = world.frames.length;
  const second = await fetch('http://www.server.com/');
  const asked = requestsOnWire(world.frames.slice(before)).map(({ startLine, headers }) => [
    startLine.split(' ')[1],
    headers.get('if-none-match'),
  ]);
  t.strictSame(asked.sort(), [
    ['/', undefined],
    ['/changed.png', '"1"'],
    ['/secret.png', undefined],
    ['/stale.png', '"stale"'],
  ]);
  t.match(Object.fromEntries(second.exchanges.map((one) => [new URL(one.url).pathname, one])), {
    '/fresh.png': { cache: 'memory', status: 200, protocol: '', bytes: 7, encodedBytes: 0 },
    '/stale.png': { cache: 'validated', status: 304, bytes: 7, encodedBytes: 0 },
    '/changed.png': { cache: 'none', status: 200 },
    '/secret.png': { cache: 'none', status: 200 },
  });
  const of = (path: string) => second.resources.find(({ url }) => url.endsWith(path));
  t.match(of('/stale.png'), { status: 200, fromCache: true, bytes: 7, sha256: first.resources[2].sha256 });
  const outcomes = traced('http-cache').map(({ url, outcome }) => `${new URL(url).pathname} ${outcome}`);
  for (const outcome of [
    '/fresh.png miss',
    '/fresh.png stored',
    '/fresh.png fresh',
    '/stale.png stale',
    '/stale.png validated',
  ]) {
    t.ok(outcomes.includes(outcome), outcome);
  }
  const row = (world.machine('client').inspect('http-cache') as { url: string }[]).find(({ url }) =>
    url.endsWith('/fresh.png'),
  );
  t.match(row, { status: 200, bytes: 7, freshSeconds: 59 });
  t.match(
    (await world.exec('client', 'show http-cache')).stdout,
    /^http:\/\/www\.server\.com\/fresh\.png +200 +image\/png/m,
  );
  t.match(await world.exec('client', 'show cookies'), { status: 0 });

  await world.runFor(61_000);
  const third = await fetch('http://www.server.com/');
  t.match(
    third.exchanges.find(({ url }) => url.endsWith('/fresh.png')),
    { cache: 'validated', status: 304 },
  );
  const reloaded = await fetch({ url: 'http://www.server.com/', cache: 'reload' });
  t.ok(reloaded.exchanges.every(({ cache, status }) => cache === 'none' && status === 200));
  t.equal(requestsOnWire(world.frames).at(-1)?.headers.get('cache-control'), 'no-cache');
});

t.test(
  'the page in the window is validated when it is loaded again; a POST makes what was there invalid',
  async (t) => {
    let version = 1;
    const { fetch } = httpServer((request, response) => {
      request.resume();
      if (request.method === 'POST') version += 1;
      response.setHeader('ETag', `"${version}"`);
      response.setHeader('Cache-Control', 'max-age=600');
      if (request.headers['if-none-match'] === `"${version}"`) response.writeHead(304).end();
      else response.end(`version ${version}`);
    });
    const page = 'http://www.server.com/page';
    await fetch(page);
    t.match(await fetch(page), { text: 'version 1', exchanges: [{ cache: 'validated' }] });
    await fetch('http://www.server.com/other');
    t.match(await fetch(page), { text: 'version 1', exchanges: [{ cache: 'memory' }], connections: [] });
    await fetch({ url: page, data: 'a=1' });
    t.match(await fetch(page), { text: 'version 2', exchanges: [{ cache: 'none' }] });
  },
);

t.test('forms: in the query, as a body of either type, and who sent it', async (t) => {
  const { fetch, world } = httpServer(async (request, response) =>
    response.end(`${request.url} ${await text(request)}`),
  );
  const fields = [
    { name: 'username', value: 'zss & co' },
    { name: 'text', value: 'a\nb' },
  ];
  const url = 'http://www.server.com/form?old=1';
  t.match(await fetch({ url, method: 'get', form: { fields } }), { text: '/form?username=zss+%26+co&text=a%0D%0Ab ' });
  t.match(await fetch({ url, form: { fields } }), { text: '/form?old=1 username=zss+%26+co&text=a%0D%0Ab' });
  t.equal(requestsOnWire(world.frames).at(-1)?.headers.get('origin'), 'http://www.server.com');
  const file = { name: 'file"', value: 'line\nline', fileName: 'a.txt', contentType: 'text/plain' };
  const sent = await fetch({ url, form: { fields: [...fields, file], encoding: 'multipart/form-data' } });
  const boundary = /boundary=(.+)$/.exec(requestsOnWire(world.frames).at(-1)?.headers.get('content-type') ?? '')?.[1];
  t.equal(
    sent.text,
    `/form?old=1 --${boundary}\r\nContent-Disposition: form-data; name="username"\r\n\r\nzss & co\r\n` +
      `--${boundary}\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\nb\r\n` +
      `--${boundary}\r\nContent-Disposition: form-data; name="file%22"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n` +
      `line\nline\r\n--${boundary}--\r\n`,
  );
});

t.test('what a person sends with a request stays with the server that it is for, whatever the page says', async (t) => {
  const { fetch, world } = httpServer((request, response) => {
    const { url = '', headers } = request;
    response.setHeader('Content-Type', 'text/html');
    if (url.startsWith('/to-other')) {
      response.setHeader('Referrer-Policy', 'no-referrer');
      response.end('<meta http-equiv=refresh content="0; url=http://ads.other.com/page">');
    } else if (headers.host === 'ads.other.com' && url === '/page') {
      response.end('<meta http-equiv=refresh content="0; url=/second">');
    } else if (url === '/to-own') response.end('<meta http-equiv=refresh content="0; url=/page">');
    else response.end('page');
  });
  const headers = { Authorization: 'Bearer TOKEN', Cookie: 'own=1', 'X-Own': '1' };
  t.match(await fetch({ url: 'http://www.server.com/to-other', headers }), { finalUrl: 'http://ads.other.com/second' });
  t.match(await fetch({ url: 'http://www.server.com/to-own', headers }), { finalUrl: 'http://www.server.com/page' });
  const told = requestsOnWire(world.frames).map(({ startLine, headers: sent }) => [
    startLine.split(' ')[1],
    ...['authorization', 'cookie', 'x-own', 'referer'].map((name) => sent.get(name)),
  ]);
  t.strictSame(told, [
    ['/to-other', 'Bearer TOKEN', 'own=1', '1', undefined],
    ['/page', undefined, undefined, '1', undefined],
    ['/second', undefined, undefined, '1', 'http://ads.other.com/page'],
    ['/to-own', 'Bearer TOKEN', 'own=1', '1', undefined],
    ['/page', 'Bearer TOKEN', 'own=1', '1', 'http://www.server.com/to-own'],
  ]);
});

t.test('a form that is sent on to another site does not come from there', async (t) => {
  const { fetch, world } = httpServer((request, response) => {
    if (request.url === '/form') response.writeHead(307, { Location: 'http://ads.other.com/post' });
    response.end();
  });
  await fetch({ url: 'http://www.server.com/form', data: 'a=1' });
  t.strictSame(
    requestsOnWire(world.frames).map(({ headers }) => headers.get('origin')),
    ['http://www.server.com', 'null'],
  );
});

t.test('the policy of a redirect holds for what follows', async (t) => {
  const { fetch, world } = httpServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/page' ? 'text/html' : 'image/png');
    if (request.url === '/a.png') response.writeHead(302, { Location: '/b.png', 'Referrer-Policy': 'origin' });
    response.end(request.url === '/page' ? '<img src=a.png>' : '');
  });
  await fetch('http://www.server.com/page');
  t.strictSame(
    requestsOnWire(world.frames)
      .filter(({ startLine }) => startLine.includes('.png'))
      .map(({ headers }) => headers.get('referer')),
    ['http://www.server.com/page', 'http://www.server.com/'],
  );
});

t.test('a style sheet that does not say so is written as the document is', async (t) => {
  const { fetch } = httpServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/' ? 'text/html; charset=windows-1252' : 'text/css');
    response.end(
      request.url === '/'
        ? '<link rel=stylesheet href=a.css>'
        : Buffer.from('p { background: url(\xe4.png) }', 'latin1'),
    );
  });
  const { resources } = await fetch('http://www.server.com/');
  t.equal(resources.at(-1)?.url, 'http://www.server.com/%C3%A4.png');
});

t.test('bodies are kept when they are asked for, text as text', async (t) => {
  const { fetch } = httpServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'image/png');
    response.end(request.url === '/' ? '<img src=a.png>' : Buffer.from([0, 1, 255]));
  });
  const { exchanges } = await fetch({ url: 'http://www.server.com/', bodies: true });
  t.match(exchanges, [{ body: { text: '<img src=a.png>' } }, { body: { text: 'AAH/', encoding: 'base64' } }]);
  t.ok((await fetch(`http://${ADDRESS}/`)).exchanges.every(({ body }) => body === undefined));
});
