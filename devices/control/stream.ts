/**
 * `stream-open` and what follows it: a TCP connection that the device opens for its client, carried by a control
 * connection of its own. Nothing but the stream's messages is on it from then on.
 *
 * Binary messages are the stream's bytes, in both directions. Notifications are the rest: `stream-end` in either direction
 * is that side's FIN; from the device `stream-error` ({@link ConnectFault}) says that the connection has broken, and
 * `stream-window` that it has taken so many more of the client's bytes. The client closes the control connection, which
 * is the end of the stream, whatever its state.
 */
import { type Checker, integer, isText, number, object } from './check.js';
import type { RpcParams } from './json-rpc.js';
import type { FetchStage } from './rpc.js';

/**
 * A client may have so many bytes under way that the device has not told to have taken; a device closes on one that sends
 * more. Thus what waits on the device is bounded and yet it always reads, and notices at once that its client has gone.
 */
export const STREAM_WINDOW_BYTES = 256 * 1024;

/** Params of `stream-open`. */
export interface StreamRequest {
  /** A name, which the device looks up, or a dotted address. */
  readonly host: string;
  /** 1 … 65535. */
  readonly port: number;
  /** For look-up and connection together, all addresses in turn; default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Who it is for, as the table of sockets shows it; default `stream`. */
  readonly program?: string;
}

/** Result of `stream-open`: both ends, as `192.0.2.1:40000`. */
export interface StreamOpened {
  readonly local: string;
  readonly remote: string;
}

/** Params of `stream-window`. */
export interface StreamWindow {
  readonly bytes: number;
}

/** Why there is no connection, or none any more: the `data` of the error of `stream-open` and `resolve`. */
export interface ConnectFault {
  /** Node's: ENOTFOUND, EAI_AGAIN, ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET, … */
  readonly code: string;
  readonly message: string;
  /** Where it failed. */
  readonly stage: FetchStage;
  /** The address that was tried last, dotted. */
  readonly address?: string;
}

/** Result of `resolve`. */
export interface ResolvedName {
  readonly name: string;
  /** After search domain and aliases. */
  readonly canonicalName: string;
  /** Dotted, at least one. */
  readonly addresses: readonly string[];
  readonly source: 'literal' | 'os' | 'hosts' | 'network';
}

const shape: Checker = object(
  { host: isText, port: integer(1, 65535) },
  { timeoutMs: number(1, 2 ** 31 - 1), program: isText },
);

/** What the params of `stream-open` ask for, or what is wrong with them. */
export function streamRequest(params: RpcParams): StreamRequest | string {
  return shape(params, '') ?? (params as unknown as StreamRequest);
}
