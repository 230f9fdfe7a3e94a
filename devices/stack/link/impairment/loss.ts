/** Which packets of a line are lost. */

import type { Impairment, LossModel } from '../../link-settings.js';
import type { Random } from '../../random.js';
import { CorrelatedDraws } from './correlated.js';

export function losesPackets({ loss = 0, lossModel }: Impairment): boolean {
  return lossModel !== undefined || loss > 0;
}

/** Keeps its state through all changes of the settings. */
export class LossProcess {
  private readonly draws: CorrelatedDraws;
  private readonly steps: Random;
  /** Whether the last packet was lost; undefined before the first one. */
  private lost: boolean | undefined;
  /** Of the model's chain. */
  private state = 0;

  constructor(random: Random) {
    this.draws = new CorrelatedDraws(random, 'loss');
    this.steps = random.fork('loss state');
  }

  /** Judges the next packet. One that repeats the draw before it repeats the state too: the chain rests. */
  next(settings: Impairment): boolean {
    const { loss = 0, lossBurst, lossCorrelation, lossModel } = settings;
    const draw = this.draws.next(lossCorrelation);
    if (lossModel !== undefined) this.lost = this.followModel(lossModel, draw);
    else if (lossBurst === undefined || this.lost === undefined) this.lost = draw < loss;
    else if (!this.draws.repeated || loss >= 1) this.lost = draw < chanceInBursts(loss, lossBurst, this.lost);
    return this.lost;
  }

  private followModel(model: LossModel, draw: number): boolean {
    const step = this.steps.uniform();
    const states = model.model === 'markov' ? model.states.length : 2;
    if (this.state >= states) this.state = 0;
    // The state that this packet is judged in is the one that the step before has led to.
    const lost = draw < lossIn(model, this.state);
    if (!this.draws.repeated) this.state = nextState(model, this.state, step);
    return lost;
  }
}

/**
 * With bursts of mean length L a run ends with probability 1/L, and begins so often that the share of all packets is
 * `loss`; where even a gap of one packet would be too many, the runs are longer.
 */
function chanceInBursts(loss: number, lossBurst: number, inBurst: boolean): number {
  if (loss >= 1) return 1;
  const stays = Math.max(1 - 1 / lossBurst, 2 - 1 / loss);
  return inBurst ? stays : Math.min(1, (loss * (1 - stays)) / (1 - loss));
}

function lossIn(model: LossModel, state: number): number {
  if (model.model === 'markov') return model.states[state].loss;
  return state === 0 ? (model.lossInGood ?? 0) : (model.lossInBad ?? 1);
}

function nextState(model: LossModel, state: number, step: number): number {
  if (model.model === 'gilbert-elliott') {
    const leaves = step < (state === 0 ? model.goodToBad : model.badToGood);
    return leaves ? 1 - state : state;
  }
  const { next } = model.states[state];
  let sum = 0;
  for (let to = 0; to < next.length; to++) {
    sum += next[to];
    if (step < sum) return to;
  }
  // Where the sum falls short of 1 by rounding: the last state that can come.
  return next.findLastIndex((probability) => probability > 0);
}
