/** What a stream was given to write and its connection has not taken yet. */

/** Small chunks are joined up to this size, so that a header and its body leave in one segment. */
const JOIN_BYTES = 65_536;

/** Takes bytes; returns how many: less than all when it is full. */
type Sink = (bytes: Uint8Array) => number;
export type WriteCallback = (error?: Error | null) => void;

export class PendingWrite {
  /** Called by the socket once all is taken, or with the error that ended it. */
  readonly callback: WriteCallback;
  readonly byteLength: number;
  private readonly chunks: Uint8Array[];
  private offset = 0;

  constructor(chunks: Uint8Array[], callback: WriteCallback) {
    this.chunks = joinSmall(chunks);
    this.byteLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.callback = callback;
  }

  get done(): boolean {
    return this.chunks.length === 0;
  }

  /** Hands over as much as the sink takes; returns the number of bytes. */
  flush(sink: Sink): number {
    let total = 0;
    while (this.chunks.length > 0) {
      const chunk = this.chunks[0];
      const rest = this.offset === 0 ? chunk : chunk.subarray(this.offset);
      const taken = rest.length === 0 ? 0 : sink(rest);
      total += taken;
      if (taken < rest.length) {
        this.offset += taken;
        break;
      }
      this.chunks.shift();
      this.offset = 0;
    }
    return total;
  }
}

function joinSmall(chunks: Uint8Array[]): Uint8Array[] {
  if (chunks.length < 2) return chunks;
  const joined: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let groupBytes = 0;
  const close = () => {
    if (group.length > 0) joined.push(group.length === 1 ? group[0] : Buffer.concat(group, groupBytes));
    group = [];
    groupBytes = 0;
  };
  for (const chunk of chunks) {
    if (groupBytes + chunk.length > JOIN_BYTES) close();
    group.push(chunk);
    groupBytes += chunk.length;
  }
  close();
  return joined;
}
