/**
 * The browser's side of the web, on Node's own `http`: `page-load.ts` with names, connections, exchanges, redirects and what
 * a page asks for. It knows neither TCP nor the file system.
 *
 * This file: the browser of a host. It keeps what one page load leaves for the next (the cache of names); all else belongs
 * to a single load.
 */
import type { FetchRequest, FetchResult } from '../../../control/rpc.js';
import type { DnsCacheRow } from '../../../control/tables.js';
import type { Network } from '../../../net/network.js';
import type { Resolver } from '../../../net/resolver.js';
import type { Environment } from '../../machine.js';
import { hideUserInfo } from '../url-parts.js';
import { BrowserNames } from './browser-names.js';
import { PageLoad } from './page-load.js';

/** Resolves when the machine has its address; rejects with the reason why it has none. */
export type WhenReady = (signal: AbortSignal) => Promise<void>;

export class Browser {
  private readonly network: Network;
  private readonly env: Environment;
  private readonly names: BrowserNames;
  private readonly ready: WhenReady;

  /** `ready` is awaited before each load; without one, the machine is taken to be configured. */
  constructor(network: Network, resolver: Resolver, env: Environment, ready: WhenReady = async () => {}) {
    this.network = network;
    this.env = env;
    this.names = new BrowserNames(resolver, () => network.now(), env.tracer);
    this.ready = ready;
  }

  /** Loads a page with all that it asks for. Never rejects: a failure is part of the result. */
  async fetch(request: FetchRequest): Promise<FetchResult> {
    const { network, names, ready } = this;
    const result = await new PageLoad(request, { network, names, ready, tracer: this.env.tracer }).run();
    const { status, error, resources } = result;
    const url = hideUserInfo(result.finalUrl);
    const outcome = error === undefined ? `status ${status}` : `${error.code} (${error.stage})`;
    this.env.log.info({ url, status, error, resources: resources.length }, `loaded ${url}: ${outcome}`);
    return result;
  }

  /** The browser's own cache of names. */
  dnsRows(): DnsCacheRow[] {
    return this.names.rows();
  }
}
