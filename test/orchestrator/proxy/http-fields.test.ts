import t from 'tap';
import { endToEnd, parseAbsoluteForm, parseAuthority } from '../../../orchestrator/proxy/http-fields.js';

t.test('RFC 9110 section 7.6.1: what is for one hop goes no further', (t) => {
  const fields = ['Host', 'a', 'connection', 'close, X-Mine', 'X-MINE', '1', 'Keep-Alive', '5', 'Upgrade', 'h2c'];
  fields.push('Proxy-Connection', 'x', 'TE', 'trailers', 'Transfer-Encoding', 'chunked', 'Proxy-Authorization', 'y');
  fields.push('Cookie', 'a=1', 'cookie', 'b=2', 'Trailer', 'Checksum');
  t.same(
    endToEnd(fields),
    ['Host', 'a', 'Cookie', 'a=1', 'cookie', 'b=2', 'Trailer', 'Checksum'],
    'the rest as it was',
  );
  t.same(endToEnd(['Connection', 'content-length, host', 'Content-Length', '3', 'Host', 'a']), [
    'Content-Length',
    '3',
    'Host',
    'a',
  ]);
  t.end();
});

t.test('RFC 9112 section 3.2.2: absolute form', (t) => {
  const of = (target: string, method = 'GET') => parseAbsoluteForm(target, method);
  t.same(of('http://www.server.com/a/../b?c=%7e'), {
    authority: 'www.server.com',
    host: 'www.server.com',
    port: 80,
    originForm: '/a/../b?c=%7e',
  });
  t.match(of('HTTP://user:secret@server.com:8080'), { authority: 'server.com:8080', port: 8080, originForm: '/' });
  t.match(of('http://server.com?a'), { originForm: '/?a' });
  t.match(of('http://server.com#top'), { originForm: '/' });
  t.match(of('http://server.com', 'OPTIONS'), { originForm: '*' });
  t.match(of('http://server.com/', 'OPTIONS'), { originForm: '/' });
  t.match(of('http://[2001:db8::1]:81/'), { authority: '[2001:db8::1]:81', host: '2001:db8::1', port: 81 });
  for (const none of [
    '/',
    '*',
    'http:///',
    'http://',
    'https://a/',
    'ftp://a/',
    'http://a:0/',
    'http://a:99999/',
    'http://a:b/',
    'http://u@a@evil/',
  ])
    t.equal(of(none), undefined, none);
  t.end();
});

t.test('RFC 9112 section 3.2.3: authority form', (t) => {
  t.same(parseAuthority('www.server.com:443'), { host: 'www.server.com', port: 443 });
  t.same(parseAuthority('[::1]:443'), { host: '::1', port: 443 });
  for (const none of ['www.server.com', ':443', 'a:b', 'a:0', 'a:65536', 'a b:1', 'http://a:1', 'u@a:1', '::1:443', ''])
    t.equal(parseAuthority(none), undefined, none);
  t.end();
});
