/**
 * Asks for one thing after the other on behalf of a page load: its turn, cookies, cache, the network, redirects. What the
 * fetch standard calls fetching, without scripts.
 */
import type { FetchedExchange, FetchRequest } from '../../../control/rpc.js';
import type { Instant } from '../../../stack/clock.js';
import { type HeaderList, headerValue } from '../client/message.js';
import { readReferrerPolicy } from '../referrer.js';
import { UrlError, urlParts, withoutSecrets } from '../url-parts.js';
import type { Cookies } from './cookies.js';
import type { ExchangeDraft, ExchangeLog } from './exchange-log.js';
import { type CachedResponse, type CacheRequest, type HttpCache, MAX_CACHED_BODY_BYTES } from './http-cache.js';
import { asLoadError, LoadError } from './load-error.js';
import { redirected, redirectLocation } from './redirects.js';
import { headersOf, sameSiteOf } from './request-origin.js';
import type { RequestQueue } from './request-queue.js';
import type { Loaded, ResourceRequest } from './resource-request.js';
import type { StrictTransport } from './strict-transport.js';
import { type ConnectionFacts, type TransactionContext, type TransactionResult, transact } from './transaction.js';

export interface FetcherContext extends TransactionContext {
  readonly cookies: Cookies;
  readonly cache: HttpCache;
  readonly strict: StrictTransport;
  readonly queue: RequestQueue;
  readonly log: ExchangeLog;
  readonly cacheMode: NonNullable<FetchRequest['cache']>;
  readonly maxRedirects: number;
  /** Of the page itself. */
  readonly onRedirect: (redirect: { from: string; to: string; status: number }) => void;
}

/** A response as the page gets it, wherever it comes from. */
interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: { readonly bytes: number; readonly sha256: string; readonly kept: Uint8Array };
  readonly cache: FetchedExchange['cache'];
  readonly connection?: ConnectionFacts;
}

export class Fetcher {
  private readonly context: FetcherContext;

  constructor(context: FetcherContext) {
    this.context = context;
  }

  /** Asks, and asks again where it is sent, until something else than a redirect answers. Never rejects. */
  async load(start: ResourceRequest): Promise<Loaded> {
    const startAt = this.now();
    let request = start;
    try {
      for (let hops = 0; ; hops++) {
        request = this.secured(request);
        const answer = await this.ask(request);
        const location = redirectLocation(answer.status, answer.headers);
        if (location === '') return this.loaded(request, answer, startAt);
        request = this.next(request, answer, location, hops);
      }
    } catch (error) {
      const failure = asLoadError(error, error instanceof UrlError ? 'url' : 'http').toFailure();
      return { url: request.url, resource: { ...this.resource(request, startAt), error: failure } };
    }
  }

  private next(request: ResourceRequest, { status, headers }: Answer, location: string, hops: number): ResourceRequest {
    const limit = this.context.maxRedirects;
    const from = withoutSecrets(request.url);
    if (hops >= limit) {
      throw new LoadError(
        'ERR_TOO_MANY_REDIRECTS',
        'http',
        `${from} is redirect number ${hops + 1} of at most ${limit}`,
      );
    }
    const referrerPolicy = readReferrerPolicy(headerValue(headers, 'referrer-policy'));
    const next = { ...request, ...redirected(request, { status, location, referrerPolicy }) };
    if (request.initiator === 'document') {
      this.context.onRedirect({ from, to: withoutSecrets(next.url), status });
      this.traceUrl(next.url);
    }
    return next;
  }

  /** A host that wants https is asked by nothing else; browsers tell of it as a redirect, 307. */
  private secured(request: ResourceRequest): ResourceRequest {
    const url = this.context.strict.secured(request.url);
    if (url === undefined) return request;
    if (request.initiator === 'document') {
      this.context.onRedirect({ from: withoutSecrets(request.url), to: withoutSecrets(url), status: 307 });
      this.traceUrl(url);
    }
    return { ...request, url };
  }

  traceUrl(url: URL): void {
    this.context.tracer.emit({ event: 'url-parsed', url: withoutSecrets(url), parts: urlParts(url) });
  }

  /** One hop: from the cache, or by the network. Throws LoadError. */
  private async ask(request: ResourceRequest): Promise<Answer> {
    const draft = this.draft(request);
    const { queue, connections, cookies, cacheMode } = this.context;
    const { priority, blocking, url } = request;
    const done = await queue.turn({ priority, blocking, isMultiplexed: connections.isMultiplexed(url) });
    draft.fetchStart = this.now();
    try {
      draft.requestHeaders = headersOf(request, cookies, cacheMode);
      return await this.answer(request, draft);
    } catch (error) {
      const failure = asLoadError(error, 'http');
      this.context.log.add(draft, {
        status: 0,
        statusText: '',
        headers: [],
        redirectUrl: '',
        cache: 'none',
        error: failure.toFailure(),
      });
      throw failure;
    } finally {
      done();
    }
  }

  private draft(request: ResourceRequest): ExchangeDraft {
    const { url, method } = request;
    const startTime = this.now();
    return {
      request,
      url,
      method,
      requestHeaders: [],
      startTime,
      fetchStart: startTime,
      marks: {},
    };
  }

  private async answer(request: ResourceRequest, draft: ExchangeDraft): Promise<Answer> {
    const { cache } = this.context;
    const { url, method, requestHeaders: headers } = draft;
    if (this.cacheMode(request) !== 'default') return this.network(request, draft, headers);
    const found = cache.find({ url, method, headers }, request.validate);
    if (method === 'GET') this.traceCache(url, found.kind, found.kind === 'miss' ? undefined : found.ageSeconds);
    if (found.kind === 'fresh') return this.fromCache(draft, found.response);
    if (found.kind === 'miss') return this.network(request, draft, headers);
    draft.requestHeaders = [...headers, ...found.validators];
    return this.network(request, draft, draft.requestHeaders, found.response);
  }

