/**
 * Nodes, cables between their ports, and the loop that runs them all on a manual clock: one event at a time, in
 * the order of time, the same way every time. A node is anything with ports: a bare switch, a stack, a machine.
 *
 *     const wiring = new Wiring();
 *     wiring.attach(client);
 *     wiring.attach(server);
 *     const cable = wiring.link('client:eth0', 'server:eth0', { delayMs: 5 });
 *     cable.fault = (frame) => (frame.n === 3 ? 'drop' : 'pass');
 *     await wiring.run(() => client.done);
 */
import { type Instant, NEVER } from '../../devices/stack/clock.js';
import type { Port } from '../../devices/stack/link/port.js';
import type { Impairment } from '../../devices/stack/link-settings.js';
import { DeliveryQueue } from './delivery-queue.js';
import { settle } from './settle.js';

export interface WiredNode {
  readonly name: string;
  readonly ports: readonly Port[];
  receive(port: Port, packet: Uint8Array, now: Instant): void;
  advance(now: Instant): void;
  nextTimeoutAt(): Instant;
  /** False when no program runs on it, so that nothing has to settle after its events. Default true. */
  readonly hasPrograms?: boolean;
}

/** A packet that was put on a cable. */
export interface FrameRecord {
  /** Counts from 0 over all cables. */
  readonly n: number;
  /** When it was sent. */
  readonly at: Instant;
  /** `client:eth0` */
  readonly from: string;
  readonly to: string;
  /** Preamble to FCS. */
  readonly packet: Uint8Array;
  readonly dropped: boolean;
}

/** What becomes of a packet: it passes, is dropped, or arrives so many milliseconds later than others. */
export type Fault = (frame: Omit<FrameRecord, 'dropped'>) => 'pass' | 'drop' | number;

interface End {
  readonly node: WiredNode;
  readonly port: Port;
  readonly label: string;
}

/** A cable between two ports. */
export class Cable {
  /** One way. Changes apply to packets sent from then on. */
  delayMs: number;
  fault?: Fault;
  readonly ends: readonly [Port, Port];
  private cuts = 0;

  constructor(delayMs: number, ends: readonly [Port, Port]) {
    this.delayMs = delayMs;
    this.ends = ends;
  }

  /** Both ports lose their carrier, and what is on the way is lost. */
  cut(): void {
    this.cuts += 1;
    for (const port of this.ends) port.setCarrier(false);
  }

  restore(): void {
    for (const port of this.ends) port.setCarrier(true);
  }

  /** For the wiring: changes with each cut. */
  get generation(): number {
    return this.cuts;
  }
}

export interface CableOptions {
  /** One way; default 0.1. */
  readonly delayMs?: number;
  /** Of both ports. */
  readonly impairment?: Impairment;
}

const DEFAULT_DELAY_MS = 0.1;
const DEFAULT_LIMIT_MS = 600_000;
/** How long the programs may really take to go on when nothing is under way, for work in other threads. */
const IDLE_PATIENCE_MS = 1_000;

export class Wiring {
  now: Instant = 0;
  /** All packets on all cables, in the order in which they were sent. */
  readonly frames: FrameRecord[] = [];
  /** Switch off for long transfers that need no log. */
  keepFrames = true;
  private framesSent = 0;
  protected readonly nodes = new Map<string, WiredNode>();
  private readonly deliveries = new DeliveryQueue();

  /** Its ports have no carrier until they are linked. */
  attach<T extends WiredNode>(node: T): T {
    if (this.nodes.has(node.name)) throw new Error(`there is already a node named ${node.name}`);
    this.nodes.set(node.name, node);
    for (const port of node.ports) port.setCarrier(false);
    node.advance(this.now);
    return node;
  }

  /** Ends are written `node:port`. */
  link(a: string, b: string, options: CableOptions = {}): Cable {
    const ends: [End, End] = [this.end(a), this.end(b)];
    const cable = new Cable(options.delayMs ?? DEFAULT_DELAY_MS, [ends[0].port, ends[1].port]);
    this.plug(cable, ends[0], ends[1]);
    this.plug(cable, ends[1], ends[0]);
    if (options.impairment !== undefined) for (const { port } of ends) port.setImpairment(options.impairment);
    cable.restore();
    return cable;
  }

