/**
 * Whether the other end of a link is there, as far as the kernel tells: a connected UDP socket reports ECONNREFUSED
 * while nobody is bound at its peer. That is a cable that is not plugged in there, and it must come back by itself.
 */

/** How often a link without carrier is tried again. */
const PROBE_INTERVAL_MS = 100;

export class Carrier {
  private readonly probe: () => void;
  private readonly changed: (up: boolean) => void;
  private timer: NodeJS.Timeout | undefined;
  /** A refusal since the last probe: the peer is still away. */
  private wasRefused = false;

  /** `probe` sends something that is refused when nobody is there. There is a carrier until the first refusal. */
  constructor(probe: () => void, changed: (up: boolean) => void) {
    this.probe = probe;
    this.changed = changed;
  }

  refused(): void {
    this.wasRefused = true;
    if (this.timer !== undefined) return;
    this.changed(false);
    this.timer = setInterval(() => {
      if (!this.wasRefused) {
        this.heard();
        return;
      }
      this.wasRefused = false;
      this.probe();
    }, PROBE_INTERVAL_MS);
    this.timer.unref();
  }

  /** The peer has sent something, or a probe was not refused. */
  heard(): void {
    if (this.timer === undefined) return;
    this.stop();
    this.changed(true);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.wasRefused = false;
  }
}
