import { Command } from 'commander';
import { CliError } from '../errors.js';
import { interruption } from '../interruption.js';
import { describeNews } from '../lab/device-news.js';
import type { LabPlan } from '../lab/lab.js';
import { prepareLab } from '../lab/prepare.js';
import { withProgress } from '../lab/progress.js';
import { removeLabDirectory, seemsUp } from '../lab/state.js';
import { holdLab, launchDetached } from '../lab/supervise.js';
import { news, painter } from '../terminal.js';

interface UpOptions {
  readonly name?: string;
  readonly topo?: string;
  readonly foreground?: boolean;
  readonly quiet?: boolean;
}

export function upCommand(): Command {
  return new Command('up')
    .description('launch a topology; returns when every device is ready, and the lab stays up')
    .argument('[file]', 'the topology; the shipped mini-internet when left out')
    .option('--name <lab>', "the lab's name; the topology's own when left out")
    .option('--topo <generator>', 'instead of a file: linear,N  star,N  tree,DEPTH,FANOUT  ring,N')
    .option('--foreground', 'hold the lab in this process, until Ctrl-C')
    .option('-q, --quiet', 'print nothing but errors')
    .action(async (file: string | undefined, { name, topo, foreground, quiet = false }: UpOptions) => {
      if (file !== undefined && topo !== undefined) throw new CliError(2, 'give a file or --topo, not both');
      const plan = await prepareLab({ file, generator: topo, name });
      if (foreground) await runInForeground(plan, quiet);
      else await runDetached(plan, quiet);
    });
}

function title(plan: LabPlan): string {
  return `lab ${plan.name}, ${plan.configs.length} devices`;
}

async function runDetached(plan: LabPlan, quiet: boolean): Promise<void> {
  try {
    await withProgress(title(plan), quiet, (report) => launchDetached(plan, report, interruption()));
  } catch (error) {
    removeLabDirectory(plan.name);
    throw error;
  }
  if (quiet) return;
  const paint = painter(process.stderr);
  const host = plan.defaultHost ?? 'DEVICE';
  // Beside another lab, commands must be told which one is meant.
  const lab = seemsUp().some((name) => name !== plan.name) ? ` --lab ${plan.name}` : '';
  news(
    paint(
      'dim',
      `try: netarium ps${lab}, netarium exec${lab} ${host} help, netarium fetch${lab} URL; end it with: netarium down ${plan.name}`,
    ),
  );
}

async function runInForeground(plan: LabPlan, quiet: boolean): Promise<void> {
  const signal = interruption();
  const held = await withProgress(title(plan), quiet, (report) => holdLab(plan, report, signal));
  held.lab.listen((happened) => news(describeNews(happened)));
  signal.addEventListener('abort', () => void held.stop());
  if (!quiet) news('the lab is up; Ctrl-C ends it');
  await held.down;
}
