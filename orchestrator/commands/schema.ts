import { Command } from 'commander';
import { scenarioJsonSchema } from '../scenario/schema.js';
import { printJson } from '../terminal.js';
import { topologyJsonSchema } from '../topology/index.js';

export function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of topology files, or of scenarios, for editors')
    .option('--scenario', 'of scenario files')
    .option('--json', 'as it is anyway')
    .action(({ scenario }: { scenario?: boolean }) =>
      printJson(scenario ? scenarioJsonSchema() : topologyJsonSchema()),
    );
}
