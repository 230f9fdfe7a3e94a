/** As Linux's tcp_wmem: the largest buffer. */
export const MAX_SEND_BUFFER_BYTES = 4 * 1024 * 1024;
/** What a program may give before the path is known. */
export const INITIAL_SEND_BUFFER_BYTES = 128 * 1024;

/**
 * How much a connection takes from its program ahead of the peer's ACKs, in bytes: what is in flight, and as much again
 * so that the next round trip does not wait for the program. Linux's tcp_sndbuf_expand.
 */
export function sendBufferFor(congestionWindow: number): number {
  return Math.min(MAX_SEND_BUFFER_BYTES, Math.max(INITIAL_SEND_BUFFER_BYTES, 2 * congestionWindow));
}
