import type { Instant, Timer } from '../clock.js';
import type { StackError } from '../errors.js';
import { FIN, PSH, SYN, type TcpSegment } from '../wire/tcp.js';
import { type CongestionControl, Reno } from './congestion.js';
import { LossRecovery } from './loss-recovery.js';
import { setPathMtu } from './negotiation.js';
import type { SegmentOutput } from './output.js';
import { Persist } from './persist.js';
import { type LossReason, RetransmissionQueue, type SentSegment } from './retransmission-queue.js';
import { MAX_RTO_MS, RttEstimator } from './rtt.js';
import { SendBuffer } from './send-buffer.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGt, seqLe, seqLt } from './seqnum.js';
import type { Tcb } from './tcb.js';
import type { TcpContext, TcpState } from './types.js';

/** Linux's tcp_syn_retries, tcp_synack_retries, tcp_retries2 and (for a program that is gone) tcp_orphan_retries. */
const SYN_RETRIES = 6;
const SYN_ACK_RETRIES = 5;
const DATA_RETRIES = 15;
const ORPHAN_RETRIES = 8;

/**
 * The share of the buffer that must be free before a waiting program is called: not for every segment, and early
 * enough that what is in flight never waits for the program (the buffer is about as large as the peer's window).
 */
const WRITABLE_SHARE = 1 / 8;

export interface SenderOwner {
  /** The peer has not answered for the whole series of retransmissions or probes. */
  onSendTimeout(): void;
  /** A program that was refused bytes can go on. */
  onRoom(): void;
  onRetransmit(seq: SequenceNumber, reason: LossReason): void;
}

/** The sending half: cuts the buffer into segments, decides when they go, and again when they were lost. */
export class Sender {
  readonly buffer: SendBuffer;
  readonly rtt = new RttEstimator();
  readonly congestion: CongestionControl = new Reno();
  readonly retransmitTimer: Timer;
  readonly persist: Persist;
  noDelay = false;
  /** The program has let go of the connection: fewer retries. */
  orphaned = false;
  /** Segments sent again, in all. */
  retransmissions = 0;
  private readonly context: TcpContext;
  private readonly tcb: Tcb;
  private readonly output: SegmentOutput;
  private readonly owner: SenderOwner;
  private readonly sent = new RetransmissionQueue();
  private readonly recovery: LossRecovery;
  /** Of the first byte in the buffer. */
  private bufferSeq: SequenceNumber = 0;
  /** Of our FIN, once the program has closed. */
  private finSeq: SequenceNumber | undefined;
  /** Just after the last segment that was smaller than the MSS: Minshall's variant of Nagle's algorithm. */
  private smallEnd: SequenceNumber = 0;
  private lastSentAt: Instant = 0;
  private lastHeardAt: Instant = 0;
  /** Expiries of the retransmission timer since the last progress. */
  private retries = 0;
  /** The program was refused bytes. */
  private wanted = false;

  constructor(context: TcpContext, tcb: Tcb, output: SegmentOutput, bufferBytes: number, owner: SenderOwner) {
    this.context = context;
    this.tcb = tcb;
    this.output = output;
    this.owner = owner;
    this.buffer = new SendBuffer(bufferBytes);
    this.recovery = new LossRecovery(tcb, this.congestion);
    this.retransmitTimer = context.timers.create(() => this.onRetransmitTimeout());
    this.persist = new Persist(
      context.timers,
      this.rtt,
      () => this.probe(),
      () => owner.onSendTimeout(),
    );
  }

  /** Sends SYN or SYN-ACK, as the state says, from ISS. */
  open(): void {
    const { tcb } = this;
    tcb.sndUna = tcb.iss;
    tcb.sndNxt = tcb.sndMax = this.bufferSeq = this.smallEnd = seqAdd(tcb.iss, 1);
    this.recovery.start();
    this.sent.append(tcb.iss, 1, { syn: true }, this.now);
    this.output.syn();
    this.startTimer();
  }

  /** The handshake is done: RFC 6928, RFC 6298 section 5.7. */
  established(): void {
    this.congestion.setMss(this.tcb.mss, true);
    if (this.retransmissions === 0) return;
    this.congestion.window = this.tcb.mss;
    this.rtt.synWasLost();
  }

