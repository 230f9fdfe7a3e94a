/** What a lab knows of its devices' processes, and how that is said to people. */
import { formatDuration } from '../terminal.js';

/** `dead`: it ended, and nobody had asked for it. */
export type DeviceState = 'starting' | 'running' | 'paused' | 'stopped' | 'killed' | 'dead';

/** One row of `lab-status`: what the supervisor knows and a device without a process cannot tell. */
export interface SupervisedDevice {
  readonly name: string;
  /** Zero while it has no process. */
  readonly pid: number;
  readonly state: DeviceState;
  /** Since when, milliseconds since 1970. */
  readonly since: number;
  /** Who has brought it into this state: `fault-3`. */
  readonly by?: string;
  /** Which of its processes it is, counted from 1. */
  readonly life: number;
  /** How its process ended, with its last words when nobody had asked for it; empty while it has one. */
  readonly end: string;
}

type Known = Pick<SupervisedDevice, 'name' | 'state' | 'since' | 'by' | 'end'>;

/** `bb-west was killed by fault-3 12 s ago`; of one that died, its last words. */
export function describeState({ name, state, since, by, end }: Known, now: number): string {
  if (state === 'running' || state === 'starting') return `${name} is ${state}`;
  if (state === 'dead') return end;
  return `${name} was ${state}${by === undefined ? '' : ` by ${by}`} ${formatDuration(Math.max(0, now - since))} ago`;
}

/** What to do about it: a sentence. */
export function remedy({ name, state }: Pick<Known, 'name' | 'state'>, lab: string): string {
  const command = (action: string) => `\`netarium chaos device ${name} ${action} --lab ${lab}\``;
  if (state === 'paused') return `${command('resume')} lets it go on.`;
  if (state === 'running' || state === 'starting') return `See \`netarium logs ${name} --lab ${lab}\`.`;
  return `${command('start')} brings it back.`;
}
