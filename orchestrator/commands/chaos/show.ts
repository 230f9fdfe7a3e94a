/** Faults, for people. */
import type { ListedFault } from '../../chaos/chaos-methods.js';
import type { Fault } from '../../chaos/fault.js';
import { type FittedColumn, fittedTable } from '../../fitted-table.js';
import { formatDuration, news, type Paint, painter, print, printJson, visible } from '../../terminal.js';
import type { ChaosClient } from './client.js';

/** `fault-3  client:eth0 -- sw:1: loss 20%, for 10 s`; of what is no fault, what was done: `sw: started; ended fault-3`. */
export function faultLine(fault: Fault, paint: Paint): string {
  const { id, target, title, since, until, ended = [] } = visible(fault);
  const over = ended.length === 0 ? '' : paint('dim', `; ended ${ended.join(', ')}`);
  const time = until === undefined ? '' : paint('dim', `, for ${formatDuration(until - since)}`);
  return `${id === '' ? '' : `${paint('bold', id)}  `}${target}: ${title}${time}${over}`;
}

/** What an `apply` has made: the fault, then its parts. */
export async function showMade(chaos: ChaosClient, fault: Fault, json: boolean | undefined): Promise<void> {
  const faults = fault.id === '' ? [] : await chaos.list();
  const parts = faults.filter(({ parent }) => parent === fault.id);
  const made = { ...fault, ...faults.find(({ id }) => id === fault.id) };
  if (json) {
    printJson(parts.length === 0 ? made : { ...made, parts });
    return;
  }
  const paint = painter(process.stdout);
  print(faultLine(made, paint));
  for (const part of parts) print(`  ${faultLine(part, paint)}`);
  const pending = new Set([made, ...parts].flatMap((one) => one.pending ?? []));
  if (pending.size === 0) return;
  news(painter(process.stderr)('yellow', `not yet in force everywhere: ${[...pending].join(', ')}`));
}

const COLUMNS: readonly FittedColumn<ListedFault>[] = [
  { title: 'ID', value: ({ id, parent }) => (parent === undefined ? id : `  ${id}`) },
  { title: 'TARGET', yieldsTo: 18, value: ({ target }) => target },
  { title: 'FAULT', yieldsTo: 16, value: ({ title }) => title },
  { title: 'SINCE', spare: 2, align: 'right', value: ({ since }) => formatDuration(Date.now() - since) },
  { title: 'LEFT', align: 'right', value: ({ leftMs }) => (leftMs === undefined ? '' : formatDuration(leftMs)) },
  { title: 'MATCHED', spare: 1, align: 'right', value: ({ matched }) => matched ?? '' },
  { title: 'HIT', align: 'right', value: ({ hit, exhausted }) => (exhausted ? `${hit} (all)` : (hit ?? '')) },
];

export function faultTable(listed: readonly ListedFault[], paint: Paint, columns: number | undefined): string {
  const faults = visible(listed);
  const lines = [fittedTable(inFamilies(faults), COLUMNS, paint, columns)];
  for (const { id, pending = [] } of faults) {
    if (pending.length > 0) lines.push(paint('yellow', `${id} is not in force everywhere: ${pending.join(', ')}`));
  }
  return lines.join('\n');
}

/** Parts below what they are part of. */
function inFamilies(faults: readonly ListedFault[]): ListedFault[] {
  return faults
    .filter(({ parent }) => parent === undefined)
    .flatMap((whole) => [whole, ...faults.filter(({ parent }) => parent === whole.id)]);
}
