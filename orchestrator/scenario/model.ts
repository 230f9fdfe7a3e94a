/**
 * A scenario as it is run: times in milliseconds, requests ready to be made, expressions compiled, names known to be there.
 */
import type { FetchRequest, TableName } from '../../devices/control.js';
import type { Filter } from '../../devices/stack/wire/filter/filter.js';
import type { DeviceSelection } from '../capture/selection.js';
import type { FaultRequest } from '../chaos/fault.js';
import type { Topology } from '../topology/index.js';
import type { FieldMatch, Match } from './matching.js';

export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** As it was named on the command line. */
  readonly file: string;
  readonly topology: Topology;
  /** Where the topology came from: a path, `linear,3`, or the scenario's own file. */
  readonly topologySource: string;
  readonly seed: string | number;
  readonly limitMs: number;
  readonly timeline: Block;
  /** Of all its expectations on frames. */
  readonly watches: readonly FrameWatch[];
}

/** Frames that are counted: what they match, and where they are seen. */
export interface FrameWatch {
  /** Its place among all. */
  readonly index: number;
  readonly filter: Filter;
  readonly ends: ReadonlyMap<string, DeviceSelection>;
}

export interface Step {
  /** In one line: `within 5s: fetch http://b/ from a: ok true`. */
  readonly title: string;
  /** In the file, from 1. */
  readonly line: number;
  /** Since the beginning of its block. */
  readonly atMs?: number;
  /** After the step before it. */
  readonly afterMs?: number;
  readonly repeat?: Repeat;
  readonly as?: string;
  readonly action: Action;
}

export interface Repeat {
  readonly everyMs: number;
  readonly times?: number;
  readonly until?: readonly Condition[];
  /** Of its own, else of the block around it. */
  readonly forMs?: number;
}

/** How long something that is not yet so is tried again; undefined: not at all. `limit`: as long as the scenario may. */
export type Patience = number | 'limit' | undefined;

export type Action =
  | FetchAction
  | ExecAction
  | { readonly kind: 'await'; readonly name: string; readonly withinMs: number; readonly is: readonly FieldMatch[] }
  | { readonly kind: 'chaos'; readonly request: FaultRequest }
  /** Of the step with that name. */
  | { readonly kind: 'end-fault'; readonly name: string }
  | { readonly kind: 'clear' }
  | { readonly kind: 'plug'; readonly a: string; readonly b: string }
  /** Of the step with that name. */
  | { readonly kind: 'unplug'; readonly name: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'expect'; readonly conditions: readonly Condition[]; readonly patience: Patience }
  | Block;

export interface FetchAction {
  readonly kind: 'fetch';
  readonly from: string;
  readonly request: FetchRequest;
  readonly is: readonly FieldMatch[];
  readonly background: boolean;
  readonly patience: Patience;
}

export interface ExecAction {
  readonly kind: 'exec';
  readonly on: string;
  readonly argv: readonly string[];
  readonly is: readonly FieldMatch[];
  readonly background: boolean;
  readonly patience: Patience;
}

/** Steps, one after the other or all at once; and what holds meanwhile. */
export interface Block {
  readonly kind: 'block';
  readonly order: 'serial' | 'parallel';
  readonly steps: readonly Step[];
  readonly always: readonly Condition[];
  readonly never: readonly Condition[];
  /** It lasts at least so long. */
  readonly forMs?: number;
}

interface Titled {
  /** `table arp of a: state REACHABLE` */
  readonly title: string;
}

export type Condition =
  | (Titled & {
      readonly kind: 'table';
      readonly on: string;
      readonly table: TableName;
      readonly where: readonly FieldMatch[];
      readonly is: readonly FieldMatch[];
      readonly rows: Match;
    })
  | (Titled & { readonly kind: 'counter'; readonly on: string; readonly counter: string; readonly is: Match })
  | FramesCondition
  | (Titled & {
      readonly kind: 'result';
      readonly name: string;
      readonly is: readonly FieldMatch[];
      readonly sameAs?: string;
      readonly slower?: { readonly than: string; readonly by: Match };
    })
  | (Titled & { readonly kind: 'device'; readonly device: string; readonly is: Match })
  | (Titled & { readonly kind: 'carrier'; readonly device: string; readonly port: string; readonly is: Match });

export interface FramesCondition extends Titled {
  readonly kind: 'frames';
  readonly watch: FrameWatch;
  /** The `as` of a step. */
  readonly during?: string;
  readonly count: Match;
}
