/** What the registry of faults needs of a lab: lab/chaos-ground.ts has it of a real one, tests have one of their own. */
import type { ChaosOrders, DeviceKind, FaultRow, Impairment } from '../../devices/control.js';

/** An end of a link that is ours. */
export interface GroundEnd {
  readonly device: string;
  readonly port: string;
  /** As the topology writes it: `client:eth0 -- sw1:3`, `sw:4 -- lab-pc`; empty on a port without a link. */
  readonly link: string;
}

export interface GroundDevice {
  readonly name: string;
  readonly kind: DeviceKind;
}

export type ProcessAction = 'kill' | 'stop' | 'start' | 'restart' | 'pause' | 'resume';
export type ProcessState = 'starting' | 'running' | 'paused' | 'stopped' | 'killed' | 'dead';

export interface ChaosGround {
  readonly devices: readonly GroundDevice[];
  /** As the topology has them. */
  readonly plannedEnds: readonly GroundEnd[];
  /** Of devices that answer, also those that were attached since. */
  presentEnds(): Promise<readonly GroundEnd[]>;
  /** What the topology does to the frames of a port. */
  base(device: string, port: string, direction: 'out' | 'in'): Impairment;

  state(device: string): ProcessState;
  /** Calls the device's method `chaos`. Rejects with an RpcError when it refuses, with an error that has a `code` when it has gone. */
  order(device: string, orders: ChaosOrders): Promise<void>;
  /** Rows of the device's table `faults`; empty when it does not answer. */
  rows(device: string): Promise<readonly FaultRow[]>;
  /** Resolves when it is done. Rejects with a CliError when it makes no sense or fails. `by`: who does it. */
  act(action: ProcessAction, device: string, by?: string): Promise<void>;

  /** Makes an empty folder in which the devices count a fault's packets together, and returns its path. */
  makeClaims(fault: string): string;
  removeClaims(folder: string): void;
  /** Adds a line to the lab's log. */
  log(message: string, details: object): void;

  /** Milliseconds since 1970. */
  now(): number;
  /** Runs it once after so many milliseconds, unless what it returns is called before. */
  after(ms: number, run: () => void): () => void;
}
