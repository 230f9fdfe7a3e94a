import t from 'tap';
import { buildReport } from '../../../orchestrator/story/build.js';
import { redirectChapter } from '../../../orchestrator/story/redirect-chapter.js';
import { redirectStory } from '../../../orchestrator/story/redirect-story.js';
import { renderReport } from '../../../orchestrator/story/render.js';
import type { ExchangeReport, FetchReport } from '../../../orchestrator/story/report.js';
import { smallPage } from './small-page.js';

const plain = (_style: unknown, text: string) => text;
const report = buildReport(smallPage(), 'test');
const [sent] = report.exchanges;

function answered(url: string, status: number, head: string, change: Partial<ExchangeReport> = {}): ExchangeReport {
  return { ...sent, url, status, responseHead: `${head}\r\n\r\n`, initiator: 'document', ...change };
}

const [A, B] = ['http://a.test/', 'https://a.test/'];
const MOVED = 'HTTP/1.1 308 Permanent Redirect\r\nlocation:  https://a.test/';
const NOTHING_SENT = { local: '', remote: '', requestSegments: [], responseSegments: [], responseHead: '' } as const;

/** The lines of the chapter, for redirects that are told by these exchanges. */
function told(redirects: readonly [from: string, status: number, to: string][], exchanges: readonly ExchangeReport[]) {
  const steps = redirects.map(([from, status, to]) => ({ from, status, to }));
  const whole: FetchReport = { ...report, exchanges, redirects: redirectStory(steps, exchanges) };
  const { lines } = redirectChapter(whole, plain);
  t.ok(renderReport(whole, plain).includes('Sent elsewhere'));
  return { lines, causes: whole.redirects.map(({ by, exchange }) => `${by} ${exchange ?? '–'}`) };
}

t.test('a redirect is told by its response: status line, Location, names of cookies, frames, connection', async (t) => {
  const head = `${MOVED}\r\nSet-Cookie: id=secret; Path=/\r\nServer: x`;
  const { lines, causes } = told([[A, 308, B]], [answered(A, 308, head), answered(B, 200, 'HTTP/2 200')]);
  t.same(causes, ['response 0']);
  t.same(lines, [
    '308  http://a.test/ → https://a.test/',
    '  HTTP/1.1 308 Permanent Redirect',
    '  Location: https://a.test/',
    '  Set-Cookie: id',
    '  asked #11, answered #14, over 192.0.2.2:40000 → 192.0.2.1:80',
  ]);
});

t.test('by TLS the frames show no head: it is the word of the browser', async (t) => {
  const head = 'HTTP/2 302\r\nlocation: /x\r\nstrict-transport-security: max-age=3600';
  const { lines } = told([[B, 302, `${B}x`]], [answered(B, 302, head, { encrypted: true })]);
  t.same(lines.slice(1), [
    '  HTTP/2 302',
    '  Location: /x',
    '  Strict-Transport-Security: max-age=3600',
    '  asked #11, answered #14, over 192.0.2.2:40000 → 192.0.2.1:80, encrypted: the head is the word of the browser',
  ]);
});

t.test('HSTS: 307 without a response, also after a real 307 of the same address', async (t) => {
  const real = answered(A, 307, 'HTTP/1.1 307 Temporary Redirect\r\nLocation: https://a.test/');
  const back = answered(B, 302, 'HTTP/1.1 302 Found\r\nLocation: http://a.test/');
  const { lines, causes } = told(
    [
      [A, 307, B],
      [B, 302, A],
      [A, 307, B],
    ],
    [real, back, answered(B, 200, 'HTTP/1.1 200 OK')],
  );
  t.same(causes, ['response 0', 'response 1', 'hsts –']);
  t.same(lines.slice(-3), [
    '307  http://a.test/ → https://a.test/',
    '  by the browser itself: a.test once said Strict-Transport-Security',
    "  it is asked by https alone (RFC 6797): no frame was sent, and 307 is no server's word",
  ]);
});

t.test('a redirect of the cache: fresh without a frame, or asked about and still good', async (t) => {
  const kept = told([[A, 301, B]], [answered(A, 301, '', { cache: 'memory', ...NOTHING_SENT })]);
  t.same(kept.causes, ['cache 0']);
  t.same(kept.lines.slice(1), ['  in the cache of the browser, and fresh: nobody was asked, no frame was sent']);
  const asked = told([[A, 301, B]], [answered(A, 304, 'HTTP/1.1 304 Not Modified', { cache: 'validated' })]);
  t.same(asked.causes, ['response 0']);
  t.same(asked.lines.slice(1, 3), [
    '  HTTP/1.1 304 Not Modified',
    '  the redirect in the cache of the browser is still good',
  ]);
});

t.test('a page that refreshes to another, by its header or in its text', async (t) => {
  const header = told([[A, 200, B]], [answered(A, 200, 'HTTP/1.1 200 OK\r\nRefresh: 0; url=https://a.test/')]);
  t.same(header.causes, ['refresh 0']);
  t.same(header.lines.slice(1, 3), ['  HTTP/1.1 200 OK', '  Refresh: 0; url=https://a.test/']);
  const text = told([[A, 404, B]], [answered(A, 404, 'HTTP/1.1 404 Not Found')]);
  t.same(text.causes, ['refresh 0']);
  t.equal(text.lines[2], '  <meta http-equiv="refresh"> in the page says so');
  const kept = told([[A, 200, B]], [answered(A, 200, '', { cache: 'memory', ...NOTHING_SENT })]);
  t.equal(kept.lines.at(-1), '  no frame was sent for it');
});
