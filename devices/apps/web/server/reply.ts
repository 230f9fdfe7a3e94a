/** One request of the web server and the answer that it gets. Whatever is sent is logged and traced here. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Environment } from '../../machine.js';
import { entityTag, httpDate, isUnchanged, type SiteFile } from './site-files.js';

export const SERVER_NAME = 'Netarium';

export class Reply {
  readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly env: Environment;

  constructor(request: IncomingMessage, response: ServerResponse, env: Environment) {
    this.request = request;
    this.response = response;
    this.env = env;
    // Node would write the real time of day, which no two runs of a seeded world share.
    response.sendDate = false;
    this.set('Date', httpDate(env.wallClock()));
    this.set('Server', SERVER_NAME);
  }

  /** Throws TypeError for a value that cannot stand in a header. */
  set(header: string, value: string | number): this {
    this.response.setHeader(header, value);
    return this;
  }

  /** The whole answer. `file` is for the log. HEAD gets the headers of a GET alone. */
  send(status: number, body?: Uint8Array, file?: string): void {
    this.response.statusCode = status;
    if (body) this.set('Content-Length', body.length);
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
    const { method = '', socket, headers } = this.request;
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const url = `http://${headers.host ?? ''}${this.request.url}`;
    this.env.tracer.emit({ event: 'http-served', remote, method, url, status, file });
    this.env.log.info({ remote, method, url, status, bytes: body?.length ?? 0, file }, `${method} ${url} ${status}`);
  }

  /** A file, or 304 to a client that has it. */
  sendFile(file: SiteFile): void {
    this.set('Last-Modified', httpDate(file.modifiedMs)).set('ETag', entityTag(file));
    const { 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = this.request.headers;
    if (isUnchanged(file, { ifNoneMatch, ifModifiedSince })) this.send(304, undefined, file.name);
    else this.set('Content-Type', file.contentType).send(200, file.bytes, file.name);
  }

  /** A file of the site that says that there is no such file. */
  sendNotFound(page: SiteFile): void {
    this.set('Content-Type', page.contentType).send(404, page.bytes, page.name);
  }

  /** A small page of the server's own. */
  sendPage(status: number, text: string, link?: string): void {
    const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
    const anchor = link === undefined ? '' : `<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>\n`;
    const page = `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>${escapeHtml(text)}</p>\n${anchor}`;
    this.set('Content-Type', 'text/html; charset=utf-8').send(status, Buffer.from(page));
  }

  redirect(status: number, location: string): void {
    this.set('Location', encodeLocation(location)).sendPage(status, 'The page has moved.', location);
  }

  refuseMethod(allowed: string): void {
    this.set('Allow', allowed).sendPage(405, `${this.request.method} is not possible here, but ${allowed}.`);
  }

  /** Something broke while the answer was made. */
  fail(error: unknown): void {
    this.env.log.error({ err: error, url: this.request.url }, 'request failed');
    if (this.response.headersSent) this.response.destroy();
    else this.sendPage(500, 'The server could not do this.');
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Percent-encodes what may not stand in a header, and leaves alone what is encoded already. */
function encodeLocation(location: string): string {
  return encodeURI(location).replace(/%25/g, '%');
}
