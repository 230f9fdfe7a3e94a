/** `show TABLE`: what `inspect` gives as JSON, for people. On every kind of device. */
import { TABLE_NAMES, type TableName, type TableRow } from '../../control/tables.js';
import type { Command, TableContext } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { textTable } from './text-table.js';

/** Title and member of the row. What a table has besides is in `inspect DEVICE TABLE --json`. */
const COLUMNS: Readonly<Record<TableName, readonly (readonly [title: string, member: string])[]>> = {
  interfaces: [
    ['Interface', 'name'],
    ['MAC', 'mac'],
    ['Addresses', 'addresses'],
    ['MTU', 'mtu'],
    ['Carrier', 'carrier'],
    ['Frames in', 'framesIn'],
    ['Frames out', 'framesOut'],
    ['Dropped in', 'droppedIn'],
    ['Dropped out', 'droppedOut'],
  ],
  arp: [
    ['Address', 'ip'],
    ['MAC', 'mac'],
    ['Interface', 'interface'],
    ['State', 'state'],
    ['Age', 'ageMs'],
  ],
  routes: [
    ['Destination', 'destination'],
    ['Mask', 'genmask'],
    ['Gateway', 'gateway'],
    ['Interface', 'interface'],
    ['Metric', 'metric'],
    ['Source', 'source'],
  ],
  sockets: [
    ['Protocol', 'protocol'],
    ['Local', 'local'],
    ['Remote', 'remote'],
    ['State', 'state'],
    ['Program', 'program'],
  ],
  'mac-table': [
    ['MAC', 'mac'],
    ['Port', 'port'],
    ['Age', 'ageMs'],
  ],
  'dns-cache': [
    ['Cache', 'cache'],
    ['Name', 'name'],
    ['Type', 'type'],
    ['Data', 'data'],
    ['TTL', 'ttlSeconds'],
  ],
  zones: [
    ['Zone', 'name'],
    ['Role', 'role'],
    ['State', 'state'],
    ['Serial', 'serial'],
    ['Records', 'records'],
    ['Journal', 'journal'],
    ['Primaries', 'primaries'],
    ['Notify', 'notify'],
    ['Refresh in', 'refreshSeconds'],
    ['Expires in', 'expireSeconds'],
  ],
  'http-cache': [
    ['URL', 'url'],
    ['Status', 'status'],
    ['Type', 'contentType'],
    ['Bytes', 'bytes'],
    ['Age', 'ageSeconds'],
    ['Fresh', 'freshSeconds'],
  ],
  cookies: [
    ['Name', 'name'],
    ['Value', 'value'],
    ['Domain', 'domain'],
    ['Path', 'path'],
    ['Secure', 'secure'],
    ['HttpOnly', 'httpOnly'],
    ['SameSite', 'sameSite'],
  ],
  dhcp: [
    ['Role', 'role'],
    ['Interface', 'interface'],
    ['Address', 'address'],
    ['MAC', 'mac'],
    ['State', 'state'],
    ['Server', 'server'],
    ['Lease', 'leaseSeconds'],
    ['Host name', 'hostName'],
  ],
  counters: [
    ['Counter', 'name'],
    ['Value', 'value'],
  ],
  faults: [
    ['Fault', 'fault'],
    ['Does', 'title'],
    ['Port', 'port'],
    ['Matched', 'matched'],
    ['Hit', 'hit'],
  ],
};

export function show(context: TableContext): Command {
  return defineCommand({
    name: 'show',
    summary: `show ${context.tables.join(', ')}`,
    usage: `show ${context.tables.join('|')}`,
    async run(argv, io) {
      const [word, ...rest] = argv;
      if (word === undefined || rest.length > 0) throw new UsageError('which table?');
      const table = tableOf(word);
      if (!context.tables.includes(table)) {
        throw new CommandFailure(`${context.machineName} has no ${table} table; it has ${context.tables.join(', ')}`);
      }
      const columns = COLUMNS[table];
      const rows = context.inspect(table).map((row) => columns.map(([, member]) => cell(row, member)));
      io.stdout(
        textTable(
          columns.map(([title]) => title),
          rows,
        ),
      );
      return 0;
    },
  });
}

/** By any abbreviation that fits one name alone: `show int`. */
function tableOf(word: string): TableName {
  const fitting = TABLE_NAMES.filter((name) => name.startsWith(word));
  const exact = fitting.find((name) => name === word);
  if (exact === undefined && fitting.length !== 1) throw new UsageError(`'${word}' is no table`);
  return exact ?? fitting[0];
}

function cell(row: TableRow, member: string): string {
  const value = (row as unknown as Readonly<Record<string, unknown>>)[member];
  if (member.endsWith('Ms') && typeof value === 'number') return `${(value / 1000).toFixed(1)} s`;
  if (member.endsWith('Seconds') && value === -1) return '-';
  if (member.endsWith('Seconds')) return `${value} s`;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '');
  return text === '' ? '-' : text;
}
