/** Devices without the orchestrator: two hosts on one cable, each started from a config file as docs/device-config.md says. */
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { DeviceConfig, DeviceStatus, InterfaceRow, ReadyMessage } from '../../devices/control.js';
import { freePorts } from './free-ports.js';
import { liveProcesses } from './processes.js';

const folder = mkdtempSync(join(tmpdir(), 'nt-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function writeConfig(name: string, config: unknown): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}

/** `environment` of its own: what a test runner sets must not reach a device. */
function start(...argv: string[]) {
  const clean = { extendEnv: false, env: { PATH: process.env.PATH ?? '' } };
  return execa(process.execPath, ['build/devices/host.cjs', ...argv], { ...clean, stdin: 'ignore', reject: false });
}

async function launch(t: Test, config: DeviceConfig) {
  const device = start('--config', writeConfig(config.name, config));
  t.teardown(async () => {
    device.kill('SIGKILL');
    await device;
  });
  const line = await new Promise<string>((resolve) => createInterface({ input: device.stdout }).once('line', resolve));
  return { device, ready: JSON.parse(line) as ReadyMessage };
}

/** Calls one method as anybody can: JSON-RPC in a WebSocket. `onNotification` sees what comes besides the answer. */
async function call<Result>(
  control: string,
  method: string,
  params: object = {},
  onNotification: (params: { data: string }) => void = () => {},
): Promise<Result> {
  const socket = new WebSocket(`ws+unix:${control}:/`);
  try {
    return await new Promise<Result>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
      socket.on('message', (data) => {
        const { id, result, error, params: news } = JSON.parse(String(data));
        if (id === undefined) onNotification(news);
        else if (error !== undefined) reject(new Error(error.message));
        else resolve(result);
      });
    });
  } finally {
    socket.close();
  }
}

function hostConfig(name: string, last: number, local = 1, remote = 2): DeviceConfig {
  const tunnel = {
    encapsulation: 'native',
    local: { address: '127.0.0.1', port: local },
    remote: { address: '127.0.0.1', port: remote },
  } as const;
  return {
    lab: `by-hand-${process.pid}`,
    name,
    kind: 'host',
    seed: 1,
    control: join(folder, `${name}.sock`),
    logFile: join(folder, `${name}.log`),
    ports: [{ name: 'eth0', mac: `02:00:00:00:00:0${last}`, addresses: [`10.0.0.${last}/24`], tunnel }],
  };
}

