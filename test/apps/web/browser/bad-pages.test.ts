/** Servers and pages that want too much: each ends in a clear outcome within bounds, and the browser goes on. */
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { MAX_BODY_BYTES, readBody } from '../../../../devices/apps/web/browser/body.js';
import {
  MAX_FRAME_DEPTH,
  MAX_IMPORT_DEPTH,
  PageResources,
} from '../../../../devices/apps/web/browser/document-load.js';
import { MAX_RESOURCES } from '../../../../devices/apps/web/browser/html/page-contents.js';
import { httpServer, ownServer, type Stage } from './own-server.js';

const SITE = 'http://www.server.com';

async function goesOn(t: Test, { fetch }: Stage): Promise<void> {
  t.match(await fetch(`${SITE}/fine`), { ok: true, text: 'fine' }, 'and the browser goes on');
}

t.test('a body without end is read as long as the load may take, by the piece', async (t) => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const handle: RequestListener = (request, response) => {
    if (request.url === '/fine') {
      response.end('fine');
      return;
    }
    const more = () => {
      while (response.write(chunk));
    };
    response.on('drain', more);
    more();
  };
  const stage = httpServer(handle, { rateBps: 20e6 });
  const result = await stage.fetch({ url: `${SITE}/large`, timeoutMs: 200 });
  t.match(result.error, { code: 'ETIMEDOUT', stage: 'http' });
  await goesOn(t, stage);
});

t.test('a body of a gigabyte ends at the limit', async (t) => {
  const chunk = Buffer.alloc(16 * 1024 * 1024);
  let pieces = 0;
  const source = new Readable({
    highWaterMark: 1,
    read() {
      this.push(pieces++ < 64 ? chunk : null);
    },
  });
  const reading = readBody(source, { contentEncoding: '', keepBytes: 10, onProgress: () => {} });
  await t.rejects(reading, { code: 'ERR_BODY_TOO_LONG', message: `the body is longer than ${MAX_BODY_BYTES} bytes` });
  t.ok(source.destroyed);
  t.ok(pieces <= MAX_BODY_BYTES / chunk.length + 2, `${pieces} pieces`);
});

