import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Entry } from 'har-format';
import t from 'tap';
import type { ResourceTiming } from '../../../devices/control.js';
import { buildHar } from '../../../orchestrator/har/har.js';
import { writeHarFile } from '../../../orchestrator/har/har-file.js';
import { harTimings } from '../../../orchestrator/har/timings.js';
import { EPOCH_OFFSET, exchange, LOAD, timing } from './exchanges.js';
import { HAR_SCHEMA } from './har-schema.js';

const origin = { version: '0.1.0', epochOffsetMs: EPOCH_OFFSET, comment: 'lab test, host client' };
const har = buildHar(LOAD, origin);
const [document, style, image, script, form, font] = har.log.entries;

t.test('it is what the specification of HAR 1.2 describes', async (t) => {
  const { success, error } = HAR_SCHEMA.safeParse(har);
  t.ok(success, String(error));
  t.ok(HAR_SCHEMA.safeParse(buildHar({ ...LOAD, timing: undefined, title: '' }, origin)).success);
});

t.test('the schema is strict: what is left out or made up is refused', async (t) => {
  const [entry] = har.log.entries;
  const broken = (change: Partial<Entry> | { made: string }) => ({
    log: { ...har.log, entries: [{ ...entry, ...change }] },
  });
  for (const change of [{ time: -1 }, { made: 'up' }, { startedDateTime: 'yesterday' }, { serverIPAddress: 'web' }]) {
    t.notOk(HAR_SCHEMA.safeParse(broken(change)).success, JSON.stringify(change));
  }
});

t.test('the page: when it began by the wall clock, and what it reached', async (t) => {
  t.same(har.log.pages, [
    {
      startedDateTime: '2026-11-22T00:00:00.000Z',
      id: 'page_1',
      title: 'Books',
      pageTimings: { onContentLoad: 66.5, onLoad: 113 },
    },
  ]);
  const [page] = buildHar({ ...LOAD, timing: undefined, title: '' }, origin).log.pages ?? [];
  t.match(page, { title: LOAD.url, pageTimings: { onContentLoad: -1, onLoad: -1 } });
  t.match(har.log, { version: '1.2', creator: { name: 'netarium', version: '0.1.0' }, comment: origin.comment });
});

t.test('of a body that is too long to be kept: how long it was', async (t) => {
  const requestBody = { contentType: 'text/plain', text: 'the begin', bytes: 2_000_000 };
  const [entry] = buildHar({ ...LOAD, exchanges: [exchange({ url: LOAD.url, method: 'POST', requestBody })] }, origin)
    .log.entries;
  t.match(entry.request, {
    bodySize: 2_000_000,
    postData: { text: 'the begin', comment: 'the beginning of 2000000 bytes' },
  });
  t.equal(form.request.postData?.comment, undefined);
});

t.test('who only waited has received nothing, unless it came from memory', async (t) => {
  const at = timing({ startTime: 1, fetchStart: 1, responseEnd: 9 });
  t.match(harTimings({ timing: at, cache: 'none' }), { timings: { blocked: 8, receive: 0 }, time: 8 });
  t.match(harTimings({ timing: at, cache: 'memory' }), { timings: { blocked: 0, receive: 8 }, time: 8 });
});

