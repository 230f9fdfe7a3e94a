/**
 * A Linux host in the home of the mini-internet: the kernel's IP, ICMP, UDP and TCP, and the clients that everybody uses,
 * on the far side of our switch, our routers and our servers. tshark judges all that crossed the wires.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { netarium } from '../e2e/netarium.js';
import { factsOf, servedFile } from '../e2e/sites.js';
import { capturing } from './support/capturing.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { judgeFrames, remarksAt } from './support/tshark.js';

const TOOLS = ['ip', 'ethtool', 'udhcpc', 'dig', 'ping', 'traceroute', 'curl', 'tshark'];
/** Where `attach` puts the Linux host. */
const HOST_PORT = 'home-switch:3';
/** What traceroute sends is meant to end on the way; and to a SYN, ACK nobody waits for, the kernel answers with a RST. */
const PROBES = /^"Time To Live" only \d|^Connection reset \(RST\)/;
const WEB = '203.0.113.80';
/** Larger than the page and the echo's pieces; curl asks with `Expect: 100-continue` before it sends so much. */
const UPLOAD_BYTES = 1_500_000;

interopTest('a Linux host at home: DHCP, DNS, ping, traceroute, web pages', { root: true, tools: TOOLS }, async (t) => {
  const host = KernelHost.open(t);
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  await net.up('interop-home');
  const attached = await net.run('attach', 'home-switch', ...host.attachOptions);
  t.match(attached, { exitStatus: 0, stdout: new RegExp(`^${HOST_PORT} -- vxlan `) });
  const file = join(host.folder, 'home.pcapng');
  const capture = await capturing(net, file);

  const address = await hasAddress(t, host);
  await resolvesNames(t, host);
  await reaches(t, host);
  await seesTheRouters(t, host);
  await loadsPages(t, host);
  await postsAndUploads(t, host);
  const back = await net.run('exec', 'client', 'ping', '-c', '2', '-i', '0.2', address);
  t.match(back, { exitStatus: 0, stdout: /2 packets transmitted, 2 received, 0% packet loss/ }, 'and the other way');

  const { frames, missed } = await capture.stop();
  t.equal(missed, 0);
  const verdict = await judgeFrames(file);
  t.same(verdict, { frames, wrong: [] });
  for (const end of [HOST_PORT, 'web:eth0'])
    t.same(await remarksAt(end, file, host.folder, { explained: PROBES }), {}, end);
});

async function hasAddress(t: Test, host: KernelHost): Promise<string> {
  const { stdout, exitStatus } = await host.dhcp();
  t.equal(exitStatus, 0);
  t.match(
    stdout,
    /bound ip=192\.168\.1\.1\d\d mask=24 router=192\.168\.1\.1 dns=192\.168\.1\.1 domain=home\.arpa lease=3600/,
  );
  return /ip=(\S+)/.exec(stdout)?.[1] ?? '';
}

async function resolvesNames(t: Test, host: KernelHost): Promise<void> {
  const dig = async (...argv: string[]) => (await host.run(['dig', ...argv])).stdout;
  t.equal(await dig('+short', 'www.server.com'), `${WEB}\n`);
  t.equal(await dig('+short', '+tcp', 'img.server.com'), '203.0.113.81\n');
  t.equal(await dig('+short', '+noedns', '-x', '203.0.113.81'), 'img.server.com.\n');
  t.match(await dig('nothing.server.com'), /status: NXDOMAIN.*flags: qr rd ra;.*\sSOA\s/s);
  t.match(await dig('www.server.com', 'AAAA'), /status: NOERROR.*ANSWER: 0, AUTHORITY: 1/s);
  t.match(
    await dig('+norecurse', '@203.0.113.53', 'server.com', 'SOA'),
    /flags: qr aa;.*server\.com\.\s+\d+\s+IN\s+SOA\s/s,
  );
  t.match(
    await dig('+trace', '+nodnssec', 'maps.google.com'),
    /\scom\.\s.*google\.com\.\s.*maps\.google\.com\.\s+\d+\s+IN\s+A\s+192\.0\.2\.180/s,
  );
  for (const complaint of [/FORMERR/, /WARNING/, /malformed/i]) t.notMatch(await dig('server.com', 'NS'), complaint);
}

