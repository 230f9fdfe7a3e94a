/**
 * Questions that could not be answered, remembered for a while (RFC 9520 section 3.2): a second after the first failure,
 * twice as long after each further one, up to half a minute, as long as BIND's servfail-ttl may be.
 */
import type { Instant } from '../stack/clock.js';
import type { QuestionType } from '../stack/wire/dns-record.js';
import { questionKey } from '../stack/wire/dns-record-text.js';

export const FIRST_FAILURE_MS = 1_000;
export const MAX_FAILURE_MS = 30_000;
const MAX_FAILURES = 1_000;

export class RecentFailures {
  private readonly now: () => Instant;
  /** In the order in which they failed last. */
  private readonly failures = new Map<string, { readonly until: Instant; readonly ms: number }>();

  constructor(now: () => Instant) {
    this.now = now;
  }

  /** Whether it is too early to try again. */
  has(name: string, type: QuestionType): boolean {
    const failure = this.failures.get(questionKey(name, type));
    return failure !== undefined && failure.until > this.now();
  }

  /** What failed long ago has failed for the first time again. */
  add(name: string, type: QuestionType): void {
    const key = questionKey(name, type);
    const before = this.failures.get(key);
    const isFurther = before !== undefined && this.now() < before.until + MAX_FAILURE_MS;
    const ms = isFurther ? Math.min(MAX_FAILURE_MS, 2 * before.ms) : FIRST_FAILURE_MS;
    this.failures.delete(key);
    this.failures.set(key, { until: this.now() + ms, ms });
    if (this.failures.size <= MAX_FAILURES) return;
    const [oldest] = this.failures.keys();
    this.failures.delete(oldest);
  }

  /** It has been answered. */
  delete(name: string, type: QuestionType): void {
    this.failures.delete(questionKey(name, type));
  }
}
