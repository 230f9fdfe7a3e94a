import { once } from 'node:events';
import t from 'tap';
import type { StackMachine } from '../../../devices/apps/kinds/stack-machine.js';
import type { SocketRow } from '../../../devices/control/tables.js';
import { World } from '../../support/world.js';
import { begin } from './begin.js';
import { interruptAfter } from './three-networks.js';

/** Two hosts on a cable of 10 Mbit/s and 5 ms one way. */
function cable(loss = 0): World {
  const world = new World({ seed: 'iperf' });
  world.keepFrames = false;
  for (const [name, address] of [
    ['a', '10.0.0.1/24'],
    ['b', '10.0.0.2/24'],
  ]) {
    const impairment = { rateBps: 10e6, delayMs: 5, loss };
    world.add({
      name,
      kind: 'host',
      ports: [{ name: 'eth0', addresses: [address], impairment }],
      resolver: { hosts: { b: ['10.0.0.2'] } },
    });
  }
  world.link('a:eth0', 'b:eth0', { delayMs: 0 });
  world.start();
  return world;
}

const SECONDS = String.raw`\d+\.\d\d`;
const BYTES = String.raw`\d+(\.\d+)? [KMG]?Bytes`;
const BITS = String.raw`\d+(\.\d+)? [KMG]?bits/sec`;

function row(id: string, rest: string): RegExp {
  return new RegExp(String.raw`^\[ *${id}\] +${SECONDS}-${SECONDS} +sec +${BYTES} +${BITS}${rest}$`);
}

t.test('a server, a client, what both print', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s -1');
  const client = await world.exec('a', 'iperf -c b -t 3');
  t.match(client, { status: 0, stderr: '' });
  const lines = client.stdout.split('\n');
  t.equal(lines[0], 'Connecting to host b, port 5201');
  t.match(lines[1], /^\[ {2}1\] local 10\.0\.0\.1 port \d+ connected to 10\.0\.0\.2 port 5201$/);
  t.equal(lines[2], '[ ID] Interval           Transfer     Bitrate         Retr  Cwnd');
  for (const line of lines.slice(3, 6)) t.match(line, row('1', String.raw` +\d+ +${BYTES}`));
  t.match(lines[3], /^\[ {2}1\] {3}0\.00-1\.00 {3}sec /);
  t.match(lines[5], /^\[ {2}1\] {3}2\.00-3\.00 {3}sec /);
  t.equal(lines[6], '- - - - - - - - - - - - - - - - - - - - - - - - -');
  t.equal(lines[7], '[ ID] Interval           Transfer     Bitrate         Retr');
  t.match(lines[8], row('1', String.raw` +\d+ +sender`));
  t.match(lines[9], row('1', ' +receiver'));
  t.same(lines.slice(10), ['', 'iperf Done.', '']);
  const told = await world.until(server.end);
  t.match(told, { status: 0, stderr: '' });
  t.match(
    told.stdout,
    /^-{59}\nServer listening on 5201\n-{59}\nAccepted connection from 10\.0\.0\.1, port \d+\n\[ {2}1\] local 10\.0\.0\.2 port 5201 connected to 10\.0\.0\.1 port \d+\n\[ ID\] Interval {11}Transfer {5}Bitrate\n/,
  );
  t.match(told.stdout, / receiver\n$/);
  await world.runFor(100);
  const left = world.machine('b').inspect('sockets') as SocketRow[];
  t.ok(
    left.every(({ state }) => state === 'TIME_WAIT'),
    'one test, and the server is gone with all that it had',
  );
});

interface Figures {
  seconds: number;
  bytes: number;
  bits_per_second: number;
  retransmits?: number;
  sender: boolean;
}

interface Document {
  start: { connected: object[]; test_start: object };
  intervals: { streams: (Figures & { snd_cwnd: number; rtt: number })[]; sum: Figures }[];
  end: { streams: { sender: Figures; receiver: Figures }[]; sum_sent: Figures; sum_received: Figures };
  error?: string;
}

async function measured(world: World, line: string): Promise<Document> {
  const { stdout, status } = await world.exec('a', `${line} --json`);
  if (status !== 0) throw new Error(stdout);
  return JSON.parse(stdout);
}

