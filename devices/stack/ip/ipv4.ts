/**
 * IPv4 (RFC 791, RFC 1122, RFC 1812): which way a packet goes. Down: route, source address, fragments, next hop.
 * Up: for this machine (reassembled and handed to its protocol), for another one (forwarded by routers), or for
 * nobody (counted). What it does not know: ports, connections, programs.
 */
import type { Timers } from '../clock.js';
import type { Counters } from '../counters.js';
import { StackError } from '../errors.js';
import type { EventQueue } from '../events.js';
import type { Nic } from '../link/nic.js';
import type { Random } from '../random.js';
import { ANY_ADDRESS, BROADCAST_MAC, type Cidr, formatIpv4, type Ipv4Address, isLoopback } from '../wire/address.js';
import { ETHERTYPE_IPV4, type EthernetFrame } from '../wire/ethernet.js';
import {
  EXCEEDED_IN_TRANSIT,
  EXCEEDED_REASSEMBLY,
  ICMP_UNREACHABLE,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PROTOCOL,
} from '../wire/icmp.js';
import {
  DEFAULT_TTL,
  emitIpv4,
  IPV4_HEADER_LENGTH,
  type Ipv4Packet,
  PROTOCOL_IGMP,
  parseIpv4Packet,
} from '../wire/ipv4.js';
import { isMalformed } from '../wire/malformed.js';
import { fragment, totalLength } from './fragmentation.js';
import { Identifications } from './identification.js';
import { type Interface, type Interfaces, isInSubnet } from './interface.js';
import { martian } from './martians.js';
import type { Neighbors } from './neighbors.js';
import { type OptionWriter, recordWayOut, type ServedOptions, serveOptions } from './options.js';
import { PathMtus } from './path-mtu.js';
import { Reassembly } from './reassembly.js';
import type { Route, RoutingTable } from './routes.js';
import { type NextHop, Routing } from './routing.js';
import type { ErrorHandler, ErrorSender, IcmpErrorReport, PacketHandler, SendRequest } from './types.js';

export type { ErrorHandler, ErrorSender, IcmpErrorReport, PacketHandler, SendRequest } from './types.js';

const MAX_PACKET_LENGTH = 65535;
/** RFC 1122 section 3.3.3: what every host takes; assumed where no route is known. */
const MINIMUM_REASSEMBLY = 576;
const LOCALHOST: Ipv4Address = 0x7f000001;
const NO_OPTIONS = new Uint8Array(0);
const MS_PER_DAY = 86_400_000;

export interface Ipv4Options {
  readonly interfaces: Interfaces;
  readonly neighbors: Neighbors;
  readonly timers: Timers;
  readonly random: Random;
  readonly counters: Counters;
  readonly events: EventQueue;
  /** Routers pass on what is not for themselves, hosts drop it. */
  readonly forwarding: boolean;
  /** Milliseconds since 1970-01-01 UT, for the time stamps that others ask for. Default: not known. */
  readonly wallClock?: () => number;
}

export class Ipv4 {
  readonly routes: RoutingTable;
  /** Installed by ICMP. */
  errors: ErrorSender = {
    unreachable: () => {},
    timeExceeded: () => {},
    parameterProblem: () => {},
    redirect: () => {},
  };
  private readonly options: Ipv4Options;
  private readonly counters: Counters;
  private readonly table: Interfaces;
  private readonly routing: Routing;
  private readonly neighbors: Neighbors;
  private readonly pathMtus: PathMtus;
  private readonly reassembly: Reassembly;
  private readonly handlers = new Map<number, PacketHandler>();
  private readonly errorHandlers = new Map<number, ErrorHandler>();
  private readonly identifications: Identifications;

  constructor(options: Ipv4Options) {
    this.options = options;
    this.counters = options.counters;
    this.table = options.interfaces;
    this.routing = new Routing(options.interfaces);
    this.routes = this.routing.routes;
    this.neighbors = options.neighbors;
    this.pathMtus = new PathMtus(options.timers);
    this.identifications = new Identifications(options.timers, options.random);
    this.reassembly = new Reassembly({
      timers: options.timers,
      counters: options.counters,
      onTimeout: (first) => this.errors.timeExceeded(first, EXCEEDED_REASSEMBLY),
    });
    this.neighbors.onUnreachable = (packets) => this.neighborUnreachable(packets);
  }

  get interfaces(): readonly Interface[] {
    return this.table.all();
  }

  get forwarding(): boolean {
    return this.options.forwarding;
  }

