import { Command } from 'commander';
import { isAlive, isUp, labFolders, readLabState, removeLabDirectory } from '../lab/state.js';
import { news, printJson } from '../terminal.js';

export function cleanCommand(): Command {
  return new Command('clean')
    .description('remove what a crash left behind; labs that run are not touched')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const removed: string[] = [];
      for (const lab of labFolders()) {
        const state = readLabState(lab);
        if ((state !== undefined && isAlive(state.pid)) || (await isUp(lab))) continue;
        removeLabDirectory(lab);
        removed.push(lab);
      }
      if (json) printJson({ removed });
      else news(removed.length === 0 ? 'nothing to clean' : `removed what was left of ${removed.join(', ')}`);
    });
}
