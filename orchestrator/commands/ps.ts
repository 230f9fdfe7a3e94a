import { basename } from 'node:path';
import { Command } from 'commander';
import type { DeviceStatus } from '../../devices/control.js';
import { type FittedColumn, fittedTable } from '../fitted-table.js';
import { type DeviceState, describeState, type SupervisedDevice } from '../lab/device-state.js';
import { readPss } from '../lab/memory.js';
import { supervisedRows } from '../lab/reach-device.js';
import { RpcClient } from '../lab/rpc-client.js';
import { findLab, type LabDevice } from '../lab/state.js';
import { formatBytes, formatDuration, painter, print, printJson } from '../terminal.js';

/** One row of `ps --json`. */
interface ProcessRow {
  name: string;
  kind: string;
  /** Zero while it has no process. */
  pid: number;
  /** As the lab has it; `configuring` while it waits for its address; `silent` when it runs and does not answer. */
  state: DeviceState | 'configuring' | 'silent';
  /** Who has brought it into this state: `fault-3`. */
  by?: string;
  /** Of its present process. */
  uptimeMs: number;
  cpuMs: number;
  memoryPssBytes: number;
  framesIn: number;
  framesOut: number;
  framesDropped: number;
}

const ANSWER_LIMIT_MS = 2000;

async function askStatus(device: LabDevice): Promise<DeviceStatus | undefined> {
  const timeout = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ANSWER_LIMIT_MS).unref());
  const answer = async () => {
    const client = await RpcClient.connect(device.control);
    try {
      return await client.call<DeviceStatus>('status');
    } finally {
      client.close();
    }
  };
  return Promise.race([answer().catch(() => undefined), timeout]);
}

async function processRow(device: LabDevice, supervised: SupervisedDevice | undefined): Promise<ProcessRow> {
  const { state, pid = device.pid, by } = supervised ?? {};
  const canAnswer = state === undefined || state === 'running';
  const status = canAnswer ? await askStatus(device) : undefined;
  const alive = status === undefined ? 'silent' : status.configured ? 'running' : 'configuring';
  return {
    name: device.name,
    kind: device.kind,
    pid,
    state: canAnswer ? alive : state,
    ...(by !== undefined && !canAnswer && { by }),
    uptimeMs: status?.uptimeMs ?? 0,
    cpuMs: status?.cpuMs ?? 0,
    memoryPssBytes: (pid === 0 ? 0 : readPss(pid)) ?? status?.memoryRssBytes ?? 0,
    framesIn: status?.framesIn ?? 0,
    framesOut: status?.framesOut ?? 0,
    framesDropped: status?.framesDropped ?? 0,
  };
}

/** A column of what only a device itself can tell. */
function told(value: (row: ProcessRow) => string | number): (row: ProcessRow) => string | number {
  return (row) => (row.state === 'running' || row.state === 'configuring' ? value(row) : '-');
}

const COLUMNS: readonly FittedColumn<ProcessRow>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'KIND', spare: 3, value: (row) => row.kind },
  { title: 'PID', spare: 4, align: 'right', value: (row) => row.pid || '-' },
  { title: 'STATE', value: (row) => row.state },
  { title: 'UPTIME', spare: 1, align: 'right', value: told((row) => formatDuration(row.uptimeMs)) },
  { title: 'CPU', spare: 2, align: 'right', value: told((row) => formatDuration(row.cpuMs)) },
  {
    title: 'MEMORY',
    align: 'right',
    value: (row) => (row.memoryPssBytes === 0 ? '-' : formatBytes(row.memoryPssBytes)),
  },
  { title: 'IN', align: 'right', value: told((row) => row.framesIn) },
  { title: 'OUT', align: 'right', value: told((row) => row.framesOut) },
  { title: 'DROPPED', spare: 5, align: 'right', value: told((row) => row.framesDropped) },
];

export function psCommand(): Command {
  return new Command('ps')
    .description('list the devices: process, state, uptime, CPU, memory, frames')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print JSON')
    .action(async ({ lab, json }: { lab?: string; json?: boolean }) => {
      const state = await findLab(lab);
      const supervised = new Map((await supervisedRows(state.name)).map((row) => [row.name, row]));
      const rows = await Promise.all(state.devices.map((device) => processRow(device, supervised.get(device.name))));
      if (json) printJson(rows);
      else {
        const paint = painter(process.stdout);
        print(fittedTable(rows, COLUMNS, paint, process.stdout.columns));
        const now = Date.now();
        for (const row of supervised.values()) {
          if (row.state !== 'running' && row.state !== 'dead') print(paint('dim', describeState(row, now)));
        }
        const memory = rows.reduce((sum, row) => sum + row.memoryPssBytes, 0);
        print(
          paint(
            'dim',
            `lab ${state.name} (${basename(state.topology)}): ${rows.length} devices, ${formatBytes(memory)}`,
          ),
        );
      }
    });
}
