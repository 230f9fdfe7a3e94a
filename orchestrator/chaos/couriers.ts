/**
 * What each device has been ordered, and what it should be: all devices of a change get it, or none does. One that has no
 * process now, or sleeps, gets it when it is back.
 */
import { type ChaosOrders, RPC_INVALID_PARAMS, RpcError } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { NO_ORDERS } from './draft.js';
import type { ChaosGround } from './ground.js';

/** A device that answers only after this time is asked again. */
const RETRY_MS = 1000;

/** Well below what a device takes in one message (devices/runtime/rpc-server.ts): a longer one would cost its connection. */
export const MOST_ORDER_BYTES = 960 * 1024;

interface Courier {
  wanted: ChaosOrders;
  /** Undefined while nobody knows what the device has. */
  given: ChaosOrders | undefined;
  /** One call at a time: the last one counts. */
  turn: Promise<unknown>;
  retry: (() => void) | undefined;
  /** That it does not answer has been said. */
  insisting: boolean;
  /** It was away, or did not answer, and has not had its orders since. */
  lacking: boolean;
  /** A process that starts has its orders and takes others. */
  begun: boolean;
}

export class Couriers {
  private readonly ground: ChaosGround;
  private readonly couriers: ReadonlyMap<string, Courier>;

  constructor(ground: ChaosGround) {
    this.ground = ground;
    const fresh = (): Courier => ({
      wanted: NO_ORDERS,
      given: NO_ORDERS,
      turn: Promise.resolve(),
      retry: undefined,
      insisting: false,
      lacking: false,
      begun: false,
    });
    this.couriers = new Map(ground.devices.map(({ name }) => [name, fresh()]));
  }

  /** Devices whose orders this would change. */
  private changed(orders: ReadonlyMap<string, ChaosOrders>): string[] {
    return [...orders].filter(([name, next]) => !isSame(this.of(name).wanted, next)).map(([name]) => name);
  }

  /** Rejects with a CliError when it is too much for a device, or one refuses or does not answer; all have their old orders then. */
  async change(orders: ReadonlyMap<string, ChaosOrders>): Promise<void> {
    const names = this.changed(orders);
    for (const name of names) requireRoom(name, orders.get(name) as ChaosOrders);
    const before = new Map(names.map((name) => [name, this.of(name).wanted]));
    for (const name of names) this.of(name).wanted = orders.get(name) as ChaosOrders;
    const results = await Promise.allSettled(names.map((name) => this.deliver(name)));
    const failed = results.findIndex((result, i) => result.status === 'rejected' && this.isThere(names[i]));
    if (failed < 0) return;
    for (const [name, old] of before) this.of(name).wanted = old;
    await Promise.all(names.map((name) => this.insist(name)));
    throw refusal(names[failed], (results[failed] as PromiseRejectedResult).reason);
  }

  /** What is taken back is taken back: a device that does not answer is asked until it does. */
  async withdraw(orders: ReadonlyMap<string, ChaosOrders>): Promise<void> {
    const names = this.changed(orders);
    for (const name of names) this.of(name).wanted = orders.get(name) as ChaosOrders;
    await Promise.all(names.map((name) => this.insist(name)));
  }

  /** A process of it is new: it has no orders, and gets them before it starts. */
  async begin(name: string): Promise<void> {
    const courier = this.of(name);
    await this.inTurn(courier, async () => {
      courier.given = NO_ORDERS;
      await this.send(name);
      courier.begun = true;
    });
  }

  /** It has no process any more. */
  gone(name: string): void {
    const courier = this.of(name);
    courier.begun = false;
    courier.lacking = true;
    courier.given = undefined;
  }

  /** It may answer again. */
  async wake(name: string): Promise<void> {
    await this.insist(name);
  }

  /** Whether it may not have got what it should have; what is being told to it at this moment is in no fault yet. */
  isPending(name: string): boolean {
    return this.of(name).lacking || !this.isThere(name);
  }

  close(): void {
    for (const courier of this.couriers.values()) courier.retry?.();
  }

  private of(name: string): Courier {
    return this.couriers.get(name) as Courier;
  }

  private isThere(name: string): boolean {
    const state = this.ground.state(name);
    return state === 'running' || (state === 'starting' && this.of(name).begun);
  }

  private async deliver(name: string): Promise<void> {
    const courier = this.of(name);
    if (this.isThere(name)) await this.inTurn(courier, () => this.send(name));
    else courier.lacking = true;
  }

  private async insist(name: string): Promise<void> {
    const courier = this.of(name);
    try {
      await this.deliver(name);
    } catch (error) {
      if (!this.isThere(name)) return;
      if (!courier.insisting)
        this.ground.log(`${name} does not take its orders`, { device: name, error: (error as Error).message });
      courier.insisting = true;
      courier.retry?.();
      courier.retry = this.ground.after(RETRY_MS, () => {
        courier.retry = undefined;
        void this.insist(name);
      });
    }
  }

  /** Until what it should have stays the same while it is told. */
  private async send(name: string): Promise<void> {
    const courier = this.of(name);
    while (courier.given === undefined || !isSame(courier.given, courier.wanted)) {
      const orders = courier.wanted;
      courier.given = undefined;
      try {
        await this.ground.order(name, orders);
      } catch (error) {
        courier.lacking = true;
        throw error;
      }
      courier.given = orders;
    }
    courier.lacking = false;
    courier.insisting = false;
  }

  private inTurn(courier: Courier, work: () => Promise<void>): Promise<void> {
    const result = courier.turn.then(work);
    courier.turn = result.catch(() => {});
    return result;
  }
}

function isSame(a: ChaosOrders, b: ChaosOrders): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function requireRoom(name: string, orders: ChaosOrders): void {
  if (Buffer.byteLength(JSON.stringify(orders)) <= MOST_ORDER_BYTES) return;
  const hint = '`netarium chaos list` shows them; shorter expressions need less.';
  throw new CliError(1, `the faults in force are too much for ${name}: more than ${MOST_ORDER_BYTES / 1024} KiB`, hint);
}

function refusal(name: string, error: unknown): CliError {
  if (error instanceof RpcError) {
    return new CliError(error.code === RPC_INVALID_PARAMS ? 2 : 1, `${name} refuses: ${error.message}`);
  }
  return new CliError(1, `${name} does not answer: it is paused or overloaded`);
}
