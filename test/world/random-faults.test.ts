/**
 * Page loads while packets meet faults of all kinds at random: each load ends in its time, with every byte right or with an
 * error that names its step; nothing throws; and when the faults are gone a load is what it was.
 */
import t from 'tap';
import type { FetchResult, LinkOrder, RuleAction, RuleOrder } from '../../devices/control.js';
import { Random } from '../../devices/stack/random.js';
import { shippedWorld } from './shipped-world.js';

const LOADS = Number(process.env.FAULT_RUNS ?? 25);
const LIMIT_MS = 60_000;
const URLS = ['http://www.server.com/', 'https://www.server.com/'];

const FILTERS = ['', 'tcp', 'tcp.flags.syn == 1', 'tcp.flags.fin == 1', 'tcp.len > 0', 'tcp.len == 0', 'dns', 'udp'];
const MORE_FILTERS = [
  'dns.flags.response == 0',
  'arp',
  'icmp',
  'ip.ttl < 62',
  'tcp.port == 80',
  'dhcp',
  'ip.len > 500',
];

const ACTIONS: readonly ((random: Random) => RuleAction)[] = [
  () => ({ kind: 'drop' }),
  (random) => ({ kind: 'delay', delayMs: random.below(300), jitterMs: random.below(100) }),
  (random) => ({ kind: 'duplicate', copies: 1 + random.below(3) }),
  (random) => ({ kind: 'corrupt', bits: 1 + random.below(5) }),
  (random) => ({ kind: 'corrupt', bits: 1 + random.below(3), fixFcs: true }),
  () => ({ kind: 'reply', reply: 'servfail' }),
  () => ({ kind: 'reply', reply: 'truncated' }),
  () => ({ kind: 'reply', reply: 'nxdomain' }),
  () => ({ kind: 'reply', reply: 'reset' }),
  () => ({ kind: 'reply', reply: 'host-unreachable' }),
  () => ({ kind: 'reply', reply: 'port-unreachable' }),
  () => ({ kind: 'reply', reply: 'time-exceeded' }),
  (random) => ({ kind: 'reset', afterBytes: random.below(30_000) }),
  () => ({ kind: 'reset' }),
];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)];
}

function randomRule(random: Random, n: number): RuleOrder {
  const few = { skip: random.below(4), count: 1 + random.below(5) };
  return {
    fault: `fault-${n}`,
    title: 'random',
    filter: pick(random, [...FILTERS, ...MORE_FILTERS]),
    at: random.chance(0.7) ? 'origin' : 'device',
    seed: `${n}`,
    action: pick(random, ACTIONS)(random),
    ...(random.chance(0.6) ? few : { share: 0.02 + random.uniform() * 0.2 }),
  };
}

function randomLink(random: Random, n: number, port: string): LinkOrder {
  const impairment = pick(random, [
    { loss: 0.1 },
    { corrupt: 0.05 },
    { duplicate: 0.2 },
    { delayMs: 50, jitterMs: 50 },
  ]);
  return { fault: `fault-${n}`, title: 'random', port, direction: 'out', seed: `${n}`, impairment };
}

/** What a user can rely on; without stamps and connections. */
function pageOf({ ok, status, resources, title }: FetchResult) {
  return { ok, status, title, resources: resources.map(({ url, sha256, bytes }) => ({ url, sha256, bytes })) };
}

t.test(`${LOADS} page loads under faults at random`, async (t) => {
  const world = shippedWorld('mini-internet');
  t.teardown(() => world.stop());
  world.keepFrames = false;
  await world.configured();
  const names = ['client', 'home-switch', 'home-router', 'isp-switch', 'isp-dns', 'web', 'images', 'server-dns'];
  const right = new Map<string, ReturnType<typeof pageOf>>();
  for (const url of URLS) right.set(url, pageOf(await world.fetch('client', { url, clear: true })));
  const random = new Random(process.env.FAULT_SEED ?? 'random faults');
  const outcomes = { whole: 0, error: 0 };
  let hits = 0;
  for (let n = 0; n < LOADS; n++) {
    for (const name of names) {
      const ports = world.machine(name).ports.map((port) => port.name);
      const rules = random.chance(0.4) ? [randomRule(random, n), randomRule(random, n + 1000)] : [];
      const links = random.chance(0.2) ? [randomLink(random, n, pick(random, ports))] : [];
      world.order(name, { rules, links });
    }
    const url = pick(random, URLS);
    const startedAt = world.now;
    const result = await world.fetch('client', { url, clear: true, timeoutMs: LIMIT_MS });
    // The connections are closed before it is told; a peer that does not answer is waited for 5 s.
    if (world.now - startedAt > LIMIT_MS + 6_000) t.fail(`load ${n} took ${world.now - startedAt} ms`);
    for (const { url: part, error, sha256 } of result.resources) {
      const known = right.get(url)?.resources.find((resource) => resource.url === part);
      if (error === undefined && known?.sha256 !== sha256) t.fail(`load ${n}: wrong bytes of ${part}`);
    }
    if (result.error !== undefined) t.match(result.error, { code: /^[A-Z_]+$/, stage: /./ }, `load ${n}`);
    outcomes[result.ok ? 'whole' : 'error'] += 1;
    hits += names.flatMap((name) => world.faultsOf(name)).reduce((sum, row) => sum + row.hit, 0);
  }
  t.ok(hits > 10 * LOADS, `${hits} packets were hit`);
  t.ok(outcomes.whole > 0 && outcomes.error > 0, JSON.stringify(outcomes));
  for (const name of names) world.order(name, {});
  await world.runFor(120_000);
  for (const url of URLS) {
    t.same(pageOf(await world.fetch('client', { url, clear: true })), right.get(url), `${url} is as it was`);
  }
});
