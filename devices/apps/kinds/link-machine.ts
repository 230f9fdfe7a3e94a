/** What switches and hubs have in common: ports, a clock, and nobody who would run a program. */
import type { DeviceConfig, PortConfig } from '../../control/config.js';
import type { TableName, TableRow } from '../../control/tables.js';
import type { Instant, Timers } from '../../stack/clock.js';
import type { Counters } from '../../stack/counters.js';
import type { Port } from '../../stack/link/port.js';
import type { Command } from '../commands/command.js';
import { linkCommands } from '../commands/index.js';
import type { Environment, Machine } from '../machine.js';
import { counterRows, createPort, interfaceRow, unlist } from './ports.js';
import { readTable, type Tables, tableNames } from './tables.js';

export interface LinkMachineParts {
  readonly config: DeviceConfig;
  readonly env: Environment;
  /** Become the machine's own list. */
  readonly ports: Port[];
  readonly timers: Timers;
  /** What joins the ports: it has them all already. */
  readonly device: { addPort(port: Port): void; removePort(port: Port): void };
  readonly counters: Counters;
  /** Besides `interfaces` and `counters`. */
  readonly tables: Tables;
}

export class LinkMachine implements Machine {
  readonly name: string;
  readonly kind: string;
  readonly ports: readonly Port[];
  readonly counters: Counters;
  readonly configured = true;
  readonly loaded = true;
  readonly faults: readonly string[] = [];
  readonly tables: readonly TableName[];
  readonly commands: ReadonlyMap<string, Command>;
  private readonly env: Environment;
  private readonly portList: Port[];
  private readonly device: LinkMachineParts['device'];
  private readonly timers: Timers;
  private readonly sources: Tables;

  constructor({ config, env, ports, timers, device, counters, tables }: LinkMachineParts) {
    this.name = config.name;
    this.kind = config.kind;
    this.env = env;
    this.ports = ports;
    this.portList = ports;
    this.device = device;
    this.timers = timers;
    this.counters = counters;
    this.sources = {
      ...tables,
      interfaces: () => ports.map((port) => interfaceRow(port)),
      counters: () => counterRows(counters),
    };
    this.tables = tableNames(this.sources);
    this.commands = linkCommands({
      machineName: this.name,
      tables: this.tables,
      inspect: (table) => this.inspect(table),
      ports,
      now: () => env.now(),
      wallClock: () => env.wallClock(),
    });
  }

  addPort(config: PortConfig): Port {
    const port = createPort(config, this.env, this.timers);
    this.portList.push(port);
    this.device.addPort(port);
    return port;
  }

  removePort(port: Port): void {
    unlist(this.portList, port);
    this.device.removePort(port);
  }

  receive(port: Port, packet: Uint8Array, now: Instant): void {
    if (now > this.timers.now) this.timers.now = now;
    port.receive(packet);
  }

  advance(now: Instant): void {
    this.timers.advance(now);
  }

  nextTimeoutAt(): Instant {
    return this.timers.nextAt();
  }

  start(): void {}

  async stop(): Promise<void> {}

  inspect(table: TableName): TableRow[] {
    return readTable(this.sources, table);
  }
}
