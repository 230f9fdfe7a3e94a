import t from 'tap';
import { isRedirect, redirected, redirectLocation } from '../../../../devices/apps/web/browser/redirects.js';

const post = {
  url: new URL('http://server.com/form#end'),
  method: 'POST',
  headers: { Authorization: 'Basic x', 'Content-Type': 'text/plain', 'X-Own': '1' },
  body: { bytes: new Uint8Array(3), contentType: 'text/plain' },
};

t.test('five statuses redirect, when they say where to', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) t.ok(isRedirect({ status, location: '/' }));
  for (const status of [200, 300, 304, 404]) t.notOk(isRedirect({ status, location: '/' }));
  t.notOk(isRedirect({ status: 301, location: '' }));
});

t.test('301, 302 and 303 turn a POST into a GET without a body', async (t) => {
  for (const status of [301, 302, 303]) {
    const next = redirected(post, { status, location: '/done' });
    t.equal(next.method, 'GET');
    t.equal(next.body, undefined);
    t.equal(next.url.href, 'http://server.com/done#end', 'the fragment is inherited');
    t.strictSame(next.headers, { Authorization: 'Basic x', 'X-Own': '1' });
  }
});

t.test('307 and 308 send the same again', async (t) => {
  for (const status of [307, 308]) {
    const next = redirected(post, { status, location: '/done#there' });
    t.equal(next.method, 'POST');
    t.equal(next.body, post.body);
    t.equal(next.url.hash, '#there');
  }
});

t.test('HEAD stays HEAD; 301 leaves other methods as they are', async (t) => {
  t.equal(redirected({ ...post, method: 'HEAD' }, { status: 303, location: '/' }).method, 'HEAD');
  t.equal(redirected({ ...post, method: 'PUT' }, { status: 301, location: '/' }).method, 'PUT');
  t.equal(redirected({ ...post, method: 'PUT' }, { status: 303, location: '/' }).method, 'GET');
});

t.test('credentials and Host stay at home', async (t) => {
  const request = { ...post, headers: { Host: 'server.com', cookie: 'a', authorization: 'b', 'X-Own': '1' } };
  t.strictSame(redirected(request, { status: 307, location: 'http://www.server.com/' }).headers, { 'X-Own': '1' });
});

t.test('a place that cannot be loaded is an error', async (t) => {
  t.throws(() => redirected(post, { status: 301, location: 'ftp://server.com/' }), {
    code: 'ERR_UNSUPPORTED_SCHEME',
  });
  t.throws(() => redirected(post, { status: 301, location: 'http://[' }), { code: 'ERR_INVALID_URL' });
});

t.test('several places are none, unless they are the same', async (t) => {
  const twice = (a: string, b: string) =>
    [
      ['Location', a],
      ['location', b],
    ] as const;
  t.equal(redirectLocation(302, twice('/a', '/a')), '/a');
  t.equal(redirectLocation(200, twice('/a', '/b')), '');
  t.throws(() => redirectLocation(302, twice('/a', '/b')), { code: 'ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION' });
});

t.test(
  'who asks: tainted by the way through another origin; the policy of a redirect holds from then on',
  async (t) => {
    const url = new URL('http://server.com/page');
    const client = { url, referrerPolicy: 'origin', topUrl: url } as const;
    const away = { status: 307, location: 'http://ads.other.com/' } as const;
    t.equal(redirected(post, away).isTainted, true, 'nobody asks: the first step is one too many');
    const first = redirected({ ...post, client }, away);
    t.equal(first.isTainted, undefined, 'from its own site it is sent on in its own name');
    t.equal(redirected(first, { ...away, location: '/other' }).isTainted, undefined);
    const second = redirected(first, { ...away, location: 'http://server.com/back', referrerPolicy: 'no-referrer' });
    t.match(second, { isTainted: true, client: { url, referrerPolicy: 'no-referrer' } });
    t.equal(redirected(second, { ...away, location: '/again' }).isTainted, true);
  },
);
