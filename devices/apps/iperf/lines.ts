/** Lines of text at the beginning of, or all along, a TCP connection. */
import type { TcpSocket } from '../../net/tcp-socket.js';

/** A peer that says more than this in one line speaks something else. */
const MAX_LINE_BYTES = 65_536;
const NEWLINE = 0x0a;

export class LineReader {
  private readonly socket: TcpSocket;
  private pending: Buffer = Buffer.alloc(0);

  constructor(socket: TcpSocket) {
    this.socket = socket;
  }

  /**
   * The next line without its end. Undefined when the connection ends or fails before, or the line is too long. What
   * follows the line stays unread.
   */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.pending.indexOf(NEWLINE);
      if (end >= 0) {
        const line = this.pending.toString('utf8', 0, end);
        this.pending = this.pending.subarray(end + 1);
        return line;
      }
      if (this.pending.length > MAX_LINE_BYTES) return undefined;
      const chunk = await this.more();
      if (chunk === undefined) return undefined;
      this.pending = Buffer.concat([this.pending, chunk]);
    }
  }

  /** No more lines: what was read beyond them is the connection's again. */
  release(): void {
    if (this.pending.length > 0) this.socket.unshift(this.pending);
    this.pending = Buffer.alloc(0);
  }

  private async more(): Promise<Buffer | undefined> {
    const { socket } = this;
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (socket.readableEnded || socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        const done = () => {
          for (const event of EVENTS) socket.off(event, done);
          resolve();
        };
        for (const event of EVENTS) socket.on(event, done);
      });
    }
  }
}

const EVENTS = ['readable', 'end', 'error', 'close'] as const;