  /** A caller who sets conditions or ranges wants to talk to the server (fetch standard, section 4.5). */
  private cacheMode({ headers }: ResourceRequest): FetcherContext['cacheMode'] {
    const own = Object.keys(headers).some((name) => /^(if-|range$)/i.test(name));
    return own ? 'no-store' : this.context.cacheMode;
  }

  private fromCache(draft: ExchangeDraft, { status, statusText, headers, body, sha256 }: CachedResponse): Answer {
    const content = { bytes: body.length, encodedBytes: 0, sha256, kept: body };
    const redirectUrl = locationOf(draft.url, status, headers);
    this.context.log.add(draft, { status, statusText, headers, body: content, redirectUrl, cache: 'memory' });
    return { status, headers, body: content, cache: 'memory' };
  }

  private async network(
    request: ResourceRequest,
    draft: ExchangeDraft,
    headers: HeaderList,
    stored?: CachedResponse,
  ): Promise<Answer> {
    const { cookies, cache, strict, log } = this.context;
    const { url, method } = draft;
    const asked = { url, method, headers: this.cacheMode(request) === 'reload' ? withoutReload(headers) : headers };
    const mayStore = this.cacheMode(request) !== 'no-store';
    const result = await transact(
      {
        url,
        method,
        headers,
        body: request.body?.bytes,
        priority: request.priority,
        onConnection: ({ protocol, local, remote, secure }, fields) => {
          draft.requestHeaders = fields;
          draft.connection = { protocol, local, remote, ...(secure && { secure }) };
        },
        keepBytes: (head) =>
          Math.max(
            request.readBytes,
            log.wantedBytes,
            mayStore && cache.storable(asked, head) ? MAX_CACHED_BODY_BYTES : 0,
          ),
      },
      draft.marks,
      this.context,
    );
    const redirectUrl = locationOf(url, result.status, result.headers);
    strict.receive(result.headers, url);
    cookies.receive(setCookies(result.headers), url, sameSiteOf(request, cookies));
    cache.invalidate(method, url, result.status, result.headers);
    if (result.status === 304 && stored !== undefined) return this.validated(asked, stored, draft, result);
    if (mayStore) this.store(asked, result);
    const { status, statusText, headers: received, body } = result;
    log.add(draft, { status, statusText, headers: received, body, redirectUrl, cache: 'none' });
    return { ...result, headers: received, cache: 'none' };
  }

  private validated(
    asked: CacheRequest,
    stored: CachedResponse,
    draft: ExchangeDraft,
    { statusText, headers, body, connection }: TransactionResult,
  ): Answer {
    const { cache, log } = this.context;
    const merged = cache.validated(asked, stored, headers);
    this.traceCache(draft.url, 'validated', 0);
    const content = { bytes: merged.body.length, sha256: merged.sha256, kept: merged.body };
    const redirectUrl = locationOf(draft.url, merged.status, merged.headers);
    const logged = { ...content, encodedBytes: body.encodedBytes };
    log.add(draft, { status: 304, statusText, headers, body: logged, redirectUrl, cache: 'validated' });
    return { status: merged.status, headers: merged.headers, body: content, cache: 'validated', connection };
  }

  private store(asked: CacheRequest, result: TransactionResult): void {
    const { status, statusText, headers, body } = result;
    if (body.kept.length !== body.bytes) return;
    const stored = this.context.cache.store(asked, {
      status,
      statusText,
      headers,
      body: body.kept,
      sha256: body.sha256,
    });
    if (stored) this.traceCache(asked.url, 'stored', undefined);
  }

  private traceCache(
    url: URL,
    outcome: 'miss' | 'fresh' | 'stale' | 'validated' | 'stored',
    ageSeconds: number | undefined,
  ): void {
    this.context.tracer.emit({
      event: 'http-cache',
      url: withoutSecrets(url),
      outcome,
      ...(ageSeconds !== undefined && { ageSeconds }),
    });
  }

  private loaded(request: ResourceRequest, answer: Answer, startAt: Instant): Loaded {
    const { status, headers, body, cache, connection } = answer;
    const resource = {
      ...this.resource(request, startAt),
      status,
      bytes: body.bytes,
      sha256: body.sha256,
      contentType: headerValue(headers, 'content-type') ?? '',
      fromCache: cache !== 'none',
      ...(connection && { local: connection.local, remote: connection.remote }),
    };
    const beginning = body.kept.subarray(0, request.readBytes);
    return { url: request.url, resource, response: { status, headers, beginning } };
  }

  /** As far as it is known when nothing came. */
  private resource({ url, initiator }: ResourceRequest, startAt: Instant): Loaded['resource'] {
    return {
      url: withoutSecrets(url),
      status: 0,
      bytes: 0,
      sha256: '',
      contentType: '',
      initiator,
      fromCache: false,
      startAt,
      endAt: this.now(),
    };
  }

  private now(): Instant {
    return this.context.network.now();
  }
}

function setCookies(headers: HeaderList): string[] {
  return headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value);
}

/** Where the response sends the browser; empty when it does not. */
function locationOf(url: URL, status: number, headers: HeaderList): string {
  const location = redirectLocation(status, headers);
  if (location === '' || !URL.canParse(location, url.href)) return '';
  return withoutSecrets(new URL(location, url));
}

/** A later request that does not reload must find what this one has stored. */
function withoutReload(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !/^(cache-control|pragma)$/i.test(name));
}
