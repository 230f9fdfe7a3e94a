import { type SequenceNumber, seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt, seqMax } from '../control-block/seqnum.js';
import { ChunkQueue } from './chunk-queue.js';

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
export const MAX_BLOCKS = 1024;
/** As many blocks as one SACK option may tell of. */
const MAX_RECENT = 4;

export class Reassembly {
  readonly blocks: Block[] = [];
  /** The blocks that something came for, the latest first: the order in which SACK reports them (RFC 2018 section 4). */
  readonly recent: Block[] = [];
  private held = 0;

  /** Bytes held. */
  get length(): number {
    return this.held;
  }

  /** Just after the highest byte held; undefined when nothing is. */
  get end(): SequenceNumber | undefined {
    return this.blocks.at(-1)?.end;
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
    this.touch(block);
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
      this.forget(block);
      this.held -= block.chunks.length;
      const surplus = seqDiff(next, block.start);
      if (seqGe(next, block.end)) continue;
      if (surplus > 0) block.chunks.take(surplus);
      queue.pushAll(block.chunks);
      next = block.end;
    }
    return next;
  }

  /** The first part of the range that is there already. */
  overlap(start: SequenceNumber, end: SequenceNumber): { start: SequenceNumber; end: SequenceNumber } | undefined {
    let index = this.firstEndingAtOrAfter(start);
    if (this.blocks[index]?.end === start) index += 1;
    const block = this.blocks[index];
    if (block === undefined || seqGe(block.start, end)) return undefined;
    return { start: seqMax(block.start, start), end: seqLt(block.end, end) ? block.end : end };
  }

  clear(): void {
    this.blocks.length = 0;
    this.recent.length = 0;
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
    this.forget(next);
  }

  private touch(block: Block): void {
    if (this.recent[0] === block) return;
    this.forget(block);
    this.recent.unshift(block);
    if (this.recent.length > MAX_RECENT) this.recent.pop();
  }

  private forget(block: Block): void {
    const index = this.recent.indexOf(block);
    if (index >= 0) this.recent.splice(index, 1);
  }
}
