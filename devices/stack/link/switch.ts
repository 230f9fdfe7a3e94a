/**
 * A learning switch (IEEE 802.1D section 7): it has no MAC address of its own, notes behind which port each
 * source address is, and sends a frame on, as it is and with the FCS that it came with, to the port of its
 * destination. What it does not know, and what is for all, goes to all ports but the one that it came from.
 */
import type { Instant, Timers } from '../clock.js';
import type { Counters } from '../counters.js';
import type { Tracer } from '../trace.js';
import { formatMac, isGroupMac, type MacAddress, readMac } from '../wire/address.js';
import { FRAME_OFFSET } from '../wire/ethernet.js';
import type { Port } from './port.js';

/** IEEE 802.1D table 7-5 recommends 300 s. */
export const DEFAULT_MAC_AGE_MS = 300_000;
export const MAX_MAC_ENTRIES = 8192;
/** IEEE 802.1D table 7-10: 01-80-C2-00-00-00 to -0F are for the neighbour alone and are never relayed. */
const RESERVED_FIRST: MacAddress = 0x0180c2000000;
const RESERVED_LAST: MacAddress = 0x0180c200000f;

export interface SwitchOptions {
  readonly ports: readonly Port[];
  readonly timers: Timers;
  readonly tracer: Tracer;
  readonly counters: Counters;
  /** How long an address is remembered that sends nothing; default {@link DEFAULT_MAC_AGE_MS}. */
  readonly macAgeMs?: number;
}

export interface MacTableEntry {
  readonly mac: MacAddress;
  /** Name of the port. */
  readonly port: string;
  /** Since the address was last seen. */
  readonly ageMs: number;
}

interface Station {
  port: Port;
  seenAt: Instant;
}

export class Switch {
  private readonly ports: Port[] = [];
  private readonly timers: Timers;
  private readonly tracer: Tracer;
  private readonly counters: Counters;
  private readonly macAgeMs: number;
  private readonly stations = new Map<MacAddress, Station>();
  /** While the table is full: when its oldest entry leaves. Spares a flood of addresses a search for each. */
  private fullUntil: Instant = 0;

  /** Takes the ports over: their `deliver` and `onCarrier` are the switch's. */
  constructor(options: SwitchOptions) {
    this.timers = options.timers;
    this.tracer = options.tracer;
    this.counters = options.counters;
    this.macAgeMs = options.macAgeMs ?? DEFAULT_MAC_AGE_MS;
    for (const port of options.ports) this.addPort(port);
  }

  addPort(port: Port): void {
    this.ports.push(port);
    port.deliver = (packet) => this.relay(port, packet);
    port.onCarrier = (up) => {
      if (!up) this.forgetPort(port);
    };
  }

  /** What was learned on it is forgotten, and what comes in by it from now on goes nowhere. */
  removePort(port: Port): void {
    const index = this.ports.indexOf(port);
    if (index >= 0) this.ports.splice(index, 1);
    port.deliver = () => {};
    port.onCarrier = undefined;
    this.forgetPort(port);
  }

  /** What has not aged out, in the order in which it was learned. */
  macTable(): MacTableEntry[] {
    const entries: MacTableEntry[] = [];
    for (const [mac, station] of this.stations) {
      const ageMs = this.timers.now - station.seenAt;
      if (ageMs < this.macAgeMs) entries.push({ mac, port: station.port.name, ageMs });
    }
    return entries;
  }

  private relay(from: Port, packet: Uint8Array): void {
    const src = readMac(packet, FRAME_OFFSET + 6);
    if (src === 0 || isGroupMac(src)) {
      // Nobody can have sent that: as a Linux bridge, it is neither learned nor relayed.
      this.counters.add('switch.badSource');
      return;
    }
    this.learn(from, src);
    const dst = readMac(packet, FRAME_OFFSET);
    if (dst >= RESERVED_FIRST && dst <= RESERVED_LAST) {
      this.counters.add('switch.reserved');
      return;
    }
    const to = this.portOf(dst);
    if (to === undefined) {
      this.counters.add('switch.flooded');
      for (const port of this.ports) if (port !== from && port.carrier) port.send(packet);
    } else if (to === from) {
      // Its receiver is on the segment that it came from, and has heard it there.
      this.counters.add('switch.filtered');
    } else {
      this.counters.add('switch.forwarded');
      to.send(packet);
    }
  }

  /** Undefined for unknown, aged and group addresses: these are never learned. */
  private portOf(mac: MacAddress): Port | undefined {
    const station = this.stations.get(mac);
    if (station === undefined) return undefined;
    if (this.timers.now - station.seenAt < this.macAgeMs) return station.port;
    this.stations.delete(mac);
    return undefined;
  }

  private learn(port: Port, mac: MacAddress): void {
    const { now } = this.timers;
    const station = this.stations.get(mac);
    if (station !== undefined) {
      const known = station.port === port && now - station.seenAt < this.macAgeMs;
      station.port = port;
      station.seenAt = now;
      if (known) return;
    } else {
      if (this.stations.size >= MAX_MAC_ENTRIES && !this.makeRoom()) {
        this.counters.add('switch.tableFull');
        return;
      }
      this.stations.set(mac, { port, seenAt: now });
    }
    this.counters.add('switch.learned');
    if (this.tracer.enabled) this.tracer.emit({ event: 'mac-learned', port: port.name, mac: formatMac(mac) });
  }

  /** Removes what has aged out; false when nothing has. */
  private makeRoom(): boolean {
    const { now } = this.timers;
    if (now < this.fullUntil) return false;
    let oldestSeenAt = now;
    for (const [mac, station] of this.stations) {
      if (now - station.seenAt >= this.macAgeMs) this.stations.delete(mac);
      else oldestSeenAt = Math.min(oldestSeenAt, station.seenAt);
    }
    this.fullUntil = oldestSeenAt + this.macAgeMs;
    return this.stations.size < MAX_MAC_ENTRIES;
  }

  /** Nobody is behind a dead port: its addresses may turn up elsewhere at once. */
  private forgetPort(port: Port): void {
    for (const [mac, station] of this.stations) if (station.port === port) this.stations.delete(mac);
    this.fullUntil = 0;
  }
}
