/** The small services of a host of ours with the clients of Linux, our clients with its servers, and how each side ends. */

import type { Test } from 'tap';
import type { SocketRow } from '../../devices/control.js';
import { type Netarium, netarium, type Running, waitFor } from '../e2e/netarium.js';
import { KernelHost } from './support/kernel-host.js';
import {
  COUNTING_SERVER,
  DOUBLING_UDP_SERVER,
  LISTENING_ON_SERVER,
  nodeProgram,
  RESETTING_CLIENT,
  RESETTING_SERVER,
} from './support/kernel-programs.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { plainText } from './support/plain-text.js';

const OURS = '10.0.0.2';
const LINUX = '10.0.0.9';
const TOOLS = ['ip', 'ethtool', 'nc', 'curl', 'nmap'];

interface World {
  readonly host: KernelHost;
  readonly net: Netarium;
}

interopTest(
  'small services, closes and scans, with Linux at the other end',
  { root: true, tools: TOOLS },
  async (t) => {
    const host = KernelHost.open(t);
    host.configure(`${LINUX}/24`);
    const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
    await net.up('interop-small', 'topologies/hello.yaml');
    t.match(await net.run('attach', 'sw', ...host.attachOptions), { exitStatus: 0 });
    const world = { host, net };

    await t.test('their clients with our services', (t) => servesThem(t, world));
    await t.test('our clients with their servers', (t) => talksToThem(t, world));
    await t.test('half-closed, reset, refused', (t) => ends(t, world));
    await t.test('a scan sees the open ports and the closed ones', (t) => isScanned(t, world));
  },
);

async function servesThem(t: Test, { host }: World): Promise<void> {
  const echoed = await host.run(['nc', '-N', OURS, '7'], { input: plainText(300_000) });
  t.equal(echoed.exitStatus, 0);
  t.equal(echoed.stdout, String(plainText(300_000)), 'echo, up to the FIN and behind it');
  t.match(await host.run(['nc', '-d', OURS, '13']), { exitStatus: 0, stdout: /\d\d:\d\d:\d\d.* \d{4}/ });
  t.match(await host.run(['nc', '-N', OURS, '9'], { input: plainText(100_000) }), { exitStatus: 0, stdout: '' });
  const characters = await host.run(['sh', '-c', `nc -d ${OURS} 19 | head -c 200000`]);
  t.equal(characters.stdout.length, 200_000);
  t.ok(
    characters.stdout
      .split('\r\n')
      .slice(0, -1)
      .every((line) => line.length === 72),
    'lines of 72 characters',
  );
  const telnet = await host.run(['curl', '-sS', '-m', '5', `telnet://${OURS}:7`], { input: 'to and fro' });
  t.match(telnet, { stdout: 'to and fro' });

  t.match(await host.run(['nc', '-u', '-w', '1', OURS, '7'], { input: 'a datagram' }), { stdout: 'a datagram' });
  const large = String(plainText(4_000));
  t.match(await host.run(['nc', '-u', '-w', '1', OURS, '7'], { input: large }), { stdout: large }, 'in fragments');
  t.match(await host.run(['nc', '-u', '-w', '1', OURS, '13'], { input: '?' }), { stdout: /\d\d:\d\d:\d\d/ });
}

interface KernelServer {
  said(): string;
  readonly ended: Promise<unknown>;
}

/** Runs one of the programs on the kernel, from when it listens. */
async function listening(host: KernelHost, program: string, port: number): Promise<KernelServer> {
  const running = host.start(nodeProgram(program, port));
  let text = '';
  running.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await waitFor('the server', () => text.includes('listening'));
  return { said: () => text, ended: running };
}

async function talksToThem(t: Test, { host, net }: World): Promise<void> {
  const server = host.start(['nc', '-l', '-N', '5000'], { input: 'hello from Linux\n' });
  await hears(host, 5000);
  const nc = await net.startWith({ input: 'hello from us\n' }, 'exec', 'a', '--', 'nc', '-N', LINUX, '5000');
  t.match(nc, { exitCode: 0, stdout: 'hello from Linux' });
  t.match(await server, { exitCode: 0, stdout: 'hello from us\n' });

  await listening(host, DOUBLING_UDP_SERVER, 5001);
  const udp = net.startWith(
    { input: String(plainText(2_000)) },
    'exec',
    'a',
    '--',
    'nc',
    '-u',
    '-w',
    '1',
    LINUX,
    '5001',
  );
  t.equal(String((await udp).stdout), String(plainText(2_000)).repeat(2), 'fragments both ways');

  const counting = await listening(host, COUNTING_SERVER, 5002);
  const upload = net.startWith({ input: String(plainText(500_000)) }, 'exec', 'a', '--', 'nc', '-N', LINUX, '5002');
  t.match(await upload, { exitCode: 0, stdout: 'received 500000 bytes' }, 'an answer after our FIN');
  await counting.ended;
  t.match(counting.said(), 'closed false');
}

