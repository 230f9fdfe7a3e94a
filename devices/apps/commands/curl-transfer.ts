/** What `curl` does on the network: one request after the other until there is no redirect to follow. */
import { pipeline, type Readable } from 'node:stream';
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { Instant } from '../../stack/clock.js';
import type { Tracer } from '../../stack/trace.js';
import { isRedirect } from '../web/browser/redirects.js';
import { decodersFor } from '../web/client/content-coding.js';
import { dial } from '../web/client/dial.js';
import { type HttpConnection, headerValue, type ResponseMessage } from '../web/client/message.js';
import { portOf } from '../web/url-parts.js';
import type { CommandIo } from './command.js';
import {
  BAD_CODING_STATUS,
  BINARY_STATUS,
  CurlError,
  curlError,
  FAILED_STATUS,
  MAX_REDIRECTS_STATUS,
  TIMEOUT_STATUS,
  UNSUPPORTED_STATUS,
} from './curl-errors.js';
import { CurlNotes } from './curl-notes.js';
import { type CurlRequest, headersOf, isForAnyServer } from './curl-request.js';

export interface CurlOptions {
  readonly verbose: boolean;
  readonly showHeaders: boolean;
  /** `-o /dev/null`: nothing of head and body is printed. */
  readonly discard: boolean;
  /** Status 400 and above is an error. */
  readonly failOnError: boolean;
  /** Redirects followed at most; undefined: none is followed, and that is no error. */
  readonly followLimit: number | undefined;
  /** Of everything together; Infinity: none. */
  readonly timeoutMs: number;
  /** Codings are asked for and undone. */
  readonly compressed: boolean;
  /** `-k`: whoever the server is will do. */
  readonly insecure: boolean;
  /** What is offered over TLS: `h2`, `http/1.1`. */
  readonly alpn: readonly string[];
}

export interface CurlResult {
  readonly url: string;
  readonly method: string;
  readonly status: number;
  /** `1.1`, `2` */
  readonly httpVersion: string;
  readonly contentType: string;
  /** Of the body, as it was transferred. */
  readonly bytes: number;
  readonly redirects: number;
  /** Connections that were made. */
  readonly connections: number;
  /** Since the beginning, ms; of the last request. */
  readonly times: CurlTimes;
  readonly totalMs: number;
  /** "192.0.2.1:40000" */
  readonly local: string;
  readonly remote: string;
}

/** Zero for what there was not. */
interface CurlTimes {
  lookupMs: number;
  connectMs: number;
  secureMs: number;
  firstByteMs: number;
}

/** What the command needs of its machine. */
export interface CurlMachine {
  readonly network: Network;
  readonly resolver: Resolver;
  readonly tracer: Tracer;
  readonly authorities: readonly string[];
}

export class CurlTransfer {
  private readonly machine: CurlMachine;
  private readonly network: Network;
  private readonly io: CommandIo;
  private readonly options: CurlOptions;
  private readonly startedAt: Instant;
  /** By origin. */
  private readonly kept = new Map<string, HttpConnection>();
  private readonly notes: CurlNotes;
  private redirects = 0;
  private connections = 0;
  private times: CurlTimes = { lookupMs: 0, connectMs: 0, secureMs: 0, firstByteMs: 0 };

  constructor(machine: CurlMachine, io: CommandIo, options: CurlOptions) {
    this.machine = machine;
    this.network = machine.network;
    this.io = io;
    this.options = options;
    this.notes = new CurlNotes(io, options);
    this.startedAt = this.network.now();
  }

  /** Rejects with CurlError; also, with anything, when Ctrl-C came. */
  async run(request: CurlRequest): Promise<CurlResult> {
    const limit = new AbortController();
    const interrupt = (): void => limit.abort();
    const timer = this.network.stack.timers.create(interrupt);
    if (this.options.timeoutMs !== Number.POSITIVE_INFINITY) {
      this.network.perform(() => timer.set(this.startedAt + this.options.timeoutMs));
    }
    this.io.signal.addEventListener('abort', interrupt, { once: true });
    if (this.io.signal.aborted) interrupt();
    try {
      let next: CurlRequest | undefined = request;
      for (;;) {
        const { result, redirect } = await this.exchange(next, limit.signal);
        next = redirect;
        if (next === undefined) return result;
      }
    } catch (error) {
      if (limit.signal.aborted)
        throw new CurlError(TIMEOUT_STATUS, `Operation timed out after ${this.elapsedMs()} milliseconds`);
      throw error;
    } finally {
      timer.clear();
      this.io.signal.removeEventListener('abort', interrupt);
      for (const connection of this.kept.values()) {
        if (limit.signal.aborted) connection.destroy();
        else void connection.end();
      }
    }
  }

  private async exchange(
    request: CurlRequest,
    signal: AbortSignal,
  ): Promise<{ result: CurlResult; redirect: CurlRequest | undefined }> {
    const { url, method } = request;
    const { connection, response } = await this.send(request, signal);
    const { status } = response;
    const head = this.notes.response(response, connection);
    if (this.options.showHeaders && !this.options.discard) this.io.stdout(head);
    if (this.options.failOnError && status >= 400) {
      response.body.destroy();
      throw new CurlError(FAILED_STATUS, `The requested URL returned error: ${status}`);
    }
    const redirect = this.redirectOf(request, response);
    const bytes = await this.readBody(request, response, redirect === undefined && !this.options.discard);
    this.notes.note(`Connection #${this.connections - 1} to host ${url.hostname} left intact`);
    if (redirect !== undefined) this.notes.note(`Issue another request to this URL: '${redirect.url.href}'`);
    const result = {
      url: url.href,
      method,
      status,
      httpVersion: connection.protocol.slice('HTTP/'.length),
      contentType: headerValue(response.headers, 'content-type') ?? '',
      bytes,
      redirects: this.redirects,
      connections: this.connections,
      times: this.times,
      totalMs: this.network.now() - this.startedAt,
      local: connection.local,
      remote: connection.remote,
    };
    if (redirect !== undefined) this.redirects += 1;
    return { result, redirect };
  }

