/**
 * Reads what TLS's presentation language describes (RFC 8446 section 3): numbers, and vectors with their length before
 * them. Beyond the end everything is 0 or empty, and the reader has failed.
 */
import { readU16 } from './bytes.js';

export class TlsReader {
  hasFailed = false;
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.hasFailed || this.at >= this.bytes.length;
  }

  u8(): number {
    const bytes = this.take(1);
    return bytes.length === 0 ? 0 : bytes[0];
  }

  u16(): number {
    const bytes = this.take(2);
    return bytes.length === 0 ? 0 : readU16(bytes, 0);
  }

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (this.hasFailed || end > this.bytes.length) {
      this.hasFailed = true;
      return new Uint8Array(0);
    }
    const bytes = this.bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** `width`: bytes of the length. */
  vector(width: 1 | 2): Uint8Array {
    return this.take(width === 1 ? this.u8() : this.u16());
  }

  /** What `read` makes of a vector; it fails as its content does. */
  within<T>(width: 1 | 2, read: (content: TlsReader) => T): T {
    const content = new TlsReader(this.vector(width));
    const value = read(content);
    if (content.hasFailed) this.hasFailed = true;
    return value;
  }

  /** All that is left, as numbers of two bytes. */
  numbers(): number[] {
    const numbers: number[] = [];
    while (!this.isAtEnd) {
      const number = this.u16();
      if (!this.hasFailed) numbers.push(number);
    }
    return numbers;
  }
}
