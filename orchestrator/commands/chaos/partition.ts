import { Command } from 'commander';
import type { PartitionRequest } from '../../chaos/fault.js';
import { withChaos } from './client.js';
import { showMade } from './show.js';
import { type CommonOptions, commonOf, withCommonOptions } from './values.js';

interface PartitionOptions extends CommonOptions {
  readonly silent?: boolean;
}

const EXAMPLES = `
A group is a name, a pattern with *, or several with commas between them.

Examples:
  netarium chaos partition 'home-*,client' 'isp-*' --for 30s
  netarium chaos partition 'server-*' --silent          cut off from all others`;

export function partitionCommand(): Command {
  const command = new Command('partition')
    .description('cut all links between two groups of devices')
    .argument('<left>', "devices of one group: 'home-*'")
    .argument('[right]', 'those of the other; all others when left out')
    .option('--silent', 'frames vanish, and no carrier is lost');
  return withCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (left: string, right: string | undefined, options: PartitionOptions) => {
      const request: PartitionRequest = {
        kind: 'partition',
        left: groupOf(left),
        ...(right !== undefined && { right: groupOf(right) }),
        ...(options.silent && { silent: true }),
        ...commonOf(options),
      };
      await withChaos(options.lab, async (chaos) => showMade(chaos, await chaos.apply(request), options.json));
    });
}

export function groupOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}
