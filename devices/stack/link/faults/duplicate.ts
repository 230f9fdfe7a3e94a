import type { Action, ActionContext, Plan } from './action.js';
import type { Passage } from './passage.js';

/** The packet goes on as it is; its copies follow directly, and they alone carry the mark. */
export class DuplicateAction implements Action {
  private readonly copies: number;
  private readonly fault: string;

  constructor({ copies = 1 }: { readonly copies?: number }, { fault }: ActionContext) {
    this.copies = copies;
    this.fault = fault;
  }

  plan(packet: Uint8Array, passage: Passage): Plan {
    const run = () => {
      passage.onward(packet);
      for (let n = 0; n < this.copies; n++) passage.onward(packet, this.fault);
    };
    return { run };
  }
}
