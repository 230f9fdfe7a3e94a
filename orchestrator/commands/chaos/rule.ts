import { Command } from 'commander';
import { REPLY_KINDS, type RuleAction } from '../../../devices/control.js';
import { didYouMean } from '../../../devices/stack/wire/nearest.js';
import type { RuleRequest } from '../../chaos/fault.js';
import { checkRule } from '../../chaos/rule-fault.js';
import { CliError } from '../../errors.js';
import { withChaos } from './client.js';
import { showMade } from './show.js';
import {
  type CommonOptions,
  commonOf,
  readCount,
  readDuration,
  readShare,
  readSize,
  withCommonOptions,
} from './values.js';

interface RuleOptions extends CommonOptions {
  readonly skip?: string;
  readonly count?: string;
  readonly share?: string;
  readonly at?: string;
  readonly jitter?: string;
  readonly copies?: string;
  readonly bits?: string;
  readonly fixFcs?: boolean;
  readonly after?: string;
}

const ACTIONS = ['drop', 'delay', 'duplicate', 'corrupt', 'reply', 'reset'] as const;
type ActionName = (typeof ACTIONS)[number];

/** Which action an option belongs to. */
const OPTIONS_OF: readonly (readonly [option: keyof RuleOptions, action: ActionName])[] = [
  ['jitter', 'delay'],
  ['copies', 'duplicate'],
  ['bits', 'corrupt'],
  ['fixFcs', 'corrupt'],
  ['after', 'reset'],
];

const EXAMPLES = `
Actions:
  drop                              the packet vanishes
  delay <time> [--jitter <time>]    others overtake it
  duplicate [--copies <n>]          so many more of it
  corrupt [--bits <n>] [--fix-fcs]  flips bits; with --fix-fcs the FCS fits again
  reply <what>                      answers in the place of the receiver: to DNS queries noerror, formerr,
                                    servfail, nxdomain, notimp, refused, truncated; to TCP reset; to IP
                                    net-, host-, port-unreachable, admin-prohibited, time-exceeded
  reset [--after <size>]            ends the TCP connection, once so much of its data has passed

The expression has Wireshark's field names; netarium capture --fields lists them.

Examples:
  netarium chaos fault 'tcp.flags.syn == 1 && tcp.flags.ack == 1' drop --skip 1 --count 1
  netarium chaos fault 'dns.qry.name == "www.server.com" && !dns.flags.response' reply servfail --count 1
  netarium chaos fault 'tcp.len == 0' delay 200ms --at client
  netarium chaos fault arp.opcode==2 drop --for 5s
  netarium chaos fault 'tcp.port == 80' reset --after 10kB`;

export function ruleCommand(): Command {
  const command = new Command('fault')
    .description('drop, delay, duplicate, corrupt or answer packets that match an expression, counted')
    .argument('<expression>', "which packets: 'tcp.flags.syn == 1 && ip.dst == 203.0.113.80'; frame is all")
    .argument('<action>', ACTIONS.join(', '))
    .argument('[value]', 'of delay: how long; of reply: what')
    .option('--skip <n>', 'so many that match pass first')
    .option('--count <n>', 'so many are hit, then no more')
    .option('--share <share>', 'this share of them is hit, such as 30%')
    .option('--at <place>', 'what leaves this device, or this port of it; else each packet where it is made')
    .option('--jitter <time>', 'delay: more or less than that')
    .option('--copies <n>', 'duplicate: how many more, default 1')
    .option('--bits <n>', 'corrupt: how many bits, default 1')
    .option('--fix-fcs', 'corrupt: only checksums above Ethernet tell')
    .option('--after <size>', 'reset: once so much data has passed, such as 10kB');
  // A number below 0 with a unit looks like an option.
  command.configureOutput({
    outputError: (text, write) => write(text.replace(/unknown option '(-\.?\d[^']*)'/, '"$1" is below 0')),
  });
  return withCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (filter: string, action: string, value: string | undefined, options: RuleOptions) => {
      const request = ruleRequest(filter, action, value, options);
      checkRule(request);
      await withChaos(options.lab, async (chaos) => showMade(chaos, await chaos.apply(request), options.json));
    });
}

export function ruleRequest(
  filter: string,
  action: string,
  value: string | undefined,
  options: RuleOptions,
): RuleRequest {
  const { skip, count, share, at } = options;
  return {
    kind: 'rule',
    filter,
    action: actionOf(action, value, options),
    ...commonOf(options),
    ...(at !== undefined && { at }),
    ...(skip !== undefined && { skip: readCount('--skip', skip, 0) }),
    ...(count !== undefined && { count: readCount('--count', count, 1) }),
    ...(share !== undefined && { share: readShare('--share', share) }),
  };
}

function actionOf(word: string, value: string | undefined, options: RuleOptions): RuleAction {
  const name = ACTIONS.find((one) => one === word);
  if (name === undefined) {
    const near = didYouMean(word, ACTIONS).trim();
    const hint = near === '' ? "An expression with blanks goes in quotes: 'tcp.len > 0'." : near;
    throw new CliError(2, `"${word}" is no action: write ${ACTIONS.join(', ')}`, hint);
  }
  if (value !== undefined && name !== 'delay' && name !== 'reply') {
    throw new CliError(2, `${name} takes no value: "${value}" is too much`);
  }
  const strange = OPTIONS_OF.find(([option, action]) => options[option] !== undefined && action !== name);
  if (strange !== undefined) {
    const [option, action] = strange;
    throw new CliError(2, `--${option === 'fixFcs' ? 'fix-fcs' : option} belongs to ${action}, not to ${name}`);
  }
  return MAKERS[name](value, options);
}

const MAKERS: Readonly<Record<ActionName, (value: string | undefined, options: RuleOptions) => RuleAction>> = {
  drop: () => ({ kind: 'drop' }),
  delay: (value, { jitter }) => {
    if (value === undefined) throw new CliError(2, 'delay: for how long?', 'Write it behind it: delay 200ms.');
    const delayMs = readDuration('delay', value);
    return { kind: 'delay', delayMs, ...(jitter !== undefined && { jitterMs: readDuration('--jitter', jitter) }) };
  },
  duplicate: (_, { copies }) => ({
    kind: 'duplicate',
    ...(copies !== undefined && { copies: readCount('--copies', copies, 1) }),
  }),
  corrupt: (_, { bits, fixFcs }) => ({
    kind: 'corrupt',
    ...(bits !== undefined && { bits: readCount('--bits', bits, 1) }),
    ...(fixFcs && { fixFcs }),
  }),
  reply: (value) => {
    const reply = REPLY_KINDS.find((kind) => kind === value);
    if (reply !== undefined) return { kind: 'reply', reply };
    const near = value === undefined ? '' : didYouMean(value, REPLY_KINDS);
    const head = value === undefined ? 'reply: with what?' : `reply: "${value}" is no answer.${near}`;
    throw new CliError(2, head, `Answers are ${REPLY_KINDS.join(', ')}.`);
  },
  reset: (_, { after }) => ({ kind: 'reset', ...(after !== undefined && { afterBytes: readSize('--after', after) }) }),
};
