/** A TCP socket with the events, methods, properties and errors of `net.Socket`. */
import type { EventEmitter } from 'node:events';
import { StackError } from '../stack/errors.js';
import type { CongestionControlName } from '../stack/tcp/congestion/congestion-control.js';
import type { Connection } from '../stack/tcp/connection.js';
import type { SocketRow } from '../stack/tcp/control-block/types.js';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../stack/wire/address.js';
import {
  type ConnectArguments,
  checkConnect,
  literalAddress,
  lookUp,
  normalizeConnect,
  type TcpConnectOptions,
} from './connect-options.js';
import { ConnectionStream, type ConnectionStreamOptions } from './connection-stream.js';
import type { Network } from './network.js';
import { argumentError, endpointError, type SocketError, usageError } from './socket-errors.js';
import type { TcpServer } from './tcp-server.js';

export interface TcpSocketOptions extends ConnectionStreamOptions {
  /** Shown in the sockets table: "browser", "curl". */
  readonly program?: string;
  /** Switches Nagle's algorithm off. */
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  /** Milliseconds of silence before the first probe; 0: the stack's default. */
  readonly keepAliveInitialDelay?: number;
}

/** What {@link TcpSocket.address} gives; empty when there is no connection. */
export interface SocketAddress {
  address?: string;
  family?: 'IPv4';
  port?: number;
}

type ReadyState = 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed';

export class TcpSocket extends ConnectionStream {
  /** The server that accepted it; an HTTP server that is handed the socket puts itself here. */
  server: EventEmitter | null = null;
  /** Node's http and tls look at it: there is no libuv handle behind this socket. */
  readonly _handle = null;
  private readonly program: string | undefined;
  private acceptedBy: TcpServer | undefined;
  /** The attempt to connect that is under way or succeeded. */
  private attempt: TcpConnectOptions | undefined;
  /** Where the attempt goes to; `peer` is who answered. */
  private target: SocketAddress = {};
  private peer: SocketAddress = {};
  private noDelay: boolean;
  private keepAlive: boolean;
  private keepAliveMs: number;
  private userTimeoutMs = 0;

  constructor(network: Network, options: TcpSocketOptions = {}) {
    super(network, options);
    this.program = options.program;
    this.noDelay = options.noDelay ?? false;
    this.keepAlive = options.keepAlive ?? false;
    this.keepAliveMs = options.keepAliveInitialDelay ?? 0;
  }

  /** For {@link TcpServer}: the socket of a connection that its listener has accepted. */
  static accepted(network: Network, connection: Connection, server: TcpServer, options: TcpSocketOptions): TcpSocket {
    const socket = new TcpSocket(network, options);
    socket.server = server;
    socket.acceptedBy = server;
    socket.attach(connection);
    socket.becomeConnected(connection);
    return socket;
  }

  /**
   * As `net.Socket.connect`. Throws for wrong arguments; all else comes as 'error': ECONNREFUSED, ETIMEDOUT,
   * EHOSTUNREACH, ENETUNREACH, EADDRINUSE, EADDRNOTAVAIL, ENOTFOUND.
   */
  connect(...args: ConnectArguments): this {
    const { options, listener } = normalizeConnect(args);
    const port = checkConnect(options);
    if (listener !== undefined) this.once('connect', listener);
    if (this.destroyed) this.revive();
    this.noDelay = options.noDelay ?? this.noDelay;
    this.keepAlive = options.keepAlive ?? this.keepAlive;
    this.keepAliveMs = options.keepAliveInitialDelay ?? this.keepAliveMs;
    this.connecting = true;
    this.attempt = options;
    this.peer = {};
    this.idle.touch();
    const host = options.host ?? 'localhost';
    const literal = literalAddress(host);
    if (literal === undefined) this.connectByName(host, port, options);
    else process.nextTick(() => this.open(literal, port, options));
    return this;
  }

