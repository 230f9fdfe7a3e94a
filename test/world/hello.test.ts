import { join } from 'node:path';
import t from 'tap';
import type { SocketRow } from '../../devices/control.js';
import { servedFile } from '../e2e/sites.js';
import { repositoryRoot } from '../orchestrator/topology/support/problems.js';
import { shippedWorld } from './shipped-world.js';

/** What `b` offers, as netstat shows it: the page, and the small services. */
const LISTENERS = [
  ['80', 'web-server'],
  ['7', 'echo'],
  ['9', 'discard'],
  ['13', 'daytime'],
  ['19', 'chargen'],
].map(([port, program]) => [`0.0.0.0:${port}`, '0.0.0.0:*', 'LISTEN', `-/${program}`]);

t.test('hello: two hosts reach each other by name, and one serves a page', async (t) => {
  const world = shippedWorld('hello');
  t.teardown(() => world.stop());
  const ping = await world.exec('a', 'ping -c 1 b');
  t.match(ping, { status: 0, stdout: /^PING b \(10\.0\.0\.2\) .*1 packets transmitted, 1 received/s });
  const result = await world.fetch('a', { url: 'http://b/' });
  t.match(result, { ok: true, status: 200, lookups: [{ name: 'b', addresses: ['10.0.0.2'], source: 'hosts' }] });
  t.match(result.resources, [servedFile('http://hello/', join(repositoryRoot(), 'topologies/sites'))]);
});

t.test('hello: netstat -napt during a transfer, and after it', async (t) => {
  const world = shippedWorld('hello', {
    files: { read: async () => ({ bytes: new Uint8Array(3_000_000), modifiedMs: 0 }) },
  });
  t.teardown(() => world.stop());
  const netstat = async (device: string) =>
    (await world.exec(device, 'netstat -napt')).stdout
      .split('\n')
      .slice(2, -1)
      .map((line) => line.split(/ +/).slice(3))
      .map(([local, remote, state, program]) => [local, remote, state, program]);

  const loading = world.machine('a').fetch?.({ url: 'http://b/big.bin' }) ?? Promise.reject(new Error('no browser'));
  const socket = () =>
    world
      .machine('a')
      .inspect('sockets')
      .find((row) => 'bytesReceived' in row) as SocketRow;
  await world.run(() => socket()?.bytesReceived > 500_000);
  const { local } = socket();
  t.same(await netstat('a'), [[local, '10.0.0.2:80', 'ESTABLISHED', '-/browser']]);
  t.same(await netstat('b'), [...LISTENERS, ['10.0.0.2:80', local, 'ESTABLISHED', '-/web-server']]);

  t.match(await world.until(loading), { ok: true, resources: [{ bytes: 3_000_000 }] });
  await world.runFor(10);
  t.same(await netstat('a'), [[local, '10.0.0.2:80', 'TIME_WAIT', '-']], 'who closed first waits');
  t.same(await netstat('b'), LISTENERS);
  await world.runFor(60_000);
  t.same(await netstat('a'), [], 'two maximum segment lifetimes later');
});

t.test('hello: b runs the small services', async (t) => {
  const world = shippedWorld('hello');
  t.teardown(() => world.stop());
  t.match(await world.exec('a', 'nc -N b echo', 'to and fro'), { status: 0, stdout: 'to and fro' });
  t.match(await world.exec('a', 'nc -N b discard', 'gone'), { status: 0, stdout: '' });
  t.match(await world.exec('a', 'nc b daytime'), { status: 0, stdout: 'Sun Nov 22 12:00:00 2026\r\n' });
  t.match((await world.exec('a', 'nc -u -w 1 b echo', 'over UDP')).stdout, 'over UDP');
  const udp = (await world.exec('b', 'ss -lunpH')).stdout.split('\n').slice(0, -1);
  t.same(
    udp.map((line) => /:(\d+) .*\("(.+)"\)/.exec(line)?.slice(1)),
    [
      ['7', 'echo'],
      ['9', 'discard'],
      ['13', 'daytime'],
      ['19', 'chargen'],
    ],
  );
});
