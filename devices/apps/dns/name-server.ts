/**
 * This folder answers questions about names: `zone-service.ts` from zones, `recursion.ts` by asking down from the root,
 * `forwarder.ts` by asking others, each behind `listener.ts`. How one question is asked, and what is remembered, is
 * net/'s; `client.ts` and `presentation.ts` are what dig, host and nslookup share.
 *
 * This file: a name server: in charge of zones (root, top level, a site's own), or answering recursive questions for clients, or
 * both. RFC 1034 section 4.3.2.
 */
import type { DnsServerConfig } from '../../control/config.js';
import type { DnsCacheRow, ZoneRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import { type DnsMessage, type DnsQuestion, dnsResponse } from '../../stack/wire/dns.js';
import type { Environment } from '../machine.js';
import { type AnswerSections, anyFromElsewhere, REFUSED } from './authority.js';
import { type DnsAnswer, type DnsAsker, DnsListener } from './listener.js';
import type { RecursionTiming } from './recursion.js';
import { RecursiveRole, STRANGER } from './recursive-role.js';
import { zoneRefusalOf } from './refusals.js';
import type { TransferBounds } from './transfer-in.js';
import { ZoneService } from './zone-service.js';

export interface NameServerTiming extends RecursionTiming {
  /** How long and how large a zone's transfer may be. */
  readonly transfer?: TransferBounds;
}

export class NameServer {
  private readonly zones: ZoneService;
  private readonly recursive: RecursiveRole | undefined;
  private readonly listener: DnsListener;

  /** Throws Error for zones or hints that cannot be served, and for recursion without root hints. */
  constructor(
    network: Network,
    config: DnsServerConfig,
    environment: Pick<Environment, 'random' | 'tracer' | 'log'>,
    timing: NameServerTiming = {},
  ) {
    this.zones = new ZoneService(network, config.zones ?? [], environment, timing.transfer);
    const { recursion = false } = config;
    this.recursive = recursion === false ? undefined : new RecursiveRole(network, config, environment, timing);
    this.listener = new DnsListener(network, (query, asker) => this.answer(query, asker), {
      program: 'name-server',
      log: environment.log,
      refuse: zoneRefusalOf,
      random: environment.random,
      identity: network.stack.name,
    });
  }

  start(): void {
    this.listener.start();
    this.zones.start();
  }

  stop(): Promise<void> {
    this.zones.stop();
    return this.listener.stop();
  }

  /** For `inspect`: what the recursive role has learned. */
  rows(): DnsCacheRow[] {
    return this.recursive?.rows() ?? [];
  }

  refreshZone(name: string): boolean {
    return this.zones.refresh(name);
  }

  retransferZone(name: string): boolean {
    return this.zones.retransfer(name);
  }

  notifyZone(name: string): boolean {
    return this.zones.notify(name);
  }

  /** For `inspect`: the zones. */
  zoneRows(): ZoneRow[] {
    return this.zones.rows();
  }

  private async answer(query: DnsMessage, asker: DnsAsker): Promise<DnsAnswer> {
    const special = this.zones.special(query, asker);
    if (special !== undefined) return special;
    const recursive = this.recursive?.serves(asker.address) ? this.recursive : undefined;
    const sections = await this.sectionsFor(query.questions[0], query.recursionDesired, recursive);
    return dnsResponse(query, { recursionAvailable: recursive !== undefined, ...sections });
  }

  /** `recursive`: when there is that role, and it is there for the client. */
  private async sectionsFor(
    question: DnsQuestion,
    recursionDesired: boolean,
    recursive: RecursiveRole | undefined,
  ): Promise<AnswerSections> {
    const own = this.zones.authority.answer(question);
    if (own.kind === 'answer') return own.sections;
    if (recursive === undefined) {
      if (own.kind !== 'outside') return own.sections;
      return this.recursive === undefined ? REFUSED : STRANGER;
    }
    if (question.type === 'ANY') return anyFromElsewhere(question.name);
    if (!recursionDesired) return own.kind === 'outside' ? recursive.fromMemory(question) : own.sections;
    if (own.kind !== 'leaves') return recursive.resolve(question.name, question.type);
    const rest = await recursive.resolve(own.target, question.type);
    // RFC 1035 section 4.1.1: AA tells of the first name of the answer, which is our own.
    const { answers, authoritative } = own.sections;
    return { ...rest, authoritative, answers: [...answers, ...rest.answers] };
  }
}
