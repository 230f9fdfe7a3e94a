/** Packets that wait until their time has come, in the order in which they went in. */
import type { Instant } from '../../clock.js';
import { Fifo } from '../../fifo.js';
import type { LineTimer, LineTimers } from '../line-clock.js';
import type { Passage } from './passage.js';

/** All that may wait in one line, so that no delay, however long, fills the memory. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

interface Waiting {
  readonly packet: Uint8Array;
  readonly at: Instant;
}

export class DelayLine {
  private readonly timers: LineTimers;
  private readonly timer: LineTimer;
  private readonly deliver: (packet: Uint8Array) => void;
  private readonly queue = new Fifo<Waiting>();
  private bytes = 0;
  /** From now on nothing waits. */
  private open = false;

  constructor(timers: LineTimers, deliver: (packet: Uint8Array) => void) {
    this.timers = timers;
    this.timer = timers.create(() => this.release());
    this.deliver = deliver;
  }

  /** It comes out at that time, never before one that went in earlier. False when there is no room. */
  push(packet: Uint8Array, at: Instant): boolean {
    if (this.bytes + packet.length > MAX_LINE_BYTES) return false;
    const { last } = this.queue;
    this.queue.push({ packet, at: last === undefined ? at : Math.max(at, last.at) });
    this.bytes += packet.length;
    if (!this.timer.armed) this.arm();
    return true;
  }

  /** All that waits comes out as soon as the machine's deadlines run, and so does what may still be put in. */
  end(): void {
    this.open = true;
    this.arm();
  }

  private release(): void {
    const { now } = this.timers;
    for (let { first } = this.queue; first !== undefined && (this.open || first.at <= now); first = this.queue.first) {
      this.queue.shift();
      this.bytes -= first.packet.length;
      this.deliver(first.packet);
    }
    this.arm();
  }

  private arm(): void {
    const next = this.queue.first;
    if (next !== undefined) this.timer.set(this.open ? this.timers.now : next.at);
  }
}

/** One line a passage, made when it is needed. */
export class DelayLines {
  private readonly lines = new Map<Passage, DelayLine>();
  private readonly make: (passage: Passage) => DelayLine;

  constructor(make: (passage: Passage) => DelayLine) {
    this.make = make;
  }

  of(passage: Passage): DelayLine {
    const line = this.lines.get(passage) ?? this.make(passage);
    this.lines.set(passage, line);
    return line;
  }

  /** The port has gone; so does what waits for it, as soon as deadlines run. */
  forget(passage: Passage): void {
    this.lines.get(passage)?.end();
    this.lines.delete(passage);
  }

  /** All that waits goes on as soon as the machine's deadlines run. */
  end(): void {
    for (const line of this.lines.values()) line.end();
  }
}
