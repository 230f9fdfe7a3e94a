import type { Instant } from '../../clock.js';
import type { StackError } from '../../errors.js';
import { CWR, FIN, PSH, SYN, type TcpSegment } from '../../wire/tcp.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGt, seqLe, seqLt } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { TcpContext, TcpState } from '../control-block/types.js';
import { Retransmission } from '../recovery/retransmission.js';
import type { LossReason, SentSegment } from '../recovery/retransmission-queue.js';
import type { SegmentOutput } from './output.js';
import { PathMtu } from './path-mtu.js';
import { Persist } from './persist.js';
import { INITIAL_SEND_BUFFER_BYTES, sendBufferFor } from './send-autotuning.js';
import { SendBuffer } from './send-buffer.js';

/**
 * The share of the buffer that must be free before a waiting program is called: not for every segment, and early
 * enough that what is in flight never waits for the program (the buffer is about as large as the peer's window).
 */
const WRITABLE_SHARE = 1 / 8;

const NO_BYTES = new Uint8Array(0);

export interface SenderOwner {
  /** The peer has not answered for the whole series of retransmissions or probes. */
  onSendTimeout(): void;
  /** A program that was refused bytes can go on. */
  onRoom(): void;
  onRetransmit(seq: SequenceNumber, reason: LossReason): void;
}

/** The sending half: cuts the buffer into segments and decides when they go. RFC 9293 section 3.7 and 3.8.6. */
export class Sender {
  readonly buffer: SendBuffer;
  readonly flight: Retransmission;
  readonly persist: Persist;
  readonly pathMtu: PathMtu;
  noDelay = false;
  private readonly context: TcpContext;
  private readonly tcb: Tcb;
  private readonly output: SegmentOutput;
  private readonly owner: SenderOwner;
  /** The buffer grows with the congestion window. */
  private readonly autotuned: boolean;
  /** Of the first byte in the buffer. */
  private bufferSeq: SequenceNumber = 0;
  /** Of our FIN, once the program has closed. */
  private finSeq: SequenceNumber | undefined;
  /** Just after the last segment that was smaller than the MSS: Minshall's variant of Nagle's algorithm. */
  private smallEnd: SequenceNumber = 0;
  private lastSentAt: Instant = 0;
  /** The program was refused bytes. */
  private wanted = false;

  constructor(
    context: TcpContext,
    tcb: Tcb,
    output: SegmentOutput,
    bufferBytes: number | undefined,
    owner: SenderOwner,
  ) {
    this.context = context;
    this.tcb = tcb;
    this.output = output;
    this.owner = owner;
    this.autotuned = bufferBytes === undefined;
    this.buffer = new SendBuffer(bufferBytes ?? INITIAL_SEND_BUFFER_BYTES);
    this.pathMtu = new PathMtu(context, tcb);
    const onSendTimeout = () => owner.onSendTimeout();
    this.flight = new Retransmission(context, tcb, {
      get timestamp() {
        return output.timestamp;
      },
      transmitNew: () => this.transmitNew(),
      flush: () => this.flush(),
      transmit: (segment) => this.transmit(segment),
      largestRetransmission: () => this.pathMtu.trialLength() ?? tcb.mss,
      onRetransmit: (seq, reason) => {
        if (reason !== 'probe') this.pathMtu.lost(seq);
        owner.onRetransmit(seq, reason);
      },
      onSendTimeout,
      onRepeatedTimeout: (times) => this.onRepeatedTimeout(times),
    });
    this.persist = new Persist(context.timers, this.flight.rtt, () => this.probe(), onSendTimeout);
  }

  /** Sends SYN or SYN-ACK, as the state says, from ISS. */
  open(): void {
    const { tcb } = this;
    tcb.sndUna = tcb.iss;
    tcb.sndNxt = this.bufferSeq = this.smallEnd = seqAdd(tcb.iss, 1);
    this.transmit(this.flight.start());
  }

  /** As {@link open}, for a SYN-ACK that went out long ago and was not remembered (a SYN cookie). */
  resume(): void {
    const { tcb } = this;
    tcb.sndUna = tcb.iss;
    tcb.sndNxt = this.bufferSeq = this.smallEnd = seqAdd(tcb.iss, 1);
    this.flight.start();
    this.flight.stop();
  }

