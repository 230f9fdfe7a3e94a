import t from 'tap';
import { interruptAfter, threeNetworks } from './three-networks.js';

t.test('UDP probes: each router on the way, then the host', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  t.same(await world.exec('a', 'traceroute b'), {
    status: 0,
    stdout: `traceroute to b (10.0.2.2), 30 hops max, 60 byte packets
 1  r1 (10.0.0.1)  2.000 ms  2.000 ms  2.000 ms
 2  10.0.1.2 (10.0.1.2)  4.000 ms  4.000 ms  4.000 ms
 3  b (10.0.2.2)  6.000 ms  6.000 ms  6.000 ms
`,
    stderr: '',
  });
  const probes = world.lines().filter((line) => line.includes('a:eth0 > r1:eth0') && line.includes('> 33434'));
  t.equal(probes.length, 1, 'the first port, then one more for each probe');
  t.same(world.machine('a').inspect('sockets'), []);
});

t.test('-I: echo requests; -n: no names; -q: one probe a hop', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  t.same((await world.exec('a', 'traceroute -I -n -q 1 b')).stdout.split('\n').slice(1), [
    ' 1  10.0.0.1  2.000 ms',
    ' 2  10.0.1.2  4.000 ms',
    ' 3  10.0.2.2  6.000 ms',
    '',
  ]);
});

t.test('stars for a silent hop, and -m for how far', async (t) => {
  const world = threeNetworks();
  await world.exec('a', 'ping -c 1 b');
  world.machine('b').ports[0].setCarrier(false);
  const start = world.now;
  t.same((await world.exec('a', 'traceroute -n -m 4 -w 2 b')).stdout.split('\n').slice(1), [
    ' 1  10.0.0.1  2.000 ms  2.000 ms  2.000 ms',
    ' 2  10.0.1.2  4.000 ms  4.000 ms  4.000 ms',
    ' 3 * * *',
    ' 4 * * *',
    '',
  ]);
  t.equal(world.now - start, 2000, 'all were waited for together');
});

t.test('marks: net and host unreachable', async (t) => {
  const world = threeNetworks();
  t.equal(
    (await world.exec('a', 'traceroute -n 10.9.9.9')).stdout.split('\n')[1].replaceAll(/ {2}[\d.]+ ms/g, ''),
    ' 1  10.0.0.1 !N !N !N',
  );
  t.match((await world.exec('a', 'traceroute -n -q 1 10.0.0.9')).stdout, ' 1  10.0.0.2  3000.000 ms !H\n');
});

t.test('Ctrl-C, wrong arguments, no route, no name', async (t) => {
  const world = threeNetworks();
  t.equal((await world.exec('a', 'traceroute 10.0.0.9', '', interruptAfter(world, 'a', 500))).status, 1);
  t.match(await world.exec('a', 'traceroute'), { status: 2, stderr: /Specify "host" missing argument/ });
  t.match(await world.exec('a', 'traceroute b 20'), { status: 2, stderr: /bad packet length '20'/ });
  t.match(await world.exec('a', 'traceroute -q 11 b'), { status: 2 });
  t.match(await world.exec('a', 'traceroute nosuch'), { status: 2, stderr: /Temporary failure in name resolution/ });
  world.add({ name: 'lost', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.7.1/24'] }] });
  t.match(await world.exec('lost', 'traceroute 10.0.0.1'), { status: 1, stderr: /Network is unreachable/ });
});
