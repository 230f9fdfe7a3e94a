/** From the first difference to the end: what followed, in a few lines. */
import { isTrouble } from '../story/trouble.js';
import { formatDuration } from '../terminal.js';
import type {
  Comparison,
  Consequence,
  Difference,
  Ending,
  Moment,
  Noise,
  ResultDifference,
  Trip,
} from './comparison.js';
import { beyondNoise } from './noise.js';

/** Of each sort. */
const MAX_LOSSES = 3;
const MAX_REACTIONS = 4;
const MAX_CHANGES = 5;
const MAX_ALONE = 3;
const MAX_DELAYS = 4;
const MAX_RESULTS = 4;
const MAX_TRIPS = 2;
/** The noise of a machine that has nothing else to do. */
const QUIET: Noise = { floorMs: 5, share: 0.2 };
/** Times that differ so little are of one delay. */
const SAME_DELAY = 0.2;

export function chainOf(
  differences: readonly Difference[],
  results: readonly ResultDifference[],
  trips: readonly Trip[],
  a: Ending,
  b: Ending,
  noise: Noise,
): Pick<Comparison, 'followed' | 'more'> {
  const [first, ...rest] = differences;
  const lines = [
    ...troubles(rest, first),
    ...changes(rest),
    ...alone(rest, 'only-a'),
    ...alone(rest, 'only-b'),
    ...delays(differences, noise),
  ].sort((x, y) => x.place - y.place);
  const told = lines.reduce((sum, { count }) => sum + count, 0);
  const followed = lines.map(({ consequence }) => consequence);
  return {
    followed: [
      ...followed,
      ...trips.slice(0, MAX_TRIPS).map((trip) => tripLine(trip, b)),
      ...ends(results, a, b, noise, first !== undefined),
    ],
    more: Math.max(0, rest.length - told + Math.max(0, results.length - MAX_RESULTS)),
  };
}

interface Line {
  /** Among the differences. */
  readonly place: number;
  /** Differences that it tells of, besides the first. */
  readonly count: number;
  readonly consequence: Consequence;
}

/** B's where both have it. */
export function momentOf({ a, b }: Difference): Moment {
  return (b ?? a) as Moment;
}

function line(place: number, difference: Difference, text: string, count = 1): Line {
  const { atMs, frames } = momentOf(difference);
  return { place, count, consequence: { kind: difference.kind, text, atMs, frames } };
}

/** Without numbers that say nothing here, where there are some. */
function sentence(difference: Difference): string {
  const { device, event, subject } = difference;
  return `${device} ${event === 'handshake' || event === 'close' ? subject : momentOf(difference).summary}`;
}

/** Frames lost, segments sent again, answers that did not come; what happens again and again, once. */
function troubles(rest: readonly Difference[], first: Difference | undefined): Line[] {
  const groups = new Map<string, { place: number; of: Difference[] }>();
  const key = ({ kind, device, event, subject }: Difference) => [kind, device, event, subject].join('\n');
  rest.forEach((one, place) => {
    if (!isTrouble(one) || isTimed(one)) return;
    const group = groups.get(key(one));
    if (group === undefined) groups.set(key(one), { place, of: [one] });
    else group.of.push(one);
  });
  const isReaction = ({ of: [{ event }] }: { of: readonly Difference[] }) =>
    event === 'retransmission' || event === 'timeout';
  const all = [...groups.values()];
  const told = [
    ...all.filter((group) => !isReaction(group)).slice(0, MAX_LOSSES),
    ...all.filter(isReaction).slice(0, MAX_REACTIONS),
  ];
  return told.map(({ place, of }) => {
    const known = first !== undefined && key(of[0]) === key(first);
    const again = of.length > 1 ? `; ${of.length - 1} more like this` : '';
    return line(place, of[0], `${known ? 'again: ' : ''}${sentence(of[0])}${again}`, of.length);
  });
}

