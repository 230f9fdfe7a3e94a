/** The clients of the real internet at our web server, from a Linux host: curl, wget, openssl; by HTTP/1.1, HTTP/2 and TLS. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Netarium, netarium } from '../e2e/netarium.js';
import { factsOf } from '../e2e/sites.js';
import { capturing } from './support/capturing.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { plainText } from './support/plain-text.js';
import { topologyFile } from './support/topology-file.js';
import { judgeFrames } from './support/tshark.js';

const TOOLS = ['ip', 'ethtool', 'curl', 'wget', 'openssl', 'tshark'];
const CLIENT = '10.0.0.9';
const NAME_SERVER = '10.1.0.53';

const PAGE =
  '<!doctype html><title>Shop</title><link rel=stylesheet href=/style.css><img src=/large.bin><p>Books</p>\n'.repeat(8);
const LARGE = Buffer.from(plainText(3_000_000));

/** The client is a subnet away, the shop by http and https, the vault by https alone, an application beside them. */
const topology = (external: string, site: string, apps: string) => `
devices:
  r: {kind: router, interfaces: {eth0: 10.0.0.254/24, eth1: 10.1.0.254/24}}
  sw: switch
  ns:
    kind: dns-server
    address: ${NAME_SERVER}/24
    zones: {shop.test: {www: web, vault: web, app: web, echo: web}}
  web:
    kind: host
    address: 10.1.0.80/24
    accessLog: combined
    sites:
      www.shop.test:
        root: ${site}
        echo: /echo
        maxBody: 8MB
        cache: {'*.css': 1d, '*.html': no-cache}
        redirects: [{from: /moved, to: /style.css, status: 302}]
      vault.shop.test: {root: ${site}, https: only, hsts: 1h}
      app.shop.test: {app: ${apps}/express-shop.mjs}
      echo.shop.test: {app: ${apps}/ws-echo.mjs}
links:
  - {link: 'r:eth0', external: ${external}}
  - {link: 'r:eth1 -- sw', delay: 2ms}
  - ns -- sw
  - web -- sw
`;

interopTest('curl, wget and openssl at our web server', { root: true, tools: TOOLS }, async (t) => {
  const host = KernelHost.open(t);
  host.configure(`${CLIENT}/24`, '10.0.0.254', NAME_SERVER);
  const site = join(host.folder, 'site');
  mkdirSync(site);
  for (const [name, content] of Object.entries({ 'index.html': PAGE, 'style.css': PAGE, 'large.bin': LARGE })) {
    writeFileSync(join(site, name), content);
  }
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  const lab = await net.up(
    'interop-clients',
    topologyFile(t, topology(host.external, site, join(process.cwd(), 'topologies/apps'))),
  );
  const authority = join(net.runDir, lab, 'authority.pem');
  const file = join(host.folder, 'clients.pcapng');
  const capture = await capturing(net, file, 'web');

  await curls(t, host, authority);
  await uploads(t, host, authority);
  await wgets(t, host, authority);
  await handshakes(t, host, authority);
  await applications(t, host, authority);
  await logged(t, net);

  const { frames, missed } = await capture.stop();
  t.equal(missed, 0);
  t.same(await judgeFrames(file), { frames, wrong: [] });
  await gigabyte(t, host, net);
});

/** With the body in a file of its own, so that what is printed is what `-w` says. */
function curl(host: KernelHost, ...argv: string[]) {
  return host.run(['curl', '-s', '-S', '-o', join(host.folder, 'body'), ...argv]);
}

const body = (host: KernelHost) => readFileSync(join(host.folder, 'body'));

