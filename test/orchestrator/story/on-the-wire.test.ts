/** Loads of a real browser from a real server: what HAR and the story say is held against the frames. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from 'har-format';
import t from 'tap';
import type { FetchResult } from '../../../devices/control.js';
import { writeCaptureFile } from '../../../orchestrator/capture/capture-file.js';
import { buildHar } from '../../../orchestrator/har/har.js';
import { buildReport } from '../../../orchestrator/story/build.js';
import { sentTimes } from '../../../orchestrator/story/http-story.js';
import { renderReport } from '../../../orchestrator/story/render.js';
import type { ExchangeReport, Segment } from '../../../orchestrator/story/report.js';
import type { Scene } from '../../../orchestrator/story/scene.js';
import { ADDRESS, httpServer, oldSecureServer, secureServer } from '../../apps/web/browser/own-server.js';
import { requestsOnWire } from '../../support/http-frames.js';
import { Wireshark } from '../../support/wireshark.js';
import type { World } from '../../support/world.js';
import { worldScene } from '../../support/world-scene.js';
import { HAR_SCHEMA } from '../har/har-schema.js';

const EPOCH = Date.UTC(2026, 10, 22, 12);
const SCENE = { addresses: { client: '10.0.0.1', server: ADDRESS }, delayMs: 2, epochMs: EPOCH };

function storyOf(world: World, result: FetchResult) {
  const scene = worldScene(world, 'client', result, SCENE);
  const report = buildReport(scene, 'world');
  const sentAt = sentTimes(scene, report.exchanges);
  const har = buildHar(result, { version: '0', epochOffsetMs: EPOCH, comment: '', sentAt });
  const { success, error } = HAR_SCHEMA.safeParse(har);
  t.ok(success, String(error));
  return { scene, report, entries: har.log.entries };
}

/** What the segments of an exchange carried, byte for byte. */
function bytesOf(scene: Scene, segments: readonly Segment[]): Buffer {
  const payloads = segments.map(
    ({ frame }) => scene.capture.frames[frame - 1].layers.tcp?.payload ?? new Uint8Array(0),
  );
  return Buffer.concat(payloads);
}

const PAGE = `<title>Shop</title><link rel=stylesheet href=/style.css>
<img src=http://img.server.com/cover.png><img src=http://ads.other.com/banner.png>`;

const site = httpServer((request, response) => {
  const { host, cookie, 'if-none-match': condition } = request.headers;
  if (host === 'server.com') {
    response.writeHead(301, { Location: 'http://www.server.com/', 'Content-Length': 0 }).end();
    return;
  }
  const type = request.url === '/' ? 'text/html' : request.url === '/style.css' ? 'text/css' : 'image/png';
  response.setHeader('Content-Type', type);
  if (request.url === '/style.css') response.setHeader('Cache-Control', 'max-age=600');
  if (request.url === '/') {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Set-Cookie', [
      `visits=${cookie === undefined ? 1 : 2}; Path=/`,
      'shop=open; Domain=server.com',
    ]);
  }
  if (host === 'img.server.com') {
    response.setHeader('ETag', '"c1"');
    response.setHeader('Cache-Control', 'no-cache');
    if (condition === '"c1"') response.statusCode = 304;
  }
  const body = request.url === '/' ? PAGE : 'x'.repeat(3000);
  if (response.statusCode === 304) response.end();
  else response.setHeader('Content-Length', body.length).end(body);
});

const first = await site.fetch('http://server.com/');
const firstStory = storyOf(site.world, first);
const second = await site.fetch('http://www.server.com/');
const secondStory = storyOf(site.world, second);

const LOADS = [
  { name: 'first', result: first, ...firstStory },
  { name: 'second', result: second, ...secondStory },
];

const header = (entry: Entry, name: string) =>
  entry.request.headers.find((each) => each.name.toLowerCase() === name)?.value;

