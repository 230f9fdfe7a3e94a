/** `netarium capture` on a lab of processes: what it writes, Wireshark judges. */
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import t, { type Test } from 'tap';
import { fromHex } from '../../devices/stack/wire/bytes.js';
import { Wireshark } from '../support/wireshark.js';
import { freePorts } from './free-ports.js';
import { type Netarium, netarium, type Running, waitFor } from './netarium.js';

const BAD =
  '_ws.malformed or eth.fcs.status == "Bad" or ip.checksum.status == "Bad" or tcp.checksum.status == "Bad" or udp.checksum.status == "Bad"';

const wireshark = await Wireshark.start();

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'nt-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A capture that has begun: what it says of itself, and its end. */
async function begun(capture: Running): Promise<{ told(): string }> {
  let text = '';
  capture.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await waitFor('the capture to begin', () => text.includes('capturing '));
  return { told: () => text };
}

async function pidOf(world: Netarium, lab: string, device: string): Promise<number> {
  const rows = await world.json<{ name: string; pid: number }[]>('ps', '--lab', lab);
  return rows.find(({ name }) => name === device)?.pid ?? 0;
}

t.test('a ping into a file, over the death of a device and its return by hand', async (t) => {
  const world = netarium(t);
  const lab = await world.up('cap', 'topologies/hello.yaml');
  const file = join(folder(t), 'all.pcapng');
  const capture = world.start('capture', '-w', file);
  const { told } = await begun(capture);
  t.match(told(), `capturing all 4 link ends of lab ${lab}`);
  t.equal((await world.run('exec', 'a', 'ping', '-c', '1', 'b')).exitStatus, 0);

  process.kill(await pidOf(world, lab, 'b'), 'SIGKILL');
  await waitFor('the news of its end', () => told().includes('b has ended (SIGKILL)'));
  const config = join(world.runDir, lab, 'b.json');
  const clean = { extendEnv: false, env: { PATH: process.env.PATH ?? '' } };
  const again = execa(process.execPath, ['build/devices/host.cjs', '--config', config], { ...clean, reject: false });
  t.teardown(async () => {
    again.kill('SIGKILL');
    await again;
  });
  await waitFor('its return', () => told().includes(`b is back (process ${again.pid})`));
  t.equal((await world.run('exec', 'a', 'ping', '-c', '1', 'b')).exitStatus, 0);

  capture.kill('SIGINT');
  t.equal((await capture).exitCode, 0, 'Ctrl-C is how a capture ends');
  t.match(told(), /\d+ frames captured in .*, 0 missed, .* in .*all\.pcapng/);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const { frames, matching } = wireshark.judge(new Uint8Array(readFileSync(file)));
  t.same(matching(BAD), []);
  t.equal(matching('eth.fcs.status == "Good"').length, frames.length);
  const names = ['a:eth0', 'b:eth0', 'sw:1', 'sw:2'];
  t.equal(matching(names.map((name) => `frame.interface_name == "${name}"`).join(' or ')).length, frames.length);
  t.equal(matching('icmp.type == 0 and frame.interface_name == "b:eth0"').length, 2, 'both lives under one name');
  t.equal(matching('frame.interface_id > 3').length, 0);
  t.equal(matching('icmp and frame.packet_flags_direction == 2').length, 8);
  t.same(matching('frame.time_delta < 0'), [], 'in order');
});

t.test('into a pipe: a reader sees frames while they happen; the end of the lab ends it', async (t) => {
  const world = netarium(t);
  await world.up('cap', 'topologies/hello.yaml');
  const capture = world.start('capture', 'a:eth0 -- sw:1', '--once', '-w', '-', '--filter', 'icmp');
  const chunks: Buffer[] = [];
  capture.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { told } = await begun(capture);
  const written = () => new Uint8Array(Buffer.concat(chunks));
  t.equal((await world.run('exec', 'a', 'ping', '-c', '2', 'b')).exitStatus, 0);
  const live = await waitFor('four frames', () => {
    const bytes = written();
    return bytes.length > 0 && wireshark.judge(bytes).frames.length === 4 && bytes;
  });
  const { matching, frames } = wireshark.judge(live);
  t.same(
    frames.map(({ info }) => /request|reply/.exec(info)?.[0]),
    ['request', 'reply', 'request', 'reply'],
    'each once',
  );
  t.same(matching('frame.interface_name == "a:eth0"'), [1, 3]);
  t.same(matching('frame.interface_name == "sw:1"'), [2, 4]);
  t.same(matching(BAD), []);
  await world.run('down');
  t.equal((await capture).exitCode, 0);
  t.match(told(), /the lab has ended\n4 frames captured in .*, [1-9]\d* did not match, 0 missed/);
});

