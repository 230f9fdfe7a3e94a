/** What can be wrong with one direction of a link. */

/** One direction of a link. Probabilities 0 … 1. Absent members change nothing. */
export interface Impairment {
  readonly delayMs?: number;
  /** Uniform ± around the delay; the sum never falls below 0. Frames keep their order. */
  readonly jitterMs?: number;
  readonly loss?: number;
  /**
   * Mean length of a run of lost packets, at least 1: losses then come in bursts (Gilbert's two-state chain) whose
   * overall share is still `loss`. Left out, every packet is lost or not by itself.
   */
  readonly lossBurst?: number;
  /** The copy follows its original directly. */
  readonly duplicate?: number;
  /** Share of frames that are held back by `reorderDelayMs`, so that later ones overtake them. */
  readonly reorder?: number;
  /** Default 10. */
  readonly reorderDelayMs?: number;
  /** Share of frames in which one bit behind the preamble is flipped, so that the FCS no longer fits. */
  readonly corrupt?: number;
  /** Bits per second of whole packets, preamble to FCS. */
  readonly rateBps?: number;
  /** Bytes that may wait behind the packet that a rate-limited line is sending; default 256 KiB. */
  readonly queueBytes?: number;
}

export const DEFAULT_QUEUE_BYTES = 256 * 1024;
/** All that may be on the line at once, so that no delay, however long, fills the memory. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
export const DEFAULT_REORDER_DELAY_MS = 10;
