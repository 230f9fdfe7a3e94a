/** Rules with every action over what a whole internet says, damaged in every way: nothing throws, nothing is changed in place. */
import { crc32 } from 'node:zlib';
import t from 'tap';
import type { RuleAction } from '../../devices/stack/packet-faults.js';
import { Random } from '../../devices/stack/random.js';
import { smallInternet } from '../apps/kinds/small-internet.js';
import { RuleBench, ruleOf } from '../stack/link/faults/bench.js';
import { mutate } from './mutations.js';

const PACKETS = Number(process.env.FUZZ_RUNS ?? 200) * 3;

const ACTIONS: readonly RuleAction[] = [
  { kind: 'drop' },
  { kind: 'delay', delayMs: 3, jitterMs: 5 },
  { kind: 'duplicate' },
  { kind: 'corrupt', bits: 3 },
  { kind: 'corrupt', fixFcs: true },
  ...(['servfail', 'nxdomain', 'truncated', 'reset', 'port-unreachable', 'time-exceeded'] as const).map(
    (reply): RuleAction => ({ kind: 'reply', reply }),
  ),
  { kind: 'reset' },
  { kind: 'reset', afterBytes: 500 },
];

async function corpus(): Promise<Uint8Array[]> {
  const world = smallInternet('faults');
  world.memory.put('/srv/www/index.html', '<title>home</title>');
  world.start();
  await world.configured();
  await world.fetch('client', { url: 'http://www.server.com/index.html' });
  await world.exec('client', 'ping -c 1 -s 3000 198.51.100.80');
  await world.exec('client', 'dig @192.168.1.1 nowhere.server.com');
  await world.stop();
  return world.frames.map(({ packet }) => packet);
}

t.test(`${PACKETS} damaged packets under rules with every action`, async (t) => {
  const sound = await corpus();
  const random = new Random('faults');
  const rules = ACTIONS.map((action) => ruleOf('ip.ttl > 3 or arp', action, { share: 0.5, gatewayTo: () => 1 }));
  const benches = rules.flatMap((rule) => [
    new RuleBench([rule], { external: true }),
    new RuleBench([rule], { atOrigin: true, external: true, owns: (address) => (address & 1) === 1 }),
  ]);
  for (let n = 0; n < PACKETS; n++) {
    const packet = mutate(sound[random.below(sound.length)], random, crc32);
    const before = Buffer.from(packet).toString('hex');
    for (const bench of benches) {
      try {
        // Also what no port would let as far: too long, too short.
        bench.port.interceptor?.leaving(packet);
        bench.port.interceptor?.arriving(packet);
        bench.at(n / 10);
      } catch (error) {
        throw new Error(before, { cause: error });
      }
    }
    if (Buffer.from(packet).toString('hex') !== before) t.fail(`changed in place: ${before}`);
  }
  for (const rule of rules) rule.end();
  for (const bench of benches) bench.at(PACKETS);
  t.ok(
    benches.every(({ timers }) => timers.nextAt() === Number.POSITIVE_INFINITY),
    'nothing waits for ever',
  );
  t.same(
    ACTIONS.filter((_, n) => rules[n].hit < 10),
    [],
    'each has done something',
  );
});
