/** What a rule can do to packets: the layer that does it and the orders that ask for it speak of the same thing. */

/** What answers a packet in the place of its receiver. */
export const REPLY_KINDS = [
  // To DNS queries, by their response code (RFC 1035 section 4.1.1); `truncated` sets TC.
  'noerror',
  'formerr',
  'servfail',
  'nxdomain',
  'notimp',
  'refused',
  'truncated',
  // To TCP segments (RFC 9293 section 3.5.2).
  'reset',
  // To IP packets: ICMP destination unreachable with its codes 0, 1, 3, 13; time exceeded (RFC 792, RFC 1812).
  'net-unreachable',
  'host-unreachable',
  'port-unreachable',
  'admin-prohibited',
  'time-exceeded',
] as const;
export type ReplyKind = (typeof REPLY_KINDS)[number];

export type RuleAction =
  | { readonly kind: 'drop' }
  /** Uniform ± jitter; those that are delayed keep their order, others overtake them. */
  | { readonly kind: 'delay'; readonly delayMs: number; readonly jitterMs?: number }
  /** So many more of it, directly behind it; default 1. */
  | { readonly kind: 'duplicate'; readonly copies?: number }
  /**
   * Flips so many bits behind the Ethernet header (default 1), so that the FCS no longer fits; with `fixFcs` it is
   * computed anew, and only the checksums above it tell.
   */
  | { readonly kind: 'corrupt'; readonly bits?: number; readonly fixFcs?: boolean }
  /** The packet goes no further. A packet that cannot be answered so (a broadcast, another protocol) passes. */
  | { readonly kind: 'reply'; readonly reply: ReplyKind }
  /**
   * Ends the TCP connection of the packet by RST to both ends, at the first packet that matches, or once the packets that
   * matched have carried so many bytes of its data, in both directions together. The packet goes no further.
   */
  | { readonly kind: 'reset'; readonly afterBytes?: number };
