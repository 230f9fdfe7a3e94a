/** Why something on the emulated network failed, in a sentence: the codes and Node's wording stay in what programs read. */

/**
 * `connect ECONNREFUSED 10.0.0.2:80`, `connect ENETUNREACH 198.51.100.1:80 - Local (0.0.0.0:0)`, `read ECONNRESET`,
 * `getaddrinfo ENOTFOUND nosuch: no such name`
 */
const NODES_WORDING =
  /^(?:connect|read|write|getaddrinfo) (E[A-Z_]+)(?: ([^\s:]+(?::\d+)?))?(?: - Local \([^)]*\)|: (.*))?$/;

/** Of an end that was meant: an address with its port, or a name; and the reason when one is given. */
const SENTENCES: Readonly<Record<string, (end: string, reason: string | undefined) => string>> = {
  ENOTFOUND: (end, reason) => `${end}: ${reason ?? 'no such name'}`,
  EAI_AGAIN: (end, reason) => `${end}: ${reason ?? 'no name server answers'}`,
  ECONNREFUSED: (end) => `${end} refuses the connection: nothing listens on that port`,
  ECONNRESET: (end) => `${end} has broken the connection off`,
  ECONNABORTED: (end) => `the connection to ${end} was broken off`,
  EPIPE: (end) => `${end} has closed the connection`,
  ETIMEDOUT: (end) => `${end} does not answer`,
  EHOSTUNREACH: (end) => `${end} cannot be reached: no host answers there`,
  ENETUNREACH: (end) => `no route leads to ${end}`,
};

/** The message as it is when it is not one of Node's. */
export function plainReason(message: string): string {
  const [, code, end = 'the other end', reason] = NODES_WORDING.exec(message) ?? [];
  return code === undefined ? message : (SENTENCES[code]?.(end, reason) ?? message);
}

/** The same of a failed load; codes that are no system's, as those of TLS, are how one looks them up. */
export function plainFailure({ code, message }: { readonly code: string; readonly message: string }): string {
  return code in SENTENCES ? plainReason(message) : `${code}: ${message}`;
}
