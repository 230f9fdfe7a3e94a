/** Chunks smaller than this are packed together: a peer that sends single bytes must not cost an object each. */
const SMALL_CHUNK = 512;
/** Packs start small and double: a block of few bytes between two holes must not cost a page of memory. */
const FIRST_PACK_SIZE = 32;
const PACK_SIZE = 4096;
const NO_BYTES = new Uint8Array(0);

/** Received bytes in order, kept as the pieces in which they came. All operations cost O(bytes) or less. */
export class ChunkQueue {
  private chunks: Uint8Array[] = [];
  /** Index of the first chunk that is not consumed. */
  private head = 0;
  private bytes = 0;
  /** The block into which small chunks are packed: the last chunk, if any is left, ends at its byte `packed`. */
  private pack: Uint8Array | undefined;
  private packed = 0;

  get length(): number {
    return this.bytes;
  }

  /** Keeps a view of `bytes` where that is cheap, a copy where a view would hold on to much more memory. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.bytes += bytes.length;
    this.append(bytes.length >= SMALL_CHUNK && bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes);
  }

  /** Moves everything out of `other`, behind what is here. */
  pushAll(other: ChunkQueue): void {
    for (let i = other.head; i < other.chunks.length; i++) this.append(other.chunks[i]);
    this.bytes += other.bytes;
    other.clear();
  }

  /** Up to `maxBytes` from the front: one chunk as it is, or several joined; undefined when empty. */
  take(maxBytes: number): Uint8Array | undefined {
    if (this.bytes === 0 || maxBytes <= 0) return undefined;
    const first = this.chunks[this.head];
    const count = Math.min(maxBytes, this.bytes);
    if (count <= first.length) return this.takeFromFirst(first, count);
    const joined = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const chunk = this.chunks[this.head];
      const part = this.takeFromFirst(chunk, Math.min(chunk.length, count - at));
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  clear(): void {
    this.chunks = [];
    this.head = 0;
    this.bytes = 0;
    this.pack = undefined;
  }

  private append(chunk: Uint8Array): void {
    if (chunk.length < SMALL_CHUNK) this.packSmall(chunk);
    else {
      this.pack = undefined;
      this.chunks.push(chunk);
    }
  }

  private packSmall(bytes: Uint8Array): void {
    const last = this.chunks.length > this.head ? this.chunks[this.chunks.length - 1] : undefined;
    let { pack } = this;
    let joinsLast = last !== undefined;
    let start = last === undefined ? this.packed : last.byteOffset;
    if (pack === undefined || this.packed + bytes.length > pack.length) {
      // A last chunk that is small moves along into the new block, so that neighbours share one.
      joinsLast = last !== undefined && last.length < (pack === undefined ? SMALL_CHUNK : PACK_SIZE / 2);
      const moved = last !== undefined && joinsLast ? last : NO_BYTES;
      const needed = moved.length + bytes.length;
      pack = new Uint8Array(Math.min(PACK_SIZE, Math.max(FIRST_PACK_SIZE, 2 * needed)));
      pack.set(moved);
      start = 0;
      this.pack = pack;
      this.packed = moved.length;
    }
    pack.set(bytes, this.packed);
    this.packed += bytes.length;
    const view = pack.subarray(start, this.packed);
    if (joinsLast) this.chunks[this.chunks.length - 1] = view;
    else this.chunks.push(view);
  }

  private takeFromFirst(first: Uint8Array, count: number): Uint8Array {
    this.bytes -= count;
    if (count < first.length) {
      this.chunks[this.head] = first.subarray(count);
      return first.subarray(0, count);
    }
    this.head += 1;
    // Compacting when half is consumed keeps the cost of a chunk constant on average.
    if (this.head === this.chunks.length) {
      this.chunks = [];
      this.head = 0;
    } else if (this.head >= 64 && this.head * 2 >= this.chunks.length) {
      this.chunks = this.chunks.slice(this.head);
      this.head = 0;
    }
    return first;
  }
}
