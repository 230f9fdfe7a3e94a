/**
 * Recursion among strangers: unbound finds names by our servers, our recursive server finds them by NSD and BIND, and
 * dig, kdig and dnsperf ask it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { netarium, waitFor } from '../e2e/netarium.js';
import { capturing } from './support/capturing.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { topologyFile } from './support/topology-file.js';
import { judgeFrames, questionsIn } from './support/tshark.js';

const NSD = '10.0.0.8';
const BIND = '10.0.0.7';
const STRANGER = '10.0.0.6';
const ISP = '10.0.0.53';
const TOOLS = ['ip', 'ethtool', 'unbound', 'nsd', 'named', 'dig', 'kdig', 'dnsperf', 'tshark'];

/** More than fits into 1,232 bytes. */
const LONG_TEXT = Array.from({ length: 8 }, (_, index) => String(index).repeat(220));

const TOPOLOGY = `
devices:
  isp-dns: {kind: dns-server, address: ${ISP}/24, recursion: {allow: [${NSD}, ${BIND}]}}
  root-dns:
    kind: dns-server
    address: 10.0.0.1/24
    zones: {.: {nsd: {NS: ns.nsd}, ns.nsd: ${NSD}, bind: {NS: ns.bind}, ns.bind: ${BIND}}}
  com-dns: {kind: dns-server, address: 10.0.0.2/24, zones: {com: {}}}
  server-dns:
    kind: dns-server
    address: 10.0.0.3/24
    zones:
      server.com:
        www: 10.0.0.80
        blog: {CNAME: www}
        many: [10.0.0.91, 10.0.0.92]
        deep.down.in.the.tree: 10.0.0.83
        '*.wild': 10.0.0.84
        long: {TXT: [${LONG_TEXT.map((text) => `'${text}'`).join(', ')}]}
      10.0.0.0/24: {}
  sw: switch
links: [isp-dns -- sw, root-dns -- sw, com-dns -- sw, server-dns -- sw]
`;

const ZONE = (name: string, other: string) => `
$ORIGIN ${name}.
$TTL 300
@ IN SOA ns hostmaster 7 3600 600 86400 60
@ IN NS ns
ns IN A ${name === 'nsd' ? NSD : BIND}
www IN A 192.0.2.1
alias IN CNAME www.${other}.
deep.down.in.the.tree IN A 192.0.2.2
*.wild IN A 192.0.2.3
long IN TXT ${LONG_TEXT.map((text) => `"${text}"`).join(' ')}
mail IN MX 10 www
`;

const UNBOUND = (folder: string) => `
server:
  interface: 127.0.0.1@5300
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: "${folder}"
  do-ip6: no
  module-config: "iterator"
  root-hints: "${join(folder, 'root.hints')}"
  qname-minimisation: yes
  use-caps-for-id: yes
  local-zone: "10.in-addr.arpa." nodefault
remote-control:
  control-enable: no
`;

const NSD_CONFIG = (folder: string) => `
server:
  ip-address: ${NSD}
  username: ""
  chroot: ""
  pidfile: ""
  database: ""
  zonesdir: "${folder}"
  zonelistfile: "${join(folder, 'nsd.list')}"
  xfrdfile: "${join(folder, 'nsd.xfrd')}"
remote-control:
  control-enable: no
zone:
  name: nsd
  zonefile: nsd.zone
`;

const NAMED = (folder: string) => `
options {
  directory "${folder}"; listen-on port 53 { ${BIND}; }; listen-on-v6 { none; };
  pid-file none; session-keyfile none; recursion no; dnssec-validation no;
};
controls { };
zone "bind" { type primary; file "bind.zone"; };
`;

