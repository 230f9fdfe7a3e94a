import type { SocketRow } from '../../control/tables.js';
import { stateOf } from './ss-state.js';

/** `ss -s`: how many sockets there are of which kind. There are neither raw ones nor IPv6. */
export function summaryText(rows: readonly SocketRow[]): string {
  const tcp = rows.filter(({ protocol }) => protocol === 'tcp').map(stateOf);
  const count = (state: string) => tcp.filter((each) => each === state).length;
  const waiting = count('TIME-WAIT');
  const udp = rows.length - tcp.length;
  const open = tcp.length - waiting;
  const line = (name: string, total: number) =>
    `${name}\t  ${String(total).padEnd(9)} ${String(total).padEnd(9)} ${'0'.padEnd(9)}\n`;
  const closed = waiting + count('UNCONN');
  return [
    `Total: ${udp + open}\n`,
    `TCP:   ${tcp.length} (estab ${count('ESTAB')}, closed ${closed}, orphaned 0, timewait ${waiting})\n\n`,
    'Transport Total     IP        IPv6\n',
    line('RAW', 0),
    line('UDP', udp),
    line('TCP', open),
    line('INET', udp + open),
    line('FRAG', 0),
    '\n',
  ].join('');
}
