import t from 'tap';
import { buildReport } from '../../../orchestrator/story/build.js';
import { renderExplanation } from '../../../orchestrator/story/explain.js';
import { renderReport } from '../../../orchestrator/story/render.js';
import { oldSecurePage, PAGE, refusedPage, STYLE, securePage } from './secure-page.js';
import { smallPage } from './small-page.js';

const plain = (_style: unknown, text: string) => text;
const scene = securePage();
const report = buildReport(scene, 'test');

t.test('what was offered, what was agreed on, who proved to be who', async (t) => {
  t.match(report.tls, [
    {
      ...{ local: '192.0.2.2:40000', remote: '192.0.2.1:443', serverName: 'www.server.com' },
      ...{ protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', group: 'x25519', alpn: 'h2', establishedMs: 30 },
      offered: { versions: ['TLSv1.3', 'TLSv1.2'], alpn: ['h2'] },
      certificate: { subject: 'CN=www.server.com', validTo: '2027-11-01T00:00:00.000Z' },
    },
  ]);
  t.ok(report.tls[0].offered.cipherSuites.length > 5);
});

t.test('the messages, up to the last of the client, with the frames that carried them', async (t) => {
  t.same(
    report.tls[0].messages.map(({ direction, name, encrypted, frames }) => [direction, name, encrypted, frames]),
    [
      ['out', 'Client Hello', false, [4]],
      ['in', 'Server Hello', false, [5]],
      ['in', 'Change Cipher Spec', false, [5]],
      ['in', 'rest of the handshake', true, [5]],
      ['out', 'Change Cipher Spec', false, [6]],
      ['out', 'Finished', true, [6]],
    ],
  );
  const old = buildReport(oldSecurePage(), 'test');
  t.same(
    old.tls[0].messages.map(({ name, encrypted }) => `${name}${encrypted ? ' (encrypted)' : ''}`),
    [
      ...['Client Hello', 'Server Hello', 'Certificate', 'Server Key Exchange', 'Server Hello Done'],
      ...['Client Key Exchange', 'Change Cipher Spec', 'Finished (encrypted)'],
    ],
    'version 1.2 hides less',
  );
  t.match(old.tls[0], { protocol: 'TLSv1.2', serverName: 'www.server.com' }, 'read from the frames alone');
  t.match(old.exchanges, [{ encrypted: true, protocol: 'HTTP/1.1', requestSegments: [{ frame: 7 }] }]);
  t.same(buildReport(smallPage(), 'test').tls, [], 'a page without TLS');
});

t.test('streams beside each other: whose the frames are, and which may be shared', async (t) => {
  const parts = report.exchanges.map(({ url, requestSegments, responseSegments, sharedSegments }) => [
    url,
    requestSegments.map(({ frame }) => frame),
    responseSegments.map(({ frame }) => frame),
    sharedSegments,
  ]);
  t.same(parts, [
    [PAGE, [7], [8, 9], 2],
    [STYLE, [7], [9, 10], 2],
  ]);
  t.match(report.exchanges, [
    { protocol: 'HTTP/2', encrypted: true, requestBytes: 105, responseBytes: 510, status: 200, priority: 'highest' },
    { cache: 'none', initiator: 'link', timings: { requestStart: 30.6, responseEnd: 44.2 } },
  ]);
  t.match(report.resources, [{ protocol: 'HTTP/2', priority: 'highest', cache: 'none', timings: { startTime: 0 } }]);
});

t.test('the steps', async (t) => {
  const told = report.steps.filter(({ layer }) => layer === 'tls' || layer === 'http').map(({ summary }) => summary);
  t.match(told, [
    /^sends Client Hello for www\.server\.com: offers TLSv1\.3 TLSv1\.2; h2; \d+ cipher suites$/,
    'gets Server Hello: TLSv1.3, TLS_AES_256_GCM_SHA384, x25519',
    'gets Change Cipher Spec',
    /^gets rest of the handshake, encrypted: \d+ bytes$/,
    /^agrees with www\.server\.com on TLSv1\.3, .*h2; certificate of CN=www\.server\.com by CN=Netarium lab authority$/,
    'sends Change Cipher Spec',
    'sends Finished, encrypted: 74 bytes',
    `GET ${PAGE}: 105 bytes in 1 segment, encrypted, shared with other streams of the connection; cookies: id theme`,
    `GET ${STYLE}: 105 bytes in 1 segment, encrypted, shared with other streams of the connection; cookies: id theme`,
    `200 for ${PAGE}: 510 bytes in 2 segments, encrypted, shared with other streams of the connection; sets cookies: id`,
    `200 for ${STYLE}: 410 bytes in 2 segments, encrypted, shared with other streams of the connection; sets cookies: id`,
  ]);
});

t.test('the chapters: what is encrypted is said to be, at 80 columns and at 120', async (t) => {
  for (const columns of [80, 120]) {
    const lines = renderReport(report, plain, columns).split('\n');
    for (const line of lines) t.ok(line.length <= columns, `${line.length} of ${columns}: ${line}`);
    const text = lines.join('\n');
    for (const expected of [
      /The encryption {2}www\.server\.com\n {3}agreed {2}TLSv1\.3, TLS_AES_256_GCM_SHA384, x25519, h2\n/,
      /proof {3}CN=www\.server\.com, certified by CN=Netarium lab authority\n {11}for www\.server\.com server\.com, until 2027-11-01/,
      /─ Client Hello, 381 B ─+▶ {2}#4\n/,
      /◀─+ rest of the handshake, encrypted, \d+ B ─+ {2}#5\n/,
      /after 20\.0 ms only the two ends can read what is said/,
      /The request, encrypted\n {5}:method: GET\n {5}:path: \/\n/,
      /may have parts of other streams of this HTTP\/2/,
      /Cookies\n {3}sent to {2}id theme {2}https:\/\/www\.server\.com\/ and 1 more there\n {3}set by {3}id/,
    ]) {
      t.match(text, expected);
    }
  }
});

t.test('a handshake that failed: the alert, and how far the first segment came', async (t) => {
  const failed = buildReport(refusedPage(), 'test');
  t.notOk('establishedMs' in failed.tls[0]);
  t.match(failed.tls[0].messages, [{ name: 'Client Hello' }, { name: 'Alert: handshake failure', direction: 'in' }]);
  t.match(failed.exchanges, [{ status: 0, requestSegments: [], error: { stage: 'tls' } }]);
  const text = renderReport(failed, plain);
  t.match(text, /agreed {2}nothing\n/);
  t.match(text, /How far the first segment came/);
  t.match(text, /failed at tls {2}ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: handshake failure/);
  t.notMatch(text, /The request/);
});

t.test('--explain: the records of TLS, and what the browser says is in them', async (t) => {
  const lines = renderExplanation(report, scene, plain).split('\n');
  t.match(lines[0], /^Frame #7, /);
  for (const expected of [
    'TLS (RFC 8446): 105 bytes',
    /^ {2}003e {2}17 +content type {6}application data$/,
    /^ {2}0041 {2}00 64 +length +100 bytes/,
    /^ {2}0043 {2}(ee ){16}/,
    /no one between. The browser says that it is this, in the binary/,
    '  cookie: id=7; theme=x',
  ]) {
    t.ok(
      lines.some((line) => (typeof expected === 'string' ? line === expected : expected.test(line))),
      String(expected),
    );
  }
});

t.test('a redirected page: the document is what is opened, not the redirect', async (t) => {
  const first = {
    ...report.exchanges[0],
    url: 'https://server.com/',
    requestSegments: report.exchanges[0].responseSegments,
  };
  const redirected = { ...report, exchanges: [first, ...report.exchanges] };
  t.match(renderExplanation(redirected, scene, plain), /^Frame #7, /);
});
