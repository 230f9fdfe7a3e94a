/** Which faults were in force during a capture: those that were there when it began, and what began and ended meanwhile. */
import type { ChaosNews, Fault } from '../chaos/fault.js';
import { epochOffsetMs } from './pcapng-writer.js';
import { now } from './timeline.js';

export interface FaultSpan extends Pick<Fault, 'id' | 'title' | 'target' | 'parent'> {
  /** On the capture's timeline. */
  readonly sinceAt: number;
  /** Absent when it was not over at the end. */
  readonly untilAt?: number;
}

/** A monkey has made more of them when it was let loose for long. */
const MOST_FAULTS = 10_000;

export class FaultLog {
  private readonly known = new Map<string, FaultSpan>();

  /** In the order in which they came. */
  get spans(): readonly FaultSpan[] {
    return [...this.known.values()].sort((a, b) => a.sinceAt - b.sinceAt);
  }

  /** May come later than news of the same faults. */
  listed(faults: readonly Fault[]): void {
    for (const fault of faults) if (!this.known.has(fault.id)) this.add(fault);
  }

  heard({ event, fault }: Pick<ChaosNews, 'event' | 'fault'>): void {
    if (event === 'began') this.add(fault);
    else if (event === 'ended') this.add(fault, now());
  }

  private add({ id, title, target, parent, since }: Fault, untilAt?: number): void {
    if (id === '' || (this.known.size >= MOST_FAULTS && !this.known.has(id))) return;
    const sinceAt = since - epochOffsetMs();
    const span = { id, title, target, ...(parent !== undefined && { parent }), sinceAt };
    this.known.set(id, { ...span, ...(untilAt !== undefined && { untilAt }) });
  }
}
