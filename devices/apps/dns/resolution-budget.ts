/** What one question of a client may cost (RFC 1034 section 5.3.3: "bound the amount of work"), with all that it causes. */
import type { Instant } from '../../stack/clock.js';

/** Questions to other servers. */
export const MAX_QUERIES = 64;
/**
 * Names of name servers that are looked up because a referral came without their addresses: of one zone, and in all. A
 * zone with a hundred such servers would else make a hundred questions of one (NXNSAttack, CVE-2020-8616).
 */
export const MAX_TARGETS_A_ZONE = 4;
export const MAX_TARGETS = 16;
/** Such look-ups, one inside the other. */
const MAX_NESTING = 6;

export class ResolutionBudget {
  readonly deadline: Instant;
  private queriesLeft = MAX_QUERIES;
  private targetsLeft = MAX_TARGETS;
  /** Canonical names of name servers whose addresses are being looked up. */
  private readonly lookingUp = new Set<string>();

  constructor(deadline: Instant) {
    this.deadline = deadline;
  }

  /** One more question; false when there have been enough. */
  takeQuery(): boolean {
    this.queriesLeft -= 1;
    return this.queriesLeft >= 0;
  }

  /** Runs the look-up of a name server's addresses; undefined when it is under way already, or one too many. */
  async lookUpTarget<Found>(name: string, run: () => Promise<Found>): Promise<Found | undefined> {
    const { lookingUp } = this;
    if (this.targetsLeft <= 0 || lookingUp.size >= MAX_NESTING || lookingUp.has(name)) return undefined;
    this.targetsLeft -= 1;
    lookingUp.add(name);
    try {
      return await run();
    } finally {
      lookingUp.delete(name);
    }
  }
}
