/** HTTPS of the web server: certificates by name, TLS 1.2 and 1.3, HTTP/2 and 1.1, and those who come to the wrong door. */
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http2';
import type { ConnectionOptions } from 'node:tls';
import t from 'tap';
import type { SiteConfig } from '../../../../devices/control/config.js';
import { certificatesFor } from '../../../support/authority.js';
import { type Bookshop, bookshop, SERVER } from '../bookshop.js';
import { ask, ask2, CLOSE, connectTo, http2On, parseAnswer, raw, secure, whole } from './asking.js';

const SITES: readonly SiteConfig[] = [
  { names: ['www.server.com'], root: '/srv/www', echoPath: '/echo' },
  { names: ['img.server.com'], root: '/srv/img', https: 'only', hstsSeconds: 3600 },
  { names: ['old.server.com'], root: '/srv/www', https: 'off' },
];
const FILES = { 'www/index.html': '<h1>Books</h1>', 'img/index.html': '<h1>Pictures</h1>' };
const { authority, certificates } = await certificatesFor(SITES, [SERVER]);
const shopOf = (web = {}): Bookshop => bookshop(SITES, FILES, {}, { certificates, ...web });
const TRUST: ConnectionOptions = { ca: authority, servername: 'www.server.com' };

async function get(shop: Bookshop, options: ConnectionOptions, host: string, path = '/') {
  const socket = await secure(shop, { ...TRUST, ...options });
  const closed = whole(socket);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}`);
  return parseAnswer(await shop.world.until(closed));
}

t.test('every version of TLS that is still good, and none that is not', async (t) => {
  const shop = shopOf();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await secure(shop, { ...TRUST, minVersion: version, maxVersion: version });
    t.equal(socket.getProtocol(), version);
    t.ok(socket.authorized);
    socket.destroy();
  }
  const old = { ...TRUST, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(secure(shop, old), { code: /ALERT_PROTOCOL_VERSION/ });
});

t.test('the same site as by http; https is in the log', async (t) => {
  const shop = shopOf();
  t.match(await get(shop, {}, 'www.server.com'), { status: 200, body: '<h1>Books</h1>' });
  t.match(shop.traced('http-served'), [{ url: 'https://www.server.com/', status: 200 }]);
  t.match(shop.traced('tls-established'), [
    { serverName: 'www.server.com', protocol: 'TLSv1.3', alpn: '', local: `${SERVER}:443`, sessionReused: false },
  ]);
  t.ok(shop.traced('tls-secret').some(({ line }) => line.startsWith('CLIENT_HANDSHAKE_TRAFFIC_SECRET ')));
});

t.test('the name that the client asks for chooses the certificate', async (t) => {
  const shop = shopOf();
  const subject = async (options: ConnectionOptions) => {
    const socket = await secure(shop, { ...TRUST, ...options });
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  };
  t.equal(await subject({}), `DNS:www.server.com, IP Address:${SERVER}`);
  t.equal(await subject({ servername: 'IMG.server.com' }), 'DNS:img.server.com');
  t.equal(await subject({ servername: undefined, host: SERVER }), `DNS:www.server.com, IP Address:${SERVER}`);
  await t.rejects(subject({ servername: 'stranger.example' }), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

t.test('who names nobody agrees on a protocol as all others: browsers ask for addresses so', async (t) => {
  const shop = shopOf();
  for (const protocol of ['h2', 'http/1.1']) {
    const options = { ...TRUST, servername: undefined, host: SERVER, ALPNProtocols: [protocol] };
    const socket = await secure(shop, options);
    t.equal(socket.alpnProtocol, protocol);
    socket.destroy();
  }
});

t.test('only https: http is sent there, and told to stay', async (t) => {
  const shop = shopOf();
  const moved = await ask(shop, `GET /a?b HTTP/1.1\r\nHost: img.server.com\r\n${CLOSE}`);
  t.match(moved, { status: 308, headers: { Location: 'https://img.server.com/a?b' } });
  t.notOk('Strict-Transport-Security' in moved.headers, 'not by http');
  const page = await get(shop, { servername: 'img.server.com' }, 'img.server.com');
  t.match(page, { status: 200, body: '<h1>Pictures</h1>', headers: { 'Strict-Transport-Security': 'max-age=3600' } });
  const elsewhere = bookshop(SITES, FILES, {}, { certificates, httpsPort: 8443 });
  const there = await ask(elsewhere, `GET / HTTP/1.1\r\nHost: img.server.com:80\r\n${CLOSE}`);
  t.match(there, { status: 308, headers: { Location: 'https://img.server.com:8443/' } });
});

t.test('only https, and a host that nobody knows: sent to the site, not to whom a stranger likes', async (t) => {
  const shop = bookshop([SITES[1]], FILES, {}, { certificates });
  const moved = await ask(shop, `GET /x HTTP/1.1\r\nHost: evil.com\r\n${CLOSE}`);
  t.match(moved, { status: 308, headers: { Location: `https://${SITES[1].names[0]}/x` } });
});

