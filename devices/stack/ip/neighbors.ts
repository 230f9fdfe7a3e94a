/**
 * ARP (RFC 826): who has this IPv4 address on this link? A cache of answers with bounded size and age, the
 * requests, the replies, and what RFC 5227 says about two machines with one address.
 */

import type { Timers } from '../clock.js';
import type { Counters } from '../counters.js';
import type { Nic } from '../link/nic.js';
import type { Tracer } from '../trace.js';
import {
  BROADCAST_MAC,
  formatIpv4,
  formatMac,
  type Ipv4Address,
  isGroupMac,
  isLoopback,
  isMulticast,
  type MacAddress,
} from '../wire/address.js';
import { ARP_REPLY, ARP_REQUEST, type ArpPacket, emitArp, parseArp } from '../wire/arp.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, type EthernetFrame } from '../wire/ethernet.js';
import { isMalformed } from '../wire/malformed.js';
import { ConflictWatch } from './conflicts.js';
import type { Interfaces } from './interface.js';
import { Neighbor, type NeighborEvents, type NeighborState } from './neighbor.js';

/** Linux's gc_thresh3: the table never grows beyond it. */
export const MAX_NEIGHBORS = 1024;
/** Linux draws between half and one and a half times 30 s; a fixed minute is easier to watch. */
export const DEFAULT_REACHABLE_MS = 60_000;

export interface NeighborsOptions {
  readonly interfaces: Interfaces;
  readonly timers: Timers;
  readonly tracer: Tracer;
  readonly counters: Counters;
  /** How long an answer is trusted, ms; default {@link DEFAULT_REACHABLE_MS}. */
  readonly reachableMs?: number;
}

/** One line of `arp -n`. */
export interface NeighborLine {
  readonly ip: string;
  /** Absent while incomplete and after a failure. */
  readonly mac?: string;
  readonly interface: string;
  readonly state: NeighborState;
  /** Since it was last heard. */
  readonly ageMs: number;
  /** Packets that wait for the answer. */
  readonly queued: number;
}

export class Neighbors {
  /** Gets the IPv4 packets that waited for a neighbour who never answered. Installed by the layer above. */
  onUnreachable: (packets: readonly Uint8Array[]) => void = () => {};
  private readonly interfaces: Interfaces;
  private readonly timers: Timers;
  private readonly tracer: Tracer;
  private readonly counters: Counters;
  private readonly reachableMs: number;
  private readonly tables = new Map<Nic, Map<Ipv4Address, Neighbor>>();
  private size = 0;
  private readonly conflicts: ConflictWatch;
  private readonly events: NeighborEvents;

  constructor(options: NeighborsOptions) {
    this.interfaces = options.interfaces;
    this.timers = options.timers;
    this.tracer = options.tracer;
    this.counters = options.counters;
    this.reachableMs = options.reachableMs ?? DEFAULT_REACHABLE_MS;
    this.conflicts = new ConflictWatch(options, (nic, ip) => this.announce(nic, ip));
    for (const { nic } of this.interfaces.all()) this.tables.set(nic, new Map());
    this.events = {
      solicit: (neighbor, mac) => this.solicit(neighbor, mac),
      transmit: (neighbor, mac, packet) => neighbor.nic.send(mac, ETHERTYPE_IPV4, packet),
      queueFull: () => this.counters.add('arp.queueFull'),
      unreachable: (neighbor, waiting) => this.failed(neighbor, waiting),
      forgotten: (neighbor) => this.remove(neighbor),
    };
  }

  addNic(nic: Nic): void {
    this.tables.set(nic, new Map());
  }

  /** Forgets all that was learned there, permanent entries too; what waited for an answer is lost. */
  removeNic(nic: Nic): void {
    for (const neighbor of [...this.tableOf(nic).values()]) this.remove(neighbor);
    this.tables.delete(nic);
    this.conflicts.forget(nic);
  }

  /**
   * Sends an IPv4 packet to a neighbour: at once when its MAC address is known, else after the answer. The
   * caller's routing decided that `ip` is on this link. `answered`: the layers above know that what went this way
   * has arrived. False when the table is full of entries in use.
   */
  send(nic: Nic, ip: Ipv4Address, packet: Uint8Array, answered = false): boolean {
    const neighbor = this.tableOf(nic).get(ip) ?? this.create(nic, ip);
    if (neighbor === undefined) return false;
    if (answered) neighbor.progress();
    neighbor.send(packet);
    return true;
  }

