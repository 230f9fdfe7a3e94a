import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { refuse } from '../../devices/control.js';
import { RpcServer } from '../../devices/runtime/rpc-server.js';
import { RpcClient } from '../../orchestrator/lab/rpc-client.js';

const METHODS = {
  add: ({ a, b }: Readonly<Record<string, unknown>>) => Number(a) + Number(b),
  no: () => {
    throw refuse('not today');
  },
  never: () => new Promise(() => {}),
};

/** A short path: a socket's holds little more than a hundred bytes. */
function socketPath(t: Test, name = 'device.sock'): string {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
}

async function serve(t: Test, path: string): Promise<RpcServer> {
  const server = new RpcServer(path, METHODS);
  await server.open();
  t.teardown(() => server.close());
  return server;
}

t.test('clients call; refusals and unknown methods reject', async (t) => {
  const path = socketPath(t);
  await serve(t, path);
  const client = await RpcClient.connect(path);
  t.equal(await client.call('add', { a: 1, b: 2 }), 3);
  await t.rejects(client.call('no'), { code: -32000, message: 'not today' });
  await t.rejects(client.call('other'), { code: -32601 });
  client.close();
});

t.test('closing ends the calls that wait, tells the clients and removes the socket', async (t) => {
  const path = socketPath(t);
  const server = await serve(t, path);
  const client = await RpcClient.connect(path);
  const closed = new Promise<void>((resolve) => {
    client.onClose = resolve;
  });
  const waiting = client.call('never');
  server.close();
  await t.rejects(waiting, { code: 'ECONNRESET' });
  await closed;
  t.notOk(existsSync(path));
  await t.rejects(client.call('add'), { code: 'ECONNRESET' });
  await t.rejects(RpcClient.connect(path), { code: 'ENOENT' });
});

t.test('a path with blanks, colons and percent signs is a path like others', async (t) => {
  const path = socketPath(t, 'my lab: 100%20.sock');
  await serve(t, path);
  const client = await RpcClient.connect(path);
  t.equal(await client.call('add', { a: 2, b: 2 }), 4);
  client.close();
});

t.test('what is no WebSocket is told what this is', async (t) => {
  const path = socketPath(t);
  await serve(t, path);
  const status = await new Promise((resolve) => {
    get({ socketPath: path, path: '/' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
  t.equal(status, 426);
});

t.test('the socket that a killed process left is taken over', async (t) => {
  const path = socketPath(t);
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script], { env: {} });
  t.ok(existsSync(path), 'it is left');
  await serve(t, path);
  const client = await RpcClient.connect(path);
  t.equal(await client.call('add', { a: 1, b: 1 }), 2);
  client.close();
});

t.test('a socket on which somebody listens is not taken, nor is a file', async (t) => {
  const path = socketPath(t);
  await serve(t, path);
  await t.rejects(new RpcServer(path, {}).open(), { code: 'EADDRINUSE' });
  const client = await RpcClient.connect(path);
  t.equal(await client.call('add', { a: 1, b: 1 }), 2, 'the first one goes on');
  client.close();
  const file = `${path}.txt`;
  writeFileSync(file, 'mine');
  await t.rejects(new RpcServer(file, {}).open(), { code: 'EADDRINUSE' });
  t.ok(existsSync(file));
});
