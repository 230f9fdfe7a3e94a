/** What `ping` counts, and its last lines. */
export class PingStatistics {
  sent = 0;
  received = 0;
  duplicates = 0;
  errors = 0;
  private minimumMs = Number.POSITIVE_INFINITY;
  private longestMs = 0;
  private sumMs = 0;
  private sumOfSquares = 0;

  /** The longest round trip, ms; 0 before the first reply. */
  get maximumMs(): number {
    return this.longestMs;
  }

  addReply(roundTripMs: number, duplicate: boolean): void {
    if (duplicate) this.duplicates += 1;
    else this.received += 1;
    this.minimumMs = Math.min(this.minimumMs, roundTripMs);
    this.longestMs = Math.max(this.longestMs, roundTripMs);
    this.sumMs += roundTripMs;
    this.sumOfSquares += roundTripMs * roundTripMs;
  }

  /** iputils' closing lines. `elapsedMs` is the time from the first request to the end. */
  summary(host: string, elapsedMs: number): string {
    const parts = [`${this.sent} packets transmitted`, `${this.received} received`];
    if (this.duplicates > 0) parts.push(`+${this.duplicates} duplicates`);
    if (this.errors > 0) parts.push(`+${this.errors} errors`);
    const loss = this.sent === 0 ? 0 : ((this.sent - this.received) * 100) / this.sent;
    parts.push(`${percent(loss)}% packet loss`, `time ${Math.round(elapsedMs)}ms`);
    return `\n--- ${host} ping statistics ---\n${parts.join(', ')}\n${this.roundTrips()}\n`;
  }

  private roundTrips(): string {
    const count = this.received + this.duplicates;
    if (count === 0) return '';
    const average = this.sumMs / count;
    // iputils' "mdev" is the population standard deviation.
    const deviation = Math.sqrt(Math.max(0, this.sumOfSquares / count - average * average));
    const times = [this.minimumMs, average, this.longestMs, deviation].map((ms) => ms.toFixed(3));
    return `rtt min/avg/max/mdev = ${times.join('/')} ms`;
  }
}

/** Six significant digits, as printf's %g. */
function percent(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** A round-trip time with iputils' precision: 0.045, 1.23, 12.3, 123. */
export function roundTripText(ms: number): string {
  if (ms >= 100) return ms.toFixed(0);
  return ms.toFixed(ms >= 10 ? 1 : ms >= 1 ? 2 : 3);
}
