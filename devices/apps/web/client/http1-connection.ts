/** HTTP/1.1 on one connection, by Node's own client: an agent that knows this connection alone, and one request at a time. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SecureDetails } from '../../../control/rpc.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import { portOf, requestTarget } from '../url-parts.js';
import { closeTcp } from './close-tcp.js';
import {
  type ConnectTiming,
  type ExchangeProgress,
  type HeaderList,
  type HttpConnection,
  headerPairs,
  type RequestMessage,
  type ResponseMessage,
} from './message.js';

/** As much head as Chromium takes, bytes. Node's own limit is 16 KiB. */
export const MAX_HEAD_BYTES = 256 * 1024;
/** A server that tells how long it keeps a connection is given this much less, ms: our next request takes its time too. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

export interface ConnectionParts {
  readonly tcp: TcpSocket;
  /** The TLS socket on `tcp`, or `tcp` itself. */
  readonly stream: Duplex;
  readonly timing: ConnectTiming;
  readonly secure?: SecureDetails;
}

export class Http1Connection implements HttpConnection {
  readonly protocol = 'HTTP/1.1';
  readonly local: string;
  readonly remote: string;
  readonly secure: SecureDetails | undefined;
  readonly timing: ConnectTiming;
  taken = 0;
  closed = false;
  onChange: () => void = () => {};
  private busy = false;
  private ending = false;
  private readonly tcp: TcpSocket;
  private readonly stream: Duplex;
  private readonly agent: OneConnectionAgent;

  constructor({ tcp, stream, timing, secure }: ConnectionParts) {
    this.tcp = tcp;
    this.stream = stream;
    this.timing = timing;
    this.secure = secure;
    this.local = `${tcp.localAddress}:${tcp.localPort}`;
    this.remote = `${tcp.remoteAddress}:${tcp.remotePort}`;
    this.agent = new OneConnectionAgent(stream, tcp);
    this.agent.on('free', () => this.leave());
    // Whoever uses it hears of errors through Node's client; while nobody does, 'close' tells enough.
    stream.on('error', () => {});
    tcp.on('error', () => {});
    // A server that ends an idle connection: no request must go there any more.
    stream.once('end', () => this.gone());
    stream.once('close', () => this.gone());
  }

  get room(): number {
    return this.busy || this.closed || this.ending || this.stream.destroyed || !this.stream.writable ? 0 : 1;
  }

  reserve(): void {
    this.busy = true;
    this.taken += 1;
  }

  leave(): void {
    this.busy = false;
    this.onChange();
  }

  fields({ headers }: RequestMessage): HeaderList {
    return headers;
  }

  send(message: RequestMessage, signal: AbortSignal, progress: ExchangeProgress = {}): Promise<ResponseMessage> {
    const { url, method, headers, body } = message;
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        agent: this.agent,
        host: url.hostname,
        port: portOf(url),
        method,
        path: requestTarget(url),
        headers: Object.fromEntries(headers),
        setHost: false,
        maxHeaderSize: MAX_HEAD_BYTES,
      });
      // Node's own idea of what to say about the connection.
      if (!headers.some(([name]) => name.toLowerCase() === 'connection')) request.removeHeader('Connection');
      const abort = () => {
        request.destroy(signal.reason);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort);
      let incoming: IncomingMessage | undefined;
      request.once('socket', () => {
        progress.sent?.();
        // Before the parser's own listener, which tells of the response.
        this.stream.prependOnceListener('data', () => progress.received?.());
      });
      request.once('response', (response: IncomingMessage) => {
        incoming = response;
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? '',
          headers: headerPairs(response.rawHeaders),
          body: response,
          isComplete: () => response.complete,
        });
      });
      // From here on Node leaves the connection to whoever wants another protocol, and nobody here does.
      request.once('upgrade', (_response, stream) => {
        stream.destroy();
        reject(unexpectedUpgrade());
      });
      request.on('error', (error: Error & { code?: unknown }) => {
        reject(error);
        // Node itself would end the body as if the connection had been closed. (The code of an abort is a number.)
        if (String(error.code).startsWith('HPE_')) incoming?.destroy(error);
      });
      request.once('close', () => {
        signal.removeEventListener('abort', abort);
        reject(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
      });
      request.end(body);
    });
  }

  async end(): Promise<void> {
    this.ending = true;
    await closeTcp(this.tcp, () => {
      // Whatever still comes is of no interest, but must be read for the end to be seen.
      this.stream.resume();
      this.stream.end();
    });
  }

  destroy(): void {
    this.stream.destroy();
    this.tcp.destroy();
    this.agent.destroy();
  }

  private gone(): void {
    if (this.closed) return;
    this.closed = true;
    this.onChange();
  }
}

/** RFC 9110 section 15.2.2: 101 answers an Upgrade header, and none was sent. */
function unexpectedUpgrade(): Error {
  const error = new Error('the server switches to another protocol (101), which was not asked for');
  return Object.assign(error, { code: 'ERR_UNEXPECTED_UPGRADE' });
}

/** Node's agent keeps the connection between requests, and tells requests that they come second. */
class OneConnectionAgent extends Agent {
  private readonly stream: Duplex;
  /** Its idle time is the machine's; that of a TLS socket would be the operating system's. */
  private readonly tcp: TcpSocket;
  private used = false;

  constructor(stream: Duplex, tcp: TcpSocket) {
    super({ keepAlive: true, maxSockets: 1 });
    this.stream = stream;
    this.tcp = tcp;
  }

  /** One connection has one name. */
  override getName(): string {
    return '';
  }

  override createConnection(): Duplex {
    if (this.used) throw Object.assign(new Error('the server has closed the connection'), { code: 'ECONNRESET' });
    this.used = true;
    return this.stream;
  }

  /** RFC 9112 section 9.3, and the Keep-Alive header of old: "timeout=5, max=100". */
  override keepSocketAlive(socket: Duplex): boolean {
    const { _httpMessage: request } = socket as { _httpMessage?: { res?: IncomingMessage } };
    const keepAlive = String(request?.res?.headers['keep-alive'] ?? '');
    if (/\bmax=0\b/.test(keepAlive)) return false;
    const seconds = /\btimeout=(\d{1,6})\b/.exec(keepAlive)?.[1];
    if (seconds !== undefined) {
      const ms = Math.max(Number(seconds) * 1000 - KEEP_ALIVE_MARGIN_MS, KEEP_ALIVE_MARGIN_MS / 2);
      this.tcp.setTimeout(ms);
      this.tcp.once('timeout', this.idle);
    }
    return true;
  }

  override reuseSocket(socket: Duplex, request: Parameters<Agent['reuseSocket']>[1]): void {
    this.tcp.off('timeout', this.idle);
    this.tcp.setTimeout(0);
    super.reuseSocket(socket, request);
  }

  private readonly idle = (): void => {
    this.stream.end();
  };
}
