const TROUBLE = new Set(['loss', 'retransmission', 'timeout', 'fault']);

/** Of what goes wrong on the way, rather than of the load itself. */
export function isTrouble({ event }: { readonly event: string }): boolean {
  return TROUBLE.has(event);
}
