/**
 * SEGMENT ARRIVES, RFC 9293 section 3.10.7, for all states of a connection (LISTEN is in listener.ts, CLOSED in tcp.ts).
 * The steps stand in the RFC's order; security (step 3) and urgent data (step 6, RFC 6093: data stays in line) are void.
 */
import { StackError } from '../errors.js';
import { ACK, FIN, RST, SYN, type TcpSegment } from '../wire/tcp.js';
import type { Connection } from './connection.js';
import { segmentLength, sendReset } from './reset.js';
import { seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt } from './seqnum.js';
import type { Tcb } from './tcb.js';

/** RFC 7323 section 5.5: a timestamp that was not refreshed for so long proves nothing any more. */
const PAWS_MAX_IDLE_MS = 24 * 24 * 3_600_000;

export function segmentArrives(connection: Connection, segment: TcpSegment): void {
  if (connection.state === 'SYN_SENT') synSent(connection, segment);
  else synchronized(connection, segment);
}

/** Section 3.10.7.3. */
function synSent(connection: Connection, segment: TcpSegment): void {
  const { tcb, context, sender } = connection;
  const { flags } = segment;
  const hasAck = (flags & ACK) !== 0;
  // First: the ACK.
  if (hasAck && (seqLe(segment.ack, tcb.iss) || seqGt(segment.ack, tcb.sndNxt))) {
    context.counters.add('tcp.badAck');
    sendReset(context, segment, tcb.local, tcb.remote);
    return;
  }
  // Second: RST counts only with an ACK of our SYN.
  if (flags & RST) {
    if (hasAck) connection.end(new StackError('ECONNREFUSED', 'connection refused'));
    else context.counters.add('tcp.badReset');
    return;
  }
  // Fourth: SYN.
  if (!(flags & SYN)) {
    context.counters.add('tcp.noSyn');
    return;
  }
  connection.takeSyn(segment);
  if (!hasAck) {
    // Simultaneous open, figure 8: ours goes out again, with ACK.
    connection.enter('SYN_RECV');
    sender.repeatSyn();
    return;
  }
  sender.acknowledge(segment);
  connection.established();
  connection.output.ack();
  if (segment.payload.length > 0 || flags & FIN) {
    segmentText(connection, { ...segment, seq: seqAdd(segment.seq, 1), flags: flags & ~SYN });
  }
}

/** Section 3.10.7.4. */
function synchronized(connection: Connection, arrived: TcpSegment): void {
  const { tcb, context, acks } = connection;
  let segment = arrived;
  if (isCrossedSynAck(tcb, segment)) {
    segment = { ...segment, seq: seqAdd(segment.seq, 1), flags: segment.flags & ~SYN };
    acks.atOnce();
  }
  // First: the sequence number, and before it the timestamp (RFC 7323 section 5.3).
  if (isOldTimestamp(connection, segment) || !isAcceptable(tcb, segment)) {
    refuse(connection, segment);
    return;
  }
  recordTimestamp(connection, segment);
  // Second: RST.
  if (segment.flags & RST) {
    resetArrived(connection, segment);
    return;
  }
  // Fourth: SYN.
  if (segment.flags & SYN) {
    synInWindow(connection, segment);
    return;
  }
  // Fifth: ACK.
  if (!(segment.flags & ACK)) {
    context.counters.add('tcp.noAck');
    return;
  }
  if (!ackArrived(connection, segment)) return;
  // Seventh and eighth: text and FIN.
  segmentText(connection, segment);
}

/** Fourth step. RFC 5961 section 4: whoever has really started anew answers the challenge by RST. */
function synInWindow(connection: Connection, segment: TcpSegment): void {
  const { tcb, context, sender } = connection;
  if (tcb.state === 'SYN_RECV' && segment.seq === tcb.irs) {
    // The SYN that we know, repeated with data.
    sender.repeatSyn();
    return;
  }
  context.counters.add('tcp.unexpectedSyn');
  // A passive open returns to LISTEN, where the peer's next try is welcome.
  if (tcb.state === 'SYN_RECV' && connection.listener !== undefined) connection.end();
  else connection.challenge(true);
}

/** After a simultaneous open the peer's SYN-ACK repeats the SYN that we know; only its ACK is new. */
function isCrossedSynAck(tcb: Tcb, segment: TcpSegment): boolean {
  return (
    tcb.state === 'SYN_RECV' &&
    (segment.flags & (SYN | ACK | RST)) === (SYN | ACK) &&
    segment.seq === tcb.irs &&
    segment.ack === tcb.sndNxt
  );
}

/** The four cases of section 3.10.7.4, with two allowances that keep ACKs flowing past a full or closed window. */
function isAcceptable(tcb: Tcb, segment: TcpSegment): boolean {
  const length = segmentLength(segment);
  const offset = seqDiff(segment.seq, tcb.rcvNxt);
  // The peer's SND.NXT stands at the right edge when all it sent is under way: as Linux, its ACKs count there.
  if (length === 0) return offset >= 0 && offset <= tcb.rcvWnd;
  // A probe of a closed window: its ACK and RST count, its text is cut off later.
  if (tcb.rcvWnd === 0) return offset === 0;
  return offset < tcb.rcvWnd && offset + length > 0;
}

function isOldTimestamp(connection: Connection, segment: TcpSegment): boolean {
  const { timestamps } = connection.tcb;
  const value = segment.options.timestamps?.value;
  if (timestamps === undefined || value === undefined || segment.flags & RST) return false;
  if (seqGe(value, timestamps.recent)) return false;
  if (connection.context.timers.now - timestamps.recentAt > PAWS_MAX_IDLE_MS) return false;
  connection.context.counters.add('tcp.oldTimestamp');
  return true;
}

