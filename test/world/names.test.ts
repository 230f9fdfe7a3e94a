/** What names do for a page besides being found: load spread over several servers, and look-ups ahead of need. */
import t from 'tap';
import type { FileStore } from '../../devices/apps/machine.js';
import { diskFiles } from '../../devices/runtime/files.js';
import { shippedWorld, tracedBy } from './shipped-world.js';

t.test('DNS load balancing: two loads of one name go to two servers', async (t) => {
  const world = shippedWorld('mini-internet', {
    edit: (text) =>
      text
        .replace('www: web\n', 'www: [web, images]\n')
        .replace('{img.server.com: sites/img.server.com}', '{www.server.com: sites/www.server.com}'),
  });
  t.teardown(() => world.stop());
  await world.configured();
  const load = async (from: string) => {
    const result = await world.fetch(from, { url: 'http://www.server.com/', subresources: false });
    t.ok(result.ok);
    t.same([...result.lookups[0].addresses].sort(), ['203.0.113.80', '203.0.113.81'], 'both are told');
    return result.connections[0].remote;
  };
  t.same([await load('client'), await load('laptop')].sort(), ['203.0.113.80:80', '203.0.113.81:80']);

  const first = async () =>
    (await world.exec('laptop', 'dig +short www.server.com @203.0.113.53')).stdout.split('\n')[0];
  const [one, two, three] = [await first(), await first(), await first()];
  t.not(one, two, 'the server in charge turns them with each answer');
  t.equal(one, three);
});

t.test('dns-prefetch: the name is known before anything of that host is asked for', async (t) => {
  const page = '<link rel="dns-prefetch" href="//maps.google.com/"><a href="http://maps.google.com/">Map</a>';
  const files: FileStore = {
    read: async (path, root) =>
      path.endsWith('/www.server.com/index.html')
        ? { bytes: new TextEncoder().encode(page), modifiedMs: 0 }
        : diskFiles.read(path, root),
  };
  const world = shippedWorld('mini-internet', { files });
  t.teardown(() => world.stop());
  await world.configured();
  const result = await world.fetch('client', { url: 'http://www.server.com/' });
  t.match(result.lookups, [{ name: 'www.server.com' }, { name: 'maps.google.com', addresses: ['192.0.2.180'] }]);
  t.equal(result.resources.length, 1);
  t.notOk(
    tracedBy(world, 'client', 'tcp-state').some(({ remote }) => remote.startsWith('192.0.2.180')),
    'no connection yet',
  );

  const asked = tracedBy(world, 'client', 'dns-query').length;
  const clicked = await world.fetch('client', { url: 'http://maps.google.com/', subresources: false });
  t.match(clicked, { ok: true, lookups: [{ source: 'browser' }] });
  t.equal(tracedBy(world, 'client', 'dns-query').length, asked);
});
