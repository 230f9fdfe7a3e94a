/** What is in force, and how it ends. */
import { Command } from 'commander';
import type { Fault } from '../../chaos/fault.js';
import { news, painter, print, printJson } from '../../terminal.js';
import { withChaos } from './client.js';
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
    .description('take a fault back, with its parts')
    .argument('<id>', 'its id, as `netarium chaos list` shows it')
    .action(async (id: string, { lab, json }: ListOptions) => {
      const fault = await withChaos(lab, (chaos) => chaos.end(id));
      if (json) printJson(fault);
      else showEnded([fault]);
    });
}

export function clearCommand(): Command {
  return withOptions(new Command('clear'))
    .description('take all faults back, and start every device that is not running; or these faults alone')
    .argument('[id...]', 'only these')
    .action(async (ids: string[], { lab, json }: ListOptions) => {
      const ended = await withChaos(lab, async (chaos) => {
        if (ids.length === 0) return chaos.clear();
        const faults: Fault[] = [];
        for (const id of new Set(ids)) faults.push(await chaos.end(id));
        return faults;
      });
      if (json) printJson(ended);
      else showEnded(ended);
    });
}

function showEnded(faults: readonly Fault[]): void {
  const paint = painter(process.stderr);
  if (faults.length === 0) news('no fault was in force');
  for (const { until: _, ...fault } of faults) news(`ended ${faultLine(fault, paint)}`);
}
