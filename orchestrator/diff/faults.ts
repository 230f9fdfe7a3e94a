/** Faults as a reason where no frame shows one: a link that is slower marks none. */
import type { FaultReport, FetchReport } from '../story/report.js';
import type { Comparison } from './comparison.js';

/** Those of one load that the other has nothing like; their ids differ from run to run. Reports of older versions have none. */
export function faultsApart({ faults = [] }: Partial<FetchReport>, other: Partial<FetchReport>): FaultReport[] {
  const known = new Set((other.faults ?? []).map(keyOf));
  return faults.filter((fault) => !known.has(keyOf(fault)));
}

function keyOf({ title, target }: FaultReport): string {
  return `${target}\n${title}`;
}

const MAX_TOLD = 3;

/**
 * `fault-2 (client -- home-switch: delay 50ms) was in force in B only`; nothing where the first difference is what a fault
 * did, which says it better.
 */
export function faultLines({ faults, first }: Comparison): string[] {
  if (first?.event === 'loss' || first?.event === 'fault') return [];
  return (['a', 'b'] as const).flatMap((side) => {
    // Parts of a partition or a monkey's are told with it.
    const whole = faults[side].filter(({ parent }) => !faults[side].some(({ id }) => id === parent));
    const lines = whole.slice(0, MAX_TOLD).map(({ id, target, title }) => {
      const what = [target, title].filter(Boolean).join(': ');
      return `${id} (${what}) was in force in ${side.toUpperCase()} only`;
    });
    const more = whole.length - lines.length;
    return more === 0 ? lines : [...lines, `… and ${more} more fault${more === 1 ? '' : 's'}`];
  });
}
