/** DNS load balancing: in which order the addresses of a name are told, since clients try the first one first. */
import type { Random } from '../../stack/random.js';
import { formatRecordData, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { Rotation } from './rotation.js';

export class AnswerOrder {
  private readonly rotation = new Rotation();
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** With weights by address a draw for each place, else the next turn. */
  arrange(records: readonly ResourceRecord[], weights: ReadonlyMap<string, number> | undefined): ResourceRecord[] {
    const weightOf = (record: ResourceRecord) => weights?.get(formatRecordData(record));
    if (weights === undefined || records.every((record) => weightOf(record) === undefined)) {
      return this.rotation.turn(records);
    }
    const left = records.map((record) => ({ record, weight: weightOf(record) ?? 1 }));
    const drawn: ResourceRecord[] = [];
    while (left.length > 0) drawn.push(left.splice(this.draw(left), 1)[0].record);
    return drawn;
  }

  /** RFC 2782's way: a point in the sum of the weights. Weight 0 comes only when nothing else is left. */
  private draw(candidates: readonly { readonly weight: number }[]): number {
    const sum = candidates.reduce((total, { weight }) => total + weight, 0);
    if (sum === 0) return 0;
    let point = this.random.below(sum);
    return candidates.findIndex(({ weight }) => {
      point -= weight;
      return point < 0;
    });
  }
}
