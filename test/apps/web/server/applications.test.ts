/** Applications: frameworks as they are, on emulated hosts; and those that do not work. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { WebSocket } from 'ws';
import type { StackMachine } from '../../../../devices/apps/kinds/stack-machine.js';
import type { SiteConfig } from '../../../../devices/control/config.js';
import { certificatesFor } from '../../../support/authority.js';
import { type Bookshop, bookshop, SERVER } from '../bookshop.js';
import { ask, CLOSE, connectTo, parseAnswer, secure, whole } from './asking.js';

const shipped = (name: string) => resolve('topologies/apps', `${name}.mjs`);
const SITES: readonly SiteConfig[] = [
  { names: ['www.server.com'], root: '/srv/www' },
  { names: ['shop.test'], app: { module: shipped('express-shop') } },
  { names: ['api.test'], app: { module: shipped('fastify-api') } },
  { names: ['hono.test'], app: { module: shipped('hono-hello') } },
  { names: ['echo.test'], app: { module: shipped('ws-echo') } },
];
const { authority, certificates } = await certificatesFor(SITES, [SERVER]);

async function shopOf(sites: readonly SiteConfig[]): Promise<Bookshop> {
  const shop = bookshop(sites, { 'www/index.html': '<h1>Books</h1>' }, {}, { certificates });
  await shop.world.loaded();
  return shop;
}

const get = (shop: Bookshop, host: string, path: string) =>
  ask(shop, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}`);

/** The text after a chunked body's framing was taken off. */
const unchunked = (body: string) => body.replace(/[0-9a-f]+\r\n([\s\S]*?)\r\n/g, '$1');

t.test('Express: pages, a form, cookies, a page that throws', async (t) => {
  const shop = await shopOf(SITES);
  const first = await get(shop, 'shop.test', '/');
  t.match(first, { status: 200, headers: { 'X-Powered-By': 'Express', Date: 'Sun, 22 Nov 2026 12:00:00 GMT' } });
  t.match(first.body, /0 orders; you came by http from 10\.0\.0\.1/);
  const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n';
  const order = await ask(shop, `POST /orders HTTP/1.1\r\nHost: shop.test\r\n${form}${CLOSE}name=zss`);
  t.match(order, { status: 303, headers: { Location: '/', 'Set-Cookie': 'customer=zss; Path=/; HttpOnly' } });
  t.match((await get(shop, 'shop.test', '/')).body, /1 orders/);
  t.equal((await get(shop, 'shop.test', '/broken')).status, 500);
  t.equal((await get(shop, 'shop.test', '/nowhere')).status, 404);
  t.match(shop.traced('http-served').at(-1), { url: 'http://shop.test/nowhere', status: 404 });
  t.equal((await get(shop, 'www.server.com', '/')).body, '<h1>Books</h1>', 'beside a site of files');
});

