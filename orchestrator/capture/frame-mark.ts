/** What is said of a frame that went no further, or that a fault had a hand in: `dropped: impairmentLoss by fault-3: loss 20%`. */

export interface MarkedFrame {
  /** Why it went no further; empty when it did. */
  readonly dropped: string;
  /** The fault that has dropped, changed or made it; empty of all others. */
  readonly fault: string;
}

/** Empty for all other frames. */
export function frameMark({ dropped, fault }: MarkedFrame): string {
  if (dropped === '') return fault;
  return fault === '' ? `dropped: ${dropped}` : `dropped: ${dropped} by ${fault}`;
}
