import t from 'tap';
import { PingStatistics, roundTripText } from '../../../devices/apps/commands/ping-statistics.js';
import { interruptAfter, threeNetworks } from './three-networks.js';

t.test('replies, and the statistics', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  t.same(await world.exec('a', 'ping -c 3 b'), {
    status: 0,
    stdout: `PING b (10.0.2.2) 56(84) bytes of data.
64 bytes from 10.0.2.2: icmp_seq=1 ttl=62 time=6.00 ms
64 bytes from 10.0.2.2: icmp_seq=2 ttl=62 time=6.00 ms
64 bytes from 10.0.2.2: icmp_seq=3 ttl=62 time=6.00 ms

--- b ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 2000ms
rtt min/avg/max/mdev = 6.000/6.000/6.000/0.000 ms
`,
    stderr: '',
  });
});

t.test('-q, -i, -s: quiet, faster, bigger', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  t.same((await world.exec('a', 'ping -q -i 0.2 -s 1000 -c 5 10.0.2.2')).stdout.split('\n'), [
    'PING 10.0.2.2 (10.0.2.2) 1000(1028) bytes of data.',
    '',
    '--- 10.0.2.2 ping statistics ---',
    '5 packets transmitted, 5 received, 0% packet loss, time 800ms',
    'rtt min/avg/max/mdev = 6.000/6.000/6.000/0.000 ms',
    '',
  ]);
});

t.test('nobody there: our own ARP says so, exit status 1', async (t) => {
  const world = threeNetworks();
  t.same(await world.exec('a', 'ping -c 2 10.0.0.9'), {
    status: 1,
    stdout: `PING 10.0.0.9 (10.0.0.9) 56(84) bytes of data.
From 10.0.0.2 icmp_seq=1 Destination Host Unreachable
From 10.0.0.2 icmp_seq=2 Destination Host Unreachable

--- 10.0.0.9 ping statistics ---
2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1000ms

`,
    stderr: '',
  });
});

t.test('what routers say', async (t) => {
  const world = threeNetworks();
  const errorOf = async (line: string) => (await world.exec('a', line)).stdout.split('\n')[1];
  t.equal(await errorOf('ping -c 1 10.9.9.9'), 'From 10.0.0.1 icmp_seq=1 Destination Net Unreachable');
  t.equal(await errorOf('ping -c 1 -t 2 b'), 'From 10.0.1.2 icmp_seq=1 Time to live exceeded');
  t.equal(await errorOf('ping -c 1 10.0.2.77'), 'From 10.0.1.2 icmp_seq=1 Destination Host Unreachable');
  t.equal(await errorOf('ping -c 1 -M do -s 1400 b'), 'From 10.0.1.2 icmp_seq=1 Frag needed and DF set (mtu = 1400)');
  const again = await world.exec('a', 'ping -c 1 -M do -s 1400 b');
  t.equal(again.stderr, 'ping: local error: message too long, mtu=1400\n', 'learned');
  t.equal((await world.exec('a', 'ping -c 1 -s 3000 b')).status, 0, 'in fragments it goes');
});

t.test('without an answer: ten seconds, or what -W says', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  world.machine('b').ports[0].setCarrier(false);
  const start = world.now;
  t.equal((await world.exec('a', 'ping -c 1 b')).status, 1);
  t.equal(world.now - start, 10_000);
  const { stdout } = await world.exec('a', 'ping -c 2 -W 0.5 b');
  t.equal(world.now - start, 11_500);
  t.match(stdout, '2 packets transmitted, 0 received, 100% packet loss, time 1000ms\n\n');
});

t.test('Ctrl-C ends it with the statistics; -w ends it by the clock', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  const { stdout, status } = await world.exec('a', 'ping b', '', interruptAfter(world, 'a', 2500));
  t.equal(status, 0);
  t.equal(stdout.split('\n').length, 9);
  t.match(stdout, '--- b ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss, time 2000ms\n');
  t.match(await world.exec('a', 'ping -w 3 b'), { status: 0, stdout: /\n3 packets transmitted, 3 received/ });
  t.equal((await world.exec('a', 'ping -w 1.5 -c 5 b')).status, 1, 'fewer than were asked for');
  const early = new AbortController();
  early.abort();
  t.match(
    (await world.exec('a', 'ping b', '', early.signal)).stdout,
    '0 packets transmitted, 0 received, 0% packet loss',
  );
  t.same(world.machine('a').inspect('sockets'), [], 'nothing is left open');
});

t.test('to itself', async (t) => {
  const world = threeNetworks();
  for (const own of ['127.0.0.1', '10.0.0.2', 'localhost']) {
    const { stdout, status } = await world.exec('a', `ping -c 1 ${own}`);
    t.equal(status, 0);
    t.match(stdout, 'ttl=64 time=0.000 ms');
  }
});

t.test('wrong arguments: status 2', async (t) => {
  const world = threeNetworks();
  const complains = async (line: string, message: string) => {
    const { status, stdout, stderr } = await world.exec('a', line);
    t.same([status, stdout, stderr.split('\n')[0]], [2, '', message], line);
  };
  await complains('ping', 'ping: usage error: Destination address required');
  await complains('ping -z b', "ping: invalid option -- 'z'");
  await complains('ping -c', "ping: option requires an argument -- 'c'");
  await complains('ping -c 0 b', "ping: invalid argument: '0': out of range: 1 <= value <= 9007199254740991");
  await complains('ping -t 256 b', "ping: invalid argument: '256': out of range: 1 <= value <= 255");
  await complains('ping -i 0 b', 'ping: cannot flood; minimal interval allowed for user is 2ms');
  await complains('ping -c 1 nosuch', 'ping: nosuch: Temporary failure in name resolution');
  await complains('ping -c 1 10.0.0.255', 'ping: Do you want to ping broadcast? No host here would answer.');
  world.add({ name: 'lost', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.7.1/24'] }] });
  const { status, stderr } = await world.exec('lost', 'ping -c 1 10.0.0.1');
  t.same([status, stderr], [2, 'ping: connect: Network is unreachable\n']);
  t.match(await world.exec('a', 'ping --help'), { status: 0, stdout: /^Usage: ping \[/ });
});

t.test('duplicates are counted apart, and times rounded as iputils does', (t) => {
  const statistics = new PingStatistics();
  statistics.sent = 3;
  statistics.addReply(1, false);
  statistics.addReply(3, true);
  statistics.errors = 1;
  t.equal(
    statistics.summary('h', 1234.5),
    '\n--- h ping statistics ---\n3 packets transmitted, 1 received, +1 duplicates, +1 errors, 66.6667% packet loss, time 1235ms\n' +
      'rtt min/avg/max/mdev = 1.000/2.000/3.000/1.000 ms\n',
  );
  t.same([0.0454, 1.234, 12.34, 123.4].map(roundTripText), ['0.045', '1.23', '12.3', '123']);
  t.end();
});
