/** In which order a page's requests go, over how many connections, and what hints change; read from the frames. */
import t from 'tap';
import { requestsOnWire } from '../../../support/http-frames.js';
import { httpServer, NAMES, ownServer } from './own-server.js';

const PAGE = 'http://www.server.com/';

/** A page; everything else is answered after 20 ms of the server's clock. */
function slowly(html: string, types: Readonly<Record<string, string>> = {}) {
  let [open, most] = [0, 0];
  const stage = httpServer(async (request, response) => {
    open += 1;
    most = Math.max(most, open);
    const ending = /[^./]*$/.exec(request.url ?? '')?.[0] ?? '';
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : (types[ending] ?? 'image/png'));
    if (request.url !== '/') await stage.sleep(20);
    open -= 1;
    response.end(request.url === '/' ? html : ending);
  });
  const paths = () => requestsOnWire(stage.world.frames).map(({ startLine }) => startLine.split(' ')[1]);
  return { ...stage, paths, most: () => most };
}

t.test('six connections to a server, however many pictures', async (t) => {
  const { fetch, world, most } = slowly(Array.from({ length: 30 }, (_, index) => `<img src=${index}.png>`).join(''));
  const result = await fetch(PAGE);
  t.equal(result.resources.filter(({ status }) => status === 200).length, 31);
  t.equal(result.connections.length, 6);
  t.equal(most(), 6);
  t.equal(new Set(requestsOnWire(world.frames).map(({ from }) => from)).size, 6);
});

t.test('ten pictures at once in the whole page, from however many servers', async (t) => {
  const html = Array.from({ length: 30 }, (_, index) => `<img src=http://${NAMES[index % 3]}/${index}.png>`).join('');
  const { fetch, most } = slowly(html);
  await fetch(PAGE);
  t.equal(most(), 10);
});

t.test('what the page cannot be shown without goes first: one picture at most beside it', async (t) => {
  const html = `<head><link rel=stylesheet href=a.css><script src=head.js></script></head><body><img src=1.png><img src=2.png>
    <img src=3.png fetchpriority=high><script src=late.js async></script><script src=app.js></script>`;
  const { fetch, paths } = slowly(html, { css: 'text/css', js: 'text/javascript' });
  const result = await fetch(PAGE);
  t.strictSame(paths(), ['/', '/a.css', '/head.js', '/3.png', '/1.png', '/app.js', '/2.png', '/late.js']);
  t.strictSame(
    Object.fromEntries(result.exchanges.map(({ url, priority }) => [new URL(url).pathname.slice(1), priority])),
    {
      '': 'highest',
      'a.css': 'highest',
      'head.js': 'high',
      '1.png': 'low',
      '2.png': 'low',
      '3.png': 'high',
      'late.js': 'low',
      'app.js': 'medium',
    },
  );
  const [second] = result.exchanges.filter(({ url }) => url.endsWith('2.png'));
  t.ok(second.timing.fetchStart > second.timing.startTime, 'it had to wait, and says so');
});

t.test('the rest does not wait for what is done, however unimportant it was', async (t) => {
  const pictures = Array.from({ length: 8 }, (_, index) => `<img src=${index}.png>`).join('');
  const loadMs = async (script: string) => {
    const { startAt, endAt } = await slowly(script + pictures, { js: 'text/javascript' }).fetch(PAGE);
    return endAt - startAt;
  };
  t.ok(
    (await loadMs('<script src=a.js fetchpriority=low></script>')) < (await loadMs('<script src=a.js></script>')) + 25,
  );
});

t.test('a request that had to wait has the cookies of the moment at which it leaves', async (t) => {
  const pictures = '<img src=1.png><img src=2.png><img src=3.png>';
  const stage = httpServer(async (request, response) => {
    const { url = '' } = request;
    response.setHeader('Content-Type', url === '/' ? 'text/html' : 'image/png');
    if (url.endsWith('.png')) await stage.sleep(20);
    if (url === '/a.js') {
      await stage.sleep(30);
      response.setHeader('Set-Cookie', 'sid=1');
    }
    response.end(url === '/' ? `<script src=a.js></script>${pictures}` : '');
  });
  await stage.fetch(PAGE);
  const sent = requestsOnWire(stage.world.frames).map(({ startLine, headers }) => [
    startLine.split(' ')[1],
    headers.get('cookie'),
  ]);
  t.strictSame(sent.at(-1), ['/3.png', 'sid=1']);
  t.strictSame(
    sent.slice(0, 3).map(([, cookie]) => cookie),
    [undefined, undefined, undefined],
  );
});

t.test('DOMContentLoaded waits for deferred scripts, not for asynchronous ones and pictures', async (t) => {
  const { fetch } = slowly('<script src=a.js defer></script><script src=b.js async></script><img src=c.png>');
  const { timing, exchanges } = await fetch(PAGE);
  const end = (name: string) => exchanges.find(({ url }) => url.endsWith(name))?.timing.responseEnd;
  t.equal(timing?.domContentLoaded, end('a.js'));
  t.equal(timing?.domComplete, Math.max(end('b.js') ?? 0, end('c.png') ?? 0));
});

t.test('preconnect: the connection is there before the request', async (t) => {
  const html = `<link rel=preconnect href=http://img.server.com><link rel=dns-prefetch href=//ads.other.com>
    <link rel=stylesheet href=a.css>`;
  const { fetch, traced, world } = httpServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'text/css');
    response.end(request.url === '/' ? html : 'p { background: url(http://img.server.com/late.png) }');
  });
  const result = await fetch(PAGE);
  t.match(traced('resource-hint'), [
    { hint: 'preconnect', host: 'img.server.com' },
    { hint: 'dns-prefetch', host: 'ads.other.com' },
  ]);
  t.strictSame(
    result.lookups.map(({ name }) => name),
    ['www.server.com', 'img.server.com', 'ads.other.com'],
  );
  t.equal(result.connections.length, 2, 'none to the host whose name was looked up alone');
  const late = result.exchanges.find(({ url }) => url.endsWith('late.png'));
  t.match(late?.timing, { connectStart: undefined, domainLookupStart: undefined });
  t.equal(requestsOnWire(world.frames).find(({ startLine }) => startLine.includes('late'))?.from, late?.local);
});

t.test('a server that says how long it keeps connections is taken at its word', async (t) => {
  let connections = 0;
  const { fetch, world } = ownServer((socket) => {
    connections += 1;
    socket.on('data', (bytes) => {
      const isPage = bytes.toString().startsWith('GET / ');
      const type = isPage ? 'text/html' : 'text/css';
      const body = isPage ? '<link rel=stylesheet href=a.css>' : '';
      setImmediate(() =>
        socket.write(
          `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=0\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        ),
      );
    });
    socket.on('end', () => socket.end());
  });
  t.match((await fetch()).resources, [{ status: 200 }, { status: 200 }]);
  t.equal(connections, 2, 'max=0: this was the last one');
  t.equal(new Set(requestsOnWire(world.frames).map(({ from }) => from)).size, 2);
});

t.test(
  'several addresses: a silent one is not waited for, and the next connections go where one was made',
  async (t) => {
    const { fetch } = httpServer(
      (request, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end(request.url === '/' ? '<img src=1.png><img src=2.png>' : '');
      },
      { hosts: { 'www.server.com': ['10.0.0.77', '10.0.0.2'] } },
    );
    const result = await fetch(PAGE);
    t.ok(result.ok);
    t.ok(result.endAt - result.startAt < 1500, `${result.endAt - result.startAt} ms`);
    t.ok(result.connections.every(({ remote }) => remote === '10.0.0.2:80'));
  },
);
