import t from 'tap';
import type { World } from '../../support/world.js';
import { interruptAfter, threeNetworks } from './three-networks.js';

/** A `tcpdump` that runs beside other commands; `end()` is Ctrl-C. */
function start(world: World, device: string, line: string) {
  const output = { stdout: '', stderr: '' };
  const abort = new AbortController();
  const command = world.machine(device).commands.get('tcpdump');
  if (command === undefined) throw new Error(`${device} has no tcpdump`);
  const status = command.run(line.split(' ').filter(Boolean), {
    stdout: (text) => {
      output.stdout += text;
    },
    stderr: (text) => {
      output.stderr += text;
    },
    stdin: (async function* () {})(),
    signal: abort.signal,
    drained: async () => {},
    columns: 80,
  });
  return {
    output,
    status,
    async end(): Promise<{ stdout: string[]; stderr: string[]; status: number }> {
      abort.abort();
      const ended = await status;
      return {
        stdout: output.stdout.split('\n').slice(0, -1),
        stderr: output.stderr.split('\n').slice(0, -1),
        status: ended,
      };
    },
  };
}

t.test('a ping as the host sees it', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const dump = start(world, 'a', '-t -n');
  await world.exec('a', 'ping -c 1 b');
  const { stdout, stderr, status } = await dump.end();
  t.equal(status, 0);
  t.same(
    stdout.map((line) => line.replace(/id \d+/, 'id 7')),
    [
      'IP 10.0.0.2 > 10.0.2.2: ICMP echo request, id 7, seq 1, length 64',
      'IP 10.0.2.2 > 10.0.0.2: ICMP echo reply, id 7, seq 1, length 64',
    ],
  );
  t.same(stderr, [
    'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode',
    'listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes',
    `${stdout.length} packets captured`,
    `${stdout.length} packets received by filter`,
    '0 packets dropped by kernel',
  ]);
  t.notOk(world.machine('a').ports[0].tapped, 'nothing is left behind');
});

t.test('filters of both languages, on a router, on all its interfaces', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const pcap = start(world, 'r1', '-t -i any icmp[icmptype] == icmp-echo');
  const display = start(world, 'r1', '-t -i eth1 icmp.type == 0 && ip.dst == 10.0.0.0/24');
  await world.exec('a', 'ping -c 2 b');
  const [one, other] = [await pcap.end(), await display.end()];
  t.same(
    one.stdout.map((line) => line.replace(/id \d+/, 'id 7')),
    [
      'eth0  In  IP 10.0.0.2 > 10.0.2.2: ICMP echo request, id 7, seq 1, length 64',
      'eth1  Out IP 10.0.0.2 > 10.0.2.2: ICMP echo request, id 7, seq 1, length 64',
      'eth0  In  IP 10.0.0.2 > 10.0.2.2: ICMP echo request, id 7, seq 2, length 64',
      'eth1  Out IP 10.0.0.2 > 10.0.2.2: ICMP echo request, id 7, seq 2, length 64',
    ],
  );
  t.match(one.stderr[1], 'listening on any');
  t.same(
    other.stdout.map((line) => line.replace(/id \d+/, 'id 7')),
    [
      'IP 10.0.2.2 > 10.0.0.2: ICMP echo reply, id 7, seq 1, length 64',
      'IP 10.0.2.2 > 10.0.0.2: ICMP echo reply, id 7, seq 2, length 64',
    ],
  );
});

t.test('-c ends it, -Q chooses a direction, -# numbers', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const dump = start(world, 'a', '-t -c 2 -Q out --number icmp');
  await world.exec('a', 'ping -c 3 b');
  t.equal(await dump.status, 0);
  t.match(dump.output.stdout, /^ {4}1 {2}IP .* seq 1, length 64\n {4}2 {2}IP .* seq 2, length 64\n$/);
  t.match(dump.output.stderr, '2 packets captured\n2 packets received by filter\n0 packets dropped by kernel\n');
});

t.test('times: seconds, since the one before, since the first', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const dumps = ['-tt', '-ttt', '-ttttt', ''].map((option) => start(world, 'a', `${option} icmp`));
  await world.exec('a', 'ping -c 2 b');
  const times = [];
  for (const dump of dumps) times.push((await dump.end()).stdout.map((line) => line.split(' IP')[0]));
  const [first] = times[0].map(Number);
  t.same(
    times[0].map((time) => (Number(time) - first).toFixed(6)),
    ['0.000000', '0.006000', '1.000000', '1.006000'],
  );
  t.same(times[1], [' 00:00:00.000000', ' 00:00:00.006000', ' 00:00:00.994000', ' 00:00:00.006000']);
  t.same(times[2], [' 00:00:00.000000', ' 00:00:00.006000', ' 00:00:01.000000', ' 00:00:01.006000']);
  t.match(times[3][0], /^\d\d:\d\d:\d\d\.\d{6}$/);
});