  private end(label: string): End {
    const [nodeName, portName] = label.split(':');
    const node = this.nodes.get(nodeName);
    const port = node?.ports.find((candidate) => candidate.name === portName);
    if (node === undefined || port === undefined) throw new Error(`no port ${label}`);
    if (port.carrier) throw new Error(`${label} is linked already`);
    return { node, port, label };
  }

  private plug(cable: Cable, from: End, to: End): void {
    from.port.transmit = (packet) => {
      const frame = { n: this.framesSent++, at: this.now, from: from.label, to: to.label, packet };
      const fate = cable.fault?.(frame) ?? 'pass';
      if (this.keepFrames) this.frames.push({ ...frame, dropped: fate === 'drop' });
      if (fate === 'drop') return;
      const { generation } = cable;
      this.deliveries.push(this.now + cable.delayMs + (fate === 'pass' ? 0 : fate), () => {
        if (generation !== cable.generation) return;
        to.node.receive(to.port, packet, this.now);
        this.stirred ||= to.node.hasPrograms !== false;
      });
    };
  }

  /** Whether a program may have something to do since the last settling. */
  private stirred = false;

  /** When the next thing happens; `NEVER` when nothing is under way and nobody waits. */
  nextAt(): Instant {
    let at = this.deliveries.nextAt();
    for (const node of this.nodes.values()) at = Math.min(at, node.nextTimeoutAt());
    return at;
  }

  /** Lets the earliest thing happen: a delivery before deadlines of the same instant, nodes as they were attached. */
  private step(at: Instant): void {
    // A deadline that lies in the past, armed by a call from outside, is due now.
    this.now = Math.max(this.now, at);
    if (this.deliveries.nextAt() <= this.now) {
      this.deliveries.pop()?.deliver();
      return;
    }
    for (const node of this.nodes.values()) {
      if (node.nextTimeoutAt() > this.now) continue;
      node.advance(this.now);
      this.stirred ||= node.hasPrograms !== false;
      return;
    }
  }

  /**
   * Runs to the given instant, or until the condition holds. A condition is awaited for at most `limitMs` of the
   * world's time, and only while something can still happen: otherwise this throws.
   */
  async run(until: Instant | (() => boolean), limitMs = DEFAULT_LIMIT_MS): Promise<void> {
    const done = typeof until === 'number' ? () => false : until;
    const deadline = typeof until === 'number' ? until : this.now + limitMs;
    await settle();
    while (!done()) {
      const at = this.nextAt();
      if (at > deadline || at === NEVER) {
        if (typeof until === 'number') break;
        if (at === NEVER && (await this.stir(done))) continue;
        throw new Error(
          `${at === NEVER ? 'nothing is left to happen' : `not within ${limitMs} ms`}, at ${this.now} ms`,
        );
      }
      this.step(at);
      if (this.stirred) {
        this.stirred = false;
        await settle();
      }
    }
    if (typeof until === 'number') this.now = Math.max(this.now, until);
    for (const node of this.nodes.values()) node.advance(this.now);
  }

  /** The same without programs, for tests that need no `await`: neither promises nor streams go on meanwhile. */
  runSync(until: Instant | (() => boolean) = NEVER, limitMs = DEFAULT_LIMIT_MS): void {
    const done = typeof until === 'number' ? () => false : until;
    const deadline = typeof until === 'number' ? until : this.now + limitMs;
    for (let at = this.nextAt(); !done() && at <= deadline && at !== NEVER; at = this.nextAt()) this.step(at);
    if (typeof until === 'number' && until !== NEVER) this.now = Math.max(this.now, until);
    else if (typeof until !== 'number' && !done())
      throw new Error(`the condition does not come true, at ${this.now} ms`);
    for (const node of this.nodes.values()) node.advance(this.now);
  }

  async runFor(ms: number): Promise<void> {
    await this.run(this.now + ms);
  }

  /** Runs until the promise is settled, and passes on what it came to. */
  async until<T>(promise: Promise<T>, limitMs = DEFAULT_LIMIT_MS): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.run(() => settled, limitMs);
    return promise;
  }

  /** Nothing is under way: perhaps a program waits for work in another thread (compression) and then goes on. */
  private async stir(done: () => boolean): Promise<boolean> {
    const startedAt = Date.now();
    while (Date.now() - startedAt < IDLE_PATIENCE_MS) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await settle();
      if (done() || this.nextAt() !== NEVER) return true;
    }
    return false;
  }
}
