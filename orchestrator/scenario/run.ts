/** One scenario against a lab of its own: launched, watched, judged, taken down, however that ends. */
import { CliError } from '../errors.js';
import type { LabProgress } from '../lab/lab.js';
import { prepareLab } from '../lab/prepare.js';
import { removeLabDirectory } from '../lab/state.js';
import { type HeldLab, holdLab } from '../lab/supervise.js';
import { monotonicClock } from './clock.js';
import { Deaths } from './deaths.js';
import { copyLogs, makeFolder, momentOf, writeEvidence, writeFetches } from './evidence.js';
import { FrameLog } from './frame-log.js';
import { HeldStage } from './held-stage.js';
import type { Scenario } from './model.js';
import type { ScenarioResult, TimelineResult } from './result.js';
import { Timeline, type TimelineListener } from './timeline.js';

export interface RunOptions {
  /** Folder in which folders for failures are made. */
  readonly output: string;
  /** The same is kept of a scenario that passes. */
  readonly record: boolean;
  /** The command that does the same again. */
  readonly replay: string;
  /** Runs while the lab is still there, its faults too, after the result is known. */
  readonly afterwards?: (held: HeldLab, result: ScenarioResult) => Promise<void>;
  readonly listener?: TimelineListener;
  /** Shows how the launch goes on. */
  readonly launching: (
    title: string,
    launch: (report: (progress: LabProgress) => void) => Promise<HeldLab>,
  ) => Promise<HeldLab>;
}

/** Rejects with the signal's reason when it aborts; then nothing is left. */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  signal: AbortSignal,
): Promise<ScenarioResult> {
  const startAt = monotonicClock.now();
  const { name, description, file, seed } = scenario;
  const common = { name, description, file, seed, replay: options.replay };
  let held: HeldLab;
  try {
    held = await launch(scenario, options, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof CliError)) throw error;
    const failure = { expected: 'that the lab comes up', seen: error.message };
    const outcome = error.exitStatus === 1 ? ('failed' as const) : ('error' as const);
    return { ...common, outcome, launchMs: monotonicClock.now() - startAt, durationMs: 0, steps: [], failure };
  }
  const launchMs = Math.round(monotonicClock.now() - startAt);
  let frames: FrameLog | undefined;
  const deaths = new Deaths(held.lab);
  try {
    frames = await FrameLog.start(held.lab);
    const stage = new HeldStage(held, frames);
    const timeline = new Timeline(scenario, stage, monotonicClock, options.listener);
    const played = await timeline.run(signal);
    const result = { ...common, launchMs, ...outcomeOf(played, deaths.unexpected(scenario.timeline)) };
    const isKept = result.failure !== undefined || options.record;
    const kept = !isKept ? result : await keepEvidence(scenario, result, held, frames, timeline.results, options);
    await options.afterwards?.(held, kept);
    return kept;
  } finally {
    deaths.stop();
    await frames?.stop();
    await held.stop();
  }
}

/** A name that says whose it is, and that no other run has. */
function labName({ name }: Scenario): string {
  const unique = `-${process.pid}`;
  return `${name.slice(0, 31 - unique.length).replace(/-+$/, '')}${unique}`;
}

async function launch(scenario: Scenario, options: RunOptions, signal: AbortSignal): Promise<HeldLab> {
  const plan = await prepareLab({
    topology: { value: scenario.topology, source: scenario.topologySource },
    name: labName(scenario),
  });
  try {
    return await options.launching(`lab ${plan.name}, ${plan.configs.length} devices`, (report) =>
      holdLab(plan, report, signal),
    );
  } catch (error) {
    removeLabDirectory(plan.name);
    throw error;
  }
}

function outcomeOf(
  { isError, ...played }: TimelineResult,
  deaths: string | undefined,
): TimelineResult & Pick<ScenarioResult, 'outcome'> {
  if (played.failure === undefined && deaths !== undefined) {
    const failure = { title: 'the whole scenario', expected: 'that no device ends by itself', seen: deaths };
    return { ...played, failure, outcome: 'failed' };
  }
  if (played.failure === undefined) return { ...played, outcome: 'passed' };
  return { ...played, outcome: isError === true ? 'error' : 'failed' };
}

async function keepEvidence(
  scenario: Scenario,
  result: ScenarioResult,
  held: HeldLab,
  frames: FrameLog,
  outcomes: Timeline['results'],
  { output }: RunOptions,
): Promise<ScenarioResult> {
  const moment = await momentOf(held);
  let kept = result;
  try {
    const evidence = makeFolder(output, scenario.name);
    kept = { ...result, evidence };
    await frames.settled();
    await writeEvidence(evidence, scenario, kept, moment, frames);
    await writeFetches(evidence, outcomes);
    copyLogs(evidence, held.lab.plan.name);
    return kept;
  } catch (error) {
    // What came of the scenario is told all the same.
    if (!(error instanceof CliError)) throw error;
    return { ...kept, notKept: error.message };
  }
}
