/** Questions under way: who asks the same meanwhile gets the same answer, and causes no work of his own. */
import type { QuestionType } from '../stack/wire/dns-record.js';
import { questionKey } from '../stack/wire/dns-record-text.js';

export class SharedQuestions<Answer> {
  private readonly running = new Map<string, Promise<Answer>>();

  get size(): number {
    return this.running.size;
  }

  /** `start` is called unless the same question is under way. */
  ask(name: string, type: QuestionType, start: () => Promise<Answer>): Promise<Answer> {
    const key = questionKey(name, type);
    const running = this.running.get(key);
    if (running !== undefined) return running;
    const started = start().finally(() => this.running.delete(key));
    this.running.set(key, started);
    return started;
  }
}
