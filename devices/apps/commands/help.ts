/** `help`: what this device understands. */
import type { Command } from './command.js';
import { CommandFailure, defineCommand } from './define.js';
import { textTable } from './text-table.js';

/** @param commands the device's commands, this one among them once it is there */
export function help(commands: ReadonlyMap<string, Command>): Command {
  return defineCommand({
    name: 'help',
    summary: 'list the commands, or say how one is used',
    usage: 'help [command]',
    async run(argv, io) {
      const [name] = argv;
      if (name === undefined) {
        const rows = [...commands.values()].map((command) => [command.name, command.summary]);
        io.stdout(
          textTable(
            ['Command', 'Does'],
            rows.sort(([a], [b]) => (a < b ? -1 : 1)),
          ),
        );
        return 0;
      }
      const command = commands.get(name);
      if (command === undefined) throw new CommandFailure(`no command '${name}'; 'help' lists those that there are`);
      io.stdout(`Usage: ${command.usage}\n${command.summary}\n`);
      return 0;
    },
  });
}
