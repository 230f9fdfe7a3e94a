/** One zone that a server is in charge of over time: what it holds now, what changed, and who may do what. */
import type { ZoneConfig } from '../../control/config.js';
import type { Network } from '../../net/network.js';
import { canonicalName, nameFromText } from '../../stack/wire/dns-name.js';
import { AddressList } from './address-list.js';
import { type Difference, differenceOf, Journal } from './journal.js';
import { Zone } from './zone.js';

export class HostedZone {
  readonly name: string;
  /** Whom a secondary copies from; empty for a primary. */
  readonly primaries: readonly string[];
  /** Who may copy the zone, who may change it. */
  readonly transfer: AddressList;
  readonly update: AddressList;
  /** Who is told of changes. */
  readonly notify: readonly string[];
  readonly journal = new Journal();
  private readonly weights = new Map<string, ReadonlyMap<string, number>>();
  private content: Zone | undefined;
  private readonly listeners: (() => void)[] = [];

  /** Throws Error for a zone that cannot be served. */
  constructor(network: Network, config: ZoneConfig) {
    const name = nameFromText(config.name);
    if (name === undefined) throw new Error(`zone ${config.name}: not a domain name`);
    this.name = name;
    this.primaries = config.primaries ?? [];
    this.transfer = new AddressList(network, config.transfer ?? []);
    this.update = new AddressList(network, config.update ?? []);
    this.notify = config.notify ?? [];
    for (const [owner, shares] of Object.entries(config.weights ?? {})) {
      this.weights.set(canonicalName(nameFromText(owner) ?? owner), new Map(Object.entries(shares)));
    }
    if (!this.isSecondary) this.content = Zone.fromConfig(config);
  }

  get isSecondary(): boolean {
    return this.primaries.length > 0;
  }

  /** Undefined for a secondary that has no copy yet, or whose copy is too old. */
  get zone(): Zone | undefined {
    return this.content;
  }

  /** How often each of these addresses comes first, by address as text; undefined where they take turns. */
  weightsAt(owner: string): ReadonlyMap<string, number> | undefined {
    return this.weights.get(canonicalName(owner));
  }

  /** `differences`: the steps from the zone before, where they are known. */
  replace(zone: Zone, differences?: readonly Difference[]): void {
    const before = this.content;
    this.content = zone;
    const steps = differences ?? (before === undefined ? [] : [differenceOf(before, zone)]);
    for (const difference of steps) this.journal.add(difference, zone.size);
    for (const changed of this.listeners) changed();
  }

  expire(): void {
    this.content = undefined;
    this.journal.clear();
  }

  /** Calls after each change. */
  onChange(changed: () => void): void {
    this.listeners.push(changed);
  }
}
