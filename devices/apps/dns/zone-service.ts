/**
 * The zones of one server over time: answers from them (`authority.ts`), copies handed out and fetched (`transfer-out.ts`,
 * `secondary.ts`), changes taken (`update.ts`) and told of (`notifier.ts`).
 */
import type { ZoneConfig } from '../../control/config.js';
import type { ZoneRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import { NEVER } from '../../stack/clock.js';
import {
  type DnsMessage,
  dnsResponse,
  MAX_UDP_MESSAGE,
  OPCODE_NOTIFY,
  OPCODE_UPDATE,
  RCODE_FORMERR,
  RCODE_NOTAUTH,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
} from '../../stack/wire/dns.js';
import { sameName } from '../../stack/wire/dns-name.js';
import { CLASS_CH, CLASS_IN } from '../../stack/wire/dns-record.js';
import type { Environment } from '../machine.js';
import { Authority } from './authority.js';
import { chaosAnswer } from './chaos.js';
import { HostedZone } from './hosted-zone.js';
import type { DnsAnswer, DnsAsker } from './listener.js';
import { Notifier } from './notifier.js';
import { Secondary } from './secondary.js';
import { TRANSFER_BOUNDS, type TransferBounds } from './transfer-in.js';
import { transferAnswer } from './transfer-out.js';
import { applyUpdate } from './update.js';

/** Updates let a zone grow as far as a transfer can carry it. */
const MAX_ZONE_RECORDS = TRANSFER_BOUNDS.maxRecords;

export class ZoneService {
  readonly authority: Authority;
  private readonly network: Network;
  private readonly log: Environment['log'];
  private readonly hosted: readonly HostedZone[];
  private readonly secondaries = new Map<HostedZone, Secondary>();
  private readonly notifiers = new Map<HostedZone, Notifier>();

  /** Throws Error for zones that cannot be served. */
  constructor(
    network: Network,
    configs: readonly ZoneConfig[],
    environment: Pick<Environment, 'random' | 'tracer' | 'log'>,
    bounds?: TransferBounds,
  ) {
    this.network = network;
    this.log = environment.log;
    this.hosted = configs.map((config) => new HostedZone(network, config));
    this.authority = new Authority(this.hosted, environment.random.fork('weights'));
    for (const hosted of this.hosted) {
      if (hosted.isSecondary) this.secondaries.set(hosted, new Secondary(network, hosted, environment, bounds));
      if (hosted.notify.length === 0) continue;
      const notifier = new Notifier(network, hosted, environment);
      hosted.onChange(() => notifier.tell());
      this.notifiers.set(hosted, notifier);
    }
  }

  start(): void {
    for (const secondary of this.secondaries.values()) secondary.start();
    // Who was away while a zone changed hears of it now.
    for (const notifier of this.notifiers.values()) notifier.tell();
  }

  stop(): void {
    for (const secondary of this.secondaries.values()) secondary.stop();
    for (const notifier of this.notifiers.values()) notifier.stop();
  }

  rows(): ZoneRow[] {
    const now = this.network.now();
    const secondsTo = (at: number | undefined) =>
      at === undefined || at === NEVER ? -1 : Math.max(0, Math.ceil((at - now) / 1000));
    return this.hosted.map((hosted) => {
      const secondary = this.secondaries.get(hosted);
      return {
        name: hosted.name,
        role: hosted.isSecondary ? 'secondary' : 'primary',
        state: hosted.zone === undefined ? 'no copy' : 'served',
        serial: hosted.zone?.soa.serial ?? -1,
        records: hosted.zone?.size ?? 0,
        journal: hosted.journal.length,
        primaries: hosted.primaries,
        notify: hosted.notify,
        refreshSeconds: secondsTo(secondary?.refreshAt),
        expireSeconds: secondsTo(secondary?.expireAt),
      };
    });
  }

  /** Asks the primaries at once; false for a zone that has none, or is not here. */
  refresh(name: string): boolean {
    const secondary = this.secondaryOf(name);
    secondary?.refresh();
    return secondary !== undefined;
  }

  /** Copies the whole zone at once, even one that is older than the copy. */
  retransfer(name: string): boolean {
    const secondary = this.secondaryOf(name);
    secondary?.retransfer();
    return secondary !== undefined;
  }

  /** Tells the others of the zone as it is; false when there is nobody to tell. */
  notify(name: string): boolean {
    const hosted = this.find(name);
    const notifier = hosted && this.notifiers.get(hosted);
    notifier?.tell();
    return notifier !== undefined;
  }

  /** Answers what is no ordinary question; undefined for those that are. */
  special(query: DnsMessage, asker: DnsAsker): DnsAnswer | undefined {
    const [question] = query.questions;
    if (query.opcode === OPCODE_NOTIFY) return this.notified(query, asker);
    if (query.opcode === OPCODE_UPDATE) return this.updated(query, asker);
    if (question.class === CLASS_CH) return chaosAnswer(query, this.network.stack.name);
    if (question.type === 'AXFR' || question.type === 'IXFR') return this.transferred(query, asker);
    return undefined;
  }

  /** RFC 5936 section 2.2.1: NOTAUTH for a zone that is not here, REFUSED for those who may not have it. */
  private transferred(query: DnsMessage, asker: DnsAsker): DnsAnswer {
    const hosted = this.find(query.questions[0].name);
    if (hosted === undefined) return dnsResponse(query, { rcode: RCODE_NOTAUTH });
    if (!hosted.transfer.has(asker.address)) {
      this.refused('transfer', hosted, asker);
      return dnsResponse(query, { rcode: RCODE_REFUSED });
    }
    if (hosted.zone === undefined) return dnsResponse(query, { rcode: RCODE_SERVFAIL });
    return transferAnswer(query, hosted, hosted.zone, asker.transport === 'udp' ? MAX_UDP_MESSAGE : undefined);
  }

  /** RFC 1996 sections 3.10 and 3.11; REFUSED for strangers, as BIND does. */
  private notified(query: DnsMessage, asker: DnsAsker): DnsMessage {
    const [question] = query.questions;
    const hosted = this.find(question.name);
    if (hosted === undefined) return dnsResponse(query, { rcode: RCODE_NOTAUTH });
    const soa = query.answers.find((record) => record.type === 'SOA' && sameName(record.name, hosted.name));
    const secondary = this.secondaries.get(hosted);
    if (!secondary?.notified(asker.address, soa?.type === 'SOA' ? soa : undefined)) {
      this.refused('notify', hosted, asker);
      return dnsResponse(query, { rcode: RCODE_REFUSED });
    }
    return dnsResponse(query, { authoritative: true });
  }

  /** RFC 2136 section 3.1. A secondary could hand it on to its primary (section 6); like BIND without that, it refuses. */
  private updated(query: DnsMessage, asker: DnsAsker): DnsMessage {
    const [zoneRecord] = query.questions;
    const answer = (rcode: number) => dnsResponse(query, { rcode });
    if (zoneRecord.type !== 'SOA' || zoneRecord.class !== CLASS_IN) return answer(RCODE_FORMERR);
    const hosted = this.find(zoneRecord.name);
    if (hosted?.zone === undefined) return answer(RCODE_NOTAUTH);
    if (hosted.isSecondary || !hosted.update.has(asker.address)) {
      this.refused('update', hosted, asker);
      return answer(RCODE_REFUSED);
    }
    const { rcode, zone, difference } = applyUpdate(hosted.zone, query);
    if (zone !== undefined && zone.size > MAX_ZONE_RECORDS) return answer(RCODE_REFUSED);
    if (zone !== undefined && difference !== undefined) {
      hosted.replace(zone, [difference]);
      this.log.info({ zone: hosted.name, client: asker.address, serial: zone.soa.serial }, 'a zone was updated');
    }
    return answer(rcode);
  }

  /** Counted, and told only to who wants to know: strangers can ask as often as they like. */
  private refused(what: 'transfer' | 'notify' | 'update', hosted: HostedZone, asker: DnsAsker): void {
    this.network.stack.counters.add(`dns.refused.${what}`);
    this.log.debug({ zone: hosted.name, client: asker.address }, `refused: ${what}`);
  }

  private secondaryOf(name: string): Secondary | undefined {
    const hosted = this.find(name);
    return hosted && this.secondaries.get(hosted);
  }

  private find(name: string): HostedZone | undefined {
    return this.hosted.find((hosted) => sameName(hosted.name, name));
  }
}
