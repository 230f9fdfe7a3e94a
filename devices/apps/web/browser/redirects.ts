/** Where a redirect leads, and what remains of the request on the way there (RFC 9110 section 15.4). */
import type { HeaderList } from '../client/message.js';
import type { ReferrerPolicy } from '../referrer.js';
import { parseAddress } from '../url-parts.js';
import { LoadError } from './load-error.js';
import type { ResourceRequest } from './resource-request.js';

type OwnHeaders = ResourceRequest['headers'];
export type RedirectableRequest = Pick<ResourceRequest, 'url' | 'method' | 'headers' | 'body' | 'client' | 'isTainted'>;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** True when the browser has to go on; a redirect that names no place is an answer like any other. */
export function isRedirect(response: { readonly status: number; readonly location: string }): boolean {
  return REDIRECTS.has(response.status) && response.location !== '';
}

/**
 * Where the response sends the browser; empty when it does not. Throws LoadError when it names several places: as in
 * browsers, none of them is believed then.
 */
export function redirectLocation(status: number, headers: HeaderList): string {
  const values = headers.filter(([name]) => name.toLowerCase() === 'location').map(([, value]) => value);
  const [location = ''] = values;
  if (!isRedirect({ status, location })) return '';
  if (values.every((value) => value === location)) return location;
  const message = `the response has several Location headers: ${values.join(' and ')}`;
  throw new LoadError('ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION', 'http', message);
}

/** The caller's own headers that may go there, too: credentials do not go to another origin. */
export function headersTo(headers: OwnHeaders, isSameOrigin: boolean): OwnHeaders {
  const isKept = (name: string) => isSameOrigin || !/^(host|authorization|cookie|proxy-authorization)$/i.test(name);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name)));
}

/**
 * The request that follows. 303 makes everything but HEAD a GET; 301 and 302 turn POST into GET, as browsers
 * always did (the fetch standard's "HTTP-redirect fetch"); 307 and 308 keep method and body. A policy of the response's
 * own says from then on what is told of who asks. Throws UrlError when Location is no http URL.
 */
export function redirected(
  request: RedirectableRequest,
  response: { readonly status: number; readonly location: string; readonly referrerPolicy?: ReferrerPolicy },
): RedirectableRequest {
  const url = parseAddress(response.location, request.url);
  // RFC 9110 section 10.2.2: the fragment is inherited unless the new place has one.
  if (url.hash === '') url.hash = request.url.hash;
  const sameOrigin = url.origin === request.url.origin;
  const { status, referrerPolicy } = response;
  const { client } = request;
  const toGet =
    (status === 303 && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  const kept = Object.entries(headersTo(request.headers, sameOrigin));
  const next = {
    ...request,
    url,
    headers: Object.fromEntries(kept.filter(([name]) => !(toGet && /^content-/i.test(name)))),
    ...(client && referrerPolicy && { client: { ...client, referrerPolicy } }),
    // "Redirect-taint" of the fetch standard: the first step away from one's own origin is still one's own.
    ...(!sameOrigin && client?.url.origin !== request.url.origin && { isTainted: true }),
  };
  return toGet ? { ...next, method: 'GET', body: undefined } : next;
}
