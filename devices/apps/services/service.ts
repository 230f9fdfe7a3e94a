/**
 * The small services that hosts may run: echo, discard, daytime, chargen. A service knows its bytes alone; ports, limits,
 * idle peers and loops between services are the business of {@link ServiceProgram}.
 */
import type { ServiceName } from '../../control/config.js';
import type { TcpSocket } from '../../net/tcp-socket.js';

export interface Service {
  readonly name: ServiceName;
  /** Of TCP and of UDP. */
  readonly port: number;
  /** Takes an open connection, half-open when the peer ends, and ends it when its work is done. */
  converse(socket: TcpSocket): void;
  /** What is sent back for a datagram; undefined for nothing. */
  answer(datagram: Uint8Array): Uint8Array | undefined;
}
