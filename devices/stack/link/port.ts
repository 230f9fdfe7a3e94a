/**
 * The physical end of a link: what network interfaces, switch ports and hub ports have in common. It checks
 * what comes in, impairs what goes out, counts both and shows both to a capture. It knows no addresses.
 *
 * Packets are shared, never changed: a hub hands one and the same array to all its ports.
 */

import type { Instant, Timers } from '../clock.js';
import type { DropReason } from '../drop-reasons.js';
import type { Impairment } from '../link-settings.js';
import type { Random } from '../random.js';
import { checkPacket, ETHERNET_MTU, isGiant, PACKET_OVERHEAD } from '../wire/ethernet.js';
import { type Crc32, crc32 as tableCrc32 } from '../wire/fcs.js';
import { Impairer } from './impairment/impairer.js';
import type { FaultLayer } from './impairment/layer.js';
import type { LinkFault, LinkFaultCounts } from './impairment/settings.js';
import { LineClock } from './line-clock.js';

export type Direction = 'in' | 'out';

/**
 * Sees every packet at the moment at which it leaves or arrives, the dropped ones too. `dropped` is empty for
 * packets that go on, otherwise the name of the counter: "badFcs", "impairmentLoss", "noCarrier", … `fault` names the
 * fault that has dropped, changed or made the packet; it is empty for all others.
 */
export type Tap = (packet: Uint8Array, direction: Direction, dropped: string, at: Instant, fault: string) => void;

/**
 * Judges packets before anything else happens to them: passes them on ({@link Port.launch}, {@link Port.accept}), now or
 * later, changed or not, or gives them to {@link Port.discard}.
 */
export interface Interceptor {
  /** A packet is about to leave. */
  leaving(packet: Uint8Array): void;
  /** A packet has arrived. */
  arriving(packet: Uint8Array): void;
}

export interface PortOptions {
  /** `eth0` on hosts and routers, `1` on switches and hubs. */
  readonly name: string;
  /** Largest payload of a frame in bytes; default 1500. */
  readonly mtu?: number;
  /** The link as a topology writes it, `client:eth0 -- sw1:3`; names captures. */
  readonly link?: string;
  /** A faster CRC-32 than the table's. */
  readonly crc32?: Crc32;
  /** Only forks of it are used: one a purpose. */
  readonly random: Random;
  readonly timers: Timers;
  readonly impairment?: Impairment;
  /** Of what arrives, where the other end cannot impair what it sends since it is not ours. */
  readonly impairmentIn?: Impairment;
}

/** What one port has counted since it was made. Bytes are those of frames, without preamble and FCS. */
export class PortCounters {
  /** Sound frames; those that were dropped for their address afterwards are among them. */
  framesIn = 0;
  framesOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Reason to number of frames. */
  readonly dropsIn = new Map<DropReason, number>();
  readonly dropsOut = new Map<DropReason, number>();

  get droppedIn(): number {
    return total(this.dropsIn);
  }

  get droppedOut(): number {
    return total(this.dropsOut);
  }

  /** Both directions in one record, as tables show them. */
  drops(): Partial<Record<DropReason, number>> {
    const drops: Partial<Record<DropReason, number>> = Object.fromEntries(this.dropsIn);
    for (const [reason, count] of this.dropsOut) drops[reason] = (drops[reason] ?? 0) + count;
    return drops;
  }
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

export class Port {
  readonly name: string;
  readonly link: string;
  mtu: number;
  readonly crc32: Crc32;
  readonly timers: Timers;
  /** The time of what happens on the link. */
  readonly lineClock: LineClock;
  readonly counters = new PortCounters();
  /** Whether the other end is there, as the cable tells ({@link setCarrier}), and no fault holds the link down. */
  carrier = true;
  /** Installed by whoever carries packets to the other end. */
  transmit: (packet: Uint8Array) => void = () => {};
  /** Installed by the owner: gets sound packets only. */
  deliver: (packet: Uint8Array) => void = () => {};
  /** Installed by the owner that wants to know. */
  onCarrier?: (up: boolean) => void;
  /** Installed by chaos; without one packets take their usual way. */
  interceptor?: Interceptor;
  /** Replaced, never changed in place: a tap may go, or come, while a packet is shown. */
  private taps: readonly Tap[] = [];
  private readonly random: Random;
  private readonly impairer: Impairer;
  /** Made when something is wrong with what arrives, for the first time. */
  private impairerIn: Impairer | undefined;
  /** What the cable tells. */
  private cable = true;
  /** The fault that holds the link down. */
  private downBy: FaultLayer | undefined;

