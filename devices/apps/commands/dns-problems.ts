/** Why a name server gave no answer, in BIND's words. */
const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['ETIMEOUT', 'timed out'],
  ['ETIMEDOUT', 'timed out'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'end of file'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
]);

/** Of a code as Node has them; the code itself where BIND has no words. */
export function problemOf(code: string): string {
  return PROBLEMS.get(code) ?? code;
}
