/** Dynamic updates (RFC 2136): what must hold, then what changes, all of it or nothing. */
import {
  type DnsMessage,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTZONE,
  RCODE_NXDOMAIN,
  RCODE_NXRRSET,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
  RCODE_YXDOMAIN,
  RCODE_YXRRSET,
} from '../../stack/wire/dns.js';
import { isWithin, sameName } from '../../stack/wire/dns-name.js';
import {
  CLASS_ANY,
  CLASS_IN,
  CLASS_NONE,
  type QuestionType,
  type ResourceRecord,
  typeName,
  typeNumber,
} from '../../stack/wire/dns-record.js';
import { questionKey, recordDataKey } from '../../stack/wire/dns-record-text.js';
import { isMetaType } from '../../stack/wire/dns-type.js';
import { clashesWithAlias, SINGLE_TYPES } from '../../stack/wire/zone-conflict.js';
import type { Difference } from './journal.js';
import { isNewerSerial, nextSerial } from './serial.js';
import type { SoaRecord, Zone } from './zone.js';
import { isTooLong, type ZoneEdit } from './zone-edit.js';

/** An rcode, the zone after the update, and the step that leads there; without them nothing changed. */
export interface UpdateOutcome {
  readonly rcode: number;
  readonly zone?: Zone;
  readonly difference?: Difference;
}

/** `message`: an UPDATE for this zone, from somebody who may send it. Its sections are zone, prerequisites, updates. */
export function applyUpdate(zone: Zone, message: DnsMessage): UpdateOutcome {
  const prerequisite = checkPrerequisites(zone, message.answers);
  if (prerequisite !== RCODE_NOERROR) return { rcode: prerequisite };
  const malformed = prescan(zone, message.authorities);
  if (malformed !== RCODE_NOERROR) return { rcode: malformed };
  const content = new ZoneUpdate(zone);
  for (const record of message.authorities) {
    // Section 3.4.2: what cannot be done leaves the zone as it was.
    if (content.apply(record) !== undefined) return { rcode: RCODE_SERVFAIL };
  }
  return { rcode: RCODE_NOERROR, ...content.finish() };
}

/** Section 3.2. */
function checkPrerequisites(zone: Zone, prerequisites: readonly ResourceRecord[]): number {
  const wanted = new Map<string, ResourceRecord[]>();
  for (const record of prerequisites) {
    const type = typeOf(record);
    if (record.ttl !== 0) return RCODE_FORMERR;
    if (!isWithin(record.name, zone.name)) return RCODE_NOTZONE;
    if (record.class === CLASS_IN) {
      const key = questionKey(record.name, type);
      wanted.set(key, [...(wanted.get(key) ?? []), record]);
      continue;
    }
    if (!isBare(record) || (record.class !== CLASS_ANY && record.class !== CLASS_NONE)) return RCODE_FORMERR;
    const isThere =
      type === 'ANY' ? zone.recordsAt(record.name).length > 0 : zone.records(record.name, type).length > 0;
    if (isThere !== (record.class === CLASS_ANY)) {
      if (type === 'ANY') return isThere ? RCODE_YXDOMAIN : RCODE_NXDOMAIN;
      return isThere ? RCODE_YXRRSET : RCODE_NXRRSET;
    }
  }
  // Section 3.2.3: a set must be exactly this, TTLs aside.
  const keys = (records: readonly ResourceRecord[]) => [...new Set(records.map(recordDataKey))].sort().join('\n');
  for (const set of wanted.values()) {
    if (keys(set) !== keys(zone.records(set[0].name, set[0].type))) return RCODE_NXRRSET;
  }
  return RCODE_NOERROR;
}

/** Section 3.4.1: nothing is changed when any of the updates cannot be. */
function prescan(zone: Zone, updates: readonly ResourceRecord[]): number {
  for (const record of updates) {
    const type = typeOf(record);
    if (!isWithin(record.name, zone.name)) return RCODE_NOTZONE;
    const isMeta = isMetaType(typeNumber(type)) && type !== 'ANY';
    if (record.class === CLASS_IN) {
      if (isMeta || type === 'ANY') return RCODE_FORMERR;
      // As what makes the zone too large.
      if (isTooLong(record)) return RCODE_REFUSED;
    } else if (record.class === CLASS_ANY) {
      if (isMeta || record.ttl !== 0 || !isBare(record)) return RCODE_FORMERR;
    } else if (record.class === CLASS_NONE) {
      if (isMeta || type === 'ANY' || record.ttl !== 0) return RCODE_FORMERR;
    } else return RCODE_FORMERR;
  }
  return RCODE_NOERROR;
}

/** Section 3.4.2: the zone while it changes. */
class ZoneUpdate {
  private readonly before: Zone;
  private readonly edit: ZoneEdit;
  private soa: SoaRecord;

  constructor(zone: Zone) {
    this.before = zone;
    this.edit = zone.edit();
    this.soa = zone.soa;
  }

  /** Says what is wrong, if anything. */
  apply(record: ResourceRecord): string | undefined {
    if (record.class === CLASS_IN) return this.add(record);
    if (record.class === CLASS_ANY) this.removeSets(record);
    else this.remove(record);
    return undefined;
  }

  /** Nothing when everything is as it was. Section 3.6: the serial goes on, unless the update has seen to that. */
  finish(): Pick<UpdateOutcome, 'zone' | 'difference'> {
    const { before, edit } = this;
    const { removed, added } = edit.difference();
    const isSet = this.soa !== before.soa;
    if (!isSet && removed.length + added.length === 0) return {};
    const to = isSet ? this.soa : { ...this.soa, serial: nextSerial(before.soa.serial) };
    edit.removeSet(before.name, 'SOA');
    edit.add(to);
    const zone = before.edited(edit);
    return { zone, difference: { from: before.soa, to: zone.soa, removed, added } };
  }

  /** Section 3.4.2.2: what would stand beside an alias is passed over, and an SOA that is no newer. */
  private add(record: ResourceRecord): string | undefined {
    const { name, type } = record;
    if (record.type === 'SOA') {
      if (this.isApex(name) && isNewerSerial(record.serial, this.soa.serial)) this.soa = record;
      return undefined;
    }
    if (clashesWithAlias(type, this.edit.typesAt(name))) return undefined;
    if (SINGLE_TYPES.has(type)) this.edit.removeSet(name, type);
    // RFC 2181 section 5.2: one TTL for the set, the new one.
    this.edit.setTtl(name, type, record.ttl);
    return this.edit.add(record);
  }

  /** Section 3.4.2.3: the zone keeps its SOA and its NS records. */
  private removeSets({ name, ...record }: ResourceRecord): void {
    const type = typeOf(record);
    for (const known of [...this.edit.typesAt(name)]) {
      const isKept = this.isApex(name) && (known === 'SOA' || known === 'NS');
      if ((type === 'ANY' || known === type) && !isKept) this.edit.removeSet(name, known);
    }
  }

  /** Section 3.4.2.4: neither the SOA goes, nor the last NS record. */
  private remove(record: ResourceRecord): void {
    if (record.type === 'SOA') return;
    const isLast =
      record.type === 'NS' && this.isApex(record.name) && this.edit.records(record.name, 'NS').length === 1;
    if (!isLast) this.edit.remove(record);
  }

  private isApex(name: string): boolean {
    return sameName(name, this.before.name);
  }
}

/** A record without data has its type as a number, since it is none of that type. */
function typeOf(record: Pick<ResourceRecord, 'type'>): QuestionType {
  return typeName(typeNumber(record.type));
}

function isBare(record: ResourceRecord): boolean {
  return 'bytes' in record && record.bytes.length === 0;
}
