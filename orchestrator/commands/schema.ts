import { Command } from 'commander';
import { printJson } from '../terminal.js';
import { topologyJsonSchema } from '../topology/index.js';

export function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of topology files, for editors')
    .option('--json', 'as it is anyway')
    .action(() => printJson(topologyJsonSchema()));
}
