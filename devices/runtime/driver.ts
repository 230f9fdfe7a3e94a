/**
 * Runs one machine in real time: frames come in from the tunnels, time from the clock, and one timer of the
 * operating system stands for the earliest deadline of the machine.
 */
import type { Machine } from '../apps/machine.js';
import type { Instant } from '../stack/clock.js';
import type { Port } from '../stack/link/port.js';
import { DeviceClock } from './clock.js';

/** setTimeout takes no more than this; a longer wait is armed again when it ends. */
const MAX_TIMEOUT_MS = 0x7fffffff;

/** A timer that fires so long after its time, milliseconds, has found the event loop busy. */
const LATE_MS = 5;

export class Driver {
  private readonly clock: DeviceClock;
  private readonly onWork: () => void;
  private machine: Machine | undefined;
  private timer: NodeJS.Timeout | undefined;
  private armedFor: Instant = Number.POSITIVE_INFINITY;
  private afterPackets: NodeJS.Immediate | undefined;

  /** The machine lives by the clock's time. `onWork` hears of everything that it is given to do. */
  constructor(clock = new DeviceClock(), onWork: () => void = () => {}) {
    this.clock = clock;
    this.onWork = onWork;
  }

  /** The machine cannot be known when the driver is made: its environment holds the driver's `wake`. */
  attach(machine: Machine): void {
    this.machine = machine;
    this.wake();
  }

  readonly receive = (port: Port, packet: Uint8Array): void => {
    this.machine?.receive(port, packet, this.clock.now());
    this.wake();
  };

  /** To be called after every change: arms the timer when the earliest deadline has come nearer. */
  readonly wake = (): void => {
    this.onWork();
    const next = this.machine?.nextTimeoutAt() ?? Number.POSITIVE_INFINITY;
    // A timer that is armed too early is left alone: it fires, finds nothing due, and is armed anew.
    if (next >= this.armedFor) return;
    clearTimeout(this.timer);
    this.armedFor = next;
    // setTimeout cuts fractions off: rounded down it would fire before the deadline, and have to be armed once more.
    const delayMs = Math.ceil(Math.max(0, this.clock.realMsUntil(next)));
    this.timer = setTimeout(this.expire, Math.min(MAX_TIMEOUT_MS, delayMs));
  };

  /** The clock runs at another rate: what was armed by the old one is armed anew. */
  rearm(): void {
    this.armedFor = Number.POSITIVE_INFINITY;
    this.wake();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.afterPackets);
    this.machine = undefined;
  }

  /**
   * The event loop looks at its timers first. When something has held it up, packets may have waited that would have ended
   * what is due now, a retransmission: they are taken before, as a kernel does.
   */
  private readonly expire = (): void => {
    if (this.clock.realMsUntil(this.armedFor) < -LATE_MS) this.afterPackets = setImmediate(this.advance);
    else this.advance();
  };

  private readonly advance = (): void => {
    this.armedFor = Number.POSITIVE_INFINITY;
    this.machine?.advance(this.clock.now());
    this.wake();
  };
}
