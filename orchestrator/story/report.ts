/** The JSON of a fetch: DESIGN of the project's contract, plus what the story tells beyond it. */
import type { FetchedExchange, FetchFailure, FetchPriority } from '../../devices/control.js';

export type StepLayer = 'url' | 'dhcp' | 'dns' | 'arp' | 'tcp' | 'tls' | 'http' | 'html' | 'icmp' | 'routing';

export interface Step {
  /** Milliseconds since the fetch began. */
  readonly atMs: number;
  readonly device: string;
  readonly layer: StepLayer;
  /**
   * What kind of thing happened: `query`, `handshake`, `retransmission`, `loss`, … With what it was about and what came of
   * it, it is the same in every run in which the same happened: no times, no numbers of ports, sequences, frames.
   */
  readonly event: string;
  readonly subject: string;
  /** Empty where there is nothing but that it happened. */
  readonly outcome: string;
  /** When the outcome was known, where that was later: a question that was answered, or waited for in vain. */
  readonly endMs?: number;
  /** For people. */
  readonly summary: string;
  /** Numbers in the capture. */
  readonly frames: readonly number[];
}

export interface ReportResource {
  readonly url: string;
  readonly status: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly contentType: string;
  readonly initiator: string;
  readonly fromCache: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** `HTTP/1.1`, `HTTP/2`; empty when nothing was sent. Absent without the browser's own account; so are the following. */
  readonly protocol?: string;
  readonly priority?: FetchPriority;
  readonly cache?: FetchedExchange['cache'];
  readonly timings?: RequestTimings;
  readonly error?: FetchFailure;
}

export interface CacheAsked {
  readonly cache: 'browser' | 'os' | 'hosts' | 'router' | 'isp';
  readonly device: string;
  readonly hit: boolean;
}

export interface DnsQueryReport {
  readonly from: string;
  /** The server's address. */
  readonly server: string;
  /** The device that has this address; empty when it is not of this lab. */
  readonly serverName: string;
  /** The zone that was asked for help, as the asker knew it; empty for a question to a resolver. */
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  readonly kind: 'referral' | 'answer' | 'nxdomain' | 'cached' | 'error';
  /** The response code, `NOERROR`, `SERVFAIL`, …; empty when nothing came back. */
  readonly code: string;
  readonly transport: 'udp' | 'tcp';
  readonly ms: number;
  /** Addresses, or the names of the servers that a referral points to. */
  readonly answers: readonly string[];
  readonly truncated: boolean;
  readonly atMs: number;
  readonly frames: readonly number[];
}

export interface DnsReport {
  readonly name: string;
  readonly type: string;
  readonly addresses: readonly string[];
  /** Who knew: a cache, or `network` when the authoritative server had to be asked. */
  readonly source: 'browser' | 'os' | 'hosts' | 'router' | 'isp' | 'network';
  readonly caches: readonly CacheAsked[];
  readonly queries: readonly DnsQueryReport[];
}

/** A question for the address of a neighbour on one link. */
export interface ArpReport {
  readonly atMs: number;
  /** Who asks, and out of which of its interfaces. */
  readonly device: string;
  readonly interface: string;
  /** An IP address, and the device that has it; the name is empty when the address is not of this lab. */
  readonly target: string;
  readonly targetName: string;
  /** `announcement`: the device asks for its own address, so that others learn where it is. */
  readonly kind: 'answered' | 'unanswered' | 'announcement';
  /** Where the target is; empty when nobody answered. */
  readonly mac: string;
  readonly frames: readonly number[];
}

/** A packet on one link, in which chaos had a hand or which went no further. */
export interface PacketReport {
  readonly atMs: number;
  readonly device: string;
  readonly port: string;
  /** `out`: as it left by this port; `in`: as it arrived. */
  readonly direction: 'in' | 'out';
  /** The fault, `fault-3: loss 20%`; empty when none had a hand in it. */
  readonly fault: string;
  /** The devices at both ends of the packet, or their addresses; empty of what is not of IP. */
  readonly from: string;
  readonly to: string;
  /** `TCP SYN, ACK`, `DNS query A www.server.com`: without the numbers that differ from run to run. */
  readonly kind: string;
  /** The packet in a line. */
  readonly packet: string;
  readonly layer: StepLayer;
  readonly frame: number;
}

