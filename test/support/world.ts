/**
 * A whole internet inside one test: machines as their processes run them, cables between them, a manual clock.
 * The same seed gives the same packets, byte for byte.
 *
 *     const world = new World({ seed: 'handshake' });
 *     world.add({ name: 'a', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.0.1/24'] }] });
 *     world.add({ name: 'b', kind: 'host', ports: [{ name: 'eth0', addresses: ['10.0.0.2/24'] }] });
 *     world.link('a:eth0', 'b:eth0', { delayMs: 5 });
 *     world.start();
 *     const { stdout, status } = await world.exec('a', 'ping -c 1 10.0.0.2');
 */
import { crc32 } from 'node:zlib';
import { createMachine } from '../../devices/apps/kinds/index.js';
import type { Environment, FileStore, Logger, Machine } from '../../devices/apps/machine.js';
import { browserLibraries } from '../../devices/apps/web/browser/libraries.js';
import type { ChaosOrders, FaultRow } from '../../devices/control/chaos.js';
import type { DeviceConfig, DeviceKind, PortConfig } from '../../devices/control/config.js';
import type { FetchRequest, FetchResult } from '../../devices/control/rpc.js';
import type { TunnelConfig } from '../../devices/control/tunnel.js';
import { DeviceChaos } from '../../devices/runtime/chaos.js';
import { DeviceClock } from '../../devices/runtime/clock.js';
import { Programs } from '../../devices/runtime/programs.js';
import type { Claim } from '../../devices/stack/link/faults/choice.js';
import type { Port } from '../../devices/stack/link/port.js';
import { Random } from '../../devices/stack/random.js';
import type { TraceDetail, TraceEvent } from '../../devices/stack/trace.js';
import { formatMac } from '../../devices/stack/wire/address.js';
import { MemoryFiles } from './memory-files.js';
import { describePacket } from './packets.js';
import { Wiring } from './wiring.js';

/** A device's config without what the world fills in; MAC addresses may be left out too. */
export type MachineSpec = Omit<DeviceConfig, 'lab' | 'control' | 'seed'> & { readonly seed?: string | number };

export interface WorldOptions {
  /** Default 'world'. */
  readonly seed?: string | number;
  /** Default: files in memory, see {@link World.memory}. */
  readonly files?: FileStore;
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LogLine {
  readonly device: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly facts: object;
  readonly message: string;
}

/** Each program is told apart by the host that it was loaded for. */
const PROGRAMS = new Programs({ isAlone: false });

/** What the wall clock shows at instant 0. */
const EPOCH_MS = Date.UTC(2026, 10, 22, 12);

export class World extends Wiring {
  readonly seed: string | number;
  /** The files that all machines see, unless the world was given others. */
  readonly memory = new MemoryFiles();
  readonly traced: (TraceEvent & { readonly device: string })[] = [];
  readonly logged: LogLine[] = [];
  /** What programs wrote into log files of their own, by path. */
  readonly logFiles = new Map<string, string>();
  private readonly files: FileStore;
  private readonly machines = new Map<string, Machine>();
  private readonly chaosOf = new Map<string, DeviceChaos>();
  private readonly claimed = new Map<string, number>();

  constructor(options: WorldOptions = {}) {
    super();
    this.seed = options.seed ?? 'world';
    this.files = options.files ?? this.memory;
  }

  /**
   * The machines of planned configs, started. Ports are linked where one's remote tunnel endpoint is the other's
   * local one; a port whose other end is not among the configs stays without carrier.
   */
  static fromConfigs(
    configs: readonly DeviceConfig[],
    options: WorldOptions & { readonly latencyMs?: number } = {},
  ): World {
    const world = new World(options);
    const waiting = new Map<string, string>();
    for (const config of configs) world.add(config);
    for (const config of configs) {
      for (const { name, tunnel } of config.ports) {
        if (tunnel === undefined) continue;
        const local = `${tunnel.local.address}:${tunnel.local.port}`;
        const remote = `${tunnel.remote.address}:${tunnel.remote.port}`;
        const peer = waiting.get(`${remote} ${local}`);
        if (peer === undefined) waiting.set(`${local} ${remote}`, `${config.name}:${name}`);
        else world.link(peer, `${config.name}:${name}`, { delayMs: options.latencyMs });
      }
    }
    world.start();
    return world;
  }

