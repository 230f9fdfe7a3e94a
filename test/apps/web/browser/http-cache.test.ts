import t from 'tap';
import {
  CACHE_BYTES,
  CACHE_ENTRIES,
  type CachedResponse,
  HttpCache,
  MAX_CACHED_BODY_BYTES,
} from '../../../../devices/apps/web/browser/http-cache.js';
import { browserLibraries } from '../../../../devices/apps/web/browser/libraries.js';
import type { HeaderList } from '../../../../devices/apps/web/client/message.js';

const { CachePolicy } = await browserLibraries();
const EPOCH = Date.UTC(2026, 10, 22);

function machine() {
  let now = EPOCH;
  const cache = new HttpCache(CachePolicy, () => now);
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  return { cache, pass };
}

const get = (path = '/', headers: HeaderList = []) => ({
  url: new URL(path, 'http://www.server.com/'),
  method: 'GET',
  headers: [['Host', 'www.server.com'], ...headers] as HeaderList,
});
const answer = (headers: HeaderList, length = 4) => ({
  status: 200,
  statusText: 'OK',
  headers: [['Date', new Date(EPOCH).toUTCString()], ...headers] as HeaderList,
  body: new Uint8Array(length),
  sha256: '',
});

/** What a request for the page finds, stale. */
function stored(cache: HttpCache): CachedResponse {
  const found = cache.find(get(), true);
  if (found.kind !== 'stale') throw new Error(`it is a ${found.kind}`);
  return found.response;
}

t.test('fresh by max-age, by Expires, by a tenth of its age; then stale, with what it is validated by', async (t) => {
  const { cache, pass } = machine();
  const changed = new Date(EPOCH - 1_000_000).toUTCString();
  cache.store(
    get('/age'),
    answer([
      ['Cache-Control', 'max-age=10'],
      ['ETag', '"a"'],
    ]),
  );
  cache.store(
    get('/expires'),
    answer([
      ['Expires', new Date(EPOCH + 10_000).toUTCString()],
      ['ETag', 'W/"b"'],
    ]),
  );
  cache.store(get('/heuristic'), answer([['Last-Modified', changed]]));
  pass(9);
  for (const path of ['/age', '/expires', '/heuristic'])
    t.match(cache.find(get(path)), { kind: 'fresh', ageSeconds: 9 }, path);
  pass(2);
  t.match(cache.find(get('/age')), { kind: 'stale', validators: [['If-None-Match', '"a"']] });
  t.match(cache.find(get('/expires')), { kind: 'stale', validators: [['If-None-Match', 'W/"b"']] });
  t.equal(cache.find(get('/heuristic')).kind, 'fresh', '100 s for what has not changed for 1000 s');
  pass(100);
  t.match(cache.find(get('/heuristic')), { kind: 'stale', validators: [['If-Modified-Since', changed]] });
});

t.test('what is not kept', async (t) => {
  const { cache } = machine();
  t.notOk(cache.store(get(), answer([['Cache-Control', 'no-store']])));
  t.notOk(cache.store({ ...get(), method: 'POST' }, answer([['Cache-Control', 'max-age=9']])));
  t.notOk(cache.store(get(), { ...answer([['Cache-Control', 'max-age=9']]), status: 206 }));
  t.notOk(cache.store(get(), { ...answer([]), status: 302 }));
  t.notOk(cache.store(get(), answer([['Vary', '*']])) && cache.find(get()).kind === 'fresh');
  t.notOk(cache.store(get(), answer([['Cache-Control', 'max-age=9']], MAX_CACHED_BODY_BYTES + 1)));
  t.ok(cache.store(get(), answer([['Cache-Control', 'private, max-age=9']])), 'it is a private cache');
});

t.test('Vary: another language is another response', async (t) => {
  const { cache } = machine();
  const [en, zh] = ['en', 'zh'].map((language) => get('/', [['Accept-Language', language]]));
  cache.store(
    en,
    answer([
      ['Vary', 'Accept-Language'],
      ['Cache-Control', 'max-age=60'],
    ]),
  );
  t.equal(cache.find(en).kind, 'fresh');
  t.equal(cache.find(zh).kind, 'miss');
});

