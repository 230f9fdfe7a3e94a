/** What came of a scenario, and of each of its steps. */

export type Outcome = 'passed' | 'failed' | 'skipped';

export interface StepResult {
  readonly title: string;
  readonly line: number;
  /** 0 for the scenario's own steps, 1 for those in a block of theirs. */
  readonly depth: number;
  /** Milliseconds since the first step. Absent of what was not reached. */
  readonly startMs?: number;
  readonly durationMs?: number;
  readonly outcome: Outcome;
  /** How often it was done; absent for once. */
  readonly times?: number;
  /** What came of it, in words. */
  readonly seen: string;
}

export interface Failure {
  /** The step; absent when something went wrong before the first one. */
  readonly title?: string;
  readonly line?: number;
  /** Milliseconds since the first step. */
  readonly atMs?: number;
  readonly expected: string;
  readonly seen: string;
}

export interface TimelineResult {
  readonly durationMs: number;
  /** In the order of the file. */
  readonly steps: readonly StepResult[];
  readonly failure?: Failure;
  /** The file asks for what cannot be. */
  readonly isError?: boolean;
}

export interface ScenarioResult extends TimelineResult {
  readonly name: string;
  readonly description: string;
  readonly file: string;
  readonly seed: string | number;
  /** `error`: it could not be carried out; what the file wants the lab has not. */
  readonly outcome: 'passed' | 'failed' | 'error';
  /** Milliseconds until the lab was up. */
  readonly launchMs: number;
  /** Folder with the capture, logs and tables of a failure. */
  readonly evidence?: string;
  /** Why there is none, or not all of it, though it was to be kept: `cannot write …`. */
  readonly notKept?: string;
  /** The command that does the same again. */
  readonly replay: string;
}
