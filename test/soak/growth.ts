/** What a lab holds while it is worked hard: the rows of its tables and the memory of its processes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RpcClient } from '../../orchestrator/lab/rpc-client.js';
import type { Netarium } from '../e2e/command.js';

const ANSWER_LIMIT_MS = 2_000;
/** Far above what some dozens of page loads a minute need; TIME_WAIT keeps a connection for a minute. */
const MOST_ROWS = 2_000;
/** The supervisor lives through all of it. What it has after the first samples it may have this many times. */
const MOST_GROWTH = 1.5;
/** Samples until the processes have loaded what they load once. */
const WARM = 3;

interface Sample {
  /** Rows by table, the most that one device has. */
  readonly rows: ReadonlyMap<string, number>;
  /** MiB. */
  readonly supervisor: number;
  readonly largestDevice: number;
}

export class Growth {
  private readonly net: Netarium;
  private readonly lab: string;
  private readonly samples: Sample[] = [];

  constructor(net: Netarium, lab: string) {
    this.net = net;
    this.lab = lab;
  }

  async sample(): Promise<void> {
    const state = JSON.parse(readFileSync(join(this.net.runDir, this.lab, 'lab.json'), 'utf8')) as {
      pid: number;
      devices: { control: string; pid: number }[];
    };
    const rows = new Map<string, number>();
    for (const { control } of state.devices) await countRows(control, rows);
    this.samples.push({
      rows,
      supervisor: megabytes(state.pid),
      largestDevice: Math.max(...state.devices.map(({ pid }) => megabytes(pid))),
    });
  }

  violations(): string[] {
    const found: string[] = [];
    for (const { rows } of this.samples) {
      for (const [table, count] of rows) if (count > MOST_ROWS) found.push(`a table ${table} has ${count} rows`);
    }
    const first = this.samples[Math.min(WARM, this.samples.length - 1)];
    const last = this.samples.at(-1);
    if (first !== undefined && last !== undefined && last.supervisor > first.supervisor * MOST_GROWTH) {
      found.push(`the supervisor has grown from ${first.supervisor} to ${last.supervisor} MiB`);
    }
    return found;
  }

  lines(): string[] {
    return this.samples.map(({ rows, supervisor, largestDevice }, index) => {
      const tables = [...rows].map(([table, count]) => `${table} ${count}`).join(', ');
      return `sample ${index}: supervisor ${supervisor} MiB, largest device ${largestDevice} MiB; most rows: ${tables}`;
    });
  }
}

/** Of a device that answers; one that is paused or dead now is counted the next time. */
async function countRows(control: string, rows: Map<string, number>): Promise<void> {
  const client = await RpcClient.connect(control).catch(() => undefined);
  if (client === undefined) return;
  try {
    for (const table of await client.call<string[]>('tables', {}, ANSWER_LIMIT_MS)) {
      const { length } = await client.call<unknown[]>('inspect', { table }, ANSWER_LIMIT_MS);
      rows.set(table, Math.max(rows.get(table) ?? 0, length));
    }
  } catch {
    // Ended or paused meanwhile.
  } finally {
    client.close();
  }
}

/** Resident set size; 0 of a process that is not there. */
function megabytes(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kilobytes ?? 0) / 1024);
  } catch {
    return 0;
  }
}
