/**
 * QNAME minimisation (RFC 9156): each server on the way down is told only as much of a name as it needs to know whom
 * it delegates to: the root hears of `com`, its server of `server.com`, and who is in charge of that the whole name.
 */
import type { DnsQuestion } from '../../stack/wire/dns.js';
import { nameLabels, ROOT_NAME } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType } from '../../stack/wire/dns-record.js';

/** Section 2.3: questions that are shortened, and how many of them grow by one label alone. */
export const MAX_MINIMISE_COUNT = 10;
const MINIMISE_ONE_LAB = 4;
/** Section 2.1: of all types the one that raises the fewest eyebrows. */
const PROBE_TYPE: QuestionType = 'A';

export interface MinimisedQuestion extends DnsQuestion {
  /** The question itself, with nothing left out. */
  readonly isWhole: boolean;
}

export class QnameMinimiser {
  private readonly name: string;
  private readonly type: QuestionType;
  private readonly labels: readonly string[];
  /** Labels, from the right, that exist for all that is known. */
  private known: number;
  private asked = 0;

  /** `zone`: the closest zone above the name, or of it, whose servers are known. */
  constructor(name: string, type: QuestionType, zone: string) {
    this.name = name;
    this.type = type;
    this.labels = nameLabels(name);
    this.known = nameLabels(zone).length;
  }

  /** What to ask the servers of the closest known zone. */
  next(): MinimisedQuestion {
    const count = this.asked >= MAX_MINIMISE_COUNT ? this.labels.length : this.childLabels();
    if (count >= this.labels.length) return { name: this.name, type: this.type, class: CLASS_IN, isWhole: true };
    const name = this.labels.slice(-count).join('.');
    return { name, type: PROBE_TYPE, class: CLASS_IN, isWhole: false };
  }

  /** The question that was made last has told that its name exists, or leads to a zone of this name. */
  learned(name: string): void {
    this.known = Math.max(this.known, name === ROOT_NAME ? 0 : nameLabels(name).length);
    this.asked += 1;
  }

  /** Section 2.3 and 3: for servers that go wrong about parts of names, the whole name from here on. */
  giveUp(): void {
    this.asked = MAX_MINIMISE_COUNT;
  }

  /** One more label at first; then as many as share out what is left. Names such as `_tcp` are no zones: they are passed. */
  private childLabels(): number {
    const left = this.labels.length - this.known;
    const step = this.asked < MINIMISE_ONE_LAB ? 1 : Math.ceil(left / (MAX_MINIMISE_COUNT - this.asked));
    let count = this.known + step;
    while (count < this.labels.length && this.labels[this.labels.length - count].startsWith('_')) count += 1;
    return count;
  }
}
