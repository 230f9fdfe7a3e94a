/**
 * Our servers of zones among those of the real internet: asked by dig, kdig, delv and dnsperf; copied by BIND and NSD, and
 * copying from them. The zone is read by BIND's own compiler too, whose word decides what is in it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { type Netarium, netarium, waitFor } from '../e2e/netarium.js';
import { KernelHost } from './support/kernel-host.js';
import { interopTest, LIMIT_MS } from './support/needs.js';
import { topologyFile } from './support/topology-file.js';
import { recordLines, serialIn } from './support/zones.js';

const OURS = '10.1.0.53';
const BIND = '172.16.5.2';
const NSD = '172.16.5.3';
const TOOLS = ['ip', 'ethtool', 'dig', 'kdig', 'delv', 'dnsperf', 'nsupdate', 'named', 'named-compilezone', 'nsd'];

const topology = (external: string) => `
devices:
  ns:
    kind: dns-server
    address: ${OURS}/24
    zones: {example.org: example.org.zone, com: {}, shop.com: {$TTL: 5s, www: [10.1.0.1, 10.1.0.2]}, 10.1.0.0/24: {}}
    transfer: [172.16.5.0/24]
    update: [${BIND}]
    notify: [${BIND}, ${NSD}]
    secondary:
      - {zone: bind.test, primaries: [${BIND}]}
      - {zone: nsd.test, primaries: [${NSD}]}
  shop-dns: {kind: dns-server, address: 10.1.0.54, zones: {deep.example.com: {www: 10.1.0.3}}}
  sw: switch
  r: {kind: router, interfaces: {eth0: 10.1.0.254/24, eth1: 172.16.5.254/24}}
links:
  - ns -- sw
  - shop-dns -- sw
  - sw -- r:eth0
  - {link: 'r:eth1', external: ${external}}
`;

/** All that a zone file can be made of, and every type. */
const ZONE = `; a zone for others to read
$TTL 1h30m
@ IN SOA ns admin.mail (
        2026112801 ; serial
        1h 10m 1d
        5m )
  NS ns
  NS ns.elsewhere.test.
  MX 10 mail
  MX 20 mx.elsewhere.test.
  TXT "v=spf1 mx -all" "two \\"quoted\\"" plain "\\195\\164 semi; (colon)"
  CAA 0 issue "ca.example; account=1"
  CAA 128 iodef "mailto:x@example.org"
ns A ${OURS}
mail 60 IN A 10.1.0.25
mail IN 60 AAAA 2001:db8::25
www A 10.1.0.1
    A 10.1.0.2
one CNAME two
two CNAME three
three A 10.1.0.3
out CNAME www.elsewhere.test.
round CNAME about
about CNAME round
*.wild A 10.1.0.9
exact.wild TXT here
_http._tcp SRV 0 75 80 www
enum NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.org!" .
box HINFO "PC" "Linux 6"
odd TYPE65280 \\# 4 deadbeef
raw TYPE1 \\# 4 0a010004
old DNAME new
x.new A 10.1.0.7
sub NS ns.sub
ns.sub A 10.1.0.54
sub2 NS ns.elsewhere.test.
w\\.eird A 10.1.0.8
empty.non.terminal A 10.1.0.6
big TXT ${Array.from({ length: 12 }, (_, i) => `"${String(i).repeat(200).slice(0, 200)}"`).join(' ')}
$ORIGIN below.example.org.
a A 10.1.0.11
$INCLUDE more.inc more.example.org.
z A 10.1.0.12
`;
const MORE = 'inc A 10.1.0.13\ndot TXT included\n';

const SMALL_ZONE = (name: string, address: string) => `$TTL 60
@ SOA ns.${name}. admin.${name}. 5 30 5 600 10
@ NS ns
ns A ${address}
www A ${address}
`;

interopTest('name servers: ours, BIND and NSD', { root: true, tools: TOOLS }, async (t) => {
  const host = KernelHost.open(t);
  host.configure(`${BIND}/24`, '172.16.5.254');
  host.configure(`${NSD}/24`);
  const file = topologyFile(t, topology(host.external));
  writeFileSync(join(dirname(file), 'example.org.zone'), ZONE);
  writeFileSync(join(dirname(file), 'more.inc'), MORE);
  startBind(host);
  startNsd(host);
  const net = netarium(t, { launcher: host.labLauncher, limitMs: LIMIT_MS });
  await net.up('interop-names', file);
  const dig = async (...argv: string[]) => (await host.run(['dig', `@${OURS}`, '+norecurse', ...argv])).stdout;

  await isWhatBindReads(t, host, dirname(file), dig);
  await answersEverything(t, dig);
  await otherClients(t, host);
  await standsLoad(t, host);
  await isCopied(t, host, net, dig);
  await copies(t, host, net, dig);
});

