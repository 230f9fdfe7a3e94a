/** Our browser and our resolver against the servers of the real internet: nginx and unbound, on Linux. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { CertificateConfig } from '../../devices/control.js';
import { Authority } from '../../orchestrator/lab/authority/authority.js';
import { validFrom } from '../../orchestrator/lab/authority/certificates.js';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { type Netarium, netarium, waitFor } from '../e2e/netarium.js';
import { factsOf } from '../e2e/sites.js';
import { CERTIFICATE, PRIVATE_KEY } from '../support/self-signed.js';
import { capturing } from './support/capturing.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { plainText } from './support/plain-text.js';
import { topologyFile } from './support/topology-file.js';
import { judgeFrames, remarksAt } from './support/tshark.js';

const SERVER = '10.1.0.9';
const TOOLS = ['ip', 'ethtool', 'nginx', 'unbound', 'dig', 'tshark'];

/** Behind a router of ours, so that it is a subnet away. `authority`: the file with the certificate of nginx's. */
const topology = (external: string, authority: string) => `
authorities: [${authority}]
devices:
  a: {kind: host, address: 10.0.0.1/24, resolver: {servers: [${SERVER}], domain: shop.test}}
  r: {kind: router, interfaces: {eth0: 10.0.0.254/24, eth1: 10.1.0.254/24}}
  sw: switch
links:
  - {link: a -- sw, delay: 20ms}
  - sw -- r:eth0
  - {link: 'r:eth1', external: ${external}}
`;

const PAGE = `<!doctype html><title>Shop</title><link rel=stylesheet href=/style.css><script src=/shop.js></script>
<!--# echo var="uri" --><img src=/large.txt><img src=/gone.png><img src=http://img.shop.test/tile.png>
`;
const FILES: Readonly<Record<string, Uint8Array>> = {
  'style.css': plainText(3_000),
  'shop.js': plainText(70_000),
  'tile.png': readFileSync('topologies/sites/www.server.com/favicon.png'),
  'large.txt': plainText(6_000_000),
};

/** Eleven strings: more than fits into 1,232 bytes of UDP, the size that our resolver asks for. */
const LONG_TEXT = Array.from({ length: 11 }, (_, index) => `${index}-`.repeat(120).slice(0, 240));

/** Connections that the browser keeps for later are asked every second whether they are still there. */
const KEPT = /TCP keep-alive segment$/;

function startNginx(host: KernelHost, { chain, key }: CertificateConfig): void {
  const root = join(host.folder, 'site');
  mkdirSync(root);
  writeFileSync(join(root, 'index.html'), PAGE);
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(root, name), content);
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(host.folder, kind)};`,
  );
  const config = `
    user root; worker_processes 1; daemon off; pid ${join(host.folder, 'nginx.pid')}; error_log stderr;
    events { worker_connections 64; }
    http {
      access_log off; ${own.join(' ')}
      types { text/html html; text/css css; text/javascript js; text/plain txt; image/png png; }
      gzip on; gzip_types text/css text/javascript; gzip_min_length 1000; etag on;
      ssl_certificate ${join(host.folder, 'server.pem')}; ssl_certificate_key ${join(host.folder, 'server.key')};
      server { listen 80; root ${root}; ssi on; location = /moved { return 302 /style.css; } }
      server { listen 443 ssl http2; root ${root}; ssl_protocols TLSv1.2 TLSv1.3; }
      server { listen 8443 ssl; root ${root}; ssl_protocols TLSv1.2; }
      server {
        listen 9443 ssl; root ${root};
        ssl_certificate ${join(host.folder, 'strange.pem')}; ssl_certificate_key ${join(host.folder, 'strange.key')};
      }
    }`;
  writeFileSync(join(host.folder, 'server.pem'), chain);
  writeFileSync(join(host.folder, 'server.key'), key);
  writeFileSync(join(host.folder, 'strange.pem'), CERTIFICATE);
  writeFileSync(join(host.folder, 'strange.key'), PRIVATE_KEY);
  writeFileSync(join(host.folder, 'nginx.conf'), config);
  host.start(['nginx', '-e', 'stderr', '-c', join(host.folder, 'nginx.conf')]);
}

function startUnbound(host: KernelHost): void {
  const long = LONG_TEXT.map((text) => `"${text}"`).join(' ');
  const config = `