t.test('our own browser: a form posted, and the page after it', async (t) => {
  const shop = await shopOf(SITES);
  const result = await shop.fetch({
    url: 'http://shop.test/orders',
    method: 'POST',
    data: 'name=zss',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  t.match(result, { status: 200, finalUrl: 'http://shop.test/', redirects: [{ status: 303 }] });
});

t.test('Express by https: it sees that', async (t) => {
  const shop = await shopOf(SITES);
  const socket = await secure(shop, { ca: authority, servername: 'shop.test', ALPNProtocols: ['h2', 'http/1.1'] });
  t.equal(socket.alpnProtocol, 'http/1.1', 'frameworks are written for HTTP/1.1');
  const closed = whole(socket);
  socket.write(`GET / HTTP/1.1\r\nHost: shop.test\r\n${CLOSE}`);
  t.match(parseAnswer(await shop.world.until(closed)).body, /you came by https from 10\.0\.0\.1/);
});

t.test('Fastify: JSON, parameters, a body', async (t) => {
  const shop = await shopOf(SITES);
  t.match(await get(shop, 'api.test', '/books/2'), { status: 200, body: '{"id":"2","title":"Night Train"}' });
  t.match(await get(shop, 'api.test', '/books/9'), { status: 404, body: '{"error":"no such book"}' });
  const json = '{"title":"Paper Boat"}';
  const head = `PUT /books/3 HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n`;
  t.match(await ask(shop, `${head}${CLOSE}${json}`), { status: 200, body: '{"id":"3","title":"Paper Boat"}' });
});

t.test('Hono: it listens by itself, on a port of the emulated host and on no other', async (t) => {
  const shop = await shopOf(SITES);
  t.equal(unchunked((await get(shop, 'hono.test', '/')).body), 'Hello Hono!');
  const socket = connectTo(shop, 3000);
  const closed = whole(socket);
  socket.write(`GET /json/zss HTTP/1.1\r\nHost: server:3000\r\n${CLOSE}`);
  t.match(unchunked(parseAnswer(await shop.world.until(closed)).body), '{"hello":"zss"}');
  const rows = (shop.world.machine('server') as StackMachine).inspect('sockets');
  t.match(rows, [{ local: /:(80|443|3000)$/ }, { local: /:(80|443|3000)$/ }, { local: /:(80|443|3000)$/ }]);
  const kept = connectTo(shop, 3000);
  const gone = whole(kept);
  kept.write('GET / HTTP/1.1\r\nHost: server:3000\r\n\r\n');
  await shop.world.runFor(100);
  await shop.world.until(shop.world.machine('server').stop());
  t.match(await shop.world.until(gone), /Hello Hono!/, 'and it ends with its host');
  const real = request({ host: '127.0.0.1', port: 3000 }).end();
  const [error] = await new Promise<unknown[]>((resolve) => {
    for (const event of ['error', 'response']) real.on(event, (...args) => resolve(args));
  });
  t.match(error, { code: 'ECONNREFUSED' }, 'no port of this computer is open');
});

for (const scheme of ['ws', 'wss'] as const) {
  t.test(`WebSocket by ${scheme}: text and bytes come back, also long after`, async (t) => {
    const shop = await shopOf(SITES);
    const client = (shop.world.machine('client') as StackMachine).network;
    const lower = scheme === 'ws' ? undefined : await secure(shop, { ca: authority, servername: 'echo.test' });
    const socket = new WebSocket('ws://echo.test/', {
      createConnection: (() => lower ?? client.connect({ host: SERVER, port: 80 })) as never,
    });
    await shop.world.until(once(socket, 'open'));
    const echoed = async (data: string | Buffer) => {
      socket.send(data);
      const [back, isBinary] = await shop.world.until(once(socket, 'message'));
      t.equal(isBinary, typeof data !== 'string');
      return back as Buffer;
    };
    t.equal((await echoed('hello')).toString(), 'hello');
    t.ok((await echoed(Buffer.alloc(100_000, 7))).equals(Buffer.alloc(100_000, 7)));
    await shop.world.runFor(300_000);
    t.equal((await echoed('still there')).toString(), 'still there');
    const closed = once(socket, 'close');
    socket.close(1000);
    t.equal((await shop.world.until(closed))[0], 1000);
    // The server's end, too, which waits for it on a clock of its own.
    await shop.world.runFor(1_000);
  });
}

t.test('an upgrade that nobody takes is a request like any other', async (t) => {
  const shop = await shopOf(SITES);
  const upgrade = 'Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n';
  for (const host of ['www.server.com', 'shop.test']) {
    const answer = await ask(shop, `GET / HTTP/1.1\r\nHost: ${host}\r\n${upgrade}`);
    t.match(answer, { status: 200, headers: { Connection: 'close' } }, host);
  }
});

t.test('what a module may export', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-apps-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${name}.mjs`), text);
    return { module: join(folder, `${name}.mjs`) };
  };
  const listener = "(request, response) => response.end('made of ' + request.url)";
  const apps = {
    'listener.test': write('listener', `export default ${listener};`),
    'named.test': { ...write('named', `export const app = ${listener};`), export: 'app' },
    'factory.test': write('factory', `export default () => ${listener};`),
    'async.test': write(
      'async',
      `import { createServer } from 'node:http';\nexport default async () => createServer(${listener});`,
    ),
    'promise.test': write('promise', `export default Promise.resolve(${listener});`),
    'common.test': (() => {
      writeFileSync(join(folder, 'common.cjs'), `module.exports = ${listener};`);
      return { module: join(folder, 'common.cjs') };
    })(),
  };
  const shop = await shopOf(Object.entries(apps).map(([name, app]) => ({ names: [name], app })));
  for (const name of Object.keys(apps)) {
    t.equal(unchunked((await get(shop, name, '/x')).body), 'made of /x', name);
  }
  t.same((shop.world.machine('server') as StackMachine).faults, []);
});

t.test('applications that do not work: said at once, and told to who asks', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-apps-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    const module = join(folder, `${name}.mjs`);
    writeFileSync(module, text);
    return { names: [`${name}.test`], app: { module } };
  };
  const shop = await shopOf([
    { names: ['www.server.com'], root: '/srv/www' },
    write('throws', "throw new Error('no database');"),
    write('syntax', 'export default (;'),
    write('nothing', 'export const x = 1;'),
    write('text', "export default 'hello';"),
    write('late', "export default async (request, response) => { throw new Error('late'); };"),
    {
      ...write(
        'limited',
        'export default (request, response) => request.resume().on("end", () => response.end("all"));',
      ),
      maxBodyBytes: 10,
    },
    write('silent', 'export default (request, response) => {};'),
    write(
      'pipe',
      "import net from 'node:net'; net.createServer().on('error', (e) => { globalThis.pipeError = e; }).listen('/tmp/nt-app.sock'); export default (a, b) => b.end('x');",
    ),
    write(
      'taken',
      "import http from 'node:http'; const s = http.createServer((a, b) => b.end()); s.on('error', (e) => { globalThis.takenError = e; }).listen(80); export default s;",
    ),
  ]);
  const { faults } = shop.world.machine('server') as StackMachine;
  t.match(faults.toSorted(), [
    /nothing\.mjs does not start: its export "default" is neither a request listener/,
    /syntax\.mjs does not start: Unexpected token ';' at \/.*\/syntax\.mjs:1:17: export default \(;$/,
    /text\.mjs does not start: its export "default" is neither a request listener/,
    /throws\.mjs does not start: no database at \/.*\/throws\.mjs:1:7: throw new Error\('no database'\);$/,
  ]);
  const chunked = (text: string) =>
    ask(shop, `POST / HTTP/1.1\r\nHost: limited.test\r\nTransfer-Encoding: chunked\r\n${CLOSE}${text}`);
  t.match(await chunked('a\r\n0123456789\r\n0\r\n\r\n'), { status: 200 });
  t.match(await chunked('8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n'), { status: 413 });
  t.match(await get(shop, 'throws.test', '/'), { status: 500, body: /did not start/ });
  t.equal((await get(shop, 'late.test', '/')).status, 500);
  const before = shop.world.now;
  t.equal((await get(shop, 'silent.test', '/')).status, 504);
  t.ok(shop.world.now - before >= 60_000 && shop.world.now - before < 62_000);
  const seen = globalThis as { pipeError?: Error & { code?: string }; takenError?: Error & { code?: string } };
  t.match(seen.pipeError, { code: 'EACCES' }, 'no sockets of this computer');
  t.match(seen.takenError, { code: 'EADDRINUSE' }, 'the port of the web server is taken');
  t.equal((await get(shop, 'www.server.com', '/')).status, 200, 'the server goes on');
});

t.test('names that an application asks for are asked of its host; datagrams are refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-apps-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const module = join(folder, 'names.mjs');
  writeFileSync(
    module,
    `import dgram from 'node:dgram';
import dns, { promises } from 'node:dns';
import { promisify } from 'node:util';
const told = (run) => new Promise((resolve) => run((error, ...results) => resolve(error?.code ?? results)));
const awaited = (promise) => promise.catch((error) => error.code);
export default async (request, response) => response.end(JSON.stringify({
  lookup: await told((done) => dns.lookup('www.server.com', done)),
  all: await told((done) => dns.lookup('www.server.com', { all: true }, done)),
  nobody: await told((done) => dns.lookup('nobody.test', done)),
  ipv6: await told((done) => dns.lookup('www.server.com', 6, done)),
  promised: await awaited(promises.lookup('www.server.com')),
  promisified: await awaited(promisify(dns.lookup)('www.server.com')),
  resolve4: await told((done) => dns.resolve4('www.server.com', done)),
  resolver: await awaited(new promises.Resolver().resolve('www.server.com')),
  mx: await told((done) => dns.resolveMx('www.server.com', done)),
  reverse: await awaited(promises.reverse('10.0.0.2')),
  send: await told((done) => dgram.createSocket('udp4').send('x', 9, '127.0.0.1', done)),
  bind: await told((done) => dgram.createSocket('udp4').on('error', done).bind(0)),
}));`,
  );
  const sites = [{ names: ['names.test'], app: { module } }];
  const hosts = { 'www.server.com': [SERVER], 'nobody.test': [] };
  const shop = bookshop(sites, {}, {}, {}, { hosts });
  await shop.world.loaded();
  const address = { address: SERVER, family: 4 };
  t.same(JSON.parse(unchunked((await get(shop, 'names.test', '/')).body)), {
    lookup: [SERVER, 4],
    all: [[address]],
    nobody: 'EAI_AGAIN',
    ipv6: 'ENOTFOUND',
    promised: address,
    promisified: address,
    resolve4: [[SERVER]],
    resolver: [SERVER],
    mx: 'EACCES',
    reverse: 'EACCES',
    send: 'EACCES',
    bind: 'EACCES',
  });
});

t.test('what an application asks others for goes by the emulated network', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-apps-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const module = join(folder, 'proxy.mjs');
  writeFileSync(
    module,
    `import { get } from 'node:http';
import https from 'node:https';
import net, { connect } from 'node:net';
export default (request, response) => {
  if (request.url === '/get') get('http://www.server.com/', (answer) => answer.pipe(response));
  else if (request.url === '/connect') connect(80, '10.0.0.2').on('data', (data) => response.end(data)).write('GET / HTTP/1.0\\r\\n\\r\\n');
  else if (request.url === '/fetch') fetch('http://www.server.com/').then((answer) => answer.text()).then((text) => response.end(text));
  else if (request.url === '/https') https.get('https://www.server.com/', (answer) => answer.pipe(response)).on('error', (error) => response.end(error.code));
  else if (request.url === '/fetch-https') fetch('https://www.server.com/').then((answer) => answer.text()).then((text) => response.end(text));
  else new net.Socket().on('error', (error) => response.end(error.code)).connect(80, '127.0.0.1');
};`,
  );
  const sites = [
    { names: ['www.server.com'], root: '/srv/www' },
    { names: ['proxy.test'], app: { module } },
  ];
  const files = { 'www/index.html': '<h1>Books</h1>' };
  const own = await certificatesFor(sites, [SERVER]);
  const web = { certificates: own.certificates };
  const shop = bookshop(sites, files, {}, web, { hosts: { 'www.server.com': [SERVER] }, authorities: [own.authority] });
  await shop.world.loaded();
  t.match((await get(shop, 'proxy.test', '/get')).body, /<h1>Books<\/h1>/);
  t.match((await get(shop, 'proxy.test', '/connect')).body, /200 OK[\s\S]*<h1>Books<\/h1>/);
  t.match((await get(shop, 'proxy.test', '/fetch')).body, /<h1>Books<\/h1>/);
  t.match((await get(shop, 'proxy.test', '/https')).body, /<h1>Books<\/h1>/, 'it trusts whom its host trusts');
  t.match((await get(shop, 'proxy.test', '/fetch-https')).body, /<h1>Books<\/h1>/);
  t.match((await get(shop, 'proxy.test', '/socket')).body, /EACCES/);
});
