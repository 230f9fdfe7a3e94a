/** What a device does for its clients: the methods of devices/control/rpc.ts. */
import type { Machine } from '../apps/machine.js';
import {
  type DeviceConfig,
  type DeviceStatus,
  type FetchRequest,
  type FetchResult,
  type InterfaceRow,
  invalidParams,
  type RpcMethod,
  type RpcParams,
  refuse,
  TABLE_NAMES,
  type TableName,
} from '../control.js';
import { compileFilter, type Filter, isFilterError } from '../stack/wire/filter/filter.js';
import type { Attachments } from './attachments.js';
import { CaptureHub, type CaptureRequest } from './capture.js';
import type { DeviceChaos } from './chaos.js';
import type { DeviceClock } from './clock.js';
import { ExecSessions } from './exec.js';
import { inLabTime } from './lab-times.js';
import { Streams } from './streams.js';
import type { TraceHub } from './trace.js';

export interface DeviceParts {
  readonly config: DeviceConfig;
  readonly machine: Machine;
  readonly attachments: Attachments;
  readonly traces: TraceHub;
  readonly chaos: DeviceChaos;
  readonly clock: DeviceClock;
  /** Starts the machine's programs; once. */
  start(): void;
  /** Ends the process in an orderly way. */
  shutdown(): void;
}

export function deviceMethods(parts: DeviceParts): Record<string, RpcMethod> {
  const { config, machine, traces, attachments, chaos, clock } = parts;
  const captures = new CaptureHub(
    machine.ports,
    (port) => {
      const { mac, addresses } = interfaceRow(machine, port.name);
      const { rateBps } = port.impairment;
      return {
        device: config.name,
        port: port.name,
        link: port.link,
        mac: mac ?? '',
        addresses: addresses ?? [],
        ...(rateBps !== undefined && { rateBps }),
      };
    },
    clock.toLab,
  );
  attachments.onAttached = (port) => {
    captures.attached(port);
    chaos.attached(port);
  };
  attachments.onDetached = (port) => {
    captures.detached(port);
    chaos.detached(port);
  };
  const sessions = new ExecSessions(machine.commands);
  const streams = new Streams(machine);
  return {
    start: () => parts.start(),
    status: () => status(parts),
    tables: () => tablesOf(machine),
    inspect: (params) => inspect(parts, params),
    exec: (params, peer) => sessions.exec(params, peer),
    'exec-input': (params, peer) => sessions.input(params, peer),
    'exec-interrupt': (params, peer) => sessions.interrupt(params, peer),
    complete: ({ line }) => ({ candidates: sessions.complete(typeof line === 'string' ? line : '') }),
    'capture-start': (params, peer) => captures.start(peer, captureRequest(params)),
    'capture-stop': (_params, peer) => captures.stop(peer),
    'trace-start': ({ events }, peer) => traces.start(peer, names('trace-start', 'events', events)),
    'trace-stop': (_params, peer) => traces.stop(peer),
    attach: (params) => attachments.attach(params),
    detach: (params) => attachments.detach(params),
    fetch: async (params) => {
      const result = await fetchPage(machine, params);
      return clock.isRight ? result : inLabTime(result, clock.toLab);
    },
    resolve: (params) => streams.resolve(params),
    'stream-open': (params, peer) => streams.open(params, peer),
    'stream-end': (_params, peer) => streams.end(peer),
    chaos: (params) => chaos.order(params),
    shutdown: () => {
      // After the answer has left.
      setImmediate(() => parts.shutdown());
    },
  };
}

function captureRequest({ ports, outOnly, filter }: RpcParams): CaptureRequest {
  return {
    ports: names('capture-start', 'ports', ports),
    outOnly: names('capture-start', 'outOnly', outOnly),
    filter: captureFilter(filter),
  };
}

function captureFilter(text: unknown): Filter | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw invalidParams('capture-start takes an expression `filter`');
  const filter = compileFilter(text);
  if (isFilterError(filter)) throw refuse(`filter, column ${filter.column}: ${filter.message}`);
  return filter;
}

function names(method: string, member: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw invalidParams(`${method} takes a list of names \`${member}\``);
}

function status({ config, machine }: DeviceParts): DeviceStatus {
  const cpu = process.cpuUsage();
  let [framesIn, framesOut, framesDropped] = [0, 0, 0];
  for (const { counters } of machine.ports) {
    framesIn += counters.framesIn;
    framesOut += counters.framesOut;
    framesDropped += counters.droppedIn + counters.droppedOut;
  }
  return {
    name: config.name,
    kind: config.kind,
    lab: config.lab,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    cpuMs: Math.round((cpu.user + cpu.system) / 1000),
    memoryRssBytes: process.memoryUsage.rss(),
    framesIn,
    framesOut,
    framesDropped,
    configured: machine.configured,
    loaded: machine.loaded,
    faults: machine.faults,
  };
}

function interfaceRow(machine: Machine, portName: string): Partial<InterfaceRow> {
  const rows = machine.inspect('interfaces') as InterfaceRow[];
  return rows.find((row) => row.name === portName) ?? {};
}

/** What chaos does is no part of the machine, but told beside what is. */
function tablesOf(machine: Machine): readonly TableName[] {
  return TABLE_NAMES.filter((name) => name === 'faults' || machine.tables.includes(name));
}

function inspect({ machine, attachments, chaos }: DeviceParts, { table }: RpcParams): unknown {
  if (typeof table !== 'string') throw invalidParams('inspect takes a text `table`');
  const tables = tablesOf(machine);
  if (!tables.includes(table as TableName)) {
    const known = TABLE_NAMES.includes(table as TableName)
      ? `a ${machine.kind} has no table ${table}`
      : `no table ${table}`;
    throw refuse(`${known}. Tables of ${machine.name}: ${tables.join(', ')}`);
  }
  if (table === 'faults') return chaos.rows();
  const rows = machine.inspect(table as TableName);
  if (table !== 'interfaces') return rows;
  return (rows as InterfaceRow[]).map((row) => ({ ...row, ...attachments.datagrams(row.name) }));
}

async function fetchPage(machine: Machine, params: RpcParams): Promise<FetchResult> {
  if (machine.fetch === undefined) throw refuse(`${machine.name} is a ${machine.kind}: only hosts have a browser`);
  if (typeof params.url !== 'string') throw invalidParams('fetch takes a text `url`');
  return machine.fetch(params as unknown as FetchRequest);
}
