/** Two machines with one address: noticing it and defending one's own (RFC 5227). */
import type { Instant, Timers } from '../clock.js';
import type { Counters } from '../counters.js';
import type { Nic } from '../link/nic.js';
import type { Tracer } from '../trace.js';
import { formatIpv4, formatMac, type Ipv4Address, type MacAddress } from '../wire/address.js';
import { ARP_REQUEST, type ArpPacket } from '../wire/arp.js';
import type { Interfaces } from './interface.js';

/** RFC 5227 section 1.1, DEFEND_INTERVAL: so that two defenders do not shout at each other for ever. */
export const DEFEND_INTERVAL_MS = 10_000;

export interface ConflictContext {
  readonly interfaces: Interfaces;
  readonly timers: Timers;
  readonly tracer: Tracer;
  readonly counters: Counters;
}

interface Probe {
  readonly nic: Nic;
  readonly ip: Ipv4Address;
  readonly onTaken: (mac: MacAddress) => void;
}

export class ConflictWatch {
  private readonly context: ConflictContext;
  private readonly announce: (nic: Nic, ip: Ipv4Address) => void;
  private readonly defendedAt = new Map<Ipv4Address, Instant>();
  private probes: readonly Probe[] = [];

  constructor(context: ConflictContext, announce: (nic: Nic, ip: Ipv4Address) => void) {
    this.context = context;
    this.announce = announce;
  }

  startProbe(nic: Nic, ip: Ipv4Address, onTaken: (mac: MacAddress) => void): void {
    this.stopProbe(nic, ip);
    this.probes = [...this.probes, { nic, ip, onTaken }];
  }

  stopProbe(nic: Nic, ip: Ipv4Address): void {
    this.probes = this.probes.filter((probe) => probe.nic !== nic || probe.ip !== ip);
  }

  /** The interface goes: nobody's address is looked for there any more. */
  forget(nic: Nic): void {
    this.probes = this.probes.filter((probe) => probe.nic !== nic);
  }

  /** Looks at every ARP packet that another machine sent. */
  check(nic: Nic, arp: ArpPacket): void {
    if (arp.senderIp !== 0 && this.context.interfaces.isOwn(arp.senderIp)) this.conflict(nic, arp);
    for (const probe of this.probes) {
      if (probe.nic !== nic) continue;
      // Section 2.1.1: in use by the sender, or wanted by another one who probes for it at the same time.
      const probedToo = arp.operation === ARP_REQUEST && arp.senderIp === 0 && arp.targetIp === probe.ip;
      if (arp.senderIp === probe.ip || probedToo) probe.onTaken(arp.senderMac);
    }
  }

  /** Section 2.4 (c): keeps the address, and says so at most once in ten seconds. */
  private conflict(nic: Nic, arp: ArpPacket): void {
    const { timers, tracer, counters } = this.context;
    const ip = arp.senderIp;
    counters.add('arp.conflict');
    if (tracer.enabled) {
      tracer.emit({ event: 'arp-conflict', interface: nic.name, ip: formatIpv4(ip), mac: formatMac(arp.senderMac) });
    }
    const last = this.defendedAt.get(ip);
    if (last !== undefined && timers.now - last < DEFEND_INTERVAL_MS) return;
    this.defendedAt.set(ip, timers.now);
    this.announce(nic, ip);
  }
}
