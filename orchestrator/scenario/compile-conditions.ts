/** Expectations on what is: rows of tables, counters, captured frames, results, devices and carriers. */
import { COUNTER_NAMES, DROP_REASONS } from '../../devices/control.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { selectEnds } from '../capture/selection.js';
import type { Path } from '../topology/source.js';
import type { Compiler } from './compiler.js';
import { compileAmount, compileFields, compileMatch, type FieldMatch, fieldsText, type Match } from './matching.js';
import type { Condition, FramesCondition, FrameWatch } from './model.js';
import { formsOf } from './one-of.js';
import { COMMAND_FIELDS, PAGE_FIELDS } from './outcome-fields.js';
import { CONDITION_FORMS, type ConditionFile, type ConditionsFile } from './schema.js';
import { type AmountFile, type MatcherFile, type MatchersFile, matcher } from './schema-values.js';
import { fieldProblem, type Shape } from './shape.js';
import { TABLE_FIELDS, TABLES_OF } from './table-fields.js';

/** As `netarium ps` says them. */
const DEVICE_STATES = ['running', 'starting', 'stopped', 'killed', 'paused', 'dead'];
const CARRIER = ['up', 'down'];

/** One or several; those that are wrong are left out, and told. */
export function compileConditions(compiler: Compiler, file: ConditionsFile | undefined, path: Path): Condition[] {
  if (file === undefined) return [];
  const all = Array.isArray(file) ? file : [file];
  return all.flatMap((one, index) => {
    const condition = compileCondition(compiler, one, Array.isArray(file) ? [...path, index] : path);
    return condition === undefined ? [] : [condition];
  });
}

function compileCondition(compiler: Compiler, file: ConditionFile, path: Path): Condition | undefined {
  switch (formsOf(CONDITION_FORMS, file)[0]) {
    case 'table':
      return tableCondition(compiler, file, path);
    case 'counter':
      return counterCondition(compiler, file, path);
    case 'frames':
      return framesCondition(compiler, file, path);
    case 'result':
      return resultCondition(compiler, file, path);
    case 'device':
      return deviceCondition(compiler, file, path);
    default:
      return carrierCondition(compiler, file, path);
  }
}

function tableCondition(compiler: Compiler, file: ConditionFile, path: Path): Condition | undefined {
  const device = compiler.device(
    file.on,
    [...path, file.on === undefined ? 'table' : 'on'],
    'of which device? Write "on:"',
  );
  const shape = file.table === undefined ? 'any' : TABLE_FIELDS[file.table];
  const where = fields(compiler, file.where, [...path, 'where'], shape);
  const is = fields(compiler, file.is, [...path, 'is'], shape);
  const rows = amount(compiler, file.rows, [...path, 'rows']);
  if (device === undefined || file.table === undefined) return undefined;
  const tables = TABLES_OF[device.kind];
  if (!tables.includes(file.table))
    compiler.problem([...path, 'table'], `a ${device.kind} has no table ${file.table}. It has ${tables.join(', ')}.`);
  const chosen = where.length === 0 ? '' : ` where ${fieldsText(where)}`;
  const told = [
    file.rows === undefined && is.length > 0 ? '' : `${rows.text} ${/(^| )1$/.test(rows.text) ? 'row' : 'rows'}`,
    is.length === 0 ? '' : fieldsText(is),
  ].filter(Boolean);
  const title = `table ${file.table} of ${device.name}${chosen}: ${told.join(', ')}`;
  return { kind: 'table', title, on: device.name, table: file.table, where, is, rows };
}

function counterCondition(compiler: Compiler, file: ConditionFile, path: Path): Condition | undefined {
  const device = compiler.device(
    file.on,
    [...path, file.on === undefined ? 'counter' : 'on'],
    'of which device? Write "on:"',
  );
  const is = single(compiler, file.is, [...path, 'is'], 'what is the counter to be? Write "is: {atLeast: 1}"');
  if (device === undefined || is === undefined || file.counter === undefined) return undefined;
  if (!(COUNTER_NAMES as readonly string[]).includes(file.counter)) {
    const [layer] = file.counter.split('.');
    const others = COUNTER_NAMES.filter((name) => name.startsWith(`${layer}.`));
    const known =
      didYouMean(file.counter, COUNTER_NAMES) || (others.length === 0 ? '' : ` Such are ${others.join(', ')}.`);
    compiler.problem([...path, 'counter'], `nothing is counted as ${file.counter}.${known}`);
  }
  return {
    kind: 'counter',
    title: `counter ${file.counter} of ${device.name}: ${is.text}`,
    on: device.name,
    counter: file.counter,
    is,
  };
}

function framesCondition(compiler: Compiler, file: ConditionFile, path: Path): FramesCondition | undefined {
  const text = file.frames ?? '';
  const filter = compiler.filter(text, [...path, 'frames']);
  checkReasons(compiler, text, [...path, 'frames']);
  const words = file.at === undefined ? [] : [file.at];
  const ends = compiler.attempt([...path, 'at'], () =>
    selectEnds(words, compiler.deviceNames, compiler.ends, { once: true }),
  );
  if (file.during !== undefined)
    compiler.step(file.during, [...path, 'during'], ['fetch', 'exec', 'chaos', 'plug', 'other']);
  const count = amount(compiler, file.count, [...path, 'count']);
  if (filter === undefined || ends === undefined) return undefined;
  const watch: FrameWatch = { index: compiler.watches.length, filter, ends };
  compiler.watches.push(watch);
  const place = file.at === undefined ? '' : ` at ${file.at}`;
  const time = file.during === undefined ? '' : ` during ${file.during}`;
  const title = `frames ${text || 'of any kind'}${place}${time}: ${count.text}`;
  return { kind: 'frames', title, watch, count, ...(file.during !== undefined && { during: file.during }) };
}

