/**
 * The bytes of a TCP connection as a Node stream: back-pressure both ways, half-close, errors, destruction, as
 * `net.Socket` has them. News from the stack is acted on in turns of the event loop of its own, one event each, so
 * that listeners never run inside the stack, and promises run between two events.
 */
import { addAbortSignal, Duplex } from 'node:stream';
import type { Connection } from '../stack/tcp/connection.js';
import { ConnectionNews, NO_NEWS } from './connection-news.js';
import { IdleTimer } from './idle-timer.js';
import type { Network } from './network.js';
import { PendingWrite, type WriteCallback } from './pending-write.js';
import { callError, usageError } from './socket-errors.js';

/** Bytes handed to the stream at once, as libuv reads. */
const READ_BYTES = 65_536;

export interface ConnectionStreamOptions {
  /** Keep the writable side open when the peer ends. Default false. */
  readonly allowHalfOpen?: boolean;
  /** Destroys the socket when it aborts. */
  readonly signal?: AbortSignal;
  /** Bytes that each direction of the stream buffers; that of Node's streams by default. */
  readonly highWaterMark?: number;
}

export abstract class ConnectionStream extends Duplex {
  connecting = false;
  /** Bytes taken from the connection. */
  bytesRead = 0;
  protected readonly network: Network;
  protected readonly idle: IdleTimer;
  protected connection: Connection | undefined;
  protected news = NO_NEWS;
  protected resetOnDestroy = false;
  private turnPending = false;
  /** The stream wants data: it asked, and `push` has not said no since. */
  private reading = false;
  private endPushed = false;
  private pendingWrite: PendingWrite | undefined;
  private bytesWrittenBefore = 0;

  constructor(network: Network, options: ConnectionStreamOptions) {
    super({
      allowHalfOpen: options.allowHalfOpen ?? false,
      highWaterMark: options.highWaterMark,
      // This 'close' carries an argument, which the stream's own does not.
      emitClose: false,
    });
    this.network = network;
    this.idle = new IdleTimer(network, () => {
      if (!this.destroyed) this.emit('timeout');
    });
    // Not by the stream's own option: a signal that is aborted already would destroy what is not built yet.
    const { signal } = options;
    if (signal !== undefined) process.nextTick(() => addAbortSignal(signal, this));
  }

  /** The handshake is done: `connecting` ends here. */
  protected abstract becomeConnected(connection: Connection): void;
  /** The handshake failed: destroys with the reason. */
  protected abstract failConnect(): void;
  /** The stream is destroyed. */
  protected abstract released(): void;
  /** Whether there is a connection or an attempt to get one. */
  protected abstract get opened(): boolean;

  /** No connection yet. */
  get pending(): boolean {
    return this.connection === undefined || this.connecting;
  }

  /** Bytes given to the connection or still waiting for it. */
  get bytesWritten(): number {
    return this.bytesWrittenBefore + this.writableLength;
  }

  /** Inside the stack, in the same call that made the connection, so that no news is lost. */
  protected attach(connection: Connection): void {
    this.connection = connection;
    this.news = new ConnectionNews(() => this.schedule());
    connection.handler = this.news;
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
    const { connection, news } = this;
    if (connection === undefined) return;
    if (!this.connecting) {
      this.readMore();
      this.writeMore();
    } else if (news.established) {
      this.announceConnected(connection);
    } else if (news.closed) {
      this.failConnect();
    }
  }

  private announceConnected(connection: Connection): void {
    this.becomeConnected(connection);
    this.idle.touch();
    this.emit('connect');
    this.emit('ready');
    // Reads ahead though nobody listens yet, so that the end of an unused connection is noticed.
    if (!this.isPaused()) this.read(0);
    this.schedule();
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
    const { connection, news } = this;
    if (connection === undefined || !this.reading) return;
    if (connection.readableBytes > 0) {
      const bytes = this.network.perform(() => connection.read(READ_BYTES));
      if (bytes === undefined) return;
      this.bytesRead += bytes.length;
      this.idle.touch();
      // Once the stream is full nothing is taken any more: the connection's buffer fills, its window closes.
      this.reading = this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      this.schedule();
    } else if (news.peerEnded) {
      if (this.endPushed) return;
      this.endPushed = true;
      this.push(null);
      this.read(0);
    } else if (news.closed) {
      this.destroy(callError('read', news.closeReason?.code ?? 'ECONNABORTED'));
    }
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.startWrite([chunk], callback);
  }

