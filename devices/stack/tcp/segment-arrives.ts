/**
 * SEGMENT ARRIVES, RFC 9293 section 3.10.7, for all states of a connection (LISTEN is in listener.ts, CLOSED in tcp.ts).
 * The steps stand in the RFC's order; security (step 3) is void: nobody has had compartments since RFC 1108.
 */
import { StackError } from '../errors.js';
import { ACK, FIN, RST, SYN, type TcpSegment, URG } from '../wire/tcp.js';
import type { ConnectionMachine } from './machine.js';
import { segmentLength, sendReset } from './reset.js';
import { seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt } from './seqnum.js';
import { mayReceive } from './states.js';
import type { Tcb } from './tcb.js';
import type { TcpState } from './types.js';

/** RFC 7323 section 5.5: a timestamp that was not refreshed for so long proves nothing any more. */
const PAWS_MAX_IDLE_MS = 24 * 24 * 3_600_000;

export function segmentArrives(connection: ConnectionMachine, segment: TcpSegment): void {
  if (connection.state === 'SYN_SENT') synSent(connection, segment);
  else synchronized(connection, segment);
}

/** Section 3.10.7.3. */
function synSent(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context, sender } = connection;
  const { flags } = segment;
  const hasAck = (flags & ACK) !== 0;
  // First: the ACK.
  if (hasAck && (seqLe(segment.ack, tcb.iss) || seqGt(segment.ack, tcb.sndNxt))) {
    context.counters.add('tcp.badAck');
    sendReset(context, segment, tcb.local, tcb.remote);
    return;
  }
  // As Linux: an echo of a timestamp that we never sent belongs to an older attempt (RFC 7323 section 5.3).
  if (hasAck && !(flags & RST) && isForeignEcho(connection, segment)) {
    context.counters.add('tcp.oldTimestamp');
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
    // Simultaneous open, figure 8: ours goes out again, with ACK. As Linux, data on the SYN is left to be sent again.
    connection.enter('SYN_RECV');
    sender.repeatSyn();
    return;
  }
  sender.acknowledge(segment);
  connection.established();
  connection.output.ack();
  if (segment.payload.length > 0 || flags & FIN) {
    const rest = { ...segment, seq: seqAdd(segment.seq, 1), flags: flags & ~SYN };
    urgentArrived(connection, rest);
    segmentText(connection, rest);
  }
}

/** The SYN-ACK echoes something else than the timestamp of one of our SYNs. */
function isForeignEcho({ openedTimestamp, output }: ConnectionMachine, { options }: TcpSegment): boolean {
  const echo = options.timestamps?.echo;
  if (!echo || openedTimestamp === undefined) return false;
  return seqLt(echo, openedTimestamp) || seqGt(echo, output.timestamp);
}

/** Section 3.10.7.4. */
function synchronized(connection: ConnectionMachine, arrived: TcpSegment): void {
  const { tcb, context, acks } = connection;
  let segment = arrived;
  if (isCrossedSynAck(tcb, segment)) {
    segment = { ...segment, seq: seqAdd(segment.seq, 1), flags: segment.flags & ~SYN };
    acks.atOnce();
  }
  if (tcb.state === 'TIME_WAIT') {
    timeWait(connection, segment);
    return;
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
  // Sixth: URG.
  urgentArrived(connection, segment);
  // Seventh and eighth: text and FIN.
  segmentText(connection, segment);
}

/** Fourth step. RFC 5961 section 4: whoever has really started anew answers the challenge by RST. */
function synInWindow(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context, sender } = connection;
  if (tcb.state === 'SYN_RECV' && segment.seq === tcb.irs) {
    // The SYN that we know, repeated with data.
    sender.repeatSyn();
    return;
  }
  context.counters.add('tcp.unexpectedSyn');
  if (tcb.state === 'SYN_RECV' && connection.listener !== undefined) {
    // A passive open returns to LISTEN, where the peer's next try is welcome; as Linux, this one is answered by RST.
    sendReset(context, segment, tcb.local, tcb.remote);
    connection.end();
  } else connection.challenges.challenge();
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

/**
 * The four cases of section 3.10.7.4 in the form that Linux gives them, with allowances that keep ACKs flowing past
 * duplicates and past a full or closed window. On the left whatever reaches as far as our last ACK counts: its text is
 * old and is answered as a duplicate, but its ACK may be news. On the right a segment may begin at the edge itself:
 * the peer's SND.NXT stands there when all it may send is under way; text beyond the edge is cut off later.
 */
function isAcceptable(tcb: Tcb, segment: TcpSegment): boolean {
  const end = seqAdd(segment.seq, segmentLength(segment));
  return seqGe(end, tcb.lastAckSent) && seqDiff(segment.seq, tcb.rcvNxt) <= tcb.rcvWnd;
}

function isOldTimestamp(connection: ConnectionMachine, segment: TcpSegment): boolean {
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
function recordTimestamp(connection: ConnectionMachine, segment: TcpSegment): void {
  const { timestamps, lastAckSent } = connection.tcb;
  const value = segment.options.timestamps?.value;
  if (timestamps === undefined || value === undefined || seqGt(segment.seq, lastAckSent)) return;
  if (seqLt(value, timestamps.recent)) return;
  timestamps.recent = value;
  timestamps.recentAt = connection.context.timers.now;
}

function refuse(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context, challenges } = connection;
  context.counters.add('tcp.notAcceptable');
  if (segment.flags & RST) {
    // As Linux: some systems (macOS) send RST with the number of the FIN before it.
    if (isClosedByPeer(tcb.state) && segment.seq === seqAdd(tcb.rcvNxt, -1)) resetNow(connection);
    return;
  }
  connection.receiver.refused(segment.seq, segmentLength(segment));
  if (tcb.state === 'SYN_RECV' && segment.flags & SYN && segment.seq === tcb.irs) {
    // The peer has not seen our SYN-ACK, or lost patience: as Linux, it gets it again.
    connection.sender.repeatSyn();
  } else if (segment.flags & SYN) {
    // RFC 5961 section 4: irrespective of the sequence number.
    context.counters.add('tcp.unexpectedSyn');
    challenges.challenge();
  } else challenges.refuse(segmentLength(segment) > 0);
}

/** TIME_WAIT, where only the repeated FIN is expected. A SYN that opens the pair anew is tcp.ts's business. */
function timeWait(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context } = connection;
  if (segment.flags & RST) {
    // As Linux, without the protection of RFC 1337: only the exact number ends the wait, all others are ignored.
    if (segment.seq === tcb.rcvNxt && !isOldTimestamp(connection, segment)) resetArrived(connection, segment);
    else context.counters.add('tcp.badReset');
    return;
  }
  const isOld = isOldTimestamp(connection, segment);
  const expected = !isOld && segmentLength(segment) === 0 && segment.seq === tcb.rcvNxt;
  // As Linux: whatever the peer still acknowledges shows that it is not done, so the wait of 2 MSL begins anew.
  if (isOld || segment.flags & ACK) connection.timeWait();
  if (expected) return;
  context.counters.add('tcp.notAcceptable');
  connection.challenges.refuse(segmentLength(segment) > 0 && !(segment.flags & SYN));
}

