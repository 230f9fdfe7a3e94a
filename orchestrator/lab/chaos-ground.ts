/** The registry of faults of a running lab: what it needs of the lab, and what the lab tells it. */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ChaosOrders, FaultRow, Impairment } from '../../devices/control.js';
import type { ChaosGround, GroundEnd, ProcessAction, ProcessState } from '../chaos/ground.js';
import { Registry } from '../chaos/registry.js';
import type { Lab } from './lab.js';
import { presentLinkEnds } from './link-ends.js';
import { labDirectory, labLog } from './paths.js';

/** A device that does not answer within this time is paused, or hopelessly busy. */
const ORDER_LIMIT_MS = 5000;
const ROWS_LIMIT_MS = 2000;

/** The lab must be up. */
export function chaosOf(lab: Lab): Registry {
  const registry = new Registry(new LabGround(lab));
  lab.beforeStart = (device) => registry.deviceBegins(device);
  lab.listen(({ event, name }) => {
    if (event === 'end') registry.deviceGone(name);
    else if (event === 'resume') registry.deviceWakes(name);
  });
  return registry;
}

class LabGround implements ChaosGround {
  readonly devices: ChaosGround['devices'];
  readonly plannedEnds: readonly GroundEnd[];
  private readonly lab: Lab;

  constructor(lab: Lab) {
    this.lab = lab;
    const { configs } = lab.plan;
    this.devices = configs.map(({ name, kind }) => ({ name, kind }));
    this.plannedEnds = configs.flatMap(({ name, ports }) =>
      ports.map((port) => ({ device: name, port: port.name, link: port.link ?? '' })),
    );
  }

  presentEnds(): Promise<readonly GroundEnd[]> {
    return presentLinkEnds(this.lab.state);
  }

  base(device: string, port: string, direction: 'out' | 'in'): Impairment {
    const config = this.lab.device(device).config.ports.find(({ name }) => name === port);
    return (direction === 'out' ? config?.impairment : config?.impairmentIn) ?? {};
  }

  state(device: string): ProcessState {
    return this.lab.device(device).state;
  }

  async order(device: string, orders: ChaosOrders): Promise<void> {
    const { client } = this.lab.device(device);
    if (client === undefined) throw new Error(`${device} has no process`);
    await client.call('chaos', orders, ORDER_LIMIT_MS);
  }

  async rows(device: string): Promise<readonly FaultRow[]> {
    const { client, state } = this.lab.device(device);
    if (state !== 'running') return [];
    const rows = client?.call<FaultRow[]>('inspect', { table: 'faults' }, ROWS_LIMIT_MS).catch(() => []);
    return (await rows) ?? [];
  }

  act(action: ProcessAction, device: string, by?: string): Promise<void> {
    return this.lab[action](device, by);
  }

  makeClaims(fault: string): string {
    const folder = join(labDirectory(this.lab.plan.name), 'claims', fault);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  removeClaims(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
  }

  /** In the form of the devices' logs, so that `netarium logs` shows all in one. */
  log(message: string, details: object): void {
    const line = { level: 30, time: Date.now(), name: 'lab', ...details, msg: message };
    try {
      appendFileSync(labLog(this.lab.plan.name), `${JSON.stringify(line)}\n`, { mode: 0o600 });
    } catch {
      // The lab is ending and its folder has gone.
    }
  }

  now(): number {
    return Date.now();
  }

  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }
}
