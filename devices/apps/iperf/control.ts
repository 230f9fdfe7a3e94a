/** The connection on which client and server of `iperf` arrange a test. */
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { LineReader } from './lines.js';
import { type Message, type Messages, parseMessage } from './protocol.js';

/** What went wrong with a test, in words for the user. */
export class IperfError extends Error {}

export class Control {
  readonly socket: TcpSocket;
  private readonly lines: LineReader;

  constructor(socket: TcpSocket, lines: LineReader) {
    this.socket = socket;
    this.lines = lines;
  }

  send(message: Message): void {
    if (this.socket.writable) this.socket.write(`${JSON.stringify(message)}\n`);
  }

  /** The value of the next message, which must be of that kind. Throws IperfError for anything else, and at the end. */
  async expect<K extends Exclude<keyof Messages, 'error'>>(key: K): Promise<Messages[K]> {
    const line = await this.lines.next();
    if (line === undefined) throw new IperfError('control socket has closed unexpectedly');
    const message = parseMessage(line);
    if (message === undefined) throw new IperfError('unable to understand the peer: it speaks another protocol');
    if (message.error !== undefined) throw new IperfError(`the peer says: ${message.error}`);
    const value = message[key];
    if (value === undefined) throw new IperfError('the peer is out of step');
    return value as Messages[K];
  }
}