  /** The route to the address's own network follows. False when the interface has this address already. */
  addAddress(nic: Nic, cidr: Cidr): boolean {
    return this.routing.addAddress(nic, cidr);
  }

  /**
   * Takes the network's route away too; with the last address of an interface all routes through it go, and
   * what ARP learned there. False when the interface has no such address.
   */
  removeAddress(nic: Nic, address: Ipv4Address): boolean {
    if (!this.routing.removeAddress(nic, address)) return false;
    if (this.interfaces.every((own) => own.nic !== nic || own.addresses.length === 0)) this.neighbors.flush(nic);
    return true;
  }

  /** The interface goes: its addresses, the routes through it, and what ARP learned there. */
  removeNic(nic: Nic): void {
    this.routing.removeNic(nic);
    this.neighbors.removeNic(nic);
  }

  /** Who receives packets of a protocol, 0 … 255. Without one the sender is told "protocol unreachable". */
  setHandler(protocol: number, handler: PacketHandler): void {
    this.handlers.set(protocol, handler);
  }

  /** Who is told what became of packets that this machine sent by that protocol. */
  setErrorHandler(protocol: number, handler: ErrorHandler): void {
    this.errorHandlers.set(protocol, handler);
  }

  /** For ICMP, and for failures of our own. The MTU that it tells counts for all, once the protocol believes it. */
  reportError(protocol: number, report: IcmpErrorReport): void {
    const believed = this.errorHandlers.get(protocol)?.(report) === true;
    if (report.mtu === undefined || !believed) return;
    this.counters.add('ipv4.pathMtuLearned');
    this.pathMtus.learn(report.dst, report.mtu);
  }

  /** An own address, or 127.0.0.0/8. */
  isLocal(address: Ipv4Address): boolean {
    return this.table.isLocal(address);
  }

  /** 255.255.255.255, or the directed broadcast of a network that this machine is in. */
  isBroadcast(address: Ipv4Address): boolean {
    return this.table.isBroadcast(address);
  }

  /** The interface in whose network the address is: where a gateway of that address can be reached. */
  attachedNic(address: Ipv4Address): Nic | undefined {
    return this.routing.attachedNic(address);
  }

  routeFor(dst: Ipv4Address): Route | undefined {
    return this.routes.lookup(dst);
  }

  /** The source address by route (RFC 1122 section 3.3.4.3); undefined without a route or an address. */
  sourceFor(dst: Ipv4Address, nic?: Nic): Ipv4Address | undefined {
    if (isLoopback(dst)) return LOCALHOST;
    if (this.isLocal(dst)) return dst;
    const hop = this.routing.nextHop(dst, nic);
    return hop === undefined ? undefined : this.routing.sourceBy(hop, dst);
  }

  /** Bytes of the largest packet that gets through whole, as far as is known; 576 without a route. */
  mtuFor(dst: Ipv4Address): number {
    if (this.isLocal(dst)) return MAX_PACKET_LENGTH;
    const hop = this.routing.nextHop(dst);
    return hop === undefined ? MINIMUM_REASSEMBLY : this.mtuBy(hop, dst);
  }

  /** Bytes of the largest packet that the link towards `dst` takes; 576 without a route. */
  linkMtuFor(dst: Ipv4Address): number {
    if (this.isLocal(dst)) return MAX_PACKET_LENGTH;
    return this.routing.nextHop(dst)?.nic.mtu ?? MINIMUM_REASSEMBLY;
  }

  /** A router on the way to `dst` refuses packets of that length: what the path's MTU is, if that is true. */
  estimatePathMtu(dst: Ipv4Address, nextHopMtu: number, packetLength: number): number {
    return this.pathMtus.estimate(dst, nextHopMtu, packetLength);
  }

