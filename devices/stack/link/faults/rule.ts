/** One rule: which packets it looks for, which of these it takes, what it does to them, and what it has done so far. */
import type { RuleAction } from '../../packet-faults.js';
import type { Random } from '../../random.js';
import type { Filter } from '../../wire/filter/filter.js';
import { type Action, type ActionContext, createAction } from './action.js';
import { Choice, type Claim } from './choice.js';
import type { Passage } from './passage.js';

export interface RuleOptions extends Omit<ActionContext, 'random'> {
  readonly filter: Filter;
  readonly action: RuleAction;
  readonly skip?: number;
  readonly count?: number;
  readonly share?: number;
  readonly claim?: Claim;
  /** Only forks of it are used. */
  readonly random: Random;
}

export class PacketRule {
  /** Packets that the filter matched while the rule could still hit. */
  matched = 0;
  /** Packets that were dropped, changed, answered or doubled. */
  hit = 0;
  private readonly filter: Filter;
  private readonly choice: Choice;
  private readonly action: Action;

  constructor(options: RuleOptions) {
    const { filter, action, random } = options;
    this.filter = filter;
    this.choice = new Choice({ ...options, random: random.fork('share') });
    this.action = createAction(action, options);
  }

  /** Nothing more will be chosen, whatever comes. */
  get exhausted(): boolean {
    return this.choice.exhausted;
  }

  /** Nothing will be hit any more: what comes need not be looked at. */
  get isOver(): boolean {
    return this.choice.exhausted && !this.action.pursues;
  }

  /** Whether it wants to see packets that are not its to judge. */
  get observes(): boolean {
    return this.action.observe !== undefined;
  }

  observe(packet: Uint8Array, passage: Passage): void {
    if (this.filter.matches(packet, passage.meta)) this.action.observe?.(packet, passage);
  }

  /** True when the packet is the rule's from now on. What its action cannot be done to passes, and uses up no number. */
  take(packet: Uint8Array, passage: Passage): boolean {
    if (this.isOver || !this.filter.matches(packet, passage.meta)) return false;
    const plan = this.action.plan(packet, passage);
    if (!this.exhausted || plan?.settled) this.matched += 1;
    if (plan === undefined) return false;
    if (!plan.settled && !this.choice.take()) {
      plan.spare?.();
      return false;
    }
    this.hit += 1;
    plan.run();
    return true;
  }

  /** Packets that wait for it go on as soon as the machine's deadlines run. */
  end(): void {
    this.action.lines?.end();
  }

  /** What has to do with a port that has gone. */
  forget(passage: Passage): void {
    this.action.lines?.forget(passage);
  }
}
