/** Two reports to what differs between them, in the order in which one follows from the other. */
import type { FetchReport } from '../story/report.js';
import { align, type Pair } from './align.js';
import { chainOf } from './chain.js';
import type { Comparison, Difference, Moment, Noise } from './comparison.js';
import { faultsApart } from './faults.js';
import { type Happening, happeningsOf } from './happenings.js';
import { beyondNoise, noiseOf, tripsThatDiffer } from './noise.js';
import { endingOf, resultDifferences, sameNames, sameResources } from './results.js';
import { Background, judge } from './weight.js';

const MAX_DIFFERENCES = 500;
/** Their moment is a matter of chance: neighbours are asked when an entry has grown old, and nobody waits for a close. */
const UNTIMED = new Set(['close', 'question', 'announcement']);

/** Neither report is changed. That they are of the same fetch is for the caller to see to. */
export function compareReports(a: FetchReport, b: FetchReport): Comparison {
  const trips = tripsThatDiffer(a, b);
  const noise = noiseOf(a, b, trips);
  const [stepsA, stepsB] = [happeningsOf(a), happeningsOf(b)];
  const pairs = align(stepsA, stepsB);
  const [inA, inB] = [new Background(a, stepsA), new Background(b, stepsB)];
  const isSlow = trips.length > 0 || hasSlowParts(a, b, pairs, noise);
  const found: Found[] = [];
  let minor = 0;
  pairs.forEach((pair, place) => {
    const verdict = judge(pair, inA, inB);
    if (verdict === 'minor') minor += 1;
    else if (verdict !== 'same') found.push({ place, difference: difference(verdict, pair) });
    else {
      const by = isSlow ? laterBy(pair, noise) : 0;
      if (by !== 0) found.push({ place, difference: difference(by > 0 ? 'later' : 'earlier', pair) });
    }
  });
  const results = resultDifferences(a, b);
  const differences = found.map((one) => one.difference);
  const [endA, endB] = [endingOf(a), endingOf(b)];
  const drift = slowest(pairs);
  return {
    equal: found.length === 0 && results.length === 0 && !isSlow,
    a: endA,
    b: endB,
    ...firstOf(found[0], pairs, stepsA, stepsB),
    ...chainOf(differences, results, trips, endA, endB, noise),
    faults: { a: faultsApart(a, b), b: faultsApart(b, a) },
    results,
    differences: differences.slice(0, MAX_DIFFERENCES),
    minor,
    same: { steps: sameSteps(pairs, a), names: sameNames(a, b), resources: sameResources(a, b) },
    noise,
    trips,
    ...(drift && { drift }),
  };
}

interface Found {
  /** Among the pairs. */
  readonly place: number;
  readonly difference: Difference;
}

function difference(kind: Difference['kind'], { a, b }: Pair): Difference {
  const { layer, device, event, subject } = (a ?? b) as Happening;
  return {
    ...{ kind, layer, device, event, subject },
    ...(a && { a: moment(a) }),
    ...(b && { b: moment(b) }),
    ...(a && b && { byMs: rounded(b.atMs - a.atMs) }),
  };
}

function moment({ device, atMs, outcome, summary, frames }: Happening): Moment {
  return { device, atMs, outcome, summary, frames };
}

/** To the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** How much later B has it, when that is no noise. */
function laterBy({ a, b }: Pair, noise: Noise): number {
  if (a === undefined || b === undefined || UNTIMED.has(a.event)) return 0;
  // How long the answer takes is none, whenever it was asked.
  if (a.event === 'question ends') return beyondNoise(noise, a.atMs - a.step.atMs, b.atMs - b.step.atMs);
  return beyondNoise(noise, a.atMs, b.atMs);
}

/** A moment's delay that is made up for again is none: the whole of it, or a response, must come at another time. */
function hasSlowParts(a: FetchReport, b: FetchReport, pairs: readonly Pair[], noise: Noise): boolean {
  if (beyondNoise(noise, a.durationMs, b.durationMs) !== 0) return true;
  return pairs.some((pair) => pair.a?.event === 'response' && laterBy(pair, noise) !== 0);
}

/** With the last step before it that both have, and what the other one has in its place. */
function firstOf(
  found: Found | undefined,
  pairs: readonly Pair[],
  stepsA: readonly Happening[],
  stepsB: readonly Happening[],
): Pick<Comparison, 'first' | 'before' | 'instead'> {
  if (found === undefined) return {};
  const { place, difference: first } = found;
  const before = pairs.slice(0, place).findLast((pair) => pair.inOrder);
  const after = (steps: readonly Happening[], step: Happening | undefined) =>
    steps[step === undefined ? 0 : steps.indexOf(step) + 1];
  const next = { 'only-a': () => after(stepsB, before?.b), 'only-b': () => after(stepsA, before?.a) };
  const instead = first.kind === 'only-a' || first.kind === 'only-b' ? next[first.kind]() : undefined;
  return {
    first,
    ...(before?.a && before.b && { before: { a: moment(before.a), b: moment(before.b) } }),
    ...(instead && { instead: moment(instead) }),
  };
}

/** Of A's steps those that B has, and of which the same came. */
function sameSteps(pairs: readonly Pair[], { steps }: FetchReport): Comparison['same']['steps'] {
  const others = pairs.flatMap(({ a, b }) => (a !== undefined && a.outcome !== b?.outcome ? [a.step] : []));
  return { equal: steps.length - new Set(others).size, of: steps.length };
}

function slowest(pairs: readonly Pair[]): Comparison['drift'] {
  let most: Comparison['drift'];
  for (const { a, b, inOrder } of pairs) {
    if (a === undefined || b === undefined || !inOrder || UNTIMED.has(a.event) || a.event === 'question ends') continue;
    const byMs = rounded(b.atMs - a.atMs);
    if (most === undefined || Math.abs(byMs) > Math.abs(most.byMs)) {
      most = { byMs, of: moment(a) };
    }
  }
  return most;
}
