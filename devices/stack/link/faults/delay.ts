import type { Random } from '../../random.js';
import type { Action, ActionContext, Plan } from './action.js';
import { DelayLine } from './delay-line.js';
import type { Passage } from './passage.js';

/** Those that are delayed keep their order; all others overtake them. */
export class DelayAction implements Action {
  private readonly delayMs: number;
  private readonly jitterMs: number;
  private readonly fault: string;
  private readonly random: Random;
  private readonly lines = new Map<Passage, DelayLine>();

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

  end(): void {
    for (const line of this.lines.values()) line.end();
  }

  private delay(packet: Uint8Array, passage: Passage): void {
    const deviation = this.jitterMs === 0 ? 0 : this.jitterMs * (2 * this.random.uniform() - 1);
    const at = passage.port.lineClock.now + Math.max(0, this.delayMs + deviation);
    if (!this.lineOf(passage).push(packet, at)) passage.drop(packet, this.fault);
  }

  private lineOf(passage: Passage): DelayLine {
    const { port } = passage;
    const line =
      this.lines.get(passage) ?? new DelayLine(port.lineClock, (packet) => passage.onward(packet, this.fault));
    this.lines.set(passage, line);
    return line;
  }
}
