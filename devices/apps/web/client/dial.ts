/** A connection to a server, from its addresses to the version of HTTP that is spoken on it. */
import type { FetchStage } from '../../../control/rpc.js';
import type { Network } from '../../../net/network.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import { secureConnection, type TlsSession } from '../../../net/tls-client.js';
import type { Timer } from '../../../stack/clock.js';
import type { Tracer } from '../../../stack/trace.js';
import { Http1Connection } from './http1-connection.js';
import { Http2Connection } from './http2-connection.js';
import type { HttpConnection } from './message.js';

/**
 * With more than one address: when the first SYN would be sent again (RFC 6298 section 2), the next address is tried beside
 * it, ms. RFC 8305 section 5 allows 100 to 2,000 and leaves it to who knows the round trips.
 */
const NEXT_ADDRESS_MS = 1_000;

export interface DialTarget {
  readonly scheme: 'http' | 'https';
  /** The name or the address in the URL. */
  readonly host: string;
  readonly port: number;
  /** Dotted, at least one, in the order in which they are tried. */
  readonly addresses: readonly string[];
}

export interface DialOptions {
  readonly network: Network;
  readonly tracer: Tracer;
  /** Shown in the sockets table. */
  readonly program: string;
  /** PEM. */
  readonly authorities: readonly string[];
  readonly alpn: readonly string[];
  readonly sessions?: TlsSessions;
  readonly insecure?: boolean;
  readonly signal: AbortSignal;
  /** An attempt to connect begins. */
  readonly onAttempt?: (address: string) => void;
  /** TCP is there; TLS may follow. */
  readonly onConnected?: (tcp: TcpSocket) => void;
}

/** Sessions for later connections, by "host:port". */
export interface TlsSessions {
  take(server: string): TlsSession | undefined;
  put(server: string, session: TlsSession): void;
}

export class DialError extends Error {
  override readonly cause: Error & { code?: string };
  readonly stage: FetchStage;
  /** The last one that was tried. */
  readonly address: string;

  constructor(cause: Error & { code?: string }, stage: FetchStage, address: string) {
    super(cause.message);
    this.cause = cause;
    this.stage = stage;
    this.address = address;
  }
}

/** Rejects with DialError. */
export async function dial(target: DialTarget, options: DialOptions): Promise<HttpConnection> {
  const { network, signal } = options;
  const connectStart = network.now();
  const tcp = await new Attempts(target, options).first();
  options.onConnected?.(tcp);
  if (target.scheme === 'http') {
    return new Http1Connection({ tcp, stream: tcp, timing: { connectStart, connectEnd: network.now() } });
  }
  const abort = () => tcp.destroy(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await secured(target, tcp, connectStart, options);
  } catch (error) {
    tcp.on('error', () => {});
    tcp.destroy();
    throw new DialError(signal.aborted ? signal.reason : (error as Error), 'tls', `${tcp.remoteAddress ?? ''}`);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function secured(
  { host, port }: DialTarget,
  tcp: TcpSocket,
  connectStart: number,
  { network, tracer, authorities, alpn, sessions, insecure }: DialOptions,
): Promise<HttpConnection> {
  const server = `${host}:${port}`;
  const secureConnectionStart = network.now();
  const { stream, facts: secure } = await secureConnection(tcp, {
    serverName: host,
    authorities,
    alpn,
    session: sessions?.take(server),
    onSession: (session) => sessions?.put(server, session),
    insecure,
    tracer,
  });
  const timing = { connectStart, secureConnectionStart, connectEnd: network.now() };
  const parts = { tcp, stream, timing, secure };
  return secure.alpn === 'h2' ? Http2Connection.on(parts, `https://${server}`) : new Http1Connection(parts);
}

/** One address after the other, the next one beside those that do not answer; the first that answers is taken. */
class Attempts {
  private readonly target: DialTarget;
  private readonly options: DialOptions;
  private readonly running = new Set<TcpSocket>();
  private tried = 0;
  private settled = false;

  constructor(target: DialTarget, options: DialOptions) {
    this.target = target;
    this.options = options;
  }

  first(): Promise<TcpSocket> {
    const { network, signal } = this.options;
    return new Promise((resolve, reject) => {
      const { addresses } = this.target;
      let timer: Timer | undefined;
      const settle = (winner?: TcpSocket) => {
        this.settled = true;
        timer?.clear();
        signal.removeEventListener('abort', abort);
        for (const socket of this.running) if (socket !== winner) socket.destroy();
      };
      const fail = (error: Error, address: string) => {
        settle();
        reject(new DialError(error, 'tcp', address));
      };
      const abort = () => fail(signal.reason, addresses[Math.max(this.tried - 1, 0)]);
      const next = () => {
        if (this.settled || this.tried >= addresses.length) return;
        timer?.clear();
        const address = addresses[this.tried++];
        this.attempt(address, {
          connected: (socket) => {
            settle(socket);
            resolve(socket);
          },
          failed: (error) => {
            if (this.settled) return;
            if (this.tried < addresses.length) next();
            else if (this.running.size === 0) fail(error, address);
          },
        });
        if (this.tried < addresses.length) timer = network.after(NEXT_ADDRESS_MS, next);
      };
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      else next();
    });
  }

  private attempt(address: string, on: { connected(socket: TcpSocket): void; failed(error: Error): void }): void {
    const { network, program, onAttempt } = this.options;
    const { port } = this.target;
    onAttempt?.(address);
    const socket = network.connect({ host: address, port, program, noDelay: true });
    this.running.add(socket);
    const failed = (error: Error) => {
      this.running.delete(socket);
      on.failed(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      on.connected(socket);
    });
  }
}