type Dig = (...argv: string[]) => Promise<string>;

async function isWhatBindReads(t: Test, host: KernelHost, folder: string, dig: Dig): Promise<void> {
  const compiled = join(host.folder, 'compiled');
  const compile = [
    'named-compilezone',
    '-i',
    'none',
    '-k',
    'ignore',
    '-o',
    compiled,
    '-s',
    'full',
    '-q',
    'example.org',
  ];
  const run = await host.run(['sh', '-c', `cd ${folder} && ${compile.join(' ')} example.org.zone && cat ${compiled}`]);
  t.equal(run.exitStatus, 0, run.stderr);
  const ours = recordLines(await dig('AXFR', 'example.org', '+onesoa'));
  t.same(ours, recordLines(run.stdout), 'the zone as BIND reads the same file');
  t.equal(ours.length, 38);
}

async function answersEverything(t: Test, dig: Dig): Promise<void> {
  const short = async (...argv: string[]) => (await dig('+short', ...argv)).trimEnd().split('\n').sort();
  t.same(await short('www.example.org'), ['10.1.0.1', '10.1.0.2']);
  t.same(await short('mail.example.org', 'AAAA'), ['2001:db8::25']);
  t.same(await short('example.org', 'MX'), ['10 mail.example.org.', '20 mx.elsewhere.test.']);
  t.same(await short('_http._tcp.example.org', 'SRV'), ['0 75 80 www.example.org.']);
  t.same(await short('example.org', 'CAA'), ['0 issue "ca.example; account=1"', '128 iodef "mailto:x@example.org"']);
  t.same(await short('enum.example.org', 'NAPTR'), ['100 10 "u" "E2U+sip" "!^.*$!sip:info@example.org!" .']);
  t.same(await short('box.example.org', 'HINFO'), ['"PC" "Linux 6"']);
  t.same(await short('odd.example.org', 'TYPE65280'), ['\\# 4 DEADBEEF']);
  t.same(await short('any.wild.example.org'), ['10.1.0.9'], 'wildcard');
  t.same(await short('-x', OURS), ['ns.example.org.'], 'PTR');

  t.match(await dig('one.example.org'), /flags: qr aa;.*one.*CNAME\s+two.*two.*CNAME\s+three.*three.*A\s+10\.1\.0\.3/s);
  t.match(await dig('out.example.org'), /NOERROR.*ANSWER: 1,.*CNAME\s+www\.elsewhere\.test/s);
  t.match(await dig('round.example.org'), /NOERROR.*EDE: 24.*round.*CNAME\s+about.*about.*CNAME\s+round/s);
  t.match(await dig('x.old.example.org'), /DNAME\s+new\.example.*CNAME\s+x\.new\.example.*A\s+10\.1\.0\.7/s);
  t.match(await dig('none.example.org'), /flags: qr aa;.*ANSWER: 0, AUTHORITY: 1.*\s300\s+IN\s+SOA/s);
  t.match(await dig('none.example.org'), /status: NXDOMAIN/);
  t.match(await dig('www.example.org', 'AAAA'), /status: NOERROR.*ANSWER: 0, AUTHORITY: 1.*SOA/s);
  t.match(await dig('non.terminal.example.org'), /status: NOERROR.*ANSWER: 0, AUTHORITY: 1/s);
  t.match(await dig('x.exact.wild.example.org'), /status: NXDOMAIN/);
  const referral = await dig('www.sub.example.org');
  t.match(referral, /flags: qr;.*ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2.*NS\s+ns\.sub\.example.*A\s+10\.1\.0\.54/s);
  t.match(await dig('sub.example.org', 'DS'), /flags: qr aa;.*ANSWER: 0, AUTHORITY: 1.*SOA/s);
  t.match(await dig('example.org', 'DNSKEY'), /flags: qr aa;.*ANSWER: 0, AUTHORITY: 1.*SOA/s);
  t.match(await dig('www.deep.example.com'), /flags: qr;.*NS\s+ns1\.deep\.example\.com/s);
  t.match(await dig('example.org', 'ANY'), /HINFO\s+"RFC8482" ""/);
  t.match(await dig('www.other.net'), /status: REFUSED/);
  t.same(await short('version.bind', 'CH', 'TXT'), ['"Netarium"']);
  t.same(await short('id.server', 'CH', 'TXT'), ['"ns"']);
  t.match(await dig('authors.bind', 'CH', 'TXT'), /status: REFUSED/);
  t.match(await dig('+opcode=2', 'example.org'), /status: NOTIMP/);
  t.match(await dig('+ignore', 'big.example.org', 'TXT'), /flags: qr aa tc/);
  t.match(await dig('big.example.org', 'TXT'), /Truncated, retrying in TCP mode.*\(TCP\)/s);
  t.match(await dig('+tcp', '+ednsopt=65001:00', 'www.example.org'), /EDNS: version: 0.*ANSWER SECTION/s);
  const same = recordLines(await dig('IXFR=2026112801', 'example.org', '+tcp'));
  t.equal(same.length, 1, 'nothing has changed');
  for (const complaint of [/WARNING/, /malformed/i]) t.notMatch(await dig('example.org', 'NS'), complaint);
}

