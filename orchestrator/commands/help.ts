import { Command } from 'commander';
import { nearest } from '../../devices/stack/wire/nearest.js';
import { CliError } from '../errors.js';

/** In place of commander's own, which answers a word that is no command with the whole help and without a word on it. */
export function helpCommand(program: Command): Command {
  return new Command('help')
    .description('display help for command')
    .argument('[command]')
    .action((name: string | undefined) => {
      if (name === undefined) program.help();
      // The help of help is the list of what one can ask for.
      const named = name === 'help' ? program : program.commands.find((command) => command.name() === name);
      if (named === undefined) throw noSuchCommand(program, name);
      named.help();
    });
}

function noSuchCommand(program: Command, name: string): CliError {
  const verbs = program.createHelp().visibleCommands(program);
  const near = nearest(
    name,
    verbs.map((verb) => verb.name()),
  );
  const hint = near === undefined ? '`netarium help` lists the commands.' : `Did you mean ${near}?`;
  return new CliError(2, `unknown command '${name}'`, hint);
}
