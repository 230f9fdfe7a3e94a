import type { Ipv4Packet } from '../wire/ipv4.js';
import type { Connection } from './connection.js';
import type { Listener } from './listener.js';
import type { ConnectOptions, IcmpErrorReport, ListenOptions, SocketRow, TcpContext } from './types.js';

export declare class Tcp {
  constructor(context: TcpContext);
  /** Sends SYN. Throws StackError: EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH. */
  connect(options: ConnectOptions): Connection;
  /** Throws StackError: EADDRINUSE, EADDRNOTAVAIL. */
  listen(options: ListenOptions): Listener;
  receive(packet: Ipv4Packet): void;
  icmpError(report: IcmpErrorReport): void;
  /** Listeners first, then connections, those in TIME_WAIT too. */
  sockets(): SocketRow[];
}
