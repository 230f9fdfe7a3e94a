/** The timeline of a scenario: its steps at their times, blocks of them side by side, and what holds meanwhile. */
import { CliError } from '../errors.js';
import { unlessAborted } from '../interruption.js';
import { formatDuration } from '../terminal.js';
import { Actions } from './actions.js';
import type { Clock } from './clock.js';
import { StepFailed } from './failed.js';
import { Guard } from './guard.js';
import { Judge, type Span } from './judge.js';
import type { Block, FrameWatch, Repeat, Scenario, Step } from './model.js';
import { Records } from './records.js';
import type { StepResult, TimelineResult } from './result.js';
import type { CommandOutcome, PageOutcome, Stage } from './stage.js';

export interface TimelineListener {
  onBegin?(step: Step, depth: number): void;
  /** Not told of what is repeated before its last time. */
  onEnd?(result: StepResult): void;
}

interface Context {
  readonly depth: number;
  readonly signal: AbortSignal;
  /** When what is repeated without an end of its own has one. */
  readonly endAt: number;
}

export class Timeline {
  private readonly scenario: Scenario;
  private readonly stage: Stage;
  private readonly clock: Clock;
  private readonly records: Records;
  /** What came of steps that have a name. */
  readonly results = new Map<string, PageOutcome | CommandOutcome>();
  private readonly spans = new Map<string, Span>();
  private readonly judge: Judge;
  private readonly actions: Actions;
  private readonly guards = new Set<Guard>();
  private startAt = 0;

  constructor(scenario: Scenario, stage: Stage, clock: Clock, listener: TimelineListener = {}) {
    this.scenario = scenario;
    this.stage = stage;
    this.clock = clock;
    this.records = new Records(scenario.timeline, listener);
    this.judge = new Judge(stage, { results: this.results, spans: this.spans }, () => clock.now());
    this.actions = new Actions(stage, clock, this.judge, this.results, this.spans);
  }

  /** Rejects only with the signal's reason; what fails is in the result. Faults are still there afterwards. */
  async run(signal: AbortSignal): Promise<TimelineResult> {
    await this.stage.watch(this.scenario.watches, (watch) => this.matched(watch));
    this.startAt = this.clock.now();
    this.records.startAt = this.startAt;
    this.actions.startAt = this.startAt;
    const { limitMs, timeline } = this.scenario;
    const limit = new AbortController();
    const over = new StepFailed('', '', `the scenario's limit of ${formatDuration(limitMs)} is over`);
    this.clock.sleep(limitMs, AbortSignal.any([signal, limit.signal])).then(
      () => limit.abort(over),
      () => {},
    );
    try {
      const within = AbortSignal.any([signal, limit.signal]);
      this.actions.runSignal = within;
      await this.block(timeline, 'the whole scenario', { depth: -1, signal: within, endAt: Number.POSITIVE_INFINITY });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.records.failed(undefined, failureOf(error), this.clock.now());
    } finally {
      limit.abort(new Error('the timeline has ended'));
    }
    return this.records.result(this.clock.now());
  }

  private matched(watch: FrameWatch): void {
    for (const guard of this.guards) guard.matched(watch);
    this.actions.matched();
  }

  private async block(block: Block, title: string, around: Context): Promise<void> {
    const since = this.clock.now();
    const stopped = new AbortController();
    const signal = AbortSignal.any([around.signal, stopped.signal]);
    const endAt = block.forMs === undefined ? around.endAt : since + block.forMs;
    const context = { depth: around.depth + 1, signal, endAt };
    const guard = new Guard(block, title, since, this.judge, this.clock);
    this.guards.add(guard);
    const steps = this.steps(block, context, since);
    try {
      await Promise.race([steps, guard.watchOver(signal)]);
      await guard.finalCheck();
    } catch (error) {
      stopped.abort(error);
      // What runs beside is stopped, too, before anybody looks at what has become of it.
      await steps.catch(() => {});
      throw error;
    } finally {
      stopped.abort(new Error('the block has ended'));
      this.guards.delete(guard);
    }
  }

  private async steps(block: Block, context: Context, since: number): Promise<void> {
    if (block.order === 'serial') {
      for (const step of block.steps) await this.step(step, context, since);
    } else {
      const branches = new AbortController();
      const signal = AbortSignal.any([context.signal, branches.signal]);
      const running = block.steps.map((step) => this.step(step, { ...context, signal }, since));
      for (const branch of running) branch.catch((error) => branches.abort(error));
      await Promise.allSettled(running);
      await Promise.all(running);
    }
    if (block.forMs !== undefined) await this.until(since + block.forMs, context.signal);
  }

  private async step(step: Step, context: Context, blockSince: number): Promise<void> {
    const { signal, depth } = context;
    if (step.atMs !== undefined) await this.until(blockSince + step.atMs, signal);
    if (step.afterMs !== undefined) await this.clock.sleep(step.afterMs, signal);
    if (signal.aborted) throw signal.reason;
    this.records.began(step, depth, this.clock.now());
    const span: Span = { from: this.clock.now(), to: undefined };
    if (step.as !== undefined) this.spans.set(step.as, span);
    const isBackground = (step.action.kind === 'fetch' || step.action.kind === 'exec') && step.action.background;
    try {
      if (step.repeat === undefined) await this.once(step, context);
      else await this.again(step, step.repeat, context, span.from);
      this.records.passed(step, this.clock.now());
    } catch (error) {
      const isOwn = step.action.kind !== 'block' && error !== signal.reason;
      const failure = failureOf(error, step.title);
      if (isOwn) this.records.failed(step, failure, this.clock.now());
      else this.records.stopped(step, failure, this.clock.now());
      throw isOwn ? failure : error;
    } finally {
      if (!isBackground) span.to = this.clock.now();
    }
  }

  /** Each time at its time; one that takes longer is followed by the next at once. */
  private async again(step: Step, repeat: Repeat, context: Context, since: number): Promise<void> {
    const { everyMs, times = Number.POSITIVE_INFINITY, until, forMs } = repeat;
    const endAt = forMs === undefined ? context.endAt : since + forMs;
    for (let n = 0; n < times; n++) {
      const at = Math.max(since + n * everyMs, this.clock.now());
      if (n > 0 && at >= endAt) break;
      await this.until(at, context.signal);
      await this.once(step, context);
      this.records.repeated(step);
      if (until !== undefined && (await unlessAborted(this.judge.all(until, this.startAt), context.signal)).holds)
        return;
    }
    if (until === undefined) return;
    const { seen } = await unlessAborted(this.judge.all(until, this.startAt), context.signal);
    throw new StepFailed(step.title, `until ${until.map(({ title }) => title).join('; ')}`, seen);
  }

  private async once(step: Step, context: Context): Promise<void> {
    const { action } = step;
    if (action.kind === 'block') await this.block(action, step.title, context);
    else await this.actions.perform(step, action, context.signal, (seen) => this.records.seen(step, seen));
  }

  private async until(at: number, signal: AbortSignal): Promise<void> {
    const rest = at - this.clock.now();
    if (rest > 0) await this.clock.sleep(rest, signal);
  }
}

/** What was asked of the lab and it has refused fails the step; where the file is to blame, it is an error of the file. */
function failureOf(error: unknown, title = ''): StepFailed {
  if (error instanceof StepFailed) return error;
  const { message } = error as Error;
  if (!(error instanceof CliError)) return new StepFailed(title, 'that it can be done', message);
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return new StepFailed(title, 'that it can be done', `${message}${hint}`, error.exitStatus !== 1);
}
