/** What `curl` does on the network: one request after the other until there is no redirect to follow. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { HttpAgent } from '../../net/http-agent.js';
import type { Network } from '../../net/network.js';
import { NameError, type Resolver } from '../../net/resolver.js';
import type { SocketError } from '../../net/socket-errors.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { Instant } from '../../stack/clock.js';
import { isRedirect } from '../web/browser/redirects.js';
import { portOf, requestTarget } from '../web/url-parts.js';
import type { CommandIo } from './command.js';

/** With curl's own exit status. */
export class CurlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface CurlRequest {
  readonly url: URL;
  readonly method: string;
  /** Replacing curl's own ones; an empty value leaves one out. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly data: string | undefined;
}

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
}

export interface CurlResult {
  readonly url: string;
  readonly method: string;
  readonly status: number;
  readonly contentType: string;
  /** Of the body. */
  readonly bytes: number;
  readonly redirects: number;
  readonly totalMs: number;
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
}

const USER_AGENT = 'curl/8.5.0';
const MAX_REDIRECTS_STATUS = 47;
const FAILED_STATUS = 22;
const BINARY_STATUS = 23;
const TIMEOUT_STATUS = 28;
const BAD_ARGUMENT_STATUS = 43;
const EMPTY_REPLY_STATUS = 52;

export class CurlTransfer {
  private readonly network: Network;
  private readonly io: CommandIo;
  private readonly options: CurlOptions;
  private readonly agent: HttpAgent;
  private readonly startedAt: Instant;
  private redirects = 0;
  private connections = 0;

