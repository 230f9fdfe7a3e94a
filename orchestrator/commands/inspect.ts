import { Command } from 'commander';
import {
  type ArpRow,
  type CookieRow,
  type CounterRow,
  type DhcpRow,
  type DnsCacheRow,
  type FaultRow,
  type HttpCacheRow,
  type InterfaceRow,
  type MacRow,
  type RouteRow,
  type SocketRow,
  TABLE_NAMES,
  type TableName,
  type TableRow,
  type ZoneRow,
} from '../../devices/control.js';
import { nearest } from '../../devices/stack/wire/nearest.js';
import { asCliError, CliError } from '../errors.js';
import { type FittedColumn, fittedTable } from '../fitted-table.js';
import { ask, connectDevice } from '../lab/reach-device.js';
import type { RpcClient } from '../lab/rpc-client.js';
import { findLab, isAlive, type LabState } from '../lab/state.js';
import { formatBytes, formatDuration, news, type Paint, painter, print, printJson, visible } from '../terminal.js';

const WATCH_INTERVAL_MS = 500;
const CLEAR_SCREEN = '\x1b[H\x1b[2J';

const interfaces: readonly FittedColumn<InterfaceRow>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'LINK', spare: 5, value: (row) => row.link ?? '' },
  { title: 'CARRIER', spare: 6, value: (row) => (row.carrier ? 'yes' : 'no') },
  { title: 'MAC', value: (row) => row.mac ?? '-' },
  { title: 'ADDRESSES', value: (row) => row.addresses.join(' ') || '-' },
  { title: 'MTU', spare: 3, align: 'right', value: (row) => row.mtu },
  { title: 'FRAMES IN', spare: 4, align: 'right', value: (row) => row.framesIn },
  { title: 'OUT', spare: 4, align: 'right', value: (row) => row.framesOut },
  { title: 'DATAGRAMS IN', spare: 1, align: 'right', value: (row) => row.datagramsIn },
  { title: 'OUT', spare: 1, align: 'right', value: (row) => row.datagramsOut },
  {
    title: 'DROPS',
    value: (row) =>
      Object.entries(row.drops)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', ') || '-',
  },
];
const arp: readonly FittedColumn<ArpRow>[] = [
  { title: 'ADDRESS', value: (row) => row.ip },
  { title: 'MAC', value: (row) => row.mac ?? '-' },
  { title: 'INTERFACE', value: (row) => row.interface },
  { title: 'STATE', value: (row) => row.state },
  { title: 'AGE', align: 'right', value: (row) => formatDuration(row.ageMs) },
  { title: 'WAITING', spare: 1, align: 'right', value: (row) => row.queued },
];
const routes: readonly FittedColumn<RouteRow>[] = [
  { title: 'DESTINATION', value: (row) => row.destination },
  { title: 'GENMASK', value: (row) => row.genmask },
  { title: 'GATEWAY', value: (row) => row.gateway || '-' },
  { title: 'INTERFACE', value: (row) => row.interface },
  { title: 'METRIC', spare: 1, align: 'right', value: (row) => row.metric },
  { title: 'FLAGS', spare: 2, value: (row) => row.flags },
  { title: 'FROM', spare: 3, value: (row) => row.source },
];
const sockets: readonly FittedColumn<SocketRow>[] = [
  { title: 'PROTO', value: (row) => row.protocol },
  { title: 'RECV-Q', spare: 7, align: 'right', value: (row) => row.recvQueue },
  { title: 'SEND-Q', spare: 7, align: 'right', value: (row) => row.sendQueue },
  { title: 'LOCAL', value: (row) => row.local },
  { title: 'REMOTE', value: (row) => row.remote },
  { title: 'STATE', value: (row) => row.state || '-' },
  { title: 'PROGRAM', value: (row) => row.program || '-' },
  {
    title: 'TIMER',
    spare: 5,
    value: (row) => (row.timer === '' ? '-' : `${row.timer} ${formatDuration(row.timerMs)}`),
  },
  { title: 'SENT', spare: 6, align: 'right', value: (row) => traffic(row, row.bytesSent) },
  { title: 'RECEIVED', spare: 6, align: 'right', value: (row) => traffic(row, row.bytesReceived) },
  { title: 'CONGESTION', spare: 1, value: (row) => congestion(row) },
  {
    title: 'CWND',
    spare: 3,
    align: 'right',
    value: (row) => (row.congestionWindow === 0 ? '-' : formatBytes(row.congestionWindow)),
  },
  { title: 'RTT', spare: 4, align: 'right', value: (row) => (row.rttMs === 0 ? '-' : formatDuration(row.rttMs)) },
  { title: 'RETRANS', spare: 2, align: 'right', value: (row) => row.retransmissions },
];

