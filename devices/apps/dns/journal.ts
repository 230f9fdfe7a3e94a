/** What has changed in a zone from one serial to the next, for those who have an older one (RFC 1995). */
import type { ResourceRecord } from '../../stack/wire/dns-record.js';
import { recordKey, type SoaRecord, type Zone } from './zone.js';

export interface Difference {
  readonly from: SoaRecord;
  readonly to: SoaRecord;
  /** Without the SOA records. */
  readonly removed: readonly ResourceRecord[];
  readonly added: readonly ResourceRecord[];
}

export function differenceSize({ removed, added }: Difference): number {
  return removed.length + added.length + 2;
}

const MAX_DIFFERENCES = 100;
/** Records of all differences; more than the zone itself has are never sent (RFC 1995 section 5). */
const MIN_RECORDS = 1000;

export class Journal {
  private differences: Difference[] = [];

  get length(): number {
    return this.differences.length;
  }

  /** `zoneSize`: records in the zone; the oldest differences that outgrow it are forgotten. */
  add(difference: Difference, zoneSize: number): void {
    // A zone that has gone elsewhere: what was before leads nowhere.
    if (this.differences.at(-1)?.to.serial !== difference.from.serial) this.differences = [];
    this.differences.push(difference);
    const limit = Math.max(MIN_RECORDS, zoneSize);
    let size = this.differences.reduce((sum, one) => sum + differenceSize(one), 0);
    while (this.differences.length > MAX_DIFFERENCES || (size > limit && this.differences.length > 0)) {
      size -= differenceSize(this.differences.shift() as Difference);
    }
  }

  clear(): void {
    this.differences = [];
  }

  /** All changes since that serial, oldest first; undefined when they are not known. */
  since(serial: number): readonly Difference[] | undefined {
    const index = this.differences.findIndex(({ from }) => from.serial === serial);
    return index < 0 ? undefined : this.differences.slice(index);
  }
}

/** A record whose TTL alone changed is removed and added. */
export function differenceOf(before: Zone, after: Zone): Difference {
  const keyed = (zone: Zone) => new Map([...zone.all()].slice(1).map((record) => [timedKey(record), record]));
  const [old, young] = [keyed(before), keyed(after)];
  return {
    from: before.soa,
    to: after.soa,
    removed: [...old].flatMap(([key, record]) => (young.has(key) ? [] : [record])),
    added: [...young].flatMap(([key, record]) => (old.has(key) ? [] : [record])),
  };
}

/** The zone after these changes. Throws Error when they do not fit: something is removed that is not there, or added that is. */
export function applyDifferences(zone: Zone, differences: readonly Difference[]): Zone {
  const edit = zone.edit();
  let { serial } = zone.soa;
  for (const { from, to, removed, added } of differences) {
    if (from.serial !== serial) throw new Error(`changes of serial ${from.serial} for a zone of ${serial}`);
    for (const record of removed) {
      if (!edit.remove(record)) throw new Error(`${record.name} ${record.type} to remove is not there`);
    }
    edit.removeSet(zone.name, 'SOA');
    for (const record of [to, ...added]) {
      if (edit.has(record)) throw new Error(`${record.name} ${record.type} to add is there already`);
      const problem = edit.add(record);
      if (problem !== undefined) throw new Error(`${record.name} ${record.type}: ${problem}`);
    }
    serial = to.serial;
  }
  return zone.edited(edit);
}

function timedKey(record: ResourceRecord): string {
  return `${record.ttl} ${recordKey(record)}`;
}