function changes(rest: readonly Difference[]): Line[] {
  const changed = rest.map((one, place) => ({ one, place })).filter(({ one }) => one.kind === 'changed');
  return changed.slice(0, MAX_CHANGES).map(({ one, place }) => {
    return line(place, one, `${sentence(one)}, instead of ${one.a?.outcome || 'nothing'}`);
  });
}

/** What the other one has nothing like. */
function alone(rest: readonly Difference[], kind: 'only-a' | 'only-b'): Line[] {
  const mine = rest.map((one, place) => ({ one, place })).filter(({ one }) => one.kind === kind && !isTrouble(one));
  const told = mine.length > MAX_ALONE + 1 ? mine.slice(0, MAX_ALONE) : mine;
  const lines = told.map(({ one, place }) => line(place, one, sentence(one)));
  const more = mine.slice(told.length);
  if (more.length > 0) {
    const [{ one, place }] = more;
    const name = kind === 'only-a' ? 'A' : 'B';
    lines.push(
      line(place, one, `${more.length} more steps that only ${name} has, the next: ${sentence(one)}`, more.length),
    );
  }
  return lines;
}

function isTimed({ kind }: Difference): boolean {
  return kind === 'later' || kind === 'earlier';
}

/** Steps that are later by about the same time are so for one reason. */
function delays(differences: readonly Difference[], { floorMs }: Noise): Line[] {
  const groups: { byMs: number; place: number; of: Difference[] }[] = [];
  differences.forEach((one, place) => {
    if (!isTimed(one) || one.byMs === undefined) return;
    const { byMs } = one;
    const near = (other: number) => Math.abs(byMs - other) <= Math.max(floorMs, SAME_DELAY * Math.abs(other));
    const group = groups.find((each) => near(each.byMs));
    if (group === undefined) groups.push({ byMs, place: place - 1, of: [one] });
    else group.of.push(one);
  });
  return groups.slice(0, MAX_DELAYS).flatMap(({ byMs, place, of }): Line[] => {
    // The first difference has been told.
    const isFirst = place < 0;
    if (isFirst && of.length === 1) return [];
    const one = of[isFirst ? 1 : 0];
    const others = of.length - (isFirst ? 2 : 1);
    const so = others === 0 ? '' : `, and ${others} more step${others === 1 ? '' : 's'} by about the same`;
    const text = `${apart(byMs)} ${byMs > 0 ? 'later' : 'earlier'}: ${sentence(one)}${so}`;
    return [line(Math.max(0, place), one, text, of.length - (isFirst ? 1 : 0))];
  });
}

/** `12.3 ms`, `1.02 s` */
export function apart(ms: number): string {
  const size = Math.abs(ms);
  if (size < 100) return `${size.toFixed(1)} ms`;
  return size < 10_000 && size >= 999.5 ? `${(size / 1000).toFixed(2)} s` : formatDuration(size);
}

function tripLine({ remote, aMs, bMs }: Trip, { durationMs }: Ending): Consequence {
  const text = `the shortest round trip to ${remote} takes ${apart(bMs)} instead of ${apart(aMs)}`;
  return { kind: bMs > aMs ? 'later' : 'earlier', text, atMs: durationMs, frames: [] };
}

function ends(
  results: readonly ResultDifference[],
  a: Ending,
  b: Ending,
  noise: Noise,
  hasReason: boolean,
): Consequence[] {
  const atMs = b.durationMs;
  const parts = results.slice(0, MAX_RESULTS).map(({ what, a: inA, b: inB }): Consequence => {
    return { kind: 'result', text: `${what}: ${inB} instead of ${inA}`, atMs, frames: [] };
  });
  // What has a reason is worth telling also where the machine is too busy to be sure.
  const isSure = beyondNoise(noise, a.durationMs, b.durationMs) !== 0;
  if (!isSure && (!hasReason || beyondNoise(QUIET, a.durationMs, b.durationMs) === 0)) return parts;
  const doubt = isSure ? '' : '; on a machine as busy as this there may be other reasons, too';
  const end = `the load ends after ${apart(b.durationMs)} instead of ${apart(a.durationMs)}${doubt}`;
  return [...parts, { kind: 'result', text: end, atMs, frames: [] }];
}
