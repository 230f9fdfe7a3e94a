/**
 * One page load from the address to the last image: URL, names, connections, request, redirects, the page's own requests, and
 * the pages that it is refreshed to; then the connections are closed. What it returns is what the browser itself saw.
 */
import type { FetchFailure, FetchRequest, FetchResult, NavigationTiming } from '../../../control/rpc.js';
import type { Network } from '../../../net/network.js';
import type { Instant } from '../../../stack/clock.js';
import type { Random } from '../../../stack/random.js';
import type { Tracer } from '../../../stack/trace.js';
import type { TlsSessions } from '../client/dial.js';
import { headerValue } from '../client/message.js';
import { isHtml, isText } from '../content-type.js';
import { parseAddress, withoutSecrets } from '../url-parts.js';
import { MAX_TEXT_BYTES } from './body.js';
import type { BrowserNames } from './browser-names.js';
import { Connections } from './connections.js';
import type { Cookies } from './cookies.js';
import { Deadline } from './deadline.js';
import { DocumentLoad, type DocumentMilestones, PageResources } from './document-load.js';
import { ExchangeLog } from './exchange-log.js';
import { Fetcher } from './fetcher.js';
import { formBody, type RequestBody, withQuery } from './form.js';
import { decodeHtml } from './html/charset.js';
import { type Refresh, readRefresh } from './html/refresh.js';
import type { HttpCache } from './http-cache.js';
import type { Libraries } from './libraries.js';
import { asLoadError, LoadError } from './load-error.js';
import { LoadNames } from './load-names.js';
import { headersTo } from './redirects.js';
import { RequestQueue } from './request-queue.js';
import type { Loaded, RequestClient, ResourceRequest } from './resource-request.js';
import { typeOfResponse } from './sniffing.js';
import type { StrictTransport } from './strict-transport.js';

export const DEFAULT_MAX_REDIRECTS = 20;
/** A refresh that is further away is for whoever keeps the page open, seconds. */
export const MAX_REFRESH_SECONDS = 5;
/** The fetch standard's forbidden methods: they open tunnels or send headers back. */
const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** What one load leaves for the next, and what it needs of its machine. */
export interface LoadContext {
  readonly network: Network;
  readonly tracer: Tracer;
  readonly random: Random;
  readonly names: BrowserNames;
  readonly cookies: Cookies;
  readonly cache: HttpCache;
  readonly sessions: TlsSessions;
  readonly strict: StrictTransport;
  /** PEM certificates. */
  readonly authorities: readonly string[];
  readonly libraries: Libraries;
  /** The page in the window, by its address; empty before the first load. */
  readonly current: string;
  /** Resolves when the machine has its address; rejects with LoadError of stage `dhcp` when that takes too long. */
  ready(signal: AbortSignal): Promise<void>;
}

type Redirect = FetchResult['redirects'][number];

/** A document in the window, and what came with it. */
interface Page {
  readonly document: Loaded;
  readonly text: string;
  readonly title: string;
  readonly resources: PageResources;
  readonly milestones?: DocumentMilestones;
  readonly refresh?: Refresh & { readonly client: RequestClient };
}

export class PageLoad {
  private readonly context: LoadContext;
  private readonly request: FetchRequest;
  private readonly connections: Connections;
  private readonly names: LoadNames;
  private readonly deadline: Deadline;
  private readonly log: ExchangeLog;
  private readonly fetcher: Fetcher;
  private readonly redirects: Redirect[] = [];
  private readonly startAt: Instant;
  private redirectStart: Instant | undefined;
  private redirectEnd: Instant | undefined;

  constructor(request: FetchRequest, context: LoadContext) {
    const { network, tracer, authorities, sessions, strict, cookies, cache } = context;
    this.request = request;
    this.context = context;
    this.startAt = this.now();
    this.deadline = new Deadline(network, request.timeoutMs);
    const { deadline } = this;
    this.connections = new Connections({ network, tracer, authorities, sessions, signal: deadline.signal });
    this.names = new LoadNames(context.names, () => this.now(), deadline.signal);
    this.log = new ExchangeLog(() => this.now(), request.bodies === true);
    this.fetcher = new Fetcher({
      network,
      tracer,
      cookies,
      cache,
      strict,
      deadline,
      names: this.names,
      connections: this.connections,
      queue: new RequestQueue(),
      log: this.log,
      cacheMode: request.cache ?? 'default',
      maxRedirects: this.maxRedirects,
      onRedirect: (redirect) => this.redirected(redirect),
    });
  }

  /** Never rejects: what fails is in the result. */
  async run(): Promise<FetchResult> {
    let first: ResourceRequest;
    try {
      first = this.firstRequest(parseAddress(this.request.url));
      this.fetcher.traceUrl(first.url);
      await this.context.ready(this.deadline.signal);
    } catch (error) {
      this.deadline.clear();
      return this.failed(asLoadError(error, 'url').toFailure());
    }
    const page = await this.browse(first);
    this.deadline.clear();
    await this.connections.close();
    return this.result(page);
  }

  /** Throws LoadError for a method that browsers do not send. */
  private firstRequest(address: URL): ResourceRequest {
    const { form, data, headers = {}, method: wanted } = this.request;
    const method = wanted?.toUpperCase() ?? (form || data !== undefined ? 'POST' : 'GET');
    if (FORBIDDEN_METHODS.has(method)) {
      throw new LoadError('ERR_UNSUPPORTED_METHOD', 'http', `a browser does not send ${method} requests`);
    }
    const inQuery = form !== undefined && (method === 'GET' || method === 'HEAD');
    const url = inQuery ? withQuery(address, form.fields) : address;
    const validate = withoutSecrets(url) === this.context.current;
    return { ...DOCUMENT, url, method, headers, validate, body: inQuery ? undefined : this.body() };
  }

