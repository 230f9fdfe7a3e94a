/** Who hears of faults that begin and end: listeners, and the lab's log. */
import type { ChaosNews } from './fault.js';
import type { ChaosGround } from './ground.js';

export class Newsroom {
  private readonly ground: ChaosGround;
  private readonly listeners = new Set<(news: ChaosNews) => void>();

  constructor(ground: ChaosGround) {
    this.ground = ground;
  }

  /** @returns what ends it */
  listen(listener: (news: ChaosNews) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(news: ChaosNews): void {
    const { event, fault, why, message } = news;
    const { id, title, target, parent } = fault;
    const what = [title, target].filter(Boolean).join(' on ');
    const head = id === '' ? (parent ?? 'chaos') : id;
    const reason = [why, message].filter(Boolean).join(': ');
    this.ground.log(`${head} ${event}: ${what}${reason === '' ? '' : ` (${reason})`}`, { event, fault: id, parent });
    for (const listener of this.listeners) listener(news);
  }
}
