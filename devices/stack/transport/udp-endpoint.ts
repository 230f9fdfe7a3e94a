/** One bound UDP port: what a socket is below its Node-shaped surface. */
import type { Counters } from '../counters.js';
import { type ErrorCode, StackError } from '../errors.js';
import type { EventQueue } from '../events.js';
import type { IcmpErrorReport, Ipv4 } from '../ip/ipv4.js';
import type { Nic } from '../link/nic.js';
import { ANY_ADDRESS, formatIpv4, type Ipv4Address } from '../wire/address.js';
import {
  ICMP_UNREACHABLE,
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
} from '../wire/icmp.js';
import { PROTOCOL_UDP } from '../wire/ipv4.js';
import { emitUdp, MAX_UDP_PAYLOAD } from '../wire/udp.js';

export interface UdpAddress {
  readonly address: Ipv4Address;
  /** 1 … 65535; 0 only as the source of a datagram that wants no answer. */
  readonly port: number;
}

/** Where a datagram came from; `nic` is undefined when the machine sent it to itself. */
export interface UdpSource extends UdpAddress {
  readonly nic: Nic | undefined;
  /** Whom it was sent to: one of our addresses, or a broadcast. */
  readonly to: Ipv4Address;
}

export interface UdpBinding {
  /** 0: every address of this machine. */
  readonly address: Ipv4Address;
  /** 0 … 65535; 0: an ephemeral port is chosen. */
  readonly port: number;
  /** Only what comes in by this interface, and out by it: also before the interface has an address. */
  readonly nic?: Nic;
  /** Shown in the sockets table: "dhcp-client". */
  readonly program?: string;
  /** The port may be bound several times if all binders say so. */
  readonly reuse?: boolean;
}

export interface UdpSendOptions {
  /** 1 … 255, default 64. */
  readonly ttl?: number;
  /** Without it a broadcast address is refused. */
  readonly broadcast?: boolean;
  /** Default 'whole', as Linux: see {@link SendRequest}. */
  readonly dontFragment?: boolean | 'whole';
  /** The source address, one of our own; default: the bound one, else as the route says. */
  readonly from?: Ipv4Address;
}

/** In the shape of `devices/control/tables.ts`; what only TCP has is 0. */
export interface UdpSocketRow {
  readonly protocol: 'udp';
  readonly local: string;
  readonly remote: string;
  readonly state: '';
  readonly recvQueue: number;
  readonly sendQueue: number;
  readonly program: string;
  readonly timer: '';
  readonly timerMs: number;
  readonly retransmissions: number;
  readonly mss: number;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
  readonly rttMs: number;
  readonly rtoMs: number;
  readonly sendWindow: number;
  readonly receiveWindow: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface UdpEndpointContext {
  readonly ipv4: Ipv4;
  readonly events: EventQueue;
  readonly counters: Counters;
  readonly release: (endpoint: UdpEndpoint) => void;
}

/** What Linux makes of ICMP errors (icmp_err_convert). Net and host unreachable pass, the rest is final. */
const ERROR_CODES = new Map<number, ErrorCode>([
  [UNREACHABLE_NET, 'ENETUNREACH'],
  [UNREACHABLE_HOST, 'EHOSTUNREACH'],
  [UNREACHABLE_PROTOCOL, 'ECONNREFUSED'],
  [UNREACHABLE_PORT, 'ECONNREFUSED'],
  [UNREACHABLE_FRAGMENTATION_NEEDED, 'EMSGSIZE'],
  [UNREACHABLE_ADMIN_PROHIBITED, 'EHOSTUNREACH'],
]);

/** Linux's rmem_default. */
export const UDP_RECEIVE_BUFFER_BYTES = 212_992;
/** What a datagram costs besides its bytes, about; so that empty ones cannot be piled up without limit. */
export const UDP_DATAGRAM_OVERHEAD_BYTES = 768;

export class UdpEndpoint {
  readonly local: UdpAddress;
  readonly program: string;
  readonly nic: Nic | undefined;
  /** Called out of the event queue, as the other two are. */
  onDatagram?: (payload: Uint8Array, from: UdpSource) => void;
  /** Connected endpoints only: ECONNREFUSED when nobody listens there, EHOSTUNREACH, ENETUNREACH, EMSGSIZE. */
  onError?: (error: StackError) => void;
  /** Every ICMP error about what was sent from here, connected or not: Linux's IP_RECVERR, for traceroute. */
  onIcmpError?: (report: IcmpErrorReport, remote: UdpAddress) => void;
  bytesSent = 0;
  bytesReceived = 0;
  private readonly reuse: boolean;
  private readonly context: UdpEndpointContext;
  private peer: UdpAddress | undefined;
  private closed = false;
  private held = 0;
  private heldPayload = 0;

  constructor(local: UdpAddress, binding: UdpBinding, context: UdpEndpointContext) {
    this.local = local;
    this.program = binding.program ?? '';
    this.nic = binding.nic;
    this.reuse = binding.reuse ?? false;
    this.context = context;
  }

  /** Set by {@link connect}. */
  get remote(): UdpAddress | undefined {
    return this.peer;
  }

  /** From now on only datagrams of this peer are received, and errors about it reported; undefined undoes it. */
  connect(remote: UdpAddress | undefined): void {
    this.peer = remote;
  }