function traffic({ state, info }: SocketRow, bytes: number): string {
  return state === 'LISTEN' || (info === undefined && bytes === 0) ? '-' : formatBytes(bytes);
}

/** `cubic`, and what it is in the midst of: `cubic recovery`. */
function congestion({ info }: SocketRow): string {
  if (info === undefined) return '-';
  return info.congestionState === 'open' ? info.congestionControl : `${info.congestionControl} ${info.congestionState}`;
}

const macTable: readonly FittedColumn<MacRow>[] = [
  { title: 'MAC', value: (row) => row.mac },
  { title: 'PORT', value: (row) => row.port },
  { title: 'AGE', align: 'right', value: (row) => formatDuration(row.ageMs) },
];
const dnsCache: readonly FittedColumn<DnsCacheRow>[] = [
  { title: 'CACHE', value: (row) => row.cache },
  { title: 'NAME', value: (row) => row.name },
  { title: 'TYPE', value: (row) => row.type },
  { title: 'DATA', value: (row) => row.data },
  { title: 'TTL', align: 'right', value: (row) => (row.ttlSeconds < 0 ? 'stays' : `${Math.ceil(row.ttlSeconds)} s`) },
];
const zones: readonly FittedColumn<ZoneRow>[] = [
  { title: 'ZONE', value: (row) => row.name },
  { title: 'ROLE', value: (row) => row.role },
  { title: 'STATE', value: (row) => row.state },
  { title: 'SERIAL', align: 'right', value: (row) => (row.serial < 0 ? '-' : row.serial) },
  { title: 'RECORDS', spare: 5, align: 'right', value: (row) => row.records },
  { title: 'JOURNAL', spare: 1, align: 'right', value: (row) => row.journal },
  { title: 'PRIMARIES', value: (row) => row.primaries.join(' ') || '-' },
  { title: 'NOTIFY', spare: 4, value: (row) => row.notify.join(' ') || '-' },
  { title: 'REFRESH IN', spare: 3, align: 'right', value: (row) => timeLeft(row.refreshSeconds) },
  { title: 'EXPIRES IN', spare: 2, align: 'right', value: (row) => timeLeft(row.expireSeconds) },
];

function timeLeft(seconds: number): string {
  return seconds < 0 ? '-' : formatDuration(seconds * 1000);
}

const httpCache: readonly FittedColumn<HttpCacheRow>[] = [
  { title: 'URL', value: (row) => row.url },
  { title: 'STATUS', align: 'right', value: (row) => row.status },
  { title: 'TYPE', spare: 3, value: (row) => row.contentType || '-' },
  { title: 'SIZE', spare: 4, align: 'right', value: (row) => formatBytes(row.bytes) },
  { title: 'AGE', spare: 2, align: 'right', value: (row) => formatDuration(row.ageSeconds * 1000) },
  { title: 'FRESH', align: 'right', value: (row) => freshness(row) },
  { title: 'VALIDATOR', spare: 1, value: (row) => row.validator || '-' },
];

/** How long it is used without asking the server. */
function freshness({ freshSeconds }: HttpCacheRow): string {
  return freshSeconds > 0 ? formatDuration(freshSeconds * 1000) : 'stale';
}

const cookies: readonly FittedColumn<CookieRow>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'VALUE', value: (row) => row.value },
  { title: 'DOMAIN', value: (row) => row.domain },
  { title: 'PATH', spare: 5, value: (row) => row.path },
  { title: 'EXPIRES', spare: 4, value: (row) => expiry(row) },
  { title: 'SECURE', spare: 3, value: (row) => (row.secure ? 'yes' : 'no') },
  { title: 'HTTPONLY', spare: 2, value: (row) => (row.httpOnly ? 'yes' : 'no') },
  { title: 'SAMESITE', spare: 1, value: (row) => row.sameSite },
];

function expiry({ expiresMs }: CookieRow): string {
  return expiresMs === undefined
    ? 'with the session'
    : new Date(expiresMs).toISOString().slice(0, 19).replace('T', ' ');
}

const dhcp: readonly FittedColumn<DhcpRow>[] = [
  { title: 'ROLE', value: (row) => row.role },
  { title: 'INTERFACE', spare: 2, value: (row) => row.interface },
  { title: 'ADDRESS', value: (row) => row.address || '-' },
  { title: 'MAC', value: (row) => row.mac },
  { title: 'STATE', value: (row) => row.state },
  { title: 'SERVER', spare: 3, value: (row) => row.server || '-' },
  {
    title: 'LEASE',
    align: 'right',
    value: (row) => (row.leaseSeconds > 0 ? formatDuration(row.leaseSeconds * 1000) : '-'),
  },
  { title: 'HOST NAME', spare: 1, value: (row) => row.hostName || '-' },
];
const counters: readonly FittedColumn<CounterRow>[] = [
  { title: 'COUNTER', value: (row) => row.name },
  { title: 'VALUE', align: 'right', value: (row) => row.value },
];

