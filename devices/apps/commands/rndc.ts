/** `rndc`, on DNS servers: what BIND's control program does to zones, as far as it makes sense here. */
import type { ZoneRow } from '../../control/tables.js';
import type { Command } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';

/** The zones of the server, by name. */
export interface ZoneControl {
  zoneRows(): ZoneRow[];
  /** Each false for a zone that is not here, or has no primaries (the first two), or nobody to tell. */
  refreshZone(name: string): boolean;
  retransferZone(name: string): boolean;
  notifyZone(name: string): boolean;
}

const USAGE = 'rndc status | rndc zonestatus|refresh|retransfer|notify zone';

/** `server` is there when the command runs. */
export function rndc(server: () => ZoneControl): Command {
  return defineCommand({
    name: 'rndc',
    summary: 'control the zones of this server: ask the primaries, copy anew, tell the others',
    usage: USAGE,
    async run(argv, io) {
      const [action, name, ...rest] = argv;
      if (action === 'status' && name === undefined) {
        io.stdout(`number of zones: ${server().zoneRows().length}\nserver is up and running\n`);
        return 0;
      }
      if (name === undefined || rest.length > 0) throw new UsageError('which action, of which zone?');
      const zone = name === '.' ? name : name.toLowerCase().replace(/\.$/, '');
      const row = server()
        .zoneRows()
        .find((one) => one.name.toLowerCase() === zone);
      if (row === undefined) throw new CommandFailure(`'${action}' failed: no matching zone '${name}'`);
      io.stdout(act(server(), action, row));
      return 0;
    },
  });
}

function act(server: ZoneControl, action: string, row: ZoneRow): string {
  const done = (isDone: boolean, said: string, lack: string): string => {
    if (isDone) return `${said}\n`;
    throw new CommandFailure(`'${action}' failed: ${lack}`);
  };
  switch (action) {
    case 'zonestatus':
      return status(row);
    case 'refresh':
      return done(server.refreshZone(row.name), 'zone refresh queued', 'not a secondary zone');
    case 'retransfer':
      return done(server.retransferZone(row.name), 'zone transfer queued', 'not a secondary zone');
    case 'notify':
      return done(server.notifyZone(row.name), 'zone notify queued', 'nobody is to be told');
    default:
      throw new UsageError(`unknown command '${action}'`);
  }
}

function status(row: ZoneRow): string {
  const lines = [
    ['name', row.name],
    ['type', row.role],
    ['serial', row.serial < 0 ? 'none' : String(row.serial)],
    ['records', String(row.records)],
    ['changes kept', String(row.journal)],
    ...(row.primaries.length > 0 ? [['primaries', row.primaries.join(' ')]] : []),
    ...(row.notify.length > 0 ? [['notified', row.notify.join(' ')]] : []),
    ...(row.refreshSeconds < 0 ? [] : [['next refresh', `in ${row.refreshSeconds} s`]]),
    ...(row.expireSeconds < 0 ? [] : [['expires', `in ${row.expireSeconds} s`]]),
  ];
  return lines.map(([title, value]) => `${title}: ${value}\n`).join('');
}
