/**
 * Scenarios: read, checked, run against a lab, judged.
 *
 * This folder knows when something is done and what must come of it. What a fault is, chaos/ knows; how a lab is held and
 * spoken to, lab/; what frames and pages say, capture/ and story/. Nothing here starts anything before the file is sound.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { packageRoot, shippedSite, shippedTopology } from '../lab/paths.js';
import { FileError, generateTopology, loadTopology, parseInlineTopology, type Topology } from '../topology/index.js';
import { findingsOf } from '../topology/issues.js';
import { readDocument } from '../topology/parse.js';
import type { Path } from '../topology/source.js';
import { Source } from '../topology/source.js';
import { nameOf, readFileText } from '../topology/text-file.js';
import { compileSteps, guardsOf } from './compile-steps.js';
import { Compiler, optionalMs } from './compiler.js';
import { checkEnds, checkRepeat } from './ends.js';
import type { Block, Scenario } from './model.js';
import { type ScenarioFile, type StepFile, scenarioFile } from './schema.js';

const DEFAULT_LIMIT_MS = 120_000;
const LONGEST_LIMIT_MS = 3_600_000;

export interface LoadOptions {
  /** Takes the place of the file's. */
  readonly seed?: string | number;
}

/** Throws a {@link FileError}, also a TopologyError about the scenario's topology. */
export function loadScenario(file: string, options: LoadOptions = {}): Scenario {
  return parseScenario(readFileText(file, 'scenario'), file, options);
}

/** `file` is for messages, for the default name, and for what topologies are relative to. Throws as {@link loadScenario}. */
export function parseScenario(text: string, file: string, options: LoadOptions = {}): Scenario {
  const source = new Source(text);
  const document = readDocument(source, 'the file is empty: a scenario begins with "topology:" and "steps:"');
  if (document.problems !== undefined) throw new FileError(file, document.problems, text);
  const duplicates = source.duplicateKeys();
  const parsed = scenarioFile.safeParse(document.value);
  if (!parsed.success) {
    const findings = findingsOf(ownWords(parsed.error.issues), document.value, scenarioFile, source);
    throw new FileError(file, [...duplicates, ...findings.map(({ problem }) => problem)], text);
  }
  if (duplicates.length > 0) throw new FileError(file, duplicates, text);
  return compile(parsed.data as ScenarioFile, { source, text, file }, options);
}

type Issues = Parameters<typeof findingsOf>[0];

/** Of a map with a misspelt key it need not be said as well that it lacks the right one. */
function ownWords(issues: Issues): Issues {
  const misspelt = issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => path.join('.'));
  return issues.filter(({ code, path }) => code !== 'custom' || !misspelt.includes(path.join('.')));
}

interface Origin {
  readonly source: Source;
  readonly text: string;
  readonly file: string;
}

function compile(value: ScenarioFile, origin: Origin, options: LoadOptions): Scenario {
  const { source, text, file } = origin;
  const found = findTopology(value.topology, origin);
  const seed = options.seed ?? value.seed ?? 1;
  const topology: Topology = { ...found.topology, seed };
  const compiler = new Compiler(source, topology, seed, value.limit !== undefined);
  const limitMs = optionalMs(value.limit) ?? DEFAULT_LIMIT_MS;
  if (limitMs > LONGEST_LIMIT_MS) compiler.problem(['limit'], 'the limit is at most 1h', {}, 'endless');
  const steps = compileSteps(compiler, value.steps, ['steps'], true);
  // Behind the steps: what holds during all may speak of any of them.
  const timeline: Block = { kind: 'block', order: 'serial', steps, ...guardsOf(compiler, value, []) };
  checkRepeats(compiler, value.steps, ['steps'], false);
  if (compiler.problems.length === 0) checkEnds(compiler, timeline, limitMs);
  if (compiler.problems.length > 0) throw new FileError(file, compiler.problems, text);
  return {
    name: value.name ?? nameOf(file),
    description: value.description?.trim() ?? '',
    file,
    topology,
    topologySource: found.from,
    seed,
    limitMs,
    timeline,
    watches: compiler.watches,
  };
}

function checkRepeats(compiler: Compiler, steps: readonly StepFile[], path: Path, hasEnd: boolean): void {
  for (const [index, step] of steps.entries()) {
    const place = [...path, index];
    checkRepeat(compiler, step, place, hasEnd);
    for (const order of ['serial', 'parallel'] as const) {
      checkRepeats(compiler, step[order] ?? [], [...place, order], hasEnd || step.for !== undefined);
    }
  }
}

function findTopology(
  value: ScenarioFile['topology'],
  { source, text, file }: Origin,
): { topology: Topology; from: string } {
  if (typeof value !== 'string') return { topology: parseInlineTopology(value, text, file, ['topology']), from: file };
  const fail = (message: string) => new FileError(file, [source.problem('file', ['topology'], message)], text);
  if (/^[a-z]+ *,/.test(value)) {
    try {
      return { topology: generateTopology(value, { siteFolder: shippedSite('hello') }), from: value };
    } catch (error) {
      throw fail((error as Error).message.replace(/^--topo [^:]*: /, ''));
    }
  }
  const beside = resolve(dirname(file), value);
  if (/\.ya?ml$/.test(value) || value.includes('/')) {
    if (!existsSync(beside)) throw fail(`there is no file ${beside}`);
    return { topology: loadTopology(beside), from: beside };
  }
  const shipped = shippedTopology(value);
  if (existsSync(shipped)) return { topology: loadTopology(shipped), from: shipped };
  const names = readdirSync(join(packageRoot(), 'topologies'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -5));
  const near = didYouMean(value, names) || ` Those are ${names.join(', ')}.`;
  throw fail(`no shipped topology is called "${value}".${near} A file's name ends in .yaml.`);
}
