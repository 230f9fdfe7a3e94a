/**
 * The control protocol: JSON-RPC 2.0 over WebSocket text messages; captured frames come as binary messages.
 * A device is the server, on the Unix-domain socket that its config names.
 *
 * | method | params | result |
 * | --- | --- | --- |
 * | `start` | – | –; starts the programs of a supervised device |
 * | `status` | – | {@link DeviceStatus} |
 * | `inspect` | `{table}` | rows, see tables.ts |
 * | `tables` | – | names of the tables that this device has |
 * | `exec` | `{id, argv, columns?}` | `{exitStatus}`, when the command has ended; output as `exec-output` notifications |
 * | `exec-input` | `{id, data}`; data null ends the input | –; answered when there is room for more |
 * | `exec-interrupt` (notification) | `{id}` | – |
 * | `complete` | `{line}` | `{candidates}`: completions of the last word |
 * | `capture-start` | `{ports?, outOnly?, filter?}` | `{interfaces}`; then binary messages, see {@link encodeCapture} |
 * | `capture-stop` | – | {@link CaptureTotals}, after the last captured frame was sent |
 * | `trace-start` | `{events?}`, the names of those wanted | –; then `trace` notifications with a TraceEvent |
 * | `trace-stop` | – | `{missed}`, events that were not sent because the client was too far behind |
 * | `attach` | {@link AttachRequest} | {@link AttachedPort}: a new port, with a cable to something that is not ours |
 * | `detach` | `{port}` | –; the port was attached, and is gone |
 * | `fetch` | {@link FetchRequest} | {@link FetchResult} (hosts only) |
 * | `resolve` | `{name}` | {@link ResolvedName}: the device's own look-up (not switches and hubs) |
 * | `stream-open` | {@link StreamRequest} | {@link StreamOpened}; then the connection's bytes, see stream.ts (not switches and hubs) |
 * | `stream-end` (notification) | – | –; the client sends nothing more |
 * | `chaos` | {@link ChaosOrders} | –; these faults are in force from now on, and no others; all or none of a call |
 * | `shutdown` | – | –; the device ends in an orderly way |
 */

import type { Instant } from '../stack/clock.js';
import type { DeviceKind } from './config.js';

/** One JSON line on standard output, the first thing that a device prints: it is ready for control and frames. */
export interface ReadyMessage {
  readonly ready: true;
  readonly name: string;
  readonly pid: number;
  readonly control: string;
}

export interface DeviceStatus {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly lab: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly cpuMs: number;
  /** Resident set size, bytes. */
  readonly memoryRssBytes: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly framesDropped: number;
  /** False while a port still waits for its address by DHCP. */
  readonly configured: boolean;
  /** False while an application is still being loaded. */
  readonly loaded: boolean;
  /** Why programs did not start: sentences for the user. */
  readonly faults: readonly string[];
}

export interface ExecOutput {
  readonly id: number;
  readonly stream: 'stdout' | 'stderr';
  readonly data: string;
}

export interface FetchRequest {
  /** http or https. */
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  /** Added to the browser's own, replacing those of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Body text; `application/x-www-form-urlencoded` unless a header names its type. */
  readonly data?: string;
  /** Fields of a form: as a body by POST, which is then the default method; by GET they become the query of the URL. */
  readonly form?: FetchForm;
  /** The whole load ends with an error after this time. Default: when nothing has come for 30,000 ms. */
  readonly timeoutMs?: number;
  /** Redirects that are followed at most. Default 20. */
  readonly maxRedirects?: number;
  /** Load images, style sheets and scripts too. Default true. */
  readonly subresources?: boolean;
  /** What the browser's HTTP cache may do: `reload` asks the servers and stores, `no-store` leaves it alone. Default `default`. */
  readonly cache?: 'default' | 'reload' | 'no-store';
  /** Forget cookies, cached responses, names and TLS sessions before the load. Default false. */
  readonly clear?: boolean;
  /** Keep the bodies of responses in the result's exchanges, up to a limit each and in all. Default false. */
  readonly bodies?: boolean;
}

