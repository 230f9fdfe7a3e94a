/** Steps and blocks of a scenario, from what is written to what is done. */
import type { Path } from '../topology/source.js';
import { formatDuration } from '../topology/units.js';
import {
  awaitAction,
  type Compiled,
  execAction,
  expectAction,
  fetchAction,
  plugAction,
  titlesOf,
} from './compile-actions.js';
import { compileChaos } from './compile-chaos.js';
import { compileConditions } from './compile-conditions.js';
import { type Compiler, ms, optionalMs } from './compiler.js';
import type { Block, Repeat, Step } from './model.js';
import { formsOf } from './one-of.js';
import { isBlock, STEP_FORMS, type StepFile } from './schema.js';

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
  nameStep(compiler, file, path);
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

function nameStep(compiler: Compiler, file: StepFile, path: Path): void {
  const background = file.background === true;
  if (background && file.as === undefined)
    compiler.problem(
      [...path, 'background'],
      'what runs in the background needs a name to be awaited by: write "as:"',
      { key: true },
      'missing-key',
    );
  for (const key of ['is', 'within', 'eventually'] as const) {
    if (background && file[key] !== undefined)
      compiler.problem(
        [...path, key],
        `what runs in the background is judged when it is awaited: write "${key}" there`,
        {
          key: true,
        },
      );
  }
  if (background && file.every !== undefined)
    compiler.problem([...path, 'every'], 'what is repeated does not run in the background', { key: true });
  if (file.as === undefined) return;
  if (compiler.named.has(file.as)) {
    compiler.problem([...path, 'as'], `another step before this one has "as: ${file.as}" too`, {}, 'duplicate-name');
    return;
  }
  const kind = NAMED.find((known) => file[known] !== undefined) ?? 'other';
  compiler.named.set(file.as, { kind, background });
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

function isGuardOfBlock(file: StepFile, key: string): boolean {
  return (key === 'always' || key === 'never') && (file.serial !== undefined || file.parallel !== undefined);
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
  const guards = {
    always: compileConditions(compiler, file.always, [...path, 'always']),
    never: compileConditions(compiler, file.never, [...path, 'never']),
  };
  for (const key of ['always', 'never'] as const) {
    // Frames are counted from the beginning, when there are none.
    if (!guards[key].some((condition) => condition.kind === 'frames' && condition.count.test(0) !== (key === 'always')))
      continue;
    const message =
      key === 'always'
        ? 'at the beginning there are no frames: say {atMost: …} here, and by "expect:" what must come'
        : 'at the beginning there are no frames: "count" must be such that none is well';
    compiler.problem([...path, key], message, { key: true });
  }
  return guards;
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
