/** A connection to a server, from its addresses to the version of HTTP that is spoken on it. */
import type { Network } from '../../../net/network.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import { secureConnection, type TlsSession } from '../../../net/tls-client.js';
import type { Tracer } from '../../../stack/trace.js';
import { connectFirst, DialError, type DialTiming } from '../../connect.js';
import { Http1Connection } from './http1-connection.js';
import { Http2Connection } from './http2-connection.js';
import type { HttpConnection } from './message.js';

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

/** Rejects with DialError. */
export async function dial(target: DialTarget, options: DialOptions): Promise<HttpConnection> {
  const { network, signal } = options;
  const connectStart = network.now();
  const tcp = await connectFirst(target, options).catch((error) => {
    throw error instanceof DialError ? new DialError(error.fault, { connectStart }) : error;
  });
  options.onConnected?.(tcp);
  if (target.scheme === 'http') {
    return new Http1Connection({ tcp, stream: tcp, timing: { connectStart, connectEnd: network.now() } });
  }
  const secureConnectionStart = network.now();
  const abort = () => tcp.destroy(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await secured(target, tcp, { connectStart, secureConnectionStart }, options);
  } catch (error) {
    const address = tcp.remoteAddress;
    tcp.on('error', () => {});
    tcp.destroy();
    const { code = 'ERR_CONNECT', message } = (signal.aborted ? signal.reason : error) as NodeJS.ErrnoException;
    throw new DialError({ code, message, stage: 'tls', address }, { connectStart, secureConnectionStart });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function secured(
  { host, port }: DialTarget,
  tcp: TcpSocket,
  begun: DialTiming,
  { network, tracer, authorities, alpn, sessions, insecure }: DialOptions,
): Promise<HttpConnection> {
  const server = `${host}:${port}`;
  const { stream, facts: secure } = await secureConnection(tcp, {
    serverName: host,
    authorities,
    alpn,
    session: sessions?.take(server),
    onSession: (session) => sessions?.put(server, session),
    insecure,
    tracer,
  });
  const timing = { ...begun, connectEnd: network.now() };
  const parts = { tcp, stream, timing, secure };
  return secure.alpn === 'h2' ? Http2Connection.on(parts, `https://${server}`) : new Http1Connection(parts);
}
