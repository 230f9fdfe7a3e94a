/**
 * A web server: Node's own HTTP parser on sockets of the emulated network, several sites behind one port.
 *
 * Time is the machine's, never the operating system's. Node's request and header timeouts look at the real
 * clock from a real interval, so they are off (0), and that interval is never started: Node starts it on
 * 'listening', which our http.Server never gets, for connections are handed to it one by one. What guards against
 * silent peers instead are the two timeouts that Node implements by `socket.setTimeout`, which on a
 * TcpSocket is a timer of the emulated machine. Thus a world on a manual clock is the same every time, and
 * nothing here keeps a process alive.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SiteConfig, WebConfig } from '../../control/config.js';
import type { Network } from '../../net/network.js';
import type { TcpServer } from '../../net/tcp-server.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { Environment } from '../machine.js';
import { UNKNOWN_TYPE } from './content-type.js';
import { entityTag, httpDate, isUnchanged, type SiteFile, SiteFiles } from './site-files.js';
import { findRedirect, parseTarget, pathSegments, selectSite, type Target } from './sites.js';

/** A connection on which nothing moves for this long is closed. */
const IDLE_TIMEOUT_MS = 120_000;
/** How long a connection is kept for another request. Announced to the client. */
const KEEP_ALIVE_TIMEOUT_MS = 15_000;
/** Longest body that is echoed, bytes. */
const MAX_ECHO_BYTES = 16 * 1024 * 1024;

const SERVER_NAME = 'Netarium';
const ALLOWED_ON_FILES = 'GET, HEAD, OPTIONS';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly site: SiteConfig;
}

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
    this.http = createServer({ requestTimeout: 0, headersTimeout: 0, connectionsCheckingInterval: 2 ** 31 - 1 });
    this.http.timeout = IDLE_TIMEOUT_MS;
    this.http.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    this.http.on('request', (request, response) => this.serve(request, response));
    this.http.on('clientError', (error, socket) => this.refuse(error, socket));
    this.listener = network.createServer({ program: 'web-server' }, (socket) => this.accept(socket));
    this.listener.on('error', (error) => env.log.error({ err: error }, 'web server failed'));
  }

  start(): void {
    this.listener.listen({ port: this.port }, () => {
      const names = this.sites.flatMap((site) => site.names);
      this.env.log.info({ port: this.port, sites: names }, `serving ${names.join(', ')} on port ${this.port}`);
    });
  }

  /** Accepts no more connections and cuts those that there are. */
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
    response.sendDate = false;
    response.setHeader('Date', httpDate(this.env.wallClock()));
    response.setHeader('Server', SERVER_NAME);
    this.answer(request, response).catch((error) => {
      this.env.log.error({ err: error, url: request.url }, 'request failed');
      if (response.headersSent) response.destroy();
      else this.sendPage(request, response, 500, 'The server could not do this.');
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '*' && request.method === 'OPTIONS') {
      response.setHeader('Allow', ALLOWED_ON_FILES);
      this.send(request, response, 204);
      return;
    }
    const target = parseTarget(request.url ?? '');
    const site = selectSite(this.sites, target?.host ?? request.headers.host);
    if (target === undefined) return this.sendPage(request, response, 400, 'This is no address of a page.');
    if (site === undefined) return this.sendPage(request, response, 404, 'There is no site here.');
    const redirect = findRedirect(site.redirects ?? [], target);
    if (redirect) {
      response.setHeader('Location', encodeURI(redirect.location).replace(/%25/g, '%'));
      return this.sendPage(request, response, redirect.status, 'The page has moved.', redirect.location);
    }
    const exchange = { request, response, target, site };
    if (site.echoPath === target.path) return this.echo(exchange);
    return this.serveFile(exchange);
  }

  private async echo(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    if (request.method !== 'POST') return this.refuseMethod(exchange, 'POST');
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_ECHO_BYTES) {
        response.setHeader('Connection', 'close');
        return this.sendPage(request, response, 413, 'The body is too long to be sent back.');
      }
      chunks.push(chunk);
    }
    response.setHeader('Content-Type', request.headers['content-type'] ?? UNKNOWN_TYPE);
    this.send(request, response, 200, Buffer.concat(chunks, length));
  }

  private async serveFile(exchange: Exchange): Promise<void> {
    const { request, response, target, site } = exchange;
    if (request.method === 'OPTIONS') {
      response.setHeader('Allow', ALLOWED_ON_FILES);
      return this.send(request, response, 204);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return this.refuseMethod(exchange, ALLOWED_ON_FILES);
    const segments = pathSegments(target.path);
    if (segments === undefined) return this.sendPage(request, response, 400, 'This path cannot be.');
    if (site.root === undefined) return this.sendPage(request, response, 404, 'There is nothing here.');
    const files = new SiteFiles(this.env.files, site.root);
    const found = await files.find(segments);
    if (found.kind === 'file') return this.sendFile(exchange, 200, found.file);
    if (found.kind === 'folder') {
      // A leading "//" would name another host.
      const location = `${target.path.replace(/^\/+/, '/')}/${target.query}`;
      response.setHeader('Location', location);
      return this.sendPage(request, response, 301, 'The page has moved.', location);
    }
    const page = await files.notFoundPage();
    if (page) return this.sendFile(exchange, 404, page);
    return this.sendPage(request, response, 404, `There is no ${target.path} here.`);
  }

  private refuseMethod({ request, response }: Exchange, allowed: string): void {
    response.setHeader('Allow', allowed);
    this.sendPage(request, response, 405, `${request.method} is not possible here, but ${allowed}.`);
  }

  private sendFile({ request, response }: Exchange, status: number, file: SiteFile): void {
    if (status === 200) {
      response.setHeader('Last-Modified', httpDate(file.modifiedMs));
      response.setHeader('ETag', entityTag(file));
      const conditions = {
        ifNoneMatch: request.headers['if-none-match'],
        ifModifiedSince: request.headers['if-modified-since'],
      };
      if (isUnchanged(file, conditions)) return this.send(request, response, 304, undefined, file.name);
    }
    response.setHeader('Content-Type', file.contentType);
    this.send(request, response, status, file.bytes, file.name);
  }

  /** A small page of the server's own. */
  private sendPage(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    text: string,
    link?: string,
  ): void {
    const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
    const anchor = link === undefined ? '' : `<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>\n`;
    const page = `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>${escapeHtml(text)}</p>\n${anchor}`;
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    this.send(request, response, status, Buffer.from(page));
  }

  private send(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    body?: Uint8Array,
    file?: string,
  ): void {
    response.statusCode = status;
    if (body) response.setHeader('Content-Length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
    const { method = '', socket } = request;
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const url = `http://${request.headers.host ?? ''}${request.url}`;
    this.env.tracer.emit({ event: 'http-served', remote, method, url, status, file });
    this.env.log.info({ remote, method, url, status, bytes: body?.length ?? 0, file }, `${method} ${url} ${status}`);
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

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
