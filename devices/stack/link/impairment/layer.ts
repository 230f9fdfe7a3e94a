import type { Impairment } from '../../link-settings.js';
import type { Random } from '../../random.js';
import { Codel } from './codel.js';
import { CorrelatedDraws } from './correlated.js';
import { BitErrors } from './corruption.js';
import { LossProcess } from './loss.js';
import { Reordering } from './reordering.js';
import type { LinkFault, LinkFaultCounts } from './settings.js';
import { Slots } from './slots.js';

/**
 * All that remembers something, or draws, of one layer: each purpose has a stream of its own, from which only frames
 * draw that this layer decides about.
 */
export class Deciders {
  readonly loss: LossProcess;
  readonly corrupt: CorrelatedDraws;
  readonly corruptBit: Random;
  readonly bitErrors: BitErrors;
  readonly duplicate: CorrelatedDraws;
  readonly jitter: CorrelatedDraws;
  readonly reorder: Reordering;
  readonly codel = new Codel();
  readonly slots: Slots;

  constructor(random: Random) {
    this.loss = new LossProcess(random);
    this.corrupt = new CorrelatedDraws(random, 'corrupt');
    this.corruptBit = random.fork('corrupt bit');
    this.bitErrors = new BitErrors(random);
    this.duplicate = new CorrelatedDraws(random, 'duplicate');
    this.jitter = new CorrelatedDraws(random, 'jitter');
    this.reorder = new Reordering(random);
    this.slots = new Slots(random);
  }
}

/** Settings of one direction of a port: the topology's own, or those that a fault lays over them. */
export class Layer {
  settings: Impairment;
  /** Marks what it has dropped, changed or made; empty for the topology's own. */
  readonly mark: string;
  /** Packets that came by. */
  matched = 0;
  /** Those of them that it has dropped, changed, doubled or delayed. */
  hit = 0;
  private readonly random: Random;
  private made: Deciders | undefined;

  constructor(settings: Impairment, random: Random, mark = '') {
    this.settings = settings;
    this.random = random;
    this.mark = mark;
  }

  get deciders(): Deciders {
    this.made ??= new Deciders(this.random);
    return this.made;
  }
}

/** A fault's layer. */
export class FaultLayer extends Layer {
  readonly order: LinkFault;

  constructor(order: LinkFault, random: Random) {
    super(order.impairment ?? {}, random.fork(`chaos ${order.seed}`), `${order.fault}: ${order.title}`);
    this.order = order;
  }

  get counts(): LinkFaultCounts {
    const { fault, title, direction } = this.order;
    return { fault, title, direction, matched: this.matched, hit: this.hit };
  }
}

/**
 * The layers of these faults in their order. A fault that was there before keeps its layer, and with it counts and draws.
 */
export function faultLayers(faults: readonly LinkFault[], before: readonly FaultLayer[], random: Random): FaultLayer[] {
  const left = [...before];
  return faults.map((fault) => {
    const text = JSON.stringify(fault);
    const index = left.findIndex(({ order }) => JSON.stringify(order) === text);
    return index < 0 ? new FaultLayer(fault, random) : left.splice(index, 1)[0];
  });
}
