/** Which segments are looked at: RFC 9293 section 3.10.7.4, first step, and the timestamps of RFC 7323 section 5. */
import { ACK, FIN, RST, SYN, type TcpSegment } from '../wire/tcp.js';
import { seqAdd, seqDiff, seqGe, seqGt, seqLt } from './control-block/seqnum.js';
import type { Tcb } from './control-block/tcb.js';
import type { ConnectionMachine } from './machine.js';
import { segmentLength } from './reset.js';

/** RFC 7323 section 5.5: a timestamp that was not refreshed for so long proves nothing any more. */
const PAWS_MAX_IDLE_MS = 24 * 24 * 3_600_000;

/**
 * The four cases of section 3.10.7.4 in the form that Linux gives them, with allowances that keep ACKs flowing past
 * duplicates and past a full or closed window. On the left whatever reaches as far as our last ACK counts: its text is
 * old and is answered as a duplicate, but its ACK may be news. On the right a segment may begin at the edge itself:
 * the peer's SND.NXT stands there when all it may send is under way; text beyond the edge is cut off later.
 */
export function isAcceptable(tcb: Tcb, segment: TcpSegment): boolean {
  const end = seqAdd(segment.seq, segmentLength(segment));
  return seqGe(end, tcb.lastAckSent) && seqDiff(segment.seq, tcb.rcvNxt) <= tcb.rcvWnd;
}

export function isOldTimestamp(connection: ConnectionMachine, segment: TcpSegment): boolean {
  const { timestamps } = connection.tcb;
  const value = segment.options.timestamps?.value;
  if (timestamps === undefined || value === undefined || segment.flags & RST) return false;
  if (seqGe(value, timestamps.recent)) return false;
  if (connection.context.timers.now - timestamps.recentAt > PAWS_MAX_IDLE_MS) return false;
  if (isOvertakenAck(connection, segment)) return false;
  connection.context.counters.add('tcp.oldTimestamp');
  return true;
}

/** As Linux: an ACK without news that a later segment has overtaken on the way is no reason to tell the peer anything. */
function isOvertakenAck({ tcb, sender }: ConnectionMachine, segment: TcpSegment): boolean {
  const { timestamps } = tcb;
  const { seq, ack, flags, options } = segment;
  if (timestamps === undefined || options.timestamps === undefined) return false;
  const isPureAck = (flags & (ACK | SYN | FIN)) === ACK && segment.payload.length === 0;
  if (!isPureAck || seq !== tcb.rcvNxt || ack !== tcb.sndUna) return false;
  return seqDiff(timestamps.recent, options.timestamps.value) <= sender.flight.rtt.rtoMs;
}

/** RFC 7323 section 4.3: the timestamp of the segment that holds the octet after the last ACK is echoed. */
export function recordTimestamp(connection: ConnectionMachine, segment: TcpSegment): void {
  const { timestamps, lastAckSent } = connection.tcb;
  const value = segment.options.timestamps?.value;
  if (timestamps === undefined || value === undefined || seqGt(segment.seq, lastAckSent)) return;
  if (seqLt(value, timestamps.recent)) return;
  timestamps.recent = value;
  timestamps.recentAt = connection.context.timers.now;
}

/** The SYN-ACK echoes something else than the timestamp of one of our SYNs. */
export function isForeignEcho({ openedTimestamp, output }: ConnectionMachine, { options }: TcpSegment): boolean {
  const echo = options.timestamps?.echo;
  if (!echo || openedTimestamp === undefined) return false;
  return seqLt(echo, openedTimestamp) || seqGt(echo, output.timestamp);
}
