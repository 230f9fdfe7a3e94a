/**
 * The composition root: one machine's protocol stack, from its network interfaces up to TCP and UDP. Sans-I/O:
 * packets, time and randomness come in as arguments, packets go out through the ports, news for programs through
 * the event queue. Every entry does the same three things: sets the present, changes state, then drains the news.
 */
import type { Instant, Timers } from './clock.js';
import { Counters } from './counters.js';
import { EventQueue } from './events.js';
import { Icmp } from './ip/icmp.js';
import { Interfaces } from './ip/interface.js';
import { Ipv4 } from './ip/ipv4.js';
import { Neighbors } from './ip/neighbors.js';
import { Nic } from './link/nic.js';
import type { Port } from './link/port.js';
import type { Random } from './random.js';
import type { TcpContext } from './tcp/control-block/types.js';
import { Tcp } from './tcp/tcp.js';
import { NO_TRACE, stampedBy, type Tracer } from './trace.js';
import { Udp } from './transport/udp.js';
import { type Cidr, formatCidr, formatIpv4, type Ipv4Address, type MacAddress, networkOf } from './wire/address.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4 } from './wire/ethernet.js';
import { PROTOCOL_TCP } from './wire/ipv4.js';

export interface NicOptions {
  readonly port: Port;
  readonly mac: MacAddress;
  /** Empty for an interface that is configured later, by DHCP. */
  readonly addresses: readonly Cidr[];
}

export interface StaticRoute {
  /** Host bits are ignored; the default route has prefix length 0. */
  readonly destination: Cidr;
  /** Next hop; left out when the network is directly attached to `interface`. */
  readonly gateway?: Ipv4Address;
  /** Default: the interface in whose network the gateway is. */
  readonly interface?: string;
  /** Default 0. */
  readonly metric?: number;
}

/** What may be set of a machine's TCP: buffers, congestion control, and what else has a default. */
export type TcpSettings = Partial<
  Omit<TcpContext, 'timers' | 'random' | 'tracer' | 'counters' | 'events' | 'ipv4' | 'mslMs'>
>;

export interface StackOptions {
  /** Of the machine, for messages. */
  readonly name: string;
  readonly nics: readonly NicOptions[];
  readonly routes?: readonly StaticRoute[];
  /** True on routers. */
  readonly forwarding: boolean;
  /** Only forks of it are used. */
  readonly random: Random;
  /** Shared with the ports. */
  readonly timers: Timers;
  readonly tracer?: Tracer;
  readonly counters?: Counters;
  /** Maximum segment lifetime; TIME_WAIT lasts twice as long. Default 30,000. */
  readonly tcpMslMs?: number;
  readonly tcp?: TcpSettings;
  /** How long an ARP answer is trusted. Default 60,000. */
  readonly arpReachableMs?: number;
  /** Milliseconds since 1970-01-01 UT; for those who ask for time stamps by ICMP or IP options. */
  readonly wallClock?: () => number;
}

export class Stack {
  readonly name: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly tracer: Tracer;
  readonly counters: Counters;
  readonly events = new EventQueue();
  private readonly nicList: Nic[] = [];
  private readonly interfaces = new Interfaces([]);
  readonly neighbors: Neighbors;
  readonly ipv4: Ipv4;
  readonly icmp: Icmp;
  readonly udp: Udp;
  readonly tcp: Tcp;