t.test('421: a connection that vouches for one name is asked for another', async (t) => {
  const shop = shopOf();
  t.equal((await get(shop, {}, 'img.server.com')).status, 421);
  t.equal((await get(shop, {}, 'stranger.example')).status, 421);
  t.equal((await get(shop, {}, 'old.server.com')).status, 421, 'not served by https');
  t.equal((await get(shop, {}, SERVER)).status, 200, 'an address of the certificate');
  t.equal(
    (await get(shop, { servername: 'old.server.com', checkServerIdentity: () => undefined }, 'old.server.com')).status,
    421,
  );
  t.equal((await ask(shop, `GET / HTTP/1.1\r\nHost: old.server.com\r\n${CLOSE}`)).status, 200, 'by http');
});

t.test('HTTP/2 for those who speak it', async (t) => {
  const shop = shopOf();
  const socket = await secure(shop, { ...TRUST, ALPNProtocols: ['h2', 'http/1.1'] });
  t.equal(socket.alpnProtocol, 'h2');
  const session = http2On(socket);
  const [page, gone, echo] = await shop.world.until(
    Promise.all([
      ask2(session, { ':path': '/' }),
      ask2(session, { ':path': '/nowhere' }),
      ask2(session, { ':method': 'POST', ':path': '/echo', 'content-type': 'text/plain' }, 'username=zss'),
    ]),
  );
  const statusOf = async (headers: OutgoingHttpHeaders) =>
    (await shop.world.until(ask2(session, headers))).headers[':status'];
  t.match(page, { headers: { ':status': 200, server: 'Netarium' }, body: '<h1>Books</h1>' });
  t.notOk('connection' in page.headers);
  t.equal(gone.headers[':status'], 404);
  t.match(echo, { headers: { ':status': 200, 'content-type': 'text/plain' }, body: 'username=zss' });
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/a%00.txt', '/..\\secret.txt']) {
    t.equal(await statusOf({ ':path': path }), 400, path);
  }
  t.equal(await statusOf({ ':path': '/', ':authority': 'img.server.com' }), 421);
  t.equal(await statusOf({ ':path': `/${'a'.repeat(9_000)}` }), 414);
  const before = shop.world.now;
  await shop.world.until(once(session, 'close'));
  t.ok(shop.world.now - before < 130_000, 'a silent connection is ended');
});

t.test('HTTP/1.1 for those who ask for it; nothing in common is no connection', async (t) => {
  const shop = shopOf();
  const socket = await secure(shop, { ...TRUST, ALPNProtocols: ['http/1.1'] });
  t.equal(socket.alpnProtocol, 'http/1.1');
  const before = shop.world.now;
  const closed = whole(socket);
  socket.write('GET / HTTP/1.1\r\nHost: www.server.com\r\n\r\n');
  t.match(await shop.world.until(closed), /Keep-Alive: timeout=15\r\n\r\n<h1>Books<\/h1>$/);
  t.ok(shop.world.now - before >= 15_000 && shop.world.now - before < 17_000, "on the machine's clock");
  await t.rejects(secure(shop, { ...TRUST, ALPNProtocols: ['spdy/3'] }), { code: /NO_APPLICATION_PROTOCOL/ });
});

t.test('a session is resumed', async (t) => {
  const shop = shopOf();
  const first = await secure(shop, { ...TRUST, maxVersion: 'TLSv1.2' });
  const session = first.getSession();
  first.destroy();
  const again = await secure(shop, { ...TRUST, maxVersion: 'TLSv1.2', session });
  t.ok(again.isSessionReused());
  again.destroy();
});

t.test('what is not TLS on the port of https', async (t) => {
  const shop = shopOf();
  const plain = parseAnswer(await raw(shop, 'GET / HTTP/1.1\r\nHost: www.server.com\r\n\r\n', 443));
  t.match(plain, { status: 400, headers: { Connection: 'close' }, body: /plain HTTP on the port of HTTPS/ });
  t.match(parseAnswer(await raw(shop, '\0\0\0garbage\r\n\r\n', 443)), { status: 400 });
  const alert = await raw(shop, Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5]), 443);
  t.equal(alert.charCodeAt(0), 21, 'an alert: RFC 8446 section 5.1');
  const silent = connectTo(shop, 443);
  const before = shop.world.now;
  await shop.world.until(whole(silent));
  t.ok(shop.world.now - before <= 61_000, 'who says nothing is not waited for');
  const slow = connectTo(shop, 443);
  slow.write(Buffer.from([0x16, 0x03, 0x01]));
  await shop.world.until(whole(slow));
  t.equal((await get(shop, {}, 'www.server.com')).status, 200, 'the server goes on');
});

t.test('without certificates nobody listens', async (t) => {
  const shop = bookshop(SITES.slice(0, 1), FILES);
  const socket = connectTo(shop, 443);
  const [error] = await shop.world.until(once(socket, 'error'));
  t.match(error, { code: 'ECONNREFUSED' });
});
