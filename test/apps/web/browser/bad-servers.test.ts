import t from 'tap';
import { StackMachine } from '../../../../devices/apps/kinds/stack-machine.js';
import type { FetchRequest } from '../../../../devices/control/rpc.js';
import type { TcpSocket } from '../../../../devices/net/tcp-socket.js';
import { requestsOnWire } from '../../../support/http-frames.js';
import { World } from '../../../support/world.js';

/** A server that does what the test says with each connection, and a browser that meets it. */
function badServer(serve: (socket: TcpSocket) => void) {
  const world = new World({ seed: 'bad servers' });
  world.add({ name: 'client', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.0.1/24'] }] });
  const server = world.add({ name: 'server', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.0.2/24'] }] });
  world.link('client:eth0', 'server:eth0', { delayMs: 2 });
  world.start();
  if (!(server instanceof StackMachine)) throw new Error('a host has a stack');
  server.network
    .createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      serve(socket);
    })
    .listen({ port: 80 });
  const fetch = (request: Partial<FetchRequest> = {}) => world.fetch('client', { url: 'http://10.0.0.2/', ...request });
  return { world, fetch };
}

t.test('one that never answers: the load ends at its time, and says that it hung at http', async (t) => {
  const { fetch } = badServer((socket) => socket.resume());
  const result = await fetch({ timeoutMs: 2000 });
  t.match(result, { ok: false, status: 0, error: { code: 'ETIMEDOUT', stage: 'http' } });
  t.equal(result.connections.length, 1);
  t.ok(result.endAt - result.startAt < 8000);
});

t.test('one that sends a little now and then is waited for; one that stops is not, even without a limit', async (t) => {
  const { fetch, world } = badServer((socket) =>
    socket.once('data', async () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      for (let piece = 0; piece < 4; piece++) {
        await (world.machine('server') as StackMachine).network.sleep(20_000);
        socket.write('piece');
      }
    }),
  );
  const result = await fetch();
  t.match(result.error, { code: 'ETIMEDOUT', stage: 'http', message: /nothing has come for 30000 ms/ });
  t.ok(result.endAt - result.startAt > 110_000);
});

t.test('one that never closes: the browser does not wait for ever', async (t) => {
  const { fetch } = badServer((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')),
  );
  const result = await fetch();
  t.match(result, { ok: true, resources: [{ bytes: 2 }] });
  t.ok(result.endAt - result.startAt < 6000);
});

t.test('one that resets the connection, before or within the answer', async (t) => {
  const before = badServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  t.match((await before.fetch()).error, { code: 'ECONNRESET', stage: 'http' });
  const within = badServer((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nhi', () => socket.resetAndDestroy());
    }),
  );
  t.match((await within.fetch()).error, { code: 'ECONNRESET', stage: 'http' });
});

t.test('one that closes before it has sent all', async (t) => {
  const { fetch } = badServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nhi')),
  );
  t.match((await fetch()).error, { code: 'ECONNRESET', stage: 'http' });
});

t.test('one that does not speak HTTP', async (t) => {
  const { fetch } = badServer((socket) => socket.end('220 mail.server.com ESMTP\r\n'));
  const { error } = await fetch();
  t.match(error, { code: /^HPE_/, stage: 'http' });
});

t.test('one that ends the body by closing: the old way, and no error', async (t) => {
  const { fetch } = badServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it')),
  );
  t.match(await fetch(), { ok: true, text: 'all of it' });
});

t.test('one that closes kept connections without a word: the next request goes over a new one', async (t) => {
  let connections = 0;
  const answer = (body: string) =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n\r\n${body}`;
  const { fetch } = badServer((socket) => {
    connections += 1;
    const first = connections === 1;
    socket.once('data', () => {
      socket.write(answer(first ? '<img src="/a.png">' : 'picture'), () => {
        if (first) socket.once('data', () => socket.resetAndDestroy());
      });
    });
  });
  const { resources } = await fetch();
  t.match(resources, [{ status: 200 }, { url: 'http://10.0.0.2/a.png', status: 200, bytes: 7 }]);
  t.equal(connections, 2);
});

t.test('a redirect without a place to go is an answer', async (t) => {
  const { fetch } = badServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')),
  );
  t.match(await fetch(), { ok: false, status: 302, redirects: [] });
});

t.test(
  'one that switches to a protocol that nobody asked for: an error at once, also after a body was sent',
  async (t) => {
    const { fetch } = badServer((socket) =>
      socket.on('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      ),
    );
    for (const request of [{}, { data: 'a=1' }]) {
      const result = await fetch({ ...request, timeoutMs: 3000 });
      t.match(result.error, { code: 'ERR_UNEXPECTED_UPGRADE', stage: 'http', message: /101/ });
      t.ok(result.endAt - result.startAt < 1000);
    }
  },
);

t.test('one whose chunks cannot be read: it did not close, it made a mistake', async (t) => {
  const { fetch } = badServer((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhi\r\n')),
  );
  t.match((await fetch()).error, { code: 'HPE_INVALID_CHUNK_SIZE', stage: 'http', message: /chunk size/ });
});

t.test('one that names two places to go', async (t) => {
  const { fetch, world } = badServer((socket) =>
    socket.on('data', () =>
      socket.write('HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'),
    ),
  );
  const result = await fetch();
  const error = { code: 'ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION', stage: 'http', message: /\/a and \/b/ };
  t.match(result, { redirects: [], error, exchanges: [{ error }] });
  t.equal(requestsOnWire(world.frames).length, 1);
});

t.test('one that fails within its answer and is asked again: the times are those of the second one', async (t) => {
  let connections = 0;
  const answer = (body: string) =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const { fetch } = badServer((socket) => {
    const isFirst = connections++ === 0;
    socket.once('data', () => {
      socket.write(answer(isFirst ? '<img src="/a.png">' : 'picture'));
      if (isFirst) socket.once('data', () => socket.write('HTT', () => socket.resetAndDestroy()));
    });
  });
  const [, { status, timing }] = (await fetch()).exchanges;
  t.equal(status, 200);
  const { requestStart = 0, responseStart = 0, responseEnd } = timing;
  t.ok(requestStart < responseStart && responseStart <= responseEnd, `${requestStart} ${responseStart} ${responseEnd}`);
});
