/** What is in force, and how it ends. */
import { Command } from 'commander';
import type { Fault } from '../../chaos/fault.js';
import { news, painter, print, printJson } from '../../terminal.js';
import { type ChaosClient, withChaos } from './client.js';
import { faultLine, faultTable } from './show.js';

interface ListOptions {
  readonly lab?: string;
  readonly json?: boolean;
}

function withOptions(command: Command): Command {
  return command.option('--lab <lab>', 'which lab, when several are up').option('--json', 'print JSON');
}

export function listCommand(): Command {
  return withOptions(new Command('list'))
    .description('list the faults in force, with what each has done so far')
    .action(async ({ lab, json }: ListOptions) => {
      const faults = await withChaos(lab, (chaos) => chaos.list());
      if (json) printJson(faults);
      else if (faults.length === 0) news('no fault is in force');
      else print(faultTable(faults, painter(process.stdout), process.stdout.columns));
    });
}

export function endCommand(): Command {
  return withOptions(new Command('end'))
    .description('take a fault back, with its parts; or several')
    .argument('<id...>', 'ids, as `netarium chaos list` shows them')
    .action(async (ids: string[], { lab, json }: ListOptions) => {
      const faults = await withChaos(lab, (chaos) => endEach(chaos, ids, json));
      if (json) printJson(ids.length === 1 ? faults[0] : faults);
    });
}

export function clearCommand(): Command {
  return withOptions(new Command('clear'))
    .description('take all faults back, and start every device that is not running; or these faults alone')
    .argument('[id...]', 'only these')
    .action(async (ids: string[], { lab, json }: ListOptions) => {
      const ended = await withChaos(lab, (chaos) => (ids.length === 0 ? chaos.clear() : endEach(chaos, ids, json)));
      if (json) printJson(ended);
      else if (ids.length === 0) showEnded(ended);
    });
}

/** Each is told as it ends: the next one may not be there. */
async function endEach(chaos: ChaosClient, ids: readonly string[], json: boolean | undefined): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const id of new Set(ids)) {
    const fault = await chaos.end(id);
    if (!json) showEnded([fault]);
    faults.push(fault);
  }
  return faults;
}

function showEnded(faults: readonly Fault[]): void {
  const paint = painter(process.stderr);
  if (faults.length === 0) news('no fault was in force');
  for (const { until: _, ...fault } of faults) news(`ended ${faultLine(fault, paint)}`);
}
