const INITIAL_CAPACITY = 4096;

/**
 * The bytes from SND.UNA on: sent and not acknowledged, then not yet sent. A ring that doubles up to its limit:
 * any byte is found by its offset at once, acknowledged ones are dropped without moving the rest.
 */
export class SendBuffer {
  /** Bytes held at most; may grow. */
  limit: number;
  private ring = new Uint8Array(0);
  private start = 0;
  private used = 0;

  /** `limit`: bytes held at most. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.used;
  }

  get free(): number {
    return this.limit - this.used;
  }

  /** Copies as much as fits below the limit; returns how many bytes that were. */
  append(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.free);
    if (count === 0) return 0;
    this.reserve(this.used + count);
    const at = (this.start + this.used) % this.ring.length;
    const untilEnd = Math.min(count, this.ring.length - at);
    this.ring.set(bytes.subarray(0, untilEnd), at);
    if (untilEnd < count) this.ring.set(bytes.subarray(untilEnd, count), 0);
    this.used += count;
    return count;
  }

  /** A view for immediate use, or a copy where the ring wraps. `offset + count` must not exceed {@link length}. */
  peek(offset: number, count: number): Uint8Array {
    if (offset < 0 || count < 0 || offset + count > this.used) throw new RangeError('peek outside the send buffer');
    if (count === 0) return EMPTY;
    const at = (this.start + offset) % this.ring.length;
    const untilEnd = this.ring.length - at;
    if (count <= untilEnd) return this.ring.subarray(at, at + count);
    const joined = new Uint8Array(count);
    joined.set(this.ring.subarray(at));
    joined.set(this.ring.subarray(0, count - untilEnd), untilEnd);
    return joined;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    if (count < 0 || count > this.used) throw new RangeError('drop outside the send buffer');
    this.used -= count;
    this.start = this.used === 0 ? 0 : (this.start + count) % this.ring.length;
  }

  /** Gives the memory back. */
  clear(): void {
    this.ring = EMPTY;
    this.start = 0;
    this.used = 0;
  }

  private reserve(needed: number): void {
    if (needed <= this.ring.length) return;
    let capacity = Math.max(INITIAL_CAPACITY, this.ring.length);
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.peek(0, this.used));
    this.ring = grown;
    this.start = 0;
  }
}

const EMPTY = new Uint8Array(0);
