/** What rules do to packets. */
import type { RuleAction } from '../../packet-faults.js';
import type { Random } from '../../random.js';
import type { Ipv4Address } from '../../wire/address.js';
import { CorruptAction } from './corrupt.js';
import { DelayAction } from './delay.js';
import type { DelayLines } from './delay-line.js';
import { DropAction } from './drop.js';
import { DuplicateAction } from './duplicate.js';
import type { Passage } from './passage.js';
import { ReplyAction } from './reply.js';
import { ResetAction } from './reset.js';

/** What would happen to one packet, before it is chosen. */
export interface Plan {
  /** Does it: the packet is the action's from then on. */
  run(): void;
  /** The packet was not chosen. */
  spare?(): void;
  /** It was chosen before, with others of its connection. */
  readonly settled?: boolean;
}

export interface Action {
  /** Undefined when it cannot be done to this packet, or not yet. Any bytes are welcome. */
  plan(packet: Uint8Array, passage: Passage): Plan | undefined;
  /** Plans are settled that may still come of what was chosen before, also when nothing more is chosen. */
  readonly pursues?: boolean;
  /** A packet that matches comes by which is not for this rule to judge: it goes on in any case. */
  observe?(packet: Uint8Array, passage: Passage): void;
  /** Where packets wait for it. */
  readonly lines?: DelayLines;
}

export interface ActionContext {
  /** Marks what the action drops, changes or makes. */
  readonly fault: string;
  /** Only forks of it are used. */
  readonly random: Random;
  /** The next router on the way there; undefined where none is known. */
  readonly gatewayTo?: (dst: Ipv4Address) => Ipv4Address | undefined;
}

export function createAction(options: RuleAction, context: ActionContext): Action {
  switch (options.kind) {
    case 'drop':
      return new DropAction(context);
    case 'delay':
      return new DelayAction(options, context);
    case 'duplicate':
      return new DuplicateAction(options, context);
    case 'corrupt':
      return new CorruptAction(options, context);
    case 'reply':
      return new ReplyAction(options, context);
    case 'reset':
      return new ResetAction(options, context);
  }
}
