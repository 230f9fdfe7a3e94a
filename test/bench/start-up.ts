/** What a device costs before it does anything: CPU time and memory, beside a bare Node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceConfig, DeviceKind, DeviceStatus } from '../../devices/control.js';
import { readPss } from '../../orchestrator/lab/memory.js';
import { deviceProgram } from '../../orchestrator/lab/paths.js';
import { RpcClient } from '../../orchestrator/lab/rpc-client.js';
import { startHelper } from './helper-process.js';
import { quantile } from './measure.js';
import type { Row } from './results.js';

const STARTS = 5;
const BARE =
  'const {user,system}=process.cpuUsage();console.log(JSON.stringify({cpuMs:(user+system)/1000,rss:process.memoryUsage.rss()}));process.stdin.on("end",()=>process.exit()).resume()';

interface Cost {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

export async function measureStartUp(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-bench-'));
  try {
    const bare = await median(startBare);
    const rows: Row[] = [];
    const add = (what: string, cost: Cost) => {
      const compared = what !== 'bare Node';
      rows.push(
        row(`${what}: CPU until ready`, cost.cpuMs, 'ms', compared ? bare.cpuMs : undefined),
        row(`${what}: memory`, cost.memoryBytes / 1e6, 'MB', compared ? bare.memoryBytes / 1e6 : undefined),
      );
    };
    add('bare Node', bare);
    for (const kind of ['switch', 'router', 'host'] as const) add(kind, await median(() => startDevice(kind, folder)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function row(what: string, value: number, unit: string, base: number | undefined): Row {
  return base === undefined ? { what, value, unit } : { what, value, unit, ratio: value / base, of: 'bare Node' };
}

async function median(measure: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < STARTS; i++) costs.push(await measure());
  return {
    cpuMs: quantile(
      costs.map(({ cpuMs }) => cpuMs),
      0.5,
    ),
    memoryBytes: quantile(
      costs.map(({ memoryBytes }) => memoryBytes),
      0.5,
    ),
  };
}

async function startBare(): Promise<Cost> {
  const helper = await startHelper(['-e', BARE]);
  const { cpuMs, rss } = JSON.parse(helper.firstLine);
  const memoryBytes = readPss(helper.pid) ?? rss;
  await helper.close();
  return { cpuMs, memoryBytes };
}

async function startDevice(kind: DeviceKind, folder: string): Promise<Cost> {
  const isBridge = kind === 'switch';
  const config: DeviceConfig = {
    lab: 'bench',
    name: kind,
    kind,
    seed: 1,
    control: join(folder, `${kind}.sock`),
    logFile: join(folder, `${kind}.log`),
    ports: [isBridge ? { name: '1' } : { name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] }],
  };
  const file = join(folder, `${kind}.json`);
  writeFileSync(file, JSON.stringify(config));
  const helper = await startHelper([deviceProgram(kind), '--config', file]);
  const client = await RpcClient.connect(config.control);
  const { cpuMs, memoryRssBytes } = await client.call<DeviceStatus>('status');
  const memoryBytes = readPss(helper.pid) ?? memoryRssBytes;
  client.close();
  await helper.close();
  return { cpuMs, memoryBytes };
}