/** Until somebody listens on that port of the kernel. */
async function hears(host: KernelHost, port: number): Promise<void> {
  await waitFor('a listener', async () => (await host.run(['ss', '-Hlnt'])).stdout.includes(`:${port} `));
}

async function ends(t: Test, { host, net }: World): Promise<void> {
  const exec = (input: string, ...argv: string[]): Running => net.startWith({ input }, 'exec', 'a', '--', ...argv);

  const half = await listening(host, LISTENING_ON_SERVER, 5003);
  t.match(await exec('still here\n', 'nc', '-N', LINUX, '5003'), { exitCode: 0, stdout: 'that is all' });
  await half.ended;
  t.match(half.said(), /heard "still here\\n"\nclosed false/, 'what came after its own FIN');

  const resetting = await listening(host, RESETTING_SERVER, 5004);
  t.match(await exec('x\n', 'nc', '-v', LINUX, '5004'), { exitCode: 1, stderr: /Connection reset by peer/ });
  await resetting.ended;
  const refused = { exitCode: 1, stderr: /Connection refused/ };
  t.match(await exec('', 'nc', '-vz', LINUX, '5005'), refused, 'the kernel answers our SYN with a RST');
  t.match(await exec('', 'curl', `http://${LINUX}:5005/`), { exitCode: 7, stderr: /refused/i });
  t.match(await host.run(['nc', '-vz', OURS, '5005']), { exitStatus: 1, stderr: /Connection refused/ });
  t.match(await host.run(['curl', '-sS', `http://${OURS}:5005/`]), {
    exitStatus: 7,
    stderr: /Connection refused|Couldn't connect/,
  });
  // ICMP port unreachable, which the kernel tells to who has sent.
  t.match(await host.run(['nc', '-uvz', '-w', '2', OURS, '5005']), { exitStatus: 1 });
  t.match(await host.run(['nc', '-uvz', '-w', '2', OURS, '7']), { exitStatus: 0 });

  for (const port of [7, 19]) {
    const reset = await host.run(nodeProgram(RESETTING_CLIENT, OURS, port));
    t.equal(reset.exitStatus, 0);
    t.equal(reset.stdout.length, 6, `port ${port} has answered`);
  }
  const connections = async () => {
    const rows = await net.json<SocketRow[]>('inspect', 'b', 'sockets');
    return rows.filter(
      ({ protocol, state, remote }) => protocol === 'tcp' && state !== 'LISTEN' && remote.startsWith(LINUX),
    );
  };
  await waitFor('only closed connections to be left', async () =>
    (await connections()).every(({ state }) => state === 'TIME_WAIT'),
  );
}

async function isScanned(t: Test, { host }: World): Promise<void> {
  const open = '7/open 9/open 13/open 19/open 80/open';
  for (const kind of ['-sS', '-sT']) {
    t.equal(await scan(host, kind, '1-1024'), open, `nmap ${kind}`);
  }
  t.equal(await scan(host, '-sA', '7,80,81'), '7/unfiltered 80/unfiltered 81/unfiltered', 'a RST to a stray ACK');
  t.equal(await scan(host, '-sF', '80,81'), '80/open|filtered 81/closed', 'nothing from a listener to a stray FIN');
  t.equal(await scan(host, '-sN', '80,81'), '80/open|filtered 81/closed');
  t.equal(await scan(host, '-sU', '7,13,53,5005'), '7/open 13/open 53/closed 5005/closed');
}

/** `PORT/STATE …` of the ports that are not like most. */
async function scan(host: KernelHost, kind: string, ports: string): Promise<string> {
  const { stdout } = await host.run(['nmap', '-n', '-Pn', kind, '-p', ports, '-oG', '-', OURS]);
  const [, list = ''] = /Ports: ([^\t\n]*)/.exec(stdout) ?? [];
  return list
    .split(', ')
    .map((port) => port.split('/').slice(0, 2).join('/'))
    .join(' ');
}
