/** `ss` of iproute2. */
import type { SocketRow } from '../../control/tables.js';
import type { TcpState } from '../../stack/trace.js';
import { type Arguments, parseArguments } from './arguments.js';
import type { Command, TableContext } from './command.js';
import { defineCommand, UsageError } from './define.js';
import { serviceName } from './names.js';
import { isServer, socketRows } from './socket-rows.js';

const LONG = {
  tcp: 't',
  udp: 'u',
  all: 'a',
  listening: 'l',
  numeric: 'n',
  processes: 'p',
  info: 'i',
  options: 'o',
  'no-header': 'H',
};

const STATES: Readonly<Record<TcpState | '', string>> = {
  '': 'UNCONN',
  CLOSED: 'CLOSE',
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

export function ss(context: TableContext): Command {
  return defineCommand({
    name: 'ss',
    summary: 'show sockets, with what TCP knows about them (-i)',
    usage: 'ss [-aHilnoptu4]',
    async run(argv, io) {
      const args = parseArguments(argv, 'tualnpioHr4em', LONG);
      if (args.operands.length > 0) throw new UsageError('filters are not supported');
      const rows = socketRows(context, args).filter((row) => isWanted(row, args));
      const withNetid = args.has('t') === args.has('u');
      const table = rows.map((row) => cells(row, args));
      const lines = align(args.has('H') ? table : [titles(args), ...table], withNetid);
      const first = args.has('H') ? 0 : 1;
      lines.forEach((line, index) => {
        const row = index < first ? undefined : rows[index - first];
        io.stdout(`${line}${row !== undefined && args.has('i') && row.protocol === 'tcp' ? tcpInfo(row) : ''}\n`);
      });
      return 0;
    },
  });
}

function isWanted(row: SocketRow, args: Arguments): boolean {
  if (args.has('a')) return true;
  if (args.has('l')) return isServer(row);
  // Without -a ss shows what is connected: neither servers nor what is all but gone.
  return !isServer(row) && row.state !== 'TIME_WAIT' && row.state !== 'SYN_RECV';
}

interface Cells {
  readonly netid: string;
  readonly state: string;
  readonly recvQueue: string;
  readonly sendQueue: string;
  readonly local: readonly [address: string, port: string];
  readonly peer: readonly [address: string, port: string];
  readonly rest: string;
}

function titles(args: Arguments): Cells {
  return {
    netid: 'Netid',
    state: 'State',
    recvQueue: 'Recv-Q',
    sendQueue: 'Send-Q',
    local: ['Local Address', 'Port'],
    peer: ['Peer Address', 'Port'],
    rest: args.has('p') ? 'Process' : '',
  };
}

function cells(row: SocketRow, args: Arguments): Cells {
  const notes: string[] = [];
  if (args.has('p') && row.program !== '' && row.state !== 'TIME_WAIT') notes.push(`users:(("${row.program}"))`);
  if (args.has('o') && row.timer !== '') notes.push(timerText(row));
  return {
    netid: row.protocol,
    state: STATES[row.state],
    recvQueue: String(row.recvQueue),
    sendQueue: String(row.sendQueue),
    local: endpoint(row.local, args.has('n')),
    peer: endpoint(row.remote, args.has('n')),
    rest: notes.join(' '),
  };
}

function endpoint(text: string, numeric: boolean): [string, string] {
  const [address, port] = text.split(':');
  return [address, numeric || port === '*' ? port : serviceName(Number(port))];
}

/** Addresses end, and ports begin, at the colon. */
function align(rows: readonly Cells[], withNetid: boolean): string[] {
  const width = (of: (row: Cells) => string): number => Math.max(0, ...rows.map((row) => of(row).length));
  const netid = width((row) => row.netid);
  const state = width((row) => row.state);
  const recvQueue = width((row) => row.recvQueue);
  const sendQueue = width((row) => row.sendQueue);
  const ends = ([0, 1] as const).map((part) => [width((row) => row.local[part]), width((row) => row.peer[part])]);
  return rows.map((row) => {
    const columns = [
      row.state.padEnd(state),
      row.recvQueue.padEnd(recvQueue),
      row.sendQueue.padEnd(sendQueue),
      `${row.local[0].padStart(ends[0][0])}:${row.local[1].padEnd(ends[1][0])}`,
      `${row.peer[0].padStart(ends[0][1])}:${row.peer[1].padEnd(ends[1][1])}`,
      row.rest,
    ];
    return (withNetid ? [row.netid.padEnd(netid), ...columns] : columns).join(' ').trimEnd();
  });
}

function timerText(row: SocketRow): string {
  const names = {
    retransmit: 'on',
    persist: 'persist',
    keepalive: 'keepalive',
    'time-wait': 'timewait',
    'delayed-ack': 'delack',
    '': '',
  };
  const time = row.timerMs >= 1000 ? `${Math.floor(row.timerMs / 1000)}sec` : `${Math.round(row.timerMs)}ms`;
  return `timer:(${names[row.timer]},${time},${row.retransmissions})`;
}

/** Before the first loss: Linux's TCP_INFINITE_SSTHRESH, which ss leaves out. */
const INFINITE_THRESHOLD = 0x7fffffff;

/** The second line of `ss -i`. Windows of congestion control in segments, as Linux counts them. */
function tcpInfo(row: SocketRow): string {
  const segments = (bytes: number): number => Math.max(1, Math.floor(bytes / Math.max(1, row.mss)));
  const facts = row.state === 'LISTEN' ? [] : [`rto:${Math.round(row.rtoMs)}`];
  if (row.rttMs > 0) facts.push(`rtt:${row.rttMs.toFixed(3)}`);
  facts.push(`mss:${row.mss}`, `cwnd:${segments(row.congestionWindow)}`);
  if (row.slowStartThreshold < INFINITE_THRESHOLD) facts.push(`ssthresh:${segments(row.slowStartThreshold)}`);
  if (row.state === 'LISTEN') return `\n\t ${facts.join(' ')}`;
  facts.push(`bytes_sent:${row.bytesSent}`, `bytes_received:${row.bytesReceived}`);
  if (row.retransmissions > 0) facts.push(`retrans:0/${row.retransmissions}`);
  facts.push(`snd_wnd:${row.sendWindow}`, `rcv_wnd:${row.receiveWindow}`);
  return `\n\t ${facts.join(' ')}`;
}
