/** Happenings of two reports, paired by what they are about: never by their place, time or numbers. */
import { diffArrays } from 'diff';
import { isTrouble } from '../story/trouble.js';
import type { Happening } from './happenings.js';

/** What both have, or one of them. */
export interface Pair {
  readonly a?: Happening;
  readonly b?: Happening;
  /** It has its place in the order that both share; other pairs happened in another order. */
  readonly inOrder: boolean;
  /** Where in the order of both together: what lies between two steps that both have is of one region. */
  readonly region: number;
}

/** Reports that have less in common than this are paired by what their steps are about alone. */
const MAX_EDITS = 4000;

function keyOf({ layer, device, event, subject }: Happening): string {
  return [layer, device, event, subject].join('\n');
}

/**
 * In the order of both together. A longest common subsequence keeps the order that they share; what is left and is about the
 * same is then paired too, since what a browser does side by side comes in any order.
 */
export function align(a: readonly Happening[], b: readonly Happening[]): Pair[] {
  // Of several subsequences of one length the same must be found both ways.
  if (isBefore(b, a))
    return align(b, a)
      .map(({ a: first, b: second, ...rest }) => ({ a: second, b: first, ...rest }))
      .sort(inPlace);
  const pairs: Pair[] = [];
  const onlyA: Placed[] = [];
  const onlyB: Placed[] = [];
  let [atA, atB, region] = [0, 0, 0];
  for (const { added, removed, count } of commonOrder(a, b)) {
    for (let i = 0; i < count; i++) {
      if (removed) onlyA.push({ step: a[atA++], region });
      else if (added) onlyB.push({ step: b[atB++], region });
      else pairs.push({ a: a[atA++], b: b[atB++], inOrder: true, region: region + 1 + 2 * i });
    }
    if (!added && !removed) region += 2 * count;
  }
  return [...pairs, ...pairUp(onlyA, onlyB)].sort(inPlace);
}

interface Placed {
  readonly step: Happening;
  readonly region: number;
}

function commonOrder(a: readonly Happening[], b: readonly Happening[]) {
  const parts = diffArrays(a.map(keyOf), b.map(keyOf), { maxEditLength: MAX_EDITS });
  return (
    parts ?? [
      { removed: true, added: false, count: a.length },
      { removed: false, added: true, count: b.length },
    ]
  );
}

function pairUp(onlyA: readonly Placed[], onlyB: readonly Placed[]): Pair[] {
  const waiting = new Map<string, Placed[]>();
  for (const placed of onlyB) {
    const key = keyOf(placed.step);
    const same = waiting.get(key);
    if (same === undefined) waiting.set(key, [placed]);
    else same.push(placed);
  }
  const pairs = onlyA.map(({ step, region }): Pair => {
    const other = waiting.get(keyOf(step))?.shift();
    if (other === undefined) return { a: step, inOrder: false, region };
    return { a: step, b: other.step, inOrder: false, region: Math.max(region, other.region) };
  });
  const rest = [...waiting.values()].flat();
  return [...pairs, ...rest.map(({ step, region }): Pair => ({ b: step, inOrder: false, region }))];
}

/** Within a region: what goes wrong before what follows from it, then as either has it. */
function inPlace(x: Pair, y: Pair): number {
  return (
    x.region - y.region ||
    rank(x) - rank(y) ||
    lastAt(x) - lastAt(y) ||
    Number(isLoss(y)) - Number(isLoss(x)) ||
    compareText(textOf(x), textOf(y))
  );
}

function rank({ a, b }: Pair): number {
  return [a, b].some((step) => step !== undefined && isTrouble(step)) ? 0 : 1;
}

/** Chaos takes a packet and answers it at one instant. */
function isLoss({ a, b }: Pair): boolean {
  return (a ?? b)?.event === 'loss';
}

function lastAt({ a, b }: Pair): number {
  return Math.max(a?.atMs ?? 0, b?.atMs ?? 0);
}

function textOf({ a, b }: Pair): string {
  return [a, b]
    .map((step) => (step === undefined ? '' : `${keyOf(step)}${step.summary}`))
    .sort()
    .join();
}

function compareText(x: string, y: string): number {
  return x < y ? -1 : Number(x > y);
}

function isBefore(x: readonly Happening[], y: readonly Happening[]): boolean {
  if (x.length !== y.length) return x.length < y.length;
  const text = (steps: readonly Happening[]) =>
    steps.map((step) => `${step.atMs} ${keyOf(step)} ${step.outcome}`).join();
  return text(x) < text(y);
}
