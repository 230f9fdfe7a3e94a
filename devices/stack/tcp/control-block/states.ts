/** What the states of RFC 9293 section 3.3.2 allow. */
import type { TcpState } from './types.js';

/** SYN_SENT and SYN_RECV queue until the handshake is done. */
export function maySend(state: TcpState): boolean {
  return state === 'SYN_SENT' || state === 'SYN_RECV' || state === 'ESTABLISHED' || state === 'CLOSE_WAIT';
}

/** The peer's FIN has not come. */
export function mayReceive(state: TcpState): boolean {
  return state === 'ESTABLISHED' || state === 'FIN_WAIT1' || state === 'FIN_WAIT2';
}

/** ABORT sends RST: RFC 9293 section 3.10.5. */
export function mayBeReset(state: TcpState): boolean {
  return mayReceive(state) || state === 'SYN_RECV' || state === 'CLOSE_WAIT';
}

/** The peer's FIN has come, and not all is over. */
export function isClosedByPeer(state: TcpState): boolean {
  return state === 'CLOSE_WAIT' || state === 'CLOSING' || state === 'LAST_ACK';
}