server:
  interface: 0.0.0.0
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: "${host.folder}"
  do-ip6: no
  local-zone: "shop.test." static
  local-data: "shop.test. 300 IN SOA ns.shop.test. mail.shop.test. 1 3600 600 86400 60"
  local-data: "www.shop.test. 300 IN A ${SERVER}"
  local-data: "img.shop.test. 300 IN A ${SERVER}"
  local-data: "note.shop.test. 300 IN TXT 'short'"
  local-data: 'long.shop.test. 300 IN TXT ${long}'
remote-control:
  control-enable: no
`;
  writeFileSync(join(host.folder, 'unbound.conf'), config);
  host.start(['unbound', '-d', '-c', join(host.folder, 'unbound.conf')]);
}

interopTest(
  'our browser and our resolver, a real nginx and a real unbound',
  { root: true, tools: TOOLS },
  async (t) => {
    const host = KernelHost.open(t);
    host.configure(`${SERVER}/24`, '10.1.0.254', SERVER);
    const names = { names: ['www.shop.test', 'img.shop.test'], addresses: [SERVER] };
    const authority = await Authority.create('The authority of a real nginx', names, validFrom(Date.now()));
    const trusted = join(host.folder, 'authority.pem');
    writeFileSync(trusted, authority.certificate);
    startNginx(host, await authority.issue(names));
    startUnbound(host);
    await waitFor('unbound', async () => (await host.run(['dig', '+short', 'www.shop.test'])).stdout === `${SERVER}\n`);
    const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
    await net.up('interop-servers', topologyFile(t, topology(host.external, trusted)));
    const file = join(host.folder, 'servers.pcapng');
    const capture = await capturing(net, file);

    await resolves(t, net);
    await loads(t, net);
    await loadsAgain(t, net);

    const { frames, missed } = await capture.stop();
    t.equal(missed, 0);
    t.same(await judgeFrames(file), { frames, wrong: [] });
    for (const end of ['a:eth0', 'r:eth1'])
      t.same(await remarksAt(end, file, host.folder, { explained: KEPT }), {}, end);

    // Not captured: nginx answers our close_notify, which it has not read, by a reset.
    await loadsSecurely(t, net);
    await curls(t, net);
    const refused = await net.json<FetchReport>('fetch', 'http://www.shop.test:81/', '--from', 'a');
    t.match(refused, { ok: false, error: { code: 'ECONNREFUSED', stage: 'tcp' } });
  },
);

async function resolves(t: Test, net: Netarium): Promise<void> {
  const ask = async (...argv: string[]) => (await net.run('exec', 'a', '--', ...argv)).stdout;
  t.equal(await ask('dig', '+short', 'www.shop.test'), SERVER);
  t.equal(await ask('dig', '+short', '+tcp', 'www.shop.test'), SERVER);
  t.equal(await ask('dig', '+short', 'note.shop.test', 'TXT'), '"short"');
  t.match(await ask('dig', 'none.shop.test'), /status: NXDOMAIN.*\sSOA\s/s);
  const cut = await ask('dig', '+ignore', 'long.shop.test', 'TXT');
  t.match(cut, /flags: qr [a-z ]*tc/, 'cut to what UDP holds');
  const whole = await ask('dig', 'long.shop.test', 'TXT');
  t.match(whole, /Truncated, retrying in TCP mode/);
  for (const text of LONG_TEXT) t.ok(whole.includes(`"${text}"`));
  t.match(await ask('host', 'www'), `www.shop.test has address ${SERVER}`, 'the search domain');
  t.match(await ask('ping', '-c', '1', 'img'), /1 received/);
}

async function loads(t: Test, net: Netarium): Promise<void> {
  const report = await net.json<FetchReport>('fetch', 'http://www.shop.test/', '--from', 'a');
  const got = Object.fromEntries(report.resources.map(({ url, status, sha256 }) => [url, { status, sha256 }]));
  t.match(report, { status: 200, url: 'http://www.shop.test/' });
  t.equal(got['http://www.shop.test/'].sha256, factsOf(Buffer.from(PAGE.replace(/<!--#.*?-->/, '/index.html'))).sha256);
  for (const [name, content] of Object.entries(FILES)) {
    const url = `http://${name === 'tile.png' ? 'img' : 'www'}.shop.test/${name}`;
    t.same(got[url], { status: 200, sha256: factsOf(content).sha256 }, url);
  }
  t.match(got['http://www.shop.test/gone.png'], { status: 404 });
  // nginx closes as soon as it hears our FIN: in the ACK of it. What goes again is judged by remarksAt, which knows of D-SACK:
  // while the browser's parsers run cold on a busy machine, nginx probes for what has long arrived.
  for (const connection of report.connections) t.match(connection, { close: /^(three|four)-way$/ });

  const moved = await net.json<FetchReport>('fetch', 'http://www.shop.test/moved', '--from', 'a');
  t.match(moved, { ok: true, finalUrl: 'http://www.shop.test/style.css', redirects: [{ status: 302 }] });
}

