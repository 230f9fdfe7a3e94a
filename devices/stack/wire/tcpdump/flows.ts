/** Sequence numbers as tcpdump prints them: from the first that was seen of a connection, in each direction. */

interface Flow {
  /** Sequence number of the side that was seen first, from which its numbers count. */
  readonly first: number;
  /** The same of the other side. */
  readonly second: number;
  readonly firstKey: string;
}

export interface SequenceBase {
  /** To be taken from the sequence number, and from what the segment acknowledges. */
  readonly seq: number;
  readonly ack: number;
}

const ABSOLUTE: SequenceBase = { seq: 0, ack: 0 };
/** The one that was begun first is forgotten first: its numbers are then printed from where it is met again. */
const MAX_FLOWS = 4096;

export class SequenceFlows {
  private readonly flows = new Map<string, Flow>();

  /**
   * What to take from the numbers of this segment, which must have the ACK flag.
   * @param here source address and port; `there` the destination's
   */
  baseOf(here: string, there: string, seq: number, ack: number, isSyn: boolean): SequenceBase {
    const isFirst = here < there;
    const key = isFirst ? `${here} ${there}` : `${there} ${here}`;
    const flow = this.flows.get(key);
    if (flow === undefined || isSyn) {
      // Its own numbers are printed whole; what comes next counts from them.
      this.flows.delete(key);
      this.flows.set(key, { first: seq, second: (ack - 1) >>> 0, firstKey: here });
      if (this.flows.size > MAX_FLOWS) {
        const [oldest] = this.flows.keys();
        this.flows.delete(oldest);
      }
      return ABSOLUTE;
    }
    const isSame = flow.firstKey === here;
    return isSame ? { seq: flow.first, ack: flow.second } : { seq: flow.second, ack: flow.first };
  }
}
