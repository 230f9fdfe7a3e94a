/** What `netstat` and `ss` have in common: which rows of the sockets table are meant. */
import type { SocketRow } from '../../control/tables.js';
import type { Arguments } from './arguments.js';
import type { TableContext } from './command.js';

/** Those of the protocols that `-t` and `-u` name; all, when neither or both are given. */
export function socketRows(context: TableContext, args: Arguments): SocketRow[] {
  const rows = context.inspect('sockets') as SocketRow[];
  if (args.has('t') === args.has('u')) return rows;
  return rows.filter(({ protocol }) => args.has(protocol === 'tcp' ? 't' : 'u'));
}

/** Waits for peers, instead of having one. */
export function isServer({ protocol, state, remote }: SocketRow): boolean {
  return state === 'LISTEN' || (protocol === 'udp' && remote.endsWith(':*'));
}