t.test('the phases of a request: their sum is the whole time, connect has ssl in it', async (t) => {
  t.same(document.timings, {
    ...{ blocked: 1.25, dns: 10, connect: 20, ssl: -1, send: 0, wait: 20.75, receive: 8.125 },
    _blocked_queueing: 0.5,
  });
  t.match(style.timings, { blocked: 1, dns: -1, connect: 29, ssl: 20, wait: 10, receive: 1 });
  t.match(image.timings, { blocked: 1, dns: -1, connect: -1, wait: 0, receive: 0.5 });
  t.match(font.timings, { blocked: 1, connect: 10, wait: 0, receive: 0 }, 'it failed while it connected');
  for (const [index, { time, timings }] of har.log.entries.entries()) {
    const { blocked = 0, dns = 0, connect = 0, send = 0, wait, receive } = timings;
    const sum = [blocked, dns, connect, send, wait, receive].reduce((all, each) => all + Math.max(0, each), 0);
    t.ok(Math.abs(sum - time) < 1e-9, `entry ${index}: ${sum} is ${time}`);
    const { startTime, responseEnd } = LOAD.exchanges[index].timing;
    t.ok(Math.abs(responseEnd - startTime - time) < 1e-9, `entry ${index}: all of its time`);
  }
  t.equal(document.startedDateTime, '2026-11-22T00:00:00.000Z');
  t.equal(style.startedDateTime, '2026-11-22T00:00:00.060Z');
});

t.test('the request: query, cookies, how long its head was', async (t) => {
  t.same(document.request.queryString, [
    { name: 'sex', value: 'man' },
    { name: 'name', value: 'Professional A' },
  ]);
  t.same(document.request.cookies, [
    { name: 'id', value: '7' },
    { name: 'theme', value: 'dark=er' },
    { name: '', value: 'lonely' },
  ]);
  const head =
    'GET /books/?sex=man&name=Professional%20A HTTP/1.1\r\nHost: www.server.com\r\n' +
    'Cookie: id=7; theme=dark=er; lonely\r\n\r\n';
  t.equal(document.request.headersSize, head.length);
  t.equal(style.request.headersSize, -1, 'HTTP/2 compresses it');
  t.match(form.request, {
    method: 'POST',
    bodySize: 25,
    postData: { mimeType: 'application/x-www-form-urlencoded', text: 'username=zß&password=123' },
  });
  t.equal(form.response.redirectURL, 'http://www.server.com/');
});

t.test('the response: cookies with their ends, sizes before and after gzip', async (t) => {
  t.same(document.response.cookies, [
    {
      ...{ name: 'id', value: '8', path: '/', expires: '2026-11-22T00:01:00.060Z', httpOnly: true, secure: false },
      sameSite: 'lax',
    },
    {
      ...{ name: 'seen', value: '1', domain: 'server.com', expires: '2026-12-01T00:00:00.000Z' },
      ...{ httpOnly: false, secure: true },
    },
  ]);
  t.same(document.response.content, {
    ...{ size: 1000, compression: 600, mimeType: 'text/html; charset=utf-8', text: '<title>Books</title>' },
  });
  t.equal(document.response.bodySize, 400);
  t.equal(document.response._transferSize, document.response.headersSize + 400);
  t.match(font.response, { status: 0, bodySize: -1, headersSize: -1, _transferSize: 0, _error: 'ECONNREFUSED' });
  t.match(font, { comment: 'ECONNREFUSED at tcp: connect ECONNREFUSED 192.0.2.9:80' });
  t.notOk('serverIPAddress' in font || 'connection' in font);
});

t.test('what came from the cache, and what the server found unchanged', async (t) => {
  t.match(image, {
    _fromCache: 'memory',
    response: {
      bodySize: 0,
      headersSize: -1,
      _transferSize: 0,
      content: { size: 3, text: 'AAEC', encoding: 'base64' },
    },
    cache: {
      beforeRequest: {
        expires: '2026-11-22T01:00:00.000Z',
        lastAccess: '2026-11-22T00:00:00.061Z',
        eTag: '"a1"',
        hitCount: 0,
      },
      afterRequest: { hitCount: 1 },
    },
  });
  t.notOk('serverIPAddress' in image);
  t.match(script, { response: { status: 304, bodySize: 0, content: { size: 5000 } } });
  t.match(script.cache, { beforeRequest: { eTag: 'W/"b"' } });
  t.notOk('_fromCache' in script, 'it was asked for');
  t.same(document.cache, {});
  const twice = buildHar({ ...LOAD, exchanges: [...LOAD.exchanges, LOAD.exchanges[2]] }, origin).log.entries;
  t.match(twice.at(-1)?.cache.beforeRequest, { hitCount: 1 });
});

