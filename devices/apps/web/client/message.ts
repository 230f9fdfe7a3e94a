/** A request and a response of HTTP, whatever the version that carries them. */
import type { Readable } from 'node:stream';
import type { SecureDetails } from '../../../control/rpc.js';
import type { Instant } from '../../../stack/clock.js';

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface RequestMessage {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  /** With Host; those that belong to HTTP/1.1 alone are left out on HTTP/2. */
  readonly headers: HeaderList;
  readonly body?: Uint8Array;
}

export interface ResponseMessage {
  readonly status: number;
  /** Empty on HTTP/2, which has none. */
  readonly statusText: string;
  /** As they came. */
  readonly headers: HeaderList;
  /** As it is transferred, its content codings not undone. */
  readonly body: Readable;
  /** Once the body has ended: whether that was its end, or the connection's. */
  isComplete(): boolean;
}

/** Called when bytes of an exchange pass: the request begins to leave, the response begins to come. */
export interface ExchangeProgress {
  sent?(): void;
  received?(): void;
}

export interface ConnectTiming {
  readonly connectStart: Instant;
  /** TLS only. */
  readonly secureConnectionStart?: Instant;
  readonly connectEnd: Instant;
}

/** A connection to a server, with HTTP spoken on it. */
export interface HttpConnection {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** "192.0.2.1:40000" */
  readonly local: string;
  readonly remote: string;
  readonly secure?: SecureDetails;
  readonly timing: ConnectTiming;
  /** How many requests it would take now; 0 when it is closed or closing. */
  readonly room: number;
  /** Requests that it has taken so far. */
  readonly taken: number;
  readonly closed: boolean;
  /** Takes one place of {@link room}. It is given back when the exchange is over, or by {@link leave}. */
  reserve(): void;
  leave(): void;
  /** The header fields of a request as they go on the wire of this connection, in their order. */
  fields(request: RequestMessage): HeaderList;
  /**
   * After {@link reserve}: sends the request, resolves with the head of the response. Rejects with what Node's http and http2
   * report. When the signal aborts, the exchange ends with its reason.
   */
  send(request: RequestMessage, signal: AbortSignal, progress?: ExchangeProgress): Promise<ResponseMessage>;
  /** Calls when there may be room, or when it is closed. */
  onChange: () => void;
  /** No more requests; FIN, or GOAWAY and FIN. Resolves when TCP is closed on both sides, or was destroyed. */
  end(): Promise<void>;
  destroy(): void;
}

/** The value of the first header of that name (lower case), or all of them joined as RFC 9110 section 5.3 allows. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  const values = headers.filter(([candidate]) => candidate.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Node's flat list of names and values, as they came. */
export function headerPairs(rawHeaders: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) list.push([rawHeaders[i], rawHeaders[i + 1]]);
  return list;
}

/** The head of a request or a response as it stands on the wire of HTTP/1.1, with the empty line; HTTP/2's has no start line. */
export function formatHead(startLine: string | undefined, headers: HeaderList): string {
  const start = startLine === undefined ? [] : [startLine];
  return `${[...start, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`;
}
