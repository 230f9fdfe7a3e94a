/** What all commands do alike: `--help`, wrong arguments, failures that are told in one line. */
import type { Command, CommandIo } from './command.js';
import { USAGE_STATUS } from './command.js';

/** Thrown by a command's own code for wrong arguments: the message, then the usage, go to stderr. */
export class UsageError extends Error {}

/** Thrown by a command's own code when it cannot do what it was asked: `name: message` on stderr. */
export class CommandFailure extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** A command whose `run` may throw {@link UsageError} and {@link CommandFailure}. */
export function defineCommand(command: Command): Command {
  const { name, summary, usage } = command;
  return {
    name,
    summary,
    usage,
    async run(argv: readonly string[], io: CommandIo): Promise<number> {
      if (argv.includes('--help')) {
        io.stdout(`Usage: ${usage}\n${summary}\n`);
        return 0;
      }
      try {
        return await command.run(argv, io);
      } catch (error) {
        if (error instanceof UsageError) {
          io.stderr(`${name}: ${error.message}\nUsage: ${usage}\n`);
          return USAGE_STATUS;
        }
        if (!(error instanceof CommandFailure)) throw error;
        io.stderr(`${name}: ${error.message}\n`);
        return error.status;
      }
    },
  };
}
