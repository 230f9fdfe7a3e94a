/**
 * What a machine tells about itself while it works: typed events, plain JSON values, addresses as text
 * ("192.0.2.1", "192.0.2.1:80"). The story of a fetch is built from these and from captured frames.
 */
import type { Instant } from './clock.js';

/** RFC 9293 section 3.3.2, in the spelling of `netstat`. */
export type TcpState =
  | 'CLOSED'
  | 'LISTEN'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'CLOSE_WAIT'
  | 'CLOSING'
  | 'LAST_ACK'
  | 'TIME_WAIT';

/** The caches that a name look-up asks, in this order; `hosts` is the hosts file. */
export type DnsCacheName = 'browser' | 'os' | 'hosts' | 'router' | 'isp';

export type TraceDetail =
  | { readonly event: 'arp-learned'; readonly interface: string; readonly ip: string; readonly mac: string }
  | { readonly event: 'arp-failed'; readonly interface: string; readonly ip: string }
  | { readonly event: 'arp-conflict'; readonly interface: string; readonly ip: string; readonly mac: string }
  | { readonly event: 'mac-learned'; readonly port: string; readonly mac: string }
  | {
      readonly event: 'icmp-received';
      readonly from: string;
      readonly type: number;
      readonly code: number;
      readonly text: string;
    }
  | {
      readonly event: 'tcp-state';
      readonly local: string;
      readonly remote: string;
      readonly from: TcpState;
      readonly to: TcpState;
    }
  | {
      readonly event: 'tcp-retransmit';
      readonly local: string;
      readonly remote: string;
      readonly seq: number;
      /** The timer; later segments that arrived; a probe for the end of a flight. */
      readonly reason: 'timeout' | 'fast' | 'probe';
    }
  | {
      readonly event: 'dhcp-state';
      readonly interface: string;
      readonly state: string;
      readonly address?: string;
      readonly server?: string;
    }
  | {
      readonly event: 'dns-cache';
      readonly cache: DnsCacheName;
      readonly name: string;
      readonly type: string;
      readonly hit: boolean;
      readonly answers: readonly string[];
      readonly ttlSeconds?: number;
    }
  | {
      readonly event: 'dns-query';
      readonly to: string;
      readonly transport: 'udp' | 'tcp';
      readonly id: number;
      readonly name: string;
      readonly type: string;
      readonly recursionDesired: boolean;
      readonly zone?: string;
    }
  | {
      readonly event: 'dns-answer';
      readonly from: string;
      readonly transport: 'udp' | 'tcp';
      readonly id: number;
      readonly name: string;
      readonly type: string;
      readonly kind: 'referral' | 'answer' | 'nxdomain' | 'nodata' | 'truncated' | 'error';
      readonly zone?: string;
      readonly answers: readonly string[];
      readonly ms: number;
    }
  | {
      readonly event: 'dns-timeout';
      readonly to: string;
      readonly transport: 'udp' | 'tcp';
      readonly id: number;
      readonly name: string;
      readonly type: string;
      readonly zone?: string;
    }
  | { readonly event: 'url-parsed'; readonly url: string; readonly parts: Readonly<Record<string, string>> }
  | {
      readonly event: 'tls-established';
      readonly local: string;
      readonly remote: string;
      readonly serverName: string;
      /** `TLSv1.3`, `TLS_AES_256_GCM_SHA384`, `h2`. */
      readonly protocol: string;
      readonly cipher: string;
      readonly alpn: string;
      readonly sessionReused: boolean;
    }
  | {
      /** The handshake is done, and who the server is will not do. */
      readonly event: 'tls-refused';
      readonly local: string;
      readonly remote: string;
      readonly serverName: string;
      readonly protocol: string;
      readonly cipher: string;
      readonly alpn: string;
      readonly sessionReused: boolean;
      /** `ERR_TLS_CERT_ALTNAME_INVALID` */
      readonly code: string;
      readonly message: string;
    }
  | {
      /** The server of a connection has sent a ticket for later ones (RFC 8446 section 4.6.1). */
      readonly event: 'tls-ticket';
      readonly local: string;
      readonly remote: string;
    }
  | {
      /** One line of an NSS key log, with which a capture can be decrypted. */
      readonly event: 'tls-secret';
      readonly local: string;
      readonly remote: string;
      readonly line: string;
    }
  | {
      readonly event: 'http-request';
      readonly url: string;
      readonly method: string;
      /** `HTTP/1.1`, `HTTP/2`. */
      readonly protocol: string;
      readonly local: string;
      readonly remote: string;
      readonly head: string;
      readonly bodyBytes: number;
    }
  | {
      readonly event: 'http-response';
      readonly url: string;
      readonly status: number;
      readonly local: string;
      readonly remote: string;
      readonly head: string;
      readonly bodyBytes: number;
    }
  | {
      readonly event: 'http-served';
      readonly remote: string;
      readonly method: string;
      readonly url: string;
      readonly status: number;
      readonly file?: string;
    }
  | {
      /** The browser's HTTP cache (RFC 9111) was asked. */
      readonly event: 'http-cache';
      readonly url: string;
      readonly outcome: 'miss' | 'fresh' | 'stale' | 'validated' | 'stored';
      /** Seconds since the stored response was made or validated. */
      readonly ageSeconds?: number;
    }
  | { readonly event: 'css-parsed'; readonly url: string; readonly resources: readonly string[] }
  /** What `<link rel=…>` made the browser do before it was needed. */
  | { readonly event: 'resource-hint'; readonly hint: 'dns-prefetch' | 'preconnect'; readonly host: string }
  | { readonly event: 'html-parsed'; readonly url: string; readonly resources: readonly string[] };

export type TraceEvent = TraceDetail & { readonly at: Instant };

/** Where events go. Costs one call when nobody listens; build expensive details only when `enabled`. */
export interface Tracer {
  readonly enabled: boolean;
  /** `at` is when it happened; without it, the time of the call. */
  emit(detail: TraceDetail, at?: Instant): void;
}

/** A tracer whose events bear the stack's own time: that of the frame or the call that caused them. */
export function stampedBy(timers: { readonly now: Instant }, tracer: Tracer): Tracer {
  return {
    get enabled() {
      return tracer.enabled;
    },
    emit: (detail) => tracer.emit(detail, timers.now),
  };
}

export const NO_TRACE: Tracer = { enabled: false, emit: () => {} };
