import { Command } from 'commander';
import { nearest } from '../../devices/stack/wire/nearest.js';
import { CliError } from '../errors.js';

/** In place of commander's own, which answers a word that is no command with the whole help and without a word on it. */
export function helpCommand(program: Command): Command {
  return new Command('help')
    .description('display help for command')
    .argument('[command...]')
    .action((names: readonly string[]) => {
      let named = program;
      for (const name of names) {
        const next = named.commands.find((command) => command.name() === name);
        if (next === undefined) throw noSuchCommand(named, name);
        named = next;
      }
      // The help of help is the list of what one can ask for.
      if (named.name() === 'help') program.help();
      named.help();
    });
}

function noSuchCommand(parent: Command, name: string): CliError {
  const verbs = parent.createHelp().visibleCommands(parent);
  const near = nearest(
    name,
    verbs.map((verb) => verb.name()),
  );
  const hint = near === undefined ? '`netarium help` lists the commands.' : `Did you mean ${near}?`;
  return new CliError(2, `unknown command '${name}'`, hint);
}
