/** The rows of `inspect DEVICE TABLE`. Times are milliseconds, addresses text. */
import type { DropReason } from '../stack/drop-reasons.js';
import type { TcpState } from '../stack/trace.js';
import type { FaultRow } from './chaos.js';

export const TABLE_NAMES = [
  'interfaces',
  'arp',
  'routes',
  'sockets',
  'mac-table',
  'dns-cache',
  'zones',
  'http-cache',
  'cookies',
  'dhcp',
  'counters',
  'faults',
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

export interface InterfaceRow {
  readonly name: string;
  readonly link?: string;
  readonly mac?: string;
  readonly addresses: readonly string[];
  readonly mtu: number;
  /** False while the other end of the link is not there. */
  readonly carrier: boolean;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** UDP datagrams of the tunnel. Fewer than frames when frames were coalesced. */
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  readonly droppedIn: number;
  readonly droppedOut: number;
  /** Why, and how many; what has not happened is absent. */
  readonly drops: Readonly<Partial<Record<DropReason, number>>>;
}

export interface ArpRow {
  readonly ip: string;
  /** Absent while incomplete. */
  readonly mac?: string;
  readonly interface: string;
  /** Linux's neighbour states. */
  readonly state: 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE' | 'FAILED' | 'PERMANENT';
  readonly ageMs: number;
  readonly queued: number;
}

export interface RouteRow {
  readonly destination: string;
  /** Dotted mask. */
  readonly genmask: string;
  /** Empty when directly attached. */
  readonly gateway: string;
  readonly interface: string;
  readonly metric: number;
  /** `U`, `UG`, `UH` as `route -n` prints them. */
  readonly flags: string;
  readonly source: 'connected' | 'static' | 'dhcp';
}

export interface SocketRow {
  readonly protocol: 'tcp' | 'udp';
  /** "0.0.0.0:80" */
  readonly local: string;
  /** "0.0.0.0:*" for listeners and unconnected UDP sockets. */
  readonly remote: string;
  /** Empty for UDP. */
  readonly state: TcpState | '';
  /** Bytes received and not yet read by the program. */
  readonly recvQueue: number;
  /** Bytes not yet acknowledged by the peer. */
  readonly sendQueue: number;
  /** The program: "browser", "web-server", "dhcp-client", … */
  readonly program: string;
  /** What the running timer is for, with its remaining time; empty when none runs. */
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
  /** TCP connections only. */
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

export interface MacRow {
  readonly mac: string;
  readonly port: string;
  readonly ageMs: number;
}

export interface DnsCacheRow {
  readonly cache: 'browser' | 'os' | 'hosts' | 'router' | 'isp';
  readonly name: string;
  readonly type: string;
  readonly data: string;
  /** Seconds left; -1 for entries that never expire (hosts file). */
  readonly ttlSeconds: number;
}

/** A zone that a DNS server is in charge of. */
export interface ZoneRow {
  /** Without a final dot; `.` for the root. */
  readonly name: string;
  readonly role: 'primary' | 'secondary';
  /** A secondary has no copy before its first transfer, and after its zone has expired. */
  readonly state: 'served' | 'no copy';
  /** -1 without a copy. */
  readonly serial: number;
  readonly records: number;
  /** Changes that are known step by step, for IXFR. */
  readonly journal: number;
  /** Whom a secondary copies from, and whom a change is told to. */
  readonly primaries: readonly string[];
  readonly notify: readonly string[];
  /** Until a secondary asks its primaries again, and until its copy is too old; -1 when no such time is set. */
  readonly refreshSeconds: number;
  readonly expireSeconds: number;
}

/** A response that the browser of a host keeps. */
export interface HttpCacheRow {
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  /** Of the body, decoded. */
  readonly bytes: number;
  /** Seconds since it was made or validated. */
  readonly ageSeconds: number;
  /** Seconds for which it is used without asking; 0 and less: it must be validated. */
  readonly freshSeconds: number;
  /** What the server is asked with: an entity tag, or the date of the last change; empty when it gave neither. */
  readonly validator: string;
}

export interface CookieRow {
  readonly name: string;
  readonly value: string;
  /** With a dot in front when subdomains get it too. */
  readonly domain: string;
  readonly path: string;
  /** Milliseconds since 1970; absent for a cookie of the session. */
  readonly expiresMs?: number;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: string;
}

/** On a client one row a configured port, on a server one a lease. */
export interface DhcpRow {
  readonly role: 'client' | 'server';
  readonly interface: string;
  readonly address: string;
  readonly mac: string;
  readonly state: string;
  readonly server: string;
  /** Seconds left of the lease; 0 without one. */
  readonly leaseSeconds: number;
  readonly hostName: string;
}

export interface CounterRow {
  /** "ipv4.forwarded", "tcp.badChecksum", … */
  readonly name: string;
  readonly value: number;
}

export type TableRow =
  | InterfaceRow
  | ArpRow
  | RouteRow
  | SocketRow
  | MacRow
  | DnsCacheRow
  | ZoneRow
  | HttpCacheRow
  | CookieRow
  | DhcpRow
  | CounterRow
  | FaultRow;
