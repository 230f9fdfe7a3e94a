/** The states of sockets as `ss` writes them. */
import type { SocketRow } from '../../control/tables.js';

export const SS_STATES = [
  'UNCONN',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECV',
  'ESTAB',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const;
export type SsState = (typeof SS_STATES)[number];

const OF_TCP: Readonly<Record<SocketRow['state'], SsState>> = {
  '': 'UNCONN',
  CLOSED: 'UNCONN',
  LISTEN: 'LISTEN',
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  ESTABLISHED: 'ESTAB',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  CLOSE_WAIT: 'CLOSE-WAIT',
  CLOSING: 'CLOSING',
  LAST_ACK: 'LAST-ACK',
  TIME_WAIT: 'TIME-WAIT',
};

/** A UDP socket is established when it is connected. */
export function stateOf({ state, protocol, remote }: SocketRow): SsState {
  return protocol === 'udp' && !remote.endsWith(':*') ? 'ESTAB' : OF_TCP[state];
}
