/**
 * The same sockets twice: Node's own on the loopback interface, and ours on two emulated machines. What a test
 * expects, it expects of both.
 */
import net from 'node:net';
import type { TcpConnectOptions } from '../../devices/net/connect-options.js';
import { TcpServer, type TcpServerOptions } from '../../devices/net/tcp-server.js';
import { TcpSocket, type TcpSocketOptions } from '../../devices/net/tcp-socket.js';
import { A_ADDRESS, B_ADDRESS, RealTimePair } from './real-time-pair.js';

export interface Backend {
  readonly name: 'node:net' | 'netarium';
  /** Where servers are reached. */
  readonly host: string;
  /** Where clients come from. */
  readonly clientHost: string;
  /** A new socket that is not connected. */
  socket(options?: TcpSocketOptions): net.Socket;
  server(options?: TcpServerOptions, onConnection?: (socket: net.Socket) => void): net.Server;
  connect(options: TcpConnectOptions & TcpSocketOptions, onConnect?: () => void): net.Socket;
  close(): void;
}

function nodeBackend(): Backend {
  return {
    name: 'node:net',
    host: '127.0.0.1',
    clientHost: '127.0.0.1',
    socket: (options) => new net.Socket(options),
    server: (options, onConnection) => net.createServer(options ?? {}, onConnection),
    connect: (options, onConnect) => net.connect(options as net.NetConnectOpts, onConnect),
    close: () => {},
  };
}

/** Seen through Node's types: what is missing or has another shape shows when the tests run. */
function ourBackend(): Backend {
  const pair = new RealTimePair();
  return {
    name: 'netarium',
    host: B_ADDRESS,
    clientHost: A_ADDRESS,
    socket: (options) => new TcpSocket(pair.a, options) as unknown as net.Socket,
    server: (options, onConnection) =>
      new TcpServer(pair.b, options, onConnection as (socket: TcpSocket | net.Socket) => void) as unknown as net.Server,
    connect: (options, onConnect) => pair.a.connect(options, onConnect) as unknown as net.Socket,
    close: () => pair.close(),
  };
}

export const BACKENDS: readonly (() => Backend)[] = [nodeBackend, ourBackend];

/** Writes down what a socket tells: `connect`, `data 5`, `error ECONNRESET`, `close true`. */
export function record(socket: net.Socket): string[] {
  const log: string[] = [];
  for (const event of ['lookup', 'connect', 'ready', 'end', 'finish', 'timeout', 'drain']) {
    socket.on(event, () => log.push(event));
  }
  socket.on('error', (error: NodeJS.ErrnoException) => log.push(`error ${error.code ?? error.message}`));
  socket.on('close', (hadError: boolean) => log.push(`close ${hadError}`));
  return log;
}

export function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}
