/** What a device tells with stamps of its own clock, told in the lab's time: captures, traces and page loads are one timeline. */
import type { Instant } from '../stack/clock.js';

/** Members of {@link FetchResult} and its parts that hold an Instant. */
const STAMPS: ReadonlySet<string> = new Set([
  ...['startAt', 'endAt', 'startTime', 'fetchStart', 'domainLookupStart', 'domainLookupEnd'],
  ...['connectStart', 'secureConnectionStart', 'connectEnd', 'requestStart', 'responseStart', 'responseEnd'],
  ...['redirectStart', 'redirectEnd', 'domInteractive', 'domContentLoaded', 'domComplete', 'loadEventEnd'],
]);

/** A copy of a page load's result whose stamps `toLab` has translated. */
export function inLabTime<T>(result: T, toLab: (at: Instant) => Instant): T {
  return translate(result, toLab) as T;
}

function translate(value: unknown, toLab: (at: Instant) => Instant): unknown {
  if (Array.isArray(value)) return value.map((item) => translate(item, toLab));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [
    key,
    typeof member === 'number' && STAMPS.has(key) ? toLab(member) : translate(member, toLab),
  ]);
  return Object.fromEntries(members);
}
