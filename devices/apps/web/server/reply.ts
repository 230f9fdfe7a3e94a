/** One request of the web server and the answer that it gets. Whatever is sent is logged and traced here. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Environment } from '../../machine.js';
import type { AccessLog } from './access-log.js';
import { type Source, whole } from './body.js';
import type { Connection } from './connection.js';
import { httpDate } from './dates.js';
import type { SiteFile } from './site-files.js';

export const SERVER_NAME = 'Netarium';

/** A request as it came in: HTTP/1.1's own, or that of HTTP/2, which Node gives the same shape. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  /** The client waits for a word before it sends the body (RFC 9110 section 10.1.1). */
  readonly expectsContinue: boolean;
}

/** Looks for the site's own page of an error. */
export type ErrorPages = (status: number) => Promise<SiteFile | undefined>;

export class Reply {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  /** Set once it is known which site answers. */
  errorPages: ErrorPages = async () => undefined;
  readonly expectsContinue: boolean;
  private readonly env: Environment;
  private readonly accessLog: AccessLog | undefined;
  private readonly receivedAt: number;
  private recorded = false;
  private bodyIsWanted = false;

  constructor({ request, response, connection, expectsContinue }: Exchange, env: Environment, accessLog?: AccessLog) {
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.expectsContinue = expectsContinue;
    this.env = env;
    this.accessLog = accessLog;
    this.receivedAt = env.wallClock();
    // Node would write the real time of day, which no two runs of a seeded world share.
    response.sendDate = false;
    this.set('Date', httpDate(this.receivedAt));
    this.set('Server', SERVER_NAME);
  }

  /** The host that is asked, with its port: the Host header, or HTTP/2's :authority. */
  get host(): string | undefined {
    return this.request.headers[':authority']?.toString() ?? this.request.headers.host;
  }

  get isHttp2(): boolean {
    return this.request.httpVersionMajor === 2;
  }

  /** Whole; for logs. */
  get url(): string {
    // RFC 9112 section 3.2.2: the absolute form is all of it.
    if (/^https?:\/\//i.test(this.request.url ?? '')) return this.request.url ?? '';
    const scheme = this.connection.secure === undefined ? 'http' : 'https';
    return `${scheme}://${this.host ?? ''}${this.request.url}`;
  }

  /** Throws TypeError for a value that cannot stand in a header. */
  set(header: string, value: string | number | readonly string[]): this {
    this.response.setHeader(header, value);
    return this;
  }

  /** The client may send its body now. */
  acceptBody(): void {
    if (this.expectsContinue) this.response.writeContinue();
    this.bodyIsWanted = true;
  }

  /** The whole answer. `file` is for the log. HEAD gets the headers of a GET alone. */
  send(status: number, body?: Uint8Array, file?: string): void {
    this.response.statusCode = status;
    if (body) this.set('Content-Length', body.length);
    // Whether the body comes that nobody has asked for is not known: what follows could not be told from it.
    if (this.expectsContinue && !this.bodyIsWanted) this.closeAfterwards();
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
    this.record(status, body?.length, file);
  }

  /** The same for a body of which it is known how long it is, and which is read while it is sent. */
  async sendBody(status: number, length: number, body: Uint8Array | (() => Source), file?: string): Promise<void> {
    const source = typeof body === 'function' && this.request.method !== 'HEAD' ? body() : body;
    if (typeof source === 'function' || source instanceof Uint8Array) {
      this.set('Content-Length', length);
      this.send(status, source instanceof Uint8Array ? source : undefined, file);
      return;
    }
    this.response.statusCode = status;
    this.set('Content-Length', length);
    this.record(status, length, file);
    await pipeline(source, this.response);
  }

  /** The connection ends with this answer. */
  closeAfterwards(): this {
    if (!this.isHttp2) this.set('Connection', 'close');
    return this;
  }

  /** Into log and trace, once. `bytes`: of the body; undefined when there is none, or nobody knows. */
  record(status: number, bytes?: number, file?: string): void {
    if (this.recorded) return;
    this.recorded = true;
    const { method = '', headers, httpVersion } = this.request;
    const { remote, socket } = this.connection;
    const { url } = this;
    this.env.tracer.emit({ event: 'http-served', remote, method, url, status, file });
    this.env.log.info({ remote, method, url, status, bytes, file }, `${method} ${url} ${status}`);
    this.accessLog?.write({
      remoteAddress: socket.remoteAddress ?? '',
      atMs: this.receivedAt,
      requestLine: `${method} ${this.request.url} HTTP/${httpVersion}`,
      status,
      bytes: method === 'HEAD' ? undefined : bytes,
      referer: headers.referer,
      userAgent: headers['user-agent'],
    });
  }

  /** A small page of the server's own. */
  sendPage(status: number, text: string, link?: string): void {
    const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
    const anchor = link === undefined ? '' : `<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>\n`;
    const page = `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>${escapeHtml(text)}</p>\n${anchor}`;
    this.set('Content-Type', 'text/html; charset=utf-8').send(status, Buffer.from(page));
  }

  /** An error: with the site's own page where it has one, else with a small one. */
  async sendError(status: number, text: string): Promise<void> {
    const page = await this.errorPages(status);
    if (page === undefined) this.sendPage(status, text);
    else
      await this.set('Content-Type', page.contentType).sendBody(status, page.body.length, whole(page.body), page.name);
  }

  redirect(status: number, location: string): void {
    this.set('Location', encodeLocation(location)).sendPage(status, 'The page has moved.', location);
  }

  async refuseMethod(allowed: string): Promise<void> {
    await this.set('Allow', allowed).sendError(405, `${this.request.method} is not possible here, but ${allowed}.`);
  }

  /** The body does not come in time. */
  giveUp(): void {
    if (this.response.headersSent) this.response.destroy();
    else this.closeAfterwards().sendPage(408, 'The body did not come in time.');
  }

  /** Something broke while the answer was made. */
  fail(error: unknown): void {
    // The client has gone, or was turned away: there is nobody to tell.
    if (this.response.writableEnded || this.response.destroyed) return;
    this.env.log.error({ err: error, url: this.request.url }, 'request failed');
    if (this.response.headersSent) this.response.destroy();
    else this.sendError(500, 'The server could not do this.').catch(() => this.response.destroy());
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Percent-encodes what may not stand in a header, and leaves alone what is encoded already. */
function encodeLocation(location: string): string {
  return encodeURI(location).replace(/%25/g, '%');
}