async function curls(t: Test, host: KernelHost, authority: string): Promise<void> {
  const said = async (format: string, ...argv: string[]) =>
    (await curl(host, '-w', format, '--cacert', authority, ...argv)).stdout;
  const [http, https] = ['http://www.shop.test', 'https://www.shop.test'];
  t.equal(await said('%{http_version} %{http_code} %{content_type}', `${http}/`), '1.1 200 text/html; charset=utf-8');
  t.equal(body(host).toString(), PAGE);
  t.equal(await said('%{http_version} %{http_code} %{ssl_verify_result}', `${https}/`), '2 200 0');
  t.equal(body(host).toString(), PAGE);
  t.equal(await said('%{http_version} %{http_code}', '--http1.1', `${https}/`), '1.1 200');
  t.equal(await said('%{http_version} %{http_code}', '--http2', `${http}/`), '1.1 200', 'h2c is offered, and ignored');
  for (const version of ['--http1.1', '--http2']) {
    t.equal(await said('%{size_download}', version, `${https}/large.bin`), String(LARGE.length));
    t.same(factsOf(body(host)), factsOf(LARGE), version);
  }
  const stranger = await curl(host, `${https}/`);
  t.match(stranger, { exitStatus: 60, stderr: /self-signed certificate|unable to get local issuer/ });

  t.equal(await said('%{http_code}', '-r', '5-9', `${https}/large.bin`), '206');
  t.ok(body(host).equals(LARGE.subarray(5, 10)));
  t.equal(
    await said('%{http_code} %{content_type}', '-r', '0-1,8-9', `${http}/large.bin`).then((s) => s.slice(0, 24)),
    '206 multipart/byteranges',
  );
  writeFileSync(join(host.folder, 'part'), LARGE.subarray(0, 1_000_000));
  await host.run(['curl', '-s', '-C', '-', '-o', join(host.folder, 'part'), `${http}/large.bin`]);
  t.same(factsOf(readFileSync(join(host.folder, 'part'))), factsOf(LARGE), 'a broken load goes on');

  for (const coding of ['gzip', 'br']) {
    const size = await said('%{size_download}', '-H', `Accept-Encoding: ${coding}`, `${https}/`);
    t.ok(Number(size) < PAGE.length / 2, `${coding}: ${size} bytes`);
  }
  await said('', '--compressed', `${http}/`);
  t.equal(body(host).toString(), PAGE, 'curl undoes the coding');

  const tag = join(host.folder, 'etag');
  t.equal(await said('%{http_code}', '--etag-save', tag, `${https}/style.css`), '200');
  t.equal(await said('%{http_code}', '--etag-compare', tag, `${https}/style.css`), '304');
  t.equal(await said('%{http_code}', '-z', join(host.folder, 'site', 'style.css'), `${http}/style.css`), '304');
  t.equal(await said('%header{cache-control}', `${http}/style.css`), 'max-age=86400');

  const twice = await said('%{num_connects} ', `${https}/`, `${https}/style.css`, '-o', join(host.folder, 'second'));
  t.equal(twice, '1 0 ', 'the connection is kept');
  t.equal(await said('%{http_code} %{url_effective}', '-L', `${http}/moved`), `200 ${http}/style.css`);
  t.equal(await said('%{http_code} %{url_effective}', '-L', 'http://vault.shop.test/'), '200 https://vault.shop.test/');
  t.equal(await said('%header{strict-transport-security}', 'https://vault.shop.test/'), 'max-age=3600');
  t.equal(await said('%{http_code}', 'http://www.shop.test:443/'), '400', 'plain http on the port of https');
  t.equal(await said('%{http_code}', '--path-as-is', `${https}/../../etc/passwd`), '400');
  t.equal(await said('%{http_code}', '-H', 'Host: vault.shop.test', `${https}/`), '421');
  t.equal(await said('%{http_code}', `${http}/nowhere`), '404');
}

async function uploads(t: Test, host: KernelHost, authority: string): Promise<void> {
  const large = join(host.folder, 'upload');
  writeFileSync(large, LARGE);
  for (const argv of [
    ['http://www.shop.test/echo'],
    ['--http1.1', 'https://www.shop.test/echo'],
    ['https://www.shop.test/echo'],
  ]) {
    const post = await curl(host, '--cacert', authority, '-d', 'username=zss&password=123', ...argv);
    t.match(post, { exitStatus: 0 }, argv.join(' '));
    t.equal(body(host).toString(), 'username=zss&password=123');
    const expecting = await curl(host, '-v', '--cacert', authority, '--data-binary', `@${large}`, ...argv);
    t.same(factsOf(body(host)), factsOf(LARGE));
    if (!argv[0].startsWith('https')) t.match(expecting.stderr, /< HTTP\/1\.1 100 Continue/);
  }
  const chunked = await curl(
    host,
    '-X',
    'POST',
    '-H',
    'Transfer-Encoding: chunked',
    '-T',
    large,
    'http://www.shop.test/echo',
  );
  t.match(chunked, { exitStatus: 0 });
  t.same(factsOf(body(host)), factsOf(LARGE));
  writeFileSync(large, Buffer.alloc(9_000_000));
  const refused = await curl(host, '-w', '%{http_code}', '--data-binary', `@${large}`, 'http://www.shop.test/echo');
  t.equal(refused.stdout, '413');
}

