/**
 * The config file of one device: plain JSON, addresses as text, durations in milliseconds, rates in bit/s.
 * The orchestrator plans one for every device; a person can write one by hand (docs/device-config.md).
 */

import type { Impairment } from '../stack/link-settings.js';
import type { TunnelConfig } from './tunnel.js';

export const DEVICE_KINDS = ['host', 'switch', 'hub', 'router', 'dns-server'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** Small services of hosts, and the server of `iperf`. */
export const SERVICE_NAMES = ['echo', 'discard', 'daytime', 'chargen', 'iperf'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface DeviceConfig {
  /** Name of the lab, part of the process title. */
  readonly lab: string;
  readonly name: string;
  readonly kind: DeviceKind;
  /** Seed of every random draw of this device. */
  readonly seed: string | number;
  /** Path of the Unix-domain socket (a named pipe on Windows) on which the device listens for control. */
  readonly control: string;
  /** File that receives the pino log lines; standard error when left out. */
  readonly logFile?: string;
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** The control socket of the lab that launched this device. An orphaned device removes it when it ends. */
  readonly supervisor?: string;
  /** File that keeps what is attached while the device runs, for when it is started again. Left out: that is forgotten. */
  readonly attachedFile?: string;
  readonly ports: readonly PortConfig[];
  /** Hosts, routers and DNS servers: routes besides those of the ports' own networks. */
  readonly routes?: readonly RouteConfig[];
  /** Hosts, routers, DNS servers: whom to ask for names, and the hosts file. */
  readonly resolver?: ResolverConfig;
  /** Hosts: web sites, served on the ports 80 and 443 (or `port` and `httpsPort`). */
  readonly web?: WebConfig;
  /** Hosts: certificates (PEM) that browser and `curl` trust, the lab's own authority for one. */
  readonly authorities?: readonly string[];
  /** Hosts: echo (7), discard (9), daytime (13) and chargen (19) over TCP and UDP, iperf (5201). */
  readonly services?: readonly ServiceName[];
  /** Switches: seconds after which a MAC address that was not seen again is forgotten; default 300. */
  readonly macAgeSeconds?: number;
  /** Routers: one DHCP server a served port. */
  readonly dhcpServers?: readonly DhcpServerConfig[];
  /** Routers: a caching DNS forwarder on port 53. */
  readonly dnsForwarder?: { readonly servers: readonly string[] };
  /** DNS servers. */
  readonly dns?: DnsServerConfig;
  /** Overrides of the stack's constants, for tests and teaching; all in milliseconds. */
  readonly timing?: TimingConfig;
  /** Hosts, routers, DNS servers: how their TCP behaves. */
  readonly tcp?: TcpConfig;
}

export interface TcpConfig {
  /** Default cubic (RFC 9438), as Linux; reno is RFC 5681. A program may choose another one for its connection. */
  readonly congestionControl?: 'cubic' | 'reno';
  /**
   * Explicit congestion notification (RFC 3168): used when the peer asks for it (accept, the default, as Linux), asked
   * for in every SYN (request), or never (off).
   */
  readonly ecn?: 'accept' | 'request' | 'off';
}

export interface TimingConfig {
  /** Maximum segment lifetime; TIME_WAIT lasts twice as long. Default 30,000 (Linux keeps TIME_WAIT 60 s). */
  readonly tcpMslMs?: number;
  /** How long a confirmed ARP entry is used without asking again. Default 60,000. */
  readonly arpReachableMs?: number;
}

export interface PortConfig {
  /** `eth0` … on hosts, routers and DNS servers; `1` … on switches and hubs. */
  readonly name: string;
  /** The link as it is written in a topology: `client:eth0 -- sw1:3`. Names the capture interface. */
  readonly link?: string;
  /** Hosts, routers, DNS servers. */
  readonly mac?: string;
  /** `10.0.0.1/24`; several are allowed. Empty on a port that DHCP configures. */
  readonly addresses?: readonly string[];
  /** This port asks for its address by DHCP. */
  readonly dhcp?: boolean;
  /** Largest IP packet, bytes; default 1500. */
  readonly mtu?: number;
  readonly tunnel?: TunnelConfig;
  /** What happens to frames that leave through this port. */
  readonly impairment?: Impairment;
  /** The same for frames that arrive: for links whose other end is not ours, and cannot do it. */
  readonly impairmentIn?: Impairment;
}

export interface RouteConfig {
  /** `10.0.0.0/8`; the default route is `0.0.0.0/0`. */
  readonly destination: string;
  /** Next hop; left out for a network that is directly attached to `interface`. */
  readonly gateway?: string;
  readonly interface?: string;
  /** Lower wins among routes of the same length; default 0. */
  readonly metric?: number;
}

export interface ResolverConfig {
  readonly servers?: readonly string[];
  /** Appended to names without a dot. */
  readonly domain?: string;
  /** The hosts file: name to addresses. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
}

/** How a site is served by https: beside http, instead of it (http is sent there), or not at all. */
export const HTTPS_MODES = ['also', 'only', 'off'] as const;
export type HttpsMode = (typeof HTTPS_MODES)[number];
export const DEFAULT_HTTPS: HttpsMode = 'also';

export interface WebConfig {
  /** Default 80. */
  readonly port?: number;
  /** Default 443. Nobody listens there without certificates. */
  readonly httpsPort?: number;
  /** The first one is shown to clients that name no site, or none of these. */
  readonly certificates?: readonly CertificateConfig[];
  /** The status of an answer to a Host that no site has. Left out: the first site answers. */
  readonly unknownHost?: 404 | 421;
  readonly accessLog?: AccessLogConfig;
  /** The first one answers requests whose Host is not named by any site, as servers' default site does. */
  readonly sites: readonly SiteConfig[];
}

export interface CertificateConfig {
  /** Host names and addresses that it is valid for. */
  readonly names: readonly string[];
  /** PEM: the certificate, then those between it and an authority. */
  readonly chain: string;
  /** PEM: the private key. */
  readonly key: string;
}

export const LOG_FORMATS = ['common', 'combined'] as const;

export interface AccessLogConfig {
  /** Absolute path; lines are appended. */
  readonly file: string;
  /** The common log format (default), or the combined one: with Referer and User-Agent. */
  readonly format?: (typeof LOG_FORMATS)[number];
}

/**
 * A `match` is compared with the path of the file that is served ("/books/index.html" for "/books/"): `*` stands for
 * any text; without a leading "/" it is compared with the end of the path, from behind a "/" on.
 */
export interface SiteConfig {
  /** Host names without port; compared without regard to case. */
  readonly names: readonly string[];
  /** Absolute path of the folder that is served. Left out for a site that only redirects or echoes. */
  readonly root?: string;
  readonly redirects?: readonly RedirectConfig[];
  /** POST to this path answers with the body that it got. */
  readonly echoPath?: string;
  /** What answers instead of files. */
  readonly app?: AppConfig;
  /** Default `also`. */
  readonly https?: HttpsMode;
  /** Strict-Transport-Security of answers by https; no such header when left out. */
  readonly hstsSeconds?: number;
  /** The first rule that matches a file decides. */
  readonly cache?: readonly CacheRuleConfig[];
  /** Headers of answers with files; all rules that match are used. */
  readonly headers?: readonly { readonly match: string; readonly set: Readonly<Record<string, string>> }[];
  readonly cookies?: readonly CookieConfig[];
  /** Status to the path of a file of this site: `{"404": "/oops.html"}`. Default for 404: "/404.html", when it is there. */
  readonly errorPages?: Readonly<Record<string, string>>;
  /** Longer bodies of requests are refused with 413. Default 16 MiB; of an app: none. */
  readonly maxBodyBytes?: number;
}

/** A JavaScript module, whose export is a request listener of Node's, a server, or a function that makes one of these. */
export interface AppConfig {
  /** Absolute path. */
  readonly module: string;
  /** Default `default`. */
  readonly export?: string;
}

export interface CacheRuleConfig {
  readonly match: string;
  /** Cache-Control. */
  readonly control: string;
  /** Sets Expires, so many seconds after now; no such header when left out. */
  readonly expiresSeconds?: number;
}

export const COOKIE_VALUES = ['session', 'visits'] as const;
export const SAME_SITE = ['Strict', 'Lax', 'None'] as const;

export interface CookieConfig {
  readonly name: string;
  /** `session`: a random token for who has none yet. `visits`: counts the answers. Left out: `text`. */
  readonly value?: (typeof COOKIE_VALUES)[number];
  readonly text?: string;
  /** Default `*.html`. */
  readonly match?: string;
  /** Default "/". */
  readonly path?: string;
  /** Without it the cookie goes with the browser's session. */
  readonly maxAgeSeconds?: number;
  readonly httpOnly?: boolean;
  readonly secure?: boolean;
  readonly sameSite?: (typeof SAME_SITE)[number];
}

export interface RedirectConfig {
  /** A path, exact, or a prefix when it ends in `*`; what `*` matched is appended to `to` where that ends in `*`. */
  readonly from: string;
  readonly to: string;
  /** 301, 302, 303, 307 or 308. */
  readonly status: number;
}

export interface DhcpServerConfig {
  /** The port that is served; its first address is the server identifier. */
  readonly interface: string;
  /** First and last address of the pool. */
  readonly from: string;
  readonly to: string;
  readonly leaseSeconds: number;
  readonly gateway?: string;
  readonly dnsServers?: readonly string[];
  readonly domain?: string;
  /** Fixed addresses by MAC address. */
  readonly reservations?: Readonly<Record<string, string>>;
}

export interface DnsServerConfig {
  readonly zones?: readonly ZoneConfig[];
  /** Answers recursive queries by iteration from the root hints: everybody's, or those of these addresses and subnets. */
  readonly recursion?: boolean | { readonly allow: readonly string[] };
  readonly rootHints?: readonly { readonly name: string; readonly address: string }[];
}

export interface ZoneConfig {
  /** `server.com`, or `.` for the root; with or without the final dot. */
  readonly name: string;
  /** Empty for a secondary, which gets them from its primaries. */
  readonly records: readonly RecordConfig[];
  /** Addresses of the servers that this zone is copied from, in the order in which they are asked. Makes it a secondary. */
  readonly primaries?: readonly string[];
  /** Addresses and subnets that may copy the zone (AXFR, IXFR). The machine itself always may; default nobody else. */
  readonly transfer?: readonly string[];
  /** The same for those who may change it (UPDATE, RFC 2136). */
  readonly update?: readonly string[];
  /** Addresses of servers that are told when the zone has changed (NOTIFY, RFC 1996). */
  readonly notify?: readonly string[];
  /**
   * How often which address comes first in answers, 0 … 65535: by absolute owner name, then by address. An address
   * without a weight has 1. Names that are not here have their addresses told in turn.
   */
  readonly weights?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface RecordConfig {
  /** Absolute (`www.server.com.`), or relative to the zone; `@` is the zone itself. */
  readonly name: string;
  /** `A`, `MX`, `TYPE65280`, … */
  readonly type: string;
  /** Default 300. */
  readonly ttlSeconds?: number;
  /**
   * In presentation format, as in a zone file: `192.0.2.1`; `10 mail.server.com.` (relative names allowed); a TXT's text,
   * with or without quotes; `\# 3 abcdef` for types without a form of their own (RFC 3597).
   */
  readonly data: string;
}
