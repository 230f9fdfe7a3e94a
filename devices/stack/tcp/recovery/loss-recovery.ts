import type { Instant } from '../../clock.js';
import type { CongestionControl } from '../congestion/congestion-control.js';
import { type SequenceNumber, seqGe, seqGt } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { AckNews } from './ack-news.js';
import { DuplicateAcks } from './duplicate-acks.js';
import { Rack } from './rack.js';
import { RateReduction } from './rate-reduction.js';
import type { RetransmissionQueue } from './retransmission-queue.js';
import type { RttEstimator } from './rtt.js';
import { TailLossProbe } from './tail-loss-probe.js';
import { SpuriousDetector } from './undo.js';

/**
 * Linux's names. open: all is well; disorder: something arrived out of order, or was sent again; cwr: the window
 * comes down for a congestion mark; recovery: losses are repaired; loss: the timer ran out.
 */
export type CongestionState = 'open' | 'disorder' | 'cwr' | 'recovery' | 'loss';

/**
 * From news of what has arrived to what is lost and how fast it is repaired: the states of Linux's tcp_input.c over
 * RACK (RFC 8985), proportional rate reduction (RFC 6937), the undoing of mistakes (RFC 3522, RFC 4015) and F-RTO
 * (RFC 5682). Without SACK the duplicate ACKs are counted: NewReno (RFC 6582), limited transmit (RFC 3042).
 */
export class LossRecovery {
  readonly rack = new Rack();
  readonly probe = new TailLossProbe();
  readonly reduction = new RateReduction();
  readonly spurious = new SpuriousDetector();
  congestion: CongestionControl;
  state: CongestionState = 'open';
  /** When RACK wants to look again; undefined when nothing is suspect. */
  lookAgainAt: Instant | undefined;
  /** F-RTO: new data goes first, what was taken for lost waits. */
  newDataFirst = false;
  /** RFC 3168 section 6.1.2: the window came down, and the peer is to be told by CWR. */
  reductionUntold = false;
  private readonly tcb: Tcb;
  private readonly queue: RetransmissionQueue;
  private readonly rtt: RttEstimator;
  /** SND.NXT when the present state began: it ends when that is acknowledged. */
  private high: SequenceNumber = 0;
  private readonly duplicates: DuplicateAcks;
  /** F-RTO is finding out whether the timeout was a mistake. */
  private doubtful = false;
  /** The network itself has told of congestion since the reduction began: it was no mistake, whatever was lost. */
  private marked = false;

  constructor(tcb: Tcb, queue: RetransmissionQueue, rtt: RttEstimator, congestion: CongestionControl) {
    this.tcb = tcb;
    this.queue = queue;
    this.rtt = rtt;
    this.congestion = congestion;
    this.duplicates = new DuplicateAcks(tcb, queue);
  }

  /** ISS is set: nothing lies before the first ACK. */
  start(): void {
    this.high = this.tcb.iss;
  }

  /** Bytes in flight by the best knowledge: what each duplicate ACK tells of has left, without SACK too. */
  get pipe(): number {
    return Math.max(0, this.queue.outstanding - this.duplicates.count * this.tcb.mss);
  }

  /** What of a segment was sent before this state began? */
  sentBeforeRecovery(end: SequenceNumber): boolean {
    return !seqGt(end, this.high);
  }

  get reorderingMs(): number {
    const { minMs, smoothedMs } = this.rtt;
    return minMs === Number.POSITIVE_INFINITY ? 0 : this.rack.windowMs(false, 0, minMs, smoothedMs);
  }

  /** Takes in an ACK, after queue, round trip and RACK know of it. `sackedCount`: now. */
  onAck(news: AckNews, now: Instant): void {
    const bare = news.bare && !news.sacked;
    if (this.probe.onAck(news.ack, { advanced: news.advanced, repeated: news.probeRepeated, bare })) {
      this.onProbeRepairedLoss(now);
    }
    this.lookAgainAt = undefined;
    const lostBefore = this.queue.lostCount;
    if (news.advanced) this.duplicates.acknowledged(news);
    if (this.isDubious(news)) this.judge(news, now);
    const moreLost = this.queue.lostCount > lostBefore;
    if (this.reduction.active) this.setReducedWindow(news.delivered, news.advanced && !moreLost);
  }

  /** The reordering timer has run out. RFC 8985 section 6.3. */
  onReorderingTimeout(now: Instant): void {
    const before = this.queue.lostCount;
    this.findLosses(now);
    if (this.queue.lostCount === before) return;
    if (this.state !== 'recovery') {
      this.enterRecovery(now, false);
      this.setReducedWindow(this.tcb.mss, false);
    }
  }

