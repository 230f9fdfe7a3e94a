/**
 * What hosts, routers and DNS servers have in common: ports with addresses, a protocol stack, sockets, a resolver, DHCP
 * clients where the config wants them, and programs. Each kind adds its own.
 */
import type { DeviceConfig, PortConfig } from '../../control/config.js';
import type { StreamRequest } from '../../control/stream.js';
import type { DhcpRow, DnsCacheRow, InterfaceRow, TableName, TableRow } from '../../control/tables.js';
import { Network } from '../../net/network.js';
import { type Resolution, Resolver } from '../../net/resolver.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import { type Instant, Timers } from '../../stack/clock.js';
import { Counters } from '../../stack/counters.js';
import type { Nic } from '../../stack/link/nic.js';
import type { Port } from '../../stack/link/port.js';
import { Stack } from '../../stack/stack.js';
import { formatCidr, formatIpv4, formatMac, type Ipv4Address } from '../../stack/wire/address.js';
import type { Command } from '../commands/command.js';
import { hostCommands } from '../commands/index.js';
import { DhcpClient } from '../dhcp/client.js';
import { dial, lookUp } from '../dial.js';
import type { Environment, Machine } from '../machine.js';
import { counterRows, createPort, createPorts, interfaceRow, unlist } from './ports.js';
import { nicOptions, staticRoutes } from './stack-config.js';
import { readTable, type Tables, tableNames } from './tables.js';

/** More than the resolver takes: 5 s a question, two rounds, several servers. */
const RESOLVE_LIMIT_MS = 60_000;

/** Something that runs on a machine from its start to its end. */
export interface Program {
  /** May throw StackError: EADDRINUSE. */
  start(): void;
  /** For programs that are not whole yet when they have started: resolves with what could not be loaded, and why. */
  loaded?(): Promise<readonly string[]>;
  stop(): void | Promise<void>;
}

export interface StackMachineOptions {
  /** Whether packets for others are handed on. */
  readonly forwarding: boolean;
  /** Tables that this kind alone has. */
  readonly tables?: Tables;
  /** Commands that this kind has besides those of all. */
  readonly commands?: readonly Command[];
}

export class StackMachine implements Machine {
  readonly name: string;
  readonly kind: string;
  readonly ports: readonly Port[];
  readonly counters = new Counters();
  readonly stack: Stack;
  readonly network: Network;
  readonly resolver: Resolver;
  readonly commands: ReadonlyMap<string, Command>;
  protected readonly env: Environment;
  private readonly dhcpClients: readonly DhcpClient[];
  readonly faults: string[] = [];
  private readonly programs: Program[] = [];
  private loading = 0;
  private readonly dnsSources: (() => DnsCacheRow[])[] = [];
  private readonly dhcpSources: (() => DhcpRow[])[] = [];
  private readonly sources: Tables;
  private readonly portList: Port[];
  private readonly nicsByPort: Map<Port, Nic>;
  private readonly waitingForAddress = new Set<() => void>();

  /** Throws RangeError for a config that cannot be: a port without MAC address, a route to nowhere. */
  constructor(config: DeviceConfig, env: Environment, { forwarding, tables, commands }: StackMachineOptions) {
    this.name = config.name;
    this.kind = config.kind;
    this.env = env;
    const timers = new Timers();
    timers.now = env.now();
    this.portList = createPorts(config, env, timers);
    this.ports = this.portList;
    this.stack = new Stack({
      name: config.name,
      nics: config.ports.map((port, index) => nicOptions(config.name, port, this.ports[index])),
      routes: staticRoutes(config),
      forwarding,
      random: env.random.fork('stack'),
      timers,
      tracer: env.tracer,
      counters: this.counters,
      wallClock: () => env.wallClock(),
      ...config.timing,
      tcp: config.tcp,
    });
    this.nicsByPort = new Map(this.stack.nics.map((nic) => [nic.port, nic]));
    this.network = new Network(this.stack, env);
    this.resolver = new Resolver(this.network, config.resolver ?? {}, env);
    this.dhcpClients = this.stack.nics
      .filter((_, index) => config.ports[index].dhcp === true)
      .map((nic) => this.createDhcpClient(nic));
    this.sources = { ...this.createTables(), ...tables };
    this.commands = hostCommands(
      {
        machineName: this.name,
        tables: this.tables,
        inspect: (table) => this.inspect(table),
        ports: this.ports,
        now: () => env.now(),
        wallClock: () => env.wallClock(),
        network: this.network,
        resolver: this.resolver,
        tracer: env.tracer,
        authorities: config.authorities ?? [],
        dhcpClients: this.dhcpClients,
        random: env.random.fork('commands'),
      },
      commands,
    );
  }

  get tables(): readonly TableName[] {
    return tableNames(this.sources);
  }

  get loaded(): boolean {
    return this.loading === 0;
  }

