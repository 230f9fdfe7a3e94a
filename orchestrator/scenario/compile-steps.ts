/** Steps and blocks of a scenario, from what is written to what is done. */
import type { FetchRequest } from '../../devices/control.js';
import { parseLink } from '../topology/endpoint.js';
import type { Path } from '../topology/source.js';
import { formatDuration } from '../topology/units.js';
import { compileChaos } from './compile-chaos.js';
import { compileConditions, fields } from './compile-conditions.js';
import { type Compiler, ms, optionalMs } from './compiler.js';
import { compileFields, type FieldMatch, fieldsText } from './matching.js';
import type { Action, Block, Condition, Patience, Repeat, Step } from './model.js';
import { formsOf } from './one-of.js';
import { isBlock, STEP_FORMS, type StepFile } from './schema.js';
import { splitWords } from './words.js';

/** How long one fetch, command, or wait for one may take when nothing else is said. */
export const ACTION_LIMIT_MS = 30_000;

export function compileSteps(compiler: Compiler, files: readonly StepFile[], path: Path, isSerial: boolean): Step[] {
  let earliest = 0;
  return files.flatMap((file, index) => {
    const place = [...path, index];
    const step = compileStep(compiler, file, place);
    if (isSerial && file.at !== undefined) {
      if (ms(file.at) < earliest) {
        compiler.problem(
          [...place, 'at'],
          `a step before this one begins later: it is past ${formatDuration(earliest)} then`,
        );
      }
      earliest = Math.max(earliest, ms(file.at));
    }
    return step === undefined ? [] : [step];
  });
}

function compileStep(compiler: Compiler, file: StepFile, path: Path): Step | undefined {
  const before = compiler.problems.length;
  // Steps within a block are named before the block itself.
  const compiled = compileAction(compiler, file, path);
  const repeat = repeatOf(compiler, file, path);
  if (file.at !== undefined && file.after !== undefined)
    compiler.problem([...path, 'after'], '"at" and "after" both say when it begins: leave one out', { key: true });
  nameStep(compiler, file, path, compiled?.action);
  if (compiled === undefined || compiler.problems.length > before) return undefined;
  return {
    title: compiled.title,
    line: compiler.lineOf(path),
    ...(file.at !== undefined && { atMs: ms(file.at) }),
    ...(file.after !== undefined && { afterMs: ms(file.after) }),
    ...(repeat !== undefined && { repeat }),
    ...(file.as !== undefined && { as: file.as }),
    action: compiled.action,
  };
}

/** What later steps may speak of. */
const NAMED = ['fetch', 'exec', 'chaos', 'plug'] as const;

function nameStep(compiler: Compiler, file: StepFile, path: Path, action: Action | undefined): void {
  const background = file.background === true;
  if (background && file.as === undefined)
    compiler.problem(
      [...path, 'background'],
      'what runs in the background needs a name to be awaited by: write "as:"',
      { key: true },
      'missing-key',
    );
  if (background && file.every !== undefined)
    compiler.problem([...path, 'every'], 'what is repeated does not run in the background', { key: true });
  if (file.as === undefined) return;
  if (compiler.named.has(file.as)) {
    compiler.problem([...path, 'as'], `another step before this one has "as: ${file.as}" too`, {}, 'duplicate-name');
    return;
  }
  const kind = NAMED.find((known) => known === action?.kind) ?? 'other';
  compiler.named.set(file.as, { kind, background });
}

interface Compiled {
  readonly action: Action;
  readonly title: string;
}

function compileAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const [form] = formsOf(STEP_FORMS, file).filter((key) => !isGuardOfBlock(file, key));
  switch (form) {
    case 'fetch':
      return fetchAction(compiler, file, path);
    case 'exec':
      return execAction(compiler, file, path);
    case 'await':
      return awaitAction(compiler, file, path);
    case 'chaos': {
      const chaos = file.chaos && compileChaos(compiler, file.chaos, [...path, 'chaos']);
      return chaos && { action: chaos.action, title: `chaos ${chaos.title}` };
    }
    case 'plug':
      return plugAction(compiler, file.plug ?? '', [...path, 'plug']);
    case 'unplug': {
      const name = file.unplug ?? '';
      const step = compiler.step(name, [...path, 'unplug'], ['plug']);
      return step && { action: { kind: 'unplug', name }, title: `unplug ${name}` };
    }
    case 'wait': {
      const time = ms(file.wait ?? '');
      return { action: { kind: 'wait', ms: time }, title: `wait ${file.wait}` };
    }
    case 'expect':
      return expectAction(compiler, file, path);
    default:
      return blockAction(compiler, file, path);
  }
}

