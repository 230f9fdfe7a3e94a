/** The shipped mini-internet, whole, in one test: planned as for its processes, on a manual clock. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import type { FileStore } from '../../devices/apps/machine.js';
import type { InterfaceRow } from '../../devices/control.js';
import { diskFiles } from '../../devices/runtime/files.js';
import { servedFile } from '../e2e/sites.js';
import { repositoryRoot } from '../orchestrator/topology/support/problems.js';
import type { World } from '../support/world.js';
import { shippedWorld, tracedBy } from './shipped-world.js';

const PAGE = 'http://www.server.com/';
const SITES = join(repositoryRoot(), 'topologies/sites');

/** The zones that the provider's server asked, from `since` on. */
function zonesAsked(world: World, since = 0): (string | undefined)[] {
  return tracedBy(world, 'isp-dns', 'dns-query')
    .filter(({ at }) => at >= since)
    .map(({ zone }) => zone);
}

/** Which caches the client and its router asked for a name, and what they found. */
function cachesAsked(world: World, asked: string, since: number): string[] {
  return ['client', 'home-router', 'isp-dns']
    .flatMap((device) => tracedBy(world, device, 'dns-cache'))
    .filter(({ at, name }) => at >= since && name === asked)
    .map(({ cache, hit }) => `${cache} ${hit ? 'hit' : 'miss'}`);
}

t.test('a page with everything on it, byte for byte; each name from where it is known by then', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();

  const first = await world.fetch('client', { url: PAGE });
  t.match(first, { ok: true, status: 200, finalUrl: PAGE, error: undefined });
  t.equal(first.resources.length, 9);
  for (const { url, status, bytes, sha256 } of first.resources) {
    t.same({ status, bytes, sha256 }, { status: 200, ...servedFile(url, SITES) }, url);
  }
  t.match(first.lookups, [
    { name: 'www.server.com', addresses: ['203.0.113.80'], source: 'network' },
    { name: 'img.server.com', addresses: ['203.0.113.81'], source: 'network' },
  ]);
  t.same(cachesAsked(world, 'www.server.com', 0), ['browser miss', 'os miss', 'hosts miss', 'router miss', 'isp miss']);
  t.same(zonesAsked(world), ['.', 'com', 'server.com', 'server.com'], 'root, com, server.com; img from server.com');

  t.comment('the second time: the browser knows');
  const secondAt = world.now;
  const second = await world.fetch('client', { url: PAGE });
  t.match(second, { ok: true, lookups: [{ source: 'browser' }, { source: 'browser' }] });
  t.same(zonesAsked(world, secondAt), []);
  t.ok(second.endAt - second.startAt < first.endAt - first.startAt, 'and it is faster');

  t.comment("after the record's five minutes: every cache has forgotten the address, but not who is in charge of com");
  await world.runFor(301_000);
  const thirdAt = world.now;
  const third = await world.fetch('client', { url: PAGE });
  t.match(third, { ok: true, lookups: [{ source: 'network' }, { source: 'network' }] });
  t.same(cachesAsked(world, 'www.server.com', thirdAt), [
    'browser miss',
    'os miss',
    'hosts miss',
    'router miss',
    'isp miss',
  ]);
  const asked = zonesAsked(world, thirdAt);
  t.notOk(asked.includes('.'), 'the root is not asked again');
  t.equal(asked.at(-1), 'server.com');
});

t.test('what one member of the household has looked up, the other one gets from the router', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();
  await world.fetch('client', { url: PAGE, subresources: false });
  const since = world.now;
  const result = await world.fetch('laptop', { url: PAGE, subresources: false });
  t.match(result, { ok: true, lookups: [{ source: 'network', addresses: ['203.0.113.80'] }] });
  t.match(tracedBy(world, 'home-router', 'dns-cache').at(-1), { hit: true, answers: ['203.0.113.80'] });
  t.same(zonesAsked(world, since), []);
});

t.test('maps.google.com: another zone under com, another way', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();
  await world.fetch('client', { url: PAGE, subresources: false });
  const since = world.now;
  const result = await world.fetch('client', { url: 'http://maps.google.com/' });
  t.match(result, { ok: true, status: 200, lookups: [{ name: 'maps.google.com', addresses: ['192.0.2.180'] }] });
  t.equal(result.resources.length, 13);
  for (const { url, bytes, sha256 } of result.resources) t.same({ bytes, sha256 }, servedFile(url, SITES), url);
  t.same(zonesAsked(world, since), ['com', 'google.com']);

  const { stdout } = await world.exec('client', 'traceroute -n maps.google.com');
  t.same(
    stdout.match(/^ ?\d+ {2}\S+/gm)?.map((line) => line.trim().split(/\s+/)[1]),
    [
      ['home-router', 'eth0'],
      ['isp-router', 'eth0'],
      ['bb-west', 'eth0'],
      ['bb-north', 'eth0'],
      ['google-router', 'eth1'],
      ['maps', 'eth0'],
    ].map(([device, port]) => addressOf(world, device, port)),
  );
});

function addressOf(world: World, device: string, port: string): string | undefined {
  const rows = world.machine(device).inspect('interfaces') as InterfaceRow[];
  return rows.find(({ name }) => name === port)?.addresses[0].split('/')[0];
}

t.test('Moved site: server.com sends to www.server.com, and the browser starts again', async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  await world.configured();
  const result = await world.fetch('client', { url: 'http://server.com/', subresources: false });
  t.match(result, { ok: true, status: 200, finalUrl: PAGE });
  t.same(result.redirects, [{ from: 'http://server.com/', to: PAGE, status: 301 }]);
  t.same(
    result.lookups.map(({ name }) => name),
    ['server.com', 'www.server.com'],
  );
  t.match(result.resources[0], servedFile(PAGE, SITES));
});

t.test('two runs with one seed put the same frames on the wires at the same times; another seed, others', async (t) => {
  const run = async (seed: number) => {
    const world = shippedWorld('mini-internet', { seed });
    await world.configured();
    const { ok } = await world.fetch('client', { url: PAGE });
    t.ok(ok);
    await world.stop();
    return world.frames.map(({ at, from, packet }) => `${at} ${from} ${Buffer.from(packet).toString('hex')}`);
  };
  const first = await run(7);
  const second = await run(7);
  t.ok(first.length > 1000, `${first.length} frames`);
  t.equal(second.length, first.length);
  t.equal(
    first.findIndex((frame, index) => frame !== second[index]),
    -1,
    'no frame differs',
  );
  const other = await run(8);
  t.ok(
    other.some((frame, index) => frame !== first[index]),
    'with another seed some do',
  );
});

t.test('how long the disk takes changes no frame', async (t) => {
  const fingerprint = async (files: FileStore) => {
    const world = shippedWorld('mini-internet', { files });
    await world.configured();
    await world.fetch('client', { url: PAGE });
    await world.stop();
    const hash = createHash('sha256');
    for (const { at, packet } of world.frames) hash.update(String(at)).update(packet);
    return hash.digest('hex');
  };
  const slowDisk: FileStore = {
    async read(path, root) {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      return diskFiles.read(path, root);
    },
  };
  t.equal(await fingerprint(slowDisk), await fingerprint(diskFiles));
});
