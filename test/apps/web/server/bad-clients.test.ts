/** Clients that are slow, rude or hostile: each gets its answer, or the end, and the server goes on. */
import type { ClientHttp2Session } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { SiteConfig } from '../../../../devices/control/config.js';
import { certificatesFor } from '../../../support/authority.js';
import { type Bookshop, bookshop, SERVER } from '../bookshop.js';
import { ask, ask2, CLOSE, connectTo, http2On, parseAnswer, raw, secure, whole } from './asking.js';

const SITES: readonly SiteConfig[] = [
  { names: ['www.server.com'], root: '/srv/www', echoPath: '/echo', maxBodyBytes: 1_000_000 },
];
const { authority, certificates } = await certificatesFor(SITES, [SERVER]);
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const HOST = 'Host: www.server.com\r\n';
const FILES = { 'www/index.html': '<h1>Books</h1>', 'www/large.bin': new Uint8Array(3_000_000) };

function shopOf(): Bookshop {
  const shop = bookshop(SITES, FILES, {}, { certificates });
  shop.world.keepFrames = false;
  return shop;
}

async function goesOn(t: Test, shop: Bookshop): Promise<void> {
  t.match(await ask(shop, `GET / HTTP/1.1\r\n${HOST}${CLOSE}`), { status: 200 }, 'the server goes on');
}

async function http2(shop: Bookshop): Promise<ClientHttp2Session> {
  const socket = await secure(shop, { ca: authority, servername: 'www.server.com', ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  return http2On(socket);
}

/** Writes the pieces one after another, each `everyMs`, and says how the server answered and when it closed. */
async function dribble(shop: Bookshop, pieces: Iterable<string>, everyMs: number) {
  const socket = connectTo(shop, 80);
  let over = false;
  const closed = whole(socket).finally(() => {
    over = true;
  });
  const start = shop.world.now;
  for (const piece of pieces) {
    if (over) break;
    socket.write(piece);
    await shop.world.runFor(everyMs);
  }
  return { answer: await shop.world.until(closed), ms: shop.world.now - start };
}

t.test('pipelining: one answer after another, however many are asked for and not read', async (t) => {
  const shop = shopOf();
  const socket = connectTo(shop, 80).pause();
  socket.write(`GET /large.bin HTTP/1.1\r\n${HOST}\r\n`.repeat(20));
  socket.write(`GET / HTTP/1.1\r\n${HOST}${CLOSE}`);
  await shop.world.runFor(10_000);
  t.equal(shop.traced('http-served').length, 1);
  const closed = whole(socket.resume());
  t.match((await shop.world.until(closed)).slice(-200), /<h1>Books<\/h1>$/);
  t.equal(shop.traced('http-served').length, 21);
});

t.test('a Host that is none, or that is there twice', async (t) => {
  const shop = shopOf();
  for (const host of ['Host: evil.com/x', 'Host: a b', 'Host: u@www.server.com', `${HOST}Host: other.test`]) {
    const answer = await ask(shop, `GET / HTTP/1.1\r\n${host.trimEnd()}\r\n\r\n`);
    t.match(answer, { status: 400, headers: { Connection: 'close' } }, host);
  }
  t.match(await ask(shop, `GET http://u@www.server.com/ HTTP/1.1\r\n${HOST}\r\n`), { status: 400 });
  for (const host of ['www.server.com:80', '[::1]:80', '', 'a_b.test']) {
    t.match(await ask(shop, `GET / HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}`), { status: 200 }, host);
  }
  await ask(shop, `GET http://www.server.com/?x HTTP/1.1\r\n${HOST}${CLOSE}`);
  t.match(shop.traced('http-served').at(-1), { url: 'http://www.server.com/?x' });
});

t.test('requests that cannot be read are in the access log', async (t) => {
  const shop = bookshop(SITES, FILES, {}, { accessLog: { file: '/log' } });
  await raw(shop, 'what is this?\r\n\r\n');
  await raw(shop, `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`);
  t.match(shop.world.logFiles.get('/log'), /^10\.0\.0\.1 - - \[[^\]]*\] "-" 400 -\n10\.0\.0\.1 [^\n]* "-" 431 -\n$/);
});

t.test('slowloris: a head that never ends', async (t) => {
  const shop = shopOf();
  const pieces = ['GET / HTTP/1.1\r\n', ...Array.from({ length: 50 }, (_, n) => `X-${n}: y\r\n`)];
  const { answer, ms } = await dribble(shop, pieces, 5_000);
  t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
  t.ok(ms >= 60_000 && ms < 75_000, `${ms} ms`);
  await goesOn(t, shop);
});

t.test('the same for the second request of a connection', async (t) => {
  const shop = shopOf();
  const pieces = [`GET / HTTP/1.1\r\n${HOST}\r\n`, ...Array.from({ length: 50 }, () => 'G')];
  const { answer, ms } = await dribble(shop, pieces, 5_000);
  t.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*HTTP\/1\.1 40[08] /);
  t.ok(ms < 95_000, `${ms} ms`);
});

