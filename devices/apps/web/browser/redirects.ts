/** Where a redirect leads, and what remains of the request on the way there (RFC 9110 section 15.4). */
import { parseAddress } from '../url-parts.js';
import type { RequestBody } from './form.js';

export interface RedirectableRequest {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  /** The caller's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** True when the browser has to go on; a redirect that names no place is an answer like any other. */
export function isRedirect(response: { readonly status: number; readonly location: string }): boolean {
  return REDIRECTS.has(response.status) && response.location !== '';
}

/**
 * The request that follows. 303 makes everything but HEAD a GET; 301 and 302 turn POST into GET, as browsers
 * always did (the fetch standard's "HTTP-redirect fetch"); 307 and 308 keep method and body. Credentials do not go to
 * another origin. Throws UrlError when Location is no http URL.
 */
export function redirected(
  request: RedirectableRequest,
  response: { readonly status: number; readonly location: string },
): RedirectableRequest {
  const url = parseAddress(response.location, request.url);
  // RFC 9110 section 10.2.2: the fragment is inherited unless the new place has one.
  if (url.hash === '') url.hash = request.url.hash;
  const sameOrigin = url.origin === request.url.origin;
  const { status } = response;
  const toGet =
    (status === 303 && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  const dropped = (name: string) =>
    (!sameOrigin && /^(host|authorization|cookie|proxy-authorization)$/i.test(name)) ||
    (toGet && /^content-/i.test(name));
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !dropped(name)));
  return toGet ? { url, method: 'GET', headers, body: undefined } : { ...request, url, headers };
}
