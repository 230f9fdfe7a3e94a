/** Other people's clients inside the mini-internet: curl and wget through the proxy, and an emulated server on loopback. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import t from 'tap';
import type { DnsCacheRow } from '../../devices/control.js';
import { netarium, type Running, waitFor } from './netarium.js';
import { factsOf, servedFile } from './sites.js';

const PAGE = 'http://www.server.com/';

const net = netarium(t);
const lab = await net.up('proxied');
const proxy = net.start('proxy', '--listen', '127.0.0.1:0', '--json');
const { port } = await firstOutput<{ port: number }>(proxy);

async function firstOutput<T>(running: Running): Promise<T> {
  let text = '';
  running.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  return waitFor('what it prints', () => (text.endsWith('}\n') ? (JSON.parse(text) as T) : undefined));
}

/** A clean environment: the user's own proxies are not meant. */
async function client(file: string, ...argv: string[]) {
  const { stdout, stderr, exitCode } = await execa(file, argv, {
    env: { PATH: process.env.PATH },
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
  });
  return {
    body: factsOf(stdout),
    text: Buffer.from(stdout).toString(),
    stderr: Buffer.from(stderr).toString(),
    exitCode,
  };
}

const curl = (...argv: string[]) => client('curl', '--silent', '--show-error', ...argv);
const throughSocks = ['--proxy', `socks5h://127.0.0.1:${port}`];
const throughHttp = ['--proxy', `http://127.0.0.1:${port}`];

t.test('the page by SOCKS, by the HTTP proxy and by CONNECT: the bytes that lie on disk', async (t) => {
  const expected = { body: servedFile(PAGE), exitCode: 0 };
  t.match(await curl(...throughSocks, PAGE), expected);
  t.match(await curl(...throughHttp, PAGE), expected);
  t.match(await curl(...throughHttp, '--proxytunnel', PAGE), expected);
  t.match(await curl('--proxy', `socks4a://127.0.0.1:${port}`, PAGE), expected);
  const wget = await client('wget', '-q', '-O-', '-e', 'use_proxy=yes', '-e', `http_proxy=127.0.0.1:${port}`, PAGE);
  t.match(wget, expected);
});

t.test('the same by https, vouched for by the authority of the lab', async (t) => {
  const authority = join(net.runDir, lab, 'authority.pem');
  const url = 'https://www.server.com/';
  t.match(await curl(...throughSocks, '--cacert', authority, url), { body: servedFile(url), exitCode: 0 });
  t.match(await curl(...throughHttp, '--cacert', authority, url), { body: servedFile(url), exitCode: 0 });
  const wget = ['-q', '-O-', '-e', 'use_proxy=yes', '-e', `https_proxy=127.0.0.1:${port}`];
  t.match(await client('wget', ...wget, `--ca-certificate=${authority}`, url), { body: servedFile(url), exitCode: 0 });
  t.match(await curl(...throughSocks, url), { exitCode: 60 }, 'and by nobody else');
  const { stdout } = await net.run('proxy', '--trust');
  t.ok(stdout.includes(`curl --cacert ${authority} `), 'proxy --trust says so');
});

t.test('names are looked up inside, and the connection is one of the client', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nt-pcap-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'dns.pcapng');
  const capture = net.start('capture', 'client', '-w', file, '--filter', 'dns or tcp.flags.syn == 1');
  let said = '';
  capture.stderr?.on('data', (text) => {
    said += text;
  });
  await waitFor('the capture', () => said.includes('capturing'));
  t.match(await curl(...throughSocks, 'http://maps.google.com/'), { body: servedFile('http://maps.google.com/') });
  const kept = await execa('curl', ['-s', '-Z', ...throughHttp, PAGE, PAGE], { reject: false });
  t.equal(kept.exitCode, 0);
  const netstat = await net.run('exec', 'client', '--', 'netstat', '-napt');
  t.match(netstat.stdout, /203\.0\.113\.80:80 +ESTABLISHED .*\bproxy\b/, "kept by the proxy, as the client's own");
  capture.kill('SIGINT');
  await capture;
  const frames = readFileSync(file);
  t.ok(frames.includes(Buffer.from('\x04maps\x06google\x03com')), 'the question, in a frame of the client');
  const names = await net.json<DnsCacheRow[]>('inspect', 'client', 'dns-cache');
  t.ok(
    names.some(({ name, type }) => name === 'maps.google.com' && type === 'A'),
    "and the answer in the client's cache",
  );
});

