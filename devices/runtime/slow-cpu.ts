/**
 * A slower processor: after each turn of the event loop the process sleeps so long that all it does takes N times as much
 * time. Packets wait in the kernel's buffer meanwhile, and are lost when that is full, as on a machine that is too slow.
 */

/** So long the process sleeps in one go, at most: whoever asks it something is answered then. */
export const MAX_SLEEP_MS = 2000;
/** Work that nobody told of (files, timers of programs) is found in steps of this. */
const INTERVAL_MS = 20;
/** Shorter sleeps are put together. */
const MIN_SLEEP_MS = 0.05;

export interface SlowCpuOptions {
  /** CPU time of the process so far, milliseconds. */
  readonly usedMs?: () => number;
  /** Holds the process up. */
  readonly sleep?: (ms: number) => void;
}

export class SlowCpu {
  private readonly usedMs: () => number;
  private readonly sleep: (ms: number) => void;
  private factor = 1;
  private paidMs = 0;
  private owedMs = 0;
  private interval: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;

  constructor({ usedMs = processCpuMs, sleep = sleepNow }: SlowCpuOptions = {}) {
    this.usedMs = usedMs;
    this.sleep = sleep;
  }

  /** As on a processor of 1/factor of the speed; 1 ends it. */
  readonly setFactor = (factor: number): void => {
    if (factor === this.factor) return;
    // What was done until now was done at the old speed.
    this.pay();
    this.factor = factor;
    clearInterval(this.interval);
    this.interval = undefined;
    if (factor > 1) this.interval = setInterval(this.pay, INTERVAL_MS).unref();
    else this.owedMs = 0;
    this.paidMs = this.usedMs();
  };

  /** The device has done something in this turn. */
  readonly worked = (): void => {
    if (this.factor === 1 || this.turn !== undefined) return;
    this.turn = setImmediate(this.pay);
  };

  stop(): void {
    this.factor = 1;
    clearInterval(this.interval);
    clearImmediate(this.turn);
  }

  private readonly pay = (): void => {
    clearImmediate(this.turn);
    this.turn = undefined;
    const usedMs = this.usedMs();
    this.owedMs += (usedMs - this.paidMs) * (this.factor - 1);
    this.paidMs = usedMs;
    if (this.owedMs < MIN_SLEEP_MS) return;
    const sleepMs = Math.min(this.owedMs, MAX_SLEEP_MS);
    // More than one long sleep is not put off: a device must not be busy with its past for ever.
    this.owedMs = Math.min(this.owedMs - sleepMs, MAX_SLEEP_MS);
    this.sleep(sleepMs);
  };
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

function sleepNow(ms: number): void {
  Atomics.wait(nobodyWakes, 0, 0, ms);
}
