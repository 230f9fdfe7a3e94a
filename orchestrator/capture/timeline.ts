/**
 * Frames of many devices in the order of time. Each device sends its own in order, but one may be read later than the
 * other: frames are held for a moment, so that those of all have come before the first is let go.
 */

export interface TimedFrame {
  /** On the lab's timeline, milliseconds. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  /** Of link ends, in the order in which they became known. */
  readonly interfaceIndex: number;
  /** Preamble to FCS; undefined when its bytes were not kept. */
  readonly packet: Uint8Array | undefined;
}

/** What arrives at one instant comes before what leaves: a device sends on what it got at the time that it got it. */
export function inOrder(a: TimedFrame, b: TimedFrame): number {
  return a.at - b.at || rank(a) - rank(b) || a.interfaceIndex - b.interfaceIndex;
}

function rank(frame: TimedFrame): number {
  return frame.direction === 'in' ? 0 : 1;
}

export class Timeline<Frame extends TimedFrame> {
  /** Bytes of the frames that are held. */
  heldBytes = 0;
  private frames: Frame[] = [];
  private sorted = true;

  add(frame: Frame): void {
    const last = this.frames.at(-1);
    if (last !== undefined && inOrder(last, frame) > 0) this.sorted = false;
    this.frames.push(frame);
    this.heldBytes += frame.packet?.length ?? 0;
  }

  get isEmpty(): boolean {
    return this.frames.length === 0;
  }

  /** Lets go of all frames up to `until`, in order. What comes later and is older comes late. */
  take(until: number): Frame[] {
    if (!this.sorted) this.frames.sort(inOrder);
    this.sorted = true;
    const later = this.frames.findIndex(({ at }) => at > until);
    const taken = this.frames.splice(0, later < 0 ? this.frames.length : later);
    for (const { packet } of taken) this.heldBytes -= packet?.length ?? 0;
    return taken;
  }
}

/** On the lab's timeline: CLOCK_MONOTONIC, which all processes of a machine share, in milliseconds. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
