/**
 * A web server: Node's own HTTP parser on sockets of the emulated network, several sites behind one port.
 *
 * Time is the machine's, never the operating system's. Node's request and header timeouts look at the real
 * clock from a real interval, so they are off (0), and that interval is never started: Node starts it on
 * 'listening', which our http.Server never gets, for connections are handed to it one by one. What guards
 * against silent peers instead are the two timeouts that Node implements by `socket.setTimeout`, which on a
 * TcpSocket is a timer of the emulated machine. Thus a world on a manual clock is the same every time, and
 * nothing here keeps a process alive.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SiteConfig, WebConfig } from '../../../control/config.js';
import type { Network } from '../../../net/network.js';
import type { TcpServer } from '../../../net/tcp-server.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import type { Environment } from '../../machine.js';
import { UNKNOWN_TYPE } from '../content-type.js';
import { Reply, SERVER_NAME } from './reply.js';
import { httpDate, SiteFiles } from './site-files.js';
import { findRedirect, parseTarget, pathSegments, selectSite } from './sites.js';

/** A connection on which nothing moves for this long is closed. */
const IDLE_TIMEOUT_MS = 120_000;
/** How long a connection is kept for another request. Announced to the client. */
const KEEP_ALIVE_TIMEOUT_MS = 15_000;
/** Longest body that is echoed, bytes. */
const MAX_ECHO_BYTES = 16 * 1024 * 1024;

const FILE_METHODS = 'GET, HEAD, OPTIONS';

export class WebServer {
  readonly port: number;
  private readonly sites: readonly SiteConfig[];
  private readonly env: Environment;
  private readonly http: Server;
  private readonly listener: TcpServer;
  private readonly sockets = new Set<TcpSocket>();

  constructor(network: Network, config: WebConfig, env: Environment) {
    this.port = config.port ?? 80;
    this.sites = config.sites;
    this.env = env;
    this.http = createServer({ requestTimeout: 0, headersTimeout: 0 });
    this.http.timeout = IDLE_TIMEOUT_MS;
    this.http.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    this.http.on('request', (request, response) => this.serve(request, response));
    this.http.on('clientError', (error, socket) => this.refuse(error, socket));
    const options = { program: 'web-server', allowHalfOpen: true, noDelay: true };
    this.listener = network.createServer(options, (socket) => this.accept(socket));
    this.listener.on('error', (error) => env.log.error({ err: error }, 'web server failed'));
  }

  start(): void {
    this.listener.listen({ port: this.port }, () => {
      const names = this.sites.flatMap((site) => site.names);
      this.env.log.info({ port: this.port, sites: names }, `serving ${names.join(', ')} on port ${this.port}`);
    });
  }

  /** Accepts no more connections and closes those that there are. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.listener.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(socket: TcpSocket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    this.http.emit('connection', socket);
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const reply = new Reply(request, response, this.env);
    this.answer(reply).catch((error) => reply.fail(error));
  }

  private async answer(reply: Reply): Promise<void> {
    const { method, url = '', headers } = reply.request;
    if (method === 'OPTIONS' && url === '*') {
      reply.set('Allow', FILE_METHODS).send(204);
      return;
    }
    const target = parseTarget(url);
    if (target === undefined) {
      reply.sendPage(400, 'This is no address of a page.');
      return;
    }
    const site = selectSite(this.sites, target.host ?? headers.host);
    const redirect = findRedirect(site?.redirects ?? [], target);
    if (redirect) reply.redirect(redirect.status, redirect.location);
    else if (site === undefined) reply.sendPage(404, 'There is no site here.');
    else if (site.echoPath === target.path) await echo(reply);
    else if (method === 'OPTIONS') reply.set('Allow', FILE_METHODS).send(204);
    else if (method !== 'GET' && method !== 'HEAD') reply.refuseMethod(FILE_METHODS);
    else await this.serveFile(reply, site, target.path, target.query);
  }

  private async serveFile(reply: Reply, site: SiteConfig, path: string, query: string): Promise<void> {
    const segments = pathSegments(path);
    if (segments === undefined) {
      reply.sendPage(400, 'There can be no such path.');
      return;
    }
    if (site.root === undefined) {
      reply.sendPage(404, 'This site has no files.');
      return;
    }
    const files = new SiteFiles(this.env.files, site.root);
    const found = await files.find(segments);
    if (found.kind === 'file') {
      reply.sendFile(found.file);
    } else if (found.kind === 'folder') {
      // A leading "//" would name another host.
      reply.redirect(301, `${path.replace(/^\/+/, '/')}/${query}`);
    } else {
      const page = await files.notFoundPage();
      if (page) reply.sendNotFound(page);
      else reply.sendPage(404, `There is no ${path} here.`);
    }
  }

  /** What came in is not HTTP. The answer is written by hand, for there is no request to answer. */
  private refuse(error: Error & { code?: string }, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    this.env.log.warn({ code: error.code }, `bad request: ${error.message}`);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Date: ${httpDate(this.env.wallClock())}`,
      `Server: ${SERVER_NAME}`,
      'Content-Length: 0',
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n`);
  }
}

/** Sends the request's body back, as it came. */
async function echo(reply: Reply): Promise<void> {
  const { request } = reply;
  if (request.method !== 'POST') {
    reply.refuseMethod('POST');
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    // The rest is read and forgotten: a client that still sends would not see an answer behind a reset.
    if (length <= MAX_ECHO_BYTES) chunks.push(chunk);
  }
  if (length > MAX_ECHO_BYTES) {
    reply.sendPage(413, 'The body is too long to be sent back.');
    return;
  }
  reply.set('Content-Type', request.headers['content-type'] ?? UNKNOWN_TYPE).send(200, Buffer.concat(chunks, length));
}