function startServers(host: KernelHost): void {
  const { folder } = host;
  const files = {
    'root.hints': '. 3600000 NS a.root-servers.net.\na.root-servers.net. 3600000 A 10.0.0.1\n',
    'nsd.zone': ZONE('nsd', 'bind'),
    'bind.zone': ZONE('bind', 'nsd'),
    'unbound.conf': UNBOUND(folder),
    'nsd.conf': NSD_CONFIG(folder),
    'named.conf': NAMED(folder),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  host.start(['unbound', '-d', '-c', join(folder, 'unbound.conf')]);
  host.start(['nsd', '-d', '-c', join(folder, 'nsd.conf')]);
  host.start(['named', '-g', '-n', '1', '-c', join(folder, 'named.conf')]);
}

interopTest('unbound, NSD, BIND and our servers find names by each other', { root: true, tools: TOOLS }, async (t) => {
  const host = KernelHost.open(t);
  host.configure(`${NSD}/24`, undefined, ISP);
  for (const address of [BIND, STRANGER]) await host.run(['ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  await net.up('interop-recursion', topologyFile(t, TOPOLOGY));
  t.match(await net.run('attach', 'sw', ...host.attachOptions), { exitStatus: 0 });
  startServers(host);
  const dig = async (...argv: string[]) => (await host.run(['dig', ...argv])).stdout;
  const isUp = (server: string, name: string) => async () =>
    (await dig('+short', '+time=1', '+tries=1', `@${server}`, name)) === '192.0.2.1\n';
  await waitFor('NSD', isUp(NSD, 'www.nsd'));
  await waitFor('BIND', isUp(BIND, 'www.bind'));
  await waitFor('unbound', async () => /status: /.test(await dig('@127.0.0.1', '-p', '5300', 'version.bind', 'CH')));

  const file = join(host.folder, 'names.pcapng');
  const capture = await capturing(net, file);
  await t.test('unbound by our root, com and server.com', (t) => unboundByOurs(t, dig));
  await t.test('our recursive server by NSD and BIND', (t) => oursByThem(t, dig));
  await t.test('dig and kdig ask it', (t) => isAsked(t, host, dig));
  await t.test('dnsperf asks it, by UDP and by pipelined TCP', (t) => isAskedMuch(t, host));
  const { frames, missed } = await capture.stop();
  t.equal(missed, 0);
  t.same(await judgeFrames(file), { frames, wrong: [] });

  await t.test('what each was told of names', async (t) => {
    const toRoot = await questionsIn(file, NSD, '10.0.0.1');
    t.ok(toRoot.includes('com') && !toRoot.includes('www.server.com'), 'unbound minimises');
    const toNsd = await questionsIn(file, ISP, NSD);
    t.ok(toNsd.includes('www.nsd') && toNsd.includes('in.the.tree.nsd'), 'so do we');
    const ofOurs = await questionsIn(file, ISP, '10.0.0.1');
    t.same(
      [...new Set(ofOurs)].filter((name) => name.includes('.') && !name.endsWith('arpa')),
      [],
    );
  });
});

type Dig = (...argv: string[]) => Promise<string>;

async function unboundByOurs(t: Test, dig: Dig): Promise<void> {
  const ask = (...argv: string[]) => dig('@127.0.0.1', '-p', '5300', ...argv);
  t.equal(await ask('+short', 'www.server.com'), '10.0.0.80\n');
  t.equal(await ask('+short', 'blog.server.com'), 'www.server.com.\n10.0.0.80\n');
  t.equal((await ask('+short', 'many.server.com')).split('\n').length, 3);
  t.equal(await ask('+short', 'deep.down.in.the.tree.server.com'), '10.0.0.83\n');
  t.equal(await ask('+short', 'any.wild.server.com'), '10.0.0.84\n');
  t.equal(await ask('+short', '-x', '10.0.0.80'), 'www.server.com.\n');
  t.match(await ask('nothing.server.com'), /status: NXDOMAIN.*\sSOA\s/s);
  t.match(await ask('www.server.com', 'MX'), /status: NOERROR.*ANSWER: 0.*\sSOA\s/s);
  const long = await ask('long.server.com', 'TXT');
  for (const text of LONG_TEXT) t.ok(long.includes(`"${text}"`));
}

async function oursByThem(t: Test, dig: Dig): Promise<void> {
  for (const [zone, other] of [
    ['nsd', 'bind'],
    ['bind', 'nsd'],
  ]) {
    t.equal(await dig('+short', `www.${zone}`), '192.0.2.1\n');
    t.equal(await dig('+short', `alias.${zone}`), `www.${other}.\n192.0.2.1\n`);
    t.equal(await dig('+short', `deep.down.in.the.tree.${zone}`), '192.0.2.2\n');
    t.equal(await dig('+short', `any.wild.${zone}`), '192.0.2.3\n');
    t.equal(await dig('+short', `mail.${zone}`, 'MX'), `10 www.${zone}.\n`);
    t.match(await dig(`nothing.${zone}`), /status: NXDOMAIN.*\sSOA\s/s);
    t.match(await dig(`www.${zone}`, 'AAAA'), /status: NOERROR.*ANSWER: 0.*\sSOA\s/s);
    const long = await dig(`long.${zone}`, 'TXT');
    t.match(long, /Truncated, retrying in TCP mode/);
    for (const text of LONG_TEXT) t.ok(long.includes(`"${text}"`), zone);
  }
}

async function isAsked(t: Test, host: KernelHost, dig: Dig): Promise<void> {
  const kdig = async (...argv: string[]) => (await host.run(['kdig', `@${ISP}`, ...argv])).stdout;
  t.match(await dig('+norecurse', 'unheard.of'), /flags: qr ra;.*AUTHORITY: 1/s);
  const stranger = await dig('-b', STRANGER, 'www.nsd');
  t.match(stranger, /status: REFUSED.*; EDE: 18 \(Prohibited\)/s);
  t.notMatch(stranger, 'flags: qr rd ra', 'no recursion for him');
  for (const size of [512, 700, 1232, 4096]) {
    const cut = await dig('+ignore', `+bufsize=${size}`, 'long.nsd', 'TXT');
    t.match(cut, /flags: qr tc rd ra/);
    t.ok(Number(/rcvd: (\d+)/.exec(cut)?.[1]) <= Math.min(size, 1232), String(size));
  }
  const told = await kdig('+edns', '+nsid', '+cookie', 'www.nsd');
  t.match(told, /status: NOERROR/);
  t.match(told, /NSID: .*"isp-dns"/);
  t.match(told, /COOKIE: [0-9A-F]+/i);
  t.match(await kdig('+edns=1', 'www.nsd'), /status: BADVERS/);
  const kept = await kdig('+tcp', '+keepopen', '+short', 'www.nsd', 'www.bind', 'www.server.com', 'alias.nsd');
  t.equal(kept, '192.0.2.1\n192.0.2.1\n10.0.0.80\nwww.bind.\n192.0.2.1\n');
}

async function isAskedMuch(t: Test, host: KernelHost): Promise<void> {
  const names = ['www.nsd', 'www.bind', 'www.server.com', 'alias.bind', 'nothing.nsd', 'many.server.com'];
  const queries = join(host.folder, 'queries');
  writeFileSync(queries, names.map((name) => `${name} A\n`).join(''));
  for (const mode of ['udp', 'tcp']) {
    const argv = ['dnsperf', '-s', ISP, '-m', mode, '-d', queries, '-n', '100', '-c', '3', '-q', '20', '-Q', '300'];
    const { stdout } = await host.run(argv);
    t.match(stdout, /Queries completed: +600 \(100.00%\)/, mode);
    t.match(stdout, /Response codes: +NOERROR 500 \(83.33%\), NXDOMAIN 100 \(16.67%\)/, mode);
  }
}