  /** Sends the SYN again, with ACK once the peer's is known. RFC 9293 section 3.5, figure 8. */
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
    return this.flight.sent.empty && this.unsent === 0 && !this.finUnsent;
  }

  get finAcknowledged(): boolean {
    return this.finSeq !== undefined && seqGt(this.tcb.sndUna, this.finSeq);
  }

  /** An ACK in the range SND.UNA … SND.NXT. RFC 9293 section 3.10.7.4, step 5. */
  acknowledge(segment: TcpSegment): void {
    const { tcb } = this;
    const window = segment.flags & SYN ? segment.window : segment.window * 2 ** tcb.sndWndShift;
    this.flight.heard();
    this.persist.answered();
    const bare = this.isBare(segment, window);
    const advanced = seqGt(segment.ack, tcb.sndUna);
    this.takeAck(segment, bare);
    if (advanced) this.onNewAck(segment.ack);
    this.updateWindow(segment, window);
  }

  /** An ACK from before SND.UNA, overtaken by a later one: its SACK blocks still count. */
  acknowledgeOld(segment: TcpSegment): void {
    if (segment.options.sack !== undefined) this.takeAck(segment, false);
  }

  /** Sends what may be sent now. */
  flush(): void {
    if (!mayTransmit(this.tcb.state)) return;
    const { mss } = this.tcb;
    const { recovery } = this.flight;
    if (recovery.newDataFirst) {
      this.sendNew();
      if (!recovery.afterNewData()) this.flight.resendLost();
    } else {
      this.flight.resendLost();
      this.sendNew();
    }
    // The layer below refused a segment as too large: what it was to carry goes again in smaller ones.
    if (this.tcb.mss < mss) this.flush();
    else this.armTimers();
  }

  /** The path takes only packets of `mtu` bytes: the next {@link flush} sends again what was larger. */
  pathMtuReduced(mtu: number): void {
    if (this.pathMtu.reduced(mtu)) this.flight.onMssChanged();
  }

  stop(): void {
    this.flight.stop();
    this.persist.stop();
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
  private isBare(segment: TcpSegment, window: number): boolean {
    const { tcb } = this;
    return (
      segment.ack === tcb.sndUna &&
      segment.payload.length === 0 &&
      (segment.flags & (SYN | FIN)) === 0 &&
      window === tcb.sndWnd
    );
  }

  private takeAck(segment: TcpSegment, bare: boolean): void {
    const { sack, timestamps } = segment.options;
    this.flight.onAck({
      ack: segment.ack,
      sack: this.tcb.sackPermitted ? sack : undefined,
      echo: this.tcb.timestamps === undefined ? undefined : timestamps?.echo,
      timestamp: this.output.timestamp,
      bare,
      marked: this.tcb.ecn.isEcho(segment.flags),
    });
  }

  /** SND.UNA has moved. */
  private onNewAck(ack: SequenceNumber): void {
    this.buffer.drop(Math.min(this.buffer.length, Math.max(0, seqDiff(ack, this.bufferSeq))));
    if (seqGt(ack, this.bufferSeq)) this.bufferSeq = ack;
    this.output.answered = true;
    if (seqLt(this.smallEnd, ack)) this.smallEnd = ack;
    if (this.pathMtu.acknowledged(ack)) this.flight.onMssChanged();
    if (this.autotuned) this.buffer.limit = Math.max(this.buffer.limit, sendBufferFor(this.flight.congestion.window));
    if (this.wanted && this.buffer.free >= this.buffer.limit * WRITABLE_SHARE) {
      this.wanted = false;
      this.owner.onRoom();
    }
  }

  /** RFC 9293 section 3.10.7.4: only a newer segment may change the window. */
  private updateWindow(segment: TcpSegment, window: number): void {
    const { tcb } = this;
    if (seqGt(tcb.sndWl1, segment.seq) || (tcb.sndWl1 === segment.seq && seqGt(tcb.sndWl2, segment.ack))) return;
    tcb.sndWnd = window;
    if (window > tcb.maxSndWnd) {
      tcb.maxSndWnd = window;
      if (this.pathMtu.windowGrew()) this.flight.onMssChanged();
    }
    tcb.sndWl1 = segment.seq;
    tcb.sndWl2 = segment.ack;
  }

  private transmit(segment: SentSegment): void {
    if (segment.syn) {
      this.output.syn();
      return;
    }
    const offset = seqDiff(segment.seq, this.bufferSeq);
    const length = segment.length - (segment.fin ? 1 : 0);
    const push = length > 0 && offset + length === this.buffer.length;
    this.lastSentAt = this.now;
    const payload = this.buffer.peek(offset, length);
    const fresh = segment.transmissions === 1;
    if (!fresh && length > this.tcb.mss) this.pathMtu.probeSent(segment.seq, length, true);
    const flags = (segment.fin ? FIN : 0) | (push ? PSH : 0) | (fresh && length > 0 ? this.reductionFlags() : 0);
    const error = this.output.segment(flags, segment.seq, payload, fresh);
    if (error !== undefined) this.onRefused(error);
  }

  /** RFC 3168 section 6.1.2: the first new data after the window came down says so. */
  private reductionFlags(): number {
    const { recovery } = this.flight;
    if (!this.tcb.ecn.agreed || !recovery.reductionUntold) return 0;
    recovery.reductionUntold = false;
    return CWR;
  }

  /** Perhaps packets of this size do not get through. */
  private onRepeatedTimeout(times: number): void {
    const { head } = this.flight.sent;
    if (head !== undefined && mayTransmit(this.tcb.state) && this.pathMtu.timedOut(times, head.length)) {
      this.flight.onMssChanged();
    }
  }

  /** The layer below knows of a smaller MTU than we: RFC 1191 within one machine. */
  private onRefused(error: StackError): void {
    if (error.code === 'EMSGSIZE') this.pathMtuReduced(this.context.ipv4.mtuFor(this.tcb.remote.address));
  }

  private sendNew(): void {
    if (this.unsent > 0 && this.pathMtu.lookUp()) this.flight.onMssChanged();
    this.sendProbe();
    let behindFull = false;
    for (let length = this.nextLength(false); length !== undefined; length = this.nextLength(behindFull)) {
      behindFull = length === this.output.mss;
      this.sendSegment(length);
    }
  }

  /** A segment larger than the MSS, when it is time to try one. */
  private sendProbe(): void {
    const { unsent, windowRoom, flight, tcb } = this;
    const trial = this.pathMtu.trialLength();
    const mayTry = trial !== undefined && trial <= Math.min(unsent, windowRoom);
    const calm = flight.recovery.state === 'open';
    const congestionWindow = flight.congestion.window;
    const length = mayTry ? trial : this.pathMtu.probeLength({ unsent, windowRoom, congestionWindow, calm });
    if (length === undefined || length <= tcb.mss || !flight.allows(length)) return;
    this.pathMtu.probeSent(tcb.sndNxt, length, mayTry);
    this.sendSegment(length);
  }

  /**
   * Bytes of data that the next new segment carries (0: FIN alone); undefined when none may go now. `behindFull`: it
   * would follow a full one directly.
   */
  private nextLength(behindFull: boolean): number | undefined {
    const { unsent, windowRoom } = this;
    if ((unsent === 0 && !this.finUnsent) || windowRoom <= 0) return undefined;
    const { mss } = this.output;
    const length = Math.min(unsent, mss, windowRoom);
    if (!this.flight.allows(length)) return undefined;
    return length === mss || length === 0 || this.maySendSmall(length, unsent, behindFull) ? length : undefined;
  }

  /**
   * Sender's silly window avoidance and Nagle's algorithm, RFC 9293 sections 3.8.6.2.1 and 3.7.4. As Linux, what is
   * left of the peer's window goes behind a full segment, by Nagle's rule: one small segment in flight is not silly,
   * and without it windows of a few segments are never used up.
   */
  private maySendSmall(length: number, unsent: number, behindFull: boolean): boolean {
    const { tcb } = this;
    const none = seqLe(this.smallEnd, tcb.sndUna);
    if (length === unsent) return this.noDelay || this.finSeq !== undefined || none;
    if (behindFull) return this.noDelay || none;
    return this.flight.sent.empty && length >= tcb.maxSndWnd / 2;
  }

  private sendSegment(length: number): void {
    const { tcb, now } = this;
    const fin = this.finUnsent && length === this.unsent && this.windowRoom > length;
    const small = length < this.output.mss;
    const segment = this.flight.append(tcb.sndNxt, length + (fin ? 1 : 0), fin, now - this.lastSentAt);
    tcb.sndNxt = seqAdd(tcb.sndNxt, segment.length);
    if (small) this.smallEnd = tcb.sndNxt;
    this.transmit(segment);
  }

  /** One new segment beyond what the congestion window allows: a tail loss probe (RFC 8985 section 7.3). */
  private transmitNew(): boolean {
    const { unsent, windowRoom } = this;
    const length = Math.min(unsent, this.output.mss);
    if ((length === 0 && !this.finUnsent) || windowRoom < Math.max(length, 1) || !mayTransmit(this.tcb.state))
      return false;
    this.sendSegment(length);
    return true;
  }

  /**
   * What the window held back too long: a small segment if it takes one. Into a closed window RFC 9293 section 3.8.6.1
   * sends an octet; as Linux, it is an empty segment that is not acceptable and so has to be answered: programs at the
   * other end do not see the stream trickle.
   */
  private probe(): void {
    const { tcb, unsent } = this;
    this.context.counters.add('tcp.windowProbes');
    if (this.windowRoom > 0) this.sendSegment(Math.min(unsent, this.output.mss, this.windowRoom));
    else this.output.segment(0, seqAdd(tcb.sndUna, -1), NO_BYTES);
    this.armTimers();
  }

  private armTimers(): void {
    this.flight.armTimer(this.wanted);
    if (this.flight.sent.empty && (this.unsent > 0 || this.finUnsent)) this.persist.start();
    else this.persist.stop();
  }
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
