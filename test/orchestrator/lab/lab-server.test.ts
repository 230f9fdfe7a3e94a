/** The lab's socket, without a lab. */
import { mkdirSync } from 'node:fs';
import t from 'tap';
import type { Chaos, ChaosNews } from '../../../orchestrator/chaos/fault.js';
import type { Lab } from '../../../orchestrator/lab/lab.js';
import { LabServer } from '../../../orchestrator/lab/lab-server.js';
import { labDirectory, labSocket } from '../../../orchestrator/lab/paths.js';
import { RpcClient } from '../../../orchestrator/lab/rpc-client.js';
import { ownRunRoot } from './run-dir.js';

t.test('a client that does not read its news is let go of', { timeout: 20_000 }, async (t) => {
  ownRunRoot(t);
  mkdirSync(labDirectory('quiet'), { recursive: true, mode: 0o700 });
  const server = new LabServer({ devices: [] } as unknown as Lab, {} as Chaos, () => {});
  t.teardown(() => server.close());
  await server.open('quiet');
  const [stopped, reading] = await Promise.all([1, 2].map(() => RpcClient.connect(labSocket('quiet'))));
  let heard = 0;
  reading.notifications.set('chaos-news', () => {
    heard += 1;
  });
  const closed = new Promise<void>((resolve) => {
    stopped.onClose = resolve;
  });
  await stopped.call('lab-status');
  stopped.pause();
  const news = { event: 'began', fault: { id: 'fault-1', title: 'x'.repeat(10_000) } } as unknown as ChaosNews;
  for (let count = 1; count <= 500; count++) {
    server.announceChaos(news);
    while (heard < count) await new Promise((resolve) => setImmediate(resolve));
  }
  stopped.resume();
  await closed;
  t.equal(heard, 500, 'who reads hears all');
  t.same(await reading.call('lab-status'), []);
  reading.close();
});
