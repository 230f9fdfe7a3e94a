/** Named counters of one machine: "ipv4.forwarded", "tcp.badChecksum". Every silent drop adds to one. */
export class Counters {
  private readonly values = new Map<string, number>();

  add(name: string, amount = 1): void {
    this.values.set(name, (this.values.get(name) ?? 0) + amount);
  }

  get(name: string): number {
    return this.values.get(name) ?? 0;
  }

  /** Sorted by name. */
  entries(): [string, number][] {
    return [...this.values].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
