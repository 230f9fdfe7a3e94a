/** The browser's HTTP cache (RFC 9111): a private one, in memory, on the machine's clock; http-cache-semantics judges. */
import type CachePolicy from 'http-cache-semantics';
import type { HttpCacheRow } from '../../../control/tables.js';
import { type HeaderList, headerValue } from '../client/message.js';
import { portOf } from '../url-parts.js';
import type { Libraries } from './libraries.js';

/** Bodies in all, bytes; those of a quarter of it at most are kept. */
export const CACHE_BYTES = 16 * 1024 * 1024;
export const MAX_CACHED_BODY_BYTES = CACHE_BYTES / 4;
export const CACHE_ENTRIES = 1000;
/** RFC 9110 section 9.2.1: all other methods may change what is there. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** RFC 9111 section 3.2: they describe the body that is kept, not the 304. */
const BODY_FIELDS = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'transfer-encoding',
  'content-type',
]);

export interface CacheRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: HeaderList;
}

export interface CachedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderList;
  /** Decoded. */
  readonly body: Uint8Array;
  readonly sha256: string;
}

export type CacheFinding =
  | { readonly kind: 'miss' }
  | { readonly kind: 'fresh'; readonly response: CachedResponse; readonly ageSeconds: number }
  | {
      readonly kind: 'stale';
      readonly response: CachedResponse;
      readonly ageSeconds: number;
      /** If-None-Match, If-Modified-Since. */
      readonly validators: HeaderList;
    };

interface Entry {
  readonly policy: CachePolicy;
  readonly response: CachedResponse;
}

export class HttpCache {
  private readonly Policy: typeof CachePolicy;
  /** By URL; the one that was used last comes last. */
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(library: Libraries['CachePolicy'], wallClock: () => number) {
    this.Policy = class extends library {
      now(): number {
        return wallClock();
      }
    };
  }

  /** With `validate`, what is fresh is to be validated too. */
  find(request: CacheRequest, validate = false): CacheFinding {
    const key = keyOf(request.url);
    const entry = this.entries.get(key);
    if (entry === undefined || request.method !== 'GET') return { kind: 'miss' };
    this.touch(key, entry);
    const { policy, response } = entry;
    const asked = policyRequest(request);
    const { response: usable, revalidation } = policy.evaluateRequest(asked);
    const ageSeconds = policy.age();
    if (usable !== undefined && !validate) return { kind: 'fresh', response, ageSeconds };
    const validators = Object.entries(revalidation?.headers ?? policy.revalidationHeaders(asked))
      .filter(([name]) => /^if-(none-match|modified-since)$/.test(name))
      .map(([name, value]) => [FIELD_NAMES[name], String(value)] as const);
    return validators.length === 0 ? { kind: 'miss' } : { kind: 'stale', response, ageSeconds, validators };
  }

  /** Whether a response with that head may be kept: its body is then wanted. */
  storable(request: CacheRequest, head: { readonly status: number; readonly headers: HeaderList }): boolean {
    if (request.method !== 'GET' || head.status === 206) return false;
    return this.policyFor(request, head).storable();
  }

  store(request: CacheRequest, response: CachedResponse): boolean {
    if (response.body.length > MAX_CACHED_BODY_BYTES || !this.storable(request, response)) return false;
    this.put(keyOf(request.url), { policy: this.policyFor(request, response), response });
    return true;
  }

  /**
   * The server said 304 about what {@link find} has found: what it said with it replaces what the cache had, also when it
   * said nothing by which the two could be compared (RFC 9111 section 4.3.4). What is no longer in the cache does not come
   * back into it.
   */
  validated(request: CacheRequest, stored: CachedResponse, headers: HeaderList): CachedResponse {
    const key = keyOf(request.url);
    const isNew = ([name]: readonly [string, string]) => !BODY_FIELDS.has(name.toLowerCase());
    const news = headers.filter(isNew);
    const renewed = new Set(news.map(([name]) => name.toLowerCase()));
    const kept = stored.headers.filter(([name]) => !renewed.has(name.toLowerCase()));
    const response = { ...stored, headers: [...kept, ...news] };
    if (this.entries.get(key)?.response === stored) {
      const policy = this.policyFor(request, response);
      if (policy.storable()) this.put(key, { policy, response });
      else this.remove(key);
    }
    return response;
  }

  /** RFC 9111 section 4.4: what an unsafe method may have changed is forgotten. */
  invalidate(method: string, url: URL, status: number, headers: HeaderList): void {
    if (SAFE_METHODS.has(method) || status < 200 || status >= 400) return;
    this.remove(keyOf(url));
    for (const name of ['location', 'content-location']) {
      const value = headerValue(headers, name);
      const target = value !== undefined && URL.canParse(value, url.href) ? new URL(value, url) : undefined;
      if (target?.origin === url.origin) this.remove(keyOf(target));
    }
  }

  rows(): HttpCacheRow[] {
    return [...this.entries].map(([url, { policy, response }]) => ({
      url,
      status: response.status,
      contentType: headerValue(response.headers, 'content-type') ?? '',
      bytes: response.body.length,
      ageSeconds: Math.floor(policy.age()),
      freshSeconds: Math.floor(policy.maxAge() - policy.age()),
      validator: headerValue(response.headers, 'etag') ?? headerValue(response.headers, 'last-modified') ?? '',
    }));
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }

  private policyFor(
    request: CacheRequest,
    head: { readonly status: number; readonly headers: HeaderList },
  ): CachePolicy {
    return new this.Policy(policyRequest(request), policyResponse(head.status, head.headers), { shared: false });
  }

  private put(key: string, entry: Entry): void {
    this.remove(key);
    this.entries.set(key, entry);
    this.bytes += entry.response.body.length;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= CACHE_BYTES && this.entries.size <= CACHE_ENTRIES) break;
      this.remove(oldest);
    }
  }

  private touch(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.response.body.length;
  }
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  'if-none-match': 'If-None-Match',
  'if-modified-since': 'If-Modified-Since',
};

function keyOf(url: URL): string {
  const clean = new URL(url);
  clean.hash = '';
  clean.username = '';
  clean.password = '';
  return clean.href;
}

function policyRequest({ url, method, headers }: CacheRequest): CachePolicy.Request {
  const fields = fieldsOf(headers);
  return { url: keyOf(url), method, headers: { ...fields, host: fields.host ?? `${url.hostname}:${portOf(url)}` } };
}

/**
 * The library would never use a response with must-revalidate without asking; the directive speaks of stale ones alone
 * (RFC 9111 section 5.2.2.2), and none of those is used here without asking, whatever the response allows.
 */
function policyResponse(status: number, headers: HeaderList): CachePolicy.Response {
  const fields = fieldsOf(headers);
  const directives = (fields['cache-control'] ?? '')
    .split(',')
    .map((directive) => directive.trim().toLowerCase())
    .filter(
      (directive) => directive !== '' && !/^(must-revalidate|stale-while-revalidate|stale-if-error)\b/.test(directive),
    );
  if (directives.length > 0) fields['cache-control'] = directives.join(', ');
  else delete fields['cache-control'];
  return { status, headers: fields };
}

function fieldsOf(headers: HeaderList): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name] of headers) fields[name.toLowerCase()] ??= headerValue(headers, name.toLowerCase()) ?? '';
  return fields;
}
