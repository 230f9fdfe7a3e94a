import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { connectDevice, findLab } from '../lab/state.js';
import { news, painter } from '../terminal.js';
import { type RunningCommand, runOnDevice } from './exec.js';

/** A quoted or bare piece of a word; a quote that is not closed goes to the end of the line. */
const PIECE = /"((?:[^"\\]|\\.)*)(?:"|\\?$)|'([^']*)(?:'|$)|((?:[^\s"'\\]|\\.|\\$)+)/g;

/**
 * Words of a line as a shell splits them (POSIX section 2.2): white space between, quotes and backslash keep it, pieces
 * without white space between them are one word.
 */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*(?:'|$)|[^\s"'\\]|\\.|\\$)+/g)].map(([word]) =>
    word.replace(PIECE, (_piece, double?: string, single?: string, bare?: string) => {
      if (double !== undefined) return double.replace(/\\(["\\$`])/g, '$1');
      return single ?? (bare ?? '').replace(/\\(.)/g, '$1');
    }),
  );
}

export function consoleCommand(): Command {
  return new Command('console')
    .description('a prompt on a device: history, completion, help')
    .argument('<device>', 'the device')
    .option('--lab <lab>', 'which lab, when several are up')
    .action(async (device: string, { lab }: { lab?: string }) => {
      const client = await connectDevice(await findLab(lab), device);
      const paint = painter(process.stdout);
      let running: RunningCommand | undefined;
      const terminal = createInterface({
        input: process.stdin,
        output: process.stdout,
        prompt: `${paint('cyan', device)}${paint('dim', '>')} `,
        completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
          client.call<{ candidates: string[] }>('complete', { line }).then(
            ({ candidates }) => done(null, [candidates, line]),
            () => done(null, [[], line]),
          );
        },
      });
      const ended = new Promise<void>((resolve) => terminal.on('close', resolve));
      client.onClose = () => {
        news(`\n${device} has ended`);
        process.exitCode = 1;
        terminal.close();
      };
      terminal.on('SIGINT', () => {
        if (running !== undefined) running.interrupt();
        else {
          process.stdout.write('^C\n');
          terminal.write(null, { ctrl: true, name: 'u' });
          terminal.prompt();
        }
      });
      let queue = Promise.resolve();
      terminal.on('line', (line) => {
        // While a command runs, what is typed is its input, when it is a person who types.
        if (running !== undefined && process.stdin.isTTY) {
          running.input(`${line}\n`);
          return;
        }
        queue = queue.then(async () => {
          const words = splitWords(line);
          if (words[0] === 'exit' || words[0] === 'quit') {
            terminal.close();
            return;
          }
          if (words.length > 0) {
            running = runOnDevice(client, words, {
              stdout: process.stdout,
              stderr: process.stdout,
              columns: process.stdout.columns ?? 80,
            });
            await running.exitStatus.catch((error: Error) => process.stdout.write(`${error.message}\n`));
            running = undefined;
          }
          terminal.prompt();
        });
      });
      if (process.stdin.isTTY) news(paint('dim', `${device}: \`help\` lists the commands, Ctrl-D leaves`));
      terminal.prompt();
      await ended;
      await queue;
      client.onClose = undefined;
      client.close();
      process.stdout.write('\n');
    });
}