/** How a form is sent (HTML standard, section 4.10.22). */
export interface FetchForm {
  readonly fields: readonly FormField[];
  /** Default `application/x-www-form-urlencoded`. */
  readonly encoding?: 'application/x-www-form-urlencoded' | 'multipart/form-data';
}

export interface FormField {
  readonly name: string;
  /** Of a file: what is in it. */
  readonly value: string;
  /** It is a file. */
  readonly fileName?: string;
  /** Of a file; default `application/octet-stream`. */
  readonly contentType?: string;
}

/** Where a fetch failed. */
export type FetchStage = 'url' | 'dhcp' | 'dns' | 'routing' | 'arp' | 'tcp' | 'tls' | 'http' | 'html';

export interface FetchFailure {
  /** ENOTFOUND, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, ECONNRESET, ERR_INVALID_URL, ERR_TOO_MANY_REDIRECTS, … */
  readonly code: string;
  readonly message: string;
  readonly stage: FetchStage;
}

export interface FetchedResource {
  readonly url: string;
  /** 0 when no response came. */
  readonly status: number;
  /** Of the body with its content codings undone. */
  readonly bytes: number;
  /** Lower-case hexadecimal, of the body with its content codings undone. */
  readonly sha256: string;
  readonly contentType: string;
  /** `document`, or the tag that asked for it: `img`, `link`, `script`, …; `css` for what a style sheet asks for. */
  readonly initiator: string;
  readonly fromCache: boolean;
  /** On the lab's timeline. */
  readonly startAt: Instant;
  readonly endAt: Instant;
  /** The connection that carried it: "192.0.2.1:40000". Absent when none was made. */
  readonly local?: string;
  readonly remote?: string;
  readonly error?: FetchFailure;
}

/**
 * When the phases of one request began and ended, on the lab's timeline: W3C Resource Timing, section 4. Phases that there
 * were not (a name that was known, a kept connection, an answer from the cache) are absent.
 */
export interface ResourceTiming {
  /** The request was decided on; it may wait for its turn until `fetchStart`. */
  readonly startTime: Instant;
  /** From here it may still wait for one of the few connections to its server. */
  readonly fetchStart: Instant;
  readonly domainLookupStart?: Instant;
  readonly domainLookupEnd?: Instant;
  readonly connectStart?: Instant;
  /** TLS only: when its handshake began. */
  readonly secureConnectionStart?: Instant;
  readonly connectEnd?: Instant;
  /** First byte of the request, first and last byte of the response. */
  readonly requestStart?: Instant;
  readonly responseStart?: Instant;
  readonly responseEnd: Instant;
}

/** W3C Navigation Timing, section 4: what comes after the document's own {@link ResourceTiming}. */
export interface NavigationTiming {
  readonly redirectStart?: Instant;
  readonly redirectEnd?: Instant;
  readonly domInteractive?: Instant;
  readonly domContentLoaded?: Instant;
  readonly domComplete?: Instant;
  readonly loadEventEnd?: Instant;
}

/** The order in which a browser sends its requests, the first one first. */
export const FETCH_PRIORITIES = ['highest', 'high', 'medium', 'low', 'lowest'] as const;
export type FetchPriority = (typeof FETCH_PRIORITIES)[number];

export interface SecureDetails {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher: string;
  /** `h2`, `http/1.1`; empty when none was agreed on. */
  readonly alpn: string;
  readonly sessionReused: boolean;
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** DNS names and addresses of the certificate. */
  readonly names: readonly string[];
}

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/**
 * One request and its response: each hop of a redirect, each revalidation, each answer from the browser's cache is one of
 * its own. What a HAR file has an entry for.
 */
