/** Reads exact numbers of bytes off a socket, and leaves the rest in it for who comes next. */
import type { Socket } from 'node:net';
import type { ByteSource } from './socks-messages.js';

export class SocketReader implements ByteSource {
  private readonly socket: Socket;
  private wake = () => {};

  /** The socket's data is this reader's until {@link release}. */
  constructor(socket: Socket) {
    this.socket = socket;
    for (const event of EVENTS) socket.on(event, this.changed);
  }

  /** Rejects when the socket ends before, or closes. */
  async take(length: number): Promise<Uint8Array> {
    const { socket } = this;
    if (length === 0) return new Uint8Array(0);
    for (;;) {
      const bytes = socket.read(length) as Buffer | null;
      if (bytes?.length === length) return bytes;
      // What is read at the end of a stream may be less than was asked for.
      if (bytes !== null || socket.readableEnded || socket.destroyed) throw new Error('the client has gone');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  release(): void {
    for (const event of EVENTS) this.socket.off(event, this.changed);
  }

  private readonly changed = () => this.wake();
}

const EVENTS = ['readable', 'end', 'close'] as const;
