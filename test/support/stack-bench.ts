/**
 * One stack alone with its cables in the tester's hands: what it sends is read as lines of a conversation, what
 * it hears is put together from the codecs, time stands still until it is moved.
 *
 *     const host = new StackBench({ eth0: '10.0.0.1/24' });
 *     host.ping('10.0.0.2');
 *     t.same(host.said(), ['eth0 to all: ARP who has 10.0.0.2? tell 10.0.0.1']);
 *     host.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', host.mac('eth0')));
 */
import { type Instant, Timers } from '../../devices/stack/clock.js';
import { Counters } from '../../devices/stack/counters.js';
import type { StackError } from '../../devices/stack/errors.js';
import type { NeighborState } from '../../devices/stack/ip/neighbor.js';
import type { Nic } from '../../devices/stack/link/nic.js';
import { Port } from '../../devices/stack/link/port.js';
import { Random } from '../../devices/stack/random.js';
import { Stack, type StaticRoute } from '../../devices/stack/stack.js';
import type { TraceDetail } from '../../devices/stack/trace.js';
import {
  BROADCAST_MAC,
  type Cidr,
  formatMac,
  type Ipv4Address,
  type MacAddress,
  parseCidr,
  parseIpv4,
} from '../../devices/stack/wire/address.js';
import { ARP_REPLY, ARP_REQUEST, emitArp } from '../../devices/stack/wire/arp.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, type EthernetFrame } from '../../devices/stack/wire/ethernet.js';
import {
  echoRest,
  emitIcmp,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  type IcmpMessage,
} from '../../devices/stack/wire/icmp.js';
import { emitIpv4, type Ipv4Packet, PROTOCOL_ICMP, PROTOCOL_UDP } from '../../devices/stack/wire/ipv4.js';
import { emitUdp } from '../../devices/stack/wire/udp.js';
import { describePacket, ethernetOf, packetOf } from './packets.js';

/** A neighbour of no other property. */
export const PEER: MacAddress = 0x020000000102;

export interface BenchOptions {
  readonly forwarding?: boolean;
  /** `10.9.0.0/16 via 10.0.0.254`, `10.9.0.0/16 dev eth1`, `0.0.0.0/0 via 10.0.0.254 dev eth0`. */
  readonly routes?: readonly string[];
  readonly mtu?: Readonly<Record<string, number>>;
  readonly arpReachableMs?: number;
  readonly wallClock?: () => number;
  /** Of the first interface; the others follow. */
  readonly mac?: MacAddress;
}

interface Sent {
  readonly interface: string;
  readonly packet: Uint8Array;
}

export class StackBench {
  readonly timers = new Timers();
  readonly counters = new Counters();
  readonly trace: TraceDetail[] = [];
  readonly stack: Stack;
  private sent: Sent[] = [];
  private sequence = 0;

  /** Interfaces by name, with one address, several divided by blanks, or none (empty). */
  constructor(interfaces: Readonly<Record<string, string>>, options: BenchOptions = {}) {
    const { timers, counters } = this;
    const random = new Random('bench');
    const firstMac = options.mac ?? 0x020000000001;
    const nics = Object.entries(interfaces).map(([name, addresses], index) => {
      const port = new Port({ name, timers, random, mtu: options.mtu?.[name] });
      port.transmit = (packet) => this.sent.push({ interface: name, packet });
      return { port, mac: firstMac + index, addresses: addresses.split(' ').filter(Boolean).map(cidr) };
    });
    this.stack = new Stack({
      name: 'bench',
      nics,
      routes: (options.routes ?? []).map(staticRoute),
      forwarding: options.forwarding ?? false,
      random,
      timers,
      counters,
      tracer: { enabled: true, emit: (detail) => this.trace.push(detail) },
      arpReachableMs: options.arpReachableMs,
      wallClock: options.wallClock,
    });
  }

  nic(name: string): Nic {
    const nic = this.stack.nic(name);
    if (nic === undefined) throw new Error(`no interface ${name}`);
    return nic;
  }

  mac(name: string): MacAddress {
    return this.nic(name).mac;
  }

  /** A frame arrives; by default from the peer, and addressed to this interface. */
  hears(name: string, frame: Partial<EthernetFrame> & Pick<EthernetFrame, 'etherType' | 'payload'>): void {
    const packet = packetOf({ dst: this.mac(name), src: PEER, ...frame });
    this.stack.receive(this.nic(name), packet, this.timers.now);
  }

  /** What another stack sent arrives. */
  hearsPackets(name: string, packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.stack.receive(this.nic(name), packet, this.timers.now);
  }

  /** Time passes; what is due happens on the way. */
  wait(ms: number): void {
    const until: Instant = this.timers.now + ms;
    for (let at = this.stack.nextTimeoutAt(); at <= until; at = this.stack.nextTimeoutAt()) this.stack.advance(at);
    this.stack.advance(until);
  }

  /** What was sent since the last look, as packets. */
  packets(): Uint8Array[] {
    const { sent } = this;
    this.sent = [];
    return sent.map(({ packet }) => packet);
  }

  /** What was sent since the last look: `eth0 to all: ARP …`. */
  said(): string[] {
    const lines = this.lines();
    this.sent = [];
    return lines;
  }

