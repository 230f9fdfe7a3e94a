/** A lab of real processes for a benchmark: launched by the orchestrator's own means, addressed by device name. */
import { PassThrough } from 'node:stream';
import type { DeviceConfig, DeviceStatus, FetchResult, InterfaceRow, UdpEndpoint } from '../../devices/control.js';
import { runOnDevice } from '../../orchestrator/commands/exec.js';
import { labDirectory, makeRunRoot } from '../../orchestrator/lab/paths.js';
import type { RpcClient } from '../../orchestrator/lab/rpc-client.js';
import { type HeldLab, holdLab } from '../../orchestrator/lab/supervise.js';
import { findFreePorts } from '../../orchestrator/lab/udp-ports.js';
import { planTopology, type Topology, udpPortCount } from '../../orchestrator/topology/index.js';

export interface BenchLabOptions {
  /** Devices that are not started: the benchmark takes their places at the tunnels. */
  readonly without?: (config: DeviceConfig) => boolean;
  readonly adapt?: (config: DeviceConfig) => DeviceConfig;
}

export class BenchLab {
  /** Of all devices of the topology, started or not. */
  readonly configs: readonly DeviceConfig[];
  private readonly held: HeldLab;
  private static readonly running = new Set<BenchLab>();
  private static counter = 0;

  private constructor(configs: readonly DeviceConfig[], held: HeldLab) {
    this.configs = configs;
    this.held = held;
  }

  /** For commands: `--lab NAME`. */
  get name(): string {
    return this.held.lab.plan.name;
  }

  static async up(topology: Topology, options: BenchLabOptions = {}): Promise<BenchLab> {
    const name = `bench-${process.pid}-${++BenchLab.counter}`;
    makeRunRoot();
    const runDir = labDirectory(name);
    const basePort = await findFreePorts(name, udpPortCount(topology));
    const configs = planTopology(topology, { lab: name, runDir, basePort }).map(options.adapt ?? ((config) => config));
    const started = configs.filter((config) => !options.without?.(config));
    const plan = { name, topology: 'bench', defaultHost: undefined, configs: started };
    const bench = new BenchLab(configs, await holdLab(plan, () => {}, new AbortController().signal));
    BenchLab.running.add(bench);
    return bench;
  }

  /** Ends every lab that is still there. */
  static async downAll(): Promise<void> {
    await Promise.all([...BenchLab.running].map((bench) => bench.down()));
  }

  async down(): Promise<void> {
    BenchLab.running.delete(this);
    await this.held.stop();
  }

  config(device: string): DeviceConfig {
    const config = this.configs.find(({ name }) => name === device);
    if (config === undefined) throw new Error(`no device ${device}`);
    return config;
  }

  /** The two ends of the first port's tunnel, as that device sees them. */
  tunnel(device: string): { readonly local: UdpEndpoint; readonly remote: UdpEndpoint } {
    const { tunnel } = this.config(device).ports[0];
    if (tunnel === undefined) throw new Error(`${device} is not linked`);
    return tunnel;
  }

  async call<Result>(device: string, method: string, params: object = {}): Promise<Result> {
    return this.client(device).call<Result>(method, params);
  }

  private client(device: string): RpcClient {
    const client = this.held.lab.devices.find(({ config }) => config.name === device)?.client;
    if (client === undefined) throw new Error(`no device ${device} is running`);
    return client;
  }

  /** Runs a command on a device; what it prints. Throws unless its exit status is 0. */
  async exec(device: string, ...argv: string[]): Promise<string> {
    const outputs = [new PassThrough(), new PassThrough()] as const;
    const [stdout, stderr] = outputs.map((stream) => stream.setEncoding('utf8').toArray());
    const streams = { stdout: outputs[0], stderr: outputs[1], columns: 80 };
    const status = await runOnDevice(this.client(device), argv, streams).exitStatus;
    for (const output of outputs) output.end();
    if (status !== 0) throw new Error(`${argv.join(' ')}: status ${status}\n${(await stderr).join('')}`);
    return (await stdout).join('');
  }

  /** CPU time of all devices together since they were started, ms. */
  async cpuMs(): Promise<number> {
    const states = await Promise.all(
      this.held.lab.devices.map(({ config }) => this.call<DeviceStatus>(config.name, 'status')),
    );
    return states.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  }

  interfaces(device: string): Promise<InterfaceRow[]> {
    return this.call(device, 'inspect', { table: 'interfaces' });
  }

  /** Loads one file; throws unless all its bytes came. Returns how long the browser took, ms. */
  async download(from: string, url: string, bytes: number): Promise<number> {
    const result = await this.call<FetchResult>(from, 'fetch', { url, subresources: false });
    const got = result.resources[0]?.bytes ?? 0;
    if (!result.ok || got !== bytes)
      throw new Error(`${url}: ${got} of ${bytes} bytes; ${result.error?.message ?? ''}`);
    return result.endAt - result.startAt;
  }
}