  constructor(network: Network, resolver: Resolver, io: CommandIo, options: CurlOptions) {
    this.network = network;
    this.io = io;
    this.options = options;
    this.startedAt = network.now();
    this.agent = new HttpAgent(network, {
      keepAlive: true,
      program: 'curl',
      lookup: async (name) => (await resolver.resolve(name)).addresses[0],
      onPhase: (phase) => {
        if (phase.phase === 'connect') this.note(`  Trying ${phase.address}:${phase.port}...`);
      },
    });
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
      if (limit.signal.aborted) {
        const elapsedMs = Math.round(this.network.now() - this.startedAt);
        throw new CurlError(TIMEOUT_STATUS, `Operation timed out after ${elapsedMs} milliseconds`);
      }
      throw error;
    } finally {
      timer.clear();
      this.io.signal.removeEventListener('abort', interrupt);
      this.agent.destroy();
    }
  }

  private async exchange(
    request: CurlRequest,
    signal: AbortSignal,
  ): Promise<{ result: CurlResult; redirect: CurlRequest | undefined }> {
    const response = await this.send(request, signal);
    const socket = response.socket as unknown as TcpSocket;
    const ends = {
      local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
      remote: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    };
    this.showHead(response);
    const status = response.statusCode ?? 0;
    if (this.options.failOnError && status >= 400) {
      response.destroy();
      throw new CurlError(FAILED_STATUS, `The requested URL returned error: ${status}`);
    }
    const redirect = this.redirectOf(request, response);
    const bytes = await this.readBody(response, redirect === undefined && !this.options.discard);
    this.note(`Connection #${this.connections - 1} to host ${request.url.hostname} left intact`);
    if (redirect !== undefined) this.note(`Issue another request to this URL: '${redirect.url.href}'`);
    const result = {
      url: request.url.href,
      method: request.method,
      status,
      contentType: response.headers['content-type'] ?? '',
      bytes,
      redirects: this.redirects,
      totalMs: this.network.now() - this.startedAt,
      ...ends,
    };
    if (redirect !== undefined) this.redirects += 1;
    return { result, redirect };
  }

  private send(request: CurlRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { hostname } = request.url;
    const port = portOf(request.url);
    return new Promise((resolve, reject) => {
      const outgoing = this.open(request, signal);
      outgoing.on('socket', (socket) => this.watchSocket(socket as unknown as TcpSocket, hostname, outgoing));
      outgoing.on('error', (error: SocketError) => reject(this.translate(error, hostname, port)));
      outgoing.on('response', resolve);
      outgoing.end(request.data);
    });
  }

  /** Throws CurlError for a method or a header that cannot be written. */
  private open(request: CurlRequest, signal: AbortSignal): ClientRequest {
    const { url, method } = request;
    const { agent } = this;
    const where = { host: url.hostname, port: portOf(url), path: requestTarget(url) };
    let outgoing: ClientRequest | undefined;
    try {
      outgoing = httpRequest({ ...where, method, agent, signal });
      setHeaders(outgoing, request);
      return outgoing;
    } catch (error) {
      outgoing?.on('error', () => {}).destroy();
      throw new CurlError(BAD_ARGUMENT_STATUS, (error as Error).message);
    }
  }

  private watchSocket(socket: TcpSocket, host: string, outgoing: ClientRequest): void {
    const sent = (): void => {
      if (!this.options.verbose) return;
      this.prefixed('>', [`${outgoing.method} ${outgoing.path} HTTP/1.1`, ...headerLines(outgoing), '']);
    };
    if (!socket.connecting) {
      this.note(`Re-using existing connection with host ${host}`);
      sent();
      return;
    }
    socket.once('connect', () => {
      this.connections += 1;
      this.note(`Connected to ${host} (${socket.remoteAddress}) port ${socket.remotePort}`);
      sent();
    });
  }

  private showHead(response: IncomingMessage): void {
    const lines = [`HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}`];
    for (let at = 0; at < response.rawHeaders.length; at += 2) {
      lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
    }
    if (this.options.verbose) this.prefixed('<', [...lines, '']);
    if (this.options.showHeaders && !this.options.discard) this.io.stdout(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Text goes out as it comes. Like curl before a terminal, it stops at what is no text. */
  private async readBody(response: IncomingMessage, print: boolean): Promise<number> {
    const decoder = new TextDecoder();
    let bytes = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (!print) continue;
        if (chunk.includes(0)) {
          throw new CurlError(BINARY_STATUS, 'binary output can mess up your terminal; use -I or -w to look at it');
        }
        this.io.stdout(decoder.decode(chunk, { stream: true }));
        await this.io.drained();
      }
    } catch (error) {
      if (error instanceof CurlError) throw error;
      throw new CurlError(18, 'transfer closed with outstanding read data remaining');
    }
    if (print) this.io.stdout(decoder.decode());
    return bytes;
  }

  /** RFC 9110 section 15.4: what becomes of method and body. */
  private redirectOf(request: CurlRequest, response: IncomingMessage): CurlRequest | undefined {
    const { followLimit } = this.options;
    const { location } = response.headers;
    const status = response.statusCode ?? 0;
    if (followLimit === undefined || location === undefined || !isRedirect({ status, location })) {
      return undefined;
    }
    if (this.redirects >= followLimit) {
      throw new CurlError(MAX_REDIRECTS_STATUS, `Maximum (${followLimit}) redirects followed`);
    }
    const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
    if (url?.protocol !== 'http:') throw new CurlError(1, `Protocol of '${location}' not supported in redirect`);
    // Credentials are for the server that they were given for.
    const headers = url.origin === request.url.origin ? request.headers : request.headers.filter(isForAnyServer);
    const keeps = status >= 307 || request.method === 'GET' || request.method === 'HEAD';
    return keeps ? { ...request, url, headers } : { ...request, url, headers, method: 'GET', data: undefined };
  }

  private translate(error: SocketError, host: string, port: number): Error {
    if (error instanceof NameError) return new CurlError(6, `Could not resolve host: ${host}`);
    const elapsedMs = Math.round(this.network.now() - this.startedAt);
    if (error.syscall === 'connect') {
      const reasons: Readonly<Record<string, string>> = {
        ECONNREFUSED: 'Connection refused',
        EHOSTUNREACH: 'No route to host',
        ENETUNREACH: 'Network is unreachable',
        ETIMEDOUT: 'Connection timed out',
      };
      const reason = reasons[error.code] ?? error.code;
      const status = error.code === 'ETIMEDOUT' ? TIMEOUT_STATUS : 7;
      return new CurlError(status, `Failed to connect to ${host} port ${port} after ${elapsedMs} ms: ${reason}`);
    }
    // Node's word for a connection that was closed before any answer.
    if (error.message === 'socket hang up') return new CurlError(EMPTY_REPLY_STATUS, 'Empty reply from server');
    // What came does not begin as an answer of HTTP/1 does.
    if (error.code === 'HPE_INVALID_CONSTANT') return new CurlError(1, 'Received HTTP/0.9 when not allowed');
    return new CurlError(
      56,
      `Recv failure: ${error.code === 'ECONNRESET' ? 'Connection reset by peer' : error.message}`,
    );
  }

  private note(text: string): void {
    if (this.options.verbose) this.io.stderr(`* ${text}\n`);
  }

  private prefixed(mark: '<' | '>', lines: readonly string[]): void {
    for (const line of lines) this.io.stderr(`${mark} ${line}\n`);
  }
}

function isForAnyServer([name]: readonly [name: string, value: string]): boolean {
  return !/^(host|authorization|cookie)$/i.test(name);
}

/** Node adds a Connection header that curl does not send. */
function setHeaders(outgoing: ClientRequest, { data, headers }: CurlRequest): void {
  outgoing.setHeader('User-Agent', USER_AGENT);
  outgoing.setHeader('Accept', '*/*');
  outgoing.removeHeader('Connection');
  if (data !== undefined) {
    outgoing.setHeader('Content-Length', Buffer.byteLength(data));
    outgoing.setHeader('Content-Type', 'application/x-www-form-urlencoded');
  }
  for (const [name, value] of headers) {
    if (value === '') outgoing.removeHeader(name);
    else outgoing.setHeader(name, value);
  }
}

function headerLines(outgoing: ClientRequest): string[] {
  return outgoing.getRawHeaderNames().map((name) => `${name}: ${outgoing.getHeader(name)}`);
}