export interface FetchedExchange {
  readonly url: string;
  readonly method: string;
  /** `HTTP/1.1`, `HTTP/2`; empty when nothing was sent. */
  readonly protocol: string;
  readonly requestHeaders: HeaderPairs;
  /** `bytes`: of all of it; `text` is its beginning, at most 1 MiB. */
  readonly requestBody?: { readonly contentType: string; readonly text: string; readonly bytes: number };
  /** 0 when no response came. */
  readonly status: number;
  readonly statusText: string;
  readonly responseHeaders: HeaderPairs;
  readonly contentType: string;
  /** Length of the body with its content codings undone, and as it was transferred. */
  readonly bytes: number;
  readonly encodedBytes: number;
  /** Of the body with its content codings undone; lower-case hexadecimal. */
  readonly sha256: string;
  /** With `bodies` in the request, when it is within the limits. */
  readonly body?: { readonly text: string; readonly encoding?: 'base64' };
  /** Where the response sends the browser; empty when it does not. */
  readonly redirectUrl: string;
  /** `document`, the tag, or `css`, that asked for it. */
  readonly initiator: string;
  /** The document or style sheet that asked; absent for the page itself. */
  readonly initiatorUrl?: string;
  readonly priority: FetchPriority;
  /** `memory`: answered from the browser's HTTP cache without asking; `validated`: the server said 304. */
  readonly cache: 'none' | 'memory' | 'validated';
  readonly timing: ResourceTiming;
  /** The connection that carried it: "192.0.2.1:40000". Absent when none was made. */
  readonly local?: string;
  readonly remote?: string;
  readonly secure?: SecureDetails;
  readonly error?: FetchFailure;
}

/** What the browser itself knows of a page load. The story adds what the wires show. */
export interface FetchResult {
  readonly url: string;
  readonly finalUrl: string;
  readonly ok: boolean;
  readonly status: number;
  readonly startAt: Instant;
  readonly endAt: Instant;
  readonly error?: FetchFailure;
  readonly redirects: readonly { readonly from: string; readonly to: string; readonly status: number }[];
  /** The document first, then sub-resources in the order of their requests. */
  readonly resources: readonly FetchedResource[];
  /** One a name that was looked up, in order. */
  readonly lookups: readonly FetchLookup[];
  readonly connections: readonly { readonly local: string; readonly remote: string }[];
  /** All requests with their responses, in the order in which they were sent. */
  readonly exchanges: readonly FetchedExchange[];
  /** Of the page; absent when there is none. */
  readonly timing?: NavigationTiming;
  /** The page's title; empty when it has none. */
  readonly title: string;
  /** The document's body as text, at most 1 MiB of it. */
  readonly text: string;
}

export interface FetchLookup {
  readonly name: string;
  readonly type: string;
  readonly addresses: readonly string[];
  readonly source: 'browser' | 'os' | 'hosts' | 'network' | 'literal';
  readonly startAt: Instant;
  readonly endAt: Instant;
}

/** One captured frame as a device reports it. */
export interface CapturedFrame {
  /** Index into the `interfaces` that `capture-start` returned, or as a {@link CaptureInterfaceNews} gave it. */
  readonly interfaceIndex: number;
  readonly at: Instant;
  readonly direction: 'in' | 'out';
  /** Set when the frame did not go on: why, e.g. "impairmentLoss", "badFcs". */
  readonly dropped: string;
  /** Set when chaos has dropped, changed or made the frame: the fault, e.g. "fault-3: loss 20%". */
  readonly fault: string;
  /** Preamble to FCS, as it was on the wire. */
  readonly packet: Uint8Array;
}

export interface CaptureInterface {
  readonly device: string;
  readonly port: string;
  readonly link: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** Bits per second of what leaves here; absent when the link has no limit. */
  readonly rateBps?: number;
}

/** The notification `capture-interface`: a port has come while the capture ran. */
export interface CaptureInterfaceNews {
  readonly interfaceIndex: number;
  readonly interface: CaptureInterface;
}

