/** The headers of the browser's requests, in a fixed order: the same request has the same bytes every time. */
import { decodePart, portOf } from '../url-parts.js';

export type HeaderList = readonly (readonly [name: string, value: string])[];

const USER_AGENT = 'Netarium/1.0 (browser)';
const ACCEPT_LANGUAGE = 'en, *;q=0.5';

/** What each kind of request would like best (RFC 9110 section 12.5.1). */
const ACCEPT: Readonly<Record<string, string>> = {
  document: 'text/html, application/xhtml+xml, */*;q=0.8',
  img: 'image/*, */*;q=0.8',
};

/** Set by what is really sent; a caller's own value could only make the message unreadable. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'trailer', 'upgrade', 'expect']);

/** RFC 9110 section 7.2: the port is named only when it is not the scheme's own. */
function hostHeader(url: URL): string {
  return url.port === '' ? url.hostname : `${url.hostname}:${portOf(url)}`;
}

/**
 * Host, Connection, User-Agent, Accept, Accept-Language, then Authorization (from the URL's user info), then
 * the caller's own in their order, then those of the body. A caller's header replaces the browser's of that name.
 */
export function requestHeaders(
  url: URL,
  initiator: string,
  own: Readonly<Record<string, string>>,
  body: Uint8Array | undefined,
): HeaderList {
  const headers = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string) => headers.set(name.toLowerCase(), [name, value]);
  set('Host', hostHeader(url));
  set('Connection', 'keep-alive');
  set('User-Agent', USER_AGENT);
  set('Accept', ACCEPT[initiator] ?? '*/*');
  set('Accept-Language', ACCEPT_LANGUAGE);
  if (url.username !== '' || url.password !== '') set('Authorization', basicCredentials(url));
  if (body !== undefined) set('Content-Type', 'application/x-www-form-urlencoded');
  for (const [name, value] of Object.entries(own)) if (!FRAMING.has(name.toLowerCase())) set(name, value);
  if (body !== undefined) set('Content-Length', String(body.length));
  return [...headers.values()];
}

/** RFC 7617 section 2. */
function basicCredentials(url: URL): string {
  const credentials = `${decodePart(url.username)}:${decodePart(url.password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** The head of a request or a response as it stands on the wire, with the empty line. */
export function formatHead(startLine: string, headers: HeaderList): string {
  return `${[startLine, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`;
}
