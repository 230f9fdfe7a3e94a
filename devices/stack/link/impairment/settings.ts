/** What can be wrong with one direction of a link; docs/links.md tells each parameter with its range. */

/**
 * Probabilities 0 … 1, times in milliseconds. Absent members change nothing. A correlation is the probability that a draw
 * repeats the one before it.
 */
export interface Impairment {
  readonly delayMs?: number;
  /** Around the delay; the sum never falls below 0. Frames keep their order, unless `jitterReorders`. */
  readonly jitterMs?: number;
  /** Default uniform: ± jitterMs. All others in units of jitterMs; a table holds quantiles in rising order. */
  readonly jitterDistribution?: 'uniform' | 'normal' | 'pareto' | 'paretonormal' | readonly number[];
  readonly jitterCorrelation?: number;
  /** Frames come out when their own delay says so, also before one that went in earlier. */
  readonly jitterReorders?: boolean;
  readonly loss?: number;
  /**
   * Mean length of a run of lost packets, at least 1: losses then come in bursts (Gilbert's two-state chain) whose
   * overall share is still `loss`. Left out, every packet is lost or not by itself.
   */
  readonly lossBurst?: number;
  readonly lossCorrelation?: number;
  /** Takes the place of `loss` and `lossBurst`. */
  readonly lossModel?: LossModel;
  /** The copy follows its original directly. */
  readonly duplicate?: number;
  readonly duplicateCorrelation?: number;
  /** Share of frames that are held back by `reorderDelayMs`, so that later ones overtake them. */
  readonly reorder?: number;
  /** Default 10. */
  readonly reorderDelayMs?: number;
  /** Only each so manyth frame may be held back; `reorder` is then 1 when left out. */
  readonly reorderGap?: number;
  readonly reorderCorrelation?: number;
  /** Share of frames in which one bit behind the preamble is flipped, so that the FCS no longer fits. */
  readonly corrupt?: number;
  readonly corruptCorrelation?: number;
  /** Probability of each bit behind the preamble to be flipped. */
  readonly bitErrorRate?: number;
  /** Bits per second of whole packets, preamble to FCS. */
  readonly rateBps?: number;
  /**
   * Bytes that may wait for a rate-limited line, with what is left of the packet that it is sending; default 256 KiB, no
   * limit where `queuePackets` is one.
   */
  readonly queueBytes?: number;
  /** Packets that may wait besides the one that the line is sending. */
  readonly queuePackets?: number;
  /** Default drop-tail. */
  readonly queueDiscipline?: 'drop-tail' | 'codel';
  /** Default 5. */
  readonly codelTargetMs?: number;
  /** Default 100. */
  readonly codelIntervalMs?: number;
  /** CoDel marks packets of senders that know ECN instead of dropping them. */
  readonly codelEcn?: boolean;
  /** Frames with more payload vanish. */
  readonly mtu?: number;
  /** Frames leave in slots only, so far apart. */
  readonly slotMs?: number;
  /** Uniform ± around `slotMs`. */
  readonly slotJitterMs?: number;
  readonly slotPackets?: number;
  readonly slotBytes?: number;
}

/** A chain of states that takes one step a frame, after it was judged; the state says how likely the frame is lost. */
export type LossModel =
  | {
      readonly model: 'gilbert-elliott';
      readonly goodToBad: number;
      readonly badToGood: number;
      /** Default 0. */
      readonly lossInGood?: number;
      /** Default 1. */
      readonly lossInBad?: number;
    }
  /** Starts in the first state. */
  | { readonly model: 'markov'; readonly states: readonly MarkovState[] };

export interface MarkovState {
  readonly loss: number;
  /** The probability of each state to be the next one, in their order. */
  readonly next: readonly number[];
}

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
