/**
 * The door between programs and the stack of their machine. Programs see Node's own shapes (streams, events,
 * promises); the stack sees calls that carry the time. Whatever a program hears comes to it in a turn of the
 * event loop of its own, never from inside the stack, so that its promises run between two events as they do
 * between two events of real sockets.
 */
import type { Instant, Timer } from '../stack/clock.js';
import type { Random } from '../stack/random.js';
import type { Stack } from '../stack/stack.js';
import type { TcpConnectOptions } from './connect-options.js';
import { PingSocket, type PingSocketOptions } from './ping-socket.js';
import { TcpServer, type TcpServerOptions } from './tcp-server.js';
import { TcpSocket, type TcpSocketOptions } from './tcp-socket.js';
import { UdpSocket, type UdpSocketOptions } from './udp-socket.js';

export interface NetworkOptions {
  /** Milliseconds on the timeline that the stack is driven with. */
  now(): Instant;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** The stack's next deadline may have moved: its owner asks `stack.nextTimeoutAt()` again. */
  wake(): void;
}

export class Network {
  readonly stack: Stack;
  /** For what sockets draw: identifiers of echo requests. */
  readonly random: Random;
  private readonly options: NetworkOptions;

  constructor(stack: Stack, options: NetworkOptions) {
    this.stack = stack;
    this.random = stack.random.fork('network');
    this.options = options;
  }

  now(): Instant {
    return this.options.now();
  }

  wallClock(): number {
    return this.options.wallClock();
  }

  /** A program's call into the stack: at the present time, with all that follows from it done before it returns. */
  perform<T>(action: () => T): T {
    try {
      return this.stack.perform(this.options.now(), action);
    } finally {
      this.options.wake();
    }
  }

  /** Calls once, `ms` milliseconds from now on the stack's clock. The timer can be cleared. */
  after(ms: number, run: () => void): Timer {
    return this.perform(() => this.stack.timers.after(ms, run));
  }

  /** Resolves `ms` milliseconds from now on the stack's clock; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        timer.clear();
        reject(signal?.reason);
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** As `net.connect`. Errors come as events of the socket; only wrong arguments throw. */
  connect(options: TcpConnectOptions & TcpSocketOptions, listener?: () => void): TcpSocket {
    const socket = new TcpSocket(this, options);
    if (options.timeout) socket.setTimeout(options.timeout);
    return socket.connect(options, listener);
  }

  /**
   * As `net.createServer`. To run a Node server on it, hand it the connections; it wants them half-open and without
   * Nagle's algorithm, as it opens its own:
   *
   *     network.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => httpServer.emit('connection', socket))
   */
  createServer(options: TcpServerOptions, listener?: (socket: TcpSocket) => void): TcpServer {
    return new TcpServer(this, options, listener);
  }

  /** As `dgram.createSocket`. */
  createUdpSocket(options: UdpSocketOptions = {}): UdpSocket {
    return new UdpSocket(this, options);
  }

  /** Echo requests and what comes back of them. */
  createPingSocket(options: PingSocketOptions = {}): PingSocket {
    return new PingSocket(this, options);
  }
}
