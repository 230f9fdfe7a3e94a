import { basename } from 'node:path';
import { Command } from 'commander';
import type { DeviceStatus } from '../../devices/control.js';
import { type FittedColumn, fittedTable } from '../fitted-table.js';
import type { SupervisedDevice } from '../lab/lab-server.js';
import { readPss } from '../lab/memory.js';
import { RpcClient } from '../lab/rpc-client.js';
import { connectLab, findLab, type LabDevice, type LabState } from '../lab/state.js';
import { formatBytes, formatDuration, painter, print, printJson } from '../terminal.js';

/** One row of `ps --json`. */
interface ProcessRow {
  name: string;
  kind: string;
  pid: number;
  /** `running`; `configuring` while it waits for its address; `silent` when it does not answer; `dead`. */
  state: 'running' | 'configuring' | 'silent' | 'dead';
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

async function processRows(lab: LabState): Promise<ProcessRow[]> {
  const supervisor = await connectLab(lab.name);
  const supervised = (await supervisor?.call<SupervisedDevice[]>('lab-status')) ?? [];
  supervisor?.close();
  return Promise.all(
    lab.devices.map(async (device) => {
      const dead = supervised.find(({ name }) => name === device.name)?.state === 'dead';
      const status = dead ? undefined : await askStatus(device);
      const alive = status?.configured === false ? 'configuring' : 'running';
      return {
        name: device.name,
        kind: device.kind,
        pid: device.pid,
        state: dead ? 'dead' : status === undefined ? 'silent' : alive,
        uptimeMs: status?.uptimeMs ?? 0,
        cpuMs: status?.cpuMs ?? 0,
        memoryPssBytes: dead ? 0 : (readPss(device.pid) ?? status?.memoryRssBytes ?? 0),
        framesIn: status?.framesIn ?? 0,
        framesOut: status?.framesOut ?? 0,
        framesDropped: status?.framesDropped ?? 0,
      } as const;
    }),
  );
}

const COLUMNS: readonly FittedColumn<ProcessRow>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'KIND', spare: 3, value: (row) => row.kind },
  { title: 'PID', spare: 4, align: 'right', value: (row) => row.pid },
  { title: 'STATE', value: (row) => row.state },
  { title: 'UPTIME', spare: 1, align: 'right', value: (row) => formatDuration(row.uptimeMs) },
  { title: 'CPU', spare: 2, align: 'right', value: (row) => formatDuration(row.cpuMs) },
  { title: 'MEMORY', align: 'right', value: (row) => formatBytes(row.memoryPssBytes) },
  { title: 'IN', align: 'right', value: (row) => row.framesIn },
  { title: 'OUT', align: 'right', value: (row) => row.framesOut },
  { title: 'DROPPED', spare: 5, align: 'right', value: (row) => row.framesDropped },
];

export function psCommand(): Command {
  return new Command('ps')
    .description('list the devices: process, state, uptime, CPU, memory, frames')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print JSON')
    .action(async ({ lab, json }: { lab?: string; json?: boolean }) => {
      const state = await findLab(lab);
      const rows = await processRows(state);
      if (json) printJson(rows);
      else {
        const paint = painter(process.stdout);
        print(fittedTable(rows, COLUMNS, paint, process.stdout.columns));
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
