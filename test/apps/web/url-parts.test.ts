import t from 'tap';
import {
  hideUserInfo,
  parseAddress,
  portOf,
  requestTarget,
  urlParts,
  withoutSecrets,
} from '../../../devices/apps/web/url-parts.js';

t.test('every part of a URL is recognised, in the order in which it stands there', async (t) => {
  const url = parseAddress('http://zss:secret@www.server.com:8080/books/list.html?sex=man&name=Professional#top');
  t.strictSame(Object.entries(urlParts(url)), [
    ['scheme', 'http'],
    ['separator', '//'],
    ['user', 'zss'],
    ['password', '********'],
    ['host', 'www.server.com'],
    ['port', '8080'],
    ['path', '/books/list.html'],
    ['document', 'list.html'],
    ['query', 'sex=man&name=Professional'],
    ['fragment', 'top'],
  ]);
  t.equal(requestTarget(url), '/books/list.html?sex=man&name=Professional');
  t.equal(withoutSecrets(url), 'http://www.server.com:8080/books/list.html?sex=man&name=Professional');
});

t.test('without a port it is 80 for http and 443 for https', async (t) => {
  t.equal(portOf(new URL('http://www.server.com/')), 80);
  t.equal(portOf(new URL('https://www.server.com/')), 443);
  t.equal(portOf(new URL('https://www.server.com:80/')), 80);
  t.match(urlParts(new URL('https://www.server.com/')), { scheme: 'https', port: '443 (default of https)' });
});

t.test('what is not written is implied: port 80, the path "/", the default document', async (t) => {
  t.strictSame(urlParts(parseAddress('http://www.server.com')), {
    scheme: 'http',
    separator: '//',
    host: 'www.server.com',
    port: '80 (default of http)',
    path: '/',
    document: "the server's default document, such as index.html",
  });
});

t.test('an address bar does not ask for a scheme', async (t) => {
  t.equal(parseAddress('www.server.com').href, 'http://www.server.com/');
  t.equal(parseAddress(' //www.server.com/a ').href, 'http://www.server.com/a');
  const local = parseAddress('10.0.0.2:8080/x');
  t.equal(local.href, 'http://10.0.0.2:8080/x');
  t.equal(portOf(local), 8080);
  t.equal(parseAddress('../logo.png', local).href, 'http://10.0.0.2:8080/logo.png');
});

t.test('names outside ASCII are asked for in their IDNA form', async (t) => {
  t.equal(parseAddress('http://Bücher.server.com/').hostname, 'xn--bcher-kva.server.com');
});

t.test('what cannot be loaded says why', async (t) => {
  t.throws(() => parseAddress('mailto:zss@server.com'), { code: 'ERR_UNSUPPORTED_SCHEME', message: /"mailto"/ });
  t.throws(() => parseAddress('ftp://server.com/'), { code: 'ERR_UNSUPPORTED_SCHEME' });
  t.throws(() => parseAddress(''), { code: 'ERR_INVALID_URL' });
  t.throws(() => parseAddress('http://'), { code: 'ERR_INVALID_URL' });
  t.throws(() => parseAddress('http://www.server.com:99999/'), { code: 'ERR_INVALID_URL' });
  t.throws(() => parseAddress('http://www.server.com:0/'), { code: 'ERR_INVALID_URL', message: /port 0/ });
  t.throws(() => parseAddress('http://300.1.1.1/'), { code: 'ERR_INVALID_URL' });
});

t.test('messages and logs do not repeat a password', async (t) => {
  for (const text of ['ftp://zss:secret@a/', 'http://zss:secret@a b/', 'http://zss:secret@a:0/']) {
    let message = '';
    try {
      parseAddress(text);
    } catch (error) {
      message = (error as Error).message;
    }
    t.match(message, /\S/);
    t.notMatch(message, /secret/);
  }
  t.equal(hideUserInfo('http://zss:secret@a/b@c'), 'http://a/b@c');
  t.equal(hideUserInfo('no URL'), 'no URL');
});
