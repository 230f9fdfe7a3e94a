/** The faults in force, in the order in which they came, and what follows from them for a device or a link. */
import type { ChaosOrders } from '../../devices/control.js';
import { joinOrders, NO_ORDERS } from './draft.js';
import type { Fault } from './fault.js';
import type { ProcessAction } from './ground.js';

export interface Entry {
  readonly fault: Fault;
  /** By device. */
  readonly orders: ReadonlyMap<string, ChaosOrders>;
  /** The link that it holds down, or makes a black hole: its name. */
  readonly cable?: string;
  /** The process that it holds. */
  readonly process?: { readonly device: string; readonly action: ProcessAction };
  /** The folder in which devices count its packets together. */
  readonly claims?: string;
  /** Ends its timers. */
  cancel?: () => void;
}

export class Ledger {
  private readonly list: Entry[] = [];
  private ids = 0;

  nextId(): string {
    this.ids += 1;
    return `fault-${this.ids}`;
  }

  get entries(): readonly Entry[] {
    return this.list;
  }

  add(entry: Entry): void {
    this.list.push(entry);
  }

  remove(entry: Entry): void {
    entry.cancel?.();
    const index = this.list.indexOf(entry);
    if (index >= 0) this.list.splice(index, 1);
  }

  find(id: string): Entry | undefined {
    return this.list.find(({ fault }) => fault.id === id);
  }

  partsOf(id: string): readonly Entry[] {
    return this.list.filter(({ fault }) => fault.parent === id);
  }

  /** Those that hold a link down or make it a black hole. */
  holdersOf(cable: string): readonly Entry[] {
    return this.list.filter((entry) => entry.cable === cable);
  }

  /** Those that hold a device's process by one of these actions. */
  holding(device: string, actions: readonly ProcessAction[]): readonly Entry[] {
    return this.list.filter(({ process }) => process?.device === device && actions.includes(process.action));
  }

  ordersOf(device: string): ChaosOrders {
    return joinOrders(this.list.map(({ orders }) => orders.get(device) ?? NO_ORDERS));
  }

  /** All that devices should have, with what these would add. */
  ordersWith(added: readonly Pick<Entry, 'orders'>[]): ReadonlyMap<string, ChaosOrders> {
    const devices = new Set(added.flatMap(({ orders }) => [...orders.keys()]));
    const parts = (device: string) => added.map(({ orders }) => orders.get(device) ?? NO_ORDERS);
    return new Map([...devices].map((device) => [device, joinOrders([this.ordersOf(device), ...parts(device)])]));
  }
}