/**
 * RFC 5961 section 3: only the exact next sequence number resets; one that is merely in the window is challenged. Two
 * more count, as on Linux: the end of what came out of order, for a peer that has sent more than reached us; and that
 * of the peer's FIN.
 */
function resetArrived(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context, receiver } = connection;
  const isExact =
    segment.seq === tcb.rcvNxt ||
    (tcb.sackPermitted && segment.seq === receiver.reassembly.end) ||
    (isClosedByPeer(tcb.state) && segment.seq === seqAdd(tcb.rcvNxt, -1));
  if (isExact) resetNow(connection);
  else {
    context.counters.add('tcp.badReset');
    connection.challenges.challenge();
  }
}

function isClosedByPeer(state: TcpState): boolean {
  return state === 'CLOSE_WAIT' || state === 'CLOSING' || state === 'LAST_ACK';
}

function resetNow(connection: ConnectionMachine): void {
  const { tcb, context, sender } = connection;
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
function ackArrived(connection: ConnectionMachine, segment: TcpSegment): boolean {
  const { tcb, context, sender } = connection;
  if (tcb.state === 'SYN_RECV') {
    if (seqLe(segment.ack, tcb.sndUna) || seqGt(segment.ack, tcb.sndNxt)) {
      context.counters.add('tcp.badAck');
      sendReset(context, segment, tcb.local, tcb.remote);
      return false;
    }
    if (connection.listener?.acceptQueueFull) {
      // As Linux: the handshake stays open until the program has caught up; the peer's data will come again.
      context.counters.add('tcp.acceptQueueFull');
      return false;
    }
    sender.acknowledge(segment);
    connection.established();
    return true;
  }
  // RFC 5961 section 5: ACKs of what was never sent, or of long ago, are answered and dropped.
  if (seqGt(segment.ack, tcb.sndMax) || seqLt(segment.ack, seqAdd(tcb.sndUna, -tcb.maxSndWnd))) {
    context.counters.add('tcp.badAck');
    connection.challenges.challenge();
    return false;
  }
  if (seqGe(segment.ack, tcb.sndUna)) sender.acknowledge(segment);
  else sender.acknowledgeOld(segment);
  if (tcb.sndUp !== undefined && seqGe(tcb.sndUna, tcb.sndUp)) tcb.sndUp = undefined;
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

/**
 * Sixth step. The pointer names the octet after the urgent data; the data itself stays in line (RFC 6093, Linux's
 * SO_OOBINLINE). The program hears of it each time that the end of the urgent data moves.
 */
function urgentArrived({ tcb, news, receiver }: ConnectionMachine, segment: TcpSegment): void {
  if (!(segment.flags & URG) || segment.urgentPointer === 0 || !mayReceive(tcb.state)) return;
  const up = seqAdd(segment.seq, segment.urgentPointer);
  const firstUnread = seqAdd(tcb.rcvNxt, -receiver.queue.length);
  if (seqLe(up, firstUnread) || (tcb.rcvUp !== undefined && seqLe(up, tcb.rcvUp))) return;
  tcb.rcvUp = up;
  news.urgent();
}

/** Seventh and eighth step. */
function segmentText(connection: ConnectionMachine, segment: TcpSegment): void {
  const { tcb, context, receiver } = connection;
  const fin = (segment.flags & FIN) !== 0;
  if (segment.payload.length === 0 && !fin) return;
  if (!mayReceive(tcb.state)) {
    // After the peer's FIN only repetitions can come: it has missed our ACK.
    context.counters.add('tcp.textAfterFin');
    receiver.refused(segment.seq, segmentLength(segment));
    connection.acks.atOnce();
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
  if (tcb.ecn.textArrived(segment.flags, isNew ? connection.codepoint : 0)) connection.acks.atOnce();
  if (receiver.queue.length > readable) {
    connection.window.arrived(context.timers.now, connection.output.ageOf(segment));
    connection.textArrived();
  }
  if (ended) finArrived(connection);
}

/** Eighth step: the ACK of the FIN goes out at the end of this turn, before the program hears of the end. */
function finArrived(connection: ConnectionMachine): void {
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
