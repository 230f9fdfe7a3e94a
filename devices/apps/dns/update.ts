/** Dynamic updates (RFC 2136): what must hold, then what changes, all of it or nothing. */
import {
  type DnsMessage,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTZONE,
  RCODE_NXDOMAIN,
  RCODE_NXRRSET,
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
import { recordDataKey } from '../../stack/wire/dns-record-text.js';
import { type Difference, differenceOf } from './journal.js';
import { isNewerSerial, nextSerial } from './serial.js';
import { recordKey, type SoaRecord, Zone } from './zone.js';

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
  const content = new UpdatedContent(zone);
  for (const record of message.authorities) content.apply(record);
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
      const key = `${record.name.toLowerCase()} ${type}`;
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
    const isMeta = ['AXFR', 'IXFR', 'OPT'].includes(type);
    if (record.class === CLASS_IN) {
      if (isMeta || type === 'ANY') return RCODE_FORMERR;
    } else if (record.class === CLASS_ANY) {
      if (isMeta || record.ttl !== 0 || !isBare(record)) return RCODE_FORMERR;
    } else if (record.class === CLASS_NONE) {
      if (isMeta || type === 'ANY' || record.ttl !== 0) return RCODE_FORMERR;
    } else return RCODE_FORMERR;
  }
  return RCODE_NOERROR;
}

/** Section 3.4.2: the records while they change. */
class UpdatedContent {
  private readonly before: Zone;
  private soa: SoaRecord;
  private readonly sets = new Map<string, ResourceRecord[]>();

  constructor(zone: Zone) {
    this.before = zone;
    this.soa = zone.soa;
    for (const record of zone.all()) if (record.type !== 'SOA') this.put(record);
  }

  apply(record: ResourceRecord): void {
    if (record.class === CLASS_IN) this.add(record);
    else if (record.class === CLASS_ANY) this.removeSets(record);
    else this.removeRecord(record);
  }

  /** Nothing when everything is as it was. Section 3.6: the serial goes on, unless the update has seen to that. */
  finish(): Pick<UpdateOutcome, 'zone' | 'difference'> {
    const { before } = this;
    const isSet = isNewerSerial(this.soa.serial, before.soa.serial);
    const soa = isSet ? this.soa : { ...this.soa, serial: nextSerial(before.soa.serial) };
    const zone = Zone.fromRecords(before.name, [soa, ...[...this.sets.values()].flat()]);
    const difference = differenceOf(before, zone);
    const isSame = !isSet && difference.removed.length + difference.added.length === 0;
    return isSame ? {} : { zone, difference };
  }

  /** Section 3.4.2.2: what would stand beside an alias is passed over, and an SOA that is no newer. */
  private add(record: ResourceRecord): void {
    if (record.type === 'SOA') {
      if (sameName(record.name, this.soa.name) && isNewerSerial(record.serial, this.soa.serial)) this.soa = record;
      return;
    }
    const isAlias = this.set(record.name, 'CNAME').length > 0;
    if (record.type === 'CNAME' ? !isAlias && this.isUsed(record.name) : isAlias) return;
    const key = recordKey(record);
    const isSingle = record.type === 'CNAME' || record.type === 'DNAME';
    const others = isSingle ? [] : this.set(record.name, record.type).filter((other) => recordKey(other) !== key);
    // RFC 2181 section 5.2: one TTL for the set, the new one.
    this.sets.set(setKey(record.name, record.type), [
      ...others.map((other) => ({ ...other, ttl: record.ttl })),
      record,
    ]);
  }

  /** Section 3.4.2.3: the zone keeps its SOA and its last NS records. */
  private removeSets(record: ResourceRecord): void {
    const type = typeOf(record);
    const isApex = sameName(record.name, this.before.name);
    for (const [key, [first]] of [...this.sets]) {
      const isMeant = sameName(first.name, record.name) && (type === 'ANY' || first.type === type);
      if (isMeant && !(isApex && first.type === 'NS')) this.sets.delete(key);
    }
  }

  /** Section 3.4.2.4. */
  private removeRecord(record: ResourceRecord): void {
    const isApex = sameName(record.name, this.before.name);
    const set = this.set(record.name, record.type);
    const left = set.filter((other) => recordDataKey(other) !== recordDataKey(record));
    if (record.type === 'NS' && isApex && left.length === 0) return;
    if (left.length > 0) this.sets.set(setKey(record.name, record.type), left);
    else this.sets.delete(setKey(record.name, record.type));
  }

  private put(record: ResourceRecord): void {
    const key = setKey(record.name, record.type);
    const set = this.sets.get(key);
    if (set === undefined) this.sets.set(key, [record]);
    else set.push(record);
  }

  private set(name: string, type: string): readonly ResourceRecord[] {
    return this.sets.get(setKey(name, type)) ?? [];
  }

  private isUsed(name: string): boolean {
    if (sameName(name, this.before.name)) return true;
    return [...this.sets.values()].some(([first]) => sameName(first.name, name));
  }
}

function setKey(name: string, type: string): string {
  return `${name.toLowerCase()} ${type}`;
}

/** A record without data has its type as a number, since it is none of that type. */
function typeOf(record: ResourceRecord): QuestionType {
  return typeName(typeNumber(record.type));
}

function isBare(record: ResourceRecord): boolean {
  return 'bytes' in record && record.bytes.length === 0;
}
