/** The life of a lab's devices, with real processes: two hosts and the switch between them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import type { InterfaceRow, StreamOpened } from '../../../devices/control.js';
import { runOnDevice } from '../../../orchestrator/commands/exec.js';
import { type DeviceNews, describeNews } from '../../../orchestrator/lab/device-news.js';
import { DeviceStream } from '../../../orchestrator/lab/device-stream.js';
import type { Lab } from '../../../orchestrator/lab/lab.js';
import { labDirectory, makeRunRoot } from '../../../orchestrator/lab/paths.js';
import { prepareLab } from '../../../orchestrator/lab/prepare.js';
import { ask, connectDevice, supervisedRows } from '../../../orchestrator/lab/reach-device.js';
import { isAlive, readLabState } from '../../../orchestrator/lab/state.js';
import { holdLab } from '../../../orchestrator/lab/supervise.js';
import { ownRunRoot } from './run-dir.js';

async function labOf(t: Test, generator: string) {
  ownRunRoot(t);
  makeRunRoot();
  const plan = await prepareLab({ generator, name: 'life' });
  const held = await holdLab(plan, () => {}, new AbortController().signal);
  t.teardown(() => held.stop());
  const { lab } = held;
  const told: DeviceNews[] = [];
  lab.listen((news) => {
    told.push(news);
  });
  return { held, lab, told };
}

async function exec(lab: Lab, device: string, ...argv: string[]): Promise<{ status: number; stdout: string }> {
  const client = await connectDevice(lab.state, device);
  const stdout = new PassThrough().setEncoding('utf8');
  const text = stdout.toArray();
  const status = await runOnDevice(client, argv, { stdout, stderr: new PassThrough(), columns: 80 }).exitStatus;
  stdout.end();
  client.close();
  return { status, stdout: (await text).join('') };
}

async function pings(lab: Lab, from: string, address: string): Promise<boolean> {
  return (await exec(lab, from, 'ping', '-c', '1', '-W', '1', address)).status === 0;
}

async function interfaces(lab: Lab, device: string): Promise<InterfaceRow[]> {
  const client = await connectDevice(lab.state, device);
  try {
    return await ask<InterfaceRow[]>(lab.state, device, client, 'inspect', { table: 'interfaces' });
  } finally {
    client.close();
  }
}

async function addressOf(lab: Lab, device: string): Promise<string> {
  return (await interfaces(lab, device))[0].addresses[0].split('/')[0];
}

t.test('killed, and started again as the same device', async (t) => {
  const { lab, told } = await labOf(t, 'star,2');
  const [a, b] = lab.devices.filter(({ config }) => config.kind === 'host').map(({ config }) => config.name);
  const address = await addressOf(lab, b);
  const before = { row: lab.device(b).row, ports: await interfaces(lab, b) };
  t.ok(await pings(lab, a, address));

  await lab.kill(b, 'fault-3');
  t.notOk(isAlive(before.row.pid), 'its process is gone when the call resolves');
  t.match(lab.device(b), { state: 'killed', by: 'fault-3', pid: 0, client: undefined });
  t.equal(readLabState('life')?.devices.find(({ name }) => name === b)?.pid, 0);
  t.match(
    (await supervisedRows('life')).find(({ name }) => name === b),
    { state: 'killed', by: 'fault-3', pid: 0, life: 1 },
  );
  await t.rejects(connectDevice(lab.state, b), {
    exitStatus: 1,
    message: new RegExp(`^${b} was killed by fault-3 \\d.* ago$`),
    hint: `\`netarium chaos device ${b} start --lab life\` brings it back.`,
  });
  t.notOk(await pings(lab, a, address));

  await lab.start(b, 'fault-3');
  const after = lab.device(b).row;
  t.match(after, { state: 'running', life: 2 });
  t.not(after.pid, before.row.pid);
  t.equal(readLabState('life')?.devices.find(({ name }) => name === b)?.pid, after.pid);
  const ports = await interfaces(lab, b);
  const same = ({ name, mac, link, addresses }: InterfaceRow) => ({ name, mac, link, addresses });
  t.same(ports.map(same), before.ports.map(same), 'the same interfaces');
  t.ok(await pings(lab, a, address), 'its neighbour reaches it at once: the carrier is back');
  t.same(told.map(describeNews), [
    `${b} was killed by fault-3`,
    `${b} was started again by fault-3 (process ${after.pid})`,
  ]);
});

t.test(
  'a second life draws other random numbers: a peer that has an old connection takes no new one for it',
  async (t) => {
    const { lab } = await labOf(t, 'star,2');
    const [a, b] = lab.devices.filter(({ config }) => config.kind === 'host').map(({ config }) => config.name);
    const request = { host: await addressOf(lab, b), port: 80 };
    const connect = async () => {
      const client = await connectDevice(lab.state, a);
      return (await client.call<StreamOpened>('stream-open', request)).local;
    };
    const first = await connect();
    await lab.kill(a);
    await lab.start(a);
    const second = await connect();
    t.equal(second.split(':')[0], first.split(':')[0]);
    t.not(second, first);
    await lab.restart(a);
    t.not(await connect(), second);
  },
);

t.test('old connections of its peers are unknown to its second life, which says so by RST', async (t) => {
  const { lab } = await labOf(t, 'star,2');
  const [a, b] = lab.devices.filter(({ config }) => config.kind === 'host').map(({ config }) => config.name);
  const stream = await DeviceStream.open(lab.device(a).config.control, { host: await addressOf(lab, b), port: 80 });
  const closed = new Promise<Error>((resolve) => stream.once('error', resolve));
  await lab.kill(b);
  t.notOk(existsSync(lab.device(b).config.control), 'no file is left of its socket');
  await lab.start(b);
  stream.write('GET / HTTP/1.1\r\n');
  t.match(await closed, { code: 'ECONNRESET' });
  const log = readFileSync(lab.device(b).config.logFile ?? '', 'utf8');
  t.equal(log.match(/"msg":"started"/g)?.length, 2, 'both lives are in one log');
});

t.test('what makes no sense is refused, and changes nothing', async (t) => {
  const { lab } = await labOf(t, 'linear,1');
  const [{ config }] = lab.devices;
  const { name } = config;
  const refused = (message: RegExp) => ({ exitStatus: 1, message });
  await t.rejects(lab.start(name), refused(/^cannot start .* is running$/));
  await t.rejects(lab.resume(name), refused(/^cannot resume .* is running$/));
  await t.rejects(lab.kill('nobody'), { exitStatus: 3, message: /has no device nobody/ });
  await lab.pause(name, 'fault-1');
  await t.rejects(lab.pause(name), refused(/^cannot pause .* was paused by fault-1 .* ago$/));
  await t.rejects(lab.start(name), refused(/^cannot start .* was paused by fault-1 .* ago$/));
  await lab.stop(name, 'fault-2');
  for (const action of ['kill', 'stop', 'restart', 'pause', 'resume'] as const) {
    await t.rejects(lab[action](name), refused(new RegExp(`^cannot ${action} .* was stopped by fault-2 .* ago$`)));
  }
  t.match(lab.device(name), { state: 'stopped', by: 'fault-2', life: 1 });
});

t.test('paused: nothing answers, and nobody waits for it', async (t) => {
  const { lab, told, held } = await labOf(t, 'star,2');
  const [a, b] = lab.devices.filter(({ config }) => config.kind === 'host').map(({ config }) => config.name);
  const address = await addressOf(lab, b);
  const client = await connectDevice(lab.state, b);
  const { pid } = lab.device(b);
  await lab.pause(b, 'fault-1');
  if (process.platform === 'linux') t.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^State:\s+T/m);
  const paused = { exitStatus: 1, message: new RegExp(`^${b} was paused by fault-1 \\d.* ago$`) };
  await t.rejects(connectDevice(lab.state, b), paused);
  await t.rejects(ask(lab.state, b, client, 'tables'), paused, 'also over a connection from before');
  t.notOk(await pings(lab, a, address));

  await lab.resume(b, 'fault-1');
  t.ok(await pings(lab, a, address));
  t.equal(lab.device(b).pid, pid, 'the same process');
  client.close();

  await lab.pause(b);
  await lab.kill(b);
  t.notOk(isAlive(pid), 'what is paused can be killed');
  await lab.start(b);
  await lab.pause(b);
  await lab.restart(b);
  t.match(lab.device(b), { state: 'running', life: 3 }, 'and restarted');
  await lab.pause(b);
  const last = lab.device(b).pid;
  const began = performance.now();
  await held.stop();
  t.notOk(isAlive(last), 'the end of the lab is also that of what is paused');
  t.ok(performance.now() - began < 1900, 'at once, not when its time is over');
  t.same(
    told.map(({ event }) => event),
    ['pause', 'resume', 'pause', 'end', 'start', 'pause', 'end', 'start', 'pause'],
  );
});

t.test('one thing after the other, with its orders before it starts', async (t) => {
  const { lab, told } = await labOf(t, 'linear,1');
  const [{ config }] = lab.devices;
  const { name } = config;
  const events: string[] = [];
  lab.beforeStart = async (device, client) => {
    const rows = await client.call<InterfaceRow[]>('inspect', { table: 'interfaces' });
    events.push(`orders for ${device} with ${rows.length} interfaces: ${lab.device(device).state}`);
  };
  await Promise.all([lab.restart(name), lab.restart(name), lab.kill(name)]);
  const orders = `orders for ${name} with ${config.ports.length} interfaces: starting`;
  t.same(events, [orders, orders]);
  t.same(
    told.map((news) => (news.event === 'end' ? news.state : news.event)),
    ['stopped', 'start', 'stopped', 'start', 'killed'],
  );

  lab.beforeStart = async () => {
    throw new Error('the orders are refused');
  };
  await t.rejects(lab.start(name), { exitStatus: 1, message: 'the orders are refused' });
  t.match(lab.device(name), { state: 'dead', pid: 0 }, 'one that does not get its orders does not live');
  lab.beforeStart = undefined;
  await lab.start(name);
  t.equal(lab.device(name).state, 'running');
});

t.test('a lab that ends while one of its devices is restarted leaves no process of it', async (t) => {
  const { held, lab } = await labOf(t, 'linear,1');
  const [device] = lab.devices;
  const refused = t.rejects(lab.restart(device.config.name), { message: 'lab life is ending' });
  while (device.client !== undefined) {
    // Asked to end, and on its way.
    await new Promise((resolve) => setImmediate(resolve));
    if (device.life === 1) void held.stop();
  }
  await Promise.all([held.stop(), refused]);
  t.match(device, { life: 1, pid: 0 });
  t.notOk(existsSync(labDirectory('life')));
});

t.test('one that waits for its address can be killed at once', async (t) => {
  ownRunRoot(t);
  makeRunRoot();
  const file = join(t.testdir(), 'dhcp.yaml');
  const gw =
    'gw: {kind: router, interfaces: {eth0: 10.0.0.1/24}, dhcpServer: {eth0: {pool: 10.0.0.10-10.0.0.20, lease: 1h}}}';
  writeFileSync(file, `devices:\n  client: {kind: host, address: dhcp}\n  ${gw}\nlinks: [gw:eth0 -- client:eth0]\n`);
  const held = await holdLab(await prepareLab({ file, name: 'life' }), () => {}, new AbortController().signal);
  t.teardown(() => held.stop());
  const { lab } = held;
  await lab.kill('gw');
  await lab.kill('client');
  let started = false;
  const starting = lab.start('client').then(() => {
    started = true;
  });
  while (lab.device('client').state !== 'running') await new Promise((resolve) => setTimeout(resolve, 10));
  t.notOk(started, 'nobody gives it an address');
  const began = performance.now();
  await lab.kill('client', 'fault-1');
  await starting;
  t.ok(performance.now() - began < 5000, 'long before the fifteen seconds that it may wait');
  t.match(lab.device('client'), { state: 'killed', by: 'fault-1' });
  await lab.start('gw');
  await lab.start('client');
  t.match((await interfaces(lab, 'client'))[0].addresses, ['10.0.0.10/24'], 'start ends when the address is there');
});

t.test('who dies unasked is dead, and can be started', async (t) => {
  const { lab, told } = await labOf(t, 'linear,1');
  const device = lab.devices[0];
  const { name } = device.config;
  spawnSync('kill', ['-9', String(device.pid)]);
  await device.ended;
  t.match(device, { state: 'dead', by: undefined, pid: 0 });
  t.match(told, [{ event: 'end', state: 'dead', name, how: 'SIGKILL' }]);
  await t.rejects(connectDevice(lab.state, name), { message: new RegExp(`^${name} has ended \\(SIGKILL\\)`) });
  await lab.start(name);
  t.equal(device.state, 'running');
});
