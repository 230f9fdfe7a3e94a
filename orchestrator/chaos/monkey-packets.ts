/** Random faults that know protocols. */
import type { RuleAction } from '../../devices/control.js';
import type { RuleRequest } from './fault.js';
import type { Dice } from './monkey-dice.js';

type Recipe = readonly [filter: string, action: (dice: Dice) => RuleAction];

const drop = (): RuleAction => ({ kind: 'drop' });
const delay = (dice: Dice): RuleAction => ({
  kind: 'delay',
  delayMs: dice.scaled(20, 800),
  jitterMs: dice.scaled(1, 20),
});
const duplicate = (dice: Dice): RuleAction => ({ kind: 'duplicate', copies: dice.whole(1, 3) });
const corrupt = (dice: Dice): RuleAction => ({ kind: 'corrupt', bits: dice.whole(1, 4), fixFcs: dice.chance(0.5) });
const reset = (dice: Dice): RuleAction => ({ kind: 'reset', afterBytes: dice.whole(0, 50) * 1000 });
const dnsError = (dice: Dice): RuleAction => ({
  kind: 'reply',
  reply: dice.one(['servfail', 'nxdomain', 'refused', 'formerr', 'notimp', 'noerror', 'truncated']),
});
const icmpError = (dice: Dice): RuleAction => ({
  kind: 'reply',
  reply: dice.one(['net-unreachable', 'host-unreachable', 'port-unreachable', 'admin-prohibited', 'time-exceeded']),
});

const RECIPES: readonly Recipe[] = [
  ['tcp.flags.syn == 1 && tcp.flags.ack == 0', drop],
  ['tcp.flags.syn == 1 && tcp.flags.ack == 1', drop],
  ['tcp.flags.syn == 1', delay],
  ['tcp.flags.fin == 1', drop],
  ['tcp.len == 0 && tcp.flags.ack == 1', delay],
  ['tcp.len > 0', drop],
  ['tcp.len > 0', corrupt],
  ['tcp.len > 0', duplicate],
  ['tcp.len > 0', reset],
  ['tcp', () => ({ kind: 'reply', reply: 'reset' })],
  ['dns.flags.response == 0', dnsError],
  ['dns.flags.response == 0', drop],
  ['dns.flags.response == 1', delay],
  ['dns', duplicate],
  ['udp', corrupt],
  ['dhcp', drop],
  ['arp', drop],
  ['arp', duplicate],
  ['icmp', drop],
  ['ip', icmpError],
  ['ip', delay],
];

/** Of a few packets, or of a share of them. */
export function somePackets(dice: Dice): Omit<RuleRequest, 'forMs' | 'seed'> {
  const [filter, action] = dice.one(RECIPES);
  const few = { skip: dice.whole(0, 5), count: dice.whole(1, 10) };
  return {
    kind: 'rule',
    filter,
    action: action(dice),
    ...(dice.chance(0.5) ? few : { share: dice.scaled(0.02, 0.5) }),
  };
}