t.test('-e -v -X: more of each packet', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const dump = start(world, 'a', '-t -c 1 -evX icmp');
  await world.exec('a', 'ping -c 1 b');
  await dump.status;
  const lines = dump.output.stdout.split('\n');
  t.match(
    lines[0],
    /^02:00:00:00:01:01 > 02:00:00:00:02:01, ethertype IPv4 \(0x0800\), length 98: \(tos 0x0, ttl 64, id \d+/,
  );
  t.match(lines[1], /^ {4}10\.0\.0\.2 > 10\.0\.2\.2: ICMP echo request/);
  t.match(lines[2], /^\t0x0000: {2}4500 0054 .{29} {2}E\.\.T/);
  t.match(dump.output.stderr, /^tcpdump: listening on eth0/);
});

t.test('what is lost on the cable was sent; what the interface refuses was not received', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const [port] = world.machine('a').ports;
  port.setImpairment({ loss: 1 });
  const dump = start(world, 'a', '-t icmp');
  await world.exec('a', 'ping -c 1 -W 0.1 b');
  const bad = world.frames.at(-1)?.packet.slice() ?? new Uint8Array();
  bad[40] ^= 1;
  port.receive(bad);
  const { stdout } = await dump.end();
  t.same(stdout.length, 1);
  t.match(stdout[0], 'ICMP echo request');
});

t.test('on a switch, which has nothing but its ports', async (t) => {
  const { world, done } = switched();
  const dump = start(world, 'sw', '-t -i any arp');
  await done();
  const { stdout } = await dump.end();
  t.same(stdout, [
    '1     B   ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 46',
    '2     Out ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 46',
    '2     In  ARP, Reply 10.0.0.2 is-at 02:00:00:00:03:01, length 46',
    '1     Out ARP, Reply 10.0.0.2 is-at 02:00:00:00:03:01, length 46',
  ]);
  t.equal((await world.exec('sw', 'tcpdump -D')).stdout, '1.1\n2.2\n3.any\n');
});

function switched() {
  const world = threeNetworks();
  world.add({ name: 'sw', kind: 'switch', ports: [{ name: '1' }, { name: '2' }] });
  world.add({
    name: 'x',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: ['10.0.0.1/24'], mac: '02:00:00:00:02:01' }],
  });
  world.add({
    name: 'y',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: ['10.0.0.2/24'], mac: '02:00:00:00:03:01' }],
  });
  world.link('x:eth0', 'sw:1', { delayMs: 1 });
  world.link('sw:2', 'y:eth0', { delayMs: 1 });
  return { world, done: () => world.exec('x', 'ping -c 1 10.0.0.2') };
}

t.test('what it refuses', async (t) => {
  const world = threeNetworks();
  const complains = async (line: string, status: number, message: string) => {
    const result = await world.exec('a', line);
    t.same([result.status, result.stdout, result.stderr], [status, '', message], line);
  };
  await complains(
    'tcpdump -w file.pcap',
    1,
    'tcpdump: -w: a device has no files. "netarium capture -w FILE" on the machine that runs the lab writes one.\n',
  );
  await complains('tcpdump -i eth7', 1, 'tcpdump: eth7: No such device exists\n(interfaces here: eth0 any)\n');
  await complains(
    'tcpdump tcp.prot == 80',
    1,
    'tcpdump: can\'t parse filter expression: "tcp.prot" is no field or protocol. Did you mean "tcp.port"?\ntcp.prot == 80\n^\n',
  );
  await complains(
    'tcpdump host b',
    1,
    'tcpdump: can\'t parse filter expression: "b" is a name; here hosts are given by their addresses\nhost b\n     ^\n',
  );
  t.equal((await world.exec('a', 'tcpdump -c 0')).status, 2);
  t.match(await world.exec('a', 'tcpdump -Q sideways'), { status: 2, stderr: /unknown capture direction/ });
  const early = interruptAfter(world, 'a', 10);
  t.match((await world.exec('a', 'tcpdump udp', '', early)).stderr, '0 packets captured\n');
});

t.test('output that is not taken is not kept without bound', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  let release: () => void = () => {};
  const blocked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const abort = new AbortController();
  let stderr = '';
  const status = world
    .machine('a')
    .commands.get('tcpdump')
    ?.run(['-q', 'icmp'], {
      stdout: () => {},
      stderr: (text) => {
        stderr += text;
      },
      stdin: (async function* () {})(),
      signal: abort.signal,
      drained: () => blocked,
      columns: 80,
    });
  const [port] = world.machine('a').ports;
  await world.exec('a', 'ping -c 1 b');
  const packet = world.frames.at(-1)?.packet ?? new Uint8Array();
  for (let i = 0; i < 50_000; i++) port.receive(packet);
  abort.abort();
  release();
  t.equal(await status, 0);
  const [captured, received, dropped] = [...stderr.matchAll(/(\d+) packets/g)].map(([, count]) => Number(count));
  t.equal(received, captured + dropped);
  t.ok(dropped > 10_000 && captured > 10_000, stderr);
});