  private connectByName(host: string, port: number, options: TcpConnectOptions): void {
    lookUp(host, port, options.lookup, (error, address) => {
      if (error === undefined) this.emit('lookup', null, formatIpv4(address), 4, host);
      else this.emit('lookup', error, undefined, undefined, host);
      if (this.attempt !== options) return;
      if (error === undefined) this.open(address, port, options);
      else process.nextTick(() => this.destroy(error));
    });
  }

  private open(address: Ipv4Address, port: number, options: TcpConnectOptions): void {
    if (this.attempt !== options) return;
    const { localAddress, localPort } = options;
    const localIp = localAddress ? parseIpv4(localAddress) : undefined;
    const host = formatIpv4(address);
    this.target = { address: host, family: 'IPv4', port };
    if (port === 0) {
      // Linux sends nothing to port 0: there is no such listener.
      this.emit('connectionAttempt', host, port, 4);
      setImmediate(() => {
        if (this.attempt === options) this.attemptFailed(endpointError('connect', 'ECONNREFUSED', host, port));
      });
      return;
    }
    const local = { address: localIp, port: localPort || undefined };
    const { sendBufferSize: sendBufferBytes, recvBufferSize: receiveBufferBytes } = options;
    const buffers = { sendBufferBytes, receiveBufferBytes };
    const request = { remote: { address, port }, local, program: this.program, ...buffers };
    let failure: SocketError | undefined;
    try {
      this.network.perform(() => this.attach(this.network.stack.tcp.connect(request)));
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      failure = openingError(error, host, port, options);
    }
    // As Node: an attempt to connect begins once the local end is bound.
    if (failure?.syscall !== 'bind') this.emit('connectionAttempt', host, port, 4);
    if (failure !== undefined) this.destroy(failure);
  }

  private attemptFailed(error: SocketError): void {
    const { address, port } = this.target;
    this.emit('connectionAttemptFailed', address, port, 4, error);
    this.destroy(error);
  }

  protected override becomeConnected(connection: Connection): void {
    this.connecting = false;
    const { address, port } = connection.remote;
    this.peer = { address: formatIpv4(address), family: 'IPv4', port };
    this.network.perform(() => {
      if (this.noDelay) connection.setNoDelay(true);
      if (this.keepAlive) this.applyKeepAlive(connection);
      if (this.userTimeoutMs > 0) connection.setUserTimeout(this.userTimeoutMs);
    });
  }

  protected override failConnect(): void {
    const { address = '', port = 0 } = this.target;
    const { localAddress, localPort } = this.attempt ?? {};
    const local = localAddress !== undefined && localPort ? `${localAddress}:${localPort}` : undefined;
    const error = endpointError('connect', this.news.closeReason?.code ?? 'ECONNABORTED', address, port, local);
    if (local !== undefined) Object.assign(error, { localAddress, localPort });
    this.attemptFailed(error);
  }

  protected override get opened(): boolean {
    return this.attempt !== undefined || this.connection !== undefined;
  }

  protected override released(): void {
    this.attempt = undefined;
    this.acceptedBy?.released(this);
  }

  /** RST instead of FIN: what is queued is dropped. While connecting it waits for the connection. */
  resetAndDestroy(): this {
    if (!this.opened) {
      return this.destroy(usageError('ERR_SOCKET_CLOSED', 'Socket is closed'));
    }
    const reset = () => {
      this.resetOnDestroy = true;
      this.destroy();
    };
    if (this.connecting) this.once('connect', reset);
    else reset();
    return this;
  }

