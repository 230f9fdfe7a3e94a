import { gzipSync } from 'node:zlib';
import t from 'tap';
import { oldSecureServer, secureServer } from '../web/browser/own-server.js';

const stage = secureServer((request, response) => {
  if (request.url === '/zipped') {
    response.setHeader('Content-Encoding', 'gzip');
    response.end(gzipSync(`for ${request.headers['accept-encoding']}\n`));
  } else if (request.url === '/moved') {
    response.writeHead(302, { Location: '/page' }).end();
  } else response.end('page\n');
});
const curl = (line: string) => stage.world.exec('client', `curl ${line}`);

t.test('HTTP/2 over TLS 1.3, told by -v', async (t) => {
  const { status, stdout, stderr } = await curl('-v https://www.server.com/page');
  t.match({ status, stdout }, { status: 0, stdout: 'page\n' });
  const told = stderr.split('\n');
  for (const line of [
    '*   Trying 10.0.0.2:443...',
    '* Connected to www.server.com (10.0.0.2) port 443',
    '* ALPN: curl offers h2,http/1.1',
    '* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384',
    '* ALPN: server accepted h2',
    '*  subject: CN=www.server.com',
    '*  start date: Jan 01 00:00:00 2020 GMT',
    '*  subjectAltName: www.server.com, 10.0.0.2',
    '*  SSL certificate verify ok.',
    '* using HTTP/2',
    '* [HTTP/2] [1] OPENED stream for https://www.server.com/page',
    '* [HTTP/2] [1] [:method: GET]',
    '* [HTTP/2] [1] [:path: /page]',
    '* [HTTP/2] [1] [user-agent: curl/8.5.0]',
    '> GET /page HTTP/2',
    '> Host: www.server.com',
    '< HTTP/2 200 ',
    '* Connection #0 to host www.server.com left intact',
  ]) {
    t.ok(told.includes(line), line);
  }
});

t.test('redirects on one connection, times, versions', async (t) => {
  t.match(await curl('-sLv https://www.server.com/moved'), { stderr: /\n\* \[HTTP\/2\] \[3\] \[:path: \/page\]\n/ });
  const format = '%{http_version}:%{num_connects}:%{num_redirects}:%{scheme}';
  t.match(await curl(`-sL -w ${format} https://www.server.com/moved`), { stdout: 'page\n2:1:1:HTTPS' });
  t.match(await curl(`-s --http1.1 -w ${format} https://www.server.com/page`), { stdout: 'page\n1.1:1:0:HTTPS' });
  const { stdout } = await curl(
    '-s -o /dev/null -w %{time_connect},%{time_appconnect},%{time_starttransfer},%{time_total} https://www.server.com/page',
  );
  const times = stdout.split(',').map(Number);
  t.strictSame(
    times,
    times.toSorted((a, b) => a - b),
  );
  t.ok(times[1] > times[0]);
});

t.test('--compressed asks for codings and undoes them', async (t) => {
  t.match(await curl('--compressed https://www.server.com/zipped'), { status: 0, stdout: 'for deflate, gzip, br\n' });
  t.match(await curl('https://www.server.com/zipped'), { status: 23, stderr: /binary output/ });
});

t.test('certificates: not for this name, not known; -k does not care', async (t) => {
  t.match(await curl('https://img.server.com/'), {
    status: 60,
    stderr: "curl: (60) SSL: no alternative certificate subject name matches target host name 'img.server.com'\n",
  });
  t.match(await curl('-k https://img.server.com/'), { status: 0, stdout: 'page\n' });
  const strange = secureServer((_request, response) => response.end('page'), { authorities: [] });
  t.match(await strange.world.exec('client', 'curl https://www.server.com/'), {
    status: 60,
    stderr: 'curl: (60) SSL certificate problem: self-signed certificate\n',
  });
});

t.test('a server of HTTP/1.1 alone; one that does not speak TLS', async (t) => {
  const old = oldSecureServer((_request, response) => response.end('old\n'));
  const { stdout, stderr } = await old.world.exec('client', 'curl -v https://www.server.com/');
  t.equal(stdout, 'old\n');
  t.match(
    stderr,
    /SSL connection using TLSv1\.2 .*\n\* ALPN: server (did not agree on a protocol|accepted http\/1\.1)\n/,
  );
  t.match(await curl('-s http://www.server.com:443/'), { status: /^[1-9]/ });
});