t.test('--json: what was sent and what arrived, at the speed of the cable', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  const { start, intervals, end } = await measured(world, 'iperf -c b -t 5');
  t.match(start, {
    connected: [{ socket: 1, local_host: '10.0.0.1', remote_host: '10.0.0.2', remote_port: 5201 }],
    test_start: { protocol: 'TCP', num_streams: 1, duration: 5, bytes: 0, blksize: 131_072, reverse: 0 },
  });
  t.equal(intervals.length, 5);
  t.match(intervals[4].streams[0], { socket: 1, start: 4, end: 5, seconds: 1, sender: true });
  t.ok(intervals.every(({ streams: [{ snd_cwnd, rtt }] }) => snd_cwnd > 1448 && rtt >= 10_000));
  t.equal(
    intervals.reduce((bytes, { sum }) => bytes + sum.bytes, 0),
    end.sum_sent.bytes,
  );
  t.equal(end.sum_received.bytes, end.sum_sent.bytes, 'all that was sent has arrived');
  t.ok(end.sum_received.bits_per_second > 8.5e6 && end.sum_received.bits_per_second < 10e6, 'received');
  server.stop();
  t.match(await world.until(server.end), { status: 130 });
});

t.test('-R: the server sends; -n: so many bytes; -P: so many streams', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s -p 6000');
  const reverse = await measured(world, 'iperf -c b -p 6000 -t 2 -R');
  t.match(reverse.start.test_start, { reverse: 1 });
  t.match(reverse.end.sum_received, { sender: false, bytes: reverse.end.sum_sent.bytes });
  t.ok(reverse.end.sum_received.bits_per_second > 8e6);
  const exact = await measured(world, 'iperf -c b -p 6000 -n 1000001 -P 3 -l 8K');
  t.equal(exact.end.sum_sent.bytes, 1_000_001, 'without the greetings of the streams');
  t.equal(exact.end.sum_received.bytes, 1_000_001);
  t.same(
    exact.end.streams.map(({ receiver }) => receiver.bytes),
    [333_334, 333_334, 333_333],
  );
  t.match(await measured(world, 'iperf -c b -p 6000 -n 64K -R'), { end: { sum_received: { bytes: 65_536 } } });
  const parallel = await world.exec('a', 'iperf -c b -p 6000 -P 2 -t 2');
  const lines = parallel.stdout.split('\n');
  t.match(
    lines.filter((line) => line.startsWith('[SUM]')),
    [
      row('SUM', String.raw` +\d+`),
      row('SUM', String.raw` +\d+`),
      row('SUM', String.raw` +\d+ +sender`),
      row('SUM', ' +receiver'),
    ],
  );
  server.stop();
  await world.until(server.end);
});

t.test('-C: the congestion control of this test, whoever sends', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  for (const name of ['reno', 'cubic']) {
    const { end } = await measured(world, `iperf -c b -t 1 -C ${name}`);
    t.match(end, { sender_tcp_congestion: name });
    t.match((await measured(world, `iperf -c b -t 1 -R -C ${name}`)).end, { receiver_tcp_congestion: name });
  }
  t.equal((await world.exec('a', 'iperf -c b -C bbr')).status, 2);
  server.stop();
  await world.until(server.end);
});

t.test('losses: what was sent again', async (t) => {
  const world = cable(0.01);
  const server = await begin(world, 'b', 'iperf -s');
  const { end, intervals } = await measured(world, 'iperf -c b -t 5');
  t.ok((end.sum_sent.retransmits ?? 0) > 5);
  t.ok(intervals.some(({ sum }) => (sum.retransmits ?? 0) > 0));
  t.equal(end.sum_received.bytes, end.sum_sent.bytes);
  server.stop();
  await world.until(server.end);
});

