/** Connecting to who listens and does not answer, as a process that is stopped. */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { makeRunRoot, runRoot } from '../../../orchestrator/lab/paths.js';
import { RpcClient } from '../../../orchestrator/lab/rpc-client.js';
import { ownRunRoot } from './run-dir.js';

t.test('who is connected and never answers is given up', { timeout: 10_000 }, async (t) => {
  ownRunRoot(t);
  makeRunRoot();
  const path = join(runRoot(), 'silent.sock');
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await t.rejects(RpcClient.connect(path, 100), { code: 'ETIMEDOUT', message: 'connect: no answer within 100 ms' });
  t.equal(sockets.length, 1);
  await t.rejects(RpcClient.connect(join(runRoot(), 'nobody.sock'), 100), { code: 'ENOENT' });
});