  /**
   * Sends a packet, in fragments if it must be. Errors that are known at once: ENETUNREACH (no route, or no
   * source address), EADDRNOTAVAIL (a foreign source), EMSGSIZE (over 65,535 bytes, or don't-fragment does not
   * fit), ENOBUFS (ARP table full). Later ones come by {@link setErrorHandler}.
   */
  send(request: SendRequest): StackError | undefined {
    const { dst, nic } = request;
    const length = IPV4_HEADER_LENGTH + (request.options?.length ?? 0) + request.payload.length;
    if (length > MAX_PACKET_LENGTH) return new StackError('EMSGSIZE', `packet of ${length} bytes`);
    const { src } = request;
    if (src !== undefined && !this.isLocal(src) && (src !== ANY_ADDRESS || nic === undefined)) {
      return new StackError('EADDRNOTAVAIL', `${formatIpv4(src)} is not an address of this machine`);
    }
    if (this.isLocal(dst)) {
      this.loopBack(this.build(request, src ?? (isLoopback(dst) ? LOCALHOST : dst), true));
      return undefined;
    }
    const hop = this.routing.nextHop(dst, nic);
    const from = hop === undefined ? undefined : (src ?? this.routing.sourceBy(hop, dst) ?? (nic && ANY_ADDRESS));
    if (hop === undefined || from === undefined || isLoopback(from)) {
      this.counters.add('ipv4.noRoute');
      return new StackError('ENETUNREACH', `no route to ${formatIpv4(dst)}`);
    }
    const mtu = this.mtuBy(hop, dst);
    if (request.dontFragment === true && length > mtu) {
      return new StackError('EMSGSIZE', `packet of ${length} bytes, path MTU ${mtu}`);
    }
    this.counters.add('ipv4.out');
    return this.transmit(hop, this.build(request, from, length <= mtu), mtu, request.answered);
  }

  /** An IPv4 frame arrived. */
  receive(frame: EthernetFrame, nic: Nic): void {
    const packet = parseIpv4Packet(frame.payload);
    if (isMalformed(packet)) {
      this.counters.add('ipv4.badHeader');
      return;
    }
    this.counters.add('ipv4.in');
    const fault = martian(packet, this.table);
    if (fault !== undefined) {
      this.counters.add(fault);
      return;
    }
    const broadcast = this.isBroadcast(packet.dst);
    if (frame.dst !== nic.mac && !broadcast) {
      // RFC 1122 section 3.3.6: a unicast packet in a broadcast frame would be answered by everybody.
      this.counters.add('ipv4.unicastInBroadcast');
    } else if (broadcast || this.table.isOwn(packet.dst) || this.options.forwarding) {
      this.route(packet, nic, broadcast);
    } else {
      this.counters.add('ipv4.notForUs');
    }
  }

  /** Up or on, once the packet's options have got what they ask for. */
  private route(received: Ipv4Packet, nic: Nic, broadcast: boolean): void {
    const served = received.options.length > 0 ? this.serve(received) : undefined;
    const packet = served === undefined ? received : { ...received, options: served.options };
    if (served?.faultAt !== undefined) {
      this.counters.add('ipv4.badOption');
      this.errors.parameterProblem(packet, served.faultAt, served.sound);
    } else if (served?.sourceRouted) {
      // RFC 6274 section 3.13.2.3; Linux's accept_source_route=0, on routers too.
      this.counters.add('ipv4.sourceRoute');
    } else if (broadcast || this.table.isOwn(packet.dst)) {
      this.deliver(packet, nic);
    } else {
      this.forward(packet, nic, served);
    }
  }

  /** RFC 1812 section 5.2.4.2: the address asked for, or the one by which the sender is reached. */
  private serve(packet: Ipv4Packet): ServedOptions {
    const own = this.table.isOwn(packet.dst) ? packet.dst : this.sourceFor(packet.src);
    return serveOptions(packet.options, this.optionWriter(own ?? ANY_ADDRESS));
  }

  /** How this machine writes into options as one of its addresses. */
  optionWriter(address: Ipv4Address): OptionWriter {
    return {
      address,
      isLocal: (other) => this.isLocal(other),
      timeOfDayMs: () => this.timeOfDayMs(),
    };
  }

  /** RFC 792, timestamp: milliseconds since midnight UT, or with the highest bit set any other time. Unsigned 32-bit. */
  timeOfDayMs(): number {
    const { wallClock, timers } = this.options;
    if (wallClock !== undefined) return Math.floor(wallClock()) % MS_PER_DAY;
    return (0x80000000 | (Math.floor(timers.now) % MS_PER_DAY)) >>> 0;
  }

  private deliver(packet: Ipv4Packet, nic: Nic | undefined): void {
    const isFragment = packet.moreFragments || packet.fragmentOffset > 0;
    const whole = isFragment ? this.reassembly.add(packet) : packet;
    if (whole === undefined) return;
    if (whole.protocol === PROTOCOL_IGMP) {
      // Nobody here joins groups; but IGMP is part of every host (RFC 1112 section 4), and no error is due.
      this.counters.add('ipv4.igmp');
      return;
    }
    const handler = this.handlers.get(whole.protocol);
    if (handler === undefined) {
      this.counters.add('ipv4.unknownProtocol');
      this.errors.unreachable(whole, UNREACHABLE_PROTOCOL);
      return;
    }
    this.counters.add('ipv4.delivered');
    handler(whole, nic);
  }

