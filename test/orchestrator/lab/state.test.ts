import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { RpcServer } from '../../../devices/runtime/rpc-server.js';
import { checkSocketPaths, claimLab } from '../../../orchestrator/lab/claim.js';
import {
  deviceProgram,
  LAB_NAME_PATTERN,
  labDirectory,
  labSocket,
  makeRunRoot,
  packageRoot,
  runRoot,
  shippedTopology,
} from '../../../orchestrator/lab/paths.js';
import { connectDevice } from '../../../orchestrator/lab/reach-device.js';
import {
  findDevice,
  findLab,
  isAlive,
  type LabState,
  labFolders,
  readLabState,
  removeLabDirectory,
  writeLabState,
} from '../../../orchestrator/lab/state.js';
import { ownRunRoot } from './run-dir.js';

/** The number of a process that was there and is not any more. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', ''], { env: {} }).pid;
}

function stateOf(name: string, change: Partial<LabState> = {}): LabState {
  return {
    name,
    pid: process.pid,
    topology: 'test.yaml',
    defaultHost: 'client',
    startedAt: new Date().toISOString(),
    devices: [
      { name: 'client', kind: 'host', control: join(labDirectory(name), 'client.sock'), logFile: '', pid: process.pid },
      { name: 'router', kind: 'router', control: '/nowhere.sock', logFile: '', pid: process.pid },
    ],
    ...change,
  };
}

function writeState(state: LabState): void {
  mkdirSync(labDirectory(state.name), { recursive: true, mode: 0o700 });
  writeLabState(state);
}

/** A lab that answers on its socket. */
async function openLab(t: { teardown(run: () => void): void }, name: string): Promise<void> {
  writeState(stateOf(name));
  const server = new RpcServer(labSocket(name), {});
  await server.open();
  t.teardown(() => server.close());
}

t.test('the run root: its own variable, the runtime folder of the session, the temp folder', async (t) => {
  const root = ownRunRoot(t);
  t.equal(runRoot(), root);
  t.equal(labDirectory('hello'), join(root, 'hello'));
  delete process.env.NETARIUM_RUN_DIR;
  const before = process.env.XDG_RUNTIME_DIR;
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
  });
  process.env.XDG_RUNTIME_DIR = root;
  t.equal(runRoot(), join(root, 'netarium'));
  process.env.XDG_RUNTIME_DIR = join(root, 'gone');
  t.match(runRoot(), /netarium-[^/]+$/);
});

t.test('the run root is made for its owner alone, and one that others can enter is refused', async (t) => {
  const folder = ownRunRoot(t);
  process.env.NETARIUM_RUN_DIR = join(folder, 'a', 'b');
  makeRunRoot();
  t.equal(statSync(runRoot()).mode & 0o777, 0o700);
  makeRunRoot();
  chmodSync(runRoot(), 0o755);
  t.throws(makeRunRoot, { exitStatus: 1, message: /is not a folder that only you can use/ });
  process.env.NETARIUM_RUN_DIR = join(folder, 'link');
  symlinkSync(join(folder, 'a'), runRoot());
  t.throws(makeRunRoot, { message: /is not a folder/ });
  process.env.NETARIUM_RUN_DIR = folder;
});

t.test('places in the checkout', async (t) => {
  t.ok(existsSync(join(packageRoot(), 'package.json')));
  t.ok(existsSync(shippedTopology('hello')));
  t.equal(deviceProgram('host'), join(packageRoot(), 'build', 'devices', 'host.cjs'));
});

t.test('names of labs', async (t) => {
  for (const good of ['a', 'hello', 'lab-2', 'x'.repeat(32)]) t.match(good, LAB_NAME_PATTERN);
  for (const bad of ['', '-a', 'a-', 'A', '..', 'a/b', 'a b', 'x'.repeat(33)]) t.notMatch(bad, LAB_NAME_PATTERN);
});

t.test('the state is written in one step and read back; what is no state is none', async (t) => {
  ownRunRoot(t);
  t.same(labFolders(), []);
  const state = stateOf('hello');
  writeState(state);
  t.same(readLabState('hello'), JSON.parse(JSON.stringify(state)));
  t.notOk(existsSync(join(labDirectory('hello'), 'lab.json.new')));
  t.equal(statSync(join(labDirectory('hello'), 'lab.json')).mode & 0o777, 0o600);
  writeFileSync(join(labDirectory('hello'), 'lab.json'), '{"name"');
  t.equal(readLabState('hello'), undefined);
  t.equal(readLabState('other'), undefined);
  mkdirSync(labDirectory('empty'));
  t.same(labFolders(), ['hello']);
});

t.test('which processes are alive', async (t) => {
  t.ok(isAlive(process.pid));
  t.ok(isAlive(1), 'also one of another user');
  t.notOk(isAlive(deadPid()));
  t.notOk(isAlive(0), 'zero means no process, not the group of this one');
});

