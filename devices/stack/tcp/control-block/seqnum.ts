/**
 * Sequence numbers (RFC 9293 section 3.4): unsigned 32-bit integers that wrap. Comparisons hold as long as the
 * two numbers lie less than 2^31 apart, which windows of at most 2^30 bytes (RFC 7323 section 2.3) guarantee.
 */
export type SequenceNumber = number;

/** `count` may be negative. */
export function seqAdd(a: SequenceNumber, count: number): SequenceNumber {
  return (a + count) >>> 0;
}

/** How far `a` lies after `b`: -2^31 … 2^31-1. */
export function seqDiff(a: SequenceNumber, b: SequenceNumber): number {
  return (a - b) | 0;
}

export function seqLt(a: SequenceNumber, b: SequenceNumber): boolean {
  return ((a - b) | 0) < 0;
}

export function seqLe(a: SequenceNumber, b: SequenceNumber): boolean {
  return ((a - b) | 0) <= 0;
}

export function seqGt(a: SequenceNumber, b: SequenceNumber): boolean {
  return ((a - b) | 0) > 0;
}

export function seqGe(a: SequenceNumber, b: SequenceNumber): boolean {
  return ((a - b) | 0) >= 0;
}

export function seqMax(a: SequenceNumber, b: SequenceNumber): SequenceNumber {
  return seqGt(a, b) ? a : b;
}
