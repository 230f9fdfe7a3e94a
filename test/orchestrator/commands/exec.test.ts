import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import type { Command, CommandIo } from '../../../devices/apps/commands/command.js';
import { ExecSessions } from '../../../devices/runtime/exec.js';
import { RpcServer } from '../../../devices/runtime/rpc-server.js';
import { runOnDevice } from '../../../orchestrator/commands/exec.js';
import { RpcClient } from '../../../orchestrator/lab/rpc-client.js';

const PIECE = 'x'.repeat(64 * 1024);
const PIECES = 512;

/** A device with one command, reached over a real socket. */
async function device(t: Test, run: (io: CommandIo) => Promise<number>): Promise<RpcClient> {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-'));
  const command: Command = { name: 'run', summary: '', usage: 'run', run: (_argv, io) => run(io) };
  const sessions = new ExecSessions(new Map([['run', command]]));
  const server = new RpcServer(join(folder, 'd.sock'), {
    exec: (params, peer) => sessions.exec(params, peer),
    'exec-input': (params, peer) => sessions.input(params, peer),
  });
  await server.open();
  const client = await RpcClient.connect(join(folder, 'd.sock'));
  t.teardown(() => {
    client.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return client;
}

t.test('a terminal that reads slowly holds the command back, and misses nothing', async (t) => {
  let printed = 0;
  const client = await device(t, async (io) => {
    for (; printed < PIECES; printed++) {
      io.stdout(PIECE);
      await io.drained();
    }
    return 7;
  });
  const stdout = new PassThrough();
  const running = runOnDevice(client, ['run'], { stdout, stderr: stdout, columns: 80 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.ok(printed < PIECES / 2, `${printed} of ${PIECES} pieces were printed while nobody read`);
  let bytes = 0;
  stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  t.equal(await running.exitStatus, 7);
  t.equal(bytes, PIECES * PIECE.length);
});

t.test('input waits until the command reads it', async (t) => {
  let read = (): void => {};
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  let bytes = 0;
  const client = await device(t, async (io) => {
    await reading;
    for await (const piece of io.stdin) bytes += piece.length;
    return 0;
  });
  const stdout = new PassThrough();
  const running = runOnDevice(client, ['run'], { stdout, stderr: stdout, columns: 80 });
  let taken = 0;
  const typing = (async () => {
    for (; taken < PIECES; taken++) await running.input(PIECE);
    await running.input(null);
  })();
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.ok(taken < 32, `${taken} pieces were taken`);
  read();
  await typing;
  t.equal(await running.exitStatus, 0);
  t.equal(bytes, PIECES * PIECE.length);
});

t.test('a device that goes: the exit status rejects, input does not', async (t) => {
  const client = await device(t, () => new Promise(() => {}));
  const stdout = new PassThrough();
  const running = runOnDevice(client, ['run'], { stdout, stderr: stdout, columns: 80 });
  const rejected = t.rejects(running.exitStatus, { code: 'ECONNRESET' });
  client.close();
  await rejected;
  await running.input('late');
});