t.test('a body that comes byte by byte', async (t) => {
  const shop = shopOf();
  const head = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\n`;
  const { answer, ms } = await dribble(shop, [head, ...Array.from({ length: 100 }, () => 'x')], 1_000);
  t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
  t.ok(ms >= 20_000 && ms < 30_000, `${ms} ms`);
  await goesOn(t, shop);
});

t.test('a slow body that is not too slow', async (t) => {
  const shop = shopOf();
  const head = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 60000\r\n${CLOSE}`;
  const { answer } = await dribble(shop, [head, ...Array.from({ length: 60 }, () => 'x'.repeat(1000))], 1_000);
  t.match(parseAnswer(answer), { status: 200, body: 'x'.repeat(60_000) });
});

t.test('a slow line is no fault: a load of a minute, by every protocol', async (t) => {
  const shop = shopOf();
  shop.world.machine('server').ports[0].setImpairment({ rateBps: 400_000 });
  const start = shop.world.now;
  const body = parseAnswer(await raw(shop, `GET /large.bin HTTP/1.1\r\n${HOST}${CLOSE}`)).body;
  t.equal(body.length, 3_000_000);
  t.ok(shop.world.now - start > 60_000);
  const session = await http2(shop);
  t.equal((await shop.world.until(ask2(session, { ':path': '/large.bin' }))).body.length, 3_000_000);
  session.destroy();
});

t.test('HTTP/2: a body that comes byte by byte', async (t) => {
  const shop = shopOf();
  const session = await http2(shop);
  const stream = session.request({ ':method': 'POST', ':path': '/echo' }, { endStream: false });
  let status: unknown;
  stream.on('response', (headers) => {
    status = headers[':status'];
  });
  stream.on('error', () => {}).resume();
  const start = shop.world.now;
  for (let sent = 0; sent < 100 && status === undefined; sent++) {
    stream.write('x');
    await shop.world.runFor(1_000);
  }
  t.equal(status, 408);
  t.ok(shop.world.now - start >= 20_000 && shop.world.now - start < 30_000);
  session.destroy();
});

t.test('a client that does not read', async (t) => {
  const shop = shopOf();
  const socket = connectTo(shop, 80);
  const start = shop.world.now;
  socket.pause();
  socket.write(`GET /large.bin HTTP/1.1\r\n${HOST}\r\n`);
  await shop.world.runFor(150_000);
  const rows = shop.world.machine('server').inspect('sockets') as { state: string }[];
  t.notOk(
    rows.some(({ state }) => state === 'ESTABLISHED'),
    'it is not waited for any longer',
  );
  t.ok(shop.world.now - start < 160_000);
  socket.destroy();
  await goesOn(t, shop);
});

t.test('a gigabyte in chunks: read and forgotten, then 413', async (t) => {
  const shop = shopOf();
  const socket = connectTo(shop, 80);
  const closed = whole(socket);
  socket.write(`POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n${CLOSE}`);
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')]);
  const kept = () => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  };
  const before = kept();
  // Thirty of 1 MiB stand for a thousand: what is kept does not grow with them.
  for (let sent = 0; sent < 30; sent++) {
    const taken = new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
    await shop.world.until(taken);
  }
  // The collector gives buffers back from a thread of its own, some time after it has found them.
  let grown = kept() - before;
  for (let turns = 0; grown >= 15e6 && turns < 500; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    grown = kept() - before;
  }
  socket.write('0\r\nX-Sum: 1\r\n\r\n');
  t.match(parseAnswer(await shop.world.until(closed)), { status: 413 });
  t.ok(grown < 15e6, `no more than the buffers of TCP: ${grown} bytes`);
  await goesOn(t, shop);
});