  private body(): RequestBody | undefined {
    const { form, data } = this.request;
    if (form !== undefined) return formBody(form, this.context.random);
    if (data === undefined) return undefined;
    return { bytes: new TextEncoder().encode(data), contentType: 'application/x-www-form-urlencoded' };
  }

  /** One page after the other, as far as they are refreshed to others. */
  private async browse(first: ResourceRequest): Promise<Page> {
    let page = await this.load(first);
    while (page.refresh !== undefined) {
      const { url: from } = page.document;
      const url = parseAddress(page.refresh.url);
      if (this.redirects.length >= this.maxRedirects) return { ...page, document: this.tooMany(page) };
      await this.pause(page.refresh.seconds);
      if (this.deadline.signal.aborted) return page;
      this.redirected({ from: withoutSecrets(from), to: withoutSecrets(url), status: page.document.resource.status });
      this.fetcher.traceUrl(url);
      const isHome = from.origin === first.url.origin && url.origin === first.url.origin;
      const headers = headersTo(this.request.headers ?? {}, isHome);
      page = await this.load({ ...DOCUMENT, url, method: 'GET', headers, client: page.refresh.client });
    }
    return page;
  }

  private get maxRedirects(): number {
    return this.request.maxRedirects ?? DEFAULT_MAX_REDIRECTS;
  }

  private tooMany({ document }: Page): Loaded {
    const message = `${withoutSecrets(document.url)} refreshes to yet another page, after ${this.maxRedirects} at most`;
    const error = new LoadError('ERR_TOO_MANY_REDIRECTS', 'html', message).toFailure();
    return { ...document, resource: { ...document.resource, error } };
  }

  private async pause(seconds: number): Promise<void> {
    this.deadline.progress();
    await this.context.network.sleep(seconds * 1000, this.deadline.signal).catch(() => {});
  }

  private async load(request: ResourceRequest): Promise<Page> {
    const document = await this.fetcher.load(request);
    const resources = new PageResources();
    const { response, resource, url } = document;
    const type = response === undefined ? '' : typeOfResponse(resource.contentType, response);
    if (!response || !isText(type)) return { document, text: '', title: '', resources };
    const decoded = decodeHtml(response.beginning, type);
    const { text } = decoded;
    if (!isHtml(type)) return { document, text, title: '', resources };
    const { fetcher, names, connections } = this;
    const { libraries, tracer } = this.context;
    const context = { fetcher, names, connections, libraries, tracer, resources, now: () => this.now() };
    const loading = new DocumentLoad(decoded, { url, headers: response.headers }, [], context);
    const { title } = loading.contents;
    if (this.request.subresources === false) return { document, text, title, resources };
    const milestones = await loading.run();
    const header = readRefresh(headerValue(response.headers, 'refresh') ?? '', url.href);
    const refresh = header ?? loading.contents.refresh;
    const next = isFollowed(refresh, url) ? { ...refresh, client: loading.client } : undefined;
    return { document, text, title, resources, milestones, ...(next && { refresh: next }) };
  }

  private redirected(redirect: Redirect): void {
    this.redirectStart ??= this.startAt;
    this.redirectEnd = this.now();
    this.redirects.push(redirect);
  }

  private result({ document, text, title, resources, milestones }: Page): FetchResult {
    const { status, error } = document.resource;
    const { redirectStart, redirectEnd } = this;
    const redirected = redirectStart !== undefined && redirectEnd !== undefined;
    const timing: NavigationTiming = {
      ...(redirected && { redirectStart, redirectEnd }),
      ...milestones,
      ...(milestones && { loadEventEnd: milestones.domComplete }),
    };
    return {
      ...this.nothing(),
      finalUrl: withoutSecrets(document.url) + document.url.hash,
      ok: error === undefined && status >= 200 && status < 300,
      status,
      ...(error && { error }),
      redirects: this.redirects,
      resources: [document.resource, ...resources.list],
      lookups: this.names.lookups,
      connections: this.connections.established,
      exchanges: this.log.exchanges,
      ...((redirected || milestones) && { timing }),
      title,
      text,
    };
  }

  /** Nothing was even asked for. */
  private failed(error: FetchFailure): FetchResult {
    return { ...this.nothing(), error };
  }

  private nothing(): FetchResult {
    const { url } = this.request;
    const [startAt, endAt] = [this.startAt, this.now()];
    const none = { redirects: [], resources: [], lookups: [], connections: [], exchanges: [] };
    return { url, finalUrl: url, ok: false, status: 0, startAt, endAt, ...none, title: '', text: '' };
  }

  private now(): Instant {
    return this.context.network.now();
  }
}

const DOCUMENT = {
  initiator: 'document',
  priority: 'highest',
  blocking: true,
  navigation: true,
  cors: false,
  readBytes: MAX_TEXT_BYTES,
} as const satisfies Partial<ResourceRequest>;

/** A page that refreshes itself is one to look at again later. */
function isFollowed(refresh: Refresh | undefined, page: URL): refresh is Refresh {
  if (refresh === undefined || refresh.seconds > MAX_REFRESH_SECONDS) return false;
  return withoutSecrets(new URL(refresh.url)) !== withoutSecrets(page);
}
