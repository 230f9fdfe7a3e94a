/** What holds always, or never, while a block runs: looked at ten times a second, and on frames at every one of them. */
import type { Clock } from './clock.js';
import { StepFailed } from './failed.js';
import type { Judge, Verdict } from './judge.js';
import type { Block, Condition, FrameWatch } from './model.js';

/** A look at a table is a call to its device: more of them would be felt there. */
export const POLL_MS = 100;

export class Guard {
  private readonly block: Block;
  private readonly title: string;
  private readonly since: number;
  private readonly judge: Judge;
  private readonly clock: Clock;
  private violate: (error: StepFailed) => void = () => {};
  private readonly violated: Promise<never>;

  /** `title`: of the block. */
  constructor(block: Block, title: string, since: number, judge: Judge, clock: Clock) {
    this.block = block;
    this.title = title;
    this.since = since;
    this.judge = judge;
    this.clock = clock;
    this.violated = new Promise((_, reject) => {
      this.violate = reject;
    });
    this.violated.catch(() => {});
  }

  /** Rejects with a {@link StepFailed} as soon as something is not so, with the signal's reason when it aborts; never resolves. */
  watchOver(signal: AbortSignal): Promise<never> {
    const polled = [...this.block.always, ...this.block.never].some(({ kind }) => kind !== 'frames');
    if (polled) this.poll(signal).catch((error) => this.violate(error));
    return this.violated;
  }

  /** A frame has come that this watch counts. */
  matched(watch: FrameWatch): void {
    const { always, never } = this.block;
    for (const condition of [...always, ...never]) {
      if (condition.kind !== 'frames' || condition.watch !== watch || !this.judge.hasBegun(condition)) continue;
      const verdict = this.judge.frames(condition, this.since);
      const failure = this.failure(condition, verdict);
      if (failure !== undefined) this.violate(failure);
    }
  }

  /** Rejects as {@link watchOver} does. */
  async finalCheck(): Promise<void> {
    await this.look(() => true);
  }

  private async poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(({ kind }) => kind !== 'frames', signal);
      await this.clock.sleep(POLL_MS, signal);
    }
  }

  private async look(isWanted: (condition: Condition) => boolean, signal?: AbortSignal): Promise<void> {
    for (const condition of [...this.block.always, ...this.block.never].filter(isWanted)) {
      if (!this.judge.hasBegun(condition)) continue;
      const verdict = await this.judge.all([condition], this.since);
      // What is seen after the block has ended is not of the block.
      if (signal?.aborted) return;
      const failure = this.failure(condition, verdict);
      if (failure !== undefined) throw failure;
    }
  }

  private failure(condition: Condition, { holds, seen }: Verdict): StepFailed | undefined {
    const isAlways = this.block.always.includes(condition);
    if (holds === isAlways) return undefined;
    return new StepFailed(this.title, `${isAlways ? 'always' : 'never'} ${condition.title}`, seen);
  }
}
