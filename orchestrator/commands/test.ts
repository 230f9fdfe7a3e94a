import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { CliError } from '../errors.js';
import { cannotWrite } from '../file-errors.js';
import { interruption, unlessAborted } from '../interruption.js';
import { withProgress } from '../lab/progress.js';
import type { HeldLab } from '../lab/supervise.js';
import { isMeant, scenarioFiles } from '../scenario/files.js';
import { junitXml } from '../scenario/junit.js';
import { loadScenario } from '../scenario/load.js';
import type { Scenario } from '../scenario/model.js';
import { closing, heading, stepLines, summary } from '../scenario/render.js';
import type { ScenarioResult } from '../scenario/result.js';
import { runScenario } from '../scenario/run.js';
import type { TimelineListener } from '../scenario/timeline.js';
import { mustTakeFile, mustTakeFolders } from '../scenario/writable.js';
import { news, type Paint, painter, print, printJson, visible } from '../terminal.js';
import { checkSeed } from './chaos/values.js';

const DEFAULT_OUTPUT = 'netarium-results';

interface TestOptions {
  readonly seed?: string;
  readonly filter?: string;
  readonly output: string;
  readonly junit?: string;
  readonly json?: boolean;
  readonly bail?: boolean;
  readonly keep?: boolean;
  readonly record?: boolean;
  readonly quiet?: boolean;
}

async function run(words: readonly string[], options: TestOptions): Promise<void> {
  const scenarios = loadAll(scenarioFiles(words), options);
  if (options.keep && scenarios.length > 1)
    throw new CliError(
      2,
      `--keep leaves one lab up: these are ${scenarios.length} scenarios`,
      'Choose one with --filter.',
    );
  mustTakeFolders(options.output);
  if (options.junit !== undefined) mustTakeFile(options.junit);
  const signal = interruption();
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    results.push(await runOne(scenario, options, signal));
    if (options.bail && results.at(-1)?.outcome !== 'passed') break;
  }
  if (options.junit !== undefined) writeJunit(options.junit, results);
  const ok = results.every(({ outcome, notKept }) => outcome === 'passed' && notKept === undefined);
  if (options.json) printJson({ ok, scenarios: results });
  else if (scenarios.length > 1)
    print(`\n${summary(results, scenarios.length - results.length, painter(process.stdout))}`);
  if (ok) return;
  process.exitCode = results.some(({ outcome }) => outcome === 'error') ? 2 : 1;
}

/** All of them, before any is run: what is wrong with one is seen at once. Throws a CliError of status 2. */
function loadAll(files: readonly string[], { seed, filter }: TestOptions): Scenario[] {
  const scenarios: Scenario[] = [];
  const errors: CliError[] = [];
  for (const file of files) {
    try {
      scenarios.push(loadScenario(file, { ...(seed !== undefined && { seed: seedOf(seed) }) }));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new CliError(2, errors.map(({ message }) => message).join('\n'));
  const meant = scenarios.filter(({ name }) => isMeant(name, filter));
  if (meant.length > 0) return meant;
  const names = scenarios.map(({ name }) => name).join(', ');
  throw new CliError(2, `no scenario is called "${filter}"`, `These are ${names}.`);
}

/** As YAML has it: digits are a number. */
function seedOf(text: string): string | number {
  checkSeed(text);
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

async function runOne(scenario: Scenario, options: TestOptions, signal: AbortSignal): Promise<ScenarioResult> {
  const { json = false, quiet = false } = options;
  const isTold = !json && !quiet;
  const paint = painter(process.stdout);
  if (isTold) print(heading(scenario, paint));
  const result = await runScenario(
    scenario,
    {
      output: options.output,
      record: options.record === true,
      replay: replayOf(scenario),
      launching: (title, launch) => withProgress(title, quiet || json, launch),
      ...(isTold && { listener: liveListener(paint) }),
      ...(options.keep && { afterwards: (held, kept) => keepUp(held, kept, options, signal) }),
    },
    signal,
  );
  if (!options.keep) tell(result, options);
  return result;
}

/** A line for each step that has ended; on a terminal, below them, what goes on now. */
function liveListener(paint: Paint): TimelineListener {
  const { isTTY, columns = 80 } = process.stdout;
  const live = (text: string) => {
    if (isTTY) process.stdout.write(`\r\x1b[K${text}`);
  };
  return {
    onBegin: ({ title }) => live(paint('dim', visible(`  ...   ${title}`).slice(0, columns - 1))),
    onEnd: (step) => {
      live('');
      print(stepLines(step, paint));
    },
  };
}

function tell(result: ScenarioResult, { json, quiet }: TestOptions): void {
  if (json || (quiet && result.outcome === 'passed')) return;
  const paint = painter(process.stdout);
  if (quiet) print(heading({ ...result, description: '' }, paint));
  print(closing(result, paint));
}

/** The lab as the scenario has left it, faults included, until Ctrl-C or `netarium down`. */
async function keepUp(held: HeldLab, result: ScenarioResult, options: TestOptions, signal: AbortSignal): Promise<void> {
  tell(result, options);
  const { name } = held.lab.plan;
  news(`the lab ${name} stays up, as it is; Ctrl-C or \`netarium down ${name}\` ends it`);
  await unlessAborted(held.down, signal).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

/** With the seed, so that it does the same also when the file's is changed. */
function replayOf({ file, seed }: Scenario): string {
  return `netarium test ${quoted(file)} --seed ${quoted(String(seed))}`;
}

function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function writeJunit(path: string, results: readonly ScenarioResult[]): void {
  try {
    writeFileSync(path, junitXml(results, new Date()));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

const EXAMPLES = `
Examples:
  netarium test topologies/scenarios/
  netarium test dns-root-dead.yaml --seed 8
  netarium test scenarios/*.yaml --junit results.xml --bail`;

export function testCommand(): Command {
  return new Command('test')
    .description('run scenarios: what is broken when in a lab of their own, and what must survive it')
    .argument('<file...>', 'scenario files, or folders of them')
    .option('--seed <seed>', "of every random draw; takes the place of the files'")
    .option('--filter <name>', 'only scenarios whose name has this in it, or is like dns-*')
    .option('--bail', 'stop at the first scenario that does not pass')
    .option('--output <folder>', 'where capture, logs and tables of failures go, a folder each', DEFAULT_OUTPUT)
    .option('--record', 'keep them of scenarios that pass, too')
    .option('--junit <file>', 'write the results as JUnit XML')
    .option('--json', 'print the results as JSON, and nothing else')
    .option('--keep', 'leave the lab up as it is at the end, until Ctrl-C')
    .option('-q, --quiet', 'print nothing but what fails')
    .addHelpText('after', EXAMPLES)
    .action(run);
}
