import type { CounterName } from './counter-names.js';

/** Named counters of one machine: "ipv4.forwarded", "tcp.badChecksum". Every silent drop adds to one. */
export class Counters {
  private readonly values = new Map<CounterName, number>();

  add(name: CounterName, amount = 1): void {
    this.values.set(name, (this.values.get(name) ?? 0) + amount);
  }

  get(name: CounterName): number {
    return this.values.get(name) ?? 0;
  }

  /** Sorted by name. */
  entries(): [CounterName, number][] {
    return [...this.values].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
