#!/usr/bin/env node
/**
 * The `netarium` command: its verbs, and how every error ends.
 *
 * commands/ has one file a verb: it reads its arguments, has topology/, lab/, capture/ or story/ do the work, and prints
 * by terminal.ts, data on stdout and all else on stderr. What a user can do something about is thrown as a CliError.
 */
import { Command, CommanderError } from 'commander';
import { attachCommand, detachCommand } from './commands/attach.js';
import { browseCommand } from './commands/browse.js';
import { captureCommand } from './commands/capture.js';
import { chaosCommand } from './commands/chaos/chaos.js';
import { cleanCommand } from './commands/clean.js';
import { consoleCommand } from './commands/console.js';
import { diffCommand } from './commands/diff.js';
import { doctorCommand } from './commands/doctor.js';
import { downCommand } from './commands/down.js';
import { execCommand } from './commands/exec.js';
import { exposeCommand } from './commands/expose.js';
import { fetchCommand } from './commands/fetch.js';
import { graphCommand } from './commands/graph.js';
import { helpCommand } from './commands/help.js';
import { inspectCommand } from './commands/inspect.js';
import { logsCommand } from './commands/logs.js';
import { proxyCommand } from './commands/proxy.js';
import { psCommand } from './commands/ps.js';
import { schemaCommand } from './commands/schema.js';
import { testCommand } from './commands/test.js';
import { upCommand } from './commands/up.js';
import { validateCommand } from './commands/validate.js';
import { CliError } from './errors.js';
import { Interrupted } from './interruption.js';
import { packageVersion } from './lab/paths.js';
import { superviseFromParent } from './lab/supervise.js';
import { painter } from './terminal.js';

const USAGE = 2;
const FAILED = 1;

function makeProgram(): Command {
  const program = new Command('netarium')
    .description('A mini-internet of real processes on this machine: no root, no containers.')
    .version(packageVersion())
    .option('--verbose', 'show stack traces of errors')
    .enablePositionalOptions()
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      '\nExamples:\n  netarium up\n  netarium fetch http://www.server.com/\n  netarium exec client traceroute www.server.com\n  netarium down',
    );
  const verbs = [
    upCommand(),
    psCommand(),
    fetchCommand(),
    diffCommand(),
    execCommand(),
    consoleCommand(),
    inspectCommand(),
    captureCommand(),
    browseCommand(),
    proxyCommand(),
    exposeCommand(),
    attachCommand(),
    detachCommand(),
    chaosCommand(),
    logsCommand(),
    testCommand(),
    downCommand(),
    validateCommand(),
    graphCommand(),
    schemaCommand(),
    doctorCommand(),
    cleanCommand(),
    helpCommand(program),
  ];
  for (const verb of verbs) program.addCommand(verb);
  const supervise = new Command('supervise').action(superviseFromParent);
  program.addCommand(supervise, { hidden: true });
  // Usage errors end with status 2; commander would take 1.
  for (const command of withSubcommands(program)) command.exitOverride();
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function reportError(error: unknown, verbose: boolean): number {
  if (error instanceof Interrupted) return error.exitStatus;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  const paint = painter(process.stderr);
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  process.stderr.write(`${paint('red', 'error:')} ${message}\n`);
  if (error instanceof CliError && error.hint !== undefined) process.stderr.write(`${paint('dim', error.hint)}\n`);
  if (verbose && stack !== undefined) process.stderr.write(`${stack}\n`);
  return error instanceof CliError ? error.exitStatus : FAILED;
}

async function main(): Promise<void> {
  const program = makeProgram();
  // `netarium ps | head` closes the pipe early: no news to anybody.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : FAILED));
  try {
    if (process.argv.length <= 2) program.help();
    await program.parseAsync();
  } catch (error) {
    process.exitCode = reportError(error, program.opts().verbose === true);
  }
  // What a command left open (a kept-alive socket) must not hold the shell's prompt back.
  process.stdout.write('', () => process.exit());
}

await main();
