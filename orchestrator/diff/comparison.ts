/**
 * Why did it differ? Two reports of the same fetch, with and without a fault, held against each other.
 *
 * This folder compares reports as JSON files have them; it asks no lab anything. Steps of the two are paired by what they
 * are about (align.ts), differences told apart from what differs between any two runs (weight.ts, noise.ts), and put in the
 * order in which one follows from the other (compare.ts, chain.ts).
 */
import type { FaultReport, StepLayer } from '../story/report.js';

/** A step of one of the two. */
export interface Moment {
  readonly device: string;
  /** Milliseconds since its fetch began. */
  readonly atMs: number;
  readonly outcome: string;
  readonly summary: string;
  /** Numbers in its capture. */
  readonly frames: readonly number[];
}

export type DifferenceKind =
  /** The other one has nothing like it. */
  | 'only-a'
  | 'only-b'
  /** Both have it, and something else came of it. */
  | 'changed'
  /** In B, by more than the noise of the two. */
  | 'later'
  | 'earlier';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly layer: StepLayer;
  readonly device: string;
  /** As in {@link Step}. */
  readonly event: string;
  readonly subject: string;
  readonly a?: Moment;
  readonly b?: Moment;
  /** How much later B has it, milliseconds; negative when it is earlier. Absent where one of them has not got it. */
  readonly byMs?: number;
}

/** How one of the two ended. */
export interface Ending {
  readonly url: string;
  readonly from: string;
  readonly lab: string;
  readonly ok: boolean;
  /** `200`, `failed at dns: EAI_AGAIN` */
  readonly outcome: string;
  readonly durationMs: number;
}

/** Something that a user of the page would see: how the load ended, the document, one of its parts. */
export interface ResultDifference {
  /** A URL, or what of the load. */
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** One link of the chain from the first difference to the end. */
export interface Consequence {
  readonly kind: DifferenceKind | 'result';
  readonly text: string;
  /** On the timeline of the run that has it: B where both have. */
  readonly atMs: number;
  readonly frames: readonly number[];
}

/** The shortest round trip to one server. */
export interface Trip {
  /** `203.0.113.80:80` */
  readonly remote: string;
  readonly aMs: number;
  readonly bMs: number;
}

/** So many of those in A have an equal one in B. */
export interface Share {
  readonly equal: number;
  readonly of: number;
}

export interface Comparison {
  /** No difference that matters. */
  readonly equal: boolean;
  readonly a: Ending;
  readonly b: Ending;
  /** The first event that differs, and the last step before it that both have. */
  readonly first?: Difference;
  readonly before?: { readonly a: Moment; readonly b: Moment };
  /** What either had next where the other one has the first difference alone. */
  readonly instead?: Moment;
  readonly followed: readonly Consequence[];
  /** Faults that were in force during one of the loads alone. */
  readonly faults: { readonly a: readonly FaultReport[]; readonly b: readonly FaultReport[] };
  /** Differences that are not in `followed`, since there are too many. */
  readonly more: number;
  readonly results: readonly ResultDifference[];
  /** All that matter, in order, 500 at most. */
  readonly differences: readonly Difference[];
  /** How many do not matter: segments of a close in another order, a connection more, … */
  readonly minor: number;
  readonly same: {
    readonly steps: Share;
    readonly names: Share;
    readonly resources: Share;
  };
  readonly noise: Noise;
  /** Round trips that are longer or shorter in B by more than the noise, the most different first. */
  readonly trips: readonly Trip[];
  /** Of the steps that both have: the one whose times differ most, however little. */
  readonly drift?: { readonly byMs: number; readonly of: Moment };
}

/** By how much two runs may differ in time without meaning anything: {@link Noise.floorMs}, or a share of the time since the start. */
export interface Noise {
  readonly floorMs: number;
  readonly share: number;
}
