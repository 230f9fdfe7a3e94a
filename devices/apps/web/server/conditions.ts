/** Conditional requests (RFC 9110 section 13): what the client has, against what there is. */
import type { IncomingHttpHeaders } from 'node:http';
import { parseHttpDate } from './dates.js';

/** What tells one version of a file from another (section 8.8). */
export interface Validators {
  /** Strong: with its quotes, without `W/`. */
  readonly etag: string;
  /** Milliseconds since 1970; the headers count whole seconds. */
  readonly modifiedMs: number;
}

export type Verdict = 'proceed' | 'not-modified' | 'failed';

/** Section 13.2.2, in its order. `method` is GET or HEAD, for which a match of If-None-Match is no failure. */
export function judgeConditions(headers: IncomingHttpHeaders, { etag, modifiedMs }: Validators): Verdict {
  const seconds = Math.floor(modifiedMs / 1000) * 1000;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, etag, 'strong')) return 'failed';
  } else {
    const since = dateOf(headers['if-unmodified-since'], modifiedMs);
    if (since !== undefined && seconds > since) return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return lists(ifNoneMatch, etag, 'weak') ? 'not-modified' : 'proceed';
  const since = dateOf(headers['if-modified-since'], modifiedMs);
  return since !== undefined && seconds <= since ? 'not-modified' : 'proceed';
}

/** Section 13.1.5: whether a range still belongs to what the client has. Without If-Range it does. */
export function isSameForRange(ifRange: string | undefined, { etag, modifiedMs }: Validators): boolean {
  if (ifRange === undefined) return true;
  if (/^(W\/)?"/.test(ifRange)) return ifRange === etag;
  return parseHttpDate(ifRange, modifiedMs) === Math.floor(modifiedMs / 1000) * 1000;
}

/** Years of two digits are those around the date that they are compared with: the one that the client was told. */
function dateOf(header: string | undefined, modifiedMs: number): number | undefined {
  return header === undefined ? undefined : parseHttpDate(header, modifiedMs);
}

/** Section 8.8.3.2: strong comparison never matches a weak tag. */
function lists(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag);
}
