/** HTTP Strict Transport Security (RFC 6797): what is remembered, for whom and for how long, and what is asked then. */
import t from 'tap';
import {
  MAX_STRICT_HOSTS,
  readStrictTransport,
  StrictTransport,
} from '../../../../devices/apps/web/browser/strict-transport.js';
import { secureServer } from './own-server.js';

function browser() {
  let now = Date.UTC(2026, 10, 22);
  const strict = new StrictTransport(() => now);
  const says = (value: string, url = 'https://www.server.com/') =>
    strict.receive([['Strict-Transport-Security', value]], new URL(url));
  const asks = (url: string) => strict.secured(new URL(url))?.href;
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  return { strict, says, asks, pass };
}

t.test('the header', async (t) => {
  const of = (maxAgeSeconds: number, includeSubDomains = false) => ({ maxAgeSeconds, includeSubDomains });
  t.strictSame(readStrictTransport('max-age=31536000'), of(31536000));
  t.strictSame(readStrictTransport('max-age="10" ; includeSubDomains; preload;'), of(10, true));
  t.strictSame(readStrictTransport('INCLUDESUBDOMAINS; Max-Age = 0; x="a b"'), of(0, true));
  for (const bad of [
    '',
    'includeSubDomains',
    'max-age',
    'max-age=-1',
    'max-age=1; max-age=2',
    'max-age=1; a b',
    'max-age=ten',
  ])
    t.equal(readStrictTransport(bad), undefined, bad);
});

t.test('a host that said so by https, as long as it said', async (t) => {
  const { says, asks, pass, strict } = browser();
  says('max-age=60', 'http://www.server.com/');
  t.equal(asks('http://www.server.com/'), undefined, 'by http anybody could say so');
  says('max-age=60');
  t.equal(asks('http://www.server.com/a?b#c'), 'https://www.server.com/a?b#c');
  t.equal(asks('http://www.server.com:8080/'), 'https://www.server.com:8080/');
  t.equal(asks('https://www.server.com/'), undefined);
  for (const other of ['http://server.com/', 'http://a.www.server.com/']) t.equal(asks(other), undefined, other);
  pass(59);
  t.ok(asks('http://www.server.com/'));
  pass(1);
  t.equal(asks('http://www.server.com/'), undefined);
  says('max-age=60');
  says('nonsense');
  t.ok(asks('http://www.server.com/'), 'what is malformed changes nothing');
  says('max-age=0');
  t.equal(asks('http://www.server.com/'), undefined, 'it has taken it back');
  says('max-age=60; includeSubDomains', 'https://server.com/');
  t.ok(asks('http://a.www.server.com/'));
  t.equal(asks('http://otherserver.com/'), undefined);
  strict.clear();
  t.equal(asks('http://server.com/'), undefined);
});

t.test('addresses are no hosts, and hosts are counted', async (t) => {
  const { says, asks } = browser();
  says('max-age=60', 'https://10.0.0.2/');
  t.equal(asks('http://10.0.0.2/'), undefined);
  for (let index = 0; index <= MAX_STRICT_HOSTS; index++) says('max-age=60', `https://${index}.com/`);
  t.equal(asks('http://0.com/'), undefined);
  t.ok(asks('http://1.com/') && asks(`http://${MAX_STRICT_HOSTS}.com/`));
});

t.test('a page and its pictures: by https from the second load on', async (t) => {
  const { fetch } = secureServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'image/png');
    response.setHeader('Strict-Transport-Security', 'max-age=600');
    response.end(request.url === '/' ? '<img src=http://www.server.com/a.png>' : '');
  });
  const http = 'http://www.server.com/';
  t.match((await fetch(http)).error, { code: 'ECONNREFUSED' }, 'nobody there speaks http');
  t.match(await fetch('https://www.server.com/'), { ok: true, resources: [{}, { status: 200 }] });
  const again = await fetch(http);
  t.match(again, {
    ok: true,
    finalUrl: 'https://www.server.com/',
    redirects: [{ from: http, to: 'https://www.server.com/', status: 307 }],
    resources: [{ url: 'https://www.server.com/' }, { url: 'https://www.server.com/a.png', status: 200 }],
  });
  t.equal(again.connections.length, 1);
  t.ok(again.connections.every(({ remote }) => remote.endsWith(':443')));
  t.match((await fetch({ url: http, clear: true })).error, { code: 'ECONNREFUSED' }, 'a new browser knows nothing');
});
