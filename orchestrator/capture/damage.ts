/**
 * Whose work it was that a frame arrived damaged. The receiver finds the FCS wrong and cannot know why; who sent the frame marked
 * it as it left, and the bytes tell that it is the same one.
 */
import type { LiveFrame } from './live.js';

/** More are not remembered: between a departure and its arrival lie milliseconds. */
const MOST = 256;

export class Damage {
  /** Frames that left with a fault's mark, the latest ones. */
  private readonly departed: LiveFrame[] = [];

  /** @returns the same frames; those that were dropped for their FCS have the mark that they left with, where that was seen */
  named(frames: readonly LiveFrame[]): readonly LiveFrame[] {
    for (const frame of frames) {
      if (frame.direction === 'out' && frame.dropped === '' && frame.fault !== '') this.departed.push(frame);
    }
    const named = frames.map((frame) => {
      const isUnnamed = frame.direction === 'in' && frame.dropped === 'badFcs' && frame.fault === '';
      const fault = isUnnamed ? this.markOf(frame) : undefined;
      return fault === undefined ? frame : { ...frame, fault };
    });
    this.departed.splice(0, this.departed.length - MOST);
    return named;
  }

  private markOf({ on, packet }: LiveFrame): string | undefined {
    const isSame = (one: LiveFrame) => one.on.link === on.link && Buffer.compare(one.packet, packet) === 0;
    return this.departed.findLast(isSame)?.fault;
  }
}
