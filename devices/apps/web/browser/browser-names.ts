/** Names to addresses as a browser does it: its own cache first, then the operating system's resolver. */
import type { FetchLookup } from '../../../control/rpc.js';
import type { DnsCacheRow } from '../../../control/tables.js';
import { DnsCache } from '../../../net/dns-cache.js';
import { addressesIn } from '../../../net/dns-finding.js';
import { askCache } from '../../../net/dns-trace.js';
import { NameError, type Resolver } from '../../../net/resolver.js';
import type { Instant } from '../../../stack/clock.js';
import type { Tracer } from '../../../stack/trace.js';
import { LoadError } from './load-error.js';

export interface FoundAddresses {
  /** Dotted, at least one. */
  readonly addresses: readonly string[];
  readonly source: FetchLookup['source'];
}

/** Entries of the browser's cache. */
const CACHE_LIMIT = 200;

/** Lives as long as the browser: what one page load has learned, the next one knows, for the answers' TTLs. */
export class BrowserNames {
  private readonly resolver: Resolver;
  private readonly tracer: Tracer;
  private readonly cache: DnsCache;

  constructor(resolver: Resolver, now: () => Instant, tracer: Tracer) {
    this.resolver = resolver;
    this.tracer = tracer;
    this.cache = new DnsCache({ cache: 'browser', now, limit: CACHE_LIMIT });
  }

  /** Rejects with LoadError of stage `dns`: ENOTFOUND when there is no such name, EAI_AGAIN when nobody answers. */
  async lookup(name: string): Promise<FoundAddresses> {
    const known = askCache(this.cache, name, 'A', this.tracer);
    if (known?.kind === 'answer') {
      return { addresses: addressesIn(known.records), source: 'browser' };
    }
    try {
      const { addresses, source, records } = await this.resolver.resolve(name);
      this.cache.put(records);
      return { addresses, source };
    } catch (error) {
      if (!(error instanceof NameError)) throw error;
      const reason = error.cause instanceof Error ? error.cause.message : 'unknown reason';
      throw new LoadError(error.code, 'dns', `${name}: ${reason}`);
    }
  }

  clear(): void {
    this.cache.clear();
  }

  rows(): DnsCacheRow[] {
    return this.cache.rows();
  }
}
