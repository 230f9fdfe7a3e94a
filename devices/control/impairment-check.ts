/** What an impairment may say: in a port's config, and in what chaos orders. */

import { JITTER_DISTRIBUTIONS, type MarkovState, QUEUE_DISCIPLINES } from '../stack/link-settings.js';
import { type Checker, integer, isBoolean, isProbability, list, number, object, oneOf, variant } from './check.js';

export const MAX_QUANTILES = 10_000;
export const MAX_MARKOV_STATES = 100;
/** How far the sum of a state's probabilities may be from 1: what rounding makes of thirds and sevenths. */
const SUM_TOLERANCE = 1e-9;

const isQuantiles: Checker = (value, path) => {
  const fault = list(number())(value, path);
  if (fault !== undefined) return fault;
  const quantiles = value as number[];
  if (quantiles.length < 2 || quantiles.length > MAX_QUANTILES) {
    return `${path}: expected 2 to ${MAX_QUANTILES} quantiles, got ${quantiles.length}`;
  }
  const index = quantiles.findIndex((quantile, at) => at > 0 && quantile < quantiles[at - 1]);
  return index < 0 ? undefined : `${path}[${index}]: is less than the one before it; quantiles rise`;
};

const isDistribution: Checker = (value, path) =>
  Array.isArray(value) ? isQuantiles(value, path) : oneOf(JITTER_DISTRIBUTIONS)(value, path);

const states = list(object({ loss: isProbability, next: list(isProbability) }));

const isChain: Checker = (value, path) => {
  const fault = states(value, path);
  if (fault !== undefined) return fault;
  const chain = value as readonly MarkovState[];
  if (chain.length < 1 || chain.length > MAX_MARKOV_STATES) {
    return `${path}: expected 1 to ${MAX_MARKOV_STATES} states, got ${chain.length}`;
  }
  for (const [index, { next }] of chain.entries()) {
    if (next.length !== chain.length) {
      return `${path}[${index}].next: expected ${chain.length} probabilities, one a state, got ${next.length}`;
    }
    const sum = next.reduce((total, probability) => total + probability, 0);
    if (Math.abs(sum - 1) > SUM_TOLERANCE) return `${path}[${index}].next: the sum is ${sum}, and must be 1`;
  }
  return undefined;
};

const isLossModel = variant('model', {
  'gilbert-elliott': object(
    { model: oneOf(['gilbert-elliott']), goodToBad: isProbability, badToGood: isProbability },
    { lossInGood: isProbability, lossInBad: isProbability },
  ),
  markov: object({ model: oneOf(['markov']), states: isChain }),
});

const count = integer(1, Number.MAX_SAFE_INTEGER);

/** Of one direction: an {@link Impairment}. */
export const isImpairment: Checker = object(
  {},
  {
    delayMs: number(0),
    jitterMs: number(0),
    jitterDistribution: isDistribution,
    jitterCorrelation: isProbability,
    jitterReorders: isBoolean,
    loss: isProbability,
    lossBurst: number(1),
    lossCorrelation: isProbability,
    lossModel: isLossModel,
    duplicate: isProbability,
    duplicateCorrelation: isProbability,
    reorder: isProbability,
    reorderDelayMs: number(0),
    reorderGap: count,
    reorderCorrelation: isProbability,
    corrupt: isProbability,
    corruptCorrelation: isProbability,
    bitErrorRate: isProbability,
    rateBps: number(1),
    queueBytes: number(1),
    queuePackets: count,
    queueDiscipline: oneOf(QUEUE_DISCIPLINES),
    codelTargetMs: number(0.001),
    codelIntervalMs: number(0.001),
    codelEcn: isBoolean,
    // RFC 791: every link must carry 68 bytes.
    mtu: integer(68, 65535),
    slotMs: number(0),
    slotJitterMs: number(0),
    slotPackets: count,
    slotBytes: number(1),
  },
);
