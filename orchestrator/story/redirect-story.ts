/** What sent the browser from one address to the next: the response that said so, or what it knew by itself. */
import type { FetchResult } from '../../devices/control.js';
import { headValues } from './head.js';
import type { ExchangeReport, RedirectReport } from './report.js';

type Redirect = FetchResult['redirects'][number];

/** Redirects and the exchanges of the document are in one order: each redirect takes the next exchange that fits. */
export function redirectStory(redirects: readonly Redirect[], exchanges: readonly ExchangeReport[]): RedirectReport[] {
  let next = 0;
  return redirects.map((redirect): RedirectReport => {
    const index = exchanges.findIndex((exchange, i) => i >= next && isAnswer(exchange, redirect));
    // RFC 6797 section 8.3: nothing is asked by http. Browsers tell of it as 307, which no server has sent.
    if (index < 0) return { ...redirect, by: 'hsts' };
    next = index + 1;
    return { ...redirect, by: causeOf(exchanges[index], redirect), exchange: index };
  });
}

/** A redirect of the cache that is still good is answered with 304, whatever it says itself. */
function isAnswer({ url, status, cache, initiator }: ExchangeReport, redirect: Redirect): boolean {
  const isDocument = (initiator ?? 'document') === 'document';
  return isDocument && url === redirect.from && (status === redirect.status || cache === 'validated');
}

/** Pages of any status may refresh themselves to others; one with a redirect's status and no Location is a page, too. */
function causeOf({ cache, responseHead }: ExchangeReport, { status }: Redirect): RedirectReport['by'] {
  if (status < 300 || status >= 400) return 'refresh';
  if (cache === 'memory') return 'cache';
  return cache === 'validated' || headValues(responseHead, 'location').length > 0 ? 'response' : 'refresh';
}
