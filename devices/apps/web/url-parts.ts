/**
 * What stands in the address bar, taken apart (RFC 3986 section 3; parsed as the WHATWG URL standard says).
 * No I/O, no names looked up.
 */

/** Raised for an address that cannot be loaded; `code` is what a fetch reports. */
export class UrlError extends Error {
  readonly code: 'ERR_INVALID_URL' | 'ERR_UNSUPPORTED_SCHEME';

  constructor(code: UrlError['code'], message: string) {
    super(message);
    this.name = 'UrlError';
    this.code = code;
  }
}

/** RFC 9110 section 4.2: what the schemes stand for when the address names no port. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * The address as a person types it: a missing scheme means http, as in a browser's address bar.
 * `base` resolves relative references (a Location header, an image's src).
 * Throws UrlError: ERR_INVALID_URL for what is no address, ERR_UNSUPPORTED_SCHEME for anything but http and https.
 */
export function parseAddress(text: string, base?: URL): URL {
  const url = parseUrl(text, base);
  if (url === undefined) throw new UrlError('ERR_INVALID_URL', `"${hideUserInfo(text)}" is not a URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const scheme = url.protocol.slice(0, -1);
    throw new UrlError(
      'ERR_UNSUPPORTED_SCHEME',
      `scheme "${scheme}" is not supported. Supported schemes are: http, https`,
    );
  }
  if (url.port === '0')
    throw new UrlError('ERR_INVALID_URL', `"${hideUserInfo(text)}" names port 0, which no server can have`);
  return url;
}

function parseUrl(text: string, base?: URL): URL | undefined {
  const trimmed = text.trim();
  if (base !== undefined) return tryUrl(trimmed, base);
  if (trimmed.includes('://')) return tryUrl(trimmed);
  if (trimmed.startsWith('//')) return tryUrl(`http:${trimmed}`);
  // "mailto:someone" has a scheme, "www.server.com:8080" a host and a port.
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(trimmed)) return tryUrl(trimmed);
  return tryUrl(`http://${trimmed}`);
}

function tryUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** 1 … 65535. */
export function portOf(url: URL): number {
  return url.port === '' ? (DEFAULT_PORTS[url.protocol.slice(0, -1)] ?? 0) : Number(url.port);
}

/** The part of a URL that goes into the request line: path and query. The fragment stays in the browser. */
export function requestTarget(url: URL): string {
  return url.pathname + url.search;
}

/** The URL as a Referer or a cache would write it: without user info and fragment. */
export function withoutSecrets(url: URL): string {
  const clean = new URL(url);
  clean.username = '';
  clean.password = '';
  clean.hash = '';
  return clean.href;
}

/** Text that may not even be a URL, without what would be its user and password: for logs and messages. */
export function hideUserInfo(text: string): string {
  return text.replace(/\/\/[^/?#\s]*@/, '//');
}

/**
 * Every part by its name, in the order in which they stand in the URL. Parts that the URL does not have are
 * left out, but not those that are implied: the default port, the path "/", the default document.
 */
export function urlParts(url: URL): Record<string, string> {
  const parts: Record<string, string> = { scheme: url.protocol.slice(0, -1), separator: '//' };
  if (url.username !== '') parts.user = decodePart(url.username);
  // That there is a password is worth telling, what it is is not.
  if (url.password !== '') parts.password = '*'.repeat(8);
  parts.host = url.hostname;
  parts.port = url.port === '' ? `${portOf(url)} (default of ${parts.scheme})` : url.port;
  parts.path = url.pathname;
  const file = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  if (file === '') parts.document = "the server's default document, such as index.html";
  else parts.document = decodePart(file);
  if (url.search.length > 1) parts.query = url.search.slice(1);
  if (url.hash.length > 1) parts.fragment = url.hash.slice(1);
  return parts;
}

/** Percent-decoded; as it stands when that is impossible. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
