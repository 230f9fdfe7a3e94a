/** From frames as they happen to what is kept of them: a filter that needs the whole capture, limits, and the count. */
import type { CaptureInterface } from '../../devices/control.js';
import type { CaptureLimits } from './limits.js';
import type { LiveFrame } from './live.js';
import type { CaptureOutput } from './outputs.js';

export type FrameTest = (frame: LiveFrame, number: number) => boolean;

export class Recording {
  /** Frames that were written. */
  captured = 0;
  /** Frames that did not match. */
  filtered = 0;
  /** Frames for which there was no room. */
  missed = 0;
  /** Frames written, of each link end: `client:eth0`. */
  readonly perEnd = new Map<string, number>();
  /** Resolves when a limit is reached. */
  readonly full: Promise<void>;
  private readonly output: CaptureOutput;
  private readonly limits: CaptureLimits;
  private readonly matches: FrameTest | undefined;
  private seen = 0;
  private isFull = false;
  private lastAt = Number.POSITIVE_INFINITY;
  private tellFull: () => void = () => {};

  /** `matches` is asked in the order of time, with the number of the frame among all. */
  constructor(output: CaptureOutput, limits: CaptureLimits, matches?: FrameTest) {
    this.output = output;
    this.limits = limits;
    this.matches = matches;
    this.full = new Promise((resolve) => {
      this.tellFull = resolve;
    });
  }

  interface(description: CaptureInterface): void {
    this.perEnd.set(`${description.device}:${description.port}`, 0);
    this.output.interface(description);
  }

  frames(frames: readonly LiveFrame[]): void {
    this.output.sink.batch(() => {
      for (const frame of frames) if (!this.isFull && frame.at <= this.lastAt) this.take(frame);
    });
  }

  /** Frames that happen after this point of the lab's timeline are left out. */
  endAt(lastAt: number): void {
    this.lastAt = lastAt;
  }

  private take(frame: LiveFrame): void {
    this.seen += 1;
    if (this.matches !== undefined && !this.matches(frame, this.seen)) {
      this.filtered += 1;
      return;
    }
    const taken = this.output.frame(frame, this.captured + 1);
    if (taken === 'missed') this.missed += 1;
    if (taken === 'taken') {
      this.captured += 1;
      const end = `${frame.on.device}:${frame.on.port}`;
      this.perEnd.set(end, (this.perEnd.get(end) ?? 0) + 1);
    }
    if (taken !== 'full' && this.captured < (this.limits.frames ?? Number.POSITIVE_INFINITY)) return;
    this.isFull = true;
    this.tellFull();
  }
}