/** RFC 7323 section 4.3: the timestamp of the segment that holds the octet after the last ACK is echoed. */
function recordTimestamp(connection: Connection, segment: TcpSegment): void {
  const { timestamps, lastAckSent } = connection.tcb;
  const value = segment.options.timestamps?.value;
  if (timestamps === undefined || value === undefined || seqGt(segment.seq, lastAckSent)) return;
  if (seqLt(value, timestamps.recent)) return;
  timestamps.recent = value;
  timestamps.recentAt = connection.context.timers.now;
}

function refuse(connection: Connection, segment: TcpSegment): void {
  const { tcb, context, receiver } = connection;
  context.counters.add('tcp.notAcceptable');
  if (segment.flags & RST) return;
  if (tcb.state !== 'TIME_WAIT') receiver.refused(segment.seq, segmentLength(segment));
  if (tcb.state === 'SYN_RECV' && segment.flags & SYN && segment.seq === tcb.irs) {
    // The peer has not seen our SYN-ACK, or lost patience: as Linux, it gets it again.
    connection.sender.repeatSyn();
    return;
  }
  // The peer repeats its FIN: our last ACK was lost (step 8). The wait of 2 MSL begins anew.
  if (tcb.state === 'TIME_WAIT' && segment.flags & FIN) connection.timeWait();
  connection.challenge(segment.payload.length === 0 && !(segment.flags & FIN));
}

/** RFC 5961 section 3: only the exact next sequence number resets; one that is merely in the window is challenged. */
function resetArrived(connection: Connection, segment: TcpSegment): void {
  const { tcb, context, sender } = connection;
  if (segment.seq !== tcb.rcvNxt) {
    context.counters.add('tcp.badReset');
    connection.challenge(true);
    return;
  }
  context.counters.add('tcp.resetsIn');
  switch (tcb.state) {
    case 'SYN_RECV':
      // A passive open goes back to its listener without a word to the program.
      if (connection.listener !== undefined) connection.end();
      else connection.end(new StackError('ECONNREFUSED', 'connection refused'));
      return;
    case 'CLOSING':
    case 'LAST_ACK':
    case 'TIME_WAIT':
      // Both programs have closed: nothing is lost unless data was still to be acknowledged.
      connection.end(sender.buffer.length > 0 ? connectionReset() : undefined);
      return;
    default:
      connection.end(connectionReset());
  }
}

function connectionReset(): StackError {
  return new StackError('ECONNRESET', 'connection reset by peer');
}

/** Fifth step. False when the rest of the segment is not to be looked at. */
function ackArrived(connection: Connection, segment: TcpSegment): boolean {
  const { tcb, context, sender } = connection;
  if (tcb.state === 'SYN_RECV') {
    if (seqLe(segment.ack, tcb.sndUna) || seqGt(segment.ack, tcb.sndNxt)) {
      context.counters.add('tcp.badAck');
      sendReset(context, segment, tcb.local, tcb.remote);
      return false;
    }
    sender.acknowledge(segment);
    connection.established();
    return true;
  }
  // RFC 5961 section 5: ACKs of what was never sent, or of long ago, are answered and dropped.
  if (seqGt(segment.ack, tcb.sndMax) || seqLt(segment.ack, seqAdd(tcb.sndUna, -tcb.maxSndWnd))) {
    context.counters.add('tcp.badAck');
    connection.challenge(true);
    return false;
  }
  if (tcb.state === 'TIME_WAIT') return false;
  if (seqGe(segment.ack, tcb.sndUna)) sender.acknowledge(segment);
  if (!sender.finAcknowledged) return true;
  switch (tcb.state) {
    case 'FIN_WAIT1':
      connection.enterFinWait2();
      return true;
    case 'CLOSING':
      connection.timeWait();
      return false;
    case 'LAST_ACK':
      connection.end();
      return false;
    default:
      return true;
  }
}

/** Seventh and eighth step. */
function segmentText(connection: Connection, segment: TcpSegment): void {
  const { tcb, context, receiver } = connection;
  const fin = (segment.flags & FIN) !== 0;
  if (segment.payload.length === 0 && !fin) return;
  if (tcb.state !== 'ESTABLISHED' && tcb.state !== 'FIN_WAIT1' && tcb.state !== 'FIN_WAIT2') {
    context.counters.add('tcp.textAfterFin');
    return;
  }
  const isNew = seqGt(seqAdd(segment.seq, segment.payload.length), tcb.rcvNxt);
  if (connection.orphaned && segment.payload.length > 0 && isNew) {
    // RFC 9293 section 3.10.4, RFC 2525 section 2.17: nobody will ever read it, and the peer has to know.
    context.counters.add('tcp.textAfterClose');
    connection.abort();
    return;
  }
  const readable = receiver.queue.length;
  const ended = receiver.segmentText(segment.seq, segment.payload, fin);
  if (receiver.queue.length > readable) connection.textArrived();
  if (ended) finArrived(connection);
}

/** Eighth step: the ACK of the FIN goes out at the end of this turn, before the program hears of the end. */
function finArrived(connection: Connection): void {
  connection.news.end();
  switch (connection.state) {
    case 'ESTABLISHED':
      connection.enter('CLOSE_WAIT');
      return;
    case 'FIN_WAIT1':
      // Our FIN is not acknowledged yet, or the fifth step would have moved on.
      connection.enter('CLOSING');
      return;
    default:
      connection.output.ack();
      connection.timeWait();
  }
}