for (const { name, result, scene, report, entries } of LOADS) {
  t.test(`${name} load: HAR has the requests that crossed the wire, and no other`, async (t) => {
    const onWire = requestsOnWire(site.world.frames.filter(({ at }) => at >= result.startAt && at <= result.endAt));
    const asked = entries.filter(({ _fromCache }) => _fromCache === undefined);
    const line = (start: string, host = '', cookie = '', condition = '') =>
      [start, host, cookie, condition].join(' | ');
    t.same(
      asked
        .map((entry) => {
          const { pathname } = new URL(entry.request.url);
          const start = `${entry.request.method} ${pathname} ${entry.request.httpVersion}`;
          const cookies = entry.request.cookies.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ');
          return line(start, new URL(entry.request.url).host, cookies, header(entry, 'if-none-match'));
        })
        .sort(),
      onWire
        .map(({ startLine, headers }) =>
          line(startLine, headers.get('host'), headers.get('cookie'), headers.get('if-none-match')),
        )
        .sort(),
    );
    for (const entry of asked) {
      const { host, pathname } = new URL(entry.request.url);
      const sent = onWire.find(({ startLine, headers, from }) => {
        const isSame = startLine.includes(` ${pathname} `) && headers.get('host') === host;
        return isSame && from.endsWith(`:${entry.connection}`);
      });
      const { blocked = 0, dns = 0, connect = 0 } = entry.timings;
      const before = Math.max(0, blocked) + Math.max(0, dns) + Math.max(0, connect);
      const leftAt = Date.parse(entry.startedDateTime) - EPOCH + before;
      t.ok(Math.abs(leftAt - (sent?.at ?? 0)) < 1.001, `${entry.request.url} left at ${sent?.at}, by HAR at ${leftAt}`);
    }
  });

  t.test(`${name} load: the segments of an exchange are its head and its body, to the byte`, async (t) => {
    for (const exchange of report.exchanges) {
      const entry = entries.find(({ request }) => request.url === exchange.url) as Entry;
      if (exchange.cache === 'memory') {
        t.same([exchange.requestSegments, exchange.responseSegments], [[], []], `${exchange.url}: no frame`);
        continue;
      }
      t.equal(bytesOf(scene, exchange.requestSegments).toString('latin1'), exchange.requestHead, exchange.url);
      const answer = bytesOf(scene, exchange.responseSegments);
      t.ok(answer.toString('latin1').startsWith(exchange.responseHead.trimEnd()), `${exchange.url}: answer`);
      t.equal(answer.length, entry.response.headersSize + entry.response.bodySize, `${exchange.url}: sizes in HAR`);
      t.equal(exchange.requestBytes, entry.request.headersSize);
      t.equal(exchange.sharedSegments, 0);
    }
  });
}

t.test('a redirect, three hosts; then a page of which one part is kept, and one asked about', async (t) => {
  const told = (exchanges: readonly ExchangeReport[]) =>
    exchanges.map(({ url, status, cache }) => `${status} ${url} ${cache}`).sort();
  t.same(told(firstStory.report.exchanges), [
    '200 http://ads.other.com/banner.png none',
    '200 http://img.server.com/cover.png none',
    '200 http://www.server.com/ none',
    '200 http://www.server.com/style.css none',
    '301 http://server.com/ none',
  ]);
  t.same(told(secondStory.report.exchanges), [
    '200 http://ads.other.com/banner.png none',
    '200 http://www.server.com/ none',
    '200 http://www.server.com/style.css memory',
    '304 http://img.server.com/cover.png validated',
  ]);
  const [page] = secondStory.entries;
  t.same(page.request.cookies, [
    { name: 'visits', value: '1' },
    { name: 'shop', value: 'open' },
  ]);
  t.match(page.response.cookies, [
    { name: 'visits', value: '2', path: '/' },
    { name: 'shop', domain: 'server.com' },
  ]);
  const summaries = secondStory.report.steps.map(({ summary }) => summary).join('\n');
  t.match(summaries, /GET http:\/\/www\.server\.com\/: .*; cookies: visits shop/);
  t.match(summaries, /has http:\/\/www\.server\.com\/style\.css in its cache, \d+ ms old and fresh: asks nobody/);
  t.match(summaries, /304 for http:\/\/img\.server\.com\/cover\.png, what is in the cache is still good/);
});

t.test('a form of many segments: it is sent until the last of them has left', async (t) => {
  const { fetch, world } = httpServer((request, response) => {
    request.resume().on('end', () => response.end('thanks'));
  });
  const value = 'x'.repeat(100_000);
  const result = await fetch({ url: 'http://www.server.com/', form: { fields: [{ name: 'a', value }] } });
  const { scene, report, entries } = storyOf(world, result);
  const [{ requestSegments, requestHead }] = report.exchanges;
  const sent = bytesOf(scene, requestSegments).toString('latin1');
  t.equal(sent, `${requestHead}a=${value}`);
  const [{ timings, request }] = entries;
  t.equal(request.bodySize, value.length + 2);
  const last = requestSegments[requestSegments.length - 1].atMs;
  t.ok((timings.send ?? 0) > 3, `${timings.send} ms: windows open by round trips of 4 ms`);
  t.ok(Math.abs((timings.send ?? 0) - (last - requestSegments[0].atMs)) < 0.01);
});

