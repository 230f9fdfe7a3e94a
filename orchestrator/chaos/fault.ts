/**
 * A fault as it is asked for, and as it is in force: what commands, scenarios and the monkey give to the lab's
 * {@link Chaos}, and what `chaos list` shows. Plain JSON, so that it goes over the lab's control socket as it is.
 *
 * This folder makes faults in a running lab and takes them back: it checks what is asked, keeps what is in force, and
 * orders devices about (devices/control/chaos.ts) and their processes (lab/). It knows nothing of commands and scenarios.
 */
import type { Impairment, RuleAction } from '../../devices/control.js';

/** What every request may say besides. */
interface Common {
  /** The fault ends by itself after this time. */
  readonly forMs?: number;
  /** Of its random draws; its id when left out. */
  readonly seed?: string;
}

/** A link by its ends: `client`, or `client:eth0` where two devices are joined more than once. */
export interface LinkRequest extends Common {
  readonly kind: 'link';
  readonly a: string;
  readonly b: string;
  /** One of the ends: only what it sends is concerned. */
  readonly from?: string;
  /** Only what is here is changed. */
  readonly impairment?: Impairment;
  /** `up` ends the faults that hold the link down or make it a black hole, and is no fault itself. */
  readonly state?: 'down' | 'up' | 'blackhole';
}

/**
 * `kill`: SIGKILL; `stop`: in an orderly way; `pause`: SIGSTOP. They end with `start` and `resume`, which are no faults
 * themselves, nor is `restart` (stop and start).
 */
export const DEVICE_ACTIONS = ['kill', 'stop', 'start', 'restart', 'pause', 'resume', 'slow', 'clock'] as const;
export type DeviceAction = (typeof DEVICE_ACTIONS)[number];

export interface DeviceRequest extends Common {
  readonly kind: 'device';
  readonly device: string;
  readonly action: DeviceAction;
  /** `slow`: as on a CPU of 1/factor of the speed. */
  readonly factor?: number;
  /** `clock`: seconds that pass for it in a second. */
  readonly rate?: number;
  /** `clock`: added to date and time. */
  readonly offsetMs?: number;
}

export interface RuleRequest extends Common {
  readonly kind: 'rule';
  /** An expression of the filter language. */
  readonly filter: string;
  readonly action: RuleAction;
  /** What leaves by these ports is judged: `client`, `client:eth0`. Left out: each packet where it is made. */
  readonly at?: string;
  /** Devices whose own packets are let alone; only without `at`. */
  readonly except?: readonly string[];
  readonly skip?: number;
  readonly count?: number;
  /** 0 … 1. */
  readonly share?: number;
}

/** All links between devices of one group and of the other are down, or what goes over them vanishes. */
export interface PartitionRequest extends Common {
  readonly kind: 'partition';
  /** Names of devices, `*` for any text. */
  readonly left: readonly string[];
  /** Left out: all others. */
  readonly right?: readonly string[];
  /** Frames vanish, and no carrier is lost. */
  readonly silent?: boolean;
}

/** Random faults of all kinds, one after the other, several at a time. */
export interface MonkeyRequest extends Common {
  readonly kind: 'monkey';
  /** Needed: a monkey that never stops is no test. */
  readonly forMs: number;
  /** Mean time from one fault to the next; default 2000. */
  readonly intervalMs?: number;
  /** Devices that are left alone, with `*`: they, their links, and the packets that they make. */
  readonly spare?: readonly string[];
  /** Kinds of faults, all when left out. */
  readonly kinds?: readonly MonkeyKind[];
}

export const MONKEY_KINDS = ['impair', 'cut', 'packets', 'kill', 'restart', 'pause', 'slow', 'clock'] as const;
export type MonkeyKind = (typeof MONKEY_KINDS)[number];

export type FaultRequest = LinkRequest | DeviceRequest | RuleRequest | PartitionRequest | MonkeyRequest;

/** A fault that is in force, or was. */
export interface Fault {
  /** `fault-3`; counted from 1 in each lab. Empty of what is no fault: `up`, `start`, `resume`, `restart`. */
  readonly id: string;
  readonly request: FaultRequest;
  /** What it does, for people: `loss 20%, delay 50ms`. */
  readonly title: string;
  /** What it does it to: `client:eth0 -- home-switch:1, from client`, `bb-west`. */
  readonly target: string;
  /** The monkey's, or the partition's, that it is part of. */
  readonly parent?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until?: number;
  /** Of what is no fault: the ids of those that it has put an end to; absent when there were none. */
  readonly ended?: readonly string[];
  /** Why it is not in force on a device now: it is dead, or paused. */
  readonly pending?: readonly string[];
}

/** What a fault has done so far, on all devices together. */
export interface FaultCount {
  readonly id: string;
  /** Frames that came by while it was in force; of a rule, those that matched. */
  readonly matched: number;
  /** Frames that it dropped, changed or answered. */
  readonly hit: number;
  /** A rule whose `count` is used up. */
  readonly exhausted: boolean;
}

/**
 * The faults of one lab. Requests are carried out one after the other, in the order in which they came; only a device that
 * starts again holds up nothing but what is asked of itself.
 */
export interface Chaos {
  /**
   * Resolves when the fault is in force on every device that it concerns (and that runs). Rejects with a CliError
   * (status 2, a bad request, no such link; 3, no such device), and then nothing has changed.
   */
  apply(request: FaultRequest): Promise<Fault>;
  /** Takes a fault back, with its parts. Rejects with a CliError of status 3 when there is none of this id. */
  end(id: string): Promise<Fault>;
  /** Takes all back: links as the topology has them, every device running. Resolves with those that were in force. */
  clear(): Promise<Fault[]>;
  /** In force, in the order in which they came. */
  list(): Fault[];
  /** Of those in force, as the devices say that answer; those that no device counts (a kill) are left out. */
  counts(): Promise<FaultCount[]>;
  /** Tells each fault that begins or ends; returns what ends this. */
  listen(listener: (news: ChaosNews) => void): () => void;
}

export interface ChaosNews {
  /**
   * `done`: of what is no fault, `start` or `up`, that it has been done. `failed`: a part of a monkey's could not begin, or
   * a device did not come back when its fault ended; `message` says why.
   */
  readonly event: 'began' | 'ended' | 'done' | 'failed';
  readonly fault: Fault;
  /** Of one that ended: its time was over, it was asked for, or something took its place (`start` ends a `kill`). */
  readonly why?: 'expired' | 'ended' | 'cleared' | 'replaced';
  readonly message?: string;
}
