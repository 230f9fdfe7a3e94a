/** HTTP/2 on one connection, by Node's own client (RFC 9113): many requests side by side, each a stream. */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { SecureDetails } from '../../../control/rpc.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import { loadHttp2 } from '../http2-module.js';
import { requestTarget } from '../url-parts.js';
import { closeTcp } from './close-tcp.js';
import type { ConnectionParts } from './http1-connection.js';
import type {
  ConnectTiming,
  ExchangeProgress,
  HeaderList,
  HttpConnection,
  RequestMessage,
  ResponseMessage,
} from './message.js';

/** Streams at once at most, whatever the server allows; as many as browsers open before its SETTINGS have come. */
export const MAX_STREAMS = 100;
/**
 * What the server may send before it is told that it was read (RFC 9113 section 5.2), bytes: Chromium's windows of a stream and
 * of all together. The 65,535 that hold without a word would be little for a connection with a long round trip.
 */
const STREAM_WINDOW = 6 * 1024 * 1024;
const CONNECTION_WINDOW = 15 * 1024 * 1024;
/** RFC 9113 section 8.2.2: these speak of a connection of HTTP/1.1. `Host` becomes `:authority`. */
const CONNECTION_SPECIFIC = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const CANCEL = 8;

export class Http2Connection implements HttpConnection {
  readonly protocol = 'HTTP/2';
  readonly local: string;
  readonly remote: string;
  readonly secure: SecureDetails | undefined;
  readonly timing: ConnectTiming;
  taken = 0;
  closed = false;
  onChange: () => void = () => {};
  private active = 0;
  private readonly tcp: TcpSocket;
  private readonly stream: Duplex;
  private readonly session: ClientHttp2Session;

  private constructor({ tcp, stream, timing, secure }: ConnectionParts, session: ClientHttp2Session) {
    this.tcp = tcp;
    this.stream = stream;
    this.timing = timing;
    this.secure = secure;
    this.session = session;
    this.local = `${tcp.localAddress}:${tcp.localPort}`;
    this.remote = `${tcp.remoteAddress}:${tcp.remotePort}`;
    tcp.on('error', () => {});
    // Streams hear of it themselves.
    session.on('error', () => this.gone());
    session.on('goaway', () => this.gone());
    session.on('close', () => this.gone());
    session.on('remoteSettings', () => this.onChange());
  }

  /** The stream's ALPN has said `h2`. */
  static async on(parts: ConnectionParts, origin: string): Promise<Http2Connection> {
    const { connect } = await loadHttp2();
    const settings = { enablePush: false, initialWindowSize: STREAM_WINDOW };
    const session = connect(origin, { createConnection: () => parts.stream, settings });
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW));
    return new Http2Connection(parts, session);
  }

  get room(): number {
    if (this.closed || this.session.closed || this.session.destroyed) return 0;
    const allowed = this.session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS;
    return Math.max(0, Math.min(MAX_STREAMS, allowed) - this.active);
  }

  reserve(): void {
    this.active += 1;
    this.taken += 1;
  }

  leave(): void {
    this.active -= 1;
    this.onChange();
  }

  fields(message: RequestMessage): HeaderList {
    return Object.entries(requestFields(message));
  }

  send(message: RequestMessage, signal: AbortSignal, progress: ExchangeProgress = {}): Promise<ResponseMessage> {
    return new Promise((resolve, reject) => {
      // Throws when the session is closing: nothing has been sent then.
      const stream = this.session.request(requestFields(message), { endStream: message.body === undefined });
      const abort = () => {
        stream.close(CANCEL);
        stream.destroy(signal.reason);
      };
      signal.addEventListener('abort', abort);
      progress.sent?.();
      stream.once('response', (fields) => {
        progress.received?.();
        resolve({
          status: Number(fields[':status']),
          statusText: '',
          headers: responseFields(fields),
          body: stream,
          // Node ends the streams of a lost connection as if they were cancelled.
          isComplete: () => stream.rstCode === 0,
        });
      });
      stream.on('error', (error) => reject(error));
      stream.once('close', () => {
        signal.removeEventListener('abort', abort);
        this.leave();
        reject(resetError(stream));
      });
      if (message.body !== undefined) stream.end(message.body);
    });
  }

  async end(): Promise<void> {
    await closeTcp(this.tcp, () => {
      this.gone();
      // GOAWAY, and the end of the connection once its streams are done.
      this.session.close();
    });
  }

  destroy(): void {
    this.session.destroy();
    this.stream.destroy();
    this.tcp.destroy();
  }

  private gone(): void {
    if (this.closed) return;
    this.closed = true;
    this.onChange();
  }
}

/** A stream that ended without a response and without an error of its own: RST_STREAM(NO_ERROR), or a lost connection. */
function resetError(stream: ClientHttp2Stream): Error {
  const error = new Error(`the server has closed the stream (code ${stream.rstCode})`);
  return Object.assign(error, { code: 'ECONNRESET' });
}

/** RFC 9113 section 8.3.1, names in lower case. */
export function requestFields({ url, method, headers }: RequestMessage): Record<string, string> {
  const fields: Record<string, string> = {
    ':method': method,
    ':scheme': url.protocol.slice(0, -1),
    ':authority': url.host,
    ':path': requestTarget(url),
  };
  for (const [name, value] of headers) {
    const field = name.toLowerCase();
    if (field === 'host') fields[':authority'] = value;
    else if (!CONNECTION_SPECIFIC.has(field)) fields[field] = value;
  }
  return fields;
}

function responseFields(fields: IncomingHttpHeaders): HeaderList {
  return Object.entries(fields).flatMap(([name, value]) =>
    name.startsWith(':') ? [] : [value ?? ''].flat().map((one) => [name, one] as const),
  );
}