  constructor(options: PortOptions) {
    this.name = options.name;
    this.link = options.link ?? '';
    this.mtu = options.mtu ?? ETHERNET_MTU;
    this.crc32 = options.crc32 ?? tableCrc32;
    this.timers = options.timers;
    this.lineClock = new LineClock(options.timers);
    this.random = options.random;
    this.impairer = new Impairer({
      random: this.random,
      timers: this.lineClock,
      crc32: this.crc32,
      forward: (packet, fault) => this.depart(packet, fault),
      drop: (packet, reason, fault) => this.discard(packet, 'out', reason, fault),
    });
    const { impairment, impairmentIn } = options;
    if (impairment !== undefined) this.impairer.configure(impairment);
    if (impairmentIn !== undefined) this.incoming().configure(impairmentIn);
  }

  private incoming(): Impairer {
    this.impairerIn ??= new Impairer({
      random: this.random.fork('in'),
      timers: this.lineClock,
      crc32: this.crc32,
      forward: (packet, fault) => this.arrive(packet, fault),
      drop: (packet, reason, fault) => this.discard(packet, 'in', reason, fault),
    });
    return this.impairerIn;
  }

  /** The topology's own, whatever faults there are. */
  get impairment(): Impairment {
    return this.impairer.settings;
  }

  /**
   * Replaces the topology's own settings. Frames that are on their way are timed anew where delay or rate are others now;
   * what stays the same goes on: draws, states and what waits.
   */
  setImpairment(impairment: Impairment): void {
    this.impairer.configure(impairment);
  }

  /**
   * All faults of this link that are in force, both directions, in the order in which they came: of each parameter the
   * last one that sets it holds. A fault that was there before goes on undisturbed, with its counts and its draws; when
   * all are gone the topology's own settings go on where they were.
   */
  setFaults(faults: readonly LinkFault[]): void {
    this.impairer.setFaults(faults.filter(({ direction }) => direction === 'out'));
    const incoming = faults.filter(({ direction }) => direction === 'in');
    if (incoming.length > 0) this.incoming().setFaults(incoming);
    else this.impairerIn?.setFaults(incoming);
    const layers = [...this.impairer.faultLayers, ...(this.impairerIn?.faultLayers ?? [])];
    this.downBy = layers.findLast(({ order }) => order.state === 'down');
    if (this.downBy !== undefined) {
      for (const { packet, fault } of this.impairer.cut()) this.discardWithoutCarrier(packet, 'out', fault);
      for (const { packet, fault } of this.impairerIn?.cut() ?? []) this.discardWithoutCarrier(packet, 'in', fault);
    }
    this.updateCarrier();
  }

  /** What each of the faults has done so far. */
  get faultCounts(): LinkFaultCounts[] {
    return [...this.impairer.faultCounts, ...(this.impairerIn?.faultCounts ?? [])];
  }

  /** Shows every packet to `tap` from now on, beside the taps that are there; returns what ends it. */
  addTap(tap: Tap): () => void {
    // A function of its own, so that the same tap added twice is two, ended one by one.
    const added: Tap = (...seen) => tap(...seen);
    this.taps = [...this.taps, added];
    return () => {
      this.taps = this.taps.filter((other) => other !== added);
    };
  }

