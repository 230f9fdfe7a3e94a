import { ChunkQueue } from './chunk-queue.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt, seqMax } from './seqnum.js';

/** Received bytes without a hole between them, beyond RCV.NXT. */
export interface Block {
  start: SequenceNumber;
  /** Just after the last byte. */
  end: SequenceNumber;
  readonly chunks: ChunkQueue;
}

/**
 * The out-of-order queue: blocks sorted by sequence number, never touching each other (the shape of SACK blocks).
 * Bounded twice: the receiver hands in only bytes inside its window, and at most {@link MAX_BLOCKS} holes are kept.
 */
export const MAX_BLOCKS = 256;

export class Reassembly {
  readonly blocks: Block[] = [];
  private held = 0;

  /** Bytes held. */
  get length(): number {
    return this.held;
  }

  /**
   * Keeps those bytes that are not there yet; what came first stays. Returns the number of bytes kept; fewer
   * than given when parts were there already or when there are too many holes.
   */
  insert(seq: SequenceNumber, bytes: Uint8Array): number {
    const end = seqAdd(seq, bytes.length);
    const before = this.held;
    const index = this.firstEndingAtOrAfter(seq);
    if (!this.openBlock(index, seq)) return 0;
    const block = this.blocks[index];
    // Fill one gap after the other: each turn reaches the end, or joins the block that closes the gap.
    for (let at = seqMax(seq, block.end); seqLt(at, end); at = block.end) {
      const next = this.blocks[index + 1];
      const gapEnd = next !== undefined && seqGt(end, next.start) ? next.start : end;
      const missing = bytes.subarray(seqDiff(at, seq), seqDiff(gapEnd, seq));
      block.chunks.push(missing);
      block.end = gapEnd;
      this.held += missing.length;
      this.joinWithNext(index);
    }
    return this.held - before;
  }

  /** Moves the block that starts at or before `rcvNxt` into `queue`; returns the new RCV.NXT. */
  deliver(rcvNxt: SequenceNumber, queue: ChunkQueue): SequenceNumber {
    let next = rcvNxt;
    while (this.blocks.length > 0 && seqLe(this.blocks[0].start, next)) {
      const block = this.blocks.shift() as Block;
      this.held -= block.chunks.length;
      const surplus = seqDiff(next, block.start);
      if (seqGe(next, block.end)) continue;
      if (surplus > 0) block.chunks.take(surplus);
      queue.pushAll(block.chunks);
      next = block.end;
    }
    return next;
  }

  clear(): void {
    this.blocks.length = 0;
    this.held = 0;
  }

  /** Binary search: the first block that contains, touches or follows `seq`. */
  private firstEndingAtOrAfter(seq: SequenceNumber): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (seqLt(this.blocks[middle].end, seq)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes sure that the block at `index` contains or touches `seq`; false when there are too many. */
  private openBlock(index: number, seq: SequenceNumber): boolean {
    const block = this.blocks[index];
    if (block !== undefined && seqLe(block.start, seq)) return true;
    if (this.blocks.length >= MAX_BLOCKS) return false;
    this.blocks.splice(index, 0, { start: seq, end: seq, chunks: new ChunkQueue() });
    return true;
  }

  private joinWithNext(index: number): void {
    const block = this.blocks[index];
    const next = this.blocks[index + 1];
    if (next === undefined || seqLt(block.end, next.start)) return;
    block.chunks.pushAll(next.chunks);
    block.end = next.end;
    this.blocks.splice(index + 1, 1);
  }
}