const faults: readonly FittedColumn<FaultRow>[] = [
  { title: 'FAULT', value: (row) => row.fault },
  { title: 'DOES', value: (row) => row.title },
  { title: 'PORT', value: (row) => row.port ?? '-' },
  { title: 'DIRECTION', spare: 2, value: (row) => row.direction ?? '-' },
  { title: 'MATCHED', spare: 1, align: 'right', value: (row) => row.matched },
  { title: 'HIT', align: 'right', value: (row) => row.hit },
  { title: 'STATE', value: (row) => (row.exhausted ? 'used up' : 'in force') },
];

const COLUMNS: { readonly [Name in TableName]: readonly FittedColumn<never>[] } = {
  interfaces,
  arp,
  routes,
  sockets,
  'mac-table': macTable,
  'dns-cache': dnsCache,
  zones,
  'http-cache': httpCache,
  cookies,
  dhcp,
  counters,
  faults,
};

function render(table: TableName, rows: readonly TableRow[], paint: Paint): string {
  if (rows.length === 0) return paint('dim', 'empty');
  return fittedTable(visible(rows) as readonly never[], COLUMNS[table], paint, process.stdout.columns);
}

/** A device whose tables are looked at: over its present connection, or over a new one when it comes back. */
class Looking {
  private readonly state: LabState;
  private readonly device: string;
  private client: RpcClient | undefined;

  constructor(state: LabState, device: string) {
    this.state = state;
    this.device = device;
  }

  /** Rejects with a CliError. */
  async call<Result>(method: string, params: object = {}): Promise<Result> {
    try {
      this.client ??= await connectDevice(this.state, this.device);
      return await ask<Result>(this.state, this.device, this.client, method, params);
    } catch (error) {
      // What is refused is refused over every connection.
      if (error instanceof CliError) this.close();
      throw asCliError(error);
    }
  }

  close(): void {
    this.client?.terminate();
    this.client = undefined;
  }
}

/** The one table that was asked for, or all that the device has. */
async function chooseTables(looking: Looking, wanted: string | undefined): Promise<TableName[]> {
  if (wanted === undefined) return looking.call<TableName[]>('tables');
  if ((TABLE_NAMES as readonly string[]).includes(wanted)) return [wanted as TableName];
  const near = nearest(wanted, TABLE_NAMES);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new CliError(2, `there is no table ${wanted}`, `Tables: ${TABLE_NAMES.join(', ')}.${hint}`);
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description("show a device's tables")
    .argument('<device>', 'the device')
    .argument('[table]', `one of ${TABLE_NAMES.join(', ')}; all that the device has when left out`)
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print JSON')
    .option('--watch', 'show it again twice a second until Ctrl-C')
    .action(
      async (
        device: string,
        wanted: string | undefined,
        options: { lab?: string; json?: boolean; watch?: boolean },
      ) => {
        const state = await findLab(options.lab);
        const looking = new Looking(state, device);
        const paint = painter(process.stdout);
        const show = async (tables: readonly TableName[]) => {
          const contents = await Promise.all(tables.map((table) => looking.call<TableRow[]>('inspect', { table })));
          if (options.json) {
            printJson(
              wanted === undefined ? Object.fromEntries(tables.map((table, i) => [table, contents[i]])) : contents[0],
            );
            return;
          }
          const parts = tables.map((table, i) => {
            const body = render(table, contents[i], paint);
            return wanted === undefined ? `${paint(['bold', 'cyan'], table)}\n${body}\n` : body;
          });
          print((options.watch && process.stdout.isTTY ? CLEAR_SCREEN : '') + parts.join('\n'));
        };
        try {
          const tables = await chooseTables(looking, wanted);
          await show(tables);
          let said = '';
          while (options.watch) {
            await new Promise((resolve) => setTimeout(resolve, WATCH_INTERVAL_MS));
            try {
              await show(tables);
              said = '';
            } catch (error) {
              // One that is away may come back, as long as there is its lab.
              if (!isAlive(state.pid)) throw error;
              const { message } = error as Error;
              const head = message.replace(/ \d.* ago$/, '');
              if (head !== said) news(message);
              said = head;
            }
          }
        } finally {
          looking.close();
        }
      },
    );
}
