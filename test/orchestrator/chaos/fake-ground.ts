/** A lab on a manual clock, without processes: what its devices were ordered, and what happened to them. */
import {
  type ChaosOrders,
  checkChaosOrders,
  type DeviceKind,
  type FaultRow,
  type Impairment,
  invalidParams,
} from '../../../devices/control.js';
import type { ChaosNews } from '../../../orchestrator/chaos/fault.js';
import type { ChaosGround, GroundEnd, ProcessAction, ProcessState } from '../../../orchestrator/chaos/ground.js';
import { Registry } from '../../../orchestrator/chaos/registry.js';
import { CliError } from '../../../orchestrator/errors.js';

const KINDS: Readonly<Record<string, DeviceKind>> = { sw: 'switch', r: 'router' };

/** `a` and `b` on the switch `sw`, the router `r` beside it by two links, something external at `sw:5`. */
const LINKS = [
  ['a:eth0', 'sw:1'],
  ['b:eth0', 'sw:2'],
  ['r:eth0', 'sw:3'],
  ['r:eth1', 'sw:4'],
  ['sw:5', 'lab-pc'],
] as const;

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

const ENDS: Readonly<Record<ProcessAction, ProcessState>> = {
  kill: 'killed',
  stop: 'stopped',
  start: 'running',
  restart: 'running',
  pause: 'paused',
  resume: 'running',
};

export class FakeGround implements ChaosGround {
  readonly devices = ['a', 'b', 'sw', 'r'].map((name) => ({ name, kind: KINDS[name] ?? 'host' }));
  readonly plannedEnds: readonly GroundEnd[] = LINKS.flatMap(([left, right]) =>
    [left, right].flatMap((end) => {
      const [device, port] = end.split(':');
      return port === undefined ? [] : [{ device, port, link: `${left} -- ${right}` }];
    }),
  );
  attached: readonly GroundEnd[] = [];
  readonly bases = new Map<string, Impairment>();
  /** What each device has. */
  readonly orders = new Map<string, ChaosOrders>();
  /** `a kill by fault-1` */
  readonly acts: string[] = [];
  readonly claims = new Set<string>();
  readonly lines: string[] = [];
  readonly news: ChaosNews[] = [];
  /** Of devices that refuse, or do not answer. */
  readonly faults = new Map<string, Error>();
  /** Devices answer only when it resolves. */
  answers: Promise<void> = Promise.resolve();
  counted: readonly FaultRow[] = [];
  /** How long a process takes until it answers. */
  startMs = 0;
  /** How long it takes its leave. */
  stopMs = 0;
  readonly chaos: Registry;
  private readonly states = new Map<string, ProcessState>();
  private readonly turns = new Map<string, Promise<void>>();
  private readonly timers = new Set<Timer>();
  private clock = 1_000_000;

  constructor() {
    this.chaos = new Registry(this);
    this.chaos.listen((news) => this.news.push(news));
  }

  async presentEnds(): Promise<readonly GroundEnd[]> {
    return [...this.plannedEnds, ...this.attached];
  }

  base(device: string, port: string, direction: 'out' | 'in'): Impairment {
    return this.bases.get(`${device}:${port} ${direction}`) ?? {};
  }

  state(device: string): ProcessState {
    return this.states.get(device) ?? 'running';
  }

  setState(device: string, state: ProcessState): void {
    this.states.set(device, state);
  }

  async order(device: string, orders: ChaosOrders): Promise<void> {
    await this.answers;
    const fault = this.faults.get(device);
    if (fault !== undefined) throw fault;
    // As a device judges them, after the way over its socket.
    const checked = checkChaosOrders(JSON.parse(JSON.stringify(orders)));
    if (typeof checked === 'string') throw invalidParams(checked);
    this.orders.set(device, checked);
  }

  async rows(): Promise<readonly FaultRow[]> {
    return this.counted;
  }

  /** One thing after the other, as a device of a lab has it. */
  act(action: ProcessAction, device: string, by?: string): Promise<void> {
    const result = (this.turns.get(device) ?? Promise.resolve()).then(() => this.actInTurn(action, device, by));
    this.turns.set(
      device,
      result.catch(() => {}),
    );
    return result;
  }

  private async actInTurn(action: ProcessAction, device: string, by: string | undefined): Promise<void> {
    const state = this.state(device);
    const isAway = state === 'killed' || state === 'stopped' || state === 'dead';
    const isSenseless = action === 'start' ? !isAway : action === 'resume' ? state !== 'paused' : isAway;
    if (isSenseless) throw new CliError(1, `cannot ${action} ${device}: it is ${state}`);
    this.acts.push(`${device} ${action}${by === undefined ? '' : ` by ${by}`}`);
    const isOrderly = action === 'stop' || action === 'restart';
    if (isOrderly && this.stopMs > 0) await new Promise<void>((resolve) => this.after(this.stopMs, resolve));
    if (action === 'kill' || isOrderly) {
      this.states.set(device, ENDS.kill);
      this.orders.delete(device);
      this.chaos.deviceGone(device);
    }
    if (action === 'start' || action === 'restart') {
      this.states.set(device, 'starting');
      if (this.startMs > 0) await new Promise<void>((resolve) => this.after(this.startMs, resolve));
      try {
        await this.chaos.deviceBegins(device);
      } catch (error) {
        // One that is not what it should be is none.
        this.states.set(device, 'dead');
        this.chaos.deviceGone(device);
        throw new CliError(1, (error as Error).message);
      }
    }
    this.states.set(device, ENDS[action]);
    if (action === 'resume') this.chaos.deviceWakes(device);
  }

  makeClaims(fault: string): string {
    this.claims.add(`/claims/${fault}`);
    return `/claims/${fault}`;
  }

  removeClaims(folder: string): void {
    this.claims.delete(folder);
  }

  log(message: string): void {
    this.lines.push(message);
  }

  now = (): number => this.clock;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.clock + ms, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  /** Lets time pass, and what is due happen. */
  async pass(ms: number): Promise<void> {
    const end = this.clock + ms;
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= end).sort((x, y) => x.at - y.at)[0];
      if (due === undefined) break;
      this.clock = due.at;
      this.timers.delete(due);
      due.run();
      await settle();
    }
    this.clock = end;
  }

  get waiting(): number {
    return this.timers.size;
  }

  /** What devices have that have anything: `a: out eth0 loss`. */
  summary(): string[] {
    return [...this.orders].flatMap(([device, { links, rules, cpus = [], clocks = [] }]) => [
      ...links.map(({ port, direction, title }) => `${device}:${port} ${direction}: ${title}`),
      ...rules.map(({ title }) => `${device}: ${title}`),
      ...[...cpus, ...clocks].map(({ title }) => `${device}: ${title}`),
    ]);
  }
}

/** Whatever is under way in promises comes to rest. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** `2 message`, and the hint. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [`${error.exitStatus} ${error.message}`, error.hint].filter(Boolean).join('\n');
  }
}
