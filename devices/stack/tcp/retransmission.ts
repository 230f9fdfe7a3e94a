import type { Instant, Timer } from '../clock.js';
import type { CongestionControl } from './congestion/congestion-control.js';
import { Reno } from './congestion/reno.js';
import { LossRecovery } from './loss-recovery.js';
import { type LossReason, RetransmissionQueue, type SentSegment } from './retransmission-queue.js';
import { MAX_RTO_MS, RttEstimator } from './rtt.js';
import { type SequenceNumber, seqDiff, seqGt } from './seqnum.js';
import type { Tcb } from './tcb.js';
import type { TcpContext } from './types.js';

/** Linux's tcp_syn_retries, tcp_synack_retries, tcp_retries2 and (for a program that is gone) tcp_orphan_retries. */
const SYN_RETRIES = 6;
const SYN_ACK_RETRIES = 5;
const DATA_RETRIES = 15;
const ORPHAN_RETRIES = 8;

export interface RetransmissionOwner {
  /** Puts the segment on the wire again. */
  transmit(segment: SentSegment): void;
  /** The peer has not answered for the whole series of retransmissions. */
  onSendTimeout(): void;
  onRetransmit(seq: SequenceNumber, reason: LossReason): void;
}

/** What is in flight: how long it takes, how much it may be, when it is lost. RFC 6298, RFC 5681, RFC 6582. */
export class Retransmission {
  readonly sent = new RetransmissionQueue();
  readonly rtt = new RttEstimator();
  readonly congestion: CongestionControl = new Reno();
  readonly timer: Timer;
  /** The program has let go of the connection: fewer retries. */
  orphaned = false;
  /** Segments sent again, in all. */
  count = 0;
  private readonly context: TcpContext;
  private readonly tcb: Tcb;
  private readonly owner: RetransmissionOwner;
  private readonly recovery: LossRecovery;
  private lastHeardAt: Instant = 0;
  /** Expiries of the timer since the last progress. */
  private retries = 0;

  constructor(context: TcpContext, tcb: Tcb, owner: RetransmissionOwner) {
    this.context = context;
    this.tcb = tcb;
    this.owner = owner;
    this.recovery = new LossRecovery(tcb, this.congestion);
    this.timer = context.timers.create(() => this.onTimeout());
  }

  /** The SYN is about to go out; ISS is set. */
  start(): SentSegment {
    this.recovery.start();
    const syn = this.sent.append(this.tcb.iss, 1, { syn: true }, this.now);
    this.startTimer();
    return syn;
  }

  /** The handshake is done: RFC 6928 section 2, RFC 6298 section 5.7. */
  established(): void {
    this.congestion.setMss(this.tcb.mss, true);
    if (this.count === 0) return;
    this.congestion.window = this.tcb.mss;
    this.rtt.synWasLost();
  }

  /** May a new segment of `length` sequence numbers go? */
  allows(length: number): boolean {
    const { outstanding } = this.sent;
    return outstanding === 0 || outstanding + length <= this.congestion.window + this.recovery.limitedTransmit;
  }

  /** The peer gave a sign of life. */
  heard(): void {
    this.lastHeardAt = this.now;
  }

