/** The entries of a HAR: one a request with its response, also those that the browser answered from its memory. */
import type { Content, Entry, PostData, Request, Response } from 'har-format';
import type { FetchedExchange, FetchResult } from '../../devices/control.js';
import { harCache } from './cache.js';
import type { HarOrigin } from './har.js';
import { harHeaders, headerValue, headLength, queryOf, sentCookies, setCookies } from './headers.js';
import { resourceType } from './resource-type.js';
import { harTimings } from './timings.js';

/** What HAR says where a size is not known. */
const UNKNOWN = -1;

const PRIORITIES = { highest: 'VeryHigh', high: 'High', medium: 'Medium', low: 'Low', lowest: 'VeryLow' } as const;

export function harEntries(result: FetchResult, { epochOffsetMs, sentAt }: HarOrigin, pageId: string): Entry[] {
  const connections = connectionIds(result.exchanges);
  return result.exchanges.map((exchange, index) => {
    const { timing, cache, remote, secure, error } = exchange;
    const startedAt = epochOffsetMs + timing.startTime;
    const { timings, time } = harTimings(exchange, sentAt?.(exchange));
    const [address, port] = remote === undefined ? [] : splitEnd(remote);
    const entry: Entry = {
      pageref: pageId,
      startedDateTime: new Date(startedAt).toISOString(),
      time,
      request: harRequest(exchange),
      response: harResponse(exchange, new Date(epochOffsetMs + timing.responseEnd)),
      cache: harCache(exchange, result.exchanges.slice(0, index), startedAt),
      timings,
      ...(address !== undefined && { serverIPAddress: address, _serverPort: Number(port) }),
      ...(remote !== undefined && { connection: connections.get(connectionKey(exchange)) }),
      _initiator: initiator(exchange),
      _priority: PRIORITIES[exchange.priority],
      _resourceType: resourceType(exchange),
      ...(cache === 'memory' && { _fromCache: 'memory' }),
      ...(secure && { _securityDetails: securityDetails(secure) }),
    };
    if (error !== undefined) entry.comment = `${error.code} at ${error.stage}: ${error.message}`;
    return entry;
  });
}

function splitEnd(end: string): [address: string, port: string] {
  const colon = end.lastIndexOf(':');
  return [end.slice(0, colon), end.slice(colon + 1)];
}

function connectionKey({ local, remote }: FetchedExchange): string {
  return `${local} ${remote}`;
}

/** The client's port, by which a capture finds it; where two connections have the same, the server says which. */
function connectionIds(exchanges: readonly FetchedExchange[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  for (const exchange of exchanges) {
    const key = connectionKey(exchange);
    if (exchange.local === undefined || ids.has(key)) continue;
    const [, port] = splitEnd(exchange.local);
    const id = taken.has(port) ? `${port} ${exchange.remote}` : port;
    taken.add(id);
    ids.set(key, id);
  }
  return ids;
}

/** Whether its heads passed as HTTP/1 text, of which the length is known. HTTP/2 compresses them. */
function isText({ protocol }: FetchedExchange): boolean {
  return protocol.startsWith('HTTP/1');
}

function harRequest(exchange: FetchedExchange): Request {
  const { method, url, requestHeaders, requestBody, protocol } = exchange;
  const target = URL.canParse(url) ? `${new URL(url).pathname}${new URL(url).search}` : url;
  return {
    method,
    url,
    httpVersion: httpVersion(exchange),
    cookies: sentCookies(requestHeaders),
    headers: harHeaders(requestHeaders),
    queryString: queryOf(url),
    ...(requestBody && { postData: postData(requestBody) }),
    headersSize: isText(exchange) ? headLength(`${method} ${target} ${protocol}`, requestHeaders) : UNKNOWN,
    bodySize: requestBody?.bytes ?? 0,
  };
}

function postData({ contentType, text, bytes }: NonNullable<FetchedExchange['requestBody']>): PostData {
  const isCut = Buffer.byteLength(text) < bytes;
  return { mimeType: contentType, text, ...(isCut && { comment: `the beginning of ${bytes} bytes` }) };
}

/** An answer from memory has none of its own. */
function httpVersion({ protocol }: FetchedExchange): string {
  return protocol === '' ? 'unknown' : protocol;
}

function harResponse(exchange: FetchedExchange, at: Date): Response {
  const { status, statusText, responseHeaders, cache, encodedBytes, redirectUrl, error, protocol } = exchange;
  const hasHead = status > 0 && isText(exchange) && cache !== 'memory';
  const headersSize = hasHead ? headLength(`${protocol} ${status} ${statusText}`, responseHeaders) : UNKNOWN;
  const transferred = status > 0 ? encodedBytes : UNKNOWN;
  // What was here already was not transferred.
  const bodySize = cache === 'none' ? transferred : 0;
  return {
    status,
    statusText,
    httpVersion: httpVersion(exchange),
    cookies: setCookies(responseHeaders, at),
    headers: harHeaders(responseHeaders),
    content: harContent(exchange),
    redirectURL: redirectUrl,
    headersSize,
    bodySize,
    _transferSize: Math.max(0, headersSize) + Math.max(0, bodySize),
    ...(error && { _error: error.code }),
  };
}

function harContent({ bytes, encodedBytes, contentType, body, responseHeaders, cache }: FetchedExchange): Content {
  const isCoded = headerValue(responseHeaders, 'content-encoding') !== undefined && cache === 'none';
  return {
    size: bytes,
    ...(isCoded && { compression: bytes - encodedBytes }),
    mimeType: contentType === '' ? 'x-unknown' : contentType,
    ...(body && { text: body.text, ...(body.encoding && { encoding: body.encoding }) }),
  };
}

/** The document is asked for by the user; what a document or a style sheet names, by who read it. */
function initiator({ initiator: tag, initiatorUrl }: FetchedExchange): Entry['_initiator'] {
  if (initiatorUrl === undefined) return { type: 'other' };
  return { type: 'parser', url: initiatorUrl, detail: tag };
}

/** As playwright writes it: seconds since 1970. */
function securityDetails(secure: NonNullable<FetchedExchange['secure']>) {
  return {
    protocol: secure.protocol,
    cipher: secure.cipher,
    alpn: secure.alpn,
    // A session that goes on does not show its certificate again.
    ...(secure.subject !== '' && {
      subjectName: secure.subject,
      issuer: secure.issuer,
      sanList: secure.names,
      validFrom: Math.floor(secure.validFrom / 1000),
      validTo: Math.floor(secure.validTo / 1000),
    }),
    sessionReused: secure.sessionReused,
  };
}