  get configured(): boolean {
    return this.dhcpClients.every((client) => client.configured);
  }

  /** Without an address, as a new card in a running machine: `ip address add` gives it one. */
  addPort(config: PortConfig): Port {
    const port = createPort(config, this.env, this.stack.timers);
    const nic = this.network.perform(() => this.stack.addNic(nicOptions(this.name, config, port)));
    this.portList.push(port);
    this.nicsByPort.set(port, nic);
    return port;
  }

  removePort(port: Port): void {
    const nic = this.nicsByPort.get(port);
    unlist(this.portList, port);
    this.nicsByPort.delete(port);
    if (nic !== undefined) this.network.perform(() => this.stack.removeNic(nic));
  }

  receive(port: Port, packet: Uint8Array, now: Instant): void {
    const nic = this.nicsByPort.get(port);
    // A port that was removed a moment ago.
    if (nic === undefined) return;
    this.stack.receive(nic, packet, now);
  }

  owns(address: Ipv4Address): boolean {
    return this.stack.ipv4.isLocal(address);
  }

  gatewayTo(destination: Ipv4Address): Ipv4Address | undefined {
    return this.stack.ipv4.routeFor(destination)?.gateway;
  }

  advance(now: Instant): void {
    this.stack.advance(now);
  }

  nextTimeoutAt(): Instant {
    return this.stack.nextTimeoutAt();
  }

  start(): void {
    this.network.perform(() => this.stack.start());
    for (const program of [...this.dhcpClients, ...this.programs] as Program[]) {
      try {
        program.start();
        if (program.loaded !== undefined) this.awaitLoaded(program.loaded());
      } catch (error) {
        this.env.log.error({ err: error }, `a program of ${this.name} does not start: ${(error as Error).message}`);
      }
    }
  }

  private async awaitLoaded(loaded: Promise<readonly string[]>): Promise<void> {
    this.loading += 1;
    this.faults.push(...(await loaded));
    this.loading -= 1;
  }

  /** The programs first, while the machine still has the addresses that they use; DHCP gives them back then. */
  async stop(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.stop()));
    await Promise.all(this.dhcpClients.map((client) => client.stop()));
  }

  inspect(table: TableName): TableRow[] {
    return readTable(this.sources, table);
  }

  connect(request: StreamRequest, signal: AbortSignal): Promise<TcpSocket> {
    return dial(this, request, signal);
  }

  resolve(name: string): Promise<Resolution> {
    return lookUp(this, name, RESOLVE_LIMIT_MS, new AbortController().signal);
  }

  /** Resolves when all ports have their addresses; rejects with the signal's reason when it aborts before. */
  whenConfigured(signal: AbortSignal): Promise<void> {
    if (this.configured) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const configured = () => {
        signal.removeEventListener('abort', abort);
        this.waitingForAddress.delete(configured);
        resolve();
      };
      const abort = () => {
        this.waitingForAddress.delete(configured);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.waitingForAddress.add(configured);
    });
  }

  /** For the kinds' own constructors. */
  protected addProgram(program: Program): void {
    this.programs.push(program);
  }

  /** Rows of one more cache of names, shown before those of the resolver. */
  protected addDnsRows(rows: () => DnsCacheRow[]): void {
    this.dnsSources.push(rows);
  }

  protected addDhcpRows(rows: () => DhcpRow[]): void {
    this.dhcpSources.push(rows);
  }

  private createDhcpClient(nic: Nic): DhcpClient {
    return new DhcpClient(this.network, nic, {
      random: this.env.random,
      log: this.env.log,
      tracer: this.env.tracer,
      hostName: this.name,
      onConfigured: ({ dnsServers, domain }) => {
        // A lease without name servers leaves those that the config names.
        const servers = dnsServers.length === 0 ? undefined : dnsServers.map(formatIpv4);
        this.resolver.configure({ servers, domain });
        if (this.configured) for (const resolve of [...this.waitingForAddress]) resolve();
      },
    });
  }

  private createTables(): Tables {
    const { stack } = this;
    return {
      interfaces: () => stack.nics.map((nic) => this.interfaceOf(nic)),
      arp: () => stack.neighbors.entries(),
      routes: () => stack.ipv4.routes.rows(),
      sockets: () => [...stack.tcp.sockets(), ...stack.udp.sockets()],
      'dns-cache': () => [...this.dnsSources.flatMap((rows) => rows()), ...this.resolver.rows()],
      dhcp: () => [...this.dhcpClients.map((client) => client.row()), ...this.dhcpSources.flatMap((rows) => rows())],
      counters: () => counterRows(this.counters),
    };
  }

  private interfaceOf(nic: Nic): InterfaceRow {
    const addresses = this.stack.ipv4.interfaces.find((candidate) => candidate.nic === nic)?.addresses ?? [];
    return interfaceRow(nic.port, formatMac(nic.mac), addresses.map(formatCidr));
  }
}
