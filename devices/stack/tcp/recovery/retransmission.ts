import type { Instant, Timer } from '../../clock.js';
import { createCongestionControl } from '../congestion/choose.js';
import type { CongestionControl } from '../congestion/congestion-control.js';
import { WindowUsage } from '../congestion/window-usage.js';
import type { SequenceNumber } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { TcpContext } from '../control-block/types.js';
import { Arrivals, type ArrivedAck } from './arrivals.js';
import { type CongestionState, LossRecovery } from './loss-recovery.js';
import { type LossReason, RetransmissionQueue, type SentSegment } from './retransmission-queue.js';
import { MAX_RTO_MS, RttEstimator } from './rtt.js';

/** Linux's tcp_syn_retries, tcp_synack_retries, tcp_retries2 and (for a program that is gone) tcp_orphan_retries. */
const SYN_RETRIES = 6;
const SYN_ACK_RETRIES = 5;
const DATA_RETRIES = 15;
const ORPHAN_RETRIES = 8;
/** As Linux: how long a peer that seems to have thrown away what it reported gets to acknowledge it after all. */
const MIN_RENEGING_DELAY_MS = 10;

export interface RetransmissionOwner {
  /** Our timestamp clock. */
  readonly timestamp: number;
  /** Puts the segment on the wire again. */
  transmit(segment: SentSegment): void;
  /** Bytes of data: the MSS, or more when it is to be found out whether the path takes more. */
  largestRetransmission(): number;
  /** A probe for the end of the flight: new data, if there is some and the peer's window takes it. */
  transmitNew(): boolean;
  /** What the timers have changed lets more go. */
  flush(): void;
  /** The peer has not answered for the whole series of retransmissions. */
  onSendTimeout(): void;
  /** The timer has run out `retries` times in a row: something on the path may not let large packets through. */
  onRepeatedTimeout?(retries: number): void;
  onRetransmit(seq: SequenceNumber, reason: LossReason): void;
}

/** What the one timer is set for, as Linux's icsk_pending. */
type Pending = 'retransmit' | 'reordering' | 'probe';

/** What is in flight: how much it may be, when it goes again. RFC 6298, RFC 8985; what is lost says loss-recovery.ts. */
export class Retransmission {
  readonly sent = new RetransmissionQueue();
  readonly rtt = new RttEstimator();
  readonly recovery: LossRecovery;
  readonly timer: Timer;
  congestion: CongestionControl;
  /** The program has let go of the connection: fewer retries. */
  orphaned = false;
  /** The program has set a time of its own (user timeout), and the number of retries decides nothing. */
  timed = false;
  /** Segments sent again, in all. */
  count = 0;
  private readonly context: TcpContext;
  private readonly tcb: Tcb;
  private readonly owner: RetransmissionOwner;
  private readonly arrivals: Arrivals;
  private usage: WindowUsage;
  private pending: Pending = 'retransmit';
  private lastHeardAt: Instant = 0;
  /** Expiries of the timer since the last progress. */
  private retries = 0;
  /** Something new was sent since the timer was looked at. */
  private sentNew = false;
  /** The congestion window has refused a segment since then. */
  private refused = false;

  constructor(context: TcpContext, tcb: Tcb, owner: RetransmissionOwner) {
    this.context = context;
    this.tcb = tcb;
    this.owner = owner;
    this.congestion = createCongestionControl(context.congestionControl);
    this.recovery = new LossRecovery(tcb, this.sent, this.rtt, this.congestion);
    this.arrivals = new Arrivals(tcb, this.sent, this.rtt, this.recovery, context.counters);
    this.usage = new WindowUsage(this.congestion);
    this.timer = context.timers.create(() => this.onTimer());
  }

  get congestionState(): CongestionState {
    return this.recovery.state;
  }

  /** Segments that the peer reports to have got twice, in all. */
  get duplicatesReported(): number {
    return this.arrivals.duplicates;
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
    this.usage.start(this.tcb.sndNxt, this.now);
    this.recovery.spurious.settled();
    if (this.count === 0) return;
    // RFC 6928 section 2 takes the window down already for one; as Linux, one may be impatience (RFC 6298 appendix A).
    if (this.count > 1) this.congestion.window = this.tcb.mss;
    this.rtt.synWasLost();
  }

  /** Before data is sent: another congestion control, with the window that a new connection has. */
  useCongestionControl(congestion: CongestionControl): void {
    this.congestion = this.recovery.congestion = congestion;
    this.usage = new WindowUsage(congestion);
    this.usage.start(this.tcb.sndNxt, this.now);
    if (!this.inHandshake) congestion.setMss(this.tcb.mss, true);
  }