  /** An ARP frame arrived. */
  receive(frame: EthernetFrame, nic: Nic): void {
    const arp = parseArp(frame.payload);
    if (isMalformed(arp)) {
      this.counters.add('arp.malformed');
      return;
    }
    this.counters.add(arp.operation === ARP_REQUEST ? 'arp.requestsIn' : 'arp.repliesIn');
    if (!isPlausibleSender(arp)) {
      this.counters.add('arp.badSender');
      return;
    }
    // Our own frame comes back through a loop of cables, or through our other interface on the same link.
    if (this.interfaces.all().some((own) => own.nic.mac === arp.senderMac)) {
      this.counters.add('arp.ownFrame');
      return;
    }
    this.conflicts.check(nic, arp);
    // Linux's arp_ignore=0: any own address is answered for, on whichever interface it is.
    const forUs = this.interfaces.isOwn(arp.targetIp);
    if (arp.senderIp !== 0 && !this.interfaces.isOwn(arp.senderIp)) this.merge(nic, arp, forUs, frame.dst === nic.mac);
    if (forUs && arp.operation === ARP_REQUEST) this.reply(nic, arp);
  }

  /** RFC 5227 section 2.3: tells everybody on the link that this address is ours, so that they update theirs. */
  announce(nic: Nic, ip: Ipv4Address): void {
    this.counters.add('arp.announcementsOut');
    this.request(nic, ip, ip, BROADCAST_MAC);
  }

  /**
   * RFC 5227 section 2.1.1: asks once whether anybody uses an address that is about to become ours. `onTaken`
   * is called when somebody does, until `stopProbing`. Retries and waiting are the caller's.
   */
  probe(nic: Nic, ip: Ipv4Address, onTaken: (mac: MacAddress) => void): void {
    this.conflicts.startProbe(nic, ip, onTaken);
    this.counters.add('arp.probesOut');
    this.request(nic, 0, ip, BROADCAST_MAC);
  }

  stopProbing(nic: Nic, ip: Ipv4Address): void {
    this.conflicts.stopProbe(nic, ip);
  }

  /** The MAC address in the cache, whatever its state. */
  lookup(nic: Nic, ip: Ipv4Address): MacAddress | undefined {
    return this.tableOf(nic).get(ip)?.mac;
  }

  /** A fixed entry: `arp -s`. False when the table is full. */
  setPermanent(nic: Nic, ip: Ipv4Address, mac: MacAddress): boolean {
    const neighbor = this.tableOf(nic).get(ip) ?? this.create(nic, ip);
    neighbor?.fix(mac);
    return neighbor !== undefined;
  }

  /** `arp -d`: forgets the address on one interface, or on all. False when nobody knew it. */
  delete(ip: Ipv4Address, nic?: Nic): boolean {
    let found = false;
    for (const [owner, table] of this.tables) {
      const neighbor = table.get(ip);
      if (neighbor === undefined || (nic !== undefined && nic !== owner)) continue;
      this.remove(neighbor);
      found = true;
    }
    return found;
  }

  /** Forgets everything that is not permanent, on one interface or on all. */
  flush(nic?: Nic): void {
    for (const neighbor of this.all()) {
      if (neighbor.state !== 'PERMANENT' && (nic === undefined || nic === neighbor.nic)) this.remove(neighbor);
    }
  }

  entries(): NeighborLine[] {
    return this.all().map((neighbor) => ({
      ip: formatIpv4(neighbor.ip),
      ...(neighbor.mac === undefined ? {} : { mac: formatMac(neighbor.mac) }),
      interface: neighbor.nic.name,
      state: neighbor.state,
      ageMs: this.timers.now - neighbor.updatedAt,
      queued: neighbor.queued,
    }));
  }

