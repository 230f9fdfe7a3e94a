/**
 * SEGMENT ARRIVES, RFC 9293 section 3.10.7, for all states of a connection (LISTEN is in listener.ts, CLOSED in tcp.ts).
 * The steps stand in the RFC's order; security (step 3) is void: nobody has had compartments since RFC 1108.
 */
import { StackError } from '../errors.js';
import { ACK, FIN, PSH, RST, SYN, type TcpSegment, URG } from '../wire/tcp.js';
import { isAcceptable, isForeignEcho, isOldTimestamp, recordTimestamp } from './acceptance.js';
import { seqAdd, seqGe, seqGt, seqLe, seqLt } from './control-block/seqnum.js';
import { isClosedByPeer, mayReceive } from './control-block/states.js';
import type { Tcb } from './control-block/tcb.js';
import type { ConnectionMachine } from './machine.js';
import { segmentLength, sendReset } from './reset.js';
import { resetArrived, resetNow } from './reset-arrives.js';

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
    context.counters.add('tcp.attemptsFailed');
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
  if (seqGt(segment.ack, tcb.sndNxt) || seqLt(segment.ack, seqAdd(tcb.sndUna, -tcb.maxSndWnd))) {
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
    if (segment.flags & PSH) connection.acks.pushed();
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