t.test('a form is posted', async (t) => {
  t.match(await curl(...throughHttp, '--data', 'username=zss&password=123', `${PAGE}echo`), {
    text: 'username=zss&password=123',
  });
});

t.test('what does not work is said, by status and by the codes of SOCKS', async (t) => {
  const failures: [string, number, string, RegExp][] = [
    ['http://shop.server.com/', 502, '(4)', /looking the name up \(DNS\): shop\.server\.com: no such name/],
    [
      'http://www.server.com:81/',
      502,
      '(5)',
      /opening the connection \(TCP\): 203\.0\.113\.80:81 refuses the connection/,
    ],
    ['http://192.168.1.77/', 502, '(4)', /\(ARP\): 192\.168\.1\.77:80 cannot be reached/],
    ['http://10.99.0.1/', 502, '(3)', /no route leads to 10\.99\.0\.1:80/],
  ];
  for (const [url, status, reply, text] of failures) {
    t.match(await curl(...throughHttp, '--write-out', '%{http_code}', url), { text: new RegExp(`${status}$`) }, url);
    t.match(await curl(...throughHttp, url), { text });
    const { stderr, exitCode } = await curl(...throughSocks, url);
    t.equal(exitCode, 97, stderr);
    t.ok(stderr.includes(reply), stderr);
  }
});

t.test('expose: a server inside, on loopback', async (t) => {
  const expose = net.start(
    'expose',
    'web:80',
    'img.server.com:80',
    '--listen',
    '127.0.0.1:0',
    '--listen',
    '127.0.0.1:0',
    '--json',
  );
  const { exposed } = await firstOutput<{ exposed: { listen: string; address: string }[] }>(expose);
  t.match(exposed, [{ address: '203.0.113.80:80' }, { address: '203.0.113.81:80' }]);
  const page = await curl('--header', 'Host: www.server.com', `http://${exposed[0].listen}/`);
  t.match(page, { body: servedFile(PAGE) });
  const picture = '/covers/paper-boat.png';
  const file = servedFile(`http://img.server.com${picture}`);
  t.match(await curl('--header', 'Host: img.server.com', `http://${exposed[1].listen}${picture}`), { body: file });
  expose.kill('SIGINT');
  t.equal((await expose).exitCode, 0);
  t.match(await net.run('expose', 'shop.server.com:80'), { exitStatus: 1, stderr: /shop\.server\.com: no such name/ });
});

t.test('bad usage is told before anything is opened', async (t) => {
  const usage = async (...argv: string[]) => net.run(...argv);
  t.match(await usage('proxy', '--listen', '0.0.0.0:0'), { exitStatus: 2, stderr: /wants a password/ });
  t.match(await usage('proxy', '--listen', '8080'), { exitStatus: 2, stderr: /not an address and a port/ });
  t.match(await usage('proxy', '--auth', 'me'), { exitStatus: 2, stderr: /USER:PASSWORD/ });
  t.match(await usage('proxy', '--from', 'home-switch'), { exitStatus: 2, stderr: /is a switch/ });
  t.match(await usage('proxy', '--from', 'clint'), { exitStatus: 3, stderr: /Did you mean client/ });
  t.match(await usage('proxy', '--listen', `127.0.0.1:${port}`), { exitStatus: 1, stderr: /in use/ });
  t.match(await usage('expose', 'web'), { exitStatus: 2, stderr: /not a host and a port/ });
});

t.test('the end of the lab is the end of the proxy', async (t) => {
  await net.run('down', lab);
  t.match(await proxy, { exitCode: 0, stderr: /lab .* has ended/ });
  t.match(await net.run('proxy'), { exitStatus: 3, stderr: /no lab is up/ });
});
