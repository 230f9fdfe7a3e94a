/**
 * A web server: Node's own HTTP on sockets of the emulated network, several sites behind one port, http and https.
 *
 * Time is the machine's, never the operating system's. Node's request and header timeouts look at the real
 * clock from a real interval, so they are off (0), and that interval is never started: Node starts it on
 * 'listening', which our http.Server never gets, for connections are handed to it one by one. What guards
 * against silent peers instead are the two timeouts that Node implements by `socket.setTimeout`, which on a
 * TcpSocket is a timer of the emulated machine, and the deadlines of connection.ts. Thus a world on a manual clock is
 * the same every time (but for TLS, whose keys are never the same), and nothing here keeps a process alive.
 */
import { createServer, type IncomingMessage, type Server, ServerResponse, STATUS_CODES } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { WebConfig } from '../../../control/config.js';
import type { Network } from '../../../net/network.js';
import type { TcpServer } from '../../../net/tcp-server.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import type { Environment } from '../../machine.js';
import type { ApplicationTools } from './application.js';
import { Connection, KEEP_ALIVE_TIMEOUT_MS } from './connection.js';
import { httpDate } from './dates.js';
import { type Exchange, SERVER_NAME } from './reply.js';
import { SecureFront } from './secure/secure-front.js';
import { SiteAnswers } from './site-answers.js';

/** A connection on which nothing moves for this long is closed. */
export const IDLE_TIMEOUT_MS = 120_000;
/** Request line and headers. */
export const MAX_HEAD_BYTES = 16_384;
/** How long a client that was refused may take to notice. As nginx's lingering_timeout. */
const LINGER_MS = 5_000;
/** RFC 8446 section 5.1: the content type of a handshake message, which every client sends first. */
const TLS_HANDSHAKE = 0x16;

/** What of Node's errors is to blame on the client's request, and what it is told. */
const REFUSALS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

export class WebServer {
  private readonly network: Network;
  private readonly config: WebConfig;
  private readonly env: Environment;
  private readonly http: Server;
  private readonly answers: SiteAnswers;
  private readonly listeners: TcpServer[] = [];
  private readonly sockets = new Set<TcpSocket>();
  /** By what Node calls the connection of a request: the TcpSocket, the TLSSocket above it, or the HTTP/2 session. */
  private readonly connections = new WeakMap<object, Connection>();
  private secureFront: Promise<SecureFront> | undefined;

  constructor(config: WebConfig, tools: ApplicationTools) {
    const { network, env } = tools;
    this.network = network;
    this.config = config;
    this.env = env;
    this.answers = new SiteAnswers(config, tools);
    this.http = createServer({ requestTimeout: 0, headersTimeout: 0, maxHeaderSize: MAX_HEAD_BYTES });
    this.http.timeout = IDLE_TIMEOUT_MS;
    this.http.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    this.http.on('request', (request, response) => this.serveHttp1(request, response, false));
    this.http.on('checkContinue', (request, response) => this.serveHttp1(request, response, true));
    // With a listener Node takes every request to upgrade out of HTTP; without one, for a request like any other.
    if (this.answers.hasApplications) {
      this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    }
    this.http.on('clientError', (error, socket) => this.refuse(error, socket));
  }

  start(): void {
    this.answers.start();
    const { port = 80, httpsPort = 443, certificates = [] } = this.config;
    this.listen(port, 'http', (connection) => this.takeHttp1(connection.socket, connection));
    if (certificates.length > 0) this.listen(httpsPort, 'https', (connection) => this.takeSecure(connection));
  }

  /** Why applications cannot start, once that is known of all. */
  loaded(): Promise<readonly string[]> {
    return this.answers.faults();
  }