t.test('two hosts on one cable', async (t) => {
  const [left, right] = await freePorts(2);
  const a = await launch(t, hostConfig('a', 1, left, right));
  t.same(a.ready, { ready: true, name: 'a', pid: a.device.pid, control: join(folder, 'a.sock') });
  const title = `netarium:by-hand-${process.pid}:a`;
  t.equal(liveProcesses().find(({ pid }) => pid === a.device.pid)?.title, title);

  const status = await call<DeviceStatus>(a.ready.control, 'status');
  t.match(status, { name: 'a', kind: 'host', pid: a.device.pid, configured: true });
  const [port] = await call<InterfaceRow[]>(a.ready.control, 'inspect', { table: 'interfaces' });
  t.match(port, { name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'], mtu: 1500 });
  await t.rejects(call(a.ready.control, 'inspect', { table: 'furniture' }), /furniture|table/);

  await t.test('the other end may come later: the cable carries as soon as it is there', async (t) => {
    const b = await launch(t, hostConfig('b', 2, right, left));
    let output = '';
    const { exitStatus } = await call<{ exitStatus: number }>(
      a.ready.control,
      'exec',
      { id: 1, argv: ['ping', '-c', '1', '10.0.0.2'] },
      ({ data }) => {
        output += data;
      },
    );
    t.equal(exitStatus, 0);
    t.match(output, /1 packets transmitted, 1 received, 0% packet loss/);
    t.match(await call(b.ready.control, 'inspect', { table: 'arp' }), [{ ip: '10.0.0.1', mac: '02:00:00:00:00:01' }]);
  });

  a.device.kill('SIGTERM');
  t.equal((await a.device).exitCode, 0);
  t.notOk(existsSync(a.ready.control), 'its socket is gone');
  t.match(readFileSync(join(folder, 'a.log'), 'utf8'), /"reason":"SIGTERM"/);
});

t.test(
  'chaos orders a device about: all or nothing, counted with others in a folder, its clock and CPU too',
  async (t) => {
    const [left, right] = await freePorts(2);
    const a = await launch(t, hostConfig('chaos-a', 4, left, right));
    await launch(t, hostConfig('chaos-b', 5, right, left));
    const { control } = a.ready;
    const of = { fault: 'fault-1', title: 'drop', seed: 'x' };
    const rule = { ...of, filter: 'icmp.type == 8', at: 'origin', action: { kind: 'drop' } };
    await t.rejects(
      call(control, 'chaos', { links: [], rules: [rule, { ...rule, filter: 'icmp.type ==' }] }),
      /^rules\[1\]\.filter, column 13: /,
    );
    t.same(await call(control, 'inspect', { table: 'faults' }), [], 'nothing of it is in force');

    const claims = mkdtempSync(join(folder, 'claims-'));
    const others = {
      clocks: [{ fault: 'fault-2', title: 'clock', rate: 2, offsetMs: 86_400_000 }],
      cpus: [{ fault: 'fault-3', title: 'slow', factor: 2 }],
    };
    await call(control, 'chaos', { links: [], rules: [{ ...rule, count: 1, claims }], ...others });
    let output = '';
    const ping = async (count: number) => {
      const params = { id: 1, argv: ['ping', '-c', `${count}`, '-i', '0.2', '-W', '1', '10.0.0.5'] };
      return call<{ exitStatus: number }>(control, 'exec', params, ({ data }) => {
        output += data;
      });
    };
    t.match(await ping(3), { exitStatus: 0 });
    t.match(output, /3 packets transmitted, 2 received/);
    t.match(await call(control, 'inspect', { table: 'faults' }), [
      { fault: 'fault-1', matched: 1, hit: 1, exhausted: true },
      { fault: 'fault-3' },
      { fault: 'fault-2' },
    ]);
    t.ok(existsSync(join(claims, 'hit-1')));
    await call(control, 'chaos', { links: [], rules: [] });
    t.same(await call(control, 'inspect', { table: 'faults' }), []);
    t.match(await ping(1), { exitStatus: 0 });
  },
);

t.test('a config that is wrong ends with status 2 and one line that says what and where', async (t) => {
  const good = hostConfig('x', 3);
  const { seed: _seed, ...noSeed } = good;
  const cases: Record<string, [unknown, RegExp]> = {
    'no JSON': ['devices:\n', /JSON/],
    'a list': ['[]', /object/],
    'a missing key': [noSeed, /seed: is missing/],
    'an unknown key': [{ ...good, colour: 'red' }, /colour/],
    'another kind': [{ ...good, kind: 'switch' }, /kind: this program runs a host, not a switch/],
    'no kind at all': [{ ...good, kind: 'toaster' }, /kind: .*host/],
    'no address': [
      { ...good, ports: [{ ...good.ports[0], addresses: ['10.0.0.1/40'] }] },
      /ports\[0\]\.addresses\[0\]/,
    ],
    'no MAC address': [{ ...good, ports: [{ ...good.ports[0], mac: 'me' }] }, /ports\[0\]\.mac/],
    'a port twice': [{ ...good, ports: [good.ports[0], good.ports[0]] }, /two ports have the name eth0/],
  };
  for (const [what, [config, message]] of Object.entries(cases)) {
    const { exitCode, stdout, stderr } = await start('--config', writeConfig('bad', config));
    t.match({ exitCode, stdout, stderr }, { exitCode: 2, stdout: '', stderr: message }, what);
    t.equal(stderr.split('\n').length, 1, `${what}: one line`);
  }
  t.match(await start('--config', join(folder, 'none.json')), { exitCode: 2, stderr: /none\.json: ENOENT/ });
  t.match(await start(), { exitCode: 2, stderr: 'usage: host --config FILE [--supervised]' });
  t.match(await start('--colour'), { exitCode: 2, stderr: /--colour/ });
});

t.test('a UDP port that is taken ends it with status 1, and no socket stays', async (t) => {
  const holder = createSocket('udp4');
  t.teardown(() => holder.close());
  const taken = await new Promise<number>((resolve) =>
    holder.bind(0, '127.0.0.1', () => resolve(holder.address().port)),
  );
  const config = hostConfig('late', 4, taken, 9);
  const { exitCode, stderr } = await start('--config', writeConfig('late', config));
  t.match({ exitCode, stderr }, { exitCode: 1, stderr: `late: port eth0: UDP 127.0.0.1:${taken}: EADDRINUSE` });
  t.notOk(existsSync(config.control));
});
