/** Content codings: undone in the order in which they were applied, within limits, and what is damaged is said to be. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { MAX_DECODED_BYTES, readBody } from '../../../../devices/apps/web/browser/body.js';
import { decodersFor } from '../../../../devices/apps/web/client/content-coding.js';
import { httpServer, secureServer } from './own-server.js';

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(2000);
const BODIES: Readonly<Record<string, [coding: string, bytes: Uint8Array]>> = {
  '/gzip': ['gzip', gzipSync(TEXT)],
  '/x-gzip': ['X-GZIP', gzipSync(TEXT)],
  '/deflate': ['deflate', deflateSync(TEXT)],
  '/raw-deflate': ['deflate', deflateRawSync(TEXT)],
  '/br': ['br', brotliCompressSync(TEXT)],
  '/both': ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
  '/identity': ['identity', Buffer.from(TEXT)],
  '/unknown': ['aes128gcm', Buffer.from(TEXT)],
  '/damaged': ['gzip', gzipSync(TEXT).fill(0xff, 100, 120)],
  '/no-gzip': ['gzip', Buffer.from(TEXT)],
  '/damaged-br': ['br', Buffer.from(TEXT)],
  '/damaged-deflate': ['deflate', deflateSync(TEXT).fill(0xff, 50, 90)],
  '/cut': ['gzip', gzipSync(TEXT).subarray(0, -40)],
  '/many': ['gzip, gzip, gzip, gzip, gzip, gzip', Buffer.from(TEXT)],
  '/bomb': ['gzip', gzipSync(Buffer.alloc(40_000_000))],
  '/double-bomb': ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(40_000_000)))],
  // Behind the end of the inner one the outer one goes on.
  '/hidden-bomb': ['gzip, gzip', gzipSync(Buffer.concat([gzipSync('hello'), Buffer.alloc(40_000_000)]))],
  '/empty': ['gzip', Buffer.alloc(0)],
};

const stage = httpServer((request, response) => {
  const [coding, bytes] = BODIES[request.url ?? ''] ?? ['', Buffer.from('')];
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Encoding': coding });
  response.end(bytes);
});

t.test('each coding, and two on top of each other: the same text, and what crossed the wire', async (t) => {
  const sha256 = createHash('sha256').update(TEXT).digest('hex');
  for (const path of ['/gzip', '/x-gzip', '/deflate', '/raw-deflate', '/br', '/both', '/identity', '/unknown']) {
    const result = await stage.fetch(`http://www.server.com${path}`);
    t.match(
      result,
      { ok: true, text: TEXT, exchanges: [{ bytes: TEXT.length, sha256, encodedBytes: BODIES[path][1].length }] },
      path,
    );
  }
  t.match(await stage.fetch('http://www.server.com/empty'), { ok: true, text: '' });
  t.match(await stage.fetch({ url: 'http://www.server.com/gzip', method: 'HEAD' }), { ok: true, text: '' });
});

t.test('what cannot be decoded is an error of the response, and the browser goes on', async (t) => {
  const code = 'ERR_CONTENT_DECODING';
  for (const path of ['/damaged', '/no-gzip', '/damaged-br', '/damaged-deflate', '/cut', '/many']) {
    const { ok, error } = await stage.fetch(`http://www.server.com${path}`);
    t.match({ ok, error }, { ok: false, error: { code, stage: 'http' } }, path);
  }
  t.match((await stage.fetch('http://www.server.com/cut')).error, { message: /gzip, ends in the middle/ });
  t.match(await stage.fetch('http://www.server.com/gzip'), { ok: true });
});

t.test('a bomb is put out', async (t) => {
  for (const path of ['/bomb', '/double-bomb', '/hidden-bomb']) {
    const { error } = await stage.fetch(`http://www.server.com${path}`);
    t.match(error, { code: 'ERR_BODY_TOO_LONG', stage: 'http', message: /have become \d+ when decoded/ }, path);
  }
});

t.test('what stands behind the coded data is read as far as a body may be long, and no further', async (t) => {
  const piece = Buffer.alloc(1024 * 1024);
  let pieces = 0;
  async function* endless() {
    yield gzipSync('hello');
    for (; pieces < 1000; pieces++) yield piece;
  }
  const reading = readBody(Readable.from(endless()), { contentEncoding: 'gzip', keepBytes: 0, onProgress: () => {} });
  await t.rejects(reading, { code: 'ERR_BODY_TOO_LONG' });
  t.ok(pieces * piece.length <= MAX_DECODED_BYTES + 4 * piece.length, `${pieces} MiB`);
});

t.test('what is asked for: brotli over TLS alone', async (t) => {
  const accepted = new Map([(await stage.fetch('http://www.server.com/')).exchanges[0].requestHeaders].flat());
  t.equal(accepted.get('Accept-Encoding'), 'gzip, deflate');
  const secure = secureServer((request, response) => response.end(request.headers['accept-encoding']));
  t.match((await secure.fetch('https://www.server.com/')).text, /^gzip, deflate, br(, zstd)?$/);
});

t.test('the number of codings is bounded', async (t) => {
  t.equal(decodersFor('gzip,gzip,gzip,gzip,gzip')?.length, 5);
  t.equal(decodersFor('gzip,gzip,gzip,gzip,gzip,gzip'), undefined);
  t.strictSame(decodersFor(' , identity'), []);
});