t.test('what DevTools adds: priority, kind, who asked, the certificate', async (t) => {
  t.same(
    har.log.entries.map(({ _priority, _resourceType }) => `${_priority} ${_resourceType}`),
    ['VeryHigh document', 'VeryHigh stylesheet', 'Low image', 'High script', 'VeryHigh document', 'VeryLow other'],
  );
  t.same(document._initiator, { type: 'other' });
  t.same(style._initiator, { type: 'parser', url: LOAD.url, detail: 'link' });
  t.match(font._initiator, { url: 'https://img.server.com/a.css', detail: 'css' });
  t.match(style._securityDetails, {
    protocol: 'TLSv1.3',
    subjectName: 'CN=www.server.com',
    validFrom: Date.UTC(2026, 10, 1) / 1000,
  });
  t.match(style, { serverIPAddress: '192.0.2.3', _serverPort: 443, request: { httpVersion: 'HTTP/2' } });
});

t.test('connections: the port of the client, and the server too where the port is not enough', async (t) => {
  t.same(
    har.log.entries.map(({ connection }) => connection),
    ['40000', '40000 192.0.2.3:443', undefined, '40000', '40000', undefined],
  );
});

t.test('clocks that go backwards, dates and addresses that are none', async (t) => {
  const odd = exchange({
    url: 'http://a/?%zz=%',
    cache: 'memory',
    responseHeaders: [
      ['Cache-Control', 'max-age=99999999999999999999'],
      ['Date', 'soon'],
      ['Set-Cookie', 'a=b; Expires=never; Max-Age=1e400'],
    ],
    timing: timing({ startTime: 5, fetchStart: 3, requestStart: 9, responseStart: 2, responseEnd: 4 }),
  });
  const made = buildHar({ ...LOAD, exchanges: [odd] }, origin);
  const { success, error } = HAR_SCHEMA.safeParse(made);
  t.ok(success, String(error));
});

t.test('whatever the times: no phase is negative, and their sum is the time of the entry', async () => {
  const time = fc.double({ min: 0, max: 1e6, noNaN: true });
  const names = ['domainLookupStart', 'domainLookupEnd', 'connectStart', 'secureConnectionStart', 'connectEnd'];
  const optional = [...names, 'requestStart', 'responseStart'].map((name) => [
    name,
    fc.option(time, { nil: undefined }),
  ]);
  const times = fc.record({ startTime: time, fetchStart: time, responseEnd: time, ...Object.fromEntries(optional) });
  fc.assert(
    fc.property(times, fc.option(time, { nil: undefined }), (at, sentAt) => {
      const { timings, time: total } = harTimings({ timing: at as ResourceTiming, cache: 'none' }, sentAt);
      const { blocked, dns, connect, ssl, send, wait, receive } = timings;
      const phases = [blocked, dns, connect, send, wait, receive];
      for (const each of [...phases, ssl]) if (each < 0 && each !== -1) throw new Error(`${each}`);
      const sum = phases.reduce((all, each) => all + Math.max(0, each), 0);
      if (Math.abs(sum - total) > 1e-3) throw new Error(`${sum} is not ${total}`);
    }),
  );
});

t.test('the file is for its owner alone, also where one was', async (t) => {
  const path = join(t.testdir({ 'page.har': 'old' }), 'page.har');
  chmodSync(path, 0o644);
  await writeHarFile(path, har);
  t.same(JSON.parse(readFileSync(path, 'utf8')), JSON.parse(JSON.stringify(har)));
  t.equal(statSync(path).mode & 0o777, 0o600);
  await t.rejects(writeHarFile(join(t.testdir(), 'none', 'a.har'), har), { code: 'ENOENT' });
});
