import t from 'tap';
import { Cookies, MAX_COOKIES, MAX_DOMAIN_COOKIES } from '../../../../devices/apps/web/browser/cookies.js';
import { browserLibraries } from '../../../../devices/apps/web/browser/libraries.js';

const { cookies: library } = await browserLibraries();

function jar() {
  let now = Date.UTC(2026, 10, 22);
  const cookies = new Cookies(library, () => now);
  const set = (text: string, url = 'https://www.server.com/a/b', context: 'strict' | 'none' = 'strict') =>
    cookies.receive([text], new URL(url), context);
  const sent = (url = 'https://www.server.com/a/b', context: 'strict' | 'lax' | 'none' = 'strict') =>
    cookies.header(new URL(url), context);
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  return { cookies, set, sent, pass };
}

t.test('whose site asks: strict, lax and none, and lax for those that do not say', async (t) => {
  const { set, sent } = jar();
  for (const text of [
    'a=1; SameSite=Strict',
    'b=2; SameSite=Lax',
    'c=3',
    'd=4; SameSite=None; Secure',
    'e=5; SameSite=None',
  ])
    set(text);
  t.equal(sent(undefined, 'strict'), 'a=1; b=2; c=3; d=4');
  t.equal(sent(undefined, 'lax'), 'b=2; c=3; d=4');
  t.equal(sent(undefined, 'none'), 'd=4');
  set('f=6; SameSite=Lax', undefined, 'none');
  set('g=7; SameSite=None; Secure', undefined, 'none');
  t.equal(sent(undefined, 'strict'), 'a=1; b=2; c=3; d=4; g=7', 'from another site, None alone is taken');
});

t.test('paths, longest first; Secure; prefixes', async (t) => {
  const { set, sent } = jar();
  for (const text of ['a=1; Path=/', 'b=2', 'c=3; Path=/other', 'd=4; Secure; Path=/', '__Secure-e=5; Path=/'])
    set(text);
  set('__Host-f=6; Secure; Path=/');
  set('__Host-g=7; Secure; Path=/; Domain=server.com');
  t.equal(sent(), 'b=2; a=1; d=4; __Host-f=6');
  t.equal(sent('http://www.server.com/a/b'), 'b=2; a=1');
  t.equal(sent('https://www.server.com/'), 'a=1; d=4; __Host-f=6');
});

t.test('what is not encrypted neither sets secure cookies nor takes their places', async (t) => {
  const { set, sent } = jar();
  const plain = 'http://www.server.com/a/b';
  set('sid=good; Secure; Path=/a; Max-Age=60');
  for (const text of [
    'sid=evil',
    'sid=evil; Path=/a',
    'sid=evil; Path=/a/b',
    'sid=evil; Path=/a; Domain=server.com',
    'new=1; Secure',
  ])
    set(text, plain);
  t.equal(sent(), 'sid=good');
  set('sid=elsewhere; Path=/', plain);
  set('SID=another', plain);
  t.equal(sent(), 'sid=good; SID=another; sid=elsewhere');
  set('sid=good too; Path=/a');
  t.equal(sent(), 'sid=good too; SID=another; sid=elsewhere', 'who is encrypted may');
  const { set: setLater, sent: sentLater, pass: passLater } = jar();
  setLater('sid=over; Secure; Max-Age=5');
  passLater(6);
  setLater('sid=next', plain);
  t.equal(sentLater(), 'sid=next');
});

t.test('Max-Age and Expires on the machine’s clock; no cookie lives for ever', async (t) => {
  const { cookies, set, sent, pass } = jar();
  set('a=1; Max-Age=10');
  set('b=2; Expires=Sun, 22 Nov 2026 00:00:20 GMT');
  set('c=3; Max-Age=30; Expires=Sun, 22 Nov 2026 00:00:01 GMT');
  set('d=4; Max-Age=99999999999');
  set('e=5');
  pass(9);
  t.equal(sent(), 'a=1; b=2; c=3; d=4; e=5');
  pass(2);
  t.equal(sent(), 'b=2; c=3; d=4; e=5');
  pass(10);
  t.equal(sent(), 'c=3; d=4; e=5');
  pass(401 * 24 * 3600);
  t.equal(sent(), 'e=5');
  set('e=; Max-Age=0');
  t.equal(sent(), undefined);
  t.strictSame(cookies.rows(), []);
});

t.test('sites: scheme and registrable domain', async (t) => {
  const { cookies } = jar();
  const site = (url: string) => cookies.siteOf(new URL(url));
  t.equal(site('https://a.b.server.com:8080/'), 'https://server.com');
  t.equal(site('http://www.server.co.uk/'), 'http://server.co.uk');
  t.not(site('http://server.com/'), site('https://server.com/'));
  t.equal(site('http://10.0.0.1/'), 'http://10.0.0.1');
  t.equal(site('http://localhost/'), 'http://localhost');
});

t.test('how many, and how long', async (t) => {
  const { cookies, set, sent } = jar();
  set(`long=${'x'.repeat(4096)}`);
  t.equal(sent(), undefined);
  for (let index = 0; index < MAX_DOMAIN_COOKIES + 5; index++) set(`n${index}=1`);
  t.equal(cookies.rows().length, MAX_DOMAIN_COOKIES);
  t.notMatch(sent(), /\bn4=1/, 'the oldest ones made room');
  t.match(sent(), /\bn5=1/);
  for (let domain = 0; domain < 30; domain++) {
    const many = Array.from({ length: 150 }, (_, index) => `m${index}=1`);
    cookies.receive(many, new URL(`https://host${domain}.com/`), 'strict');
  }
  t.equal(cookies.rows().length, MAX_COOKIES);
});