  /** Accepts no more connections and closes those that there are. */
  async stop(): Promise<void> {
    const closed = this.listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())));
    for (const socket of this.sockets) socket.destroy();
    await Promise.all([...closed, this.answers.stop()]);
  }

  private listen(port: number, scheme: 'http' | 'https', take: (connection: Connection) => void): void {
    const options = { program: 'web-server', allowHalfOpen: true, noDelay: true };
    const listener = this.network.createServer(options, (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      take(new Connection(this.network, socket));
    });
    this.listeners.push(listener);
    listener.on('error', (error) => this.env.log.error({ err: error }, 'web server failed'));
    const names = this.config.sites.flatMap((site) => site.names);
    listener.listen({ port }, () => {
      this.env.log.info({ port, scheme, sites: names }, `serving ${names.join(', ')} by ${scheme} on port ${port}`);
    });
  }

  private takeHttp1(socket: Duplex, connection: Connection): void {
    this.connections.set(socket, connection);
    connection.turnAway = () => this.refuse({ code: 'ERR_HTTP_REQUEST_TIMEOUT', message: 'no request came' }, socket);
    this.http.emit('connection', socket);
  }

  /** Looks at the first byte, and gives it back: TLS, or somebody who has taken the port for that of http. */
  private takeSecure(connection: Connection): void {
    const { socket } = connection;
    socket.on('error', () => socket.destroy());
    const look = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) {
        if (socket.readableEnded) socket.destroy();
        return;
      }
      socket.off('readable', look).off('end', close);
      socket.unshift(chunk);
      if (chunk[0] === TLS_HANDSHAKE) {
        this.secure().then((front) => front.accept(connection));
      } else {
        connection.misplaced = true;
        this.takeHttp1(socket, connection);
      }
    };
    const close = () => socket.destroy();
    socket.on('readable', look).once('end', close);
  }

  private secure(): Promise<SecureFront> {
    this.secureFront ??= this.openSecureFront();
    return this.secureFront;
  }

  private async openSecureFront(): Promise<SecureFront> {
    const front = await SecureFront.open({
      certificates: this.config.certificates ?? [],
      maxHeaderBytes: MAX_HEAD_BYTES,
      protocolsFor: (name) => this.answers.protocolsFor(name),
      onHttp1: (socket, connection) => this.takeHttp1(socket, connection),
      onHttp2: (session, connection) => this.takeHttp2(session, connection),
      onFailure: (code, { remote }) => this.env.log.warn({ remote, code }, `no TLS with ${remote}: ${code}`),
      tracer: this.env.tracer,
    });
    const serve = (request: Http2ServerRequest, response: Http2ServerResponse, expectsContinue: boolean) => {
      const connection = request.stream.session && this.connections.get(request.stream.session);
      // The compatibility API of HTTP/2 is shaped as that of http.
      const pair = { request, response } as unknown as Pick<Exchange, 'request' | 'response'>;
      // There a request is only complete once somebody has read it; what counts is that the client has ended it.
      const isComplete = () => request.stream.destroyed || request.stream.state.remoteClose === 1;
      if (connection !== undefined) this.serve({ ...pair, connection, expectsContinue }, isComplete);
    };
    front.http2.on('request', (request, response) => serve(request, response, false));
    front.http2.on('checkContinue', (request, response) => serve(request, response, true));
    front.http2.on('sessionError', (error) =>
      this.env.log.warn({ code: (error as { code?: string }).code }, error.message),
    );
    return front;
  }

  private takeHttp2(session: ServerHttp2Session, connection: Connection): void {
    this.connections.set(session, connection);
    connection.turnAway = () => session.close();
    connection.socket.setTimeout(IDLE_TIMEOUT_MS, () => session.destroy());
  }

  private serveHttp1(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.connections.get(request.socket);
    if (connection !== undefined) this.serve({ request, response, connection, expectsContinue });
  }

  private serve(exchange: Exchange, isComplete = () => exchange.request.complete): void {
    const reply = this.answers.open(exchange);
    const ends = exchange.connection.begin({ isComplete, onLate: () => reply.giveUp() });
    exchange.response.once('close', ends);
    const answer = () => this.answers.answer(reply).catch((error) => reply.fail(error));
    if (reply.isHttp2) answer();
    else exchange.connection.inTurn(exchange.response, answer);
  }

  /** The application of the site may have the connection (WebSocket); else the request is one like any other. */
  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const connection = this.connections.get(request.socket);
    if (connection === undefined) return;
    socket.on('error', () => socket.destroy());
    connection.release();
    connection.socket.setTimeout(0);
    if (await this.answers.upgrade(connection, request, socket, head)) return;
    // RFC 9110 section 7.8: the upgrade is ignored. Node has let go of the connection, so that it ends with this answer.
    connection.socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    response.shouldKeepAlive = false;
    response.once('finish', () => {
      response.detachSocket(request.socket);
      request.socket.destroySoon();
    });
    this.serve({ request, response, connection, expectsContinue: false });
  }

  /** What came in is not HTTP, or too late. The answer is written by hand, for there is no request to answer. */
  private refuse(error: { readonly code?: string; readonly message: string }, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = REFUSALS[error.code ?? ''] ?? 400;
    this.env.log.warn({ code: error.code }, `bad request: ${error.message}`);
    const connection = this.connections.get(socket);
    if (connection !== undefined) this.answers.logRefusal(connection, status);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Date: ${httpDate(this.env.wallClock())}`,
      `Server: ${SERVER_NAME}`,
      'Content-Length: 0',
      'Connection: close',
    ];
    // What the client still sends is read and forgotten: it would not see an answer behind a reset.
    socket.removeAllListeners('data').resume();
    socket.end(`${head.join('\r\n')}\r\n\r\n`);
    this.network.after(LINGER_MS, () => socket.destroy());
  }
}