  /** Both sent SYN at once: ours goes out again, with ACK. RFC 9293 section 3.5, figure 8. */
  repeatSyn(): void {
    this.output.syn();
  }

  /** Takes what fits; the next {@link flush} sends it. */
  append(bytes: Uint8Array): number {
    const count = this.buffer.append(bytes);
    if (count < bytes.length) this.wanted = true;
    return count;
  }

  /** No more data comes: FIN follows the last byte. */
  finish(): void {
    this.finSeq = seqAdd(this.bufferSeq, this.buffer.length);
  }

  /** Nothing is in flight, nothing waits. */
  get idle(): boolean {
    return this.sent.empty && this.unsent === 0 && !this.finUnsent;
  }

  get finAcknowledged(): boolean {
    return this.finSeq !== undefined && seqGt(this.tcb.sndUna, this.finSeq);
  }

  /** An ACK in the range SND.UNA … SND.MAX. RFC 9293 section 3.10.7.4, step 5. */
  acknowledge(segment: TcpSegment): void {
    const { tcb } = this;
    const window = segment.flags & SYN ? segment.window : segment.window * 2 ** tcb.sndWndShift;
    this.lastHeardAt = this.now;
    this.persist.answered();
    if (seqGt(segment.ack, tcb.sndUna)) this.onNewAck(segment.ack, segment.options.timestamps?.echo);
    else if (this.isDuplicate(segment, window)) this.onDuplicateAck();
    this.updateWindow(segment, window);
  }

  /** Sends what may be sent now. */
  flush(): void {
    if (!mayTransmit(this.tcb.state)) return;
    const { mss } = this.tcb;
    this.resendLost();
    this.sendNew();
    // The layer below refused a segment as too large: what it was to carry goes again in smaller ones.
    if (this.tcb.mss < mss) this.flush();
    else this.armTimers();
  }

  /** The path takes only packets of `mtu` bytes: what was larger goes again, without blame (RFC 1191 section 6.5). */
  pathMtuReduced(mtu: number): void {
    const before = this.tcb.mss;
    setPathMtu(this.tcb, mtu);
    if (this.tcb.mss >= before) return;
    this.congestion.setMss(this.tcb.mss, false);
    this.sent.markAllLost('fast', this.tcb.mss);
  }

  stop(): void {
    this.retransmitTimer.clear();
    this.persist.stop();
    this.sent.clear();
    this.buffer.clear();
  }

  private get now(): Instant {
    return this.context.timers.now;
  }

  /** Bytes of the buffer that were never sent. */
  private get unsent(): number {
    return Math.max(0, this.buffer.length - seqDiff(this.tcb.sndNxt, this.bufferSeq));
  }

  private get finUnsent(): boolean {
    return this.finSeq !== undefined && seqLe(this.tcb.sndNxt, this.finSeq);
  }

  /** Sequence numbers that the peer's window still takes; negative when it has shrunk. */
  private get windowRoom(): number {
    return seqDiff(seqAdd(this.tcb.sndUna, this.tcb.sndWnd), this.tcb.sndNxt);
  }

  /** RFC 5681 section 2. */
  private isDuplicate(segment: TcpSegment, window: number): boolean {
    const { tcb } = this;
    return (
      segment.ack === tcb.sndUna &&
      segment.payload.length === 0 &&
      (segment.flags & (SYN | FIN)) === 0 &&
      window === tcb.sndWnd &&
      !this.sent.empty
    );
  }

