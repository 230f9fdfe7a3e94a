/**
 * TCP (RFC 9293) as a layer without input and output of its own: segments come in by {@link Tcp.receive}, go out
 * by {@link IpLayer.send}; time is `timers.now`; news for applications goes through the event queue. What this
 * folder does not know: interfaces, ARP, fragments, sockets, streams.
 */
import type { Timers } from '../../clock.js';
import type { Counters } from '../../counters.js';
import type { StackError } from '../../errors.js';
import type { EventQueue } from '../../events.js';
import type { Random } from '../../random.js';
import type { TcpState, Tracer } from '../../trace.js';
import type { Ipv4Address } from '../../wire/address.js';
import type { CongestionControlName } from '../congestion/congestion-control.js';
import type { EcnMode } from './ecn.js';

export type { TcpState } from '../../trace.js';

export interface Endpoint {
  readonly address: Ipv4Address;
  /** 1 … 65535 */
  readonly port: number;
}

/** What TCP asks of the layer below: the shape of `stack/ip/ipv4.ts`, as far as it is used. */
export interface IpLayer {
  /** Queues one packet; an error that is known at once is returned, never thrown. */
  send(request: {
    readonly dst: Ipv4Address;
    readonly src?: Ipv4Address;
    readonly protocol: number;
    readonly payload: Uint8Array;
    /** Type of service; TCP uses the ECN codepoint in it (RFC 3168). Default 0. */
    readonly tos?: number;
    /** 1 … 255; the machine's own default when left out. */
    readonly ttl?: number;
    readonly dontFragment?: boolean;
    /** Of IPv4, 0 … 65535; 0 when left out, since no segment may be fragmented. */
    readonly identification?: number;
    /** The destination has just answered: whoever is the next hop hears us. */
    readonly answered?: boolean;
  }): StackError | undefined;
  /** The address that the route to `dst` gives; undefined without a route. */
  sourceFor(dst: Ipv4Address): Ipv4Address | undefined;
  /** The largest IP packet, in bytes, that the path to `dst` is known to take. */
  mtuFor(dst: Ipv4Address): number;
  /** The largest that the link of the first hop takes, whatever was learned of the path beyond. */
  linkMtuFor(dst: Ipv4Address): number;
  /** One of this machine's own unicast addresses, or loopback. */
  isLocal(address: Ipv4Address): boolean;
  isBroadcast(address: Ipv4Address): boolean;
}

/** An ICMP error about a segment that this machine sent; also made by the machine itself when ARP fails. */
export interface IcmpErrorReport {
  /** 3 destination unreachable, 11 time exceeded, 12 parameter problem. */
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU of "fragmentation needed" (type 3, code 4), bytes; 0 or absent from old routers. */
  readonly mtu?: number;
  /** Who sent the error. */
  readonly from: Ipv4Address;
  /** Addresses of the quoted packet: `src` is ours. */
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  /** The first bytes of the quoted segment, at least 8: ports and sequence number. */
  readonly payload: Uint8Array;
}

export interface TcpContext {
  readonly timers: Timers;
  readonly random: Random;
  readonly tracer: Tracer;
  readonly counters: Counters;
  readonly events: EventQueue;
  readonly ipv4: IpLayer;
  /** Maximum segment lifetime; TIME_WAIT lasts twice as long. Default 30,000 (TIME_WAIT of 60 s, as Linux). */
  readonly mslMs?: number;
  /**
   * Bytes that one connection takes from its program ahead of the peer's ACKs. Without it autotuned, as Linux: twice
   * the congestion window, from 128 KiB to 4 MiB.
   */
  readonly sendBufferBytes?: number;
  /**
   * The largest receive window; a program that does not read lets at most that much and two segments wait. Without
   * it autotuned, as Linux: 64 KiB at first, up to 6 MiB as the program reads.
   */
  readonly receiveBufferBytes?: number;
  /** Default cubic. */
  readonly congestionControl?: CongestionControlName;
  /** Default accept. */
  readonly ecn?: EcnMode;
}

/** What one connection holds, fixed: Linux's SO_SNDBUF and SO_RCVBUF. Bytes, 1 … 2^30. Default: as the machine's are. */
export interface SocketBuffers {
  readonly sendBufferBytes?: number;
  /** Known before the handshake, since it decides the window scale that is offered. */
  readonly receiveBufferBytes?: number;
}

export interface ConnectOptions extends SocketBuffers {
  readonly remote: Endpoint;
  /** What is left out is chosen: the address by the route, the port by RFC 6056. */
  readonly local?: { readonly address?: Ipv4Address; readonly port?: number };
  /** Shown in the sockets table: "browser", "curl". */
  readonly program?: string;
}

