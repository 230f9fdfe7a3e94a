/** What cannot be launched ends with status 2, says what and where, and leaves nothing: no file, no process. */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { netarium } from './netarium.js';

const net = netarium(t);
const folder = mkdtempSync(join(tmpdir(), 'nt-bad-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'bad.yaml');

/** Launches what `text` says and checks how that ends: status 2, these words, nothing left. */
async function refuses(t: Test, text: string, place: string, words: RegExp): Promise<void> {
  writeFileSync(file, text);
  const { exitStatus, stdout, stderr } = await net.run('up', file, '--name', net.labName('bad'));
  t.same({ exitStatus, stdout }, { exitStatus: 2, stdout: '' });
  t.ok(stderr.startsWith(`error: ${file}${place}: `), stderr);
  t.match(stderr, words);
  t.notMatch(stderr, /^\s+at .*:\d+/m, 'no stack trace');
  t.notMatch(stderr, /[^\P{Cc}\n\t]/u, 'no control characters');
  t.same(net.files(), []);
  t.same(net.processes(), []);
}

const HOSTS = `devices:
  a: {kind: host, address: 10.0.0.1/24}
  b: {kind: host, address: 10.0.0.2/24}
  sw: {kind: switch, ports: 2}
links:
  - a:eth0 -- sw:1
  - b:eth0 -- sw:2
`;

t.test('an unknown kind of device', (t) =>
  refuses(t, HOSTS.replace('sw: {kind: switch', 'sw: {kind: swich'), ':4:14', /kind "swich".*Did you mean "switch"\?/),
);

t.test('a link to a port that does not exist', (t) =>
  refuses(t, HOSTS.replace('sw:2', 'sw:7'), ':7:15', /sw has no port "?7/),
);

t.test('a link to a device that does not exist', (t) =>
  refuses(t, HOSTS.replace('sw:2', 'sv:2'), ':7:15', /there is no device "sv"\. Did you mean "sw"\?/),
);

t.test('the same address twice', (t) => refuses(t, HOSTS.replace('10.0.0.2', '10.0.0.1'), ':3:28', /10\.0\.0\.1/));

t.test('an address outside its subnet', (t) =>
  refuses(t, HOSTS.replace('ports: 2', 'ports: 2, subnet: 10.9.0.0/24'), ':2:28', /10\.0\.0\.1.* 10\.9\.0\.0\/24/),
);

t.test('a site whose folder is missing', (t) =>
  refuses(t, HOSTS.replace('10.0.0.2/24', '10.0.0.2/24, sites: {b: sites/none}'), ':3:52', /sites\/none/),
);

t.test('not YAML at all', (t) => refuses(t, 'devices: [a, b\nlinks: 3\n', ':2:1', /not valid YAML/));

t.test('a program instead of a topology', (t) =>
  refuses(t, '\x7fELF\x02\x01\x01\x1b[31m{{{ [', ':1:1', /a topology is a map/),
);

t.test('prose', (t) => refuses(t, 'Dear aunt,\nhow are you?\n', ':1:1', /a topology is a map/));

t.test('no devices', (t) => refuses(t, 'devices: {}\n', ':1:1', /device/));

t.test('an empty file', (t) => refuses(t, '', '', /the file is empty/));

t.test('a number without its unit', (t) =>
  refuses(t, HOSTS.replace('- a:eth0 -- sw:1', '- {link: a:eth0 -- sw:1, delay: 20}'), ':6:35', /20.*(unit|20ms)/),
);

t.test('all mistakes at once, each with its place', async (t) => {
  await refuses(
    t,
    HOSTS.replace('sw:1', 'sv:1').replace('kind: host, address: 10.0.0.2/24', 'kind: hots'),
    ':3:13',
    /"hots"/,
  );
  t.match((await net.run('up', file)).stderr, /bad\.yaml:6:15: there is no device "sv"/);
});

t.test('a UDP port in use', async (t) => {
  const holder = createSocket('udp4');
  t.teardown(() => holder.close());
  const port = await new Promise<number>((done) => holder.bind(0, '127.0.0.1', () => done(holder.address().port)));
  writeFileSync(file, `ports: {base: ${port}}\n${HOSTS}`);
  const { exitStatus, stderr } = await net.run('up', file);
  t.equal(exitStatus, 2);
  t.match(stderr, new RegExp(`^error: .*127\\.0\\.0\\.1:${port} is in use`));
  t.same(net.files(), []);
  t.same(net.processes(), []);
});

t.test('bad usage is status 2, a lab that is not there 3; neither leaves anything', async (t) => {
  const cases: [exitStatus: number, words: RegExp, ...argv: string[]][] = [
    [2, /nowhere\.yaml: there is no such file/, 'up', 'nowhere.yaml'],
    [2, /give a file or --topo, not both/, 'up', 'topologies/hello.yaml', '--topo', 'linear,2'],
    [2, /there is no generator "lineal".*Did you mean "linear"/, 'up', '--topo', 'lineal,2'],
    [2, /"My Lab" cannot name a lab/, 'up', '--name', 'My Lab'],
    [2, /unknown command 'fetsh'/, 'fetsh'],
    [2, /unknown command 'fetsh'\nDid you mean fetch\?/, 'help', 'fetsh'],
    [2, /unknown command 'nosuch'\n`netarium help` lists/, 'help', 'nosuch'],
    [2, /unknown option '--colour'/, 'up', '--colour'],
    [2, /'--json' cannot be used with option '--show'/, 'fetch', 'http://b/', '--show', '--json'],
    [2, /'--json' cannot be used with option '--explain'/, 'fetch', 'http://b/', '--json', '--explain'],
    [2, /missing required argument 'url'/, 'fetch'],
    [2, /"soon" is not a duration/, 'fetch', 'http://b/', '--timeout', 'soon'],
    [2, /"nonsense" is not a header/, 'fetch', 'http://b/', '--header', 'nonsense'],
    [3, /no lab is up/, 'ps'],
    [3, /no lab is up/, 'inspect', 'client', 'arp'],
    [3, /no lab is up/, 'exec', 'client', 'ping', 'b'],
    [3, /no lab is up/, 'logs'],
    [3, /no lab is up/, 'down'],
    [3, /no lab moon is up/, 'fetch', 'http://b/', '--lab', 'moon'],
  ];
  for (const [exitStatus, words, ...argv] of cases) {
    const ran = await net.run(...argv);
    t.match(ran, { exitStatus, stdout: '', stderr: words }, argv.join(' '));
    t.notMatch(ran.stderr, /^\s+at .*:\d+/m);
  }
  t.same(net.files(), []);
  t.same(net.processes(), []);
});