  /**
   * Sends to `to`, or to the connected peer. EACCES: a broadcast without permission; EMSGSIZE: over 65,507
   * bytes; EINVAL: port 0; ENOTCONN: to nobody; others as IPv4 gives them.
   */
  send(
    payload: Uint8Array,
    to: UdpAddress | undefined = this.peer,
    options: UdpSendOptions = {},
  ): StackError | undefined {
    const { ipv4, counters } = this.context;
    if (this.closed || to === undefined) return new StackError('ENOTCONN', 'no destination');
    if (to.port < 1 || to.port > 65535) return new StackError('EINVAL', `port ${to.port}`);
    if (payload.length > MAX_UDP_PAYLOAD) return new StackError('EMSGSIZE', `datagram of ${payload.length} bytes`);
    if (ipv4.isBroadcast(to.address) && options.broadcast !== true) {
      return new StackError('EACCES', `${formatIpv4(to.address)} is a broadcast address`);
    }
    const src = options.from ?? this.sourceTowards(to.address);
    if (src === undefined) return new StackError('ENETUNREACH', `no route to ${formatIpv4(to.address)}`);
    const error = ipv4.send({
      dst: to.address,
      src,
      protocol: PROTOCOL_UDP,
      payload: emitUdp({ srcPort: this.local.port, dstPort: to.port, payload }, src, to.address),
      ttl: options.ttl,
      dontFragment: options.dontFragment ?? 'whole',
      nic: this.nic,
    });
    if (error !== undefined) return error;
    counters.add('udp.out');
    this.bytesSent += payload.length;
    return undefined;
  }

  /** Frees the port. What is on its way to the handlers is dropped. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.context.release(this);
  }

  info(): UdpSocketRow {
    return {
      protocol: 'udp',
      local: formatAddress(this.local),
      remote: this.peer === undefined ? '0.0.0.0:*' : formatAddress(this.peer),
      state: '',
      recvQueue: this.heldPayload,
      sendQueue: 0,
      program: this.program,
      timer: '',
      timerMs: 0,
      retransmissions: 0,
      mss: 0,
      congestionWindow: 0,
      slowStartThreshold: 0,
      rttMs: 0,
      rtoMs: 0,
      sendWindow: 0,
      receiveWindow: 0,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
    };
  }

  /** For {@link Udp}: whether both cannot have the same port. */
  conflictsWith(binding: UdpBinding): boolean {
    if (this.reuse && binding.reuse === true) return false;
    if (this.nic !== undefined && binding.nic !== undefined && this.nic !== binding.nic) return false;
    const { address } = this.local;
    return address === ANY_ADDRESS || binding.address === ANY_ADDRESS || address === binding.address;
  }

  /** For {@link Udp}: how well a datagram fits, by Linux's scores; negative when it is for somebody else. */
  fit(dst: Ipv4Address, from: UdpSource): number {
    let score = 0;
    if (this.nic !== undefined) {
      if (this.nic !== from.nic) return -1;
      score += 4;
    }
    if (this.local.address !== ANY_ADDRESS) {
      if (this.local.address !== dst) return -1;
      score += 2;
    }
    if (this.peer !== undefined) {
      if (this.peer.address !== from.address || this.peer.port !== from.port) return -1;
      score += 8;
    }
    return score;
  }

  /** For {@link Udp}. */
  deliver(payload: Uint8Array, from: UdpSource): void {
    this.bytesReceived += payload.length;
    this.context.events.post(() => {
      if (this.closed || this.onDatagram === undefined) this.context.counters.add('udp.noReader');
      else this.onDatagram(payload, from);
    });
  }

  /** Of a program that reads later: room for a datagram in the receive buffer; false when it must be dropped. */
  hold(payload: Uint8Array): boolean {
    const cost = payload.length + UDP_DATAGRAM_OVERHEAD_BYTES;
    // As Linux: one datagram is always taken, however large.
    if (this.held > 0 && this.held + cost > UDP_RECEIVE_BUFFER_BYTES) {
      this.context.counters.add('udp.receiveBufferFull');
      return false;
    }
    this.held += cost;
    this.heldPayload += payload.length;
    return true;
  }

  /** The program has read what was held. */
  letGo(payload: Uint8Array): void {
    this.held -= payload.length + UDP_DATAGRAM_OVERHEAD_BYTES;
    this.heldPayload -= payload.length;
  }

  /** For {@link Udp}: something happened to a datagram that was sent from here. */
  fail(report: IcmpErrorReport, remote: UdpAddress): void {
    const concernsPeer = this.peer?.address === remote.address && this.peer.port === remote.port;
    const code = report.type === ICMP_UNREACHABLE ? ERROR_CODES.get(report.code) : undefined;
    this.context.events.post(() => {
      if (this.closed) return;
      this.onIcmpError?.(report, remote);
      if (concernsPeer && code !== undefined) {
        this.onError?.(new StackError(code, `${formatAddress(remote)}: ICMP from ${formatIpv4(report.from)}`));
      }
    });
  }

  /** The checksum covers it, so it must be known here. */
  private sourceTowards(dst: Ipv4Address): Ipv4Address | undefined {
    const { ipv4 } = this.context;
    const bound = this.local.address;
    if (bound !== ANY_ADDRESS && ipv4.isLocal(bound)) return bound;
    return ipv4.sourceFor(dst, this.nic) ?? (this.nic && ANY_ADDRESS);
  }
}

function formatAddress(address: UdpAddress): string {
  return `${formatIpv4(address.address)}:${address.port}`;
}
