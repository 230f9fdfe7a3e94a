/**
 * One page load from the address to the last image: URL, names, connections, request, redirects, the page's
 * own requests, close. What it returns is what the browser itself saw.
 */
import type { FetchedResource, FetchFailure, FetchRequest, FetchResult, FetchStage } from '../../../control/rpc.js';
import type { Network } from '../../../net/network.js';
import type { Instant } from '../../../stack/clock.js';
import type { Tracer } from '../../../stack/trace.js';
import { decodeText, isHtml, isText } from '../content-type.js';
import { parseAddress, UrlError, urlParts, withoutSecrets } from '../url-parts.js';
import type { BrowserNames } from './browser-names.js';
import { Connections } from './connections.js';
import { Deadline } from './deadline.js';
import { ExchangeError, exchange, type PageResponse } from './exchange.js';
import { type PageContents, readPage } from './html-resources.js';
import { asLoadError, LoadError } from './load-error.js';
import { LoadNames } from './load-names.js';
import { blame } from './reachability.js';
import { isRedirect, type RedirectableRequest, redirected } from './redirects.js';
import { requestHeaders } from './request-headers.js';

const DEFAULT_MAX_REDIRECTS = 20;
/** Of one request, when kept connections turn out to be closed. */
const MAX_ATTEMPTS = 3;
/** The fetch standard's forbidden methods: they open tunnels or send headers back. */
const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

export interface LoadContext {
  readonly network: Network;
  readonly names: BrowserNames;
  readonly tracer: Tracer;
  /** Resolves when the machine has its address; rejects with LoadError of stage `dhcp` when that takes too long. */
  ready(signal: AbortSignal): Promise<void>;
}

/** What came of one URL, after its redirects. */
interface Loaded {
  readonly resource: FetchedResource;
  readonly url: URL;
  readonly response?: PageResponse;
}

export class PageLoad {
  private readonly context: LoadContext;
  private readonly request: FetchRequest;
  private readonly connections: Connections;
  private readonly names: LoadNames;
  private readonly deadline: Deadline;
  private readonly redirects: { from: string; to: string; status: number }[] = [];
  private readonly startAt: Instant;

  constructor(request: FetchRequest, context: LoadContext) {
    this.request = request;
    this.context = context;
    this.connections = new Connections(context.network);
    this.deadline = new Deadline(context.network, request.timeoutMs);
    this.names = new LoadNames(context.names, () => context.network.now(), this.deadline.signal);
    this.startAt = context.network.now();
  }

  /** Never rejects: what fails is in the result. */
  async run(): Promise<FetchResult> {
    let first: URL;
    try {
      first = parseAddress(this.request.url);
      this.traceUrl(first);
      this.checkMethod();
      await this.context.ready(this.deadline.signal);
    } catch (error) {
      this.deadline.clear();
      return this.failed(asLoadError(error, 'url').toFailure());
    }
    const document = await this.follow(this.firstRequest(first), 'document');
    const { text, contents } = this.read(document);
    const resources = contents === undefined ? [] : await this.loadContents(contents);
    this.deadline.clear();
    await this.connections.close();
    return this.result(document, resources, text);
  }

  private checkMethod(): void {
    const method = this.request.method?.toUpperCase() ?? 'GET';
    if (FORBIDDEN_METHODS.has(method)) {
      throw new LoadError('ERR_UNSUPPORTED_METHOD', 'http', `a browser does not send ${method} requests`);
    }
  }

  private traceUrl(url: URL): void {
    this.context.tracer.emit({ event: 'url-parsed', url: withoutSecrets(url), parts: urlParts(url) });
  }

  private firstRequest(url: URL): RedirectableRequest {
    const { method, headers = {}, data } = this.request;
    const body = data === undefined ? undefined : new TextEncoder().encode(data);
    return { url, method: method?.toUpperCase() ?? (body ? 'POST' : 'GET'), headers, body };
  }

  /** Asks, and asks again where it is sent, until something else than a redirect answers. Never rejects. */
  private async follow(start: RedirectableRequest, initiator: string): Promise<Loaded> {
    const startAt = this.context.network.now();
    let request = start;
    try {
      for (let hops = 0; ; hops++) {
        const response = await this.ask(request, initiator);
        if (!isRedirect(response)) {
          return { url: request.url, response, resource: this.loaded(request.url, response, initiator, startAt) };
        }
        request = this.next(request, response, hops);
      }
    } catch (error) {
      const failure = asLoadError(error, error instanceof UrlError ? 'url' : 'http').toFailure();
      return { url: request.url, resource: this.unloaded(request.url, failure, initiator, startAt) };
    }
  }

