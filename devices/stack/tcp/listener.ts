import type { Connection } from './connection.js';
import type { Endpoint, SocketRow } from './types.js';

export declare class Listener {
  /** The port is the chosen one when 0 was asked for. */
  readonly local: Endpoint;
  readonly program: string;
  readonly backlog: number;
  /** Called out of the event queue with connections that are ESTABLISHED. */
  onConnection: (connection: Connection) => void;
  /** Accepts nothing more; handshakes under way are reset; accepted connections go on. */
  close(): void;
  info(): SocketRow;
}