t.test('a port that is attached meanwhile is an interface of its own, from then on', async (t) => {
  const world = netarium(t);
  await world.up('cap', 'topologies/hello.yaml');
  const file = join(folder(t), 'door.pcapng');
  const capture = world.start('capture', 'sw', '-w', file, '--limit', '1', '--filter', 'eth.type == 0x88b5');
  await begun(capture);
  const stranger = createSocket('udp4');
  t.teardown(() => stranger.close());
  await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.1', resolve));
  const [free] = await freePorts(1);
  const ends = ['--local', `127.0.0.1:${free}`, '--remote', `127.0.0.1:${stranger.address().port}`];
  t.equal((await world.run('attach', 'sw', '--encap', 'udp', ...ends)).exitStatus, 0);
  stranger.send(fromHex(`ffffffffffff 020000000099 88b5 ${'00'.repeat(46)}`), free, '127.0.0.1');
  t.equal((await capture).exitCode, 0);
  const { frames, matching } = wireshark.judge(new Uint8Array(readFileSync(file)));
  t.equal(frames.length, 1);
  t.equal(matching('frame.interface_id == 2 and eth.fcs.status == "Good"').length, 1);
  t.match(await world.run('capture', 'sw:3', '--limit', '50ms'), { exitStatus: 0, stderr: /capturing 1 link end / });
});

t.test('limits, lines, JSON, a reader that leaves, and what is refused', async (t) => {
  const world = netarium(t);
  const lab = await world.up('cap', 'topologies/hello.yaml');
  const ping = (count: number) => world.run('exec', 'a', 'ping', '-c', String(count), '-i', '0.2', 'b');

  const lines = world.start('capture', 'a', '--limit', '2', '--filter', 'icmp');
  const { told } = await begun(lines);
  await ping(2);
  const { stdout, exitCode } = await lines;
  t.equal(exitCode, 0);
  t.match(String(stdout), /^\d\d:\d\d:\d\d\.\d{6} a:eth0 Out .*request.*\n\d.* a:eth0 In {2}.*reply/i);
  t.equal(String(stdout).split('\n').length, 2);
  t.match(told(), '2 frames captured');

  t.same(await world.json('capture', '--limit', '100ms', '-q', 'b'), [], 'nothing happens: an empty list');

  const numbered = world.start('capture', 'a', '--filter', 'frame.number == 3', '--limit', '1', '--json');
  await begun(numbered);
  await ping(2);
  t.match(JSON.parse(String((await numbered).stdout)), [{ n: 1, device: 'a', port: 'eth0', direction: 'out' }]);

  const left = world.start('capture', '-w', '-');
  await begun(left);
  left.stdout?.destroy();
  await waitFor('its end', async () => {
    await ping(1);
    return left.exitCode !== null;
  });
  t.equal((await left).exitCode, 0);

  const file = join(folder(t), 'none', 'x.pcapng');
  const cases: [string[], number, RegExp][] = [
    [['zz'], 3, /has no device zz/],
    [['a:eth9'], 2, /a has no port eth9/],
    [['--limit', '10x'], 2, /not a limit/],
    [['--filter', 'tcp.prot == 1'], 2, /column 1: .*tcp\.prot/],
    [['--filter', 'ip.addr =='], 2, /column \d+/],
    [['--filter', 'tcp port 80'], 2, /column 5: .*\n.*\n.*\n.*tcpdump's language/],
    [['-w', file], 1, /cannot write .*x\.pcapng: no such folder\n?$/],
    [['-w', ''], 2, /-w wants the name of a file/],
    [['--lab', 'other'], 3, /no lab other/],
    [['--limit', '1MB'], 2, /-w/],
  ];
  for (const [argv, status, message] of cases) {
    const ran = await world.run('capture', ...argv);
    t.match(ran, { exitStatus: status, stdout: '', stderr: message }, argv.join(' '));
  }
  t.notOk(existsSync(file));
  t.equal((await world.run('down', lab)).exitStatus, 0);
  t.match(await world.run('capture'), { exitStatus: 3, stderr: /no lab is up/ });
});
