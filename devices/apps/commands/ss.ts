/** `ss` of iproute2. */
import type { SocketRow } from '../../control/tables.js';
import { type Arguments, parseArguments } from './arguments.js';
import type { Command, TableContext } from './command.js';
import { defineCommand } from './define.js';
import { serviceName } from './names.js';
import { socketRows } from './socket-rows.js';
import { memoryText, tcpText, timerText } from './ss-details.js';
import { isWanted, parseSocketFilter } from './ss-filter.js';
import { stateOf } from './ss-state.js';
import { summaryText } from './ss-summary.js';

const LONG = {
  tcp: 't',
  udp: 'u',
  all: 'a',
  listening: 'l',
  numeric: 'n',
  processes: 'p',
  info: 'i',
  options: 'o',
  extended: 'e',
  memory: 'm',
  summary: 's',
  ipv4: '4',
  'no-header': 'H',
  oneline: 'O',
};

export function ss(context: TableContext): Command {
  return defineCommand({
    name: 'ss',
    summary: 'show sockets, with what TCP knows about them (-i)',
    usage: 'ss [-aeHilmnoOpstu4] [state NAME | exclude NAME]… [CONDITION [and|or|not] …]',
    async run(argv, io) {
      const args = parseArguments(argv, 'tualnpioHr4emsO', LONG);
      const filter = parseSocketFilter(args.operands);
      if (args.has('s')) {
        io.stdout(summaryText(context.inspect('sockets') as SocketRow[]));
        return 0;
      }
      const rows = socketRows(context, args).filter(
        (row) => isWanted(row, filter, args.has('a'), args.has('l')) && filter.matches(row),
      );
      const shown = { netid: args.has('t') === args.has('u'), state: filter.states?.size !== 1 };
      const table = rows.map((row, index) => cells(row, index, args));
      const lines = align(args.has('H') ? table : [TITLES, ...table], shown);
      if (!args.has('H')) io.stdout(`${lines.shift()}\n`);
      const separator = args.has('O') ? ' ' : '\n\t ';
      rows.forEach((row, index) => {
        const more = details(row, args);
        io.stdout(`${lines[index]}${more === '' ? '' : `${separator}${more}`}\n`);
      });
      return 0;
    },
  });
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

const TITLES: Cells = {
  netid: 'Netid',
  state: 'State',
  recvQueue: 'Recv-Q',
  sendQueue: 'Send-Q',
  local: ['Local Address', 'Port'],
  peer: ['Peer Address', 'Port'],
  rest: 'Process',
};

function cells(row: SocketRow, index: number, args: Arguments): Cells {
  const notes: string[] = [];
  const state = stateOf(row);
  if (args.has('p') && row.program !== '' && state !== 'TIME-WAIT') notes.push(`users:(("${row.program}"))`);
  const timer = args.has('o') ? timerText(row) : undefined;
  if (timer !== undefined) notes.push(timer);
  if (args.has('e')) notes.push(`sk:${(index + 1).toString(16)}`);
  return {
    netid: row.protocol,
    state,
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
function align(rows: readonly Cells[], shown: { readonly netid: boolean; readonly state: boolean }): string[] {
  const width = (of: (row: Cells) => string): number => Math.max(0, ...rows.map((row) => of(row).length));
  const netid = width((row) => row.netid);
  const state = width((row) => row.state);
  const recvQueue = width((row) => row.recvQueue);
  const sendQueue = width((row) => row.sendQueue);
  const ends = ([0, 1] as const).map((part) => [width((row) => row.local[part]), width((row) => row.peer[part])]);
  return rows.map((row) => {
    const columns = [
      row.recvQueue.padEnd(recvQueue),
      row.sendQueue.padEnd(sendQueue),
      `${row.local[0].padStart(ends[0][0])}:${row.local[1].padEnd(ends[1][0])}`,
      `${row.peer[0].padStart(ends[0][1])}:${row.peer[1].padEnd(ends[1][1])}`,
      row.rest,
    ];
    if (shown.state) columns.unshift(row.state.padEnd(state));
    if (shown.netid) columns.unshift(row.netid.padEnd(netid));
    return columns.join(' ').trimEnd();
  });
}

/** The second line. */
function details(row: SocketRow, args: Arguments): string {
  const memory = args.has('m') ? memoryText(row) : undefined;
  const options = { withOptions: args.has('o'), numeric: args.has('n') };
  const info = args.has('i') ? tcpText(row, options) : undefined;
  return [memory, info].filter((part) => part !== undefined).join(' ');
}
