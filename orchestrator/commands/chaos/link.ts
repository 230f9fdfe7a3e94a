import { Command } from 'commander';
import { didYouMean } from '../../../devices/stack/wire/nearest.js';
import type { LinkRequest } from '../../chaos/fault.js';
import { checkLink } from '../../chaos/link-fault.js';
import { CliError } from '../../errors.js';
import { parseLink } from '../../topology/endpoint.js';
import { isImpairmentFault, readImpairment } from '../../topology/impairment.js';
import { IMPAIRMENT_KEYS, type ImpairmentKey, impairments } from '../../topology/schema-impairment.js';
import { withChaos } from './client.js';
import { showMade } from './show.js';
import { type CommonOptions, commonOf, readValue, withCommonOptions } from './values.js';

type LinkOptions = CommonOptions & { readonly from?: string; readonly mtu?: string } & Readonly<
    Partial<Record<ImpairmentKey, string | true>>
  >;

const STATES = ['down', 'up', 'blackhole'] as const;

/** What stands behind the option; without it, it says yes. */
const PLACEHOLDERS: Readonly<Partial<Record<ImpairmentKey, string>>> = {
  jitterReorders: '[true|false]',
  codelEcn: '[true|false]',
  jitterDistribution: '<name|[…]>',
  loss: '<share|{…}>',
  lossBurst: '<frames>',
  reorderGap: '<n>',
  bitErrorRate: '<probability>',
  rate: '<rate>',
  queue: '<size|packets>',
  queueDiscipline: '<name>',
  silentMtu: '<bytes>',
  slotPackets: '<n>',
  slotBytes: '<size>',
};
const TIMES: readonly ImpairmentKey[] = [
  'delay',
  'jitter',
  'reorderDelay',
  'codelTarget',
  'codelInterval',
  'slot',
  'slotJitter',
];

const EXAMPLES = `
A and B are devices (client), or their ports where they are joined more than once
(client:eth0). Only what is named is changed; the rest stays as it is. Values are
written as in topology files: docs/topology.md tells what each one does.

Examples:
  netarium chaos link client home-switch --loss 20% --delay 50ms --jitter 10ms
  netarium chaos link client home-switch --rate 2Mbit --from client --for 10s
  netarium chaos link client home-switch \\
    --loss '{model: gilbert-elliott, goodToBad: 1%, badToGood: 25%}'
  netarium chaos link home-router isp-router down
  netarium chaos link home-router isp-router up`;

function optionOf(key: ImpairmentKey): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function descriptionOf(key: ImpairmentKey): string {
  const schema = impairments[key];
  return schema.description ?? schema.unwrap().description ?? '';
}

function placeholderOf(key: ImpairmentKey): string {
  return PLACEHOLDERS[key] ?? (TIMES.includes(key) ? '<time>' : '<share>');
}

export function linkCommand(): Command {
  const command = new Command('link')
    .description('impair a link, in both directions or in one; cut it; let all its frames vanish')
    .argument('<a>', 'a device at one end, or its port; or the whole link: "client:eth0 -- sw1:3"')
    .argument('[b]', 'the device at the other end')
    .argument('[state]', 'down: no carrier at both ends. blackhole: all frames vanish, and nobody is told. up: neither')
    .option('--from <end>', 'only the frames that this end sends');
  for (const key of IMPAIRMENT_KEYS) {
    command.option(`${optionOf(key)} ${placeholderOf(key)}`, lowerFirst(descriptionOf(key)));
  }
  return withCommonOptions(command)
    .option('--mtu <bytes>', 'the same as --silent-mtu')
    .addHelpText('after', EXAMPLES)
    .action(async (a: string, b: string | undefined, state: string | undefined, options: LinkOptions) => {
      const request = linkRequest(a, b, state, options);
      checkLink(request);
      await withChaos(options.lab, async (chaos) => showMade(chaos, await chaos.apply(request), options.json));
    });
}

export function linkRequest(
  a: string,
  b: string | undefined,
  state: string | undefined,
  options: LinkOptions,
): LinkRequest {
  const link = parseLink(a);
  // The whole link in one word moves the others up.
  const words = link === undefined ? [a, b, state] : [...a.split(/\s+--\s+/), b];
  if (link !== undefined && state !== undefined) throw new CliError(2, `${JSON.stringify(state)} is too much here`);
  const [left, right, wished] = words;
  if (right === undefined || STATES.some((one) => one === right)) {
    throw new CliError(2, 'which link?', 'Name both of its ends: netarium chaos link client home-switch …');
  }
  const impairment = impairmentOf(options);
  return {
    kind: 'link',
    a: String(left),
    b: right,
    ...commonOf(options),
    ...(options.from !== undefined && { from: options.from }),
    ...(wished !== undefined && { state: stateOf(wished) }),
    ...(Object.keys(impairment).length > 0 && { impairment }),
  };
}

function stateOf(word: string): (typeof STATES)[number] {
  const state = STATES.find((one) => one === word);
  if (state !== undefined) return state;
  const near = didYouMean(word, STATES).trim();
  throw new CliError(2, `"${word}" is no state of a link: write down, up or blackhole`, near === '' ? undefined : near);
}

function impairmentOf(options: LinkOptions): NonNullable<LinkRequest['impairment']> {
  const written: Record<string, unknown> = {};
  for (const key of IMPAIRMENT_KEYS) {
    const text = options[key] ?? (key === 'silentMtu' ? options.mtu : undefined);
    if (text !== undefined) written[key] = text === true ? true : readValue(optionOf(key), text);
  }
  const result = readImpairment(written);
  if (!isImpairmentFault(result)) return result;
  const [key, ...rest] = result.where;
  const inside = rest.length === 0 ? '' : ` ${rest.join('.')}:`;
  throw new CliError(2, `${optionOf(key as ImpairmentKey)}:${inside} ${result.message}`);
}

function lowerFirst(text: string): string {
  return (/^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text).replace(/\.$/, '');
}
