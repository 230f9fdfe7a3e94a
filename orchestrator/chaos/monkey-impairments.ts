/** Random link parameters, each kind of them, in ranges in which a page still loads now and then. */
import type { Impairment, LossModel } from '../../devices/control.js';
import type { Dice } from './monkey-dice.js';

/** One to three kinds of trouble at once. */
export function someImpairment(dice: Dice): Impairment {
  const kinds = [...TROUBLES];
  let impairment: Impairment = {};
  for (let left = dice.whole(1, 3); left > 0; left -= 1) {
    const [variants] = kinds.splice(dice.whole(0, kinds.length - 1), 1);
    impairment = { ...impairment, ...dice.one(variants)(dice) };
  }
  return impairment;
}

type Trouble = (dice: Dice) => Impairment;

/** A parameter that depends on another one comes with it, and what it would contradict is switched off: others may overlap. */
const TROUBLES: readonly (readonly Trouble[])[] = [
  [
    (dice) => ({ delayMs: dice.scaled(5, 400) }),
    (dice) => ({
      delayMs: dice.scaled(20, 200),
      jitterMs: dice.scaled(5, 100),
      jitterDistribution: dice.one(['uniform', 'normal', 'pareto', 'paretonormal', [-1, -0.2, 0, 0.3, 4]] as const),
      jitterCorrelation: dice.one([0, 0, 0.25, 0.75]),
      jitterReorders: dice.chance(0.3),
    }),
  ],
  [
    (dice) => ({ ...independentLoss(dice), lossBurst: 1, lossCorrelation: 0 }),
    (dice) => ({ ...independentLoss(dice), lossBurst: dice.whole(2, 8), lossCorrelation: 0 }),
    (dice) => ({ ...independentLoss(dice), lossBurst: 1, lossCorrelation: dice.one([0.1, 0.25, 0.5]) }),
    (dice) => ({ lossModel: gilbertElliott(dice) }),
    (dice) => ({ lossModel: markov(dice) }),
  ],
  [(dice) => ({ duplicate: dice.scaled(0.005, 0.3), duplicateCorrelation: dice.one([0, 0, 0.5]) })],
  [
    (dice) => ({
      reorder: dice.scaled(0.01, 0.5),
      reorderDelayMs: dice.scaled(2, 50),
      reorderGap: dice.whole(1, 10),
      reorderCorrelation: dice.one([0, 0, 0.5]),
    }),
  ],
  [
    (dice) => ({ corrupt: dice.scaled(0.001, 0.1), corruptCorrelation: dice.one([0, 0, 0.5]) }),
    (dice) => ({ bitErrorRate: dice.scaled(1e-7, 1e-5) }),
  ],
  [(dice) => ({ rateBps: dice.scaled(128e3, 20e6), ...queue(dice) })],
  [(dice) => ({ mtu: dice.whole(576, 1499) })],
  [
    (dice) => ({
      slotMs: dice.scaled(1, 40),
      slotJitterMs: dice.scaled(0.1, 1),
      slotPackets: dice.whole(1, 16),
      slotBytes: dice.whole(2, 32) * 1000,
    }),
  ],
];

function independentLoss(dice: Dice): Impairment {
  return { loss: dice.scaled(0.005, 0.5) };
}

function gilbertElliott(dice: Dice): LossModel {
  const [goodToBad, badToGood] = [dice.scaled(0.002, 0.1), dice.scaled(0.1, 0.8)];
  return { model: 'gilbert-elliott', goodToBad, badToGood, lossInGood: 0, lossInBad: dice.scaled(0.3, 1) };
}

/** Well, poorly, and not at all. */
function markov(dice: Dice): LossModel {
  const worse = dice.scaled(0.01, 0.1);
  const out = dice.scaled(0.01, 0.2);
  const back = dice.scaled(0.05, 0.5);
  const row = (...next: number[]) => next.map((share) => Number(share.toFixed(4)));
  return {
    model: 'markov',
    states: [
      { loss: 0, next: row(1 - worse, worse, 0) },
      { loss: dice.scaled(0.02, 0.3), next: row(0.2, 0.8 - out, out) },
      { loss: 1, next: row(0, back, 1 - back) },
    ],
  };
}

function queue(dice: Dice): Impairment {
  const room = dice.chance(0.5) ? { queuePackets: dice.whole(5, 200) } : { queueBytes: dice.whole(8, 256) * 1024 };
  if (dice.chance(0.5)) return { ...room, queueDiscipline: 'drop-tail' };
  return { ...room, queueDiscipline: 'codel', codelTargetMs: 5, codelIntervalMs: 100, codelEcn: dice.chance(0.5) };
}
