/** A listening TCP port with the events and methods of `net.Server`. */
import { EventEmitter } from 'node:events';
import { StackError } from '../stack/errors.js';
import type { Connection } from '../stack/tcp/connection.js';
import type { ListenOptions } from '../stack/tcp/control-block/types.js';
import type { Listener } from '../stack/tcp/listener.js';
import { formatIpv4 } from '../stack/wire/address.js';
import { literalAddress } from './connect-options.js';
import type { Network } from './network.js';
import { checkPort, listenError, nameNotFound, usageError } from './socket-errors.js';
import { TcpSocket } from './tcp-socket.js';

export interface TcpServerOptions {
  /** Shown in the sockets table, for the listener and its connections. */
  readonly program?: string;
  /** Of the accepted sockets, as the next four. Default false. */
  readonly allowHalfOpen?: boolean;
  /** Sockets read nothing before `resume()`. */
  readonly pauseOnConnect?: boolean;
  readonly highWaterMark?: number;
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  /** Milliseconds of silence before the first probe. */
  readonly keepAliveInitialDelay?: number;
  /**
   * SO_SNDBUF and SO_RCVBUF, bytes, of a connection from there; they must be known when its handshake begins. Must not
   * call the network. Default: autotuned.
   */
  readonly bufferSizeFor?: (address: string) => number | undefined;
}

export interface TcpListenOptions {
  /** 0 … 65535; 0, the default, takes a free port. */
  readonly port?: number | string;
  /** An own address as dotted text. Default: all of the machine. */
  readonly host?: string;
  /** Handshakes that may be under way at once. */
  readonly backlog?: number;
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal;
}

export type ListenArguments =
  | [listener?: () => void]
  | [options: TcpListenOptions, listener?: () => void]
  | [port: number, listener?: () => void]
  | [port: number, host: string, listener?: () => void]
  | [port: number, host: string, backlog: number, listener?: () => void];

/** Who was turned away because of {@link TcpServer.maxConnections}. */
export interface DroppedConnection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly localFamily: 'IPv4';
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: 'IPv4';
}

interface TcpServerEvents {
  connection: [socket: TcpSocket];
  listening: [];
  close: [];
  error: [error: Error];
  drop: [connection: DroppedConnection];
}

export class TcpServer extends EventEmitter<TcpServerEvents> {
  /** Connections beyond that number are closed at once, with 'drop'. */
  maxConnections: number | undefined;
  private readonly network: Network;
  private readonly options: TcpServerOptions;
  private readonly sockets = new Set<TcpSocket>();
  private listener: Listener | undefined;

  constructor(network: Network, options: TcpServerOptions = {}, onConnection?: (socket: TcpSocket) => void) {
    super();
    this.network = network;
    this.options = options;
    if (onConnection !== undefined) this.on('connection', onConnection);
  }

  get listening(): boolean {
    return this.listener !== undefined;
  }

  /** As `net.Server.listen`. What goes wrong comes as 'error': EADDRINUSE, EADDRNOTAVAIL. Throws for wrong arguments. */
  listen(...args: ListenArguments): this {
    if (this.listener !== undefined) {
      throw usageError('ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
    }
    const { options, callback } = normalizeListen(args);
    const port = checkPort(options.port ?? 0, 'options.port');
    if (callback !== undefined) this.once('listening', callback);
    const host = options.host ?? '0.0.0.0';
    const address = literalAddress(host);
    if (address === undefined) {
      process.nextTick(() => this.emit('error', nameNotFound(host)));
      return this;
    }
    const { program } = this.options;
    const { backlog } = options;
    try {
      this.network.perform(() => {
        const buffersFor = this.buffersFor();
        const listener = this.network.stack.tcp.listen({ address, port, backlog, program, buffersFor });
        listener.onConnection = (connection) => this.accept(connection);
        this.listener = listener;
      });
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      const failure = listenError(error.code, formatIpv4(address), port);
      process.nextTick(() => this.emit('error', failure));
      return this;
    }
    this.closeOnAbort(options.signal);
    const listener = this.listener;
    process.nextTick(() => {
      if (this.listener === listener) this.emit('listening');
    });
    return this;
  }

  /** Accepts no more; 'close' comes when the last connection has ended. */
  close(callback?: (error?: Error) => void): this {
    const { listener } = this;
    if (callback !== undefined) {
      const error = usageError('ERR_SERVER_NOT_RUNNING', 'Server is not running.');
      this.once('close', () => (listener === undefined ? callback(error) : callback()));
    }
    if (listener !== undefined) {
      this.listener = undefined;
      this.network.perform(() => listener.close());
    }
    this.emitCloseIfDrained();
    return this;
  }

  /** Where it listens; null while it does not. */
  address(): { address: string; family: 'IPv4'; port: number } | null {
    const local = this.listener?.local;
    return local === undefined ? null : { address: formatIpv4(local.address), family: 'IPv4', port: local.port };
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this.sockets.size);
    return this;
  }

  /** Does nothing: the process is kept alive by its tunnels. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.listener === undefined) return;
    await new Promise<void>((resolve, reject) => this.close((error) => (error ? reject(error) : resolve())));
  }

  /** For {@link TcpSocket}: an accepted socket was destroyed. */
  released(socket: TcpSocket): void {
    if (this.sockets.delete(socket)) this.emitCloseIfDrained();
  }

  /** Inside the stack: the socket takes the connection at once, listeners hear of it in a turn of its own. */
  private accept(connection: Connection): void {
    if (this.maxConnections !== undefined && this.sockets.size >= this.maxConnections) {
      connection.close();
      setImmediate(() => this.emit('drop', describe(connection)));
      return;
    }
    const socket = TcpSocket.accepted(this.network, connection, this, this.options);
    this.sockets.add(socket);
    // First of all, before the socket's own turns: listeners must be there when data, or the end, are told.
    setImmediate(() => this.emit('connection', socket));
    if (this.options.pauseOnConnect === true) socket.pause();
    else socket.read(0);
  }

  private buffersFor(): ListenOptions['buffersFor'] {
    const { bufferSizeFor } = this.options;
    if (bufferSizeFor === undefined) return undefined;
    return (remote) => {
      const bytes = bufferSizeFor(formatIpv4(remote.address));
      return bytes === undefined ? undefined : { sendBufferBytes: bytes, receiveBufferBytes: bytes };
    };
  }

  private closeOnAbort(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const close = () => void this.close();
    if (signal.aborted) process.nextTick(close);
    else {
      signal.addEventListener('abort', close, { once: true });
      this.once('close', () => signal.removeEventListener('abort', close));
    }
  }

  private emitCloseIfDrained(): void {
    if (this.listener !== undefined || this.sockets.size > 0) return;
    process.nextTick(() => this.emit('close'));
  }
}

function normalizeListen(args: ListenArguments): { options: TcpListenOptions; callback?: () => void } {
  const last = args.at(-1);
  const callback = typeof last === 'function' ? last : undefined;
  const [first, host, backlog] = args;
  if (typeof first === 'object') return { options: first, callback };
  return {
    options: {
      port: typeof first === 'number' || typeof first === 'string' ? first : 0,
      host: typeof host === 'string' ? host : undefined,
      backlog: typeof backlog === 'number' ? backlog : undefined,
    },
    callback,
  };
}

function describe({ local, remote }: Connection): DroppedConnection {
  return {
    localAddress: formatIpv4(local.address),
    localPort: local.port,
    localFamily: 'IPv4',
    remoteAddress: formatIpv4(remote.address),
    remotePort: remote.port,
    remoteFamily: 'IPv4',
  };
}