function plugAction(compiler: Compiler, text: string, path: Path): Compiled | undefined {
  const link = parseLink(text);
  if (link === undefined || link.left.port !== undefined || link.right.port !== undefined) {
    compiler.problem(path, `"${text}" is no cable: write the two devices, sw1 -- sw2; each gets one more port`);
    return undefined;
  }
  const [a, b] = [link.left, link.right].map(({ device }) => compiler.device(device, path, '')?.name);
  if (a === undefined || b === undefined) return undefined;
  if (a === b) compiler.problem(path, 'a cable has two ends');
  return { action: { kind: 'plug', a, b }, title: `plug ${a} -- ${b}` };
}

function isGuardOfBlock(file: StepFile, key: string): boolean {
  return (key === 'always' || key === 'never') && (file.serial !== undefined || file.parallel !== undefined);
}

const IS_OK = compileFields({ ok: true });
const SUCCEEDED = compileFields({ status: 0 });

function fetchAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const url = file.fetch ?? '';
  const from = hostOf(compiler, file.from, path);
  const is = file.is === undefined ? IS_OK : fields(compiler, file.is, [...path, 'is']);
  const patience = patienceOf(compiler, file, path);
  if (from === undefined) return undefined;
  const request: FetchRequest = {
    url,
    ...(file.clear === true && { clear: true }),
    ...(file.reload === true && { cache: 'reload' as const }),
    ...(file.timeout !== undefined && { timeoutMs: optionalMs(file.timeout) }),
  };
  const background = file.background === true;
  const where = background ? `${from}, in the background` : `${from}${expectedText(is)}`;
  return {
    action: { kind: 'fetch', from, request, is, background, patience },
    title: `${patienceText(patience)}fetch ${url} from ${where}`,
  };
}

function expectedText(is: readonly FieldMatch[]): string {
  return is.length === 0 ? '' : `: ${fieldsText(is)}`;
}

function hostOf(compiler: Compiler, name: string | undefined, path: Path): string | undefined {
  if (name === undefined) {
    const hosts = [...compiler.topology.devices.values()].filter(({ kind }) => kind === 'host');
    const host = hosts.find((one) => one.name === 'client') ?? hosts[0];
    if (host === undefined) compiler.problem([...path, 'fetch'], 'the topology has no host to load a page from');
    return host?.name;
  }
  const device = compiler.device(name, [...path, 'from'], '');
  if (device === undefined || device.kind === 'host') return device?.name;
  compiler.problem([...path, 'from'], `${name} is a ${device.kind}: only hosts have a browser`);
  return undefined;
}

function execAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const { exec = '' } = file;
  const argv = typeof exec === 'string' ? splitWords(exec) : exec;
  if (argv === undefined) compiler.problem([...path, 'exec'], 'a quote does not end');
  if (argv?.length === 0) compiler.problem([...path, 'exec'], 'which command?');
  const device = compiler.device(
    file.on,
    [...path, file.on === undefined ? 'exec' : 'on'],
    'on which device? Write "on:"',
  );
  const is = file.is === undefined ? SUCCEEDED : fields(compiler, file.is, [...path, 'is']);
  const patience = patienceOf(compiler, file, path);
  if (argv === undefined || argv.length === 0 || device === undefined) return undefined;
  const background = file.background === true;
  const where = background ? `${device.name}, in the background` : `${device.name}${expectedText(is)}`;
  return {
    action: { kind: 'exec', on: device.name, argv, is, background, patience },
    title: `${patienceText(patience)}exec ${argv.join(' ')} on ${where}`,
  };
}

function awaitAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const name = file.await ?? '';
  const step = compiler.step(name, [...path, 'await'], ['fetch', 'exec']);
  if (step !== undefined && !step.background)
    compiler.problem([...path, 'await'], `${name} does not run in the background: it has ended`);
  const usual = step?.kind === 'exec' ? SUCCEEDED : IS_OK;
  const is: FieldMatch[] = file.is === undefined ? usual : fields(compiler, file.is, [...path, 'is']);
  const withinMs = optionalMs(file.within) ?? ACTION_LIMIT_MS;
  return { action: { kind: 'await', name, withinMs, is }, title: `await ${name}${expectedText(is)}` };
}

function expectAction(compiler: Compiler, file: StepFile, path: Path): Compiled {
  const conditions = compileConditions(compiler, file.expect, [...path, 'expect']);
  const patience = patienceOf(compiler, file, path);
  return {
    action: { kind: 'expect', conditions, patience },
    title: `${patienceText(patience) || 'expect '}${titlesOf(conditions)}`,
  };
}

function blockAction(compiler: Compiler, file: StepFile, path: Path): Compiled {
  const order = file.parallel === undefined ? 'serial' : 'parallel';
  const isHold = file.serial === undefined && file.parallel === undefined;
  if (isHold && file.for === undefined) {
    const key = file.always === undefined ? 'never' : 'always';
    compiler.problem(
      [...path, key],
      `for how long? Write "for: 2s", or "${key}:" into a block`,
      { key: true },
      'endless',
    );
  }
  const guards = guardsOf(compiler, file, path);
  const steps = compileSteps(compiler, file[order] ?? [], [...path, order], order === 'serial');
  const time = file.for === undefined ? '' : ` for ${file.for}`;
  const holds = [
    guards.always.length === 0 ? '' : `always ${titlesOf(guards.always)}`,
    guards.never.length === 0 ? '' : `never ${titlesOf(guards.never)}`,
  ].filter(Boolean);
  const block: Block = {
    kind: 'block',
    order,
    steps,
    ...guards,
    ...(file.for !== undefined && { forMs: ms(file.for) }),
  };
  const head = isHold ? holds.join(', ') + time : [`${order}${time}`, ...holds].join(', ');
  return { action: block, title: head };
}

export function guardsOf(
  compiler: Compiler,
  file: Pick<StepFile, 'always' | 'never'>,
  path: Path,
): Pick<Block, 'always' | 'never'> {
  return {
    always: compileConditions(compiler, file.always, [...path, 'always']),
    never: compileConditions(compiler, file.never, [...path, 'never']),
  };
}

function repeatOf(compiler: Compiler, file: StepFile, path: Path): Repeat | undefined {
  const { every, times, until } = file;
  if (every === undefined) {
    for (const key of ['times', 'until'] as const) {
      if (file[key] !== undefined)
        compiler.problem([...path, key], `"${key}" needs "every:", the interval`, { key: true });
    }
    return undefined;
  }
  if (ms(every) < 1) compiler.problem([...path, 'every'], 'the interval is at least 1ms');
  const forMs = isBlock(file) ? undefined : optionalMs(file.for);
  return {
    everyMs: ms(every),
    ...(times !== undefined && { times }),
    ...(until !== undefined && { until: compileConditions(compiler, until, [...path, 'until']) }),
    ...(forMs !== undefined && { forMs }),
  };
}

function patienceOf(compiler: Compiler, file: StepFile, path: Path): Patience {
  if (file.eventually === true) {
    if (file.within !== undefined)
      compiler.problem([...path, 'eventually'], '"within" says how long already', { key: true });
    else if (!compiler.hasLimit)
      compiler.problem(
        [...path, 'eventually'],
        'by when? Write "within: 10s" instead, or a "limit:" for the whole scenario',
        { key: true },
        'endless',
      );
    return 'limit';
  }
  return optionalMs(file.within);
}

function patienceText(patience: Patience): string {
  if (patience === undefined) return '';
  return patience === 'limit' ? 'eventually ' : `within ${formatDuration(patience)}: `;
}

function titlesOf(conditions: readonly Condition[]): string {
  return conditions.map(({ title }) => title).join('; ');
}
