/**
 * One request and its response: Node's HTTP client on a connection of the load's agent. Bodies are hashed and
 * counted as they stream by and never kept, except for the beginning of the one that is to be read.
 */
import { createHash } from 'node:crypto';
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { FetchStage } from '../../../control/rpc.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import type { Tracer } from '../../../stack/trace.js';
import { portOf, requestTarget, withoutSecrets } from '../url-parts.js';
import type { Deadline } from './deadline.js';
import { LoadError } from './load-error.js';
import { formatHead, type HeaderList } from './request-headers.js';

/** Longer bodies end in an error, bytes. */
const MAX_BODY_BYTES = 512 * 1024 * 1024;
/** How much of a body is kept for reading, bytes. */
export const MAX_TEXT_BYTES = 1024 * 1024;

export interface PageRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body?: Uint8Array;
  /** Keep the first {@link MAX_TEXT_BYTES} of the response's body. */
  readonly keepText: boolean;
}

export interface PageResponse {
  readonly status: number;
  /** The Location header, empty when there is none. */
  readonly location: string;
  readonly contentType: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Empty unless `keepText`. */
  readonly beginning: Uint8Array;
  /** "192.0.2.1:40000" */
  readonly local: string;
  readonly remote: string;
}

export interface ExchangeContext {
  readonly agent: Agent;
  readonly deadline: Deadline;
  readonly tracer: Tracer;
}

/** A failed exchange: where it failed, and whether it may just be tried again. */
export class ExchangeError extends Error {
  override readonly cause: Error & { code?: string };
  readonly stage: FetchStage;
  /** The connection was kept from an earlier request, and the server has closed it meanwhile. */
  readonly connectionWasStale: boolean;

  constructor(cause: Error & { code?: string }, stage: FetchStage, reusedConnection: boolean) {
    super(cause.message);
    this.cause = cause;
    this.stage = stage;
    this.connectionWasStale = reusedConnection && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
  }
}

/** Sends the request to a server at `address` (dotted quad). Rejects with ExchangeError. */
export function exchange(request: PageRequest, address: string, context: ExchangeContext): Promise<PageResponse> {
  return new Promise((resolve, reject) => new Exchange(request, address, context, resolve, reject));
}

class Exchange {
  private readonly request: PageRequest;
  private readonly context: ExchangeContext;
  private readonly resolve: (response: PageResponse) => void;
  private readonly reject: (error: ExchangeError) => void;
  private readonly client: ClientRequest | undefined;
  /** Waiting for a free connection counts as http: others' responses are what it waits for. */
  private stage: FetchStage = 'http';
  private local = '';
  private remote = '';

  constructor(
    request: PageRequest,
    address: string,
    context: ExchangeContext,
    resolve: (response: PageResponse) => void,
    reject: (error: ExchangeError) => void,
  ) {
    this.request = request;
    this.context = context;
    this.resolve = resolve;
    this.reject = reject;
    try {
      this.client = this.send(address);
    } catch (error) {
      // A header or a method that cannot be written.
      this.fail(error as Error);
    }
  }

  private send(address: string): ClientRequest {
    const { url, method, headers, body } = this.request;
    const client = httpRequest({
      agent: this.context.agent,
      host: address,
      port: portOf(url),
      method,
      path: requestTarget(url),
      headers: Object.fromEntries(headers),
      setHost: false,
    });
    client.once('socket', (socket) => this.useSocket(socket as unknown as TcpSocket));
    client.once('response', (response) => this.receive(response));
    client.on('error', (error) => this.fail(error));
    this.context.deadline.signal.addEventListener('abort', this.abort);
    client.end(body);
    return client;
  }

  private readonly abort = (): void => {
    const { message } = this.context.deadline.signal.reason;
    this.client?.destroy(new LoadError('ETIMEDOUT', this.stage, message));
  };

  private useSocket(socket: TcpSocket): void {
    const ready = () => {
      this.stage = 'http';
      this.context.deadline.progress();
      this.local = `${socket.localAddress}:${socket.localPort}`;
      this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
      this.traceRequest();
    };
    this.stage = 'tcp';
    // A socket that failed at once is not connecting either.
    if (socket.readyState === 'open') ready();
    else socket.once('connect', ready);
  }

  private traceRequest(): void {
    const { tracer } = this.context;
    if (!tracer.enabled) return;
    const { url, method, headers, body } = this.request;
    tracer.emit({
      event: 'http-request',
      url: withoutSecrets(url),
      method,
      protocol: 'HTTP/1.1',
      local: this.local,
      remote: this.remote,
      head: formatHead(`${method} ${requestTarget(url)} HTTP/1.1`, headers),
      bodyBytes: body?.length ?? 0,
    });
  }

  private receive(response: IncomingMessage): void {
    const hash = createHash('sha256');
    const kept: Uint8Array[] = [];
    let room = this.request.keepText ? MAX_TEXT_BYTES : 0;
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      this.context.deadline.progress();
      hash.update(chunk);
      bytes += chunk.length;
      if (room > 0) kept.push(chunk.subarray(0, room));
      room -= chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        response.destroy(new LoadError('ERR_BODY_TOO_LONG', 'http', `the body is longer than ${MAX_BODY_BYTES} bytes`));
      }
    });
    response.on('error', (error) => this.fail(error));
    response.once('end', () => this.finish(response, bytes, hash.digest('hex'), Buffer.concat(kept)));
  }

  private finish(response: IncomingMessage, bytes: number, sha256: string, beginning: Uint8Array): void {
    this.context.deadline.signal.removeEventListener('abort', this.abort);
    const { local, remote } = this;
    const status = response.statusCode ?? 0;
    const { location = '', 'content-type': contentType = '' } = response.headers;
    if (this.context.tracer.enabled) {
      const url = withoutSecrets(this.request.url);
      const startLine = `HTTP/${response.httpVersion} ${status} ${response.statusMessage}`;
      const head = formatHead(startLine, pairs(response.rawHeaders));
      this.context.tracer.emit({ event: 'http-response', url, status, local, remote, head, bodyBytes: bytes });
    }
    this.resolve({ status, location, contentType, bytes, sha256, beginning, local, remote });
  }

  private fail(error: Error): void {
    this.context.deadline.signal.removeEventListener('abort', this.abort);
    this.reject(new ExchangeError(error, this.stage, this.client?.reusedSocket ?? false));
  }
}

/** Node's flat list of names and values, as they came. */
function pairs(rawHeaders: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) list.push([rawHeaders[i], rawHeaders[i + 1]]);
  return list;
}
