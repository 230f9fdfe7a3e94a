/**
 * One entry of the ARP cache, with Linux's states (`man 7 arp`, `ip neighbour`):
 *
 * ```
 *              request, 3 × 1 s              no answer
 *   (new) ───► INCOMPLETE ─────────────────────────────► FAILED ──► forgotten
 *                  │ reply                                 ▲
 *                  ▼          60 s             in use      │ 3 × 1 s, unicast
 *              REACHABLE ──────────► STALE ──────► DELAY ──┴─► PROBE
 *                  ▲                                 5 s         │
 *                  └────── reply, or progress of TCP ────────────┘
 * ```
 */
import type { Instant, Timer, Timers } from '../clock.js';
import type { Nic } from '../link/nic.js';
import type { Ipv4Address, MacAddress } from '../wire/address.js';

export type NeighborState = 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE' | 'FAILED' | 'PERMANENT';

/** RFC 1122 section 2.3.2.1: at most one request a second for one address. */
export const RETRANSMIT_MS = 1000;
/** Linux's mcast_solicit and ucast_solicit. */
export const MAX_REQUESTS = 3;
/** Linux's delay_first_probe_time: how long a stale entry is used before it is probed. */
export const DELAY_MS = 5000;
/** A datagram of 64 KiB in fragments of Ethernet's size waits whole. */
export const MAX_WAITING = 64;
/** A stale or failed entry that nobody uses is forgotten after this many times the reachable time. */
const FORGET_AFTER = 4;

/** What an entry asks of the protocol. */
export interface NeighborEvents {
  /** Ask for the address: of everybody, or of `mac` alone. */
  solicit(neighbor: Neighbor, mac: MacAddress | undefined): void;
  /** Send an IPv4 packet to the neighbour's MAC address. */
  transmit(neighbor: Neighbor, mac: MacAddress, packet: Uint8Array): void;
  /** The oldest waiting packet had to make room. */
  queueFull(neighbor: Neighbor): void;
  /** No answer: these packets waited in vain. */
  unreachable(neighbor: Neighbor, waiting: readonly Uint8Array[]): void;
  /** Nobody used the entry for long. */
  forgotten(neighbor: Neighbor): void;
}

export class Neighbor {
  readonly nic: Nic;
  readonly ip: Ipv4Address;
  /** Undefined while incomplete and after a failure. */
  mac: MacAddress | undefined;
  state: NeighborState = 'FAILED';
  /** When it was last heard, or first asked for. */
  updatedAt: Instant;
  private waiting: Uint8Array[] = [];
  private requests = 0;
  private readonly timers: Timers;
  private readonly timer: Timer;
  private readonly reachableMs: number;
  private readonly events: NeighborEvents;

  constructor(nic: Nic, ip: Ipv4Address, timers: Timers, reachableMs: number, events: NeighborEvents) {
    this.nic = nic;
    this.ip = ip;
    this.timers = timers;
    this.reachableMs = reachableMs;
    this.events = events;
    this.updatedAt = timers.now;
    this.timer = timers.create(() => this.expire());
  }

  /** Packets that wait for an answer, 0 … {@link MAX_WAITING}. */
  get queued(): number {
    return this.waiting.length;
  }

  /** Sends the packet now, or keeps it until the neighbour has answered. */
  send(packet: Uint8Array): void {
    if (this.mac !== undefined) {
      this.events.transmit(this, this.mac, packet);
      if (this.state === 'STALE') this.enter('DELAY', DELAY_MS);
      return;
    }
    // RFC 1122 section 2.3.2.2: of the packets for one destination the latest must be kept.
    if (this.waiting.length >= MAX_WAITING) {
      this.waiting.shift();
      this.events.queueFull(this);
    }
    this.waiting.push(packet);
    if (this.state === 'FAILED') {
      this.updatedAt = this.timers.now;
      this.requests = 0;
      this.enter('INCOMPLETE', RETRANSMIT_MS);
      this.ask(undefined);
    }
  }

  /** The neighbour answered what we asked: it is there, and hears us. */
  confirm(mac: MacAddress): void {
    if (this.state === 'PERMANENT') return;
    this.enter('REACHABLE', this.reachableMs);
    this.learn(mac);
  }

  /** RFC 1122 section 2.3.2.1 (4), as Linux: what was sent this way has arrived, so that nobody needs to be asked. */
  progress(): void {
    if (this.mac !== undefined && this.state !== 'PERMANENT') this.enter('REACHABLE', this.reachableMs);
  }

  /** The neighbour was heard speaking: its address is known, but not whether it hears us. */
  hear(mac: MacAddress): void {
    if (this.state === 'PERMANENT') return;
    // What is in use is not upset by hearing the same again.
    if (this.mac !== mac) this.enter('STALE', this.reachableMs * FORGET_AFTER);
    this.learn(mac);
  }

  /** Never expires, never changes: `arp -s`. */
  fix(mac: MacAddress): void {
    this.state = 'PERMANENT';
    this.timer.clear();
    this.learn(mac);
  }

  /** The entry leaves the table; what waited is handed back. */
  close(): readonly Uint8Array[] {
    this.timer.clear();
    return this.takeWaiting();
  }

  private learn(mac: MacAddress): void {
    this.mac = mac;
    this.updatedAt = this.timers.now;
    for (const packet of this.takeWaiting()) this.send(packet);
  }

  private takeWaiting(): readonly Uint8Array[] {
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  private enter(state: NeighborState, forMs: number): void {
    this.state = state;
    this.timer.set(this.timers.now + forMs);
  }

  private ask(mac: MacAddress | undefined): void {
    this.requests += 1;
    this.events.solicit(this, mac);
  }

  private expire(): void {
    switch (this.state) {
      case 'REACHABLE':
        this.enter('STALE', this.reachableMs * FORGET_AFTER);
        break;
      case 'DELAY':
        this.requests = 0;
        this.enter('PROBE', RETRANSMIT_MS);
        this.ask(this.mac);
        break;
      case 'INCOMPLETE':
      case 'PROBE':
        if (this.requests < MAX_REQUESTS) {
          this.enter(this.state, RETRANSMIT_MS);
          this.ask(this.mac);
        } else {
          this.fail();
        }
        break;
      default:
        this.events.forgotten(this);
    }
  }

  private fail(): void {
    this.mac = undefined;
    this.updatedAt = this.timers.now;
    this.enter('FAILED', this.reachableMs);
    this.events.unreachable(this, this.takeWaiting());
  }
}
