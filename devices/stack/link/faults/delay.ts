import type { Random } from '../../random.js';
import type { Action, ActionContext, Plan } from './action.js';
import { DelayLine, DelayLines } from './delay-line.js';
import type { Passage } from './passage.js';

/** Those that are delayed keep their order; all others overtake them. */
export class DelayAction implements Action {
  private readonly delayMs: number;
  private readonly jitterMs: number;
  private readonly fault: string;
  private readonly random: Random;
  readonly lines = new DelayLines(
    (passage) => new DelayLine(passage.port.lineClock, (packet) => passage.onward(packet, this.fault)),
  );

  constructor(
    { delayMs, jitterMs = 0 }: { readonly delayMs: number; readonly jitterMs?: number },
    { fault, random }: ActionContext,
  ) {
    this.delayMs = delayMs;
    this.jitterMs = jitterMs;
    this.fault = fault;
    this.random = random.fork('jitter');
  }

  plan(packet: Uint8Array, passage: Passage): Plan {
    return { run: () => this.delay(packet, passage) };
  }

  private delay(packet: Uint8Array, passage: Passage): void {
    const deviation = this.jitterMs === 0 ? 0 : this.jitterMs * (2 * this.random.uniform() - 1);
    const at = passage.port.lineClock.now + Math.max(0, this.delayMs + deviation);
    if (!this.lines.of(passage).push(packet, at)) passage.drop(packet, this.fault);
  }
}
