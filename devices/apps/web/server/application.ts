/**
 * A site's application: a module of JavaScript that answers requests as Node's own servers are answered, so that Express,
 * Fastify, Hono, ws and all others run unchanged. What it exports is
 *
 * - a request listener, a function of request and response (an Express app is one), or
 * - an http.Server, which also gets 'upgrade' (ws), or something that has one as `server` (Fastify), or
 * - a function of fewer than two parameters that makes one of these, now or as a promise, or
 * - nothing: then the first server with which it called `listen` answers.
 *
 * A server that listens does so on the emulated host, on the port that it names.
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AppConfig } from '../../../control/config.js';
import type { Network } from '../../../net/network.js';
import type { Resolver } from '../../../net/resolver.js';
import type { TcpServer } from '../../../net/tcp-server.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import type { Environment } from '../../machine.js';
import type { ConnectRequest, ProgramHost, ProgramListener } from '../../program.js';
import type { Reply } from './reply.js';

/** An application that has not begun to answer after this time is not waited for: as nginx's proxy_read_timeout. */
export const ANSWER_TIMEOUT_MS = 60_000;

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface ApplicationTools {
  readonly network: Network;
  readonly resolver: Resolver;
  readonly env: Environment;
  /** Certificates (PEM) of those that the host trusts. */
  readonly authorities: readonly string[];
}

export class Application implements ProgramHost {
  /** Settled when it can answer; rejects with an error whose message names the module. */
  readonly ready: Promise<void>;
  private readonly config: AppConfig;
  private readonly tools: ApplicationTools;
  private readonly listeners: TcpServer[] = [];
  private readonly sockets = new Set<TcpSocket>();
  private firstServer: Server | undefined;
  private server: EventEmitter | undefined;
  private answer: Listener | undefined;

  constructor(config: AppConfig, tools: ApplicationTools) {
    this.config = config;
    this.tools = tools;
    this.ready = this.load();
    this.ready.catch((error) => tools.env.log.error({ err: error.cause }, error.message));
  }

  get authorities(): readonly string[] {
    return this.tools.authorities;
  }

  /** `maxBodyBytes`: undefined for a body of any length. */
  async handle(reply: Reply, maxBodyBytes?: number): Promise<void> {
    const { request, response } = reply;
    const { network } = this.tools;
    const timer = network.after(ANSWER_TIMEOUT_MS, () => setImmediate(() => this.giveUp(reply)));
    response.once('close', () => timer.clear());
    if (maxBodyBytes !== undefined) limitBody(reply, maxBodyBytes);
    try {
      await this.ready;
    } catch {
      reply.sendPage(500, 'The application of this site did not start. The log of the server says why.');
      return;
    }
    // It took too long to start.
    if (response.headersSent || response.destroyed) return;
    response.once('close', () => reply.record(response.statusCode, lengthOf(response)));
    // The deadlines of a body are its reader's own: it may well read it later.
    if (reply.expectsContinue && this.emit('checkContinue', request, response)) return;
    reply.acceptBody();
    if (this.answer === undefined) this.emit('request', request, response);
    else await this.call(() => this.answer?.(request, response));
  }

  /** False when the application does not take the connection over; then the request is one like any other. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<boolean> {
    await this.ready.catch(() => {});
    return this.emit('upgrade', request, this.adopt(socket), head);
  }

  async stop(): Promise<void> {
    const closed = this.listeners.map((one) => new Promise<void>((resolve) => one.close(() => resolve())));
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closed);
  }

  listen(server: Server, { port, address }: { port: number; address?: string }): ProgramListener {
    this.firstServer ??= server;
    const options = { program: 'application', allowHalfOpen: true, noDelay: true };
    const listener = this.tools.network.createServer(options, (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      this.call(() => server.emit('connection', this.adopt(socket)));
    });
    this.listeners.push(listener);
    listener.on('error', (error) => server.emit('error', error));
    listener.once('listening', () => server.emit('listening'));
    // Programs also listen on IPv6's "any address", which here means the same.
    const isAny = address === undefined || address === '::' || address === 'localhost';
    listener.listen({ port, host: isAny ? undefined : address });
    return { address: () => listener.address(), close: () => listener.close(() => server.emit('close')) };
  }

  connect({ host, port, timeout }: ConnectRequest, listener?: () => void): Duplex {
    const { network, resolver } = this.tools;
    const { lookup } = resolver;
    return this.adopt(
      network.connect({ host, port, timeout, lookup, program: 'application', noDelay: true }, listener),
    );
  }

  async resolve(name: string): Promise<readonly string[]> {
    return (await this.tools.resolver.resolve(name)).addresses;
  }

  private adopt<T extends Duplex>(socket: T): T {
    return this.tools.env.programs?.adopt(this, socket) ?? socket;
  }

  private call<T>(program: () => T): T {
    const { programs } = this.tools.env;
    return programs === undefined ? program() : programs.call(this, program);
  }

  /** False when it has no server, or that does not listen to this event. */
  private emit(event: string, ...args: readonly unknown[]): boolean {
    return this.call(() => this.server?.emit(event, ...args) ?? false);
  }

  private async load(): Promise<void> {
    const { module: path, export: name = 'default' } = this.config;
    const { programs } = this.tools.env;
    if (programs === undefined) throw new Error(`${path}: no programs can be loaded here`);
    try {
      const exports = await programs.load(path, this);
      await this.use(exports[name] ?? this.firstServer, name);
    } catch (error) {
      const place = await programs.placeOf(error, path);
      throw new Error(`the application ${path} does not start: ${(error as Error)?.message ?? error}${place}`, {
        cause: error,
      });
    }
  }

  private async use(exported: unknown, name: string): Promise<void> {
    const isFactory = typeof exported === 'function' && exported.length < 2;
    const made = (isFactory ? await this.call(() => exported()) : await exported) ?? this.firstServer;
    if (typeof made === 'function') {
      this.answer = made as Listener;
      return;
    }
    const owner = made as { server?: unknown; ready?: unknown } | undefined;
    // Fastify puts its routes together when it is asked whether it is ready.
    if (typeof owner?.ready === 'function') await owner.ready();
    this.server = [made, owner?.server].find(isServer);
    if (this.server === undefined) {
      throw new TypeError(`its export "${name}" is neither a request listener, nor an http.Server, nor makes one`);
    }
  }

  private giveUp(reply: Reply): void {
    const { response } = reply;
    if (response.headersSent || response.destroyed) return;
    this.tools.env.log.warn({ url: reply.url }, `the application does not answer ${reply.url}`);
    reply.sendPage(504, 'The application does not answer.');
  }
}

/** Of a body in chunks, whose length nobody knows before: what is too much does not reach the application. */
function limitBody(reply: Reply, maxBytes: number): void {
  const { request, response } = reply;
  const push = request.push.bind(request);
  let bytes = request.readableLength;
  let refused = false;
  request.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
    bytes += chunk?.length ?? 0;
    if (bytes <= maxBytes) return push(chunk, encoding);
    if (!refused && response.headersSent) response.destroy();
    else if (!refused) reply.closeAfterwards().sendPage(413, 'The body is too long.');
    refused = true;
    return true;
  };
}

function isServer(value: unknown): value is EventEmitter {
  const emitter = value as EventEmitter | undefined;
  return (
    typeof emitter?.emit === 'function' &&
    typeof emitter.listenerCount === 'function' &&
    emitter.listenerCount('request') > 0
  );
}

/** Of the body, where the application said so. */
function lengthOf(response: ServerResponse): number | undefined {
  const length = Number(response.getHeader('content-length') ?? Number.NaN);
  return Number.isNaN(length) ? undefined : length;
}
