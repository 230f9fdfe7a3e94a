import type { Listener } from './listener.js';
import type { ConnectionHandler, Endpoint, SocketRow, TcpState } from './types.js';

export declare class Connection {
  get state(): TcpState;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly program: string;
  /** The listener that accepted it; undefined for an active open. */
  readonly listener: Listener | undefined;
  /** Where news goes; a handler that does nothing until the owner sets its own. */
  handler: ConnectionHandler;
  /** Bytes given by the program and acknowledged or not; bytes handed to the program's side in order. */
  get bytesSent(): number;
  get bytesReceived(): number;
  /** Bytes that {@link read} would give now. */
  get readableBytes(): number;
  /** Bytes that {@link send} would take now. */
  get sendFree(): number;
  /** Copies what fits; returns the bytes taken. Less than all: wait for onWritable. 0 too once closed for sending. */
  send(bytes: Uint8Array): number;
  /** Takes received bytes, in order; undefined when there are none. Reopens the window. */
  read(maxBytes?: number): Uint8Array | undefined;
  /** RFC 9293 CLOSE: FIN after what is queued; receiving goes on (half-close). */
  shutdown(): void;
  /** The program lets go for good, as close(2): FIN, or RST when received bytes are unread or arrive later. */
  close(): void;
  /** RFC 9293 ABORT: RST, everything queued is dropped; onClosed() follows without an error. */
  abort(): void;
  /** Turns Nagle's algorithm off (true) or on (false, the default). */
  setNoDelay(on: boolean): void;
  /** RFC 9293 section 3.8.4; the first probe after `delayMs` of silence, default 7,200,000. */
  setKeepAlive(on: boolean, delayMs?: number): void;
  info(): SocketRow;
}
