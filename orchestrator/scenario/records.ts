/** Who has done what so far: the results of all steps, in the order of the file, also of those that were not reached. */
import { StepFailed } from './failed.js';
import type { Block, Step } from './model.js';
import type { Failure, Outcome, StepResult, TimelineResult } from './result.js';
import type { TimelineListener } from './timeline.js';

interface Record {
  readonly step: Step;
  readonly depth: number;
  beganAt?: number;
  endedAt?: number;
  outcome: Outcome;
  times: number;
  seen: string;
}

export class Records {
  startAt = 0;
  private readonly records = new Map<Step, Record>();
  private readonly listener: TimelineListener;
  private failure: (Failure & { readonly isError: boolean }) | undefined;

  constructor(timeline: Block, listener: TimelineListener) {
    this.listener = listener;
    this.add(timeline, 0);
  }

  began(step: Step, depth: number, now: number): void {
    const record = this.of(step);
    record.beganAt ??= now;
    record.endedAt = undefined;
    this.listener.onBegin?.(step, depth);
  }

  /** What came of it, so far. */
  seen(step: Step, seen: string): void {
    this.of(step).seen = seen;
  }

  repeated(step: Step): void {
    this.of(step).times += 1;
  }

  passed(step: Step, now: number): void {
    this.ended(step, 'passed', now);
  }

  /** The first failure is the scenario's. Without a step: of the timeline as a whole. */
  failed(step: Step | undefined, { title, expected, seen, isError }: StepFailed, now: number): void {
    this.failure ??= {
      ...(title !== '' && { title }),
      ...(step && { line: step.line }),
      atMs: round(now - this.startAt),
      expected,
      seen,
      isError,
    };
    if (step === undefined) return;
    this.of(step).seen = seen;
    this.ended(step, 'failed', now);
  }

  /** It did not come to its end: because of a step within it, of the time that was over, or of something beside it. */
  stopped(step: Step, failure: StepFailed, now: number): void {
    const isBlock = step.action.kind === 'block';
    if (isBlock && failure.title === step.title) this.failed(step, failure, now);
    else if (isBlock || failure.title !== '') this.ended(step, isBlock ? 'failed' : 'skipped', now);
    else {
      // The limit of the scenario: what was last seen by the step that waited says more.
      const { seen } = this.of(step);
      const told = seen === '' ? failure.seen : `${failure.seen}; at last: ${seen}`;
      this.failed(step, new StepFailed(step.title, step.title, told), now);
    }
  }

  result(now: number): TimelineResult {
    const steps = [...this.records.values()].map((record) => this.resultOf(record));
    const durationMs = round(now - this.startAt);
    if (this.failure === undefined) return { durationMs, steps };
    const { isError, ...failure } = this.failure;
    return { durationMs, steps, failure, isError };
  }

  private ended(step: Step, outcome: Outcome, now: number): void {
    const record = this.of(step);
    record.outcome = outcome;
    record.endedAt = now;
    this.listener.onEnd?.(this.resultOf(record));
  }

  private resultOf({ step, depth, beganAt, endedAt, outcome, times, seen }: Record): StepResult {
    return {
      title: step.title,
      line: step.line,
      depth,
      ...(beganAt !== undefined && { startMs: round(beganAt - this.startAt) }),
      ...(beganAt !== undefined && endedAt !== undefined && { durationMs: round(endedAt - beganAt) }),
      outcome,
      ...(step.repeat !== undefined && { times }),
      seen,
    };
  }

  private of(step: Step): Record {
    const record = this.records.get(step);
    if (record === undefined) throw new Error(`no record of ${step.title}`);
    return record;
  }

  private add(block: Block, depth: number): void {
    for (const step of block.steps) {
      this.records.set(step, { step, depth, outcome: 'skipped', times: 0, seen: '' });
      if (step.action.kind === 'block') this.add(step.action, depth + 1);
    }
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