export interface LossReport extends PacketReport {
  readonly link: string;
  /**
   * As the port counts it: `impairmentLoss`, `badFcs`, `noCarrier`, …; `notReceived`: it left, and the other end never saw
   * it, since its device is dead, or paused, or had no room for it.
   */
  readonly reason: string;
  /** It was a copy of what is sent everywhere, and who it was for has got another one. */
  readonly spare: boolean;
}

/** Frames that one fault delayed, changed or made at one place; the packet is the first of them. */
export interface MarkReport extends PacketReport {
  readonly frames: number;
}

export interface Segment {
  readonly atMs: number;
  readonly frame: number;
  /** `out` from the client, `in` to it. */
  readonly direction: 'in' | 'out';
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
}

export interface StateChange {
  readonly atMs: number;
  readonly device: string;
  readonly from: string;
  readonly to: string;
}

export type CloseKind = 'four-way' | 'three-way' | 'reset' | 'timeout' | 'open';

export interface ConnectionReport {
  readonly local: string;
  readonly remote: string;
  /** The smaller of the two announced, bytes; 0 when no handshake was seen. */
  readonly mss: number;
  /** Bytes of data that one segment carries at most: the MSS less the options that every segment has. */
  readonly maxData: number;
  readonly segmentsOut: number;
  readonly segmentsIn: number;
  readonly retransmissions: number;
  /** How many SYN the client sent. */
  readonly tries: number;
  /** The client's states, in order. */
  readonly states: readonly string[];
  readonly peerStates: readonly string[];
  readonly close: CloseKind;
  readonly handshake: readonly Segment[];
  readonly closing: readonly Segment[];
  readonly changes: readonly StateChange[];
}

export interface TlsMessageReport {
  /** When its last byte passed the client. */
  readonly atMs: number;
  /** `out` from the client, `in` to it. */
  readonly direction: 'in' | 'out';
  /** `Client Hello`, `Alert: unknown CA`, … */
  readonly name: string;
  readonly encrypted: boolean;
  /** Of the records that carried it. */
  readonly bytes: number;
  readonly frames: readonly number[];
}

/** A connection's TLS: messages from the frames, what was agreed on and in secret from the browser. */
export interface TlsReport {
  readonly local: string;
  readonly remote: string;
  readonly serverName: string;
  readonly offered: {
    readonly versions: readonly string[];
    readonly cipherSuites: readonly string[];
    readonly groups: readonly string[];
    readonly alpn: readonly string[];
  };
  /** `TLSv1.3`; empty when the server made no choice. So are the following. */
  readonly protocol: string;
  readonly cipher: string;
  /** Of the key exchange; empty before version 1.3. */
  readonly group: string;
  /** `h2`, `http/1.1` */
  readonly alpn: string;
  readonly sessionReused: boolean;
  /** Absent when the handshake failed, or its outcome was refused. */
  readonly establishedMs?: number;
  /** Why the client will not have this server, though the handshake is done. */
  readonly refusal?: { readonly atMs: number; readonly code: string; readonly message: string };
  readonly certificate?: {
    readonly subject: string;
    readonly issuer: string;
    readonly names: readonly string[];
    /** ISO 8601. */
    readonly validFrom: string;
    readonly validTo: string;
  };
  readonly messages: readonly TlsMessageReport[];
}

export interface HopSide {
  readonly srcMac: string;
  readonly dstMac: string;
  readonly srcIp: string;
  readonly dstIp: string;
  readonly ttl: number;
  readonly port: string;
  readonly frame: number;
}

/** A device that the request's first segment passed. Routers have both sides. */
export interface Hop {
  readonly device: string;
  readonly kind: string;
  readonly in?: HopSide;
  readonly out?: HopSide;
}

/** Milliseconds since the fetch began, by the names of W3C Resource Timing; phases that there were not are absent. */
export type RequestTimings = FetchedExchange['timing'];

