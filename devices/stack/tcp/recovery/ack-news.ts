import type { SequenceNumber } from '../control-block/seqnum.js';

/** What one ACK told, as the queue and the scoreboard have taken it in. */
export interface AckNews {
  readonly ack: SequenceNumber;
  /** SND.UNA before it. */
  readonly priorUna: SequenceNumber;
  /** TSecr; undefined without timestamps. */
  readonly echo: number | undefined;
  /** SND.UNA has moved. */
  readonly advanced: boolean;
  /** RFC 5681 section 2: a duplicate ACK. */
  readonly duplicate: boolean;
  /** The same when nothing was in flight any more. */
  readonly bare: boolean;
  /** The peer echoes a congestion mark. */
  readonly marked: boolean;
  /** Bytes that are known to have arrived, for the first time. */
  delivered: number;
  /** Segments were acknowledged out of order, for the first time. */
  sacked: boolean;
  /** The peer reports something that it got twice. */
  repeated: boolean;
  /** That was the tail loss probe. */
  probeRepeated: boolean;
  /** Something arrived that was sent once and before the recovery began. */
  originalArrived: boolean;
  /** Segments that were acknowledged cumulatively. */
  segments: number;
}