async function reaches(t: Test, host: KernelHost): Promise<void> {
  const ping = (...argv: string[]) => host.run(['ping', '-n', '-i', '0.2', '-W', '5', ...argv]);
  const all = { exitStatus: 0, stdout: /3 packets transmitted, 3 received, 0% packet loss/ };
  t.match(await ping('-c', '3', '192.168.1.1'), all);
  t.match(await ping('-c', '3', WEB), all);
  t.match(await ping('-c', '3', WEB), { stdout: /64 bytes from 203\.0\.113\.80: icmp_seq=1 ttl=59 time=/ });
  t.match(await ping('-c', '3', '-M', 'do', '-s', '1472', WEB), all, 'the largest packet in one piece');
  t.match(
    await ping('-c', '3', '-s', '20000', '-p', 'ff00a5', WEB),
    all,
    'fourteen fragments each way, contents checked',
  );
  t.match(await ping('-c', '1', '-t', '3', WEB), { exitStatus: 1, stdout: /Time to live exceeded/ });
  // Of its addresses a router uses the one on the way back, as Linux does.
  t.match(await ping('-c', '1', '203.0.113.99'), {
    exitStatus: 1,
    stdout: /From 10\.255\.\d+\.\d+ icmp_seq=1 Destination Host Unreachable/,
  });
  t.match(await ping('-c', '1', '198.18.77.1'), { exitStatus: 1, stdout: /Destination Net Unreachable/ });
}

const PATH = ['192.168.1.1', '198.18.0.2'];

async function seesTheRouters(t: Test, host: KernelHost): Promise<void> {
  for (const kind of [[], ['-I'], ['-T', '-p', '80']]) {
    const { stdout, exitStatus } = await host.run(['traceroute', '-n', '-w', '10', ...kind, WEB]);
    t.equal(exitStatus, 0);
    const hops = stdout.split('\n').slice(1).filter(Boolean);
    t.equal(hops.length, 6, `traceroute ${kind.join(' ')}: five routers and the host`);
    for (const [index, ip] of PATH.entries()) t.ok(hops[index]?.includes(` ${ip} `), hops[index]);
    t.match(hops.at(-1), new RegExp(`^ 6 {2}${WEB} {2}[\\d.]+ ms {2}[\\d.]+ ms {2}[\\d.]+ ms$`));
  }
}

async function loadsPages(t: Test, host: KernelHost): Promise<void> {
  const body = join(host.folder, 'body');
  const curl = async (...argv: string[]) => {
    const format = '%{http_code} %{num_connects} %{num_redirects} %{url_effective}\n';
    return (await host.run(['curl', '-sS', '-m', '60', '-o', body, '-w', format, ...argv])).stdout;
  };
  for (const url of ['http://www.server.com/', 'http://img.server.com/panorama.png']) {
    t.equal(await curl(url), `200 1 0 ${url}\n`);
    t.same(factsOf(readFileSync(body)), servedFile(url));
  }
  t.equal(await curl('-L', 'http://server.com/style.css'), '200 2 1 http://www.server.com/style.css\n', 'moved');
  t.same(factsOf(readFileSync(body)), servedFile('http://www.server.com/style.css'));
  t.equal(await curl('http://www.server.com/no-such-page'), '404 1 0 http://www.server.com/no-such-page\n');
  const pair = ['http://www.server.com/logo.svg', '-o', body, 'http://www.server.com/shop.js'];
  t.match(await curl(...pair), /^200 1 .*\n200 0 /, 'two files over one connection');
  const head = await host.run(['curl', '-sSI', 'http://www.server.com/logo.svg']);
  t.match(head.stdout, /^HTTP\/1\.1 200 OK\r\n.*Content-Length: \d+\r\n/s);
  const tag = /ETag: (\S+)/.exec(head.stdout)?.[1] ?? '';
  t.match(await curl('-H', `If-None-Match: ${tag}`, 'http://www.server.com/logo.svg'), /^304 /);
}

async function postsAndUploads(t: Test, host: KernelHost): Promise<void> {
  const echo = 'http://www.server.com/echo';
  const form = await host.run(['curl', '-sS', '-d', 'name=value', '-d', 'sign=%26', echo]);
  t.match(form, { exitStatus: 0, stdout: 'name=value&sign=%26' });
  const [sent, received] = [join(host.folder, 'sent'), join(host.folder, 'received')];
  const bytes = Uint8Array.from({ length: UPLOAD_BYTES }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
  writeFileSync(sent, bytes);
  for (const how of [[], ['-H', 'Transfer-Encoding: chunked']]) {
    const upload = ['curl', '-sS', '-m', '120', '--data-binary', `@${sent}`, ...how, '-o', received, echo];
    t.equal((await host.run(upload)).exitStatus, 0);
    t.same(factsOf(readFileSync(received)), factsOf(bytes), `an upload comes back ${how.join('')}`);
  }
}
