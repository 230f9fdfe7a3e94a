/**
 * The browser's side of the web. `page-load.ts` loads a page: `fetcher.ts` asks for one thing after the other, by
 * `transaction.ts` on the network, over `connections.ts`; `document-load.ts` and `html/` find out what a page asks for. It
 * knows neither TCP nor the file system; HTTP itself is in `../client/`.
 *
 * This file: the browser of a host, and what one page load leaves for the next: names, cookies, cached responses, TLS sessions.
 */
import type { FetchRequest, FetchResult } from '../../../control/rpc.js';
import type { CookieRow, DnsCacheRow, HttpCacheRow } from '../../../control/tables.js';
import type { Network } from '../../../net/network.js';
import type { Resolver } from '../../../net/resolver.js';
import type { Environment } from '../../machine.js';
import { KeptSessions } from '../client/kept-sessions.js';
import { hideUserInfo } from '../url-parts.js';
import { BrowserNames } from './browser-names.js';
import { Cookies } from './cookies.js';
import { HttpCache } from './http-cache.js';
import { browserLibraries, type Libraries } from './libraries.js';
import { PageLoad } from './page-load.js';
import { StrictTransport } from './strict-transport.js';

/** Resolves when the machine has its address; rejects with the reason why it has none. */
export type WhenReady = (signal: AbortSignal) => Promise<void>;

export interface BrowserOptions {
  /** PEM certificates of who may vouch for servers. */
  readonly authorities?: readonly string[];
  /** Awaited before each load; without it, the machine is taken to be configured. */
  readonly ready?: WhenReady;
}

/** What needs the libraries: there from the first load on. */
interface Stores {
  readonly libraries: Libraries;
  readonly cookies: Cookies;
  readonly cache: HttpCache;
}

export class Browser {
  private readonly network: Network;
  private readonly env: Environment;
  private readonly options: BrowserOptions;
  private readonly names: BrowserNames;
  private readonly sessions = new KeptSessions();
  private readonly strict: StrictTransport;
  private stores: Stores | undefined;
  /** The address of the page in the window. */
  private current = '';

  constructor(network: Network, resolver: Resolver, env: Environment, options: BrowserOptions = {}) {
    this.network = network;
    this.env = env;
    this.options = options;
    this.strict = new StrictTransport(() => env.wallClock());
    this.names = new BrowserNames(resolver, () => network.now(), env.tracer);
  }

  /** Loads a page with all that it asks for. Never rejects: a failure is part of the result. */
  async fetch(request: FetchRequest): Promise<FetchResult> {
    const stores = this.storesOf(await browserLibraries());
    if (request.clear) this.clear();
    const { network, names, sessions, strict, env, current } = this;
    const { authorities = [], ready = async () => {} } = this.options;
    const { tracer } = env;
    const random = env.random.fork('browser');
    const context = { ...stores, network, names, sessions, strict, tracer, random, authorities, ready, current };
    const result = await new PageLoad(request, context).run();
    const { status, error, resources } = result;
    if (status > 0) this.current = result.finalUrl.replace(/#.*/, '');
    const url = hideUserInfo(result.finalUrl);
    const outcome = error === undefined ? `status ${status}` : `${error.code} (${error.stage})`;
    env.log.info({ url, status, error, resources: resources.length }, `loaded ${url}: ${outcome}`);
    return result;
  }

  /** As new: no cookies, no cached responses, no names, no TLS sessions, no hosts that want https. */
  clear(): void {
    this.names.clear();
    this.sessions.clear();
    this.strict.clear();
    this.stores?.cookies.clear();
    this.stores?.cache.clear();
    this.current = '';
  }

  /** The browser's own cache of names. */
  dnsRows(): DnsCacheRow[] {
    return this.names.rows();
  }

  cacheRows(): HttpCacheRow[] {
    return this.stores?.cache.rows() ?? [];
  }

  cookieRows(): CookieRow[] {
    return this.stores?.cookies.rows() ?? [];
  }

  private storesOf(libraries: Libraries): Stores {
    const wallClock = () => this.env.wallClock();
    this.stores ??= {
      libraries,
      cookies: new Cookies(libraries.cookies, wallClock),
      cache: new HttpCache(libraries.CachePolicy, wallClock),
    };
    return this.stores;
  }
}
