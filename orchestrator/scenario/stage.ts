/** What a scenario needs of a lab. A running lab is one (held-stage.ts), and so is what stands for it in tests. */
import type { FetchRequest, TableName } from '../../devices/control.js';
import type { Fault, FaultRequest } from '../chaos/fault.js';
import type { FrameWatch } from './model.js';

export interface Stage {
  /** Before the first step: from here on frames are captured and counted. */
  watch(watches: readonly FrameWatch[], onMatch: (watch: FrameWatch) => void): Promise<void>;
  /** How many frames matched, from one instant to another, both included. */
  framesSeen(watch: FrameWatch, from: number, to: number): number;
  /** Resolves when all frames are counted that devices have seen by now. */
  framesSettled(): Promise<void>;
  /** Rejects with a CliError when the device is not there, or has gone meanwhile. */
  fetch(from: string, request: FetchRequest, signal: AbortSignal): Promise<PageOutcome>;
  exec(on: string, argv: readonly string[], signal: AbortSignal): Promise<CommandOutcome>;
  rows(on: string, table: TableName): Promise<readonly object[]>;
  /** running, starting, stopped, killed, paused, dead */
  deviceState(device: string): Promise<string>;
  applyFault(request: FaultRequest): Promise<Fault>;
  endFault(id: string): Promise<void>;
  clearFaults(): Promise<void>;
  /** A cable between two devices. */
  plug(a: string, b: string): Promise<Cable>;
}

export interface Cable {
  /** `sw1:3 -- sw2:4` */
  readonly name: string;
  unplug(): Promise<void>;
}

export interface Outcome {
  readonly durationMs: number;
  /** In few words: `ok, status 200, 5 resources, 320 ms`. */
  readonly text: string;
}

export interface PageOutcome extends Outcome {
  readonly kind: 'page';
  /** Known at once: `ok`, `status`, `error`, `durationMs`, `bytes`, … */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Address, status and digest of each part, to be compared. */
  readonly parts: readonly string[];
  /** The JSON of the fetch (docs/fetch-json.md), read from what was captured; made when it is asked for. */
  report(): Promise<object>;
}

export interface CommandOutcome extends Outcome {
  readonly kind: 'command';
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}