t.test('the tickets of TLS 1.3 are no part of the response', async (t) => {
  const { fetch, world } = oldSecureServer((_request, response) => response.end('page'), 'TLSv1.3');
  const { report } = storyOf(world, await fetch('https://www.server.com/'));
  const [{ protocol, responseHead, responseBytes, responseSegments }] = report.exchanges;
  t.equal(protocol, 'HTTP/1.1');
  t.equal(responseSegments.length, 1);
  // A record of TLS 1.3: 5 bytes of header, the type, and 16 that prove it (RFC 8446 section 5.2).
  t.equal(responseBytes, responseHead.length + 'page'.length + 22);
});

t.test('a machine that hears of a response when all of it is there', async (t) => {
  const stage = secureServer(async (_request, response) => {
    response.write('x'.repeat(1000));
    await stage.sleep(1);
    response.end();
  });
  const { fetch, world } = stage;
  const result = await fetch('https://www.server.com/');
  const late = result.exchanges.map((exchange) => {
    const { timing } = exchange;
    return { ...exchange, timing: { ...timing, responseStart: timing.responseEnd } };
  });
  const [inTime] = storyOf(world, result).report.exchanges;
  const [told] = storyOf(world, { ...result, exchanges: late }).report.exchanges;
  t.ok(told.responseBytes > 1000, `${told.responseBytes} bytes`);
  t.equal(told.responseSegments.length, 2, 'head and body, and the end');
  t.same(told.responseSegments, inTime.responseSegments.slice(-2));
});

t.test('a certificate that is refused: what was agreed on all the same, and why it will not do', async (t) => {
  const { fetch, world } = secureServer((_request, response) => response.end('page'));
  const { report } = storyOf(world, await fetch('https://img.server.com/'));
  const [tls] = report.tls;
  t.match(tls, {
    protocol: 'TLSv1.3',
    alpn: 'h2',
    establishedMs: undefined,
    refusal: { code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: /for another name/ },
  });
  t.match(report.steps.findLast(({ layer }) => layer === 'tls')?.summary, /^refuses img\.server\.com: the certificate/);
  const text = renderReport(report, (_style, words) => words);
  t.match(
    text,
    /agreed {2}TLSv1\.3, TLS_AES_256_GCM_SHA384, \S+, h2\n {3}refused the certificate of img\.server\.com is for/,
  );
});

t.test('HTTP/2: Wireshark, with the secrets, finds each request and answer where the story says', async (t) => {
  const pictures = Array.from({ length: 12 }, (_, index) => `/${index}.png`);
  const { fetch, world } = secureServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'image/png');
    response.end(request.url === '/' ? pictures.map((path) => `<img src=${path}>`).join('') : 'x'.repeat(4000));
  });
  const result = await fetch('https://www.server.com/');
  const { scene, report } = storyOf(world, result);
  const path = join(t.testdir(), 'page.pcapng');
  // Of one end alone: what both ends saw would be retransmissions to Wireshark.
  const mine = scene.capture.frames.filter(({ device }) => device === 'client');
  await writeCaptureFile(path, { ...scene.capture, frames: mine });
  const judged = (await Wireshark.start()).judge(readFileSync(path));
  const matching = (filter: string) => judged.matching(filter).map((number) => mine[number - 1].n);
  t.equal(report.exchanges.length, 13);
  for (const { url, requestSegments } of report.exchanges) {
    const { pathname } = new URL(url);
    const found = matching(`http2.headers.path == "${pathname}"`);
    t.ok(found.length === 1 && requestSegments.some(({ frame }) => frame === found[0]), `${pathname}: ${found}`);
  }
  const [preface] = matching('http2.magic');
  const carriers = report.exchanges.filter(({ requestSegments }) =>
    requestSegments.some(({ frame }) => frame === preface),
  );
  t.same(
    report.exchanges.filter(({ withPreface }) => withPreface),
    carriers,
    'what the connection begins with is told where it is',
  );
  const claimed = new Set(report.exchanges.flatMap((exchange) => exchange.responseSegments.map(({ frame }) => frame)));
  const answers = matching(`(http2.headers.status || http2.type == 0) && tcp.srcport == 443`);
  t.ok(answers.length > 0);
  t.same(
    answers.filter((frame) => !claimed.has(frame)),
    [],
    'each answer is in a segment of some exchange',
  );
  t.ok(
    report.exchanges.slice(1).some(({ sharedSegments }) => sharedSegments > 0),
    'side by side',
  );
  t.equal(report.exchanges[0].sharedSegments, 0, 'the page came alone');
  t.match(report.tls, [{ protocol: 'TLSv1.3', alpn: 'h2', serverName: 'www.server.com' }]);
});
