/** DNS load balancing: each question gets the same addresses in another order, the first one in turn. */

import { canonicalName } from '../../stack/wire/dns-name.js';
import type { ResourceRecord } from '../../stack/wire/dns-record.js';
import { questionKey } from '../../stack/wire/dns-record-text.js';

/** Names whose turn is remembered; the one that was longest not asked for is forgotten and starts again. */
const LIMIT = 1000;

export class Rotation {
  private readonly turns = new Map<string, number>();

  /** Each run of addresses of one name, turned one further than the last time; other records keep their places. */
  turn(records: readonly ResourceRecord[]): ResourceRecord[] {
    const turned: ResourceRecord[] = [];
    for (let start = 0; start < records.length; ) {
      let end = start + 1;
      while (end < records.length && sameSet(records[start], records[end])) end++;
      turned.push(...this.turnSet(records.slice(start, end)));
      start = end;
    }
    return turned;
  }

  private turnSet(set: readonly ResourceRecord[]): readonly ResourceRecord[] {
    const { type, name } = set[0];
    if (set.length === 1 || (type !== 'A' && type !== 'AAAA')) return set;
    const key = questionKey(name, type);
    const turn = (this.turns.get(key) ?? 0) % set.length;
    this.turns.delete(key);
    this.turns.set(key, turn + 1);
    if (this.turns.size > LIMIT) {
      const [oldest] = this.turns.keys();
      this.turns.delete(oldest);
    }
    return [...set.slice(turn), ...set.slice(0, turn)];
  }
}

function sameSet(a: ResourceRecord, b: ResourceRecord): boolean {
  return a.type === b.type && canonicalName(a.name) === canonicalName(b.name);
}
