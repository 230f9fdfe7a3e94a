/** What the parts of `nc` share. */
import type { SocketError } from '../../net/socket-errors.js';
import type { CommandIo } from './command.js';
import { serviceName } from './names.js';

export interface NcOptions {
  readonly udp: boolean;
  readonly verbose: boolean;
  /** `-k`: take one connection after the other. */
  readonly keepListening: boolean;
  /** `-N`: tell the peer when standard input ends. */
  readonly shutdownAtEnd: boolean;
  /** `-w`: to connect, and of silence afterwards. */
  readonly timeoutMs: number | undefined;
  /** `-q`: from the end of standard input to our own. */
  readonly quitMs: number | undefined;
  readonly sourcePort: number | undefined;
}

export interface NcTarget {
  /** As the user wrote it. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** What nc says about a failed connect, in strerror(3)'s words. */
export function problemText(error: SocketError): string {
  const texts: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'Connection refused',
    ECONNRESET: 'Connection reset by peer',
    EHOSTUNREACH: 'No route to host',
    ENETUNREACH: 'Network is unreachable',
    ETIMEDOUT: 'Connection timed out',
    EADDRINUSE: 'Address already in use',
    EACCES: 'Permission denied',
  };
  return texts[error.code] ?? error.message;
}

/** On stderr, with `-v`. */
export function tellSuccess(target: NcTarget, options: NcOptions, io: CommandIo): void {
  if (!options.verbose) return;
  const name = serviceName(target.port);
  const service = `${options.udp ? 'udp' : 'tcp'}/${name === String(target.port) ? '*' : name}`;
  io.stderr(`Connection to ${target.host} ${target.port} port [${service}] succeeded!\n`);
}

/** Standard input that several connections may use up one after the other: what one has not taken is the next one's. */
export class Input {
  private readonly iterator: AsyncIterator<string | Uint8Array>;
  private pending: Promise<IteratorResult<string | Uint8Array>> | undefined;

  constructor(source: AsyncIterable<string | Uint8Array>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  /** The next piece; undefined at the end, and once `stopped` resolves before it is there. */
  async next(stopped: Promise<unknown>): Promise<Uint8Array | undefined> {
    this.pending ??= this.iterator.next();
    const result = await Promise.race([this.pending, stopped.then(() => undefined)]);
    if (result === undefined) return undefined;
    if (result.done) return undefined;
    this.pending = undefined;
    return typeof result.value === 'string' ? new TextEncoder().encode(result.value) : result.value;
  }
}
