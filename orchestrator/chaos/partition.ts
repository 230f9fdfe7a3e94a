/** Which links a partition cuts. */
import { CliError } from '../errors.js';
import { type Cabling, endText } from './cabling.js';
import type { LinkRequest, PartitionRequest } from './fault.js';

export interface Cut {
  /** `client, laptop | all others` */
  readonly target: string;
  /** A fault each. */
  readonly links: readonly LinkRequest[];
}

/** Throws a CliError: of status 3 for a device that is not there, else of 2: for a pattern that fits none, for one that is in both, and where no link joins them. */
export function cutOf({ left, right, silent }: PartitionRequest, cabling: Cabling): Cut {
  const ours = cabling.group(left);
  const theirs = right === undefined ? others(cabling, ours) : cabling.group(right);
  const both = [...ours].filter((name) => theirs.has(name));
  if (both.length > 0) throw new CliError(2, `on both sides of the partition: ${both.join(', ')}`);
  if (theirs.size === 0) throw new CliError(2, 'all devices are on one side: there is nothing to cut off');
  const cables = cabling.cables.filter(
    (cable) =>
      (ours.has(cable.left.device) && theirs.has(cable.right.device)) ||
      (theirs.has(cable.left.device) && ours.has(cable.right.device)),
  );
  if (cables.length === 0) {
    const hint = 'Leave the second group out to cut the first one off from all others.';
    throw new CliError(2, 'no link joins the two sides directly', right === undefined ? undefined : hint);
  }
  return {
    target: `${left.join(' ')} | ${right?.join(' ') ?? 'all others'}`,
    links: cables.map((cable) => ({
      kind: 'link',
      a: endText(cable.left),
      b: endText(cable.right),
      state: silent ? 'blackhole' : 'down',
    })),
  };
}

function others(cabling: Cabling, ours: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(cabling.names().filter((name) => !ours.has(name)));
}