  /**
   * The retransmission timer has run out. What was sent so recently that RACK would not call it lost stays in
   * flight; the first goes again in any case.
   */
  onTimeout(retries: number, now: Instant): void {
    const { queue, tcb } = this;
    const first = this.state === 'open' || this.state === 'disorder' || !seqGt(this.high, tcb.sndUna);
    const again = this.state === 'loss' && retries <= 1;
    const fresh = this.state !== 'recovery' && this.state !== 'loss';
    this.duplicates.count = 0;
    const { head } = queue;
    if (head?.sacked) queue.forgetSacked();
    for (let segment = head; segment !== undefined; segment = segment.next) {
      const recent = tcb.sackPermitted && segment !== head && this.rack.dueAt(segment, 0) > now;
      if (!recent) queue.markLost(segment, 'timeout');
    }
    if (first || again) {
      this.spurious.start(tcb.sndUna, queue.resentCount);
      this.marked = false;
    }
    this.congestion.onTimeout(first || again, now);
    this.congestion.window = this.pipe + tcb.mss;
    this.reduction.end();
    this.probe.forget();
    this.newDataFirst = false;
    this.reductionUntold = true;
    this.state = 'loss';
    this.high = tcb.sndNxt;
    this.doubtful = fresh || retries > 1;
  }

  /** F-RTO has let new data go, if there was any (section 3.1, step 2b). False: go on with what was lost. */
  afterNewData(): boolean {
    this.newDataFirst = false;
    this.doubtful = seqGt(this.tcb.sndNxt, this.high);
    return this.doubtful;
  }

  /** Only such ACKs can change the state. */
  private isDubious(news: AckNews): boolean {
    return this.state !== 'open' || news.duplicate || news.sacked || news.repeated || news.marked;
  }

  private judge(news: AckNews, now: Instant): void {
    const { tcb } = this;
    if (news.marked) this.marked = true;
    if (this.state === 'open') this.spurious.settled();
    else if (seqGe(tcb.sndUna, this.high)) {
      if (this.state === 'cwr' && tcb.sndUna !== this.high) this.endReduction('open');
      else if (this.state === 'recovery') {
        if (!tcb.sackPermitted) this.duplicates.count = 0;
        if (this.endRecovery(news.echo)) return;
      }
    }
    if (this.state === 'recovery') this.inRecovery(news, now);
    else if (this.state === 'loss') this.inLoss(news, now);
    else this.inOrder(news, now);
  }

  /** Open, disorder, cwr. */
  private inOrder(news: AckNews, now: Instant): void {
    this.duplicates.take(news);
    if (this.state !== 'cwr') this.undoByDuplicates();
    this.findLosses(now, news);
    if (this.queue.lostCount > 0) this.enterRecovery(now, news.marked);
    else if (this.state !== 'cwr') this.keepOpen(news.marked ? now : undefined);
  }

  private inRecovery(news: AckNews, now: Instant): void {
    if (!news.advanced) this.duplicates.take(news);
    else if (this.undoPartial(news)) return;
    if (this.undoByDuplicates()) this.keepOpen();
    this.findLosses(now, news);
    if (this.state !== 'recovery' && this.queue.lostCount > 0) this.enterRecovery(now, news.marked);
  }

  /** RFC 5682 section 3.1, in its SACK form, as Linux. */
  private inLoss(news: AckNews, now: Instant): void {
    this.processLoss(news);
    const resentBefore = this.queue.resentCount;
    this.findLosses(now, news);
    // Retransmissions that are lost again are a congestion of their own.
    const lostAgain = this.queue.resentCount < resentBefore;
    if (this.state !== 'open' && !lostAgain) return;
    if (this.queue.lostCount > 0) this.enterRecovery(now, news.marked);
    else this.keepOpen();
  }

  private processLoss(news: AckNews): void {
    const { tcb } = this;
    const recovered = seqGe(tcb.sndUna, this.high);
    if (news.advanced && this.mayUndo(news.echo)) {
      this.undo(true);
      this.leave(recovered);
      return;
    }
    if (this.doubtful) {
      // Step 3b: what was never sent again has arrived: the timer was too fast.
      if (news.originalArrived) {
        this.undo(true);
        this.state = 'open';
        return;
      }
      if (seqGt(tcb.sndNxt, this.high)) {
        if (news.sacked || (news.duplicate && !news.repeated)) this.doubtful = false;
      } else if (news.advanced && !recovered) {
        this.high = tcb.sndNxt;
        this.newDataFirst = true;
        return;
      }
    }
    if (recovered) this.endRecovery(news.echo);
    // What F-RTO has sent beyond is arriving.
    else if (!news.advanced && seqGt(tcb.sndNxt, this.high)) this.duplicates.take(news);
  }

  /** Without SACK a partial one may be undone, but the state stays until something beyond it is acknowledged. */
  private leave(recovered: boolean): void {
    if (this.tcb.sackPermitted || (recovered && this.tcb.sndUna !== this.high)) this.state = 'open';
  }