t.test('Ctrl-C: what was measured until then', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  const client = await world.exec('a', 'iperf -c b -t 60', '', interruptAfter(world, 'a', 2500));
  t.match(client, { status: 130, stderr: 'iperf: interrupt - the client has terminated\n' });
  t.match(
    client.stdout,
    /\n\[ {2}1\] {3}2\.00-2\.\d+ +sec .*\n- .*\n\[ ID\].*\n\[ {2}1\] {3}0\.00-2\.\d+ .* sender\n$/,
  );
  await world.runFor(100);
  const again = await world.exec('a', 'iperf -c b -n 1000 -i 0');
  t.match(again, { status: 0 }, 'the server goes on');
  const whole = begin(world, 'a', 'iperf -c b -t 0');
  await whole;
  await world.runFor(1000);
  server.stop();
  const told = await world.until(server.end);
  t.match(told.status, 130);
  t.match(told.stderr, 'iperf: error - control socket has closed unexpectedly\n', 'of the client that left');
  t.match(await world.until((await whole).end), { status: 1, stderr: /^iperf: error - / });
});

t.test('several clients at once', async (t) => {
  const world = cable();
  const server = await begin(world, 'b', 'iperf -s');
  const clients = [
    await begin(world, 'a', 'iperf -c b -t 2 --json'),
    await begin(world, 'a', 'iperf -c b -t 2 -R --json'),
  ];
  for (const { end } of clients) {
    const { stdout, status } = await world.until(end);
    t.equal(status, 0);
    t.ok(JSON.parse(stdout).end.sum_received.bits_per_second > 1e6, 'one each way');
  }
  server.stop();
  await world.until(server.end);
});

t.test('what goes wrong', async (t) => {
  const world = cable();
  await world.exec('a', 'ping -c 1 b');
  t.match(await world.exec('a', 'iperf -c b'), {
    status: 1,
    stdout: 'Connecting to host b, port 5201\n',
    stderr: 'iperf: error - unable to connect to server: Connection refused\n',
  });
  const refused = await world.exec('a', 'iperf -c b --json');
  t.equal(refused.status, 1);
  t.match(JSON.parse(refused.stdout), {
    intervals: [],
    error: 'unable to connect to server: Connection refused',
  });
  t.match(await world.exec('a', 'iperf -c nosuch'), {
    status: 1,
    stderr: /^iperf: error - unable to connect to server: /,
  });
  for (const wrong of [
    '',
    '-s -c b',
    '-c',
    '-c b -t 1 -n 1',
    '-c b -n 0',
    '-c b -n 1X',
    '-c b -P 999',
    '-s -t 1',
    '-c b x',
  ])
    t.equal((await world.exec('a', `iperf ${wrong}`.trim())).status, 2, wrong);
  const server = await begin(world, 'b', 'iperf -s');
  t.match(await world.exec('b', 'iperf -s'), {
    status: 1,
    stderr: 'iperf: error - unable to start listener: Address already in use\n',
  });
  server.stop();
  await world.until(server.end);
});

t.test('a server that speaks something else, and clients that do', async (t) => {
  const world = cable();
  const other = await begin(world, 'b', 'nc -l 5201', 'HTTP/1.1 400 Bad Request\n');
  t.match(await world.exec('a', 'iperf -c b'), {
    status: 1,
    stderr: 'iperf: error - unable to understand the peer: it speaks another protocol\n',
  });
  await world.until(other.end);
  const server = await begin(world, 'b', 'iperf -s');
  const { network } = world.machine('a') as StackMachine;
  const say = async (text: string | Buffer) => {
    const socket = network.connect({ host: '10.0.0.2', port: 5201 });
    socket.on('error', () => {});
    socket.resume();
    socket.write(text);
    await world.until(once(socket, 'close'), 60_000);
  };
  await say('GET / HTTP/1.1\r\n\r\n');
  await say(Buffer.alloc(100_000, 1));
  await say('netarium-iperf 1\n{"test":{"streams":1e9,"reverse":false,"blockBytes":1}}\n');
  await say('netarium-iperf 1\n{"test":{"streams":2,"reverse":false,"blockBytes":1}}\n');
  await say('netarium-iperf-stream 1 0123456789abcdef 0\n');
  await say('');
  t.match(await world.exec('a', 'iperf -c b -n 1000'), { status: 0 }, 'nothing of this troubles it');
  server.stop();
  const { stderr } = await world.until(server.end);
  t.match(stderr, /it speaks another protocol\n.*the streams of the test did not come\n/s);
});
