/** What was noticed of servers, by address: kept for a while, and for a bounded number of them. */
import type { Instant } from '../stack/clock.js';

const MAX_SERVERS = 1_000;

export class ServerMarks {
  private readonly now: () => Instant;
  private readonly ms: number;
  /** In the order in which they were set. */
  private readonly until = new Map<string, Instant>();

  /** `ms`: how long a mark lasts. */
  constructor(now: () => Instant, ms: number) {
    this.now = now;
    this.ms = ms;
  }

  has(key: string): boolean {
    const until = this.until.get(key);
    if (until === undefined) return false;
    if (until > this.now()) return true;
    this.until.delete(key);
    return false;
  }

  add(key: string): void {
    this.until.delete(key);
    this.until.set(key, this.now() + this.ms);
    if (this.until.size <= MAX_SERVERS) return;
    const [oldest] = this.until.keys();
    this.until.delete(oldest);
  }

  delete(key: string): void {
    this.until.delete(key);
  }
}
