/** `netstat` of net-tools. */
import type { CounterRow, SocketRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import { parseIpv4 } from '../../stack/wire/address.js';
import { type Arguments, parseArguments } from './arguments.js';
import type { Command, CommandIo, TableContext } from './command.js';
import { defineCommand, UsageError } from './define.js';
import { hostNameOf, serviceName } from './names.js';
import { statisticsText } from './netstat-statistics.js';
import { shownNames } from './route.js';
import { isServer, socketRows } from './socket-rows.js';

const LETTERS = 'napteulrsiWov4';
const LONG = {
  all: 'a',
  listening: 'l',
  numeric: 'n',
  program: 'p',
  programs: 'p',
  tcp: 't',
  udp: 'u',
  route: 'r',
  interfaces: 'i',
  statistics: 's',
  timers: 'o',
};
const ADDRESS_WIDTH = 23;

export function netstat(context: TableContext, network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'netstat',
    summary: 'show sockets (-tuanpol), routes (-r), interfaces (-i), counters (-s)',
    usage: 'netstat [-alnoptu] | netstat -r [-n] | netstat -i | netstat -s [-tu]',
    async run(argv, io) {
      const args = parseArguments(argv, LETTERS, LONG);
      if (args.operands.length > 0) throw new UsageError(`unknown argument '${args.operands[0]}'`);
      if (args.has('r')) await showRoutes(network, resolver, args.has('n'), io);
      else if (args.has('i')) showInterfaces(context, io);
      else if (args.has('s')) showCounters(context, args, io);
      else await showSockets(context, network, resolver, args, io);
      return 0;
    },
  });
}

async function showSockets(
  context: TableContext,
  network: Network,
  resolver: Resolver,
  args: Arguments,
  io: CommandIo,
): Promise<void> {
  const which = args.has('a') ? 'servers and established' : args.has('l') ? 'only servers' : 'w/o servers';
  io.stdout(`Active Internet connections (${which})\n`);
  io.stdout(`Proto Recv-Q Send-Q ${'Local Address'.padEnd(ADDRESS_WIDTH)} ${'Foreign Address'.padEnd(ADDRESS_WIDTH)} `);
  const program = args.has('p') ? ' PID/Program name    ' : '';
  io.stdout(`State      ${program}${args.has('o') ? ' Timer' : ''}\n`);
  for (const row of socketRows(context, args)) {
    if (!args.has('a') && isServer(row) !== args.has('l')) continue;
    const local = (await shownEndpoint(network, resolver, row.local, args.has('n'))).padEnd(ADDRESS_WIDTH);
    const remote = (await shownEndpoint(network, resolver, row.remote, args.has('n'))).padEnd(ADDRESS_WIDTH);
    const queues = `${row.protocol.padEnd(4)}  ${String(row.recvQueue).padStart(6)} ${String(row.sendQueue).padStart(6)}`;
    const owner = args.has('p') ? ` ${programText(row).padEnd(20)}` : '';
    io.stdout(
      `${queues} ${local} ${remote} ${row.state.padEnd(11)}${owner}${args.has('o') ? ` ${timerText(row)}` : ''}\n`,
    );
  }
}

/** "10.0.0.1:80", or "www.server.com:http" without `-n`. */
async function shownEndpoint(network: Network, resolver: Resolver, text: string, numeric: boolean): Promise<string> {
  if (numeric) return text;
  const [address, port] = text.split(':');
  const parsed = parseIpv4(address) ?? 0;
  const name = parsed === 0 ? undefined : await hostNameOf(network, resolver, parsed);
  return `${name ?? address}:${port === '*' ? port : serviceName(Number(port))}`.slice(0, ADDRESS_WIDTH);
}

/** Programs on a device are no processes of their own: a name, but no number. TIME_WAIT belongs to nobody any more. */
function programText(row: SocketRow): string {
  return row.program === '' || row.state === 'TIME_WAIT' ? '-' : `-/${row.program}`;
}

/** net-tools: what the timer is for, seconds left, retransmissions in a row, unanswered probes. */
function timerText(row: SocketRow): string {
  const kinds = {
    retransmit: 'on',
    persist: 'probe',
    keepalive: 'keepalive',
    'time-wait': 'timewait',
    'delayed-ack': 'off',
    '': 'off',
  };
  const kind = kinds[row.timer];
  const seconds = kind === 'off' ? 0 : row.timerMs / 1000;
  return `${kind} (${seconds.toFixed(2)}/${row.info?.backoff ?? 0}/0)`;
}

async function showRoutes(network: Network, resolver: Resolver, numeric: boolean, io: CommandIo): Promise<void> {
  io.stdout('Kernel IP routing table\n');
  io.stdout('Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n');
  for (const row of network.stack.ipv4.routes.rows()) {
    const { destination, gateway } = await shownNames(network, resolver, row, numeric);
    const addresses = `${destination.padEnd(15)} ${gateway.padEnd(15)} ${row.genmask.padEnd(15)} ${row.flags.padEnd(5)}`;
    io.stdout(`${addresses}     0 0          0 ${row.interface}\n`);
  }
}

function showInterfaces(context: TableContext, io: CommandIo): void {
  io.stdout('Kernel Interface table\n');
  io.stdout('Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n');
  for (const row of context.inspect('interfaces')) {
    if (!('framesIn' in row)) continue;
    const received = `${String(row.framesIn).padStart(8)}      0 ${String(row.droppedIn).padStart(6)} ${'0'.padEnd(6)}`;
    const sent = `${String(row.framesOut).padStart(8)}      0 ${String(row.droppedOut).padStart(6)}      0`;
    // B broadcast, R running (the link is there), U up.
    io.stdout(
      `${row.name.padEnd(15)} ${String(row.mtu).padStart(5)} ${received} ${sent} ${row.carrier ? 'BRU' : 'BU'}\n`,
    );
  }
}

function showCounters(context: TableContext, args: Arguments, io: CommandIo): void {
  const protocols = new Set((['tcp', 'udp'] as const).filter((protocol) => args.has(protocol[0])));
  const counters = context.inspect('counters') as CounterRow[];
  io.stdout(statisticsText(counters, context.inspect('sockets') as SocketRow[], protocols));
}
