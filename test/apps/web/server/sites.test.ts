import fc from 'fast-check';
import t from 'tap';
import {
  findRedirect,
  findSite,
  isHidden,
  parseTarget,
  pathSegments,
} from '../../../../devices/apps/web/server/sites.js';

const www = { names: ['www.server.com'], root: '/www' };
const img = { names: ['img.server.com', 'static.server.com'], root: '/img' };

t.test('the Host header chooses the site', async (t) => {
  const sites = [www, img];
  t.equal(findSite(sites, 'www.server.com'), www);
  t.equal(findSite(sites, 'IMG.Server.Com:8080'), img);
  t.equal(findSite(sites, 'static.server.com.'), img);
  for (const other of ['unknown.example', '10.0.0.2', undefined]) t.equal(findSite(sites, other), undefined);
  t.equal(findSite([], 'www.server.com'), undefined);
});

t.test('a request target in origin form and in absolute form', async (t) => {
  t.strictSame(parseTarget('/books/?sex=man'), { host: undefined, path: '/books/', query: '?sex=man' });
  t.strictSame(parseTarget('/a?b?c'), { host: undefined, path: '/a', query: '?b?c' });
  t.strictSame(parseTarget('http://img.server.com:80/a.png?1'), {
    host: 'img.server.com:80',
    path: '/a.png',
    query: '?1',
  });
  t.strictSame(parseTarget('http://img.server.com?x'), { host: 'img.server.com', path: '/', query: '?x' });
  for (const bad of ['', '*', 'www.server.com:80', 'ftp://a/b', '?x', 'a/b']) t.equal(parseTarget(bad), undefined, bad);
});

t.test('redirects: exact paths, and prefixes whose rest goes along', async (t) => {
  const redirects = [
    { from: '/old.html', to: '/new.html', status: 302 },
    { from: '/search', to: '/find?by=name', status: 307 },
    { from: '/blog/*', to: 'http://blog.server.com/*', status: 301 },
    { from: '/gone/*', to: '/', status: 308 },
    { from: '/up/*', to: '/*', status: 301 },
  ];
  const redirect = (target: string) => findRedirect(redirects, parseTarget(target)!);
  t.strictSame(redirect('/old.html'), { status: 302, location: '/new.html' });
  t.strictSame(redirect('/old.html?x=1'), { status: 302, location: '/new.html?x=1' });
  t.strictSame(redirect('/search?q=1'), { status: 307, location: '/find?by=name' });
  t.strictSame(redirect('/blog/2026/11?p=2'), { status: 301, location: 'http://blog.server.com/2026/11?p=2' });
  t.strictSame(redirect('/gone/a/b'), { status: 308, location: '/' });
  t.equal(redirect('/old.html/x'), undefined);
  t.strictSame(redirect('/up//evil.com'), { status: 301, location: '/evil.com' }, 'never to another host by chance');
});

t.test('a path is decoded once; a final slash means the folder', async (t) => {
  t.strictSame(pathSegments('/'), ['']);
  t.strictSame(pathSegments('/books/'), ['books', '']);
  t.strictSame(pathSegments('//books/./a%20b.html'), ['books', 'a b.html']);
  t.strictSame(pathSegments('/100%25.txt'), ['100%.txt']);
  t.strictSame(pathSegments('/a:b/12:00'), ['a:b', '12:00']);
  t.strictSame(pathSegments('/%252e%252e/x'), ['%2e%2e', 'x'], 'twice encoded is just an odd name');
});

t.test('no spelling of a path leaves the folder', async (t) => {
  const escapes = [
    '/../etc/passwd',
    '/a/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/..%2fetc%2fpasswd',
    '/..%5c..%5cwindows',
    '/a\\..\\b',
    '/index.html%00.png',
    '/%zz',
    '/%ff',
  ];
  for (const path of escapes) t.equal(pathSegments(path), undefined, path);
  fc.assert(
    fc.property(fc.array(fc.constantFrom('.', '/', '%2e', '%2f', '%5c', '\\', '%00', 'a', '%', ':')), (parts) => {
      const segments = pathSegments(`/${parts.join('')}`) ?? [];
      return segments.every((segment) => segment !== '..' && !/[/\\]/.test(segment));
    }),
  );
});

t.test("an author's hidden files stay hidden", async (t) => {
  t.ok(isHidden(['.git', 'config']));
  t.ok(isHidden(['a', '.htaccess']));
  t.notOk(isHidden(['.well-known', 'x']));
  t.notOk(isHidden(['a.b', '']));
});