  private onNewAck(ack: SequenceNumber, echo: number | undefined): void {
    const { tcb } = this;
    const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna);
    const acked = seqDiff(ack, tcb.sndUna);
    this.measure(this.sent.acknowledge(ack), echo);
    this.buffer.drop(Math.min(this.buffer.length, Math.max(0, seqDiff(ack, this.bufferSeq))));
    if (seqGt(ack, this.bufferSeq)) this.bufferSeq = ack;
    tcb.sndUna = ack;
    if (seqGt(ack, tcb.sndNxt)) tcb.sndNxt = ack;
    if (seqLt(this.smallEnd, ack)) this.smallEnd = ack;
    this.retries = 0;
    const repairing = this.recovery.inRecovery;
    if (this.recovery.onNewAck(acked, flightSize - acked)) this.resendFirst();
    else if (!repairing) this.congestion.onAcked(acked, flightSize);
    // RFC 6298 section 5.3. RFC 6582 would restart only for the first partial ACK; as Linux, each one restarts,
    // because with a minimum of 200 ms a timeout costs more than the round trips that it saves.
    if (this.sent.empty) this.retransmitTimer.clear();
    else this.startTimer();
    if (this.wanted && this.buffer.free >= this.buffer.limit * WRITABLE_SHARE) {
      this.wanted = false;
      this.owner.onRoom();
    }
  }

  /** Karn: a segment that was sent twice is measured by the timestamp that the peer echoes (RFC 7323), or not at all. */
  private measure(sentAt: Instant | undefined, echo: number | undefined): void {
    if (sentAt !== undefined) this.rtt.sample(this.now - sentAt);
    else if (this.tcb.timestamps !== undefined && echo !== undefined) {
      const rttMs = seqDiff(this.output.timestamp, echo);
      if (rttMs >= 0 && rttMs < MAX_RTO_MS) this.rtt.sample(rttMs);
    }
  }

  private onDuplicateAck(): void {
    this.context.counters.add('tcp.duplicateAcks');
    if (this.recovery.onDuplicateAck(seqDiff(this.tcb.sndNxt, this.tcb.sndUna))) {
      this.resendFirst();
      this.startTimer();
    }
  }

  /** RFC 9293 section 3.10.7.4: only a newer segment may change the window. */
  private updateWindow(segment: TcpSegment, window: number): void {
    const { tcb } = this;
    if (seqGt(tcb.sndWl1, segment.seq) || (tcb.sndWl1 === segment.seq && seqGt(tcb.sndWl2, segment.ack))) return;
    tcb.sndWnd = window;
    tcb.maxSndWnd = Math.max(tcb.maxSndWnd, window);
    tcb.sndWl1 = segment.seq;
    tcb.sndWl2 = segment.ack;
  }

  private resendFirst(): void {
    const { head } = this.sent;
    if (head === undefined) return;
    this.sent.markLost(head, 'fast');
    this.resend(head);
  }

  private resendLost(): void {
    for (let segment = this.sent.nextLost(); segment !== undefined; segment = this.sent.nextLost()) {
      const length = Math.min(segment.length, this.tcb.mss);
      if (this.sent.outstanding > 0 && this.sent.outstanding + length > this.congestion.window) return;
      this.resend(segment);
    }
  }

  private resend(segment: SentSegment): void {
    const reason = segment.lost ?? 'fast';
    if (dataLength(segment) > this.tcb.mss) this.sent.split(segment, this.tcb.mss);
    this.sent.resent(segment, this.now);
    this.retransmissions += 1;
    this.context.counters.add('tcp.retransmissions');
    this.owner.onRetransmit(segment.seq, reason);
    if (segment.syn) this.output.syn();
    else this.transmit(segment);
  }

  private transmit(segment: SentSegment): void {
    const offset = seqDiff(segment.seq, this.bufferSeq);
    const length = dataLength(segment);
    const push = length > 0 && offset + length === this.buffer.length;
    this.lastSentAt = this.now;
    const payload = this.buffer.peek(offset, length);
    const error = this.output.segment((segment.fin ? FIN : 0) | (push ? PSH : 0), segment.seq, payload);
    if (error !== undefined) this.onRefused(error);
  }

  /** The layer below knows of a smaller MTU than we: RFC 1191 within one machine. */
  private onRefused(error: StackError): void {
    if (error.code === 'EMSGSIZE') this.pathMtuReduced(this.context.ipv4.mtuFor(this.tcb.remote.address));
  }

  private sendNew(): void {
    const idle = this.sent.empty && this.now - this.lastSentAt > this.rtt.rtoMs;
    if (idle && this.unsent > 0) this.congestion.onIdle();
    for (let length = this.nextLength(); length !== undefined; length = this.nextLength()) this.sendSegment(length);
  }

  /** Bytes of data that the next new segment carries (0: FIN alone); undefined when none may go now. */
  private nextLength(): number | undefined {
    const { unsent, windowRoom, tcb, sent } = this;
    if ((unsent === 0 && !this.finUnsent) || windowRoom <= 0) return undefined;
    const length = Math.min(unsent, tcb.mss, windowRoom);
    const allowed = this.congestion.window + this.recovery.limitedTransmit;
    if (sent.outstanding > 0 && sent.outstanding + length > allowed) return undefined;
    return length === tcb.mss || length === 0 || this.maySendSmall(length, unsent) ? length : undefined;
  }

  /** Sender's silly window avoidance and Nagle's algorithm, RFC 9293 sections 3.8.6.2.1 and 3.7.4. */
  private maySendSmall(length: number, unsent: number): boolean {
    const { tcb } = this;
    if (length < unsent) return this.sent.empty && length >= tcb.maxSndWnd / 2;
    return this.noDelay || this.finSeq !== undefined || seqLe(this.smallEnd, tcb.sndUna);
  }

  private sendSegment(length: number): void {
    const { tcb } = this;
    const fin = this.finUnsent && length === this.unsent && this.windowRoom > length;
    const segment = this.sent.append(tcb.sndNxt, length + (fin ? 1 : 0), { fin }, this.now);
    tcb.sndNxt = seqAdd(tcb.sndNxt, segment.length);
    if (seqGt(tcb.sndNxt, tcb.sndMax)) tcb.sndMax = tcb.sndNxt;
    if (length < tcb.mss) this.smallEnd = tcb.sndNxt;
    this.transmit(segment);
  }

  /** What the window held back too long: a small segment if it takes one, otherwise one octet beyond it. */
  private probe(): void {
    const { tcb, unsent } = this;
    this.context.counters.add('tcp.windowProbes');
    if (this.windowRoom > 0) this.sendSegment(Math.min(unsent, tcb.mss, this.windowRoom));
    else {
      // SND.NXT stays: the octet counts as sent only if the peer acknowledges it.
      if (unsent > 0) {
        const octet = this.buffer.peek(seqDiff(tcb.sndNxt, this.bufferSeq), 1);
        this.output.segment(unsent === 1 ? PSH : 0, tcb.sndNxt, octet);
      } else this.output.segment(FIN, tcb.sndNxt, this.buffer.peek(0, 0));
      tcb.sndMax = seqAdd(tcb.sndNxt, 1);
    }
    this.armTimers();
  }

  private armTimers(): void {
    if (!this.sent.empty) {
      this.persist.stop();
      if (!this.retransmitTimer.armed) this.startTimer();
      return;
    }
    this.retransmitTimer.clear();
    if (this.unsent > 0 || this.finUnsent) this.persist.start();
    else this.persist.stop();
  }

  private startTimer(): void {
    this.retransmitTimer.set(this.now + this.rtt.rtoMs);
  }

  /** RFC 6298 sections 5.4 to 5.6: the first segment goes again, the rest as slow start allows. */
  private onRetransmitTimeout(): void {
    const { tcb } = this;
    // A peer that has shrunk its window to nothing drops all, and is alive as long as it answers.
    const refused = mayTransmit(tcb.state) && tcb.sndWnd === 0 && this.now - this.lastHeardAt < MAX_RTO_MS;
    if (!refused) this.retries += 1;
    if (this.retries > this.retryLimit()) {
      this.owner.onSendTimeout();
      return;
    }
    this.context.counters.add('tcp.timeouts');
    this.congestion.onTimeout(seqDiff(tcb.sndNxt, tcb.sndUna), this.retries <= 1);
    this.recovery.onTimeout();
    this.sent.markAllLost('timeout');
    this.rtt.backOff();
    const first = this.sent.nextLost();
    if (first !== undefined) this.resend(first);
    this.startTimer();
  }

  private retryLimit(): number {
    if (this.tcb.state === 'SYN_SENT') return SYN_RETRIES;
    if (this.tcb.state === 'SYN_RECV') return SYN_ACK_RETRIES;
    return this.orphaned ? ORPHAN_RETRIES : DATA_RETRIES;
  }
}

function dataLength(segment: SentSegment): number {
  return segment.length - (segment.syn ? 1 : 0) - (segment.fin ? 1 : 0);
}

/** The states in which data or FIN may be on its way. */
function mayTransmit(state: TcpState): boolean {
  switch (state) {
    case 'ESTABLISHED':
    case 'CLOSE_WAIT':
    case 'FIN_WAIT1':
    case 'CLOSING':
    case 'LAST_ACK':
      return true;
    default:
      return false;
  }
}