/** nginx compresses what its config names, and answers conditions. */
async function loadsAgain(t: Test, net: Netarium): Promise<void> {
  const style = 'http://www.shop.test/style.css';
  const first = await net.json<FetchReport>('fetch', style, '--from', 'a');
  t.match(first, { ok: true, body: { bytes: FILES['style.css'].length, sha256: factsOf(FILES['style.css']).sha256 } });
  const second = await net.json<FetchReport>('fetch', style, '--from', 'a');
  t.match(second.exchanges, [{ status: 304, cache: 'validated' }]);
  t.match(second, { ok: true, body: { sha256: factsOf(FILES['style.css']).sha256 } });
}

/** The topology names the authority of nginx's certificate: by HTTP/2, or by HTTP/1.1 where nginx speaks nothing else. */
async function loadsSecurely(t: Test, net: Netarium): Promise<void> {
  const report = await net.json<FetchReport>('fetch', 'https://www.shop.test/', '--from', 'a');
  t.match(report, { ok: true, status: 200, title: 'Shop', tls: [{ protocol: /^TLSv1\.3$/, alpn: 'h2' }] });
  const got = Object.fromEntries(report.resources.map(({ url, status, sha256 }) => [url, { status, sha256 }]));
  for (const [name, content] of Object.entries(FILES)) {
    const url = name === 'tile.png' ? `http://img.shop.test/${name}` : `https://www.shop.test/${name}`;
    t.same(got[url], { status: 200, sha256: factsOf(content).sha256 }, url);
  }
  const protocols = report.exchanges.map(({ url, protocol }) => `${new URL(url).protocol} ${protocol}`);
  t.same([...new Set(protocols)].sort(), ['http: HTTP/1.1', 'https: HTTP/2']);
  const older = await net.json<FetchReport>('fetch', `https://${SERVER}:8443/shop.js`, '--from', 'a');
  t.match(older, { ok: true, body: { sha256: factsOf(FILES['shop.js']).sha256 }, tls: [{ protocol: 'TLSv1.2' }] });
  const strange = await net.json<FetchReport>('fetch', 'https://www.shop.test:9443/', '--from', 'a');
  t.match(strange, { ok: false, error: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', stage: 'tls' } });
}

async function curls(t: Test, net: Netarium): Promise<void> {
  const curl = async (...argv: string[]) => (await net.run('exec', 'a', '--', 'curl', '-s', ...argv)).stdout;
  const plain = Buffer.from(FILES['shop.js']).toString();
  const format = '\n%{http_version} %{http_code} %{size_download}';
  const zipped = await curl('--compressed', '-w', format, 'https://www.shop.test/shop.js');
  t.equal(zipped.slice(0, plain.length), plain);
  const [version, status, size] = zipped.slice(plain.length + 1).split(' ');
  t.match([version, status], ['2', '200']);
  t.ok(Number(size) < plain.length, `${size} bytes`);
  t.equal(await curl('-w', format, 'https://www.shop.test/shop.js'), `${plain}\n2 200 ${plain.length}`);
  t.equal(await curl('-w', format, 'https://www.shop.test:8443/shop.js'), `${plain}\n1.1 200 ${plain.length}`);
  const long = await curl('-o', '/dev/null', '-w', format, 'https://www.shop.test/large.txt');
  t.equal(long, `\n2 200 ${FILES['large.txt'].length}`);
}
