/** `iperf -u`: datagrams, and what becomes of them. */
import t from 'tap';
import type { StackMachine } from '../../../devices/apps/kinds/stack-machine.js';
import { World } from '../../support/world.js';
import { begin } from './begin.js';

/** Two hosts on a cable of 10 Mbit/s and 5 ms one way; what `a` sends may suffer. */
function cable(impairment: object = {}): World {
  const world = new World({ seed: 'iperf udp' });
  world.keepFrames = false;
  for (const [name, address] of [
    ['a', '10.0.0.1/24'],
    ['b', '10.0.0.2/24'],
  ]) {
    const worse = name === 'a' ? impairment : {};
    world.add({
      name,
      kind: 'host',
      ports: [{ name: 'eth0', addresses: [address], impairment: { rateBps: 10e6, delayMs: 5, ...worse } }],
      resolver: { hosts: { b: ['10.0.0.2'] } },
    });
  }
  world.link('a:eth0', 'b:eth0', { delayMs: 0 });
  world.start();
  return world;
}

interface Figures {
  seconds: number;
  bytes: number;
  bits_per_second: number;
  jitter_ms: number;
  lost_packets: number;
  packets: number;
  lost_percent: number;
  out_of_order: number;
}

interface Document {
  start: { test_start: object };
  intervals: { sum: Figures }[];
  end: { streams: { udp: Figures }[]; sum: Figures; sum_sent: Figures; sum_received: Figures };
}

async function measured(world: World, line: string): Promise<Document> {
  const { stdout, status } = await world.exec('a', `${line} --json`);
  if (status !== 0) throw new Error(stdout);
  return JSON.parse(stdout);
}

t.test('a server, a client, what both print', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s -1');
  const client = await world.exec('a', 'iperf -c b -u -b 1M -l 1250 -t 2');
  t.match(client, { status: 0, stderr: '' });
  const rate = String.raw`(1\.00 Mbits|9\d\d Kbits|1000 Kbits)/sec`;
  const lines = client.stdout.split('\n');
  const expected = [
    'Connecting to host b, port 5201',
    /^\[ {2}1\] local 10\.0\.0\.1 port \d+ connected to 10\.0\.0\.2 port 5201$/,
    '[ ID] Interval           Transfer     Bitrate         Total Datagrams',
    new RegExp(String.raw`^\[  1\]   0\.00-1\.00   sec  122 KBytes +${rate}  100$`),
    new RegExp(String.raw`^\[  1\]   1\.00-2\.00   sec  122 KBytes +${rate}  100$`),
    '- - - - - - - - - - - - - - - - - - - - - - - - -',
    '[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams',
    new RegExp(String.raw`^\[  1\]   0\.00-2\.00   sec  244 KBytes +${rate}  0\.000 ms  0/200 \(0%\)  sender$`),
    new RegExp(String.raw`^\[  1\]   0\.00-2\.00   sec  244 KBytes +${rate}  0\.000 ms  0/200 \(0%\)  receiver$`),
    '',
    'iperf Done.',
    '',
  ];
  t.match(lines, expected);
  const port = / port (\d+) connected/.exec(lines[1])?.[1];
  const { stdout } = await world.until(server.end);
  t.match(stdout, `[  1] local 10.0.0.2 port 5201 connected to 10.0.0.1 port ${port}\n`);
  t.match(stdout, '\n[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams\n');
  t.match(
    stdout,
    new RegExp(String.raw`\n\[  1\]   1\.00-2\.00   sec  122 KBytes +${rate}  0\.000 ms  0/100 \(0%\)\n`),
  );
  t.match(stdout, / 0\/200 \(0%\) {2}receiver\n$/);
  t.same(
    world
      .machine('b')
      .inspect('sockets')
      .filter((row) => 'protocol' in row && row.protocol === 'udp'),
    [],
  );
});

t.test('--json: iperf3’s names; by default datagrams that fit the path, a mebibit a second', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  const { start, intervals, end } = await measured(world, 'iperf -c b -u -t 2');
  t.match(start.test_start, { protocol: 'UDP', blksize: 1448, target_bitrate: 1_048_576, reverse: 0 });
  t.equal(intervals.length, 2);
  const { packets } = end.sum;
  t.match(end.sum, { bytes: packets * 1448, lost_packets: 0, lost_percent: 0, out_of_order: 0 });
  t.ok(Math.abs(end.sum_sent.bits_per_second - 1_048_576) < 8 * 1448, 'to the datagram');
  t.same(end.streams[0].udp.packets, packets);
  const reverse = await measured(world, 'iperf -c b -u -b 4M -l 1000 -t 1 -R -P 2');
  t.match(reverse.start.test_start, { reverse: 1 });
  t.match(reverse.end.sum_received, { packets: 1000, bytes: 1_000_000, lost_packets: 0 });
  const exact = await measured(world, 'iperf -c b -u -b 1M -l 1000 -n 10000');
  t.match(exact.end.sum_received, { packets: 10, bytes: 10_000 });
  server.stop();
  await world.until(server.end);
});

