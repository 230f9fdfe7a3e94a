import { Command } from 'commander';
import { CliError } from '../errors.js';
import type { FetchReport } from '../story/report.js';
import { painter, print, printJson } from '../terminal.js';

interface DiffOptions {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
}

async function run(fileA: string, fileB: string, options: DiffOptions): Promise<void> {
  // It has a library of its own: loaded where it is wanted.
  const { compareReports, renderComparison, readReport } = await import('../diff/index.js');
  const [a, b] = [await readReport(fileA), await readReport(fileB)];
  if (!options.force) refuseOthers(fileA, a, fileB, b);
  const comparison = compareReports(a, b);
  if (options.json) printJson(comparison);
  else if (!options.quiet) {
    const paint = painter(process.stdout);
    print(renderComparison(comparison, { paint, columns: process.stdout.columns, names: [fileA, fileB] }));
  }
  // As diff(1) has it.
  if (!comparison.equal) process.exitCode = 1;
}

/** Two pages differ in all that they have: nothing of it would be of interest. */
function refuseOthers(fileA: string, a: FetchReport, fileB: string, b: FetchReport): void {
  const hint = '--force compares them all the same.';
  if (a.url !== b.url) {
    throw new CliError(2, `these are not the same fetch: ${fileA} is of ${a.url}, ${fileB} of ${b.url}`, hint);
  }
  if (a.from !== b.from) {
    throw new CliError(2, `these are not the same fetch: ${fileA} is from ${a.from}, ${fileB} from ${b.from}`, hint);
  }
}

const EXAMPLES = `
Examples:
  netarium fetch http://www.server.com/ --clear --json > a.json
  netarium chaos link home-router isp-router --loss 20%
  netarium fetch http://www.server.com/ --clear --json > b.json
  netarium diff a.json b.json

Exit status: 0 no difference that matters, 1 they differ, 2 a file that is no report, or of another fetch.`;

export function diffCommand(): Command {
  return new Command('diff')
    .description('why did it differ? Two reports of the same fetch: the first event that differs, and what followed')
    .argument('<a.json>', 'a report: what `netarium fetch URL --json` printed')
    .argument('<b.json>', 'another one of the same fetch, with a fault perhaps')
    .option('--json', 'print JSON')
    .option('--force', 'compare also reports of different fetches')
    .option('-q, --quiet', 'print nothing: the exit status says it')
    .addHelpText('after', EXAMPLES)
    .action(run);
}
