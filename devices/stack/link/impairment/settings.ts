/** What lies over a link's settings, what it has done, and the bounds of a line. */
import type { Impairment } from '../../link-settings.js';

/** One direction of a port under a fault: settings that lie over those below it, and what it does to the whole link. */
export interface LinkFault {
  /** `fault-3` */
  readonly fault: string;
  /** `loss 20%`; with the fault's id it marks what the fault has dropped, changed or made. */
  readonly title: string;
  readonly direction: 'out' | 'in';
  /** Of its random draws. */
  readonly seed: string;
  readonly impairment?: Impairment;
  readonly state?: 'down' | 'blackhole';
}

/** What a fault has done at one port so far. */
export interface LinkFaultCounts {
  readonly fault: string;
  readonly title: string;
  readonly direction: 'out' | 'in';
  /** Frames that came by. */
  readonly matched: number;
  /** Those of them that it dropped, changed, doubled or delayed. */
  readonly hit: number;
}

export const DEFAULT_QUEUE_BYTES = 256 * 1024;
/** All that may be on the line at once, so that no delay, however long, fills the memory. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** The same for small packets, of which each costs more than its bytes. */
export const MAX_LINE_PACKETS = 256 * 1024;
export const DEFAULT_REORDER_DELAY_MS = 10;