  /** `ack` acknowledges something new. `rttMs`: what the echoed timestamp tells, if there is one. */
  onNewAck(ack: SequenceNumber, rttMs: number | undefined): void {
    const { tcb } = this;
    const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna);
    const acked = seqDiff(ack, tcb.sndUna);
    const measuredMs = this.measure(this.sent.acknowledge(ack), rttMs);
    tcb.sndUna = ack;
    if (seqGt(ack, tcb.sndNxt)) tcb.sndNxt = ack;
    this.retries = 0;
    const repairing = this.recovery.inRecovery;
    if (this.recovery.onNewAck(acked, flightSize - acked)) this.resendFirst();
    else if (!repairing) {
      const { window, slowStartThreshold } = this.congestion;
      // RFC 2861: a window that is not used proves nothing about the path and does not grow.
      const windowLimited = window < slowStartThreshold ? flightSize * 2 >= window : flightSize + tcb.mss >= window;
      const { now } = this;
      this.congestion.onAcked({ now, bytes: acked, ack, sndNxt: tcb.sndNxt, rttMs: measuredMs, windowLimited });
    }
    // RFC 6298 section 5.3. RFC 6582 would restart only for the first partial ACK; as Linux, each one restarts,
    // because with a minimum of 200 ms a timeout costs more than the round trips that it saves.
    if (this.sent.empty) this.timer.clear();
    else this.startTimer();
  }

  onDuplicateAck(): void {
    this.context.counters.add('tcp.duplicateAcks');
    if (this.recovery.onDuplicateAck(this.now)) {
      this.resendFirst();
      this.startTimer();
    }
  }

  /** Sends again what is taken for lost, as far as the congestion window allows. */
  resendLost(): void {
    for (let segment = this.sent.nextLost(); segment !== undefined; segment = this.sent.nextLost()) {
      const length = Math.min(segment.length, this.tcb.mss);
      if (this.sent.outstanding > 0 && this.sent.outstanding + length > this.congestion.window) return;
      this.resend(segment);
    }
  }

  /** The MSS has shrunk: what is larger goes again, without blame (RFC 1191 section 6.5). */
  onMssReduced(): void {
    this.congestion.setMss(this.tcb.mss, false);
    this.sent.markAllLost('fast', this.tcb.mss);
  }

  /** RFC 6298 section 5.1: the timer runs while something is in flight. */
  armTimer(): void {
    if (this.sent.empty) this.timer.clear();
    else if (!this.timer.armed) this.startTimer();
  }

  stop(): void {
    this.timer.clear();
    this.sent.clear();
  }

  private get now(): Instant {
    return this.context.timers.now;
  }

  private get inHandshake(): boolean {
    return this.tcb.state === 'SYN_SENT' || this.tcb.state === 'SYN_RECV';
  }

  /** Karn: a segment that was sent twice is measured by the peer's echo of the timestamp (RFC 7323), or not at all. */
  private measure(sentAt: Instant | undefined, rttMs: number | undefined): number | undefined {
    const echoedMs = rttMs !== undefined && rttMs >= 0 && rttMs < MAX_RTO_MS ? rttMs : undefined;
    const measuredMs = sentAt === undefined ? echoedMs : this.now - sentAt;
    if (measuredMs !== undefined) this.rtt.sample(measuredMs);
    return measuredMs;
  }

  private startTimer(): void {
    this.timer.set(this.now + this.rtt.rtoMs);
  }

  private resendFirst(): void {
    const { head } = this.sent;
    if (head === undefined) return;
    this.sent.markLost(head, 'fast');
    this.resend(head);
  }

  private resend(segment: SentSegment): void {
    const reason = segment.lost ?? 'fast';
    if (segment.length - (segment.fin ? 1 : 0) > this.tcb.mss) this.sent.split(segment, this.tcb.mss);
    this.sent.resent(segment, this.now);
    this.count += 1;
    this.context.counters.add('tcp.retransmissions');
    this.owner.onRetransmit(segment.seq, reason);
    this.owner.transmit(segment);
  }

  /** RFC 6298 sections 5.4 to 5.6: the first segment goes again, the rest as slow start allows. */
  private onTimeout(): void {
    const { tcb } = this;
    // A peer that has shrunk its window to nothing drops all, and is alive as long as it answers.
    const refused = !this.inHandshake && tcb.sndWnd === 0 && this.now - this.lastHeardAt < MAX_RTO_MS;
    if (!refused) this.retries += 1;
    if (this.retries > this.retryLimit()) {
      this.owner.onSendTimeout();
      return;
    }
    this.context.counters.add('tcp.timeouts');
    if (!this.inHandshake) this.congestion.onTimeout(this.retries <= 1, this.now);
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