t.test('a head of a megabyte', async (t) => {
  const stage = ownServer((socket) => {
    socket.once('data', (bytes) => {
      if (bytes.toString().includes('/fine')) socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfine');
      else socket.write(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1_000_000)}\r\n\r\n`);
    });
  });
  t.match((await stage.fetch(`${SITE}/`)).error, {
    code: 'HPE_HEADER_OVERFLOW',
    stage: 'http',
    message: /longer than 262144 bytes/,
  });
  await goesOn(t, stage);
});

t.test('pages that refresh each other, and one that refreshes itself', async (t) => {
  const stage = httpServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    const pages: Readonly<Record<string, string>> = {
      '/ping': '<meta http-equiv=refresh content="0; url=/pong">',
      '/pong': '<meta http-equiv=refresh content="1;URL=\'/ping\'">',
      '/self': '<meta http-equiv=refresh content=0>',
      '/late': '<meta http-equiv=refresh content="300; /fine">',
      '/soon': '<title>one</title><meta http-equiv=refresh content="2; /fine">',
    };
    response.end(pages[request.url ?? ''] ?? 'fine');
  });
  const circle = await stage.fetch(`${SITE}/ping`);
  t.match(circle, { ok: false, error: { code: 'ERR_TOO_MANY_REDIRECTS', stage: 'html' }, redirects: { length: 20 } });
  t.match(await stage.fetch(`${SITE}/self`), { ok: true, redirects: [], exchanges: { length: 1 } });
  t.match(await stage.fetch(`${SITE}/late`), { ok: true, finalUrl: `${SITE}/late` });
  const followed = await stage.fetch(`${SITE}/soon`);
  t.match(followed, { text: 'fine', redirects: [{ from: `${SITE}/soon`, to: `${SITE}/fine`, status: 200 }] });
  t.ok(followed.endAt - followed.startAt >= 2000);
  await goesOn(t, stage);
});

t.test('style sheets that import each other, or ever new ones', async (t) => {
  const stage = httpServer((request, response) => {
    const { url = '' } = request;
    const isPage = url.startsWith('/page');
    response.setHeader('Content-Type', isPage ? 'text/html' : url === '/fine' ? 'text/plain' : 'text/css');
    if (url === '/fine') response.end('fine');
    else if (url === '/page-circle') response.end('<link rel=stylesheet href=a.css>');
    else if (url === '/page-depth') response.end('<link rel=stylesheet href=/0>');
    else if (url === '/a.css') response.end('@import "b.css";');
    else if (url === '/b.css') response.end('@import url(a.css); @import "b.css";');
    else response.end(`@import "/${Number(url.slice(1)) + 1}";`);
  });
  const circle = await stage.fetch(`${SITE}/page-circle`);
  t.strictSame(
    circle.resources.map(({ url }) => new URL(url).pathname),
    ['/page-circle', '/a.css', '/b.css'],
  );
  const depth = await stage.fetch(`${SITE}/page-depth`);
  t.equal(depth.resources.length, 1 + 1 + MAX_IMPORT_DEPTH);
  await goesOn(t, stage);
});

t.test('frames within frames: not itself, and only so deep', async (t) => {
  const stage = httpServer((request, response) => {
    const { url = '' } = request;
    response.setHeader('Content-Type', url === '/fine' ? 'text/plain' : 'text/html');
    if (url === '/fine') response.end('fine');
    else if (url === '/self') response.end('<iframe src=/self#again></iframe><iframe src=/other></iframe>');
    else if (url === '/other') response.end('<iframe src=/self></iframe><img src=in-frame.png>');
    else if (url === '/srcdoc') response.end('<iframe srcdoc="<img src=inner.png>" src=/other></iframe>');
    else response.end(`<iframe src=/${Number(url.slice(1)) + 1}></iframe>`);
  });
  const self = await stage.fetch(`${SITE}/self`);
  t.strictSame(
    self.resources.map(({ url }) => new URL(url).pathname),
    ['/self', '/other', '/in-frame.png'],
  );
  t.equal(self.exchanges[2].initiatorUrl, `${SITE}/other`);
  const deep = await stage.fetch(`${SITE}/1`);
  t.equal(deep.resources.length, 1 + MAX_FRAME_DEPTH);
  const srcdoc = await stage.fetch(`${SITE}/srcdoc`);
  t.strictSame(
    srcdoc.resources.map(({ url }) => new URL(url).pathname),
    ['/srcdoc', '/inner.png'],
  );
  await goesOn(t, stage);
});

t.test('a page gets five hundred things, each once, whoever asks for them', async (t) => {
  const resources = new PageResources();
  const url = new URL(`${SITE}/`);
  const resource = {
    url: url.href,
    status: 200,
    bytes: 0,
    sha256: '',
    contentType: '',
    initiator: 'img',
    fromCache: false,
  };
  const load = async () => ({ url, resource: { ...resource, startAt: 0, endAt: 0 } });
  const loads = Array.from({ length: 1000 }, (_, index) => resources.once(`${SITE}/${index}`, load));
  t.equal(resources.once(`${SITE}/0`, load), loads[0]);
  await Promise.all(loads);
  t.equal(resources.list.length, MAX_RESOURCES);
  t.equal(loads[MAX_RESOURCES], undefined);
});

t.test(
  'thirty pictures from a server that says nothing: all end with the load, and those that waited too',
  async (t) => {
    const stage = httpServer((request, response) => {
      if (request.url === '/fine') response.end('fine');
      else if (request.url === '/') {
        response.setHeader('Content-Type', 'text/html');
        response.end(Array.from({ length: 30 }, (_, index) => `<img src=${index}.png>`).join(''));
      }
    });
    const result = await stage.fetch({ url: `${SITE}/`, timeoutMs: 1000 });
    t.ok(result.ok, 'the document came');
    t.equal(result.resources.length, 31);
    for (const { error } of result.resources.slice(1)) t.match(error, { code: 'ETIMEDOUT', stage: /http|tcp/ });
    t.ok(result.endAt - result.startAt < 6500);
    await goesOn(t, stage);
  },
);

t.test('a hint to a host that does not answer leaves nothing behind', async (t) => {
  const stage = httpServer(
    (_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<link rel=preconnect href=http://gone.server.com><link rel=dns-prefetch href=http://[bad>fine');
    },
    { hosts: { 'gone.server.com': ['10.0.0.77'] } },
  );
  t.match(await stage.fetch(`${SITE}/`), { ok: true, connections: { length: 1 } });
  await stage.world.runFor(10);
  const sockets = stage.world.machine('client').inspect('sockets') as { state: string }[];
  t.strictSame(
    sockets.map(({ state }) => state),
    ['TIME_WAIT'],
  );
});

t.test('a name that leads to the machine itself', async (t) => {
  const { fetch } = httpServer((_request, response) => response.end('fine'), {
    hosts: { 'me.server.com': ['10.0.0.1'] },
  });
  t.match((await fetch('http://me.server.com/')).error, { code: 'ECONNREFUSED', stage: 'tcp' });
});

t.test('a server that closes a kept connection: a GET is repeated, a POST is not', async (t) => {
  const seen: string[] = [];
  const stage = ownServer((socket) => {
    socket.on('data', (bytes) => {
      const [line] = bytes.toString().split('\r\n');
      seen.push(line);
      // The first request of a connection is answered, the second one ends it.
      if (socket.listenerCount('second') > 0) {
        socket.resetAndDestroy();
        return;
      }
      socket.on('second', () => {});
      const redirect = line.startsWith('POST /start')
        ? 'HTTP/1.1 307 Go\r\nLocation: /next'
        : 'HTTP/1.1 303 Go\r\nLocation: /get';
      const answer = line.includes('/get') ? 'HTTP/1.1 200 OK' : redirect;
      socket.write(`${answer}\r\nContent-Length: 0\r\n\r\n`);
    });
  });
  t.match((await stage.fetch({ url: `${SITE}/start`, data: 'a=1' })).error, { code: 'ECONNRESET', stage: 'http' });
  t.strictSame(seen, ['POST /start HTTP/1.1', 'POST /next HTTP/1.1']);
  seen.length = 0;
  t.match(await stage.fetch({ url: `${SITE}/other`, method: 'POST', data: '' }), { ok: true });
  t.strictSame(seen, ['POST /other HTTP/1.1', 'GET /get HTTP/1.1', 'GET /get HTTP/1.1']);
});
