/**
 * Malformed input is data, never an exception: every `parse…` in this folder returns either its
 * value or a `Malformed` with a reason that a counter or a trace can name.
 */
export interface Malformed {
  /** Why the bytes are refused, in a few words: "header truncated", "bad checksum". */
  readonly malformed: string;
}

export function malformed(reason: string): Malformed {
  return { malformed: reason };
}

export function isMalformed(value: unknown): value is Malformed {
  return typeof value === 'object' && value !== null && 'malformed' in value;
}
