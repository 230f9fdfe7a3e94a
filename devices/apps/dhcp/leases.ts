/** The addresses that a DHCP server may give out, and who has them until when. */
import type { Instant } from '../../stack/clock.js';
import type { Ipv4Address, MacAddress } from '../../stack/wire/address.js';

/** OFFERED: held until the client decides. DECLINED: a client found it in use. RELEASED ones are remembered for their client. */
type LeaseState = 'OFFERED' | 'BOUND' | 'RELEASED' | 'DECLINED';

export interface Lease {
  readonly address: Ipv4Address;
  readonly client: LeaseClient;
  readonly state: LeaseState;
  /** From then on the address may go to another client; until then it is remembered for its last one. */
  readonly expiresAt: Instant;
}

export interface LeaseClient {
  /** RFC 2131 section 4.2: the client identifier, or the hardware type and address where there is none; hexadecimal. */
  readonly key: string;
  readonly mac: MacAddress;
  /** As the client calls itself; empty when it does not say. */
  readonly hostName: string;
}

export interface PoolOptions {
  /** First and last address. */
  readonly from: Ipv4Address;
  readonly to: Ipv4Address;
  /** Given to these clients alone; may lie outside the pool. */
  readonly reservations: ReadonlyMap<MacAddress, Ipv4Address>;
  /** Never given: the server's own address, the gateway, the subnet's first and last address. */
  isExcluded(address: Ipv4Address): boolean;
}

/** A pool may be a whole class A network; the table stays bounded. More clients than this get no offer. */
const MAX_LEASES = 4096;

export class LeasePool {
  private readonly options: PoolOptions;
  private readonly reserved: ReadonlySet<Ipv4Address>;
  private readonly byAddress = new Map<Ipv4Address, Lease>();
  private readonly byClient = new Map<string, Lease>();
  /** Where the search for a never used address goes on. */
  private cursor: Ipv4Address;

  constructor(options: PoolOptions) {
    this.options = options;
    this.reserved = new Set(options.reservations.values());
    this.cursor = options.from;
  }

  /**
   * The address for a client in the order of RFC 2131 section 4.3.1: reserved for it, its current one, its former
   * one, the one it asks for, a new one. Undefined when all are taken.
   */
  choose(client: LeaseClient, requested: Ipv4Address | undefined, now: Instant): Ipv4Address | undefined {
    const reserved = this.options.reservations.get(client.mac);
    if (reserved !== undefined) return this.isFree(reserved, client, now) ? reserved : undefined;
    const former = this.byClient.get(client.key)?.address;
    if (former !== undefined && this.isFree(former, client, now)) return former;
    const known = requested !== undefined && this.byAddress.has(requested);
    const room = known || this.byAddress.size < MAX_LEASES;
    if (requested !== undefined && room && this.isFree(requested, client, now)) return requested;
    return this.neverUsed() ?? this.longestExpired(client, now);
  }

  /** Whether the client may have this very address now. */
  isFree(address: Ipv4Address, client: LeaseClient, now: Instant): boolean {
    if (!this.isFor(address, client)) return false;
    const lease = this.byAddress.get(address);
    if (lease === undefined || lease.expiresAt <= now) return true;
    return lease.client.key === client.key && lease.state !== 'DECLINED';
  }

  /** The client's lease, also when it has expired. */
  find(client: LeaseClient): Lease | undefined {
    return this.byClient.get(client.key);
  }

  /** Offered or bound until `expiresAt`. What the client had before, and who had the address, is forgotten. */
  assign(address: Ipv4Address, client: LeaseClient, state: 'OFFERED' | 'BOUND', expiresAt: Instant): Lease {
    this.forget(this.byClient.get(client.key));
    this.forget(this.byAddress.get(address));
    return this.store({ address, client, state, expiresAt });
  }

  /** The client gives its address back: free at once, but remembered for it. False when it is not the client's. */
  release(address: Ipv4Address, client: LeaseClient, now: Instant): boolean {
    const lease = this.byClient.get(client.key);
    if (lease?.address !== address || lease.state === 'DECLINED') return false;
    this.store({ ...lease, state: 'RELEASED', expiresAt: now });
    return true;
  }

  /** The client found its address in use: nobody gets it until `until`. False when it is not the client's. */
  decline(address: Ipv4Address, client: LeaseClient, until: Instant): boolean {
    const lease = this.byClient.get(client.key);
    if (lease?.address !== address) return false;
    this.forget(lease);
    this.byAddress.set(address, { ...lease, state: 'DECLINED', expiresAt: until });
    return true;
  }

  /** By address. */
  all(): Lease[] {
    return [...this.byAddress.values()].sort((a, b) => a.address - b.address);
  }

  private isFor(address: Ipv4Address, client: LeaseClient): boolean {
    if (this.options.reservations.get(client.mac) === address) return true;
    const { from, to } = this.options;
    return address >= from && address <= to && !this.reserved.has(address) && !this.options.isExcluded(address);
  }

  /** At most one more look than there are addresses that can be taken. */
  private neverUsed(): Ipv4Address | undefined {
    if (this.byAddress.size >= MAX_LEASES) return undefined;
    const { from, to } = this.options;
    const size = to - from + 1;
    for (let step = 0; step < size; step++) {
      const address = this.cursor;
      this.cursor = address === to ? from : address + 1;
      if (!this.byAddress.has(address) && !this.reserved.has(address) && !this.options.isExcluded(address)) {
        return address;
      }
    }
    return undefined;
  }

  private longestExpired(client: LeaseClient, now: Instant): Ipv4Address | undefined {
    let oldest: Lease | undefined;
    for (const lease of this.byAddress.values()) {
      if (lease.expiresAt > now || !this.isFor(lease.address, client)) continue;
      if (oldest === undefined || lease.expiresAt < oldest.expiresAt) oldest = lease;
    }
    return oldest?.address;
  }

  private store(lease: Lease): Lease {
    this.byAddress.set(lease.address, lease);
    this.byClient.set(lease.client.key, lease);
    return lease;
  }

  private forget(lease: Lease | undefined): void {
    if (lease === undefined) return;
    this.byAddress.delete(lease.address);
    if (this.byClient.get(lease.client.key) === lease) this.byClient.delete(lease.client.key);
  }
}
