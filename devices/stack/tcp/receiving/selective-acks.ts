import { type SackBlock, sackOptionLength } from '../../wire/tcp.js';
import { type SequenceNumber, seqAdd, seqGt } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { Block, Reassembly } from './reassembly.js';

/** 40 bytes of options hold four blocks, three beside timestamps: RFC 2018 section 3. */
const MAX_BLOCKS = 4;
const MAX_BLOCKS_BESIDE_TIMESTAMPS = 3;

/** What our ACKs report beyond RCV.NXT: SACK (RFC 2018 section 4) and duplicates (D-SACK, RFC 2883). */
export class SelectiveAcks {
  /** Of the peer's FIN, while something before it is missing: it occupies a sequence number too. */
  finSeq: SequenceNumber | undefined;
  private readonly tcb: Tcb;
  private readonly reassembly: Reassembly;
  /** What came twice since the last segment went out: reported once, ahead of the rest. */
  private repeated: SackBlock | undefined;

  constructor(tcb: Tcb, reassembly: Reassembly) {
    this.tcb = tcb;
    this.reassembly = reassembly;
  }

  /** Bytes from `left` to before `right` came once more. As Linux, one range an ACK: neighbours are joined. */
  duplicate(left: SequenceNumber, right: SequenceNumber): void {
    if (!this.tcb.sackPermitted) return;
    const { repeated } = this;
    if (repeated !== undefined && repeated.right === left) this.repeated = { left: repeated.left, right };
    else this.repeated = { left, right };
  }

  /** Bytes of the option that the next segment ought to carry, padded. */
  get optionLength(): number {
    return sackOptionLength(Math.min(this.most, this.waiting));
  }

  /** The blocks for a segment whose options have `room` bytes left, the most recent first; undefined when none. */
  take(room: number): readonly SackBlock[] | undefined {
    const most = Math.min(this.most, Math.floor((room - 4) / 8));
    if (this.waiting === 0 || most <= 0) return undefined;
    const blocks: SackBlock[] = [];
    if (this.repeated !== undefined) blocks.push(this.repeated);
    this.repeated = undefined;
    if (this.finAlone) blocks.push({ left: this.finSeq as number, right: seqAdd(this.finSeq as number, 1) });
    for (const block of this.reassembly.recent) {
      if (blocks.length >= most) break;
      blocks.push({ left: block.start, right: this.endOf(block) });
    }
    return blocks.slice(0, most);
  }

  private get most(): number {
    if (!this.tcb.sackPermitted) return 0;
    return this.tcb.timestamps === undefined ? MAX_BLOCKS : MAX_BLOCKS_BESIDE_TIMESTAMPS;
  }

  private get waiting(): number {
    return this.reassembly.recent.length + (this.repeated === undefined ? 0 : 1) + (this.finAlone ? 1 : 0);
  }

  /** The FIN has come, and what lies before it has not. */
  private get finAlone(): boolean {
    const { finSeq } = this;
    if (finSeq === undefined || !seqGt(finSeq, this.tcb.rcvNxt)) return false;
    return !this.reassembly.recent.some((block) => block.end === finSeq);
  }

  private endOf(block: Block): SequenceNumber {
    return block.end === this.finSeq ? seqAdd(block.end, 1) : block.end;
  }
}
