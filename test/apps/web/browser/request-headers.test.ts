import t from 'tap';
import { requestHeaders } from '../../../../devices/apps/web/browser/request-headers.js';
import { formatHead } from '../../../../devices/apps/web/client/message.js';

const url = new URL('http://www.server.com/');

t.test("the browser's own headers stand in a fixed order", async (t) => {
  t.equal(
    formatHead('GET / HTTP/1.1', requestHeaders({ url, method: 'GET', initiator: 'document' })),
    'GET / HTTP/1.1\r\nHost: www.server.com\r\nConnection: keep-alive\r\nUser-Agent: Netarium/1.0 (browser)\r\n' +
      'Accept: text/html, application/xhtml+xml, */*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en, *;q=0.5\r\n\r\n',
  );
});

t.test("a caller's header replaces the browser's of that name, in its place; new ones follow", async (t) => {
  const own = { 'X-Own': '1', connection: 'close', 'accept-language': 'zh' };
  t.strictSame(requestHeaders({ url, method: 'GET', initiator: 'script', own }), [
    ['Host', 'www.server.com'],
    ['connection', 'close'],
    ['User-Agent', 'Netarium/1.0 (browser)'],
    ['Accept', '*/*'],
    ['Accept-Encoding', 'gzip, deflate'],
    ['accept-language', 'zh'],
    ['X-Own', '1'],
  ]);
});

t.test('Host names the port when it is not 80; user info becomes Authorization', async (t) => {
  const headers = new Map(
    requestHeaders({ url: new URL('http://zss:a%3Ab@www.server.com:8080/'), method: 'GET', initiator: 'document' }),
  );
  t.equal(headers.get('Host'), 'www.server.com:8080');
  t.equal(headers.get('Authorization'), `Basic ${Buffer.from('zss:a:b').toString('base64')}`);
});

t.test('a body brings its type and its length, which nobody can falsify', async (t) => {
  const own = { 'Content-Length': '999', 'Transfer-Encoding': 'chunked', 'Content-Type': 'text/plain' };
  const headers = new Map(
    requestHeaders({
      url,
      method: 'GET',
      initiator: 'document',
      own,
      body: { bytes: new Uint8Array(5), contentType: 'text/html' },
    }),
  );
  t.equal(headers.get('Content-Length'), '5');
  t.equal(headers.get('Content-Type'), 'text/plain');
  t.notOk(headers.has('Transfer-Encoding'));
});

t.test('no body where one could be has the length 0', async (t) => {
  for (const [method, length] of Object.entries({
    POST: '0',
    PUT: '0',
    PATCH: '0',
    GET: undefined,
    DELETE: undefined,
  })) {
    t.equal(new Map(requestHeaders({ url, method, initiator: 'document' })).get('Content-Length'), length, method);
  }
});