/** A frame that was dropped for a reason that there is not would never come. */
function checkReasons(compiler: Compiler, filter: string, path: Path): void {
  for (const [, reason] of filter.matchAll(/\bframe\.drop_reason\s*(?:==|!=|\beq\b|\bne\b)\s*"([^"\\]*)"/g)) {
    if ((DROP_REASONS as readonly string[]).includes(reason)) continue;
    const known = didYouMean(reason, DROP_REASONS) || ` Reasons are ${DROP_REASONS.join(', ')}.`;
    compiler.problem(path, `no frame is dropped for the reason "${reason}".${known}`, { find: `"${reason}"` });
  }
}

function resultCondition(compiler: Compiler, file: ConditionFile, path: Path): Condition | undefined {
  const { result: name = '', sameAs, slowerThan, by } = file;
  const step = compiler.step(name, [...path, 'result'], ['fetch', 'exec']);
  if (sameAs !== undefined) compiler.step(sameAs, [...path, 'sameAs'], ['fetch']);
  if (slowerThan !== undefined) compiler.step(slowerThan, [...path, 'slowerThan'], ['fetch', 'exec']);
  const is = fields(compiler, file.is, [...path, 'is'], step?.kind === 'exec' ? COMMAND_FIELDS : PAGE_FIELDS);
  if ((slowerThan === undefined) !== (by === undefined))
    compiler.problem([...path, by === undefined ? 'slowerThan' : 'by'], '"slowerThan" and "by" go together', {
      key: true,
    });
  const slower = by === undefined ? undefined : match(compiler, by, [...path, 'by']);
  if (is.length === 0 && sameAs === undefined && slower === undefined)
    compiler.problem([...path, 'result'], 'nothing is expected of it: write "is:", "sameAs:" or "slowerThan:"', {
      key: true,
    });
  if (step === undefined) return undefined;
  const told = [
    fieldsText(is),
    sameAs === undefined ? '' : `the same as ${sameAs}`,
    slower === undefined ? '' : `slower than ${slowerThan} by ${slower.text}`,
  ].filter(Boolean);
  return {
    kind: 'result',
    title: `result ${name}: ${told.join(', ')}`,
    name,
    is,
    ...(sameAs !== undefined && { sameAs }),
    ...(slower !== undefined && slowerThan !== undefined && { slower: { than: slowerThan, by: slower } }),
  };
}

function deviceCondition(compiler: Compiler, file: ConditionFile, path: Path): Condition | undefined {
  const device = compiler.device(file.device, [...path, 'device'], '');
  const is = word(compiler, file.is, [...path, 'is'], DEVICE_STATES);
  if (device === undefined || is === undefined) return undefined;
  return { kind: 'device', title: `device ${device.name}: ${is.text}`, device: device.name, is };
}

function carrierCondition(compiler: Compiler, file: ConditionFile, path: Path): Condition | undefined {
  const end = compiler.end(file.carrier ?? '', [...path, 'carrier']);
  const is = word(compiler, file.is, [...path, 'is'], CARRIER);
  if (end === undefined || is === undefined) return undefined;
  const { device, port } = end;
  return { kind: 'carrier', title: `carrier ${device}:${port}: ${is.text}`, device, port, is };
}

/** Fields, of what has several. */
export function fields(
  compiler: Compiler,
  file: MatcherFile | MatchersFile | undefined,
  path: Path,
  shape: Shape,
): FieldMatch[] {
  if (file !== undefined && (typeof file !== 'object' || file === null || Array.isArray(file))) {
    compiler.problem(path, 'write the fields and what they should be, such as {ok: true}');
    return [];
  }
  for (const field of Object.keys(file ?? {})) {
    const problem = fieldProblem(shape, field);
    if (problem !== undefined) compiler.problem([...path, field], problem, { key: true }, 'unknown-key');
  }
  return compileFields(file as MatchersFile | undefined, (field, { message }) =>
    compiler.problem([...path, field], message),
  );
}

function match(compiler: Compiler, file: MatcherFile, path: Path): Match | undefined {
  return compiler.attempt(path, () => compileMatch(file));
}

/** Of what is one value. */
function single(compiler: Compiler, file: ConditionFile['is'], path: Path, missing: string): Match | undefined {
  if (file !== undefined) return isMatcher(file) ? match(compiler, file, path) : refuseFields(compiler, path);
  compiler.problem(path.slice(0, -1), missing, { key: true }, 'missing-key');
  return undefined;
}

function isMatcher(file: NonNullable<ConditionFile['is']> | null): file is MatcherFile {
  return matcher.safeParse(file).success;
}

function refuseFields(compiler: Compiler, path: Path): undefined {
  compiler.problem(path, 'it is one number: write 3, or {atLeast: 1, atMost: 5}');
}

function word(compiler: Compiler, file: ConditionFile['is'], path: Path, words: readonly string[]): Match | undefined {
  const list = words.join(', ');
  if ([file].flat().every((one) => typeof one === 'string' && words.includes(one)))
    return compileMatch(file as MatcherFile);
  if (file === undefined)
    compiler.problem(path.slice(0, -1), `"is" is missing here: one of ${list}`, { key: true }, 'missing-key');
  else compiler.problem(path, `it is one of ${list}`);
  return undefined;
}

function amount(compiler: Compiler, file: AmountFile | undefined, path: Path): Match {
  return compiler.attempt(path, () => compileAmount(file)) ?? compileAmount(undefined);
}