/** In chunks, so that nobody knows how long it will be. It is read and forgotten, and the server goes on. */
async function gigabyte(t: Test, host: KernelHost, net: Netarium): Promise<void> {
  const memory = async () => {
    const rows = await net.json<{ name: string; memoryPssBytes: number }[]>('ps');
    return rows.find(({ name }) => name === 'web')?.memoryPssBytes ?? 0;
  };
  const before = await memory();
  const upload = `head -c 1000000000 /dev/zero | curl -s -o /dev/null -w '%{http_code} %{size_upload}' -X POST \\
    -H 'Transfer-Encoding: chunked' -H 'Expect:' -T - http://www.shop.test/echo`;
  t.match(await host.run(['sh', '-c', upload]), { exitStatus: 0, stdout: /^413 1000\d{6}$/ });
  const grown = (await memory()) - before;
  t.ok(grown < 150e6, `the web server has grown by ${grown} bytes`);
  t.equal((await curl(host, '-w', '%{http_code}', 'http://www.shop.test/')).stdout, '200');
}

async function wgets(t: Test, host: KernelHost, authority: string): Promise<void> {
  const target = join(host.folder, 'wget');
  for (const scheme of ['http', 'https']) {
    const got = await host.run([
      'wget',
      '-nv',
      '-p',
      '-P',
      `${target}-${scheme}`,
      `--ca-certificate=${authority}`,
      `${scheme}://www.shop.test/`,
    ]);
    t.match(got, { exitStatus: 0 }, got.stderr);
    const folder = join(`${target}-${scheme}`, 'www.shop.test');
    t.same(factsOf(readFileSync(join(folder, 'large.bin'))), factsOf(LARGE), 'the page with all that it needs');
    t.equal(readFileSync(join(folder, 'style.css'), 'utf8'), PAGE);
  }
  const stranger = await host.run(['wget', '-nv', '-O', '/dev/null', 'https://www.shop.test/']);
  t.match(stranger, { exitStatus: 5 }, 'who does not trust the authority is warned');
}

async function handshakes(t: Test, host: KernelHost, authority: string): Promise<void> {
  const client = (...argv: string[]) =>
    host.run(
      [
        'openssl',
        's_client',
        '-connect',
        'www.shop.test:443',
        '-servername',
        'www.shop.test',
        '-CAfile',
        authority,
        '-verify_return_error',
        ...argv,
      ],
      { input: 'GET / HTTP/1.1\r\nHost: www.shop.test\r\nConnection: close\r\n\r\n' },
    );
  t.match(
    (await client('-tls1_2', '-ign_eof')).stdout,
    /HTTP\/1\.1 200 OK[\s\S]*Protocol *: TLSv1\.2|Protocol *: TLSv1\.2[\s\S]*HTTP\/1\.1 200 OK/,
  );
  const latest = (await client('-tls1_3', '-ign_eof')).stdout;
  t.match(latest, /New, TLSv1\.3, Cipher is TLS_/);
  t.match(latest, /Verification: OK|Verify return code: 0 \(ok\)/);
  t.match(latest, /HTTP\/1\.1 200 OK/);
  t.match((await client('-alpn', 'h2')).stdout, /ALPN protocol: h2/);
  t.match((await client('-alpn', 'spdy/1')).stderr, /no application protocol/);
  t.match(await client('-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'), { stderr: /alert|protocol version|no protocols/ });
  const named = await client('-servername', 'vault.shop.test');
  t.match(named.stdout, /CN = vault\.shop\.test/, 'the certificate of the site that is named');
}

async function applications(t: Test, host: KernelHost, authority: string): Promise<void> {
  const jar = join(host.folder, 'cookies');
  const order = ['-L', '-c', jar, '--cacert', authority, '-d', 'name=zss', 'https://app.shop.test/orders'];
  t.match(await curl(host, '-w', '%{http_version} %{http_code} %{url_effective}', ...order), {
    stdout: '1.1 200 https://app.shop.test/',
  });
  t.match(body(host).toString(), new RegExp(`1 orders; you came by https from ${CLIENT.replaceAll('.', '\\.')}`));
  t.match(readFileSync(jar, 'utf8'), /app\.shop\.test\s.*\scustomer\s+zss/);
  const key = ['-H', 'Sec-WebSocket-Version: 13', '-H', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  const upgrade = ['-i', '--http1.1', '-m', '2', '-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket', ...key];
  await curl(host, ...upgrade, 'http://echo.shop.test/');
  t.match(body(host).toString(), /^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
}

async function logged(t: Test, net: Netarium): Promise<void> {
  const { stdout } = await net.run('logs', 'web', '--access');
  t.match(
    stdout,
    /^10\.0\.0\.9 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "curl\//m,
  );
  t.match(stdout, /"GET \/ HTTP\/2\.0" 200 \d+ "-" "curl\//);
  t.match(stdout, /"GET \/large\.bin HTTP\/2\.0" 206 5 /);
}
