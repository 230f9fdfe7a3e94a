/**
 * A TCP connection as a Node stream: events, half-close, back-pressure and errors of `net.Socket`. News from the
 * stack only marks what there is to do; it is done in turns of the event loop of its own, one event each, so that
 * listeners never run inside the stack, and promises run between two events.
 */
import type { EventEmitter } from 'node:events';
import type { LookupFunction } from 'node:net';
import { Duplex } from 'node:stream';
import type { Timer } from '../stack/clock.js';
import { StackError } from '../stack/errors.js';
import type { Connection } from '../stack/tcp/connection.js';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../stack/wire/address.js';
import {
  type ConnectArguments,
  literalAddress,
  lookUp,
  normalizeConnect,
  type TcpConnectOptions,
} from './connect-options.js';
import type { Network } from './network.js';
import { PendingWrite, type WriteCallback } from './pending-write.js';
import { callError, checkPort, endpointError, usageError } from './socket-errors.js';
import type { TcpServer } from './tcp-server.js';

/** Bytes handed to the stream at once, as libuv reads. */
const READ_BYTES = 65_536;

export interface TcpSocketOptions {
  /** Keep the writable side open when the peer ends. Default false. */
  readonly allowHalfOpen?: boolean;
  /** Shown in the sockets table: "browser", "curl". */
  readonly program?: string;
  /** Destroys the socket when it aborts. */
  readonly signal?: AbortSignal;
  /** Bytes that each direction of the stream buffers; that of Node's streams by default. */
  readonly highWaterMark?: number;
  /** Milliseconds, as {@link TcpSocket.setTimeout}. */
  readonly timeout?: number;
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

export class TcpSocket extends Duplex {
  connecting = false;
  /** Bytes taken from the connection. */
  bytesRead = 0;
  /** Milliseconds of the idle timer; undefined before {@link setTimeout}. */
  timeout: number | undefined;
  /** The server that accepted it; an HTTP server that is handed the socket puts itself here. */
  server: EventEmitter | null = null;
  /** Node's http and tls look at it: there is no libuv handle behind this socket. */
  readonly _handle = null;
  private readonly network: Network;
  private readonly program: string | undefined;
  private acceptedBy: TcpServer | undefined;
  private readonly idle: Timer;
  /** The attempt to connect that is under way or succeeded. */
  private attempt: TcpConnectOptions | undefined;
  private connection: Connection | undefined;
  private peer: SocketAddress = {};
  private noDelay: boolean;
  private keepAlive: boolean;
  private keepAliveMs: number;
  private turnPending = false;
  /** News of the connection that a turn has not dealt with yet, or that stays true. */
  private established = false;
  private peerEnded = false;
  private connectionClosed = false;
  private closeReason: StackError | undefined;
  /** The stream wants data: it asked, and `push` has not said no since. */
  private reading = false;
  private endPushed = false;
  private pendingWrite: PendingWrite | undefined;
  private bytesWrittenBefore = 0;
  private resetOnDestroy = false;

