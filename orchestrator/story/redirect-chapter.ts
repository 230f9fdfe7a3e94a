/** The chapter about redirects: for each the essential of what said so, and where that was seen. */
import type { Paint } from '../terminal.js';
import { type Chapter, frames } from './chapter.js';
import { cookiesSet } from './cookies.js';
import { headValues } from './head.js';
import type { ExchangeReport, FetchReport, RedirectReport, Segment } from './report.js';

export function redirectChapter({ redirects, exchanges }: FetchReport, paint: Paint): Chapter {
  const lines = redirects.flatMap((redirect) => [
    `${paint('bold', `${redirect.status}`)}  ${redirect.from} → ${redirect.to}`,
    ...evidence(redirect, exchanges, paint).map((line) => `  ${line}`),
  ]);
  return { title: 'Sent elsewhere', lines };
}

function evidence({ by, from, exchange: index }: RedirectReport, exchanges: readonly ExchangeReport[], paint: Paint) {
  const exchange = index === undefined ? undefined : exchanges[index];
  if (by === 'hsts' || exchange === undefined) {
    return [
      `by the browser itself: ${hostOf(from)} once said Strict-Transport-Security`,
      paint('dim', "it is asked by https alone (RFC 6797): no frame was sent, and 307 is no server's word"),
    ];
  }
  if (by === 'cache')
    return [paint('dim', 'in the cache of the browser, and fresh: nobody was asked, no frame was sent')];
  const { responseHead, requestSegments } = exchange;
  const [statusLine] = responseHead.split('\r\n');
  const lines = [
    ...(statusLine === '' ? [] : [statusLine]),
    ...fieldLines(responseHead, by),
    ...(by === 'response' && exchange.cache === 'validated'
      ? ['the redirect in the cache of the browser is still good']
      : []),
  ];
  return [...lines, requestSegments.length > 0 ? carriage(exchange, paint) : paint('dim', 'no frame was sent for it')];
}

/** Of cookies the names alone: what is in them is for the two ends. */
function fieldLines(head: string, by: RedirectReport['by']): string[] {
  const named = (name: string) => headValues(head, name.toLowerCase()).map((value) => `${name}: ${value}`);
  const refresh = named('Refresh');
  const inPage = by === 'refresh' && refresh.length === 0 ? ['<meta http-equiv="refresh"> in the page says so'] : [];
  const cookies = cookiesSet(head);
  return [
    ...(by === 'refresh' ? [...refresh, ...inPage] : named('Location')),
    ...named('Strict-Transport-Security'),
    ...(cookies.length > 0 ? [`Set-Cookie: ${cookies.join(' ')}`] : []),
  ];
}

function carriage({ local, remote, encrypted, requestSegments, responseSegments }: ExchangeReport, paint: Paint) {
  const numbers = (segments: readonly Segment[]) =>
    frames(
      segments.map(({ frame }) => frame),
      paint,
    );
  const answered = responseSegments.length === 0 ? '' : `${paint('dim', ', answered')}${numbers(responseSegments)}`;
  const secret = encrypted ? ', encrypted: the head is the word of the browser' : '';
  const over = paint('dim', `, over ${local} → ${remote}${secret}`);
  return `${paint('dim', 'asked')}${numbers(requestSegments)}${answered}${over}`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
