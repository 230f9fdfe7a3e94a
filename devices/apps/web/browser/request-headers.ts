/** The headers of the browser's requests, in a fixed order: the same request has the same bytes every time. */

import { acceptedCodings } from '../client/content-coding.js';
import type { HeaderList } from '../client/message.js';
import { decodePart, portOf } from '../url-parts.js';
import type { RequestBody } from './form.js';

const USER_AGENT = 'Netarium/1.0 (browser)';
const ACCEPT_LANGUAGE = 'en, *;q=0.5';

const DOCUMENT = 'text/html, application/xhtml+xml, */*;q=0.8';
const IMAGE = 'image/*, */*;q=0.8';
const STYLE = 'text/css, */*;q=0.1';

/** What each kind of request would like best (RFC 9110 section 12.5.1). */
const ACCEPT: Readonly<Record<string, string>> = {
  document: DOCUMENT,
  iframe: DOCUMENT,
  frame: DOCUMENT,
  img: IMAGE,
  style: STYLE,
};

/** Set by what is really sent; a caller's own value could only make the message unreadable. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'trailer', 'upgrade', 'expect']);

/** RFC 9110 section 9.3: a body of theirs would mean nothing, so that its absence need not be told either. */
const BODILESS_METHODS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

export interface HeaderChoices {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  /** `document`, or the tag that asked. */
  readonly initiator: string;
  /** The caller's own. */
  readonly own?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly referer?: string;
  readonly origin?: string;
  readonly cookie?: string;
  /** Caches on the way are to ask again: whoever has it, or whether it has changed. */
  readonly freshness?: 'no-cache' | 'max-age=0';
}

/** RFC 9110 section 7.2: the port is named only when it is not the scheme's own. */
function hostHeader(url: URL): string {
  return url.port === '' ? url.hostname : `${url.hostname}:${portOf(url)}`;
}

/**
 * Host, Connection, what the browser is and likes, then what this request is about: Authorization (from the URL's user info),
 * Referer, Origin, Cookie; then the caller's own in their order, then those of the body. A caller's header replaces the
 * browser's of that name, but for cookies, which are added.
 */
export function requestHeaders(choices: HeaderChoices): HeaderList {
  const { url, method, initiator, own = {}, body, referer, origin, cookie, freshness } = choices;
  const headers = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) headers.set(name.toLowerCase(), [name, value]);
  };
  set('Host', hostHeader(url));
  set('Connection', 'keep-alive');
  if (freshness === 'no-cache') set('Pragma', 'no-cache');
  set('Cache-Control', freshness);
  set('User-Agent', USER_AGENT);
  set('Accept', ACCEPT[initiator] ?? '*/*');
  set('Accept-Encoding', acceptedCodings(url));
  set('Accept-Language', ACCEPT_LANGUAGE);
  if (url.username !== '' || url.password !== '') set('Authorization', basicCredentials(url));
  set('Referer', referer);
  set('Origin', origin);
  set('Cookie', cookie);
  set('Content-Type', body?.contentType);
  for (const [name, value] of Object.entries(own)) {
    const isCookie = name.toLowerCase() === 'cookie';
    if (!FRAMING.has(name.toLowerCase())) set(name, isCookie && cookie !== undefined ? `${cookie}; ${value}` : value);
  }
  // RFC 9110 section 8.6: also of no body, where one could be.
  if (body !== undefined || !BODILESS_METHODS.has(method)) set('Content-Length', String(body?.bytes.length ?? 0));
  return [...headers.values()];
}

/** RFC 7617 section 2. */
function basicCredentials(url: URL): string {
  const credentials = `${decodePart(url.username)}:${decodePart(url.password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