  constructor(network: Network, options: TcpSocketOptions = {}) {
    super({
      allowHalfOpen: options.allowHalfOpen ?? false,
      highWaterMark: options.highWaterMark,
      signal: options.signal,
      // This 'close' carries an argument, which the stream's own does not.
      emitClose: false,
    });
    this.network = network;
    this.program = options.program;
    this.noDelay = options.noDelay ?? false;
    this.keepAlive = options.keepAlive ?? false;
    this.keepAliveMs = options.keepAliveInitialDelay ?? 0;
    this.idle = network.stack.timers.create(() => setImmediate(() => this.announceTimeout()));
    if (options.timeout !== undefined) this.setTimeout(options.timeout);
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

  /** As `net.Socket.connect`. Throws for wrong arguments; all else comes as 'error'. */
  connect(...args: ConnectArguments): this {
    const { options, listener } = normalizeConnect(args);
    const port = checkPort(options.port);
    if (options.localPort !== undefined) checkPort(options.localPort, 'options.localPort');
    const { localAddress } = options;
    if (localAddress !== undefined && parseIpv4(localAddress) === undefined)
      throw usageError('ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${localAddress}`, TypeError);
    if (listener !== undefined) this.once('connect', listener);
    if (this.destroyed) this.revive();
    this.noDelay = options.noDelay ?? this.noDelay;
    this.keepAlive = options.keepAlive ?? this.keepAlive;
    this.keepAliveMs = options.keepAliveInitialDelay ?? this.keepAliveMs;
    this.connecting = true;
    this.attempt = options;
    this.touch();
    const host = options.host ?? 'localhost';
    const literal = literalAddress(host);
    if (literal === undefined) this.connectByName(host, port, options, options.lookup);
    else process.nextTick(() => this.open(literal, port, options));
    return this;
  }

  private connectByName(host: string, port: number, options: TcpConnectOptions, lookup?: LookupFunction): void {
    lookUp(host, port, lookup, (error, address) => {
      if (error === undefined) this.emit('lookup', null, formatIpv4(address), 4, host);
      else this.emit('lookup', error, undefined, undefined, host);
      if (!this.connecting || this.attempt !== options) return;
      if (error === undefined) this.open(address, port, options);
      else process.nextTick(() => this.destroy(error));
    });
  }

  private open(address: Ipv4Address, port: number, options: TcpConnectOptions): void {
    if (!this.connecting || this.attempt !== options) return;
    const { localAddress, localPort } = options;
    const host = formatIpv4(address);
    this.peer = { address: host, family: 'IPv4', port };
    // Linux sends nothing to port 0; there is no such listener.
    if (port === 0) return void this.destroy(endpointError('connect', 'ECONNREFUSED', host, port));
    try {
      this.network.perform(() =>
        this.attach(
          this.network.stack.tcp.connect({
            remote: { address, port },
            local: { address: localAddress === undefined ? undefined : parseIpv4(localAddress), port: localPort },
            program: this.program,
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      const binding = error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL';
      const local = localAddress ?? '0.0.0.0';
      this.destroy(
        binding && (localAddress !== undefined || localPort !== undefined)
          ? endpointError('bind', error.code, local, localPort ?? 0)
          : endpointError('connect', error.code, host, port, `${local}:${localPort ?? 0}`),
      );
    }
  }

  private attach(connection: Connection): void {
    this.connection = connection;
    connection.handler = {
      onEstablished: () => {
        this.established = true;
        this.schedule();
      },
      onReadable: () => this.schedule(),
      onWritable: () => this.schedule(),
      onEnd: () => {
        this.peerEnded = true;
        this.schedule();
      },
      onClosed: (error) => {
        this.connectionClosed = true;
        this.closeReason = error;
        this.schedule();
      },
    };
  }

  /** Immediates, not ticks: promises run between two of them. */
  private schedule(): void {
    if (this.turnPending) return;
    this.turnPending = true;
    setImmediate(() => {
      this.turnPending = false;
      this.turn();
    });
  }

  private turn(): void {
    if (this.connection === undefined) return;
    if (this.connecting) {
      if (this.established) this.announceConnected(this.connection);
      else if (this.connectionClosed) this.failConnect();
      return;
    }
    this.readMore();
    this.writeMore();
  }

  private becomeConnected(connection: Connection): void {
    this.connecting = false;
    const { address, port } = connection.remote;
    this.peer = { address: formatIpv4(address), family: 'IPv4', port };
    this.network.perform(() => {
      if (this.noDelay) connection.setNoDelay(true);
      if (this.keepAlive) connection.setKeepAlive(true, this.keepAliveMs || undefined);
    });
  }

  private announceConnected(connection: Connection): void {
    this.becomeConnected(connection);
    this.touch();
    this.emit('connect');
    this.emit('ready');
    // Reads ahead though nobody listens yet, so that the end of an unused connection is noticed.
    if (!this.isPaused()) this.read(0);
    this.schedule();
  }

  private failConnect(): void {
    const { address = '', port = 0 } = this.peer;
    const { localAddress, localPort } = this.attempt ?? {};
    const local = localAddress !== undefined && localPort ? `${localAddress}:${localPort}` : undefined;
    const error = endpointError('connect', this.closeReason?.code ?? 'ECONNABORTED', address, port, local);
    if (local !== undefined) Object.assign(error, { localAddress, localPort });
    this.destroy(error);
  }

  override _read(): void {
    if (this.pending) {
      this.once('connect', () => this._read());
    } else if (!this.reading) {
      this.reading = true;
      this.schedule();
    }
  }

  /** One event at most: a chunk, the end, or the error. */
  private readMore(): void {
    const { connection } = this;
    if (connection === undefined || !this.reading) return;
    if (connection.readableBytes > 0) {
      const bytes = this.network.perform(() => connection.read(READ_BYTES));
      if (bytes === undefined) return;
      this.bytesRead += bytes.length;
      this.touch();
      // Once the stream is full nothing is taken any more: the connection's buffer fills, its window closes.
      this.reading = this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) && !this.destroyed;
      this.schedule();
    } else if (this.peerEnded) {
      if (this.endPushed) return;
      this.endPushed = true;
      this.push(null);
      this.read(0);
    } else if (this.connectionClosed) {
      this.destroy(callError('read', this.closeReason?.code ?? 'ECONNABORTED'));
    }
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.startWrite(new PendingWrite([chunk], callback));
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: WriteCallback): void {
    this.startWrite(
      new PendingWrite(
        chunks.map(({ chunk }) => chunk),
        callback,
      ),
    );
  }

  private startWrite(write: PendingWrite): void {
    if (!this.connecting && this.connection === undefined) {
      write.callback(usageError('ERR_SOCKET_CLOSED', 'Socket is closed'));
      return;
    }
    this.pendingWrite = write;
    if (this.connecting) this.once('connect', () => this.writeMore());
    else this.writeMore();
  }

  /** The stream hears that its chunk is written when the connection has taken all of it. */
  private writeMore(): void {
    const { connection, pendingWrite } = this;
    if (connection === undefined || pendingWrite === undefined) return;
    if (this.connectionClosed) {
      // Who reads hears of it there, after the last data.
      if (this.reading && !this.peerEnded) return;
      this.pendingWrite = undefined;
      // Linux, tcp_reset(): EPIPE when the peer had ended before.
      pendingWrite.callback(callError('write', this.peerEnded ? 'EPIPE' : (this.closeReason?.code ?? 'EPIPE')));
      return;
    }
    const taken = this.network.perform(() => pendingWrite.flush((bytes) => connection.send(bytes)));
    if (taken > 0) this.touch();
    if (!pendingWrite.done) return;
    this.pendingWrite = undefined;
    this.bytesWrittenBefore += pendingWrite.byteLength;
    pendingWrite.callback();
  }

  /** Once the peer has ended, and we with it, nobody is there to write to. */
  override write(chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    if (this.allowHalfOpen || !this.readableEnded || !this.writableEnded) {
      return typeof encoding === 'function' ? super.write(chunk, encoding) : super.write(chunk, encoding as BufferEncoding, callback);
    }
    const error = usageError('EPIPE', 'This socket has been ended by the other party');
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done !== undefined) process.nextTick(done, error);
    this.destroy(error);
    return false;
  }

  override _final(callback: WriteCallback): void {
    if (this.pending) {
      this.once('connect', () => this._final(callback));
      return;
    }
    const { connection } = this;
    if (connection !== undefined && !this.connectionClosed) this.network.perform(() => connection.shutdown());
    callback();
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const { connection, pendingWrite, connecting } = this;
    this.connecting = false;
    this.connection = undefined;
    this.attempt = undefined;
    this.pendingWrite = undefined;
    this.idle.clear();
    if (connection !== undefined) {
      connection.handler = DEAF;
      this.network.perform(() => (this.resetOnDestroy ? connection.abort() : connection.close()));
    }
    callback(error);
    setImmediate(() => {
      pendingWrite?.callback(connecting ? closedBeforeConnection() : null);
      this.emit('close', error !== null);
    });
    this.acceptedBy?.released(this);
  }

  /** RST instead of FIN: what is queued is dropped. While connecting it waits for the connection. */
  resetAndDestroy(): this {
    if (this.attempt === undefined && this.connection === undefined) {
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
    if (typeof ms !== 'number' || !(ms >= 0) || !Number.isFinite(ms)) {
      throw usageError('ERR_OUT_OF_RANGE', `The value of "msecs" is out of range. Received ${String(ms)}`, RangeError);
    }
    this.timeout = ms;
    if (ms === 0) {
      this.idle.clear();
      if (listener !== undefined) this.removeListener('timeout', listener);
    } else {
      this.network.perform(() => this.touch());
      if (listener !== undefined) this.once('timeout', listener);
    }
    return this;
  }

  /** Something was read or written: the idle time starts anew. */
  private touch(): void {
    if (this.timeout) this.idle.set(this.network.now() + this.timeout);
  }

  private announceTimeout(): void {
    if (!this.destroyed && this.timeout && !this.idle.armed) this.emit('timeout');
  }

  setNoDelay(enable = true): this {
    const { connection } = this;
    this.noDelay = Boolean(enable);
    if (connection !== undefined && !this.connecting) this.network.perform(() => connection.setNoDelay(this.noDelay));
    return this;
  }

  /** `initialDelay`: milliseconds of silence before the first probe; 0 leaves the stack's default. */
  setKeepAlive(enable = false, initialDelay = 0): this {
    const { connection } = this;
    this.keepAlive = Boolean(enable);
    this.keepAliveMs = initialDelay;
    if (connection !== undefined && !this.connecting) {
      this.network.perform(() => connection.setKeepAlive(this.keepAlive, initialDelay || undefined));
    }
    return this;
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

  /** Bytes given to the connection or still waiting for it. */
  get bytesWritten(): number {
    return this.bytesWrittenBefore + this.writableLength;
  }

  /** Bytes that wait for the connection. */
  get bufferSize(): number | undefined {
    return this.destroyed ? undefined : this.writableLength;
  }

  /** No connection yet. */
  get pending(): boolean {
    return this.connection === undefined || this.connecting;
  }

  get readyState(): ReadyState {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** `connect` on a destroyed socket starts over, as Node's does. */
  private revive(): void {
    (this as unknown as { _undestroy(): void })._undestroy();
    this.established = false;
    this.peerEnded = false;
    this.connectionClosed = false;
    this.closeReason = undefined;
    this.reading = false;
    this.endPushed = false;
    this.resetOnDestroy = false;
    this.bytesRead = 0;
    this.bytesWrittenBefore = 0;
  }
}

/** Takes the news of a connection whose socket is gone. */
const DEAF = { onEstablished() {}, onReadable() {}, onEnd() {}, onWritable() {}, onClosed() {} };

function closedBeforeConnection(): Error {
  const message = 'Socket closed before the connection was established';
  return usageError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', message);
}