  private async send(
    request: CurlRequest,
    signal: AbortSignal,
  ): Promise<{ connection: HttpConnection; response: ResponseMessage }> {
    const { url, method, data } = request;
    try {
      const connection = await this.connect(url, signal);
      const headers = headersOf(request, this.options.compressed);
      connection.reserve();
      const message = { url, method, headers, body: data === undefined ? undefined : Buffer.from(data) };
      const response = await connection.send(message, signal, {
        sent: () => this.notes.request(connection, message),
        received: () => {
          this.times.firstByteMs = this.network.now() - this.startedAt;
        },
      });
      return { connection, response };
    } catch (error) {
      throw curlError(error, url.hostname, portOf(url), this.elapsedMs());
    }
  }

  private async connect(url: URL, signal: AbortSignal): Promise<HttpConnection> {
    const kept = this.kept.get(url.origin);
    if (kept !== undefined && kept.room > 0) {
      this.notes.note(`Re-using existing connection with host ${url.hostname}`);
      return kept;
    }
    const host = url.hostname;
    const scheme = url.protocol === 'https:' ? 'https' : 'http';
    const { addresses } = await this.machine.resolver.resolve(host);
    this.times = { lookupMs: this.network.now() - this.startedAt, connectMs: 0, secureMs: 0, firstByteMs: 0 };
    const connection = await dial(
      { scheme, host, port: portOf(url), addresses },
      {
        ...this.machine,
        program: 'curl',
        alpn: this.options.alpn,
        insecure: this.options.insecure,
        signal,
        onAttempt: (address) => this.notes.note(`  Trying ${address}:${portOf(url)}...`),
        onConnected: (socket) => this.connected(socket, host, scheme),
      },
    );
    if (scheme === 'https') this.times.secureMs = this.network.now() - this.startedAt;
    this.notes.secure(connection);
    this.kept.set(url.origin, connection);
    return connection;
  }

  private connected(socket: TcpSocket, host: string, scheme: 'http' | 'https'): void {
    this.connections += 1;
    this.times.connectMs = this.network.now() - this.startedAt;
    this.notes.note(`Connected to ${host} (${socket.remoteAddress}) port ${socket.remotePort}`);
    if (scheme === 'https') this.notes.note(`ALPN: curl offers ${this.options.alpn.join(',')}`);
  }

  /** Text goes out as it comes. Like curl before a terminal, it stops at what is no text. */
  private async readBody({ method }: CurlRequest, response: ResponseMessage, print: boolean): Promise<number> {
    const decoder = new TextDecoder();
    let bytes = 0;
    response.body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    try {
      for await (const chunk of this.decoded(method, response) as AsyncIterable<Buffer>) {
        if (!print) continue;
        if (chunk.includes(0)) {
          throw new CurlError(BINARY_STATUS, 'binary output can mess up your terminal; use -I or -w to look at it');
        }
        this.io.stdout(decoder.decode(chunk, { stream: true }));
        await this.io.drained();
      }
      if (!response.isComplete()) throw new Error('the connection has ended before the body');
    } catch (error) {
      if (error instanceof CurlError) throw error;
      if (/^(Z_|ERR__|ERR_BROTLI)/.test((error as { code?: string }).code ?? '')) {
        throw new CurlError(
          BAD_CODING_STATUS,
          `Error while processing content unencoding: ${(error as Error).message}`,
        );
      }
      throw new CurlError(18, 'transfer closed with outstanding read data remaining');
    }
    if (print) this.io.stdout(decoder.decode());
    return bytes;
  }

  /** Without `--compressed` a coding is the reader's affair. */
  private decoded(method: string, { body, headers, status }: ResponseMessage): Readable {
    const coding = headerValue(headers, 'content-encoding');
    const isEmpty = method === 'HEAD' || status === 204 || headerValue(headers, 'content-length') === '0';
    const decoders = this.options.compressed && coding && !isEmpty ? decodersFor(coding) : [];
    if (decoders === undefined) throw new CurlError(BAD_CODING_STATUS, `Reject response due to ${coding}`);
    const last = decoders.at(-1);
    if (last === undefined) return body;
    pipeline([body, ...decoders], () => {});
    return last;
  }

  /** RFC 9110 section 15.4: what becomes of method and body. */
  private redirectOf(request: CurlRequest, { status, headers: received }: ResponseMessage): CurlRequest | undefined {
    const { followLimit } = this.options;
    const location = headerValue(received, 'location');
    if (followLimit === undefined || location === undefined || !isRedirect({ status, location })) {
      return undefined;
    }
    if (this.redirects >= followLimit) {
      throw new CurlError(MAX_REDIRECTS_STATUS, `Maximum (${followLimit}) redirects followed`);
    }
    const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new CurlError(UNSUPPORTED_STATUS, `Protocol of '${location}' not supported in redirect`);
    }
    // Credentials are for the server that they were given for.
    const headers = url.origin === request.url.origin ? request.headers : request.headers.filter(isForAnyServer);
    const keeps = status >= 307 || request.method === 'GET' || request.method === 'HEAD';
    return keeps ? { ...request, url, headers } : { ...request, url, headers, method: 'GET', data: undefined };
  }

  private elapsedMs(): number {
    return Math.round(this.network.now() - this.startedAt);
  }
}
