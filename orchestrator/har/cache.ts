/** What the browser's cache had to do with a request: before it, and after it. */
import type { Cache, CacheDetails } from 'har-format';
import type { FetchedExchange } from '../../devices/control.js';
import { headerValue, isoDate } from './headers.js';

/**
 * Nothing for a request that had to be made: whether its response was kept is the browser's to know. `hitCount` counts
 * within this load, since a HAR tells of no other. `startedAt`: milliseconds since 1970.
 */
export function harCache(exchange: FetchedExchange, earlier: readonly FetchedExchange[], startedAt: number): Cache {
  const { cache, url, responseHeaders } = exchange;
  if (cache === 'none') return {};
  const hits = earlier.filter((each) => each.url === url && each.cache !== 'none').length;
  const details = (hitCount: number): CacheDetails => ({
    ...freshUntil(exchange),
    lastAccess: new Date(startedAt).toISOString(),
    eTag: headerValue(responseHeaders, 'etag') ?? '',
    hitCount,
  });
  return { beforeRequest: details(hits), afterRequest: details(hits + 1) };
}

/** RFC 9111 section 4.2.1: `max-age` counts from the response's date, and goes before `Expires`. */
function freshUntil({ responseHeaders }: FetchedExchange): { expires?: string } {
  const date = Date.parse(headerValue(responseHeaders, 'date') ?? '');
  const seconds = /(?:^|[,\s])max-age=(\d+)/i.exec(headerValue(responseHeaders, 'cache-control') ?? '')?.[1];
  const byAge = seconds === undefined ? undefined : isoDate(date + Number(seconds) * 1000);
  const expires = byAge ?? isoDate(Date.parse(headerValue(responseHeaders, 'expires') ?? ''));
  return expires === undefined ? {} : { expires };
}
