/** Where a live capture's bytes go. A reader that is too slow for them must not fill the memory: it is told what it missed. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { openPrivateFile } from './private-file.js';

/** About half a minute of a busy lab. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export class ByteSink {
  /** Accepted so far. */
  bytes = 0;
  /** Rejects with the system's error when the bytes cannot be written. */
  readonly failed: Promise<never>;
  private readonly stream: Writable;
  private readonly closes: boolean;
  private readonly maxWaitingBytes: number;

  /** `closes`: the stream ends with the capture, as standard output does not. */
  constructor(stream: Writable, closes: boolean, maxWaitingBytes = MAX_WAITING_BYTES) {
    this.stream = stream;
    this.closes = closes;
    this.maxWaitingBytes = maxWaitingBytes;
    this.failed = once(stream, 'error').then(([error]) => Promise.reject(error));
    this.failed.catch(() => {});
  }

  /** An existing file is replaced. Resolves when it is open (a named pipe: when somebody reads); rejects with the system's error. */
  static async file(path: string): Promise<ByteSink> {
    return new ByteSink((await openPrivateFile(path)).createWriteStream(), true);
  }

  /** False, and nothing is written, while too much waits for the reader. */
  offer(bytes: Uint8Array): boolean {
    if (this.stream.writableLength + bytes.length > this.maxWaitingBytes) return false;
    this.write(bytes);
    return true;
  }

  /** For the little without which the rest cannot be read. */
  write(bytes: Uint8Array): void {
    this.stream.write(bytes);
    this.bytes += bytes.length;
  }

  /** What `run` writes goes out in one piece. */
  batch(run: () => void): void {
    this.stream.cork();
    try {
      run();
    } finally {
      this.stream.uncork();
    }
  }

  /** Resolves when all is written. */
  async end(): Promise<void> {
    const written = new Promise<void>((resolve) => {
      if (this.closes) this.stream.end(resolve);
      else this.stream.write('', () => resolve());
    });
    await Promise.race([written, this.failed]);
  }
}
