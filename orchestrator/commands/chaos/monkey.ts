import { Command } from 'commander';
import { didYouMean } from '../../../devices/stack/wire/nearest.js';
import { Cabling } from '../../chaos/cabling.js';
import {
  type ChaosNews,
  type Fault,
  type FaultRequest,
  MONKEY_KINDS,
  type MonkeyKind,
  type MonkeyRequest,
} from '../../chaos/fault.js';
import { placeOfLink } from '../../chaos/link-fault.js';
import { type PlannedFault, planMonkey } from '../../chaos/monkey-plan.js';
import { targetOfRule } from '../../chaos/rule-fault.js';
import { titleOf } from '../../chaos/titles.js';
import { CliError } from '../../errors.js';
import { interruption } from '../../interruption.js';
import { plannedLinkEnds } from '../../lab/link-ends.js';
import { findLab } from '../../lab/state.js';
import { formatDuration, news, type Paint, painter, print, printJson, visible } from '../../terminal.js';
import { type ChaosClient, withChaos } from './client.js';
import { groupOf } from './partition.js';
import { faultLine } from './show.js';
import { type CommonOptions, commonOf, readDuration, withCommonOptions } from './values.js';

interface MonkeyOptions extends CommonOptions {
  readonly interval?: string;
  readonly spare?: string;
  readonly kinds?: string;
  readonly plan?: boolean;
  readonly detach?: boolean;
}

type MonkeyWish = MonkeyRequest & { readonly seed: string };

/** As of topologies. */
const DEFAULT_SEED = '1';

const EXAMPLES = `
The same seed gives the same faults at the same times in the same topology. All of
them heal by the end. Kinds: ${MONKEY_KINDS.join(', ')}.

Examples:
  netarium chaos monkey --seed 7 --for 60s
  netarium chaos monkey --seed 7 --for 60s --plan     what it would do
  netarium chaos monkey --for 5min --interval 500ms --spare client --kinds impair,packets`;

export function monkeyCommand(): Command {
  const command = new Command('monkey')
    .description('random faults of all kinds, replayable from the seed; Ctrl-C ends it and heals')
    .option('--interval <time>', 'mean time from one fault to the next, default 2s')
    .option('--spare <devices>', 'these, their links and their packets are left alone: client,server-*')
    .option('--kinds <kinds>', 'only these, with commas between them')
    .option('--plan', 'print what it would do, and do nothing')
    .option('--detach', 'do not wait for its end; it goes on in the lab');
  return withCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: MonkeyOptions) => {
      const request = monkeyRequest(options);
      if (options.plan) await showPlan(request, options);
      else await withChaos(options.lab, (chaos) => run(chaos, request, options));
    });
}

export function monkeyRequest(options: MonkeyOptions): MonkeyWish {
  const { forMs, seed = DEFAULT_SEED } = commonOf(options);
  if (forMs === undefined)
    throw new CliError(2, 'for how long?', 'Say it with --for 60s: a monkey that never stops is no test.');
  const intervalMs = options.interval === undefined ? undefined : readDuration('--interval', options.interval);
  if (intervalMs !== undefined && intervalMs < 10) throw new CliError(2, '--interval: at least 10ms');
  return {
    kind: 'monkey',
    forMs,
    seed,
    ...(intervalMs !== undefined && { intervalMs }),
    ...(options.spare !== undefined && { spare: groupOf(options.spare) }),
    ...(options.kinds !== undefined && { kinds: groupOf(options.kinds).map(kindOf) }),
  };
}

function kindOf(word: string): MonkeyKind {
  const kind = MONKEY_KINDS.find((one) => one === word);
  if (kind !== undefined) return kind;
  const message = `--kinds: "${word}" is no kind of fault: ${MONKEY_KINDS.join(', ')}.${didYouMean(word, MONKEY_KINDS)}`;
  throw new CliError(2, message);
}

async function showPlan(request: MonkeyWish, options: MonkeyOptions): Promise<void> {
  const lab = await findLab(options.lab);
  const cabling = Cabling.planned({ devices: lab.devices, plannedEnds: plannedLinkEnds(lab) });
  const plan = planMonkey({ devices: lab.devices, cables: cabling.cables }, request);
  if (options.json) printJson(plan);
  else for (const planned of plan) print(plannedLine(planned, cabling, painter(process.stdout)));
}

export function plannedLine({ atMs, request }: PlannedFault, cabling: Cabling, paint: Paint): string {
  const time = request.forMs === undefined ? '' : paint('dim', `, for ${formatDuration(request.forMs)}`);
  return `${clock(atMs, paint)}  ${targetOf(request, cabling)}: ${titleOf(request)}${time}`;
}

/** As the fault will have it. */
function targetOf(request: FaultRequest, cabling: Cabling): string {
  if (request.kind === 'link') return placeOfLink(request, cabling).target;
  if (request.kind === 'rule') return targetOfRule(request);
  return request.kind === 'device' ? request.device : 'the whole lab';
}

function clock(ms: number, paint: Paint): string {
  return paint('dim', `${(ms / 1000).toFixed(1)} s`.padStart(8));
}

async function run(chaos: ChaosClient, request: MonkeyWish, { detach, json }: MonkeyOptions): Promise<void> {
  const signal = interruption();
  const paint = painter(process.stdout);
  const parts: ChaosNews[] = [];
  let monkey: Fault | undefined;
  /** What comes before the answer. */
  const early: ChaosNews[] = [];
  let finished: (why: string | undefined) => void = () => {};
  const over = new Promise<string | undefined>((resolve) => {
    finished = resolve;
  });
  const hear = (one: ChaosNews, { id, since }: Fault) => {
    if (one.fault.id === id && one.event === 'ended') finished(one.why);
    if (one.fault.parent !== id) return;
    parts.push(one);
    if (!json) print(newsLine(visible(one), Date.now() - since, paint));
  };
  chaos.onClose(() => finished('down'));
  chaos.onNews((one) => (monkey === undefined ? early.push(one) : hear(one, monkey)));
  const fault = await chaos.apply(request);
  if (!json) print(faultLine(fault, paint));
  else if (detach) printJson(fault);
  if (detach) return;
  monkey = fault;
  for (const one of early) hear(one, fault);
  const interrupted = new Promise<'interrupted'>((resolve) =>
    signal.addEventListener('abort', () => resolve('interrupted')),
  );
  const why = await Promise.race([over, interrupted]);
  if (why === 'interrupted') await chaos.end(fault.id);
  if (json) printJson({ ...fault, why, parts });
  else news(painter(process.stderr)('dim', closing(parts, why)));
  if (signal.aborted) throw signal.reason;
}

function newsLine({ event, fault, why, message }: ChaosNews, at: number, paint: Paint): string {
  const what = fault.target === '' ? fault.title : `${fault.target}: ${fault.title}`;
  const head = `${clock(at, paint)}  `;
  if (event === 'ended') return `${head}${paint('dim', `- ${fault.id} ${why}`)}`;
  if (event === 'failed') return `${head}${paint('yellow', `! ${what}: ${message}`)}`;
  const time = fault.until === undefined ? '' : paint('dim', `, for ${formatDuration(fault.until - fault.since)}`);
  return `${head}+ ${fault.id === '' ? '' : `${paint('bold', fault.id)}  `}${what}${time}`;
}

function closing(parts: readonly ChaosNews[], why: string | undefined): string {
  const count = parts.filter(({ event }) => event === 'began' || event === 'done').length;
  const faults = `${count} fault${count === 1 ? '' : 's'}`;
  return why === 'down' ? `${faults}; the lab has ended` : `${faults}; all of them are taken back`;
}