async function otherClients(t: Test, host: KernelHost): Promise<void> {
  const kdig = await host.run(['kdig', `@${OURS}`, '+noall', '+answer', 'AXFR', 'example.org']);
  t.equal(kdig.exitStatus, 0);
  t.equal(recordLines(kdig.stdout).length, 38);
  const srv = await host.run(['kdig', `@${OURS}`, '+short', '+tcp', '_http._tcp.example.org', 'SRV']);
  t.equal(srv.stdout, '0 75 80 www.example.org.\n');
  const delv = await host.run(['delv', `@${OURS}`, '-i', '+noroot', 'www.shop.com', 'A']);
  t.match(delv.stdout, /; authoritative\nwww\.shop\.com\.\s+5\s+IN\s+A\s+10\.1\.0\.[12]\n/);
  const absent = await host.run(['delv', `@${OURS}`, '-i', '+noroot', 'none.example.org', 'A']);
  t.match(absent.stdout + absent.stderr, /ncache nxdomain/);
}

/** Questions of every kind, over and over; none may be lost. */
async function standsLoad(t: Test, host: KernelHost): Promise<void> {
  const asked = [
    'www.example.org A',
    'one.example.org A',
    'example.org MX',
    'none.example.org A',
    'x.wild.example.org A',
    'www.sub.example.org A',
  ];
  const queries = join(host.folder, 'queries');
  writeFileSync(queries, `${asked.join('\n')}\n`);
  for (const mode of ['udp', 'tcp']) {
    const { stdout } = await host.run([
      ...[
        'dnsperf',
        '-s',
        OURS,
        '-d',
        queries,
        '-m',
        mode,
        '-c',
        '4',
        '-q',
        '20',
        '-n',
        mode === 'udp' ? '1000' : '300',
        '-t',
        '20',
      ],
    ]);
    t.match(stdout, /Queries lost:\s+0 \(0\.00%\)/, mode);
    t.match(stdout, /Response codes:\s+NOERROR \d+ \(83\.33%\), NXDOMAIN \d+ \(16\.67%\)/, mode);
    t.comment(`${mode}: ${/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]} answers a second`);
  }
}

/** BIND and NSD as secondary servers of ours: copied, told of a change, copied again. */
async function isCopied(t: Test, host: KernelHost, net: Netarium, dig: Dig): Promise<void> {
  const serialAt = async (server: string) =>
    serialIn((await host.run(['dig', '+short', '+norecurse', `@${server}`, 'example.org', 'SOA'])).stdout);
  for (const server of [BIND, NSD])
    await waitFor(`a copy at ${server}`, async () => (await serialAt(server)) === 2026112801);
  const script = `server ${OURS}\nzone example.org\nupdate add new.example.org 60 A 10.1.0.99\nupdate delete box.example.org\nprereq nxdomain new.example.org\nsend\nanswer\n`;
  const update = await host.run(['nsupdate', '-v'], { input: script });
  t.match(update, { exitStatus: 0, stdout: /status: NOERROR/ }, update.stderr);
  const refused = await host.run(['nsupdate'], { input: script });
  t.match(refused.stderr, /update failed: YXDOMAIN/, 'the prerequisite does not hold any more');
  for (const server of [BIND, NSD])
    await waitFor(`a new copy at ${server}`, async () => (await serialAt(server)) === 2026112802);
  const ours = recordLines(await dig('AXFR', 'example.org', '+onesoa'));
  t.ok(ours.some((line) => line.startsWith('new.example.org. ')) && !ours.some((line) => line.startsWith('box.')));
  for (const server of [BIND, NSD]) {
    const theirs = (await host.run(['dig', `@${server}`, '+onesoa', 'AXFR', 'example.org'])).stdout;
    t.same(recordLines(theirs), ours, `the copy at ${server} is the same`);
  }
  const steps = recordLines(await dig('IXFR=2026112801', 'example.org', '+tcp'));
  t.equal(steps.length, 4, steps.join('\n'));
  t.match(await net.run('inspect', 'ns', 'zones', '--json'), { stdout: /"serial": ?2026112802/ });
}

