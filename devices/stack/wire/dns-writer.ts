/** An output buffer for DNS messages that remembers where names stand, so that later ones can point to them. */
import { writeU16, writeU32 } from './bytes.js';
import { labelBytes, MAX_LABEL_BYTES, MAX_NAME_BYTES, nameLabels } from './dns-name.js';

/** RFC 1035 section 4.1.4: a pointer has 14 bits for its offset. */
const POINTER_REACH = 0x4000;

export class DnsWriter {
  private buffer = new Uint8Array(512);
  /** Suffix → offset, in exactly this case: a pointer must not change the case of a name. */
  private readonly suffixes = new Map<string, number>();
  length = 0;

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    writeU16(this.buffer, this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    writeU32(this.buffer, this.length, value);
    this.length += 4;
  }

  bytes(bytes: ArrayLike<number>): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Writes over what stands at `offset`. */
  patchU16(offset: number, value: number): void {
    writeU16(this.buffer, offset, value);
  }

  /** Throws RangeError for a name that breaks the limits: names are checked where they come in. */
  name(name: string): void {
    this.labels(name, true);
  }

  /** A name in data of a type whose names must not be compressed (RFC 3597 section 4, RFC 2782); others may point to it. */
  plainName(name: string): void {
    this.labels(name, false);
  }

  private labels(name: string, compress: boolean): void {
    const labels = nameLabels(name);
    const start = this.length;
    let wireLength = 1;
    for (let i = 0; i < labels.length; i++) {
      const suffix = labels.slice(i).join('.');
      const known = this.suffixes.get(suffix);
      if (compress && known !== undefined) {
        this.u16(0xc000 | known);
        return;
      }
      if (known === undefined && this.length < POINTER_REACH) this.suffixes.set(suffix, this.length);
      const bytes = labelBytes(labels[i]);
      wireLength += 1 + bytes.length;
      if (bytes.length === 0 || bytes.length > MAX_LABEL_BYTES || wireLength > MAX_NAME_BYTES) {
        this.rollback(start);
        throw new RangeError(`not a domain name: ${name}`);
      }
      this.u8(bytes.length);
      this.bytes(bytes);
    }
    this.u8(0);
  }

  /** Forgets everything behind `length`. */
  rollback(length: number): void {
    this.length = length;
    for (const [suffix, offset] of this.suffixes) if (offset >= length) this.suffixes.delete(suffix);
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
