import type { Instant } from '../../clock.js';
import type { Layer } from './layer.js';

/** A packet on the line: it waits for the line, is sent, and is under way. */
export interface Transit {
  packet: Uint8Array;
  /** The fault that had a hand in it; empty for most. */
  fault: string;
  /** Counts up: the order in which packets were given to the line. */
  readonly order: number;
  /** In units of the jitter. */
  readonly jitter: number;
  readonly heldBack: boolean;
  /** Layers that have counted it as hit; a copy has them in common with its original. */
  readonly hitBy: Layer[];
  /** Faults that have counted it as one that came by. */
  readonly matchedBy: readonly Layer[];
  /** When it began to wait for the line. */
  readonly queuedAt: Instant;
  /** When its last bit has been sent, at the rate of the line. */
  sentAt: Instant;
  /** When it comes out, unless it has to wait for a slot. */
  at: Instant;
}