t.test('a 304 renews what is kept: its headers replace those of old, the body stays', async (t) => {
  const { cache, pass } = machine();
  cache.store(
    get(),
    answer([
      ['ETag', '"a"'],
      ['Cache-Control', 'max-age=5'],
      ['X-Old', '1'],
      ['X-New', '1'],
      ['Content-Type', 'a/b'],
    ]),
  );
  pass(6);
  const news: HeaderList = [
    ['ETag', '"a"'],
    ['Cache-Control', 'max-age=50'],
    ['X-New', '2'],
    ['Content-Type', 'c/d'],
  ];
  const merged = cache.validated(get(), stored(cache), [['Date', new Date(EPOCH + 6_000).toUTCString()], ...news]);
  const headers = Object.fromEntries(merged.headers);
  t.match(headers, { 'X-Old': '1', 'X-New': '2', 'Content-Type': 'a/b', 'Cache-Control': 'max-age=50' });
  pass(40);
  t.equal(cache.find(get()).kind, 'fresh');
});

t.test(
  'a 304 that says nothing renews it all the same; one that forbids it, or comes too late, keeps nothing',
  async (t) => {
    const { cache, pass } = machine();
    const keep = () =>
      cache.store(
        get(),
        answer([
          ['ETag', '"a"'],
          ['Cache-Control', 'max-age=5'],
        ]),
      );
    keep();
    for (let time = 0; time < 3; time++) {
      pass(6);
      t.match(cache.validated(get(), stored(cache), []), { status: 200, headers: { length: 3 } });
      t.match(cache.find(get()), { kind: 'fresh', ageSeconds: 0 });
    }
    const old = stored(cache);
    cache.validated(get(), old, [['Cache-Control', 'no-store']]);
    t.equal(cache.find(get()).kind, 'miss');
    keep();
    const before = stored(cache);
    cache.clear();
    t.match(
      cache.validated(get(), before, [['ETag', '"a"']]),
      { body: { length: 4 } },
      'it is still good for who asked',
    );
    t.strictSame(cache.rows(), []);
  },
);

t.test('what an unsafe method may have changed is forgotten, of the same origin', async (t) => {
  const { cache } = machine();
  for (const path of ['/', '/list', 'http://img.server.com/'])
    cache.store(get(path), answer([['Cache-Control', 'max-age=60']]));
  const location: HeaderList = [
    ['Location', '/list'],
    ['Content-Location', 'http://img.server.com/'],
  ];
  cache.invalidate('GET', get().url, 200, location);
  cache.invalidate('POST', get().url, 500, location);
  t.equal(cache.find(get()).kind, 'fresh');
  cache.invalidate('POST', get().url, 201, location);
  t.equal(cache.find(get()).kind, 'miss');
  t.equal(cache.find(get('/list')).kind, 'miss');
  t.equal(cache.find(get('http://img.server.com/')).kind, 'fresh');
});

t.test('bytes and entries are bounded: what was used longest ago makes room', async (t) => {
  const { cache } = machine();
  const large = answer([['Cache-Control', 'max-age=60']], MAX_CACHED_BODY_BYTES);
  for (const path of ['/a', '/b', '/c', '/d']) cache.store(get(path), large);
  t.equal(cache.find(get('/a')).kind, 'fresh');
  cache.store(get('/e'), large);
  t.strictSame(
    cache.rows().map(({ url }) => new URL(url).pathname),
    ['/c', '/d', '/a', '/e'],
  );
  t.equal(
    cache.rows().reduce((sum, { bytes }) => sum + bytes, 0),
    CACHE_BYTES,
  );
  const small = answer([['Cache-Control', 'max-age=60']]);
  for (let index = 0; index < CACHE_ENTRIES + 10; index++) cache.store(get(`/${index}`), small);
  t.equal(cache.rows().length, CACHE_ENTRIES);
  cache.clear();
  t.strictSame(cache.rows(), []);
});