t.test('a lab is found by its name, or alone; else the exit status is 3', async (t) => {
  ownRunRoot(t);
  await t.rejects(findLab(), { exitStatus: 3, message: 'no lab is up' });
  await openLab(t, 'one');
  writeState(stateOf('crashed', { pid: deadPid() }));
  t.equal((await findLab()).name, 'one');
  await t.rejects(findLab('crashed'), { exitStatus: 3, message: 'no lab crashed is up; up: one' });
  await openLab(t, 'two');
  await t.rejects(findLab(), { exitStatus: 3, message: 'several labs are up: one, two' });
  t.equal((await findLab('two')).name, 'two');
});

/** A lab whose supervisor is stopped: the system connects to it, and nobody answers. */
async function openSilentLab(t: { teardown(run: () => void): void }, name: string): Promise<void> {
  writeState(stateOf(name));
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(labSocket(name), resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}

t.test("a lab that does not answer stands in no other one's way", async (t) => {
  ownRunRoot(t);
  await openLab(t, 'well');
  await openSilentLab(t, 'stuck');
  const said: string[] = [];
  t.intercept(process.stderr, 'write', {
    value: (text: string) => {
      said.push(text);
      return true;
    },
  });
  const start = performance.now();
  t.equal((await findLab('well')).name, 'well');
  t.ok(performance.now() - start < 1000, 'nobody but the one that is named is asked');
  t.same(said, []);
  t.equal((await findLab()).name, 'well', 'the only one that answers');
  t.same(said, [`lab stuck does not answer (pid ${process.pid})\n`]);
  t.equal((await findLab('stuck')).name, 'stuck', 'what can be done without its supervisor can be done');
});

t.test('a lab that does not answer is the only one where there is no other', async (t) => {
  ownRunRoot(t);
  await openSilentLab(t, 'stuck');
  t.equal((await findLab()).name, 'stuck');
});

t.test('a device is found by its name; a slip is pointed out', async (t) => {
  ownRunRoot(t);
  const state = stateOf('hello');
  t.equal(findDevice(state, 'client').kind, 'host');
  t.throws(() => findDevice(state, 'cleint'), {
    message: /no device cleint/,
    exitStatus: 3,
    hint: 'Did you mean client?',
  });
  t.throws(() => findDevice(state, 'zzzzzz'), {
    message: /no device zzz/,
    exitStatus: 3,
    hint: 'Devices: client, router',
  });
  await t.rejects(connectDevice(state, 'router'), { exitStatus: 1, message: /does not answer/ });
});

t.test('a claim makes the folder for its owner alone', async (t) => {
  ownRunRoot(t);
  await claimLab('hello', 'test.yaml');
  t.equal(statSync(labDirectory('hello')).mode & 0o777, 0o700);
  t.match(readLabState('hello'), { name: 'hello', pid: process.pid, topology: 'test.yaml', devices: [] });
  removeLabDirectory('hello');
  t.notOk(existsSync(labDirectory('hello')));
  removeLabDirectory('hello');
});

t.test('an unfit name is bad usage', async (t) => {
  ownRunRoot(t);
  await t.rejects(claimLab('../etc', 'x'), { exitStatus: 2, message: '"../etc" cannot name a lab' });
});

t.test('a lab that is up, or being launched, keeps its name', async (t) => {
  ownRunRoot(t);
  await openLab(t, 'up');
  await t.rejects(claimLab('up', 'x'), { exitStatus: 1, message: 'a lab named up is already up' });
  await claimLab('young', 'x');
  await t.rejects(claimLab('young', 'x'), { message: 'a lab named young is already being launched' });
  writeState(stateOf('starting'));
  await t.rejects(claimLab('starting', 'x'), { message: 'a lab named starting is already being launched' });
  t.equal(readLabState('starting')?.devices.length, 2, 'its folder is left alone');
});

t.test('what a crash left is cleared away', async (t) => {
  ownRunRoot(t);
  const pid = deadPid();
  const devices = stateOf('crashed').devices.map((device) => ({ ...device, pid }));
  writeState(stateOf('crashed', { pid, devices }));
  writeFileSync(join(labDirectory('crashed'), 'client.log'), 'old');
  await claimLab('crashed', 'new.yaml');
  t.notOk(existsSync(join(labDirectory('crashed'), 'client.log')));
  t.match(readLabState('crashed'), { pid: process.pid, topology: 'new.yaml' });
});

t.test('a process that got the number of a supervisor long gone is no obstacle', async (t) => {
  ownRunRoot(t);
  writeState(stateOf('old', { startedAt: '2026-01-01T00:00:00.000Z', devices: [] }));
  await claimLab('old', 'new.yaml');
  t.equal(readLabState('old')?.topology, 'new.yaml');
});

t.test('a folder with a broken state, or none, is no obstacle', async (t) => {
  ownRunRoot(t);
  mkdirSync(labDirectory('odd'));
  writeFileSync(join(labDirectory('odd'), 'lab.json'), '{');
  await claimLab('odd', 'new.yaml');
  t.equal(readLabState('odd')?.topology, 'new.yaml');
});

t.test('paths of sockets that the system would cut are refused', async (t) => {
  const config = (control: string) => ({ control }) as never;
  checkSocketPaths([config('/run/a.sock')]);
  t.throws(() => checkSocketPaths([config('/run/a.sock'), config(`/${'x'.repeat(120)}`)]), {
    exitStatus: 1,
    message: /too long \(121 bytes/,
  });
});