  add(spec: MachineSpec): Machine {
    const config: DeviceConfig = {
      lab: 'world',
      control: '',
      seed: this.seed,
      ...spec,
      ports: spec.ports.map((port, index) => withMac(spec.kind, port, this.machines.size, index)),
    };
    const clock = new DeviceClock(
      () => this.now,
      () => EPOCH_MS + this.now,
    );
    const machine = createMachine(config, this.environmentOf(config, clock));
    this.attach(new WiredMachine(machine, clock));
    this.machines.set(machine.name, machine);
    const foreign = new Set(spec.ports.filter(({ tunnel }) => isForeign(tunnel)).map(({ name }) => name));
    const chaos = new DeviceChaos({
      machine,
      isExternal: ({ name }) => foreign.has(name),
      claims: (folder) => this.claimsOf(folder),
      setClock: (skew) => clock.setSkew(skew),
      now: clock.now,
    });
    this.chaosOf.set(machine.name, chaos);
    return machine;
  }

  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`no machine named ${name}`);
    return machine;
  }

  /** All that chaos does to a machine from now on. Throws RpcError for orders that are wrong. */
  order(name: string, orders: Partial<ChaosOrders>): void {
    this.chaos(name).order({ links: [], rules: [], ...orders });
  }

  /** The table `faults` of a machine. */
  faultsOf(name: string): FaultRow[] {
    return this.chaos(name).rows();
  }

  /** A port was added to a machine while it runs. */
  attached(name: string, port: Port): void {
    this.chaos(name).attached(port);
  }

  /** And of one that was detached. */
  detached(name: string, port: Port): void {
    this.chaos(name).detached(port);
  }

  private chaos(name: string): DeviceChaos {
    const chaos = this.chaosOf.get(name);
    if (chaos === undefined) throw new Error(`no machine named ${name}`);
    return chaos;
  }

  /** All machines that name the same folder count together. */
  private claimsOf(folder: string): Claim {
    return (series, limit) => {
      const key = `${folder}/${series}`;
      const next = (this.claimed.get(key) ?? 0) + 1;
      if (next > limit) return 0;
      this.claimed.set(key, next);
      return next;
    };
  }

  get names(): string[] {
    return [...this.machines.keys()];
  }

  /** All machines, in the order in which they were added. Once, when everything is linked. */
  start(): void {
    for (const machine of this.machines.values()) machine.start();
  }

  /** Ends the programs of all machines. */
  async stop(): Promise<void> {
    await this.until(Promise.all([...this.machines.values()].map((machine) => machine.stop())));
  }

  /** Runs until every machine has its addresses. */
  async configured(limitMs = 60_000): Promise<void> {
    await this.run(() => [...this.machines.values()].every(({ configured }) => configured), limitMs);
  }

  /** Waits, in real time, until all applications are loaded: other threads read their files. The clock stands still. */
  async loaded(): Promise<void> {
    while ([...this.machines.values()].some(({ loaded }) => !loaded)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Loads a page on a host, to the end. */
  async fetch(name: string, request: FetchRequest): Promise<FetchResult> {
    const machine = this.machine(name);
    if (machine.fetch === undefined) throw new Error(`${name} is a ${machine.kind}: only hosts load pages`);
    // Files are read for it: that takes real time, and must take none of the world's.
    await browserLibraries();
    return this.until(machine.fetch(request));
  }

  /** Runs a command to its end, as it would be typed (words apart by spaces, no quoting). */
  async exec(name: string, line: string, input = '', signal = new AbortController().signal): Promise<CommandResult> {
    const [word, ...argv] = line.split(/\s+/);
    const command = this.machine(name).commands.get(word);
    if (command === undefined) throw new Error(`${name} has no command ${word}`);
    let stdout = '';
    let stderr = '';
    const status = await this.until(
      command.run(argv, {
        stdout: (text) => {
          stdout += text;
        },
        stderr: (text) => {
          stderr += text;
        },
        stdin: pieces(input),
        signal,
        drained: async () => {},
        columns: 80,
      }),
    );
    return { status, stdout, stderr };
  }

  /** The frame log as lines: `12.3 a:eth0 > b:eth0 ARP who has …`. */
  lines(): string[] {
    return this.frames.map(
      ({ at, from, to, packet, dropped }) => `${at} ${from} > ${to}${dropped ? ' X' : ''} ${describePacket(packet)}`,
    );
  }

  private environmentOf(config: DeviceConfig, clock: DeviceClock): Environment {
    const device = config.name;
    return {
      now: clock.now,
      wallClock: clock.wallClock,
      // The loop asks every machine for its deadline before each step.
      wake: () => {},
      crc32,
      random: new Random(config.seed).fork(`device ${device}`),
      tracer: {
        enabled: true,
        emit: (detail: TraceDetail) => this.traced.push({ ...detail, at: this.now, device }),
      },
      log: this.loggerOf(device),
      files: this.files,
      programs: PROGRAMS,
      logFiles: {
        append: (path, text) => this.logFiles.set(path, (this.logFiles.get(path) ?? '') + text),
      },
    };
  }

  private loggerOf(device: string): Logger {
    const at = (level: LogLine['level']) => (facts: object, message: string) => {
      this.logged.push({ device, level, facts, message });
    };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

function isForeign(tunnel: TunnelConfig | undefined): boolean {
  return tunnel !== undefined && tunnel.encapsulation !== 'native';
}

/** A machine as the wiring sees it: it knows which kinds run no programs. */
class WiredMachine {
  readonly hasPrograms: boolean;
  private readonly machine: Machine;
  private readonly clock: DeviceClock;

  constructor(machine: Machine, clock: DeviceClock) {
    this.machine = machine;
    this.clock = clock;
    this.hasPrograms = machine.kind !== 'switch' && machine.kind !== 'hub';
  }

  get name() {
    return this.machine.name;
  }

  get ports() {
    return this.machine.ports;
  }

  receive(port: Port, packet: Uint8Array): void {
    this.machine.receive(port, packet, this.clock.now());
  }

  advance(now: number): void {
    const { machine, clock } = this;
    const next = machine.nextTimeoutAt();
    // Translated there and back a deadline may lie a rounding error ahead: it is due when the world says so.
    machine.advance(clock.toLab(next) <= now ? Math.max(next, clock.now()) : clock.now());
  }

  nextTimeoutAt(): number {
    return this.clock.toLab(this.machine.nextTimeoutAt());
  }
}

/** Locally administered addresses: machine and port counted from 1. */
function withMac(kind: DeviceKind, port: PortConfig, machine: number, index: number): PortConfig {
  if (port.mac !== undefined || kind === 'switch' || kind === 'hub') return port;
  return { ...port, mac: formatMac(0x020000000000 + (machine + 1) * 0x100 + index + 1) };
}

async function* pieces(input: string): AsyncIterable<string> {
  if (input !== '') yield input;
}
