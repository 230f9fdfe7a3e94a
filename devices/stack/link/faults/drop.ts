import type { Action, ActionContext, Plan } from './action.js';
import type { Passage } from './passage.js';

export class DropAction implements Action {
  private readonly fault: string;

  constructor({ fault }: ActionContext) {
    this.fault = fault;
  }

  plan(packet: Uint8Array, passage: Passage): Plan {
    return { run: () => passage.drop(packet, this.fault) };
  }
}
