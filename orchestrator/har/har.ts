/**
 * A page load as HTTP Archive, version 1.2 (http://www.softwareishard.com/blog/har-12-spec/), with the fields beyond it,
 * named with an underscore, that Chromium's DevTools write and read.
 */
import type { Har, Page } from 'har-format';
import type { FetchedExchange, FetchResult } from '../../devices/control.js';
import { harEntries } from './entry.js';

const PAGE_ID = 'page_1';

/** Where and with what the page was loaded. */
export interface HarOrigin {
  /** Of netarium. */
  readonly version: string;
  /** Milliseconds since 1970 at the zero of the lab's timeline. */
  readonly epochOffsetMs: number;
  /** For people: the lab and the host. */
  readonly comment: string;
  /** When the last byte of a request left, on the lab's timeline, where the frames show it. */
  readonly sentAt?: (exchange: FetchedExchange) => number | undefined;
}

export function buildHar(result: FetchResult, origin: HarOrigin): Har {
  const { version, epochOffsetMs, comment } = origin;
  const made = { name: 'netarium', version };
  return {
    log: {
      version: '1.2',
      creator: made,
      browser: made,
      pages: [page(result, epochOffsetMs)],
      entries: harEntries(result, origin, PAGE_ID),
      comment,
    },
  };
}

/** Times that were not reached are -1. */
function page({ url, title, startAt, timing }: FetchResult, epochOffsetMs: number): Page {
  const since = (at: number | undefined) => (at === undefined ? -1 : milliseconds(at - startAt));
  return {
    startedDateTime: new Date(epochOffsetMs + startAt).toISOString(),
    id: PAGE_ID,
    title: title === '' ? url : title,
    pageTimings: { onContentLoad: since(timing?.domContentLoaded), onLoad: since(timing?.loadEventEnd) },
  };
}

/** To the microsecond. */
export function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