  /** May a new segment of `length` sequence numbers go? */
  allows(length: number): boolean {
    const { pipe } = this.recovery;
    const allowed = this.sent.outstanding === 0 || pipe + length <= this.congestion.window;
    if (!allowed) this.refused = true;
    return allowed;
  }

  /** A new segment goes. `idleMs`: since the last one. */
  append(seq: SequenceNumber, length: number, fin: boolean, idleMs: number): SentSegment {
    const { now } = this;
    if (this.sent.empty) {
      this.congestion.onIdle(idleMs, this.rtt.baseRtoMs, now);
      if (idleMs > this.rtt.baseRtoMs) this.usage.restart(now);
    }
    this.sentNew = true;
    if (this.recovery.reduction.active) this.recovery.reduction.onSent(length);
    return this.sent.append(seq, length, { fin }, now);
  }

  /** The peer gave a sign of life. */
  heard(): void {
    this.lastHeardAt = this.now;
  }

  /** An ACK up to SND.NXT; one below SND.UNA counts for its SACK blocks alone. */
  onAck(arrived: ArrivedAck): void {
    const { tcb, recovery, now } = this;
    if (arrived.bare && !this.sent.empty) this.context.counters.add('tcp.duplicateAcks');
    const news = this.arrivals.take(arrived, this.count, now);
    if (news.advanced) this.retries = 0;
    const { head } = this.sent;
    if (news.advanced && head?.sacked) {
      // RFC 2018 section 8: the peer has not what it said it has. Linux's tcp_check_sack_reneging.
      this.context.counters.add('tcp.sackReneging');
      this.setTimer('retransmit', now + Math.max(this.rtt.smoothedMs / 2, MIN_RENEGING_DELAY_MS));
      return;
    }
    recovery.onAck(news, now);
    if (recovery.lookAgainAt !== undefined) this.setTimer('reordering', recovery.lookAgainAt);
    else if (news.advanced || (news.sacked && head !== undefined && this.sackMeasured(head))) this.rearm();
    // As Linux, what ends a recovery is the first that counts after it.
    if (recovery.reduction.active || news.delivered <= 0) return;
    // RFC 5681; where reordering is usual what arrives out of order counts too, as for Linux.
    if (!news.advanced && recovery.rack.reordering <= 3) return;
    this.congestion.onAcked({
      now,
      bytes: news.delivered,
      ack: arrived.ack,
      sndNxt: tcb.sndNxt,
      rttMs: this.arrivals.rttMs,
      windowLimited: this.usage.limited,
    });
  }

  /** Sends again what is taken for lost, as far as the congestion window allows. */
  resendLost(): void {
    for (let segment = this.sent.nextLost(); segment !== undefined; segment = this.sent.nextLost()) {
      const most = segment.length > this.tcb.mss ? this.owner.largestRetransmission() : this.tcb.mss;
      if (!this.allows(Math.min(segment.length, most))) return;
      const first = segment === this.sent.head;
      this.resend(segment, segment.lost ?? 'fast', most);
      if (first && this.pending !== 'reordering') this.startTimer();
    }
  }

  /** The MSS is another one: what is larger goes again, without blame (RFC 1191 section 6.5). */
  onMssChanged(): void {
    this.congestion.setMss(this.tcb.mss, false);
    this.sent.markAllLost('fast', this.tcb.mss);
  }