  override _writev(entries: { chunk: Uint8Array }[], callback: WriteCallback): void {
    this.startWrite(
      entries.map(({ chunk }) => chunk),
      callback,
    );
  }

  private startWrite(chunks: Uint8Array[], callback: WriteCallback): void {
    if (!this.connecting && this.connection === undefined) {
      callback(usageError('ERR_SOCKET_CLOSED', 'Socket is closed'));
      return;
    }
    const pendingWrite = new PendingWrite(chunks, callback);
    this.pendingWrite = pendingWrite;
    if (!this.connecting) {
      this.writeMore();
      return;
    }
    // A listener as any other, so that the program hears of it among its own listeners of 'close', as Node's does.
    const neverConnected = () => callback(closedBeforeConnection());
    this.once('close', neverConnected);
    this.once('connect', () => {
      this.off('close', neverConnected);
      if (this.pendingWrite === pendingWrite) this.writeMore();
    });
  }

  /** The stream hears that its chunk is written when the connection has taken all of it. */
  private writeMore(): void {
    const { connection, pendingWrite } = this;
    if (connection === undefined || pendingWrite === undefined) return;
    if (this.news.closed) {
      this.failWrite(pendingWrite);
      return;
    }
    const taken = this.network.perform(() => pendingWrite.flush((bytes) => connection.send(bytes)));
    if (taken > 0) this.idle.touch();
    if (!pendingWrite.done) return;
    this.pendingWrite = undefined;
    this.bytesWrittenBefore += pendingWrite.byteLength;
    pendingWrite.callback();
  }

  private failWrite(pendingWrite: PendingWrite): void {
    const { peerEnded, closeReason } = this.news;
    // Who reads hears of it there, after the last data.
    if (this.reading && !peerEnded) return;
    this.pendingWrite = undefined;
    // Linux, tcp_reset(): EPIPE when the peer had ended before.
    pendingWrite.callback(callError('write', peerEnded ? 'EPIPE' : (closeReason?.code ?? 'EPIPE')));
  }

  /** When the peer has ended, and we with it, the program is told so, as Node tells it. */
  override write(chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (this.allowHalfOpen || !this.readableEnded || !this.writableEnded) {
      return typeof encoding === 'string' ? super.write(chunk, encoding, done) : super.write(chunk, done);
    }
    const error = usageError('EPIPE', 'This socket has been ended by the other party');
    if (done !== undefined) process.nextTick(done, error);
    this.destroy(error);
    return false;
  }

  override _final(callback: WriteCallback): void {
    if (this.connecting) {
      this.once('connect', () => this._final(callback));
      return;
    }
    const { connection } = this;
    if (connection === undefined) {
      // As Node 22: where nobody connects there is nothing to wait for.
      callback();
      return;
    }
    if (!this.news.closed) this.network.perform(() => connection.shutdown());
    // Not at once: Node's sockets finish a turn after they ended.
    setImmediate(callback);
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const { connection, pendingWrite, connecting, opened } = this;
    this.connecting = false;
    this.connection = undefined;
    this.pendingWrite = undefined;
    this.bytesWrittenBefore += pendingWrite?.byteLength ?? 0;
    this.idle.stop();
    if (connection !== undefined) {
      connection.handler = NO_NEWS;
      this.network.perform(() => (this.resetOnDestroy ? connection.abort() : connection.close()));
    }
    callback(error);
    if (opened) {
      setImmediate(() => {
        if (!connecting) pendingWrite?.callback(null);
        this.emit('close', error !== null);
      });
    } else {
      // Node's 'close' tells of an error only where there was a handle.
      process.nextTick(() => this.emit('close'));
    }
    this.released();
  }

  /** `connect` on a destroyed socket starts over, as Node's does. */
  protected revive(): void {
    (this as unknown as { _undestroy(): void })._undestroy();
    this.news = NO_NEWS;
    this.reading = false;
    this.endPushed = false;
    this.resetOnDestroy = false;
    this.bytesRead = 0;
    this.bytesWrittenBefore = 0;
  }
}

function closedBeforeConnection(): Error {
  const message = 'Socket closed before the connection was established';
  return usageError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', message);
}