/** A request and its response. One that the browser answered from its cache has no connection and no segments. */
export interface ExchangeReport {
  readonly url: string;
  readonly local: string;
  readonly remote: string;
  readonly method: string;
  /** `HTTP/1.1`, `HTTP/2`; empty when nothing was sent. */
  readonly protocol: string;
  /** By TLS: the segments show when and how much, the heads are what the browser tells. */
  readonly encrypted: boolean;
  /** Of the segments, those in which other exchanges of the same connection may have a part: streams of HTTP/2. */
  readonly sharedSegments: number;
  /** `memory`: nothing was asked; `validated`: the server said that what is in the cache is still good. */
  readonly cache: FetchedExchange['cache'];
  /** Absent where the browser's own account is missing; so are the following. */
  readonly priority?: FetchPriority;
  /** `document`, the tag, or `css`, that asked for it. */
  readonly initiator?: string;
  readonly timings?: RequestTimings;
  /** Of the body with its content codings undone. */
  readonly bytes?: number;
  readonly error?: FetchFailure;
  /** The segments of the request carry the preface of HTTP/2, too: who speaks it, and its settings. */
  readonly withPreface: boolean;
  readonly requestHead: string;
  readonly requestBytes: number;
  readonly requestSegments: readonly Segment[];
  readonly status: number;
  readonly responseHead: string;
  readonly responseBytes: number;
  readonly responseSegments: readonly Segment[];
}

/** A step from one address of the page to the next. */
export interface RedirectReport {
  readonly from: string;
  readonly to: string;
  readonly status: number;
  /**
   * `response`: of a server; `cache`: a response that the browser had kept; `refresh`: the page at `from` asked for it;
   * `hsts`: no response at all, the browser knew that this host wants nothing but https (RFC 6797).
   */
  readonly by: 'response' | 'cache' | 'refresh' | 'hsts';
  /** Which of the exchanges it was; absent when there was none. */
  readonly exchange?: number;
}

/** A device that could not answer for a time during the capture: killed, stopped, paused or dead. */
export interface OutageReport {
  readonly device: string;
  readonly state: string;
  /** Who had done it: `fault-3`. */
  readonly by?: string;
  /** Since the beginning of the fetch, negative when it was so before; until the end when `untilMs` is absent. */
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** A fault that was in force during the load. */
export interface FaultReport {
  /** `fault-2` */
  readonly id: string;
  /** `delay 50ms` */
  readonly title: string;
  /** `client:eth0 -- home-switch:1` */
  readonly target: string;
  /** The monkey's, or the partition's, that it is part of. */
  readonly parent?: string;
  /** Since the beginning of the fetch, negative when it was there before; without `untilMs` it was there at the end. */
  readonly sinceMs: number;
  readonly untilMs?: number;
}

export interface FetchReport {
  readonly url: string;
  readonly finalUrl: string;
  readonly ok: boolean;
  readonly status: number;
  readonly lab: string;
  readonly from: string;
  readonly durationMs: number;
  readonly error?: FetchFailure;
  readonly urlParts: Readonly<Record<string, string>>;
  readonly body: { readonly bytes: number; readonly sha256: string; readonly contentType: string };
  readonly resources: readonly ReportResource[];
  readonly redirects: readonly RedirectReport[];
  readonly dns: readonly DnsReport[];
  /** All devices' questions, in order. */
  readonly arp: readonly ArpReport[];
  readonly connections: readonly ConnectionReport[];
  /** The routers on the request's way: addresses of IP stay, those of the links change, the TTL falls. */
  readonly hops: readonly Hop[];
  /** All devices on the request's way, from the client to the server. */
  readonly path: readonly Hop[];
  /** In the order in which they were sent. */
  readonly exchanges: readonly ExchangeReport[];
  /** One a connection with TLS. */
  readonly tls: readonly TlsReport[];
  readonly title: string;
  /** Milestones of the page, as W3C Navigation Timing names them. */
  readonly timings: Readonly<Record<string, number>>;
  readonly steps: readonly Step[];
  /** In the order in which they came, 500 at most. */
  readonly faults: readonly FaultReport[];
  /** The first frames that were lost, 500 at most. */
  readonly losses: readonly LossReport[];
  /** What chaos had a hand in, and was not lost. */
  readonly marks: readonly MarkReport[];
  /**
   * `dropped`: frames that were lost; `missed`: that could not be captured; `waitMs`: how long a frame waited in the mean for
   * its device to have time for it, which tells how busy the machine was.
   */
  readonly capture: {
    readonly frames: number;
    readonly dropped: number;
    readonly missed: number;
    readonly waitMs: number;
    /** Devices whose frames are missing for a time; absent when there are none. */
    readonly outages?: readonly OutageReport[];
  };
}