  private findLosses(now: Instant, news?: AckNews): void {
    const { rack, queue, rtt, tcb } = this;
    if (queue.empty) return;
    if (!tcb.sackPermitted) {
      if (news !== undefined) this.findFirstLoss(news);
      return;
    }
    if (news !== undefined && !rack.advanced) return;
    const repairing = this.state === 'recovery' || this.state === 'loss';
    const windowMs = rack.windowMs(repairing, queue.sackedCount, rtt.minMs, rtt.smoothedMs);
    this.lookAgainAt = rack.detect(queue, windowMs, now);
  }

  /** RFC 6582 section 3.2: the third duplicate, and then every partial ACK, tell that the first segment is lost. */
  private findFirstLoss(news: AckNews): void {
    const { head } = this.queue;
    if (head === undefined || this.state === 'loss') return;
    const partial = this.state === 'recovery' && news.advanced;
    const third = this.state !== 'recovery' && this.duplicates.count >= this.rack.reordering;
    // A first one that was sent again is given the time that the timer allows.
    if (partial || third) this.queue.markLost(head, 'fast');
  }

  private enterRecovery(now: Instant, marked: boolean): void {
    this.spurious.start(this.tcb.sndUna, this.queue.resentCount);
    if (!this.reduction.active) this.startReduction(now, marked);
    this.state = 'recovery';
    this.high = this.tcb.sndNxt;
  }

  private startReduction(now: Instant, marked: boolean): void {
    this.marked = marked;
    this.reductionUntold = true;
    this.reduction.start(this.congestion.window);
    this.congestion.onCongestion(now);
    this.high = this.tcb.sndNxt;
    this.probe.forget();
  }

  private endReduction(state: CongestionState): void {
    const { congestion } = this;
    if (this.state === 'cwr' || this.spurious.marker !== undefined) congestion.window = congestion.slowStartThreshold;
    this.reduction.end();
    this.state = state;
  }

  /** All that was sent before is acknowledged. True when the state has to stay for now. */
  private endRecovery(echo: number | undefined): boolean {
    const { tcb, spurious } = this;
    if (this.mayUndo(echo)) this.undo(false);
    else this.rack.onRecovered();
    // RFC 6582 section 4.1: without SACK duplicates of what was just repaired must not start it again.
    if (!tcb.sackPermitted && tcb.sndUna === this.high) {
      if (this.queue.resentCount === 0) spurious.settled();
      return true;
    }
    if (this.state === 'recovery') this.endReduction('open');
    else this.state = 'open';
    // The report of a duplicate may be under way still: as Linux, until the next reduction.
    return false;
  }

  /** An ACK within the recovery that answers what was sent before it: reordering, RFC 4015. True: wait for more. */
  private undoPartial(news: AckNews): boolean {
    const { queue, rack, spurious, tcb } = this;
    if (!spurious.delayed(news.echo)) return false;
    rack.reordered(news.priorUna, queue.highestSacked ?? tcb.sndUna, tcb.mss);
    if (queue.resentCount > 0) return true;
    spurious.settled();
    this.undo(true);
    this.keepOpen();
    return false;
  }

  private undoByDuplicates(): boolean {
    if (!this.spurious.allRepeated) return false;
    this.undo(false);
    return true;
  }

  private mayUndo(echo: number | undefined): boolean {
    return this.spurious.marker !== undefined && (this.spurious.allRepeated || this.spurious.delayed(echo));
  }

  private undo(nothingLost: boolean): void {
    if (nothingLost) this.queue.unmarkLost();
    // As Linux: a congestion mark takes the window down in any case.
    if (!this.marked) {
      this.congestion.undo();
      this.reductionUntold = false;
    }
    this.reduction.end();
    this.spurious.end();
    this.rack.advanced = true;
  }

  /** `markedAt`: the peer echoes a congestion mark now (RFC 3168 section 6.1.2). */
  private keepOpen(markedAt?: Instant): void {
    const { queue } = this;
    const quiet = queue.sackedCount + queue.lostCount + queue.resentCount + this.duplicates.count === 0;
    if (queue.resentCount === 0) this.spurious.settled();
    if (markedAt !== undefined) {
      this.spurious.end();
      this.startReduction(markedAt, true);
    }
    const calm = quiet ? 'open' : 'disorder';
    const state = markedAt === undefined ? calm : 'cwr';
    if (this.state === state) return;
    this.state = state;
    this.high = this.tcb.sndNxt;
  }

  /** RFC 8985 section 7.4.2: without the probe nobody would know that there was a loss. */
  private onProbeRepairedLoss(now: Instant): void {
    this.startReduction(now, false);
    this.state = 'cwr';
    this.endReduction('open');
    this.keepOpen();
  }

  private setReducedWindow(delivered: number, progress: boolean): void {
    const { congestion, tcb } = this;
    if (delivered <= 0 && this.state !== 'recovery') return;
    congestion.window = this.reduction.onDelivered(
      delivered,
      this.pipe,
      congestion.slowStartThreshold,
      tcb.mss,
      progress,
    );
  }
}
