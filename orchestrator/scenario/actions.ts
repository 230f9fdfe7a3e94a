/** What single steps do: pages and commands, in the background too, faults, waiting, expecting. */
import { CliError } from '../errors.js';
import { unlessAborted } from '../interruption.js';
import { formatDuration } from '../terminal.js';
import type { Clock } from './clock.js';
import { ACTION_LIMIT_MS } from './compile-actions.js';
import { StepFailed } from './failed.js';
import { POLL_MS } from './guard.js';
import { type Judge, outcomeFields, type Span, type Verdict } from './judge.js';
import { type FieldMatch, fieldsText } from './matching.js';
import type { Action, Block, ExecAction, FetchAction, Patience, Step } from './model.js';
import type { Cable, CommandOutcome, PageOutcome, Stage } from './stage.js';

type Plain = Exclude<Action, Block>;
type Tell = (seen: string) => void;

/** What fails at once is not tried again at once. */
const RETRY_MS = 200;

export class Actions {
  startAt = 0;
  /** What runs in the background outlives the block that began it. */
  runSignal: AbortSignal = new AbortController().signal;
  private readonly stage: Stage;
  private readonly clock: Clock;
  private readonly judge: Judge;
  private readonly results: Map<string, PageOutcome | CommandOutcome>;
  private readonly spans: ReadonlyMap<string, Span>;
  private readonly background = new Map<string, Promise<PageOutcome | CommandOutcome>>();
  private readonly faults = new Map<string, string>();
  private wake: () => void = () => {};
  private readonly cables = new Map<string, Cable>();

  constructor(
    stage: Stage,
    clock: Clock,
    judge: Judge,
    results: Map<string, PageOutcome | CommandOutcome>,
    spans: ReadonlyMap<string, Span>,
  ) {
    this.stage = stage;
    this.clock = clock;
    this.judge = judge;
    this.results = results;
    this.spans = spans;
  }

  /** Rejects with a {@link StepFailed} when it does not come out as it should. */
  async perform(step: Step, action: Plain, signal: AbortSignal, tell: Tell): Promise<void> {
    switch (action.kind) {
      case 'fetch':
      case 'exec':
        if (action.background) this.startInBackground(step, action, tell);
        else await this.tryOut(step, action, signal, tell);
        return;
      case 'await':
        await this.awaitResult(step, action, signal, tell);
        return;
      case 'chaos': {
        const fault = await unlessAborted(this.stage.applyFault(action.request), signal);
        if (step.as !== undefined) this.faults.set(step.as, fault.id);
        tell(fault.id === '' ? 'done' : fault.id);
        return;
      }
      case 'end-fault': {
        const id = this.faults.get(action.name);
        if (id === undefined)
          throw new StepFailed(step.title, 'a fault that has begun', `${action.name} has not begun`);
        await unlessAborted(this.stage.endFault(id), signal);
        return;
      }
      case 'clear':
        await unlessAborted(this.stage.clearFaults(), signal);
        return;
      case 'plug': {
        const cable = await unlessAborted(this.stage.plug(action.a, action.b), signal);
        if (step.as !== undefined) this.cables.set(step.as, cable);
        tell(cable.name);
        return;
      }
      case 'unplug': {
        const cable = this.cables.get(action.name);
        if (cable === undefined) throw new StepFailed(step.title, 'a cable', `${action.name} is not plugged in`);
        this.cables.delete(action.name);
        await unlessAborted(cable.unplug(), signal);
        return;
      }
      case 'wait':
        await this.clock.sleep(action.ms, signal);
        return;
      case 'expect': {
        const verdict = await this.patiently(action.patience, signal, POLL_MS, tell, () =>
          this.judge.all(action.conditions, this.startAt),
        );
        if (!verdict.holds) {
          throw new StepFailed(step.title, action.conditions.map(({ title }) => title).join('; '), verdict.seen);
        }
      }
    }
  }

