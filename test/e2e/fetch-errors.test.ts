/** A fetch that cannot work says at which step and why, in bounded time. */
import t, { type Test } from 'tap';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { netarium } from './netarium.js';

/** Three ARP requests, or the patience of a resolver with a dead server, and a busy machine. */
const LONGEST_MS = 15_000;

interface Failing {
  readonly what: string;
  readonly argv: readonly string[];
  readonly code: string;
  readonly stage: string;
  readonly message: RegExp;
}

const net = netarium(t);
await net.up('failing');

async function fails(t: Test, { argv, code, stage, message }: Failing): Promise<FetchReport> {
  const { exitStatus, stdout } = await net.run('fetch', ...argv, '--json');
  const report = JSON.parse(stdout) as FetchReport;
  t.equal(exitStatus, 1);
  t.match(report, { ok: false, url: argv[0], error: { code, stage, message } });
  t.ok(report.durationMs < LONGEST_MS, `${report.durationMs} ms`);
  return report;
}

const CASES: readonly Failing[] = [
  {
    what: 'no such name',
    argv: ['http://shop.server.com/'],
    code: 'ENOTFOUND',
    stage: 'dns',
    message: /shop\.server\.com/,
  },
  {
    what: 'no route: a router says so',
    argv: ['http://10.99.0.1/'],
    code: 'ENETUNREACH',
    stage: 'routing',
    message: /10\.99\.0\.1/,
  },
  {
    what: 'nobody there: no answer to ARP',
    argv: ['http://192.168.1.77/'],
    code: 'EHOSTUNREACH',
    stage: 'arp',
    message: /192\.168\.1\.77/,
  },
  {
    what: 'refused',
    argv: ['http://www.server.com:81/'],
    code: 'ECONNREFUSED',
    stage: 'tcp',
    message: /203\.0\.113\.80:81/,
  },
  {
    // The name is in a cache by now, and a round trip takes 38 ms by the delays of the links alone.
    what: 'timed out',
    argv: ['http://www.server.com/', '--timeout', '20ms'],
    code: 'ETIMEDOUT',
    stage: 'tcp',
    message: /20 ms/,
  },
  {
    what: 'a scheme that the browser does not speak',
    argv: ['ftp://www.server.com/'],
    code: 'ERR_UNSUPPORTED_SCHEME',
    stage: 'url',
    message: /"ftp"/,
  },
  { what: 'no URL', argv: ['http://'], code: 'ERR_INVALID_URL', stage: 'url', message: /not a URL/ },
];

for (const failing of CASES) t.test(failing.what, (t) => fails(t, failing));

t.test('a name that does not exist was denied by the zone that would know it', async (t) => {
  const report = await net.json<FetchReport>('fetch', 'http://nobody.server.com/');
  t.match(report.dns[0].queries.at(-1), { serverName: 'server-dns', zone: 'server.com', kind: 'nxdomain' });
  t.same(report.connections, []);
});

t.test('the story ends with the error', async (t) => {
  const { exitStatus, stdout } = await net.run('fetch', 'http://www.server.com:81/');
  t.equal(exitStatus, 1);
  t.match(
    stdout.trimEnd().split('\n').at(-1),
    /^failed at tcp .*:81 refuses the connection: nothing listens on that port/,
  );
});

t.test('a page that is not there is an answer, not a failure of the network', async (t) => {
  const { exitStatus, stdout } = await net.run('fetch', 'http://www.server.com/none', '--json', '--no-subresources');
  t.match(JSON.parse(stdout), { ok: false, status: 404, connections: [{ close: 'four-way' }] });
  t.equal(exitStatus, 1);
});

t.test('who cannot fetch at all', async (t) => {
  const from = (device: string) => net.run('fetch', 'http://www.server.com/', '--from', device);
  t.match(await from('home-router'), {
    exitStatus: 2,
    stdout: '',
    stderr: /home-router is a router: only hosts have a browser/,
  });
  t.match(await from('cliemt'), { exitStatus: 3, stdout: '', stderr: /has no device cliemt\nDid you mean client\?/ });
});

async function kill(device: string): Promise<void> {
  const devices = await net.json<{ name: string; pid: number }[]>('ps');
  process.kill(devices.find(({ name }) => name === device)?.pid ?? 0, 'SIGKILL');
}

t.test('the server of the pictures has died: the page comes, and says what is missing', async (t) => {
  await kill('images');
  const { exitStatus, stdout } = await net.run('fetch', 'http://www.server.com/');
  t.equal(exitStatus, 0);
  t.match(stdout.trimEnd().split('\n').at(-1), /^200 loaded {2}5 of 9 resources, /);
  t.match(stdout, /server-router .* reports: ICMP host unreachable/);
});

t.test('the name server of the provider has died', async (t) => {
  await kill('isp-dns');
  await fails(t, {
    what: '',
    argv: ['http://maps.google.com/'],
    code: 'EAI_AGAIN',
    stage: 'dns',
    message: /maps\.google\.com/,
  });
});
