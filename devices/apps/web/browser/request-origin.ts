/** On whose behalf something is asked for, and what the request tells of that: Referer, Origin, and cookies. */
import type { FetchRequest } from '../../../control/rpc.js';
import type { HeaderList } from '../client/message.js';
import { refererFor } from '../referrer.js';
import type { Cookies, SameSiteContext } from './cookies.js';
import { requestHeaders } from './request-headers.js';
import type { ResourceRequest } from './resource-request.js';

/** As they are at this moment: cookies come and go. */
export function headersOf(
  request: ResourceRequest,
  cookies: Cookies,
  cacheMode: NonNullable<FetchRequest['cache']>,
): HeaderList {
  const { url, method, initiator, client, body, cors, navigation } = request;
  const sameOrigin = client === undefined || client.url.origin === url.origin;
  const tellsOrigin = (method !== 'GET' && method !== 'HEAD') || (cors && !sameOrigin);
  return requestHeaders({
    url,
    method,
    initiator,
    own: request.headers,
    body,
    referer: client && refererFor(client.url, url, client.referrerPolicy),
    origin: tellsOrigin ? originOf(request) : undefined,
    cookie: navigation || sameOrigin || !cors ? cookies.header(url, sameSiteOf(request, cookies)) : undefined,
    freshness: cacheMode === 'reload' ? 'no-cache' : request.validate ? 'max-age=0' : undefined,
  });
}

/** Fetch standard, section 3.2. What a person types and sends is a form of the site that it goes to. */
function originOf({ url, client, isTainted }: ResourceRequest): string {
  return isTainted ? 'null' : (client?.url.origin ?? url.origin);
}

export function sameSiteOf({ url, method, client, navigation }: ResourceRequest, cookies: Cookies): SameSiteContext {
  if (client === undefined) return 'strict';
  const site = cookies.siteOf(url);
  if (cookies.siteOf(client.url) === site && cookies.siteOf(client.topUrl) === site) return 'strict';
  const isTop = navigation && client.topUrl === client.url;
  return isTop && (method === 'GET' || method === 'HEAD') ? 'lax' : 'none';
}
