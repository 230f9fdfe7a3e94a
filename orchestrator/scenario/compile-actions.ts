/** What single steps do: pages, commands, cables, expectations. */
import type { FetchRequest } from '../../devices/control.js';
import { parseLink } from '../topology/endpoint.js';
import type { Path } from '../topology/source.js';
import { formatDuration } from '../topology/units.js';
import { compileConditions, fields } from './compile-conditions.js';
import { type Compiler, optionalMs } from './compiler.js';
import { compileFields, type FieldMatch, fieldsText } from './matching.js';
import type { Action, Condition, Patience } from './model.js';
import { COMMAND_FIELDS, PAGE_FIELDS } from './outcome-fields.js';
import type { StepFile } from './schema.js';
import { splitWords } from './words.js';

/** How long one fetch, command, or wait for one may take when nothing else is said. */
export const ACTION_LIMIT_MS = 30_000;

export interface Compiled {
  readonly action: Action;
  readonly title: string;
}

const IS_OK = compileFields({ ok: true });
const SUCCEEDED = compileFields({ status: 0 });

export function fetchAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const url = file.fetch ?? '';
  const from = hostOf(compiler, file.from, path);
  const is = file.is === undefined ? IS_OK : fields(compiler, file.is, [...path, 'is'], PAGE_FIELDS);
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

export function execAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const { exec = '' } = file;
  const argv = typeof exec === 'string' ? splitWords(exec) : exec;
  if (argv === undefined) compiler.problem([...path, 'exec'], 'a quote does not end');
  if (argv?.length === 0) compiler.problem([...path, 'exec'], 'which command?');
  const device = compiler.device(
    file.on,
    [...path, file.on === undefined ? 'exec' : 'on'],
    'on which device? Write "on:"',
  );
  const is = file.is === undefined ? SUCCEEDED : fields(compiler, file.is, [...path, 'is'], COMMAND_FIELDS);
  const patience = patienceOf(compiler, file, path);
  if (argv === undefined || argv.length === 0 || device === undefined) return undefined;
  const background = file.background === true;
  const where = background ? `${device.name}, in the background` : `${device.name}${expectedText(is)}`;
  return {
    action: { kind: 'exec', on: device.name, argv, is, background, patience },
    title: `${patienceText(patience)}exec ${argv.join(' ')} on ${where}`,
  };
}

export function awaitAction(compiler: Compiler, file: StepFile, path: Path): Compiled | undefined {
  const name = file.await ?? '';
  const step = compiler.step(name, [...path, 'await'], ['fetch', 'exec']);
  if (step !== undefined && !step.background)
    compiler.problem([...path, 'await'], `${name} does not run in the background: it has ended`);
  const usual = step?.kind === 'exec' ? SUCCEEDED : IS_OK;
  const is: FieldMatch[] =
    file.is === undefined
      ? usual
      : fields(compiler, file.is, [...path, 'is'], step?.kind === 'exec' ? COMMAND_FIELDS : PAGE_FIELDS);
  const withinMs = optionalMs(file.within) ?? ACTION_LIMIT_MS;
  return { action: { kind: 'await', name, withinMs, is }, title: `await ${name}${expectedText(is)}` };
}

export function plugAction(compiler: Compiler, text: string, path: Path): Compiled | undefined {
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

export function expectAction(compiler: Compiler, file: StepFile, path: Path): Compiled {
  const conditions = compileConditions(compiler, file.expect, [...path, 'expect']);
  const patience = patienceOf(compiler, file, path);
  return {
    action: { kind: 'expect', conditions, patience },
    title: `${patienceText(patience) || 'expect '}${titlesOf(conditions)}`,
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

function expectedText(is: readonly FieldMatch[]): string {
  return is.length === 0 ? '' : `: ${fieldsText(is)}`;
}

export function titlesOf(conditions: readonly Condition[]): string {
  return conditions.map(({ title }) => title).join('; ');
}
