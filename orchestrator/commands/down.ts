import { Command } from 'commander';
import { CliError } from '../errors.js';
import { connectLab, findLab, runningLabs } from '../lab/state.js';
import { news } from '../terminal.js';

async function endLab(lab: string): Promise<void> {
  const client = await connectLab(lab);
  if (client === undefined) throw new CliError(3, `no lab ${lab} is up`);
  // The supervisor closes the connection when it has ended its devices' programs and is about to go.
  const closed = new Promise<void>((resolve) => {
    client.onClose = resolve;
  });
  await client.call('lab-down');
  await closed;
}

export function downCommand(): Command {
  return new Command('down')
    .description('end a lab, or all')
    .argument('[lab]', 'its name; not needed while only one is up')
    .option('--all', 'end every lab of yours')
    .option('-q, --quiet', 'print nothing')
    .action(async (name: string | undefined, { all, quiet }: { all?: boolean; quiet?: boolean }) => {
      const labs = all ? await runningLabs() : [(await findLab(name)).name];
      await Promise.all(labs.map(endLab));
      if (quiet) return;
      news(labs.length === 0 ? 'no lab is up' : `ended ${labs.join(', ')}`);
    });
}
