/** Devices that have ended by themselves while a scenario ran: no scenario passes over that, unless it speaks of it. */
import { describeNews } from '../lab/device-news.js';
import type { Lab } from '../lab/lab.js';
import type { Block, Condition } from './model.js';

export class Deaths {
  private readonly seen = new Map<string, string>();
  private readonly stopListening: () => void;

  constructor(lab: Lab) {
    this.stopListening = lab.listen((news) => {
      if (news.event === 'end' && news.state === 'dead') this.seen.set(news.name, describeNews(news));
    });
  }

  /** In words; undefined when all that have died were expected to by some condition of the timeline. */
  unexpected(timeline: Block): string | undefined {
    const told = [...this.seen].filter(([device]) => !expectsDeath(timeline, device)).map(([, words]) => words);
    return told.length === 0 ? undefined : told.join('; ');
  }

  stop(): void {
    this.stopListening();
  }
}

function expectsDeath({ steps, always }: Block, device: string): boolean {
  const speaks = (conditions: readonly Condition[]) =>
    conditions.some((one) => one.kind === 'device' && one.device === device && one.is.test('dead'));
  return (
    speaks(always) ||
    steps.some(({ action, repeat }) => {
      if (speaks(repeat?.until ?? [])) return true;
      if (action.kind === 'expect') return speaks(action.conditions);
      return action.kind === 'block' && expectsDeath(action, device);
    })
  );
}