  /** All that may go has gone. `waiting`: the program was refused bytes. RFC 6298 section 5.1, RFC 8985 section 7.2. */
  armTimer(waiting: boolean): void {
    const { sentNew, refused, recovery, tcb, now } = this;
    this.sentNew = this.refused = false;
    if (sentNew || refused) {
      const limited = refused || recovery.pipe + tcb.mss > this.congestion.window;
      const mayShrink = recovery.state === 'open' && !waiting;
      const { sndUna, sndNxt } = tcb;
      this.usage.sent({ now, sndUna, sndNxt, limited, rtoMs: this.rtt.baseRtoMs, mayShrink });
    }
    if (this.sent.empty) this.timer.clear();
    else if (!this.timer.armed) this.rearm();
    else if (sentNew && this.pending !== 'reordering') this.scheduleProbe(false);
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

  /** As Linux: while the head is repaired, only news of what was sent before it went last may put the timeout off. */
  private sackMeasured(head: SentSegment): boolean {
    return this.arrivals.rttMs !== undefined && this.arrivals.rttMs > this.now - head.sentAt;
  }

  private setTimer(pending: Pending, at: Instant): void {
    this.pending = pending;
    this.timer.set(at);
  }

  private startTimer(): void {
    this.setTimer('retransmit', this.now + this.rtt.rtoMs);
  }

  /** Progress, or the first data in flight: a probe if one may be sent, the timeout otherwise. */
  private rearm(): void {
    if (this.sent.empty) this.timer.clear();
    else if (!this.scheduleProbe(true)) this.restartTimeout();
  }

  /** After a probe or a wait for reordering the timeout counts from when the head was sent. Linux's tcp_rearm_rto. */
  private restartTimeout(): void {
    const { head } = this.sent;
    if (head === undefined) this.timer.clear();
    else if (this.pending === 'retransmit') this.startTimer();
    else this.setTimer('retransmit', Math.max(head.sentAt + this.rtt.rtoMs, this.now + 1));
  }

  /** RFC 8985 section 7.2: not while losses are repaired, and never later than the timeout. */
  private scheduleProbe(restarting: boolean): boolean {
    const { recovery, rtt, sent, now } = this;
    const { head } = sent;
    const calm = recovery.state === 'open' || recovery.state === 'cwr';
    if (!this.tcb.sackPermitted || this.inHandshake || head === undefined || !calm) return false;
    const timeoutAt = (restarting ? now : head.sentAt) + rtt.rtoMs;
    const probeAt = rtt.measured ? now + recovery.probe.delayMs(rtt.smoothedMs, sent.size) : timeoutAt;
    this.setTimer('probe', timeoutAt > now ? Math.min(probeAt, timeoutAt) : probeAt);
    return true;
  }

  /** `most`: bytes of data. */
  private resend(segment: SentSegment, reason: LossReason, most = this.tcb.mss): void {
    if (segment.length - (segment.fin ? 1 : 0) > most) this.sent.split(segment, most);
    this.sent.resent(segment, this.now);
    this.count += 1;
    this.context.counters.add('tcp.retransmissions');
    this.recovery.spurious.onResent(this.owner.timestamp);
    if (this.recovery.reduction.active) this.recovery.reduction.onSent(segment.length);
    this.owner.onRetransmit(segment.seq, reason);
    this.owner.transmit(segment);
  }

  private onTimer(): void {
    if (this.pending === 'probe') this.onProbeTimer();
    else if (this.pending === 'reordering') this.onReorderingTimer();
    else this.onTimeout();
  }

  /** RFC 8985 section 6.3. */
  private onReorderingTimer(): void {
    this.recovery.onReorderingTimeout(this.now);
    this.restartTimeout();
    if (this.recovery.lookAgainAt !== undefined) this.setTimer('reordering', this.recovery.lookAgainAt);
    this.owner.flush();
  }

  /** RFC 8985 section 7.3: new data if possible, the last segment otherwise. */
  private onProbeTimer(): void {
    const { recovery, sent, tcb } = this;
    if (!recovery.probe.pending) {
      const fresh = this.owner.transmitNew();
      const again = !fresh && sent.tail !== undefined && !sent.tail.sacked;
      if (again) this.probeAgain();
      if (fresh || again) {
        recovery.probe.sent(tcb.sndNxt, !fresh);
        this.context.counters.add('tcp.tailLossProbes');
        this.pending = 'retransmit';
      }
    }
    this.sentNew = false;
    this.restartTimeout();
  }

  private probeAgain(): void {
    const last = this.sent.tail as SentSegment;
    const dataLength = last.length - (last.fin ? 1 : 0);
    if (dataLength > this.tcb.mss) this.sent.split(last, dataLength - this.tcb.mss);
    this.resend(this.sent.tail as SentSegment, 'probe');
  }

  /** RFC 6298 sections 5.4 to 5.6: the first segment goes again, the rest as slow start allows. */
  private onTimeout(): void {
    const { tcb, sent } = this;
    // A peer that has shrunk its window to nothing drops all, and is alive as long as it answers.
    const refused = !this.inHandshake && tcb.sndWnd === 0 && this.now - this.lastHeardAt < MAX_RTO_MS;
    if (!refused) this.retries += 1;
    if (this.retries > this.retryLimit()) {
      this.owner.onSendTimeout();
      return;
    }
    this.context.counters.add('tcp.timeouts');
    if (this.inHandshake) sent.markAllLost('timeout');
    else {
      this.owner.onRepeatedTimeout?.(this.retries);
      this.recovery.onTimeout(this.retries, this.now);
    }
    this.rtt.backOff();
    if (sent.head !== undefined) this.resend(sent.head, 'timeout');
    this.startTimer();
  }

  private retryLimit(): number {
    if (this.tcb.state === 'SYN_SENT') return SYN_RETRIES;
    if (this.tcb.state === 'SYN_RECV') return SYN_ACK_RETRIES;
    if (this.timed) return Number.POSITIVE_INFINITY;
    return this.orphaned ? ORPHAN_RETRIES : DATA_RETRIES;
  }
}