export interface ListenOptions {
  /** 0: every address of this machine. */
  readonly address: Ipv4Address;
  /** 1 … 65535, or 0: a free ephemeral port is chosen. */
  readonly port: number;
  /** Connections that may be under way in the handshake at once; further SYNs are dropped. Default 511, as Node. */
  readonly backlog?: number;
  readonly program?: string;
  /** The buffers of a connection from there. Asked while its SYN is looked at: must not call back. */
  readonly buffersFor?: (remote: Endpoint) => SocketBuffers | undefined;
}

/** News of one connection. Every call comes out of the event queue: the handler may call the connection back. */
export interface ConnectionHandler {
  onEstablished(): void;
  /** New bytes are there to {@link Connection.read}. */
  onReadable(): void;
  /** There is more urgent data to come: `Connection.urgentBytes`. RFC 9293 section 3.8.5. */
  onUrgent?(): void;
  /**
   * An ICMP error tells of trouble on the way; the connection goes on, and ends with this reason should it time out.
   * RFC 9293 section 3.9.1.8.
   */
  onSoftError?(error: StackError): void;
  /** The peer sent FIN; all before it is readable. Sending may go on (half-close). */
  onEnd(): void;
  /** `send` took less than it was given before; now there is room again. */
  onWritable(): void;
  /**
   * The last call. Without an error both directions ended in an orderly way (TIME_WAIT or CLOSED), or the
   * program itself aborted. Codes: ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH.
   */
  onClosed(error?: StackError): void;
}

/** One row of the sockets table, in the shape of `devices/control/tables.ts`. Times are milliseconds. */
export interface SocketRow {
  readonly protocol: 'tcp';
  /** "192.0.2.1:80" */
  readonly local: string;
  /** "0.0.0.0:*" for listeners. */
  readonly remote: string;
  readonly state: TcpState;
  /** Bytes received and not yet read by the program; for a listener, handshakes under way. */
  readonly recvQueue: number;
  /** Bytes not yet acknowledged by the peer; for a listener, its backlog. */
  readonly sendQueue: number;
  readonly program: string;
  readonly timer: '' | 'retransmit' | 'persist' | 'time-wait' | 'delayed-ack' | 'keepalive';
  readonly timerMs: number;
  readonly retransmissions: number;
  readonly mss: number;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
  /** 0 until measured. */
  readonly rttMs: number;
  readonly rtoMs: number;
  readonly sendWindow: number;
  readonly receiveWindow: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Connections only. */
  readonly info?: TcpInfo;
}

/** What `ss -ti` and `inspect sockets` show of one connection beyond the columns: the fields of Linux's tcp_info. */
export interface TcpInfo {
  /** "cubic", "reno" */
  readonly congestionControl: string;
  /** Linux's names: nothing amiss; duplicates seen; window reduced by ECE; repairing; after a timeout. */
  readonly congestionState: 'open' | 'disorder' | 'cwr' | 'recovery' | 'loss';
  /** Shift counts of RFC 7323; absent when the window is not scaled. */
  readonly sendWindowScale?: number;
  readonly receiveWindowScale?: number;
  readonly timestamps: boolean;
  readonly sack: boolean;
  readonly ecn: boolean;
  readonly rttVarMs: number;
  /** 0 until measured. */
  readonly minRttMs: number;
  /** Largest IP packet towards the peer, bytes. */
  readonly pathMtu: number;
  /** Largest segment received so far, at least 536: what the peer fills its segments with. */
  readonly receiveMss: number;
  /** What our SYN announced. */
  readonly advertisedMss: number;
  /** In flight, in segments: all of them, those among them that SACK reported, that are taken for lost, sent again. */
  readonly unackedSegments: number;
  readonly sackedSegments: number;
  readonly lostSegments: number;
  readonly retransmissionsInFlight: number;
  /** RACK's reordering window. */
  readonly reorderingMs: number;
  /** Segments by which one was seen to overtake another at most; 3 until that was seen. */
  readonly reorderingSegments: number;
  readonly dsacksIn: number;
  readonly tailLossProbes: number;
  /** Doublings of the retransmission timeout that are in force. */
  readonly backoff: number;
  readonly segmentsIn: number;
  readonly segmentsOut: number;
  readonly dataSegmentsIn: number;
  readonly dataSegmentsOut: number;
  readonly bytesAcked: number;
  readonly bytesRetransmitted: number;
  /** Milliseconds since; absent when it never happened. */
  readonly lastDataSentMs?: number;
  readonly lastDataReceivedMs?: number;
  readonly lastAckMs?: number;
  /** How long an ACK may wait for data or a second segment to go with; absent until data has come. */
  readonly delayedAckMs?: number;
  /** The round trip as the receiver sees it; absent until measured, and with a fixed buffer. */
  readonly receiveRttMs?: number;
  /** The most that the program read in one round trip, bytes; before, what is expected. Absent with a fixed buffer. */
  readonly receiveSpaceBytes?: number;
  /** The present sizes, autotuned or fixed. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** TCP_USER_TIMEOUT; absent when not set. */
  readonly userTimeoutMs?: number;
}
