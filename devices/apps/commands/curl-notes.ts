/** What `curl -v` tells on standard error: `*` for what curl does, `>` for what it sends, `<` for what comes. */
import type { HeaderList, HttpConnection, RequestMessage, ResponseMessage } from '../web/client/message.js';
import { requestTarget } from '../web/url-parts.js';
import type { CommandIo } from './command.js';

export interface CurlNotesOptions {
  readonly verbose: boolean;
  readonly insecure: boolean;
}

export class CurlNotes {
  private readonly io: CommandIo;
  private readonly verbose: boolean;
  private readonly insecure: boolean;

  constructor(io: CommandIo, { verbose, insecure }: CurlNotesOptions) {
    this.io = io;
    this.verbose = verbose;
    this.insecure = insecure;
  }

  note(text: string): void {
    if (this.verbose) this.io.stderr(`* ${text}\n`);
  }

  request(connection: HttpConnection, message: RequestMessage): void {
    const { method, url, headers } = message;
    if (connection.protocol === 'HTTP/2') this.stream(connection, message);
    this.prefixed('>', [`${method} ${requestTarget(url)} ${connection.protocol}`, ...lines(headers), '']);
  }

  /** The head, as `-i` shows it. */
  response({ status, statusText, headers }: ResponseMessage, { protocol }: HttpConnection): string {
    const head = [`${protocol} ${status} ${statusText}`, ...lines(headers)];
    this.prefixed('<', [...head, '']);
    return `${head.join('\r\n')}\r\n\r\n`;
  }

  secure({ secure, protocol }: HttpConnection): void {
    if (secure === undefined) return;
    const date = (ms: number) => new Date(ms).toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) ([\d:]+)/, '$2 $1 $4 $3');
    this.note(`SSL connection using ${secure.protocol} / ${secure.cipher}`);
    this.note(secure.alpn === '' ? 'ALPN: server did not agree on a protocol' : `ALPN: server accepted ${secure.alpn}`);
    this.note('Server certificate:');
    this.note(` subject: CN=${secure.subject}`);
    this.note(` start date: ${date(secure.validFrom)}`);
    this.note(` expire date: ${date(secure.validTo)}`);
    this.note(` subjectAltName: ${secure.names.join(', ')}`);
    this.note(` issuer: CN=${secure.issuer}`);
    this.note(` SSL certificate verify ${this.insecure ? 'result is not asked for' : 'ok.'}`);
    this.note(`using ${protocol}`);
  }

  /** What HTTP/2 really sends: the lines with `>` are curl's way of showing it. */
  private stream(connection: HttpConnection, message: RequestMessage): void {
    // RFC 9113 section 5.1.1: those of clients are odd.
    const stream = `[HTTP/2] [${2 * connection.taken - 1}]`;
    this.note(`${stream} OPENED stream for ${message.url.href}`);
    for (const [name, value] of connection.fields(message)) this.note(`${stream} [${name}: ${value}]`);
  }

  private prefixed(mark: '<' | '>', text: readonly string[]): void {
    if (this.verbose) for (const line of text) this.io.stderr(`${mark} ${line}\n`);
  }
}

function lines(headers: HeaderList): string[] {
  return headers.map(([name, value]) => `${name}: ${value}`);
}