  /** Ends, and destroys once all is written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** Emits 'timeout' after so many milliseconds without reading or writing, on the stack's clock; 0 switches it off. */
  setTimeout(ms: number, listener?: () => void): this {
    if (this.destroyed) return this;
    if (typeof ms !== 'number') throw argumentError('The "msecs" argument must be of type number.');
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      const message = `The value of "msecs" is out of range. It must be a non-negative finite number. Received ${ms}`;
      throw usageError('ERR_OUT_OF_RANGE', message, RangeError);
    }
    if (listener !== undefined && typeof listener !== 'function') {
      throw argumentError('The "callback" argument must be of type function.');
    }
    this.idle.start(ms);
    if (listener === undefined) return this;
    return ms === 0 ? this.removeListener('timeout', listener) : this.once('timeout', listener);
  }

  /** Milliseconds of the idle timer; undefined before {@link setTimeout}. */
  get timeout(): number | undefined {
    return this.idle.ms;
  }

  setNoDelay(enable = true): this {
    const { connection } = this;
    this.noDelay = Boolean(enable);
    if (connection !== undefined && !this.connecting) this.network.perform(() => connection.setNoDelay(this.noDelay));
    return this;
  }

  /** Of an open connection, before anything is written; nothing happens while there is none. */
  setCongestionControl(name: CongestionControlName): this {
    const { connection } = this;
    if (connection !== undefined) this.network.perform(() => connection.setCongestionControl(name));
    return this;
  }

  /** `initialDelay`: milliseconds of silence before the first probe; less than 1000 leaves the stack's times. */
  setKeepAlive(enable = false, initialDelay = 0): this {
    const { connection } = this;
    this.keepAlive = Boolean(enable);
    this.keepAliveMs = initialDelay;
    if (connection !== undefined && !this.connecting) {
      this.network.perform(() => this.applyKeepAlive(connection));
    }
    return this;
  }

  /**
   * Linux's TCP_USER_TIMEOUT, which Node does not offer: 'error' ETIMEDOUT when what was written waits so many
   * milliseconds without progress; 0, the default: after about a quarter of an hour.
   */
  setUserTimeout(ms: number): this {
    const { connection } = this;
    if (!(Number.isInteger(ms) && ms >= 0 && ms < 2 ** 31)) {
      const message = `The value of "msecs" is out of range. It must be an integer from 0 to 2147483647. Received ${ms}`;
      throw usageError('ERR_OUT_OF_RANGE', message, RangeError);
    }
    this.userTimeoutMs = ms;
    if (connection !== undefined && !this.connecting) this.network.perform(() => connection.setUserTimeout(ms));
    return this;
  }

  /** As libuv: whole seconds, and with a delay of one at least ten probes a second apart, else the system's times. */
  private applyKeepAlive(connection: Connection): void {
    const delayMs = Math.trunc(this.keepAliveMs / 1000) * 1000;
    connection.setKeepAlive(this.keepAlive, delayMs > 0 ? { delayMs, intervalMs: 1000, probes: 10 } : {});
  }

  /** Does nothing: the process is kept alive by its tunnels. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  address(): SocketAddress {
    const local = this.connection?.local;
    return local === undefined ? {} : { address: formatIpv4(local.address), family: 'IPv4', port: local.port };
  }

  get localAddress(): string | undefined {
    return this.address().address;
  }

  get localPort(): number | undefined {
    return this.address().port;
  }

  get localFamily(): 'IPv4' | undefined {
    return this.address().family;
  }

  get remoteAddress(): string | undefined {
    return this.connecting ? undefined : this.peer.address;
  }

  get remotePort(): number | undefined {
    return this.connecting ? undefined : this.peer.port;
  }

  get remoteFamily(): 'IPv4' | undefined {
    return this.connecting ? undefined : this.peer.family;
  }

  /** Its row of the sockets table; undefined while there is no connection. */
  statistics(): SocketRow | undefined {
    return this.connection?.info();
  }

  /** Bytes that wait for the connection. */
  get bufferSize(): number | undefined {
    return this.opened ? this.writableLength : undefined;
  }

  get readyState(): ReadyState {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }
}

/** The stack refused at once: as the bind that the program asked for, or as the connect. */
function openingError(error: StackError, host: string, port: number, options: TcpConnectOptions): SocketError {
  const { localAddress, localPort = 0 } = options;
  const local = localAddress ?? '0.0.0.0';
  const aboutLocal = error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL';
  return aboutLocal && (localAddress !== undefined || localPort > 0)
    ? endpointError('bind', error.code, local, localPort)
    : endpointError('connect', error.code, host, port, `${local}:${localPort}`);
}
