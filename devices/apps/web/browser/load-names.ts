/** The names of one page load: each looked up once, however many resources wait for it, and written down. */
import type { FetchLookup } from '../../../control/rpc.js';
import type { Instant } from '../../../stack/clock.js';
import { parseIpv4 } from '../../../stack/wire/address.js';
import type { BrowserNames, FoundAddresses } from './browser-names.js';
import { LoadError } from './load-error.js';

export class LoadNames {
  private readonly names: BrowserNames;
  private readonly now: () => Instant;
  private readonly signal: AbortSignal;
  private readonly running = new Map<string, Promise<readonly string[]>>();
  private readonly records: FetchLookup[] = [];

  constructor(names: BrowserNames, now: () => Instant, signal: AbortSignal) {
    this.names = names;
    this.now = now;
    this.signal = signal;
  }

  /** What was looked up, by the time at which it was asked for; those without an answer have no addresses. */
  get lookups(): readonly FetchLookup[] {
    return this.records.toSorted((a, b) => a.startAt - b.startAt);
  }

  /** Whether it needs no look-up: it is an address, or this load has asked for it before. */
  isKnown(host: string): boolean {
    return this.running.has(host) || parseIpv4(host) !== undefined;
  }

  /** Dotted addresses of a URL's host, at least one. Rejects with LoadError. */
  lookup(host: string): Promise<readonly string[]> {
    const running = this.running.get(host);
    if (running !== undefined) return running;
    const started = this.find(host);
    this.running.set(host, started);
    return started;
  }

  private async find(name: string): Promise<readonly string[]> {
    if (name.startsWith('[')) {
      throw new LoadError('EAFNOSUPPORT', 'routing', `${name} is an IPv6 address: this internet speaks IPv4 alone`);
    }
    const startAt = this.now();
    const record = ({ addresses, source }: FoundAddresses) =>
      this.records.push({ name, type: 'A', addresses, source, startAt, endAt: this.now() });
    if (parseIpv4(name) !== undefined) {
      record({ addresses: [name], source: 'literal' });
      return [name];
    }
    try {
      const found = await this.bounded(this.names.lookup(name), name);
      record(found);
      return found.addresses;
    } catch (error) {
      record({ addresses: [], source: 'network' });
      throw error;
    }
  }

  /** The load ends when its time is over, even while the resolver still tries. */
  private bounded<T>(lookup: Promise<T>, name: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(new LoadError('ETIMEDOUT', 'dns', `${name}: ${this.signal.reason.message}`));
      if (this.signal.aborted) abort();
      this.signal.addEventListener('abort', abort, { once: true });
      lookup.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', abort));
    });
  }
}