  private next(request: RedirectableRequest, response: PageResponse, hops: number): RedirectableRequest {
    const limit = this.request.maxRedirects ?? DEFAULT_MAX_REDIRECTS;
    if (hops >= limit) {
      throw new LoadError(
        'ERR_TOO_MANY_REDIRECTS',
        'http',
        `${withoutSecrets(request.url)} is redirect number ${hops + 1} of at most ${limit}`,
      );
    }
    const next = redirected(request, response);
    this.redirects.push({ from: withoutSecrets(request.url), to: withoutSecrets(next.url), status: response.status });
    this.traceUrl(next.url);
    return next;
  }

  /** One request by the whole way: name, connection, exchange. Throws LoadError. */
  private async ask(request: RedirectableRequest, initiator: string): Promise<PageResponse> {
    const { url, method, body } = request;
    const addresses = await this.names.lookup(url.hostname);
    const headers = requestHeaders(url, initiator, request.headers, body);
    const message = { url, method, headers, body, keepText: initiator === 'document' };
    this.deadline.progress();
    const context = { agent: this.connections, deadline: this.deadline, tracer: this.context.tracer };
    for (let attempt = 0, index = 0; ; attempt++) {
      try {
        return await exchange(message, addresses[index], context);
      } catch (error) {
        const isFinal = !(error instanceof ExchangeError) || this.deadline.signal.aborted;
        if (isFinal) throw this.explain(error, addresses[index]);
        // A server may close a kept connection at the very moment of our next request (RFC 9112 section 9.3.1).
        const again = error.connectionWasStale && body === undefined && attempt < MAX_ATTEMPTS;
        const elsewhere = error.stage === 'tcp' && index + 1 < addresses.length;
        if (!again && !elsewhere) throw this.explain(error, addresses[index]);
        if (elsewhere) index += 1;
      }
    }
  }

  private explain(error: unknown, address: string): LoadError {
    if (!(error instanceof ExchangeError)) return asLoadError(error, 'http');
    const stage: FetchStage =
      error.stage === 'tcp' ? blame(this.context.network, address, error.cause.code) : error.stage;
    return new LoadError(error.cause.code ?? 'ERR_HTTP', stage, error.cause.message);
  }

  private read({ resource, url, response }: Loaded): { text: string; contents?: PageContents } {
    if (!response || !isText(resource.contentType)) return { text: '' };
    const text = decodeText(response.beginning, resource.contentType);
    if (!isHtml(resource.contentType) || this.request.subresources === false) return { text };
    const contents = readPage(text, url.href);
    this.context.tracer.emit({
      event: 'html-parsed',
      url: withoutSecrets(url),
      resources: contents.resources.map((resource) => resource.url),
    });
    return { text, contents };
  }

  /** All at once; those that share a server wait for its connections. */
  private async loadContents(contents: PageContents): Promise<FetchedResource[]> {
    const early = contents.prefetchHosts.map((host) => this.names.lookup(host).catch(() => []));
    const loads = contents.resources.map(async ({ url, initiator }) => {
      const startAt = this.context.network.now();
      try {
        const request = { url: parseAddress(url), method: 'GET', headers: {} };
        return (await this.follow(request, initiator)).resource;
      } catch (error) {
        return this.unloaded(new URL(url), asLoadError(error, 'url').toFailure(), initiator, startAt);
      }
    });
    const [resources] = await Promise.all([Promise.all(loads), Promise.all(early)]);
    return resources;
  }

  private loaded(url: URL, response: PageResponse, initiator: string, startAt: Instant): FetchedResource {
    const { status, bytes, sha256, contentType, local, remote } = response;
    const endAt = this.context.network.now();
    return {
      url: withoutSecrets(url),
      status,
      bytes,
      sha256,
      contentType,
      initiator,
      fromCache: false,
      startAt,
      endAt,
      local,
      remote,
    };
  }

  private unloaded(url: URL, error: FetchFailure, initiator: string, startAt: Instant): FetchedResource {
    return {
      url: withoutSecrets(url),
      status: 0,
      bytes: 0,
      sha256: '',
      contentType: '',
      initiator,
      fromCache: false,
      startAt,
      endAt: this.context.network.now(),
      error,
    };
  }

  private result(document: Loaded, resources: readonly FetchedResource[], text: string): FetchResult {
    const { status, error } = document.resource;
    return {
      url: this.request.url,
      finalUrl: withoutSecrets(document.url) + document.url.hash,
      ok: error === undefined && status >= 200 && status < 300,
      status,
      startAt: this.startAt,
      endAt: this.context.network.now(),
      ...(error && { error }),
      redirects: this.redirects,
      resources: [document.resource, ...resources],
      lookups: this.names.lookups,
      connections: this.connections.established,
      exchanges: [],
      title: '',
      text,
    };
  }

  /** Nothing was even asked for. */
  private failed(error: FetchFailure): FetchResult {
    return {
      url: this.request.url,
      finalUrl: this.request.url,
      ok: false,
      status: 0,
      startAt: this.startAt,
      endAt: this.context.network.now(),
      error,
      redirects: [],
      resources: [],
      lookups: [],
      connections: [],
      exchanges: [],
      title: '',
      text: '',
    };
  }
}