t.test('more than the cable takes: the rest is lost, and the rate is that of the cable', async (t) => {
  const world = cable({ queueBytes: 50_000 });
  const server = await begin(world, 'b', 'iperf -s');
  const { end } = await measured(world, 'iperf -c b -u -b 20M -l 1250 -t 3');
  t.equal(end.sum_sent.packets, 6000);
  t.equal(end.sum.lost_packets * 1250 + end.sum.bytes, 6000 * 1250, 'each is here or lost');
  t.ok(end.sum.lost_percent > 48 && end.sum.lost_percent < 54, `${end.sum.lost_percent}`);
  server.stop();
  await world.until(server.end);
});

t.test('losses, order and jitter of the cable, counted to the last', async (t) => {
  const world = cable({ loss: 0.05, reorder: 0.1, reorderDelayMs: 9, jitterMs: 2 });
  const server = await begin(world, 'b', 'iperf -s');
  const { end } = await measured(world, 'iperf -c b -u -b 2M -l 500 -t 4');
  const { lost_packets, packets, out_of_order, jitter_ms } = end.sum_received;
  t.equal(packets, 2000);
  t.ok(lost_packets > 50 && lost_packets < 160, `${lost_packets} lost`);
  t.ok(out_of_order > 0, `${out_of_order} late`);
  t.ok(jitter_ms > 0.1 && jitter_ms < 10, `${jitter_ms} ms`);
  const text = await world.exec('a', 'iperf -c b -u -b 2M -l 500 -t 1');
  t.match(text.stdout, /\[ {2}1\] {2}0\.0-1\.\d sec {2}\d+ datagrams received out-of-order\n\niperf Done\.\n$/);
  server.stop();
  await world.until(server.end);
});

t.test('Ctrl-C, a server that goes, a port that is taken', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  const client = await begin(world, 'a', 'iperf -c b -u -t 60');
  await world.runFor(1500);
  client.stop();
  t.match(await world.until(client.end), { status: 130, stdout: /sender\n$/ });
  await world.runFor(1000);
  const { network } = world.machine('a') as StackMachine;
  t.same(network.stack.udp.sockets(), [], 'nothing is left, and nothing is sent');
  const left = await begin(world, 'a', 'iperf -c b -u -R -t 60');
  server.stop();
  await world.until(server.end);
  t.match(await world.until(left.end), { status: 1, stderr: /^iperf: error - / });
  const other = await begin(world, 'b', 'nc -u -l 5201');
  const again = await begin(world, 'b', 'iperf -s');
  t.match(await world.exec('a', 'iperf -c b -u'), { status: 1, stderr: /the UDP port is taken\n$/ });
  other.stop();
  await world.until(other.end);
  t.match(await world.exec('a', 'iperf -c b -u -t 1'), { status: 0 });
  again.stop();
  await world.until(again.end);
});

t.test('greetings that get lost are said again', async (t) => {
  const world = cable({ loss: 0.4 });
  const server = await begin(world, 'b', 'iperf -s');
  const { end } = await measured(world, 'iperf -c b -u -P 5 -t 1');
  t.equal(end.streams.length, 5);
  server.stop();
  await world.until(server.end);
});

t.test('values that are none', async (t) => {
  const world = cable();
  for (const wrong of [
    '-u -b 0',
    '-u -b 5X',
    '-u -b 200G',
    '-b 1M',
    '-u -l 15',
    '-u -l 65508',
    '-u -w 64K',
    '-u -C reno',
    '-w 1K',
    '-w 65M',
    '-w big',
  ])
    t.equal((await world.exec('a', `iperf -c b ${wrong}`)).status, 2, wrong);
  t.equal((await world.exec('a', 'iperf -s -u')).status, 2);
});

t.test('-w: both ends have that buffer, whoever sends, and it holds the rate down', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  interface Buffers {
    start: { sock_bufsize: number; sndbuf_actual: number; rcvbuf_actual: number };
  }
  for (const way of ['', ' -R']) {
    const { start, end } = (await measured(world, `iperf -c b -w 8K -t 2${way}`)) as unknown as Buffers & Document;
    t.match(start, { sock_bufsize: 8192, sndbuf_actual: 8192, rcvbuf_actual: 8192 });
    // A window each round trip of 10 ms and the time that its bits take.
    t.ok(end.sum_received.bits_per_second < (8192 * 8) / 0.01, `${end.sum_received.bits_per_second}`);
    t.ok(end.sum_received.bits_per_second > 2e6, `${end.sum_received.bits_per_second}`);
  }
  const small = await begin(world, 'a', 'iperf -c b -w 16K -t 2');
  const plain = await begin(world, 'a', 'iperf -c b -t 2');
  await world.runFor(1000);
  const buffers = (world.machine('b') as StackMachine).network.stack.tcp
    .sockets()
    .flatMap(({ state, info, bytesReceived }) =>
      state === 'ESTABLISHED' && bytesReceived > 1000 ? [[info?.sendBufferBytes, info?.receiveBufferBytes]] : [],
    );
  t.equal(buffers.filter(([send, receive]) => send === 16_384 && receive === 16_384).length, 1);
  t.equal(buffers.length, 2, 'the other test at the same time has its own');
  for (const { end } of [small, plain]) t.equal((await world.until(end)).status, 0);
  server.stop();
  await world.until(server.end);
});