  /** Whether anybody looks. */
  get tapped(): boolean {
    return this.taps.length > 0;
  }

  /** The cable's news: the other end is there, or not. */
  setCarrier(up: boolean): void {
    this.cable = up;
    this.updateCarrier();
  }

  private updateCarrier(): void {
    const up = this.cable && this.downBy === undefined;
    if (up === this.carrier) return;
    this.carrier = up;
    this.onCarrier?.(up);
  }

  private discardWithoutCarrier(packet: Uint8Array, direction: Direction, fault = ''): void {
    // Without the cable there is nothing that a fault could take.
    const downBy = this.cable ? this.downBy : undefined;
    if (downBy !== undefined) {
      downBy.matched += 1;
      downBy.hit += 1;
    }
    this.discard(packet, direction, 'noCarrier', downBy?.mark ?? fault);
  }

  /** A packet arrives from the link: at once, or when the impairment of what arrives lets it go. */
  receive(packet: Uint8Array): void {
    if (this.interceptor === undefined || this.downBy !== undefined) this.accept(packet);
    else this.interceptor.arriving(packet);
  }

  /** Takes a packet as if it came from the link just now. `fault` marks it, when it is the work of one. */
  accept(packet: Uint8Array, fault = ''): void {
    if (this.downBy !== undefined) this.discardWithoutCarrier(packet, 'in', fault);
    else if (this.impairerIn === undefined || this.impairerIn.idle) this.arrive(packet, fault);
    else this.impairerIn.offer(packet, fault);
  }

  private arrive(packet: Uint8Array, fault: string): void {
    const unsound = checkPacket(packet, this.mtu, this.crc32);
    if (unsound !== undefined) {
      this.discard(packet, 'in', unsound, fault);
      return;
    }
    this.counters.framesIn += 1;
    this.counters.bytesIn += packet.length - PACKET_OVERHEAD;
    if (this.tapped) this.show(packet, 'in', '', fault);
    this.deliver(packet);
  }

  /** Puts a packet on the link: at once, or when faults and impairment let it go. */
  send(packet: Uint8Array): void {
    if (!this.carrier) this.discardWithoutCarrier(packet, 'out');
    else if (isGiant(packet, this.mtu)) this.discard(packet, 'out', 'giant');
    else if (this.interceptor === undefined) this.launch(packet);
    else this.interceptor.leaving(packet);
  }

  /** Puts a packet on the link that no interceptor shall see. `fault` marks it, when it is the work of one. */
  launch(packet: Uint8Array, fault = ''): void {
    if (this.impairer.idle) this.depart(packet, fault);
    else if (this.downBy !== undefined) this.discardWithoutCarrier(packet, 'out', fault);
    else this.impairer.offer(packet, fault);
  }

  /** Counts a drop that somebody else has noticed: a tunnel's bad record, an interface's foreign frame. */
  countDrop(direction: Direction, reason: DropReason): void {
    const counts = direction === 'in' ? this.counters.dropsIn : this.counters.dropsOut;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }

  /** Counts and shows a packet that goes no further. */
  discard(packet: Uint8Array, direction: Direction, reason: DropReason, fault = ''): void {
    this.countDrop(direction, reason);
    if (this.tapped) this.show(packet, direction, reason, fault);
  }

  private depart(packet: Uint8Array, fault: string): void {
    // A delayed packet may find that the link has gone since.
    if (!this.carrier) {
      this.discardWithoutCarrier(packet, 'out', fault);
      return;
    }
    this.counters.framesOut += 1;
    this.counters.bytesOut += packet.length - PACKET_OVERHEAD;
    if (this.tapped) this.show(packet, 'out', '', fault);
    this.transmit(packet);
  }

  private show(packet: Uint8Array, direction: Direction, dropped: string, fault: string): void {
    for (const tap of this.taps) tap(packet, direction, dropped, this.timers.now, fault);
  }
}