t.test('a length that is too large is refused before the body comes', async (t) => {
  const shop = shopOf();
  const answer = await ask(shop, `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 1000000000\r\n\r\n`);
  t.match(answer, { status: 413, headers: { Connection: 'close' } });
});

t.test('a reset in the middle of everything', async (t) => {
  const shop = shopOf();
  for (const text of [
    'GET / HT',
    `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\nabc`,
    `GET /large.bin HTTP/1.1\r\n${HOST}\r\n`,
  ]) {
    for (const port of [80, 443]) {
      const socket = connectTo(shop, port);
      socket.on('error', () => {});
      socket.write(text);
      await shop.world.runFor(7);
      socket.resetAndDestroy();
      await shop.world.runFor(1_000);
    }
  }
  const session = await http2(shop);
  const stream = session.request({ ':path': '/large.bin' });
  stream.on('error', () => {});
  await shop.world.runFor(10);
  session.destroy();
  await shop.world.runFor(1_000);
  t.same(
    shop.world.logged.filter(({ level }) => level === 'error'),
    [],
    'no error of the server',
  );
  await goesOn(t, shop);
});

t.test('a header of a megabyte, an address that is too long, requests that smuggle', async (t) => {
  const shop = shopOf();
  t.match(await raw(shop, `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(1_000_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  t.match(await raw(shop, `GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(20_000)}\r\n`), /^HTTP\/1\.1 431 /);
  t.equal((await ask(shop, `GET /${'a'.repeat(9_000)} HTTP/1.1\r\n${HOST}${CLOSE}`)).status, 414);
  const both = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x`;
  t.match(await raw(shop, both), /^HTTP\/1\.1 400 /);
  t.match(await raw(shop, `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`), /HTTP\/1\.1 400 /);
  t.match(await raw(shop, `GET / HTTP/1.1\r\n${HOST}X : y\r\n\r\n`), /^HTTP\/1\.1 400 /);
  t.match(await raw(shop, `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`), /^HTTP\/1\.1 400 /);
  await goesOn(t, shop);
});

t.test('HTTP/2: a header list that is too long', async (t) => {
  const shop = shopOf();
  const session = await http2(shop);
  t.equal((await shop.world.until(ask2(session, { ':path': '/' }))).headers[':status'], 200);
  const long = ask2(session, { ':path': '/', 'x-long': 'x'.repeat(60_000) });
  await t.rejects(shop.world.until(long));
  await goesOn(t, shop);
});

t.test('HTTP/2: a flood of requests that are given up at once (CVE-2023-44487)', async (t) => {
  const shop = shopOf();
  const session = await http2(shop);
  let resets = 0;
  while (!session.destroyed && !session.closed && resets < 5_000) {
    for (let burst = 0; burst < 50 && !session.destroyed && !session.closed; burst++) {
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => {});
      stream.close(8);
      resets += 1;
    }
    await shop.world.runFor(1);
  }
  t.ok(resets < 5_000, `the server has ended it after ${resets}`);
  await goesOn(t, shop);
});

t.test('HTTP/2: a flood of settings, and of pings', async (t) => {
  // RFC 9113 sections 3.4, 6.5 and 6.7: the preface, then frames whose payload is empty, or eight bytes.
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  for (const frame of [settings, ping]) {
    const shop = shopOf();
    const socket = await secure(shop, { ca: authority, servername: 'www.server.com', ALPNProtocols: ['h2'] });
    let over = false;
    socket
      .on('error', () => {})
      .on('close', () => {
        over = true;
      });
    // Nobody reads the answers, which are what such a flood is after.
    socket.pause();
    socket.write(Buffer.concat([preface, settings]));
    let sent = 0;
    while (!over && sent < 400_000) {
      socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => frame)));
      sent += 20_000;
      await shop.world.runFor(50);
    }
    socket.destroy();
    await goesOn(t, shop);
  }
});

t.test('HTTP/2: what is no HTTP/2 though it was agreed on', async (t) => {
  const shop = shopOf();
  const socket = await secure(shop, { ca: authority, servername: 'www.server.com', ALPNProtocols: ['h2'] });
  const closed = whole(socket);
  socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await shop.world.until(closed);
  await goesOn(t, shop);
});