  /** Throws RangeError for a route whose interface does not exist, or whose gateway is in none of the networks. */
  constructor(options: StackOptions) {
    const { timers, random, counters = new Counters() } = options;
    const tracer = stampedBy(timers, options.tracer ?? NO_TRACE);
    const { events } = this;
    this.name = options.name;
    this.timers = timers;
    this.random = random;
    this.tracer = tracer;
    this.counters = counters;
    const { interfaces } = this;
    const reachableMs = options.arpReachableMs;
    this.neighbors = new Neighbors({ interfaces, timers, tracer, counters, reachableMs });
    const { neighbors } = this;
    const { forwarding, wallClock } = options;
    this.ipv4 = new Ipv4({
      interfaces,
      neighbors,
      timers,
      random: random.fork('ipv4'),
      counters,
      events,
      forwarding,
      wallClock,
    });
    const { ipv4 } = this;
    this.icmp = new Icmp({ ipv4, timers, tracer, counters, events });
    this.udp = new Udp({ ipv4, icmp: this.icmp, random: random.fork('udp'), counters, events });
    const layers = { ipv4, timers, random: random.fork('tcp'), tracer, counters, events };
    this.tcp = new Tcp({ ...options.tcp, ...layers, mslMs: options.tcpMslMs });
    this.ipv4.setHandler(PROTOCOL_TCP, (packet) => this.tcp.receive(packet));
    this.ipv4.setErrorHandler(PROTOCOL_TCP, (report) => this.tcp.icmpError(report));

    for (const nic of options.nics) this.addNic(nic);
    for (const route of options.routes ?? []) this.addStaticRoute(route);
  }

  /** In the order in which they came. */
  get nics(): readonly Nic[] {
    return this.nicList;
  }

  /** One more interface, also while all others work. It takes the port over. */
  addNic({ port, mac, addresses }: NicOptions): Nic {
    const nic = new Nic(port, mac);
    nic.setHandler(ETHERTYPE_ARP, (frame) => this.neighbors.receive(frame, nic));
    nic.setHandler(ETHERTYPE_IPV4, (frame) => this.ipv4.receive(frame, nic));
    this.nicList.push(nic);
    this.interfaces.addNic(nic);
    this.neighbors.addNic(nic);
    for (const cidr of addresses) this.ipv4.addAddress(nic, cidr);
    return nic;
  }

  /** The interface goes, with its addresses, routes and neighbours. What comes in by its port from now on is lost. */
  removeNic(nic: Nic): void {
    this.nicList.splice(this.nicList.indexOf(nic), 1);
    this.ipv4.removeNic(nic);
    nic.port.deliver = () => {};
  }

  /** The interface of that name: `eth0`. */
  nic(name: string): Nic | undefined {
    return this.nics.find((nic) => nic.name === name);
  }

  /** False when that very route is there already. Throws RangeError as the constructor does. */
  addStaticRoute(route: StaticRoute): boolean {
    const { destination, gateway } = route;
    const nic =
      route.interface !== undefined
        ? this.nic(route.interface)
        : gateway !== undefined
          ? this.ipv4.attachedNic(gateway)
          : undefined;
    if (nic === undefined) {
      const what = `${this.name}: route to ${formatCidr(destination)}`;
      if (route.interface !== undefined) throw new RangeError(`${what}: no interface ${route.interface}`);
      if (gateway === undefined) throw new RangeError(`${what}: neither gateway nor interface`);
      throw new RangeError(`${what}: gateway ${formatIpv4(gateway)} is in no attached network`);
    }
    const { prefixLength } = destination;
    const metric = route.metric ?? 0;
    return this.ipv4.routes.add({
      destination: networkOf(destination),
      prefixLength,
      nic,
      metric,
      source: 'static',
      ...(gateway === undefined ? {} : { gateway }),
    });
  }

  /** A packet (preamble to FCS) arrived at an interface. */
  receive(nic: Nic, packet: Uint8Array, now: Instant): void {
    this.perform(now, () => nic.port.receive(packet));
  }

  /** Runs the deadlines that are due. */
  advance(now: Instant): void {
    this.timers.advance(now);
    this.events.drain();
  }

  /** When {@link advance} must be called next; `NEVER` when nothing is pending. */
  nextTimeoutAt(): Instant {
    return this.timers.nextAt();
  }

  /** A program's call into the stack, at a point in time; what it causes happens before this returns. */
  perform<T>(now: Instant, action: () => T): T {
    // Time never goes back, and deadlines are advance()'s business.
    if (now > this.timers.now) this.timers.now = now;
    try {
      return action();
    } finally {
      this.events.drain();
    }
  }

  /** Announces the configured addresses on their links (RFC 5227 section 2.3). Once, when the links are there. */
  start(): void {
    for (const { nic, addresses } of this.ipv4.interfaces) {
      for (const { address } of addresses) this.neighbors.announce(nic, address);
    }
    this.events.drain();
  }
}
