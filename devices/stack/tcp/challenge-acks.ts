import type { Instant, Timers } from '../clock.js';
import type { Counters } from '../counters.js';
import type { Random } from '../random.js';

/** As Linux's tcp_invalid_ratelimit: answers to segments that cannot be right, so that two ends never loop. */
const INTERVAL_MS = 500;
/** Linux's tcp_challenge_ack_limit before it became a matter of the connection alone. */
const BUDGET_PER_SECOND = 1000;

/**
 * What one machine spends on challenge ACKs (RFC 5961 section 7). The sum of a second is random: a fixed one would
 * be a counter that strangers can read, and so tell who talks to whom (CVE-2016-5696).
 */
export class ChallengeBudget {
  private readonly random: Random;
  private second = Number.NaN;
  private left = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** False when this second's budget is spent. */
  take(now: Instant): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.second) {
      this.second = second;
      this.left = BUDGET_PER_SECOND / 2 + (this.random.uint32() % BUDGET_PER_SECOND);
    }
    if (this.left === 0) return false;
    this.left -= 1;
    return true;
  }
}

/** The answers of one connection to what cannot be right: an ACK that tells where we are. */
export class ChallengeAcks {
  private readonly timers: Timers;
  private readonly counters: Counters;
  private readonly budget: ChallengeBudget;
  private readonly send: () => void;
  private sentAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(timers: Timers, counters: Counters, budget: ChallengeBudget, send: () => void) {
    this.timers = timers;
    this.counters = counters;
    this.budget = budget;
    this.send = send;
  }

  /** RFC 5961: whoever has a reason to send what he sent will act on our sequence numbers. */
  challenge(): void {
    if (!this.permitted()) return;
    if (!this.budget.take(this.timers.now)) {
      this.counters.add('tcp.challengesHeldBack');
      return;
    }
    this.counters.add('tcp.challenges');
    this.send();
  }

  /**
   * RFC 9293 section 3.10.7.4, first step: the answer to a segment outside the window. As Linux, data is answered
   * each time: it is not part of a loop of ACKs, and its sender waits.
   */
  refuse(hasData: boolean): void {
    if (hasData || this.permitted()) this.send();
  }

  private permitted(): boolean {
    const { now } = this.timers;
    if (now - this.sentAt < INTERVAL_MS) {
      this.counters.add('tcp.challengesHeldBack');
      return false;
    }
    this.sentAt = now;
    return true;
  }
}