  /** The same, to be looked at again. */
  lines(): string[] {
    return this.sent.map(({ interface: name, packet }) => {
      const dst = ethernetOf(packet)?.dst ?? 0;
      return `${name} to ${dst === BROADCAST_MAC ? 'all' : formatMac(dst)}: ${describePacket(packet)}`;
    });
  }

  /** Sends one echo request with 8 bytes of data: identifier 1, sequence 1, 2, … */
  ping(dst: string, options: { ttl?: number; bytes?: number; dontFragment?: boolean } = {}): StackError | undefined {
    const { bytes = 8, ...rest } = options;
    this.sequence += 1;
    const request = { dst: ip(dst), identifier: 1, sequence: this.sequence, data: new Uint8Array(bytes), ...rest };
    return this.stack.perform(this.timers.now, () => this.stack.icmp.sendEcho(request));
  }

  /** The neighbour is in the ARP cache: tests about something else need not wait for ARP. */
  knows(name: string, address: string, mac: MacAddress = PEER): void {
    this.stack.neighbors.setPermanent(this.nic(name), ip(address), mac);
  }

  /** `10.0.0.2 REACHABLE 02:…` for each entry. */
  arpTable(): string[] {
    return this.stack.neighbors.entries().map((entry) => [entry.ip, entry.state, entry.mac].filter(Boolean).join(' '));
  }

  arpState(address: string): NeighborState | undefined {
    return this.stack.neighbors.entries().find((entry) => entry.ip === address)?.state;
  }
}

/** Throws for what is no dotted quad. */
export function ip(text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a CIDR address: ${text}`);
  return parsed;
}

function staticRoute(text: string): StaticRoute {
  const match = /^(\S+)(?: via (\S+))?(?: dev (\S+))?(?: metric (\d+))?$/.exec(text);
  if (match === null) throw new Error(`not a route: ${text}`);
  const [, destination, gateway, name, metric] = match;
  return {
    destination: cidr(destination),
    gateway: gateway === undefined ? undefined : ip(gateway),
    interface: name,
    metric: Number(metric ?? 0),
  };
}

type Frame = Partial<EthernetFrame> & Pick<EthernetFrame, 'etherType' | 'payload'>;

/** "Who has `target`? Tell `sender`", to all. */
export function arpRequest(sender: string, senderMac: MacAddress, target: string): Frame {
  const arp = { operation: ARP_REQUEST, senderMac, senderIp: ip(sender), targetMac: 0, targetIp: ip(target) };
  return { dst: BROADCAST_MAC, src: senderMac, etherType: ETHERTYPE_ARP, payload: emitArp(arp) };
}

/** "`sender` is at `senderMac`", to the one who asked. */
export function arpReply(sender: string, senderMac: MacAddress, target: string, targetMac: MacAddress): Frame {
  const arp = { operation: ARP_REPLY, senderMac, senderIp: ip(sender), targetMac, targetIp: ip(target) };
  return { dst: targetMac, src: senderMac, etherType: ETHERTYPE_ARP, payload: emitArp(arp) };
}

/** An IPv4 packet of ordinary properties, in a frame from the peer. */
export function ipv4(src: string, dst: string, rest: Partial<Ipv4Packet> = {}): Frame {
  return { etherType: ETHERTYPE_IPV4, payload: emitIpv4(ipv4Packet(src, dst, rest)) };
}

export function ipv4Packet(src: string, dst: string, rest: Partial<Ipv4Packet> = {}): Ipv4Packet {
  return {
    src: ip(src),
    dst: ip(dst),
    protocol: 253, // RFC 3692: for experiments and testing
    ttl: 64,
    tos: 0,
    identification: 7,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    options: new Uint8Array(0),
    payload: new Uint8Array(0),
    ...rest,
  };
}

export function icmp(src: string, dst: string, message: IcmpMessage, rest: Partial<Ipv4Packet> = {}): Frame {
  return ipv4(src, dst, { protocol: PROTOCOL_ICMP, payload: emitIcmp(message), ...rest });
}

export function echoRequest(src: string, dst: string, rest: Partial<Ipv4Packet> = {}, bytes = 8): Frame {
  const body = Uint8Array.from({ length: bytes }, (_, index) => index);
  return icmp(src, dst, { type: ICMP_ECHO_REQUEST, code: 0, rest: echoRest(9, 1), body }, rest);
}

export function echoReply(src: string, dst: string, identifier: number, sequence: number): Frame {
  const body = new Uint8Array(8);
  return icmp(src, dst, { type: ICMP_ECHO_REPLY, code: 0, rest: echoRest(identifier, sequence), body });
}

/** `from` and `to` are written `10.0.0.1:53`. */
export function udp(from: string, to: string, payload: Uint8Array, rest: Partial<Ipv4Packet> = {}): Frame {
  const [src, srcPort] = from.split(':');
  const [dst, dstPort] = to.split(':');
  const datagram = { srcPort: Number(srcPort), dstPort: Number(dstPort), payload };
  return ipv4(src, dst, { protocol: PROTOCOL_UDP, payload: emitUdp(datagram, ip(src), ip(dst)), ...rest });
}