  private async tryOut(step: Step, action: FetchAction | ExecAction, signal: AbortSignal, tell: Tell): Promise<void> {
    const deadline = typeof action.patience === 'number' ? this.clock.now() + action.patience : undefined;
    let last: Verdict | undefined;
    const verdict = await this.patiently(action.patience, signal, RETRY_MS, tell, async () => {
      const limitMs = deadline === undefined ? ACTION_LIMIT_MS : deadline - this.clock.now();
      // No time is left for one more.
      if (limitMs <= 0 && last !== undefined) return last;
      last = await unlessAway(async () => {
        const outcome = await this.within(limitMs, this.launch(action, signal), signal);
        if (outcome === undefined) return notEnded(limitMs);
        if (step.as !== undefined) this.results.set(step.as, outcome);
        return outcomeFields(outcome, action.is);
      });
      return last;
    });
    if (!verdict.holds) throw failed(step, action.is, verdict);
  }

  private launch(action: FetchAction | ExecAction, signal: AbortSignal): Promise<PageOutcome | CommandOutcome> {
    return action.kind === 'fetch'
      ? this.stage.fetch(action.from, action.request, signal)
      : this.stage.exec(action.on, action.argv, signal);
  }

  private startInBackground(step: Step, action: FetchAction | ExecAction, tell: Tell): void {
    const name = step.as ?? '';
    const running = this.launch(action, this.runSignal).then((outcome) => {
      this.results.set(name, outcome);
      return outcome;
    });
    const span = this.spans.get(name);
    const ended = () => {
      if (span !== undefined) span.to = this.clock.now();
    };
    running.then(ended, ended);
    this.background.set(name, running);
    tell('in the background');
  }

  private async awaitResult(
    step: Step,
    { name, withinMs, is }: Extract<Action, { kind: 'await' }>,
    signal: AbortSignal,
    tell: Tell,
  ): Promise<void> {
    const running = this.background.get(name);
    if (running === undefined) throw new StepFailed(step.title, fieldsText(is), `${name} has not begun`);
    const verdict = await unlessAway(async () => {
      const outcome = await this.within(withinMs, running, signal);
      return outcome === undefined ? notEnded(withinMs) : outcomeFields(outcome, is);
    });
    tell(verdict.seen);
    if (!verdict.holds) throw failed(step, is, verdict);
  }

  /** Undefined when it takes longer. */
  private async within<T>(limitMs: number, promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const ended = new AbortController();
    const over = this.clock.sleep(limitMs, AbortSignal.any([signal, ended.signal])).then(() => undefined);
    over.catch(() => {});
    promise.catch(() => {});
    try {
      return await unlessAborted(Promise.race([promise, over]), signal);
    } finally {
      ended.abort(new Error('it has ended'));
    }
  }

  private async patiently(
    patience: Patience,
    signal: AbortSignal,
    pauseMs: number,
    tell: Tell,
    attempt: () => Promise<Verdict>,
  ): Promise<Verdict> {
    const deadline = this.clock.now() + (patience === 'limit' ? Number.POSITIVE_INFINITY : (patience ?? 0));
    for (;;) {
      const verdict = await unlessAborted(attempt(), signal);
      tell(verdict.seen);
      const rest = deadline - this.clock.now();
      if (verdict.holds || rest <= 0) return verdict;
      const noMore = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      const pause = this.clock.sleep(Math.min(pauseMs, rest), AbortSignal.any([signal, noMore.signal]));
      await Promise.race([pause, woken]);
      pause.catch(() => {});
      noMore.abort(new Error('there is news'));
    }
  }

  /** A frame has come that an expectation counts: who waits for it looks now. */
  matched(): void {
    this.wake();
  }
}

/** A device that is dead, paused or starts again has done nothing of what it was asked: seen is why. */
async function unlessAway(attempt: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof CliError && error.exitStatus === 1) return { holds: false, seen: error.message };
    throw error;
  }
}

function notEnded(limitMs: number): Verdict {
  return { holds: false, seen: `it has not ended within ${formatDuration(limitMs)}` };
}

function failed(step: Step, is: readonly FieldMatch[], { seen }: Verdict): StepFailed {
  return new StepFailed(step.title, fieldsText(is) || 'that it comes to its end', seen);
}