  /**
   * RFC 826's merge: who speaks is updated if known. Linux's caution about the rest: only a request to us makes
   * a new entry, and only a reply sent to us alone confirms one; anybody can broadcast anything.
   */
  private merge(nic: Nic, arp: ArpPacket, forUs: boolean, unicast: boolean): void {
    let neighbor = this.tableOf(nic).get(arp.senderIp);
    if (neighbor === undefined) {
      if (arp.operation === ARP_REPLY && forUs) this.counters.add('arp.unsolicited');
      if (arp.operation !== ARP_REQUEST || !forUs) return;
      neighbor = this.create(nic, arp.senderIp);
      if (neighbor === undefined) return;
    }
    const news = neighbor.mac !== arp.senderMac && neighbor.state !== 'PERMANENT';
    if (news && this.tracer.enabled) {
      const ip = formatIpv4(arp.senderIp);
      this.tracer.emit({ event: 'arp-learned', interface: nic.name, ip, mac: formatMac(arp.senderMac) });
    }
    if (arp.operation === ARP_REPLY && unicast) neighbor.confirm(arp.senderMac);
    else neighbor.hear(arp.senderMac);
  }

  private reply(nic: Nic, request: ArpPacket): void {
    this.counters.add('arp.repliesOut');
    const reply = {
      operation: ARP_REPLY,
      senderMac: nic.mac,
      senderIp: request.targetIp,
      targetMac: request.senderMac,
      targetIp: request.senderIp,
    };
    nic.send(request.senderMac, ETHERTYPE_ARP, emitArp(reply));
  }

  private solicit(neighbor: Neighbor, mac: MacAddress | undefined): void {
    // Like Linux's arp_announce=2: the asked host gets an address of its own subnet to answer to.
    const from = this.interfaces.addressTowards(neighbor.nic, neighbor.ip);
    if (from !== undefined) this.request(neighbor.nic, from, neighbor.ip, mac ?? BROADCAST_MAC);
  }

  private request(nic: Nic, senderIp: Ipv4Address, targetIp: Ipv4Address, to: MacAddress): void {
    this.counters.add('arp.requestsOut');
    const request = { operation: ARP_REQUEST, senderMac: nic.mac, senderIp, targetMac: 0, targetIp };
    nic.send(to, ETHERTYPE_ARP, emitArp(request));
  }

  private failed(neighbor: Neighbor, waiting: readonly Uint8Array[]): void {
    const { nic, ip } = neighbor;
    this.counters.add('arp.failed');
    if (this.tracer.enabled) this.tracer.emit({ event: 'arp-failed', interface: nic.name, ip: formatIpv4(ip) });
    if (waiting.length > 0) this.onUnreachable(waiting);
  }

  private create(nic: Nic, ip: Ipv4Address): Neighbor | undefined {
    if (this.size >= MAX_NEIGHBORS && !this.makeRoom()) {
      this.counters.add('arp.tableFull');
      return undefined;
    }
    const neighbor = new Neighbor(nic, ip, this.timers, this.reachableMs, this.events);
    this.tableOf(nic).set(ip, neighbor);
    this.size += 1;
    return neighbor;
  }

  /** Drops the longest unheard entry that nobody uses. */
  private makeRoom(): boolean {
    let oldest: Neighbor | undefined;
    for (const neighbor of this.all()) {
      if (neighbor.state !== 'STALE' && neighbor.state !== 'FAILED') continue;
      if (oldest === undefined || neighbor.updatedAt < oldest.updatedAt) oldest = neighbor;
    }
    if (oldest !== undefined) this.remove(oldest);
    return oldest !== undefined;
  }

  private remove(neighbor: Neighbor): void {
    if (!this.tableOf(neighbor.nic).delete(neighbor.ip)) return;
    this.size -= 1;
    const dropped = neighbor.close().length;
    if (dropped > 0) this.counters.add('arp.flushed', dropped);
  }

  private all(): Neighbor[] {
    return [...this.tables.values()].flatMap((table) => [...table.values()]);
  }

  private tableOf(nic: Nic): Map<Ipv4Address, Neighbor> {
    const table = this.tables.get(nic);
    if (table === undefined) throw new RangeError(`interface ${nic.name} belongs to another machine`);
    return table;
  }
}

/** No host has a group MAC address, and none the addresses that mean many hosts or oneself. */
function isPlausibleSender(arp: ArpPacket): boolean {
  const { senderMac, senderIp } = arp;
  if (senderMac === 0 || isGroupMac(senderMac)) return false;
  return !isLoopback(senderIp) && !isMulticast(senderIp) && senderIp < 0xf0000000;
}