  /** RFC 1812 section 5.2.1: the IP addresses stay, the TTL falls, the frame around it is new. */
  private forward(packet: Ipv4Packet, nic: Nic, served: ServedOptions | undefined): void {
    const hop = this.routing.nextHop(packet.dst);
    if (hop === undefined) {
      this.counters.add('ipv4.noRoute');
      this.errors.unreachable(packet, UNREACHABLE_NET);
      return;
    }
    if (packet.ttl <= 1) {
      this.counters.add('ipv4.ttlExceeded');
      this.errors.timeExceeded(packet, EXCEEDED_IN_TRANSIT);
      return;
    }
    const { mtu } = hop.nic;
    if (packet.dontFragment && totalLength(packet) > mtu) {
      this.counters.add('ipv4.fragmentationNeeded');
      this.errors.unreachable(packet, UNREACHABLE_FRAGMENTATION_NEEDED, mtu);
      return;
    }
    this.counters.add('ipv4.forwarded');
    const handedOn = { ...packet, ttl: packet.ttl - 1 };
    if (hop.nic === nic && hop.neighbor !== undefined && this.isOnLink(nic, packet.src)) {
      this.errors.redirect(handedOn, hop.neighbor);
    }
    if (served !== undefined) recordWayOut(served, this.routing.sourceBy(hop, packet.dst) ?? ANY_ADDRESS);
    this.transmit(hop, handedOn, mtu);
  }

  private isOnLink(nic: Nic, address: Ipv4Address): boolean {
    return this.table.addressesOf(nic).some((own) => isInSubnet(own, address));
  }

  private transmit(hop: NextHop, packet: Ipv4Packet, mtu: number, answered = false): StackError | undefined {
    const pieces = fragment(packet, mtu);
    if (pieces.length > 1) this.counters.add('ipv4.fragmentsOut', pieces.length);
    for (const piece of pieces) {
      const bytes = emitIpv4(piece);
      if (hop.neighbor === undefined) {
        hop.nic.send(BROADCAST_MAC, ETHERTYPE_IPV4, bytes);
      } else if (!this.neighbors.send(hop.nic, hop.neighbor, bytes, answered)) {
        return new StackError('ENOBUFS', 'the ARP table is full');
      }
    }
    return undefined;
  }

  /** Not at once: who sends must not find itself receiving. */
  private loopBack(packet: Ipv4Packet): void {
    this.counters.add('ipv4.loopback');
    this.options.events.post(() => this.deliver(packet, undefined));
  }

  private build(request: SendRequest, src: Ipv4Address, fits: boolean): Ipv4Packet {
    const dontFragment = request.dontFragment === 'whole' ? fits : (request.dontFragment ?? false);
    const { dst, protocol } = request;
    // RFC 6864 section 4.1: what is never cut needs no number. Linux gives none only where it could not be cut here.
    const unnamed = request.dontFragment === true ? 0 : undefined;
    return {
      src,
      dst,
      protocol,
      ttl: request.ttl ?? DEFAULT_TTL,
      tos: request.tos ?? 0,
      identification: request.identification ?? unnamed ?? this.identifications.next(src, dst, protocol),
      dontFragment,
      moreFragments: false,
      fragmentOffset: 0,
      options: request.options ?? NO_OPTIONS,
      payload: request.payload,
    };
  }

  private mtuBy(hop: NextHop, dst: Ipv4Address): number {
    return Math.min(hop.nic.mtu, this.pathMtus.get(dst) ?? hop.nic.mtu);
  }

  /** RFC 1122 section 2.3.2.2, RFC 1812 section 3.3.2: who sent what ARP could not deliver is told. */
  private neighborUnreachable(packets: readonly Uint8Array[]): void {
    for (const bytes of packets) {
      const packet = parseIpv4Packet(bytes);
      if (isMalformed(packet)) continue;
      this.counters.add('ipv4.hostUnreachable');
      if (!this.isLocal(packet.src)) {
        this.errors.unreachable(packet, UNREACHABLE_HOST);
      } else if (packet.fragmentOffset === 0) {
        const { src, dst, payload, protocol } = packet;
        this.reportError(protocol, { type: ICMP_UNREACHABLE, code: UNREACHABLE_HOST, from: src, src, dst, payload });
      }
    }
  }
}
