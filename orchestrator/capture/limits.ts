/** When a capture ends by itself: `10MB`, `30s`, `100` frames; of several, whichever is reached first. */
import { CliError } from '../errors.js';
import { parseDuration, parseSize } from '../topology/units.js';

export interface CaptureLimits {
  /** Size of the file. */
  readonly bytes?: number;
  readonly durationMs?: number;
  readonly frames?: number;
}

/** Throws a CliError of status 2. Of two limits of one sort the smaller holds. */
export function parseLimits(texts: readonly string[]): CaptureLimits {
  const limits: { -readonly [Name in keyof CaptureLimits]: number } = {};
  const add = (name: keyof CaptureLimits, value: number) => {
    limits[name] = Math.min(limits[name] ?? Number.POSITIVE_INFINITY, value);
  };
  for (const text of texts.flatMap((list) => list.split(',')).map((one) => one.trim())) {
    const minutes = /^(\d+(?:\.\d+)?) ?m$/.exec(text);
    const durationMs = minutes === null ? parseDuration(text) : Number(minutes[1]) * 60_000;
    const bytes = parseSize(text);
    const frames = /^\d+$/.test(text) ? Number(text) : undefined;
    if ((durationMs ?? bytes ?? frames ?? 0) <= 0) throw noLimit(text);
    if (durationMs !== undefined) add('durationMs', durationMs);
    else if (bytes !== undefined) add('bytes', bytes);
    else if (frames !== undefined) add('frames', frames);
  }
  return limits;
}

function noLimit(text: string): CliError {
  return new CliError(
    2,
    `"${text}" is not a limit`,
    'Write a size with its unit (500kB, 10MB, 1GiB), a time (500ms, 30s, 2m, 1h) or a number of frames (100).',
  );
}
