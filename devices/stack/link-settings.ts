/**
 * What can be wrong with one direction of a link; docs/links.md tells each parameter with its range. The layer that does
 * it and the configs that ask for it speak of the same thing.
 */

/**
 * Probabilities 0 … 1, one direction. Absent members change nothing. A correlation is the probability that a draw repeats
 * the one before it, so that it is that of neighbours, and the share stays what it is.
 */
export interface Impairment {
  readonly delayMs?: number;
  /** Around the delay; the sum never falls below 0. Frames keep their order, unless `jitterReorders`. */
  readonly jitterMs?: number;
  /**
   * How the jitter is distributed. `uniform` (default): ± jitterMs. `normal`: its standard deviation is jitterMs. `pareto`,
   * `paretonormal`: as tc-netem has them, with mean 0 and standard deviation jitterMs. A table: at least two quantiles in
   * rising order and at equal distances from the least to the greatest, in units of jitterMs.
   */
  readonly jitterDistribution?: JitterDistribution | readonly number[];
  readonly jitterCorrelation?: number;
  /** Frames come out when their own delay says so, also before one that went in earlier. */
  readonly jitterReorders?: boolean;
  /** Share of the frames that are lost; replaced by `lossModel` where there is one. */
  readonly loss?: number;
  /** Mean number of frames lost in a row, at least 1; the share stays that of `loss`. Left out: each frame by itself. */
  readonly lossBurst?: number;
  readonly lossCorrelation?: number;
  readonly lossModel?: LossModel;
  /** Share of the frames that arrive twice, the copy directly behind. */
  readonly duplicate?: number;
  readonly duplicateCorrelation?: number;
  /** Share of frames that are held back by `reorderDelayMs`, so that later ones overtake them. */
  readonly reorder?: number;
  /** Default 10. */
  readonly reorderDelayMs?: number;
  /** Only each so manyth frame may be held back; `reorder` is then 1 when left out. At least 1. */
  readonly reorderGap?: number;
  readonly reorderCorrelation?: number;
  /** Share of frames in which one random bit is flipped, after the FCS was computed. */
  readonly corrupt?: number;
  readonly corruptCorrelation?: number;
  /** Probability of each bit of a frame, FCS included, to be flipped. */
  readonly bitErrorRate?: number;
  /** Bits per second of whole frames. */
  readonly rateBps?: number;
  /** Bytes that may wait for a rate-limited link; default 256 KiB, none when `queuePackets` says what may wait. More are dropped. */
  readonly queueBytes?: number;
  /** Frames that may wait. */
  readonly queuePackets?: number;
  /** What a queue drops: what does not fit (`drop-tail`, default), or what has waited too long (`codel`, RFC 8289) too. */
  readonly queueDiscipline?: QueueDiscipline;
  /** RFC 8289 TARGET, default 5. */
  readonly codelTargetMs?: number;
  /** RFC 8289 INTERVAL, default 100. */
  readonly codelIntervalMs?: number;
  /** CoDel marks packets of senders that know ECN (RFC 3168) instead of dropping them. Default false. */
  readonly codelEcn?: boolean;
  /** Frames with more payload vanish, and nobody is told: a tunnel that forgot to say how narrow it is. 68 … 65535. */
  readonly mtu?: number;
  /** Frames leave in slots only: time from one to the next. As on radio links, and in tc-netem. */
  readonly slotMs?: number;
  /** Uniform ± around `slotMs`. */
  readonly slotJitterMs?: number;
  /** So many frames a slot at most; the rest waits for the next one. Left out: all that are there. */
  readonly slotPackets?: number;
  readonly slotBytes?: number;
}

export const JITTER_DISTRIBUTIONS = ['uniform', 'normal', 'pareto', 'paretonormal'] as const;
export type JitterDistribution = (typeof JITTER_DISTRIBUTIONS)[number];

export const QUEUE_DISCIPLINES = ['drop-tail', 'codel'] as const;
export type QueueDiscipline = (typeof QUEUE_DISCIPLINES)[number];

/** A chain of states that takes one step a frame; the state says how likely the frame is lost. */
export type LossModel =
  /** Gilbert (1960), Elliott (1963). */
  | {
      readonly model: 'gilbert-elliott';
      /** Probability of the step from the good to the bad state, and back. */
      readonly goodToBad: number;
      readonly badToGood: number;
      /** Default 0. */
      readonly lossInGood?: number;
      /** Default 1. */
      readonly lossInBad?: number;
    }
  /** Any chain. It starts in the first state. */
  | { readonly model: 'markov'; readonly states: readonly MarkovState[] };

export interface MarkovState {
  /** Of a frame in this state. */
  readonly loss: number;
  /** The probability of each state to be the next one, in their order; the sum is 1. */
  readonly next: readonly number[];
}