/** Ours as a secondary server of BIND and NSD. */
async function copies(t: Test, host: KernelHost, net: Netarium, dig: Dig): Promise<void> {
  const serialOf = async (zone: string) => serialIn(await dig('+short', zone, 'SOA'));
  await waitFor('the copies', async () => (await serialOf('bind.test')) === 5 && (await serialOf('nsd.test')) === 5);
  t.match(await dig('www.bind.test'), /flags: qr aa;.*A\s+172\.16\.5\.2/s);
  t.match(await dig('www.nsd.test'), /flags: qr aa;.*A\s+172\.16\.5\.3/s);
  const script = `server ${BIND}\nzone bind.test\nupdate add new.bind.test 60 TXT "hello; world"\nsend\n`;
  t.match(await host.run(['nsupdate'], { input: script }), { exitStatus: 0 });
  await waitFor('the change', async () => (await serialOf('bind.test')) === 6);
  t.equal(await dig('+short', 'new.bind.test', 'TXT'), '"hello; world"\n');
  const rows = JSON.parse((await net.run('inspect', 'ns', 'zones', '--json')).stdout) as {
    name: string;
    journal: number;
  }[];
  t.match(
    rows.find(({ name }) => name === 'bind.test'),
    { journal: 1, role: 'secondary' },
    'by IXFR',
  );
  // From a host of ours to BIND.
  const ours = await net.startWith(
    { input: `server ${BIND}\nzone bind.test\nadd ours.bind.test 60 A 10.0.0.1\n` },
    'exec',
    'ns',
    'nsupdate',
  );
  t.match(ours, { exitCode: 0 });
  await waitFor('our own change', async () => (await dig('+short', 'ours.bind.test')) === '10.0.0.1\n');
}

function startBind(host: KernelHost): void {
  const folder = join(host.folder, 'bind');
  mkdirSync(folder);
  writeFileSync(join(folder, 'bind.test.zone'), SMALL_ZONE('bind.test', BIND));
  writeFileSync(
    join(folder, 'named.conf'),
    `options {
  directory "${folder}"; pid-file none; session-keyfile none; listen-on { ${BIND}; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify-delay 0; query-source address ${BIND}; managed-keys-directory "${folder}";
};
controls { };
zone "bind.test" {
  type primary; file "bind.test.zone"; allow-transfer { any; }; allow-update { any; };
  notify explicit; also-notify { ${OURS}; }; notify-source ${BIND};
};
zone "example.org" {
  type secondary; primaries { ${OURS}; }; file "example.org.copy"; masterfile-format text; allow-transfer { any; };
  transfer-source ${BIND}; min-refresh-time 1;
};
`,
  );
  host.start(['named', '-g', '-c', join(folder, 'named.conf')]);
}

function startNsd(host: KernelHost): void {
  const folder = join(host.folder, 'nsd');
  mkdirSync(folder);
  writeFileSync(join(folder, 'nsd.test.zone'), SMALL_ZONE('nsd.test', NSD));
  writeFileSync(
    join(folder, 'nsd.conf'),
    `server:
  ip-address: ${NSD}
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  pidfile: "${folder}/nsd.pid"
  database: ""
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zone.list"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: nsd.test
  zonefile: nsd.test.zone
  provide-xfr: 0.0.0.0/0 NOKEY
  notify: ${OURS} NOKEY
  outgoing-interface: ${NSD}
zone:
  name: example.org
  zonefile: example.org.copy
  request-xfr: ${OURS} NOKEY
  allow-notify: 10.1.0.0/24 NOKEY
  provide-xfr: 0.0.0.0/0 NOKEY
  outgoing-interface: ${NSD}
`,
  );
  host.start(['nsd', '-d', '-c', join(folder, 'nsd.conf')]);
}
