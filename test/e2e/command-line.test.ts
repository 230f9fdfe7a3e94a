/** The command for those who do not read along: scripts, pipes, files. And a fetch that brings its own lab. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { Wireshark } from '../support/wireshark.js';
import { netarium } from './netarium.js';
import { servedFile } from './sites.js';

const ESCAPE = '\x1b';

t.test('--help lists what there is, and nothing else', async (t) => {
  const net = netarium(t);
  const { exitStatus, stdout, stderr } = await net.run('--help');
  t.same({ exitStatus, stderr }, { exitStatus: 0, stderr: '' });
  const verbs = [...stdout.matchAll(/^ {2}([a-z]+) .*? {2,}\S/gm)].map(([, verb]) => verb);
  t.same(verbs.sort(), [
    ...[
      'attach',
      'browse',
      'capture',
      'chaos',
      'clean',
      'console',
      'detach',
      'diff',
      'doctor',
      'down',
      'exec',
      'expose',
      'fetch',
      'graph',
      'help',
    ],
    ...['inspect', 'logs', 'proxy', 'ps', 'schema', 'test', 'up', 'validate'],
  ]);
  const fetch = await net.run('fetch', '--help');
  t.equal(fetch.exitStatus, 0);
  t.notMatch(fetch.stdout, '--report');
  t.same(await net.run('help', 'fetch'), fetch, 'help of a command is its --help');
  t.match((await net.run('help', 'chaos', 'link')).stdout, /^Usage: netarium chaos link /);
  t.equal((await net.run('help')).stdout, stdout);
});

t.test('a fetch without a lab launches the mini-internet, and takes it down', async (t) => {
  const net = netarium(t);
  const folder = mkdtempSync(join(tmpdir(), 'nt-pcap-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pcap = join(folder, 'page.pcapng');
  const url = 'http://www.server.com/';
  const ran = await net.run('fetch', url, '--no-subresources', '--json', '--pcap', pcap);
  t.equal(ran.exitStatus, 0);
  const report = JSON.parse(ran.stdout) as FetchReport;
  t.match(report, { ok: true, body: servedFile(url) });
  t.match(ran.stderr, /^no lab is up; launching mini-internet for this fetch: up after [\d.]+ s$/);
  t.same(net.files(), []);
  t.same(net.processes(), []);

  await t.test('its capture file pleases Wireshark', async (t) => {
    const { frames, matching } = (await Wireshark.start()).judge(readFileSync(pcap));
    t.equal(frames.length, report.capture.frames);
    t.equal(matching('eth.fcs.status == "Good"').length, frames.length, 'every FCS is good');
    t.equal(matching('ip.checksum.status == "Good"').length, matching('ip').length);
    t.equal(matching('tcp.checksum.status == "Good"').length, matching('tcp').length);
    t.equal(matching('udp.checksum.status == "Good"').length, matching('udp').length);
    const complaints = frames.flatMap(({ labels }) =>
      labels.filter((label) => /malformed|incorrect|bogus/i.test(label)),
    );
    t.same(complaints, []);
    for (const name of ['client:eth0', 'home-switch:1', 'home-router:eth1', 'bb-east:eth3', 'web:eth0']) {
      t.not(matching(`frame.interface_name == "${name}"`).length, 0, name);
    }
    // The numbers of the report are those of the file.
    const { frame } = report.connections[0].handshake[0];
    t.ok(matching('tcp.flags.syn == 1 and tcp.flags.ack == 0').includes(frame));
    const asked = report.dns[0].queries.flatMap((query) => query.frames);
    const dns = new Set(matching('dns'));
    for (const number of asked) t.ok(dns.has(number), `frame ${number} is DNS`);
  });
});

t.test('colour only where it is wanted, progress never on standard output', async (t) => {
  const net = netarium(t);
  const lab = net.labName('plain');
  const up = await net.run('up', 'topologies/hello.yaml', '--name', lab);
  t.equal(up.stdout, '');
  t.match(up.stderr, /^lab plain-\d+, 3 devices: up after [\d.]+ s\n/);
  t.notMatch(up.stderr, ESCAPE);

  const colourful = async (environment: Record<string, string>) =>
    String((await net.startWith({ environment }, 'ps')).stdout).includes(ESCAPE);
  t.equal(await colourful({}), false, 'not into a pipe');
  t.equal(await colourful({ FORCE_COLOR: '1' }), true);
  t.equal(await colourful({ FORCE_COLOR: '1', NO_COLOR: '1' }), false);

  t.match(await net.run('fetch', 'http://b/', '--quiet'), { exitStatus: 0, stdout: '', stderr: '' });
  const fresh = await net.json<FetchReport>('fetch', '--fresh', 'http://www.server.com/', '--no-subresources');
  t.match(fresh, { ok: true, lab: /^fetch-\d+$/ }, 'a lab of its own, whatever is up');
  t.match(await net.run('fetch', '--fresh', '--lab', lab, 'http://b/'), { exitStatus: 2, stderr: /--fresh/ });
  t.match(await net.run('fetch', 'http://b/'), { exitStatus: 0, stderr: `in the lab ${lab}, which is up` });
  const verbs = [
    ['ps'],
    ['inspect', 'a'],
    ['inspect', 'sw', 'mac-table'],
    ['fetch', 'http://b/'],
    ['validate', 'topologies/lan.yaml'],
    ['graph', 'topologies/lan.yaml'],
    ['schema'],
    ['doctor'],
    ['clean'],
  ];
  for (const verb of verbs) {
    const { stdout, stderr } = await net.run(...verb, '--json');
    t.doesNotThrow(() => JSON.parse(stdout), verb.join(' '));
    t.equal(stderr, '', verb.join(' '));
  }
  for (const line of (await net.run('logs')).stdout.split('\n')) t.match(JSON.parse(line), { name: /^(a|b|sw)$/ });
  t.match(await net.run('down', '--quiet'), { exitStatus: 0, stdout: '', stderr: '' });
});

t.test('the exit status of a command on a device is the exit status', async (t) => {
  const net = netarium(t);
  await net.up('status', 'topologies/hello.yaml');
  t.match(await net.run('exec', 'a', 'ping', '-c', '1', 'b'), { exitStatus: 0, stdout: /1 received/, stderr: '' });
  t.match(await net.run('exec', 'a', '--', 'curl', '-sf', 'http://b/none'), { exitStatus: 22 });
  t.match(await net.run('exec', 'a', '--', 'ping', '-c', '1', '-W', '0.5', '10.0.0.9'), { exitStatus: 1 });
  t.match(await net.run('exec', 'a', '--', 'ping', '--nonsense'), { exitStatus: 2, stdout: '' });
  t.match(await net.run('exec', 'a', 'dance'), { exitStatus: /^(1|127)$/, stderr: /dance: command not found/ });
  const table = await net.run('exec', 'sw', 'show', 'mac-table');
  t.equal(table.exitStatus, 0);
  t.equal(table.stdout.match(/02:[0-9a-f:]{14}/g)?.length, 2, 'the switch has learned both hosts');
  const curl = await net.run('exec', 'a', '--', 'curl', '-s', 'http://b/');
  t.equal(`${curl.stdout}\n`, readFileSync('topologies/sites/hello/index.html', 'utf8'));
});
