import t from 'tap';
import { isRedirect, redirected } from '../../../../devices/apps/web/browser/redirects.js';

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
