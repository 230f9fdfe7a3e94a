/** Requests and responses of a page load, by hand: what the tests of HAR and of the waterfall are about. */
import type { FetchedExchange, FetchResult, ResourceTiming } from '../../../devices/control.js';

/** The lab's timeline when the page load began; and when that was. */
export const START = 5000;
export const EPOCH_OFFSET = Date.UTC(2026, 10, 22) - START;

export const SECURE: NonNullable<FetchedExchange['secure']> = {
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  alpn: 'h2',
  sessionReused: false,
  subject: 'CN=www.server.com',
  issuer: 'CN=Netarium lab authority',
  validFrom: Date.UTC(2026, 10, 1),
  validTo: Date.UTC(2027, 10, 1),
  names: ['www.server.com', 'server.com'],
};

/** Times of Resource Timing, in milliseconds since the page load began. */
export function timing(times: Readonly<Record<string, number>>): ResourceTiming {
  const entries = Object.entries(times).map(([name, at]) => [name, START + at]);
  return Object.fromEntries(entries) as unknown as ResourceTiming;
}

export function exchange(change: Partial<FetchedExchange>): FetchedExchange {
  return {
    url: 'http://www.server.com/',
    method: 'GET',
    protocol: 'HTTP/1.1',
    requestHeaders: [['Host', 'www.server.com']],
    status: 200,
    statusText: 'OK',
    responseHeaders: [['Content-Type', 'text/html']],
    contentType: 'text/html',
    bytes: 2,
    encodedBytes: 2,
    sha256: '',
    redirectUrl: '',
    initiator: 'document',
    priority: 'highest',
    cache: 'none',
    timing: timing({ startTime: 0, fetchStart: 0, requestStart: 1, responseStart: 2, responseEnd: 3 }),
    local: '192.0.2.2:40000',
    remote: '192.0.2.1:80',
    ...change,
  };
}

export const DOCUMENT = exchange({
  url: 'http://www.server.com/books/?sex=man&name=Professional%20A',
  requestHeaders: [
    ['Host', 'www.server.com'],
    ['Cookie', 'id=7; theme=dark=er; lonely'],
  ],
  responseHeaders: [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Content-Encoding', 'gzip'],
    ['Set-Cookie', 'id=8; Path=/; Max-Age=60; HttpOnly; SameSite=Lax'],
    ['Set-Cookie', 'seen=1; Domain=server.com; Expires=Tue, 01 Dec 2026 00:00:00 GMT; Secure'],
    ['Set-Cookie', ''],
  ],
  contentType: 'text/html; charset=utf-8',
  bytes: 1000,
  encodedBytes: 400,
  body: { text: '<title>Books</title>' },
  timing: timing({
    startTime: 0,
    fetchStart: 0.5,
    domainLookupStart: 0.5,
    domainLookupEnd: 10.5,
    connectStart: 11,
    connectEnd: 31,
    requestStart: 31.25,
    responseStart: 52,
    responseEnd: 60.125,
  }),
});

const PAGE = { initiatorUrl: DOCUMENT.url } as const;

export const ENCRYPTED_STYLE = exchange({
  ...PAGE,
  url: 'https://img.server.com/a.css',
  protocol: 'HTTP/2',
  initiator: 'link',
  contentType: 'text/css',
  priority: 'highest',
  secure: SECURE,
  remote: '192.0.2.3:443',
  timing: timing({
    startTime: 60,
    fetchStart: 60,
    connectStart: 61,
    secureConnectionStart: 70,
    connectEnd: 90,
    requestStart: 90,
    responseStart: 100,
    responseEnd: 101,
  }),
});

export const KEPT_IMAGE = exchange({
  ...PAGE,
  url: 'http://www.server.com/a.png',
  protocol: '',
  requestHeaders: [],
  initiator: 'img',
  contentType: 'image/png',
  priority: 'low',
  cache: 'memory',
  bytes: 3,
  encodedBytes: 3,
  body: { text: 'AAEC', encoding: 'base64' },
  responseHeaders: [
    ['Date', 'Sun, 22 Nov 2026 00:00:00 GMT'],
    ['Cache-Control', 'public, max-age=3600'],
    ['ETag', '"a1"'],
  ],
  timing: timing({ startTime: 61, fetchStart: 62, responseEnd: 62.5 }),
  local: undefined,
  remote: undefined,
});

export const VALIDATED_SCRIPT = exchange({
  ...PAGE,
  url: 'http://www.server.com/a.js',
  initiator: 'script',
  contentType: 'text/javascript',
  priority: 'high',
  cache: 'validated',
  status: 304,
  statusText: 'Not Modified',
  bytes: 5000,
  encodedBytes: 0,
  responseHeaders: [['ETag', 'W/"b"']],
  timing: timing({ startTime: 61, fetchStart: 61, requestStart: 61, responseStart: 65, responseEnd: 65 }),
});

export const SENT_FORM = exchange({
  url: 'http://www.server.com/login',
  method: 'POST',
  requestBody: { contentType: 'application/x-www-form-urlencoded', text: 'username=zß&password=123', bytes: 25 },
  status: 303,
  statusText: 'See Other',
  redirectUrl: 'http://www.server.com/',
});

export const REFUSED_FONT = exchange({
  ...PAGE,
  url: 'http://fonts.server.com/a.woff2',
  protocol: '',
  initiator: 'css',
  initiatorUrl: ENCRYPTED_STYLE.url,
  priority: 'lowest',
  status: 0,
  statusText: '',
  contentType: '',
  responseHeaders: [],
  bytes: 0,
  encodedBytes: 0,
  error: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 192.0.2.9:80', stage: 'tcp' },
  timing: timing({ startTime: 102, fetchStart: 102, connectStart: 103, responseEnd: 113 }),
  local: undefined,
  remote: undefined,
});

export const LOAD: FetchResult = {
  url: DOCUMENT.url,
  finalUrl: DOCUMENT.url,
  ok: true,
  status: 200,
  startAt: START,
  endAt: START + 120,
  redirects: [],
  resources: [],
  lookups: [],
  connections: [],
  exchanges: [DOCUMENT, ENCRYPTED_STYLE, KEPT_IMAGE, VALIDATED_SCRIPT, SENT_FORM, REFUSED_FONT],
  timing: { domInteractive: START + 62, domContentLoaded: START + 66.5, loadEventEnd: START + 113 },
  title: 'Books',
  text: '<title>Books</title>',
};