/**
 * What a client did not see, in frames, since its `capture-start`: the result of `capture-stop`, and the notification
 * `capture-totals`, which follows soon when they grow.
 */
export interface CaptureTotals {
  /** For want of room: the client was too far behind. */
  readonly missed: number;
  /** They did not match its filter. */
  readonly filtered: number;
}

const CAPTURE_HEADER_LENGTH = 16;
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();
/** As its length is one byte. */
const MAX_REASON_LENGTH = 255;

/**
 * Binary layout, big-endian, any number of records in a message:
 * `length u32 (of what follows) | at f64 | interface u16 | direction u8 (0 in, 1 out) | reason length u8 | reason | packet`.
 * The reason is UTF-8: why the frame was dropped, then, where chaos had a hand in it, a line feed and the fault, which is
 * shortened where it has no room.
 */
export function encodeCapture(frames: readonly CapturedFrame[]): Uint8Array {
  const reasons = frames.map(({ dropped, fault }) => encodeReason(dropped, fault));
  let total = 0;
  frames.forEach((frame, i) => {
    total += CAPTURE_HEADER_LENGTH + reasons[i].length + frame.packet.length;
  });
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  frames.forEach((frame, i) => {
    const reason = reasons[i];
    view.setUint32(at, CAPTURE_HEADER_LENGTH - 4 + reason.length + frame.packet.length);
    view.setFloat64(at + 4, frame.at);
    view.setUint16(at + 12, frame.interfaceIndex);
    view.setUint8(at + 14, frame.direction === 'out' ? 1 : 0);
    view.setUint8(at + 15, reason.length);
    bytes.set(reason, at + CAPTURE_HEADER_LENGTH);
    bytes.set(frame.packet, at + CAPTURE_HEADER_LENGTH + reason.length);
    at += CAPTURE_HEADER_LENGTH + reason.length + frame.packet.length;
  });
  return bytes;
}

function encodeReason(dropped: string, fault: string): Uint8Array {
  const reason = textEncoder.encode(fault === '' ? dropped : `${dropped}\n${fault}`);
  if (reason.length <= MAX_REASON_LENGTH) return reason;
  const room = MAX_REASON_LENGTH - textEncoder.encode(`${dropped}\n…`).length;
  if (fault === '' || room <= 0) return reason.subarray(0, MAX_REASON_LENGTH);
  return textEncoder.encode(`${dropped}\n${shortened(fault, room)}…`);
}

/** As many words as so many bytes hold, behind the fault's id; of one that is too long, as many letters. */
function shortened(fault: string, bytes: number): string {
  // As much as fits is read in whole letters.
  const { read } = textEncoder.encodeInto(fault, new Uint8Array(bytes));
  const letters = fault.slice(0, read);
  const words = letters.slice(0, letters.lastIndexOf(' ') + 1);
  return words.length > fault.indexOf(': ') + 2 ? words : letters;
}

/** Throws RangeError when the bytes are not whole records. */
export function decodeCapture(bytes: Uint8Array): CapturedFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: CapturedFrame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const reasonLength = at + CAPTURE_HEADER_LENGTH <= bytes.length ? view.getUint8(at + 15) : 0;
    const end = at + 4 + (at + 4 <= bytes.length ? view.getUint32(at) : Number.POSITIVE_INFINITY);
    const packetAt = at + CAPTURE_HEADER_LENGTH + reasonLength;
    if (end > bytes.length || packetAt > end) throw new RangeError('capture message is not whole records');
    const [dropped, fault = ''] = textDecoder.decode(bytes.subarray(at + CAPTURE_HEADER_LENGTH, packetAt)).split('\n');
    frames.push({
      at: view.getFloat64(at + 4),
      interfaceIndex: view.getUint16(at + 12),
      direction: view.getUint8(at + 14) === 1 ? 'out' : 'in',
      dropped,
      fault,
      packet: bytes.subarray(packetAt, end),
    });
    at = end;
  }
  return frames;
}
