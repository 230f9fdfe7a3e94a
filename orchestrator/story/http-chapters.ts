/** The chapters about HTTP: the request, its answer, the cookies, all that the page is made of. */
import { formatBytes, type Paint } from '../terminal.js';
import { type Chapter, frames, segmentCount, stepLines } from './chapter.js';
import { cookiesSent, cookiesSet } from './cookies.js';
import type { ExchangeReport, FetchReport, Segment } from './report.js';
import { waterfall } from './waterfall.js';

/** More segments than this are summed up. */
const SEGMENTS_SHOWN = 6;

function segmentLines(segments: readonly Segment[], paint: Paint): string[] {
  const shown = segments.slice(0, SEGMENTS_SHOWN);
  const lines = shown.map(({ seq, length, frame }) => `  seq=${seq}  ${length} bytes${frames([frame], paint)}`);
  const rest = segments.length - shown.length;
  if (rest > 0) lines.push(paint('dim', `  … and ${rest} more segments`));
  return lines;
}

function headLines(head: string, paint: Paint): string[] {
  const [first, ...rest] = head.trimEnd().split('\r\n');
  return [paint('bold', first), ...rest].map((line) => `  ${line}`);
}

/** What the frames do not say: the heads above are the browser's word. */
function secrecyLines({ encrypted, sharedSegments, withPreface, protocol }: ExchangeReport, paint: Paint): string[] {
  const lines = encrypted ? ['the browser says so: the segments show how much was said, and when, but not what'] : [];
  if (withPreface) lines.push(`the preface of the connection and its settings leave with it: ${protocol} begins here`);
  if (sharedSegments > 0)
    lines.push(`${segmentCount(sharedSegments)} may have parts of other streams of this ${protocol} connection`);
  return lines.map((line) => paint('dim', line));
}

/** `isDocument`: it asks for the page itself, not for what only leads to it. */
export function requestChapter(exchange: ExchangeReport, isDocument: boolean, maxData: number, paint: Paint): Chapter {
  const { requestHead, requestSegments, requestBytes } = exchange;
  const cut = `${requestBytes} bytes, at most ${maxData} a segment: ${segmentCount(requestSegments.length)}`;
  return {
    title: `The request${exchange.encrypted ? ', encrypted' : ''}${isDocument ? '' : `  ${exchange.url}`}`,
    lines: [
      ...headLines(requestHead, paint),
      paint('dim', cut),
      ...secrecyLines(exchange, paint),
      ...segmentLines(requestSegments, paint),
    ],
  };
}

export function responseChapter(exchange: ExchangeReport, paint: Paint): Chapter {
  const { responseHead, responseSegments, responseBytes } = exchange;
  const cut = `${formatBytes(responseBytes)} with its head, in ${segmentCount(responseSegments.length)}`;
  return {
    title: exchange.encrypted ? 'The response, encrypted' : 'The response',
    lines: [...headLines(responseHead, paint), paint('dim', cut), ...segmentLines(responseSegments, paint)],
  };
}

/** An answer that was here already. */
export function cacheChapter({ url }: ExchangeReport): Chapter {
  return {
    title: 'The answer',
    lines: [`${url} is in the cache of the browser, and fresh: nobody was asked, no frame was sent`],
  };
}

/** Names alone: what is in a cookie is for the two ends. The same ones to the same host are told once. */
export function cookiesChapter(report: FetchReport, paint: Paint): Chapter {
  const groups = new Map<string, { readonly words: string; readonly url: string; count: number }>();
  const add = (words: string, names: readonly string[], url: string) => {
    if (names.length === 0) return;
    const host = URL.canParse(url) ? new URL(url).host : url;
    const key = [words, ...names, host].join(' ');
    const group = groups.get(key) ?? { words: `${words}  ${names.join(' ')}`, url, count: 0 };
    group.count += 1;
    groups.set(key, group);
  };
  for (const { url, requestHead, responseHead } of report.exchanges) {
    add(paint('dim', 'sent to'), cookiesSent(requestHead), url);
    add(paint('dim', 'set by '), cookiesSet(responseHead), url);
  }
  const lines = [...groups.values()].map(({ words, url, count }) => {
    const more = count > 1 ? ` and ${count - 1} more there` : '';
    return `${words}  ${paint('dim', `${url}${more}`)}`;
  });
  return { title: 'Cookies', lines };
}

export function pageChapter(report: FetchReport, columns: number, paint: Paint): Chapter {
  const lines = [...stepLines(report.steps, 'html', paint)];
  if (report.exchanges.length > 1) lines.push(...waterfall(report, columns, paint));
  return { title: report.title === '' ? 'The page' : `The page  ${report.title}`, lines };
}
