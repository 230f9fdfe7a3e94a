/**
 * What chaos orders of one device. The method `chaos` hands over all that is in force, each time: what is no longer among
 * it ends, what is new begins, and what was there before goes on undisturbed, with its counts and its random draws.
 * Under no orders a device is what its config says, bit for bit.
 */
import type { Impairment } from '../stack/link-settings.js';
import type { RuleAction } from '../stack/packet-faults.js';

export interface ChaosOrders {
  /** In the order in which they were given: where two set the same parameter of a port, the later one holds. */
  readonly links: readonly LinkOrder[];
  /** In the order in which packets meet them; the first one that hits a packet decides. */
  readonly rules: readonly RuleOrder[];
  /** The last one holds. */
  readonly cpus?: readonly CpuOrder[];
  /** The last one holds. */
  readonly clocks?: readonly ClockOrder[];
}

/** Each order is part of a fault. */
interface OrderOfFault {
  /** The fault's id: `fault-3`. */
  readonly fault: string;
  /** What the fault does, for people and captures: `loss 20%`. */
  readonly title: string;
}

/** One direction of one port. */
export interface LinkOrder extends OrderOfFault {
  readonly port: string;
  /** `in` only where the other end is not ours, and cannot do it. */
  readonly direction: 'out' | 'in';
  /** Of its random draws. */
  readonly seed: string;
  /** Only what is here is changed. */
  readonly impairment?: Impairment;
  /** `down`: the port has no carrier, whatever the cable says. `blackhole`: all frames vanish, and nobody is told. */
  readonly state?: 'down' | 'blackhole';
}

/** Something that happens to packets that match an expression. */
export interface RuleOrder extends OrderOfFault {
  /** An expression of the filter language; empty: every packet. */
  readonly filter: string;
  /**
   * Where packets are judged. `origin`: each once, as it leaves the device that made it (one that something external made,
   * as it arrives from there). `port`: what leaves by that port, whoever made it; `device`: by any of its ports.
   */
  readonly at: 'origin' | 'device' | { readonly port: string };
  /** Of its random draws. */
  readonly seed: string;
  readonly action: RuleAction;
  /** So many that match are let through first. Default 0. */
  readonly skip?: number;
  /** So many are hit, then no more. Left out: all. */
  readonly count?: number;
  /** 0 … 1: the share of those that are not skipped that is hit; default 1. */
  readonly share?: number;
  /**
   * The folder in which devices that count together, and a device in its several lives, draw numbers (see
   * devices/runtime/claims.ts). Left out: this device counts alone, and anew when it is started again.
   */
  readonly claims?: string;
}

/** The device works as slowly as on a CPU of 1/factor of the speed. */
export interface CpuOrder extends OrderOfFault {
  /** Above 1 … 1000. */
  readonly factor: number;
}

/** The clock by which the device measures time, and the one that it shows. */
export interface ClockOrder extends OrderOfFault {
  /** Seconds that pass for it in a second: 1.05 is 5 % fast. 0.1 … 10, default 1. */
  readonly rate?: number;
  /** Added to the date and time that programs see, milliseconds. */
  readonly offsetMs?: number;
}

/** A row of the table `faults`: what one order has done on this device so far. */
export interface FaultRow {
  readonly fault: string;
  readonly title: string;
  /** Absent for what concerns the whole device. */
  readonly port?: string;
  readonly direction?: 'out' | 'in';
  /** Frames that came by while it was in force; of a rule, those that matched. */
  readonly matched: number;
  /** Frames that it dropped, changed, doubled or delayed. */
  readonly hit: number;
  /** A rule whose `count` is used up. */
  readonly exhausted?: boolean;
}
