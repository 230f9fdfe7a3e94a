/** What IPv4 and the layers above it say to each other. */
import type { Nic } from '../link/nic.js';
import type { Ipv4Address } from '../wire/address.js';
import type { Ipv4Packet } from '../wire/ipv4.js';

export interface SendRequest {
  readonly dst: Ipv4Address;
  /** Default: what `Ipv4.sourceFor` gives. 0.0.0.0 is allowed together with `nic`. */
  readonly src?: Ipv4Address;
  /** 0 … 255 */
  readonly protocol: number;
  /** At most 65,515 bytes. Kept as a view until it is sent: not to be changed any more. */
  readonly payload: Uint8Array;
  /** 1 … 255, default 64. */
  readonly ttl?: number;
  readonly tos?: number;
  /** 'whole': as long as it fits the path's MTU, in fragments otherwise (Linux's IP_PMTUDISC_WANT). Default false. */
  readonly dontFragment?: boolean | 'whole';
  /** IP options, a multiple of 4 bytes, at most 40. Default: none. */
  readonly options?: Uint8Array;
  /** 0 … 65535. Default: 0 with don't-fragment (true), otherwise the next one of source, destination and protocol. */
  readonly identification?: number;
  /** The destination has just answered what this machine sent: the next hop hears us, ARP need not ask it. */
  readonly answered?: boolean;
  /** The packet leaves through this interface, or not at all. */
  readonly nic?: Nic;
}

/** Something went wrong with a packet that this machine sent: an ICMP error said so, or its own ARP did. */
export interface IcmpErrorReport {
  /** 3 destination unreachable, 11 time exceeded, 12 parameter problem. */
  readonly type: number;
  readonly code: number;
  /** With type 3, code 4: the path's MTU from now on, bytes. */
  readonly mtu?: number;
  /** Who says so; an own address when it was our own ARP. */
  readonly from: Ipv4Address;
  /** Addresses of the packet that failed: `src` is ours. */
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  /** The first bytes of its payload, 8 at least. */
  readonly payload: Uint8Array;
}

/** `nic` is undefined for packets that the machine sent to itself. */
export type PacketHandler = (packet: Ipv4Packet, nic: Nic | undefined) => void;
/** True when the packet can really have been one of ours; otherwise nothing is learned from the error (RFC 5927). */
export type ErrorHandler = (report: IcmpErrorReport) => boolean;

/** Tells the sender of a packet what became of it: ICMP, which lies above this layer. */
export interface ErrorSender {
  /** `mtu` with code 4 only, bytes. */
  unreachable(packet: Ipv4Packet, code: number, mtu?: number): void;
  timeExceeded(packet: Ipv4Packet, code: number): void;
  /** `pointer`: the octet of the header that is wrong; `sound`: the IP options before it. */
  parameterProblem(packet: Ipv4Packet, pointer: number, sound: Uint8Array): void;
  /** A packet that was handed on could have gone to `gateway` at once. */
  redirect(packet: Ipv4Packet, gateway: Ipv4Address): void;
}
