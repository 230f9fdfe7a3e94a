import { createInterface, type Interface } from 'node:readline';
import { Command } from 'commander';
import { connectDevice, explainFailure, unlessPaused } from '../lab/reach-device.js';
import type { RpcClient } from '../lab/rpc-client.js';
import { findLab, type LabState } from '../lab/state.js';
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
      const state = await findLab(lab);
      const client = await connectDevice(state, device);
      await new Console(client, state, device).run();
    });
}

/** A device that is paused completes nothing. */
const COMPLETE_LIMIT_MS = 1000;

/** One dialogue with a device, on this process's terminal. */
class Console {
  private readonly client: RpcClient;
  private readonly state: LabState;
  private readonly device: string;
  private terminal: Interface;
  private running: RunningCommand | undefined;
  private left = false;
  private queue = Promise.resolve();
  private leave: () => void = () => {};

  constructor(client: RpcClient, state: LabState, device: string) {
    this.client = client;
    this.state = state;
    this.device = device;
    this.terminal = this.open();
  }

  private open(): Interface {
    const { client, device } = this;
    const paint = painter(process.stdout);
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: `${paint('cyan', device)}${paint('dim', '>')} `,
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        client.call<{ candidates: string[] }>('complete', { line }, COMPLETE_LIMIT_MS).then(
          // A word that is complete gets its blank, as in a shell.
          ({ candidates }) =>
            done(null, [candidates.map((word) => (candidates.length === 1 ? `${word} ` : word)), line]),
          () => done(null, [[], line]),
        );
      },
    });
    terminal.on('close', () => this.closed());
    terminal.on('SIGINT', () => this.interrupt());
    terminal.on('line', (line) => this.typed(line));
    return terminal;
  }

  /** Ctrl-D, or the end of a file of commands. While a command runs, a person's Ctrl-D is the end of its input alone. */
  private closed(): void {
    if (this.running !== undefined && process.stdin.isTTY && !this.left) {
      void this.running.input(null);
      this.terminal = this.open();
      return;
    }
    this.left = true;
    this.leave();
  }

  /** While a command runs, what is typed is its input, when it is a person who types. */
  private typed(line: string): void {
    if (this.running !== undefined && process.stdin.isTTY) void this.running.input(`${line}\n`);
    // One after the other, however fast a file of commands comes in.
    else this.queue = this.queue.then(() => this.obey(splitWords(line)));
  }

  /** Until the user leaves, the input ends, or the device does. */
  async run(): Promise<void> {
    const { client, device } = this;
    const ended = new Promise<void>((resolve) => {
      this.leave = resolve;
      if (this.left) resolve();
    });
    client.onClose = async () => {
      this.left = true;
      process.exitCode = 1;
      const gone = Object.assign(new Error(`${device} has ended`), { code: 'ECONNRESET' });
      news(`\n${(await explainFailure(this.state, device, gone)).message}`);
      this.terminal.close();
    };
    if (process.stdin.isTTY) {
      news(painter(process.stdout)('dim', `${device}: \`help\` lists the commands, Ctrl-D leaves`));
    }
    this.terminal.prompt();
    await ended;
    await this.queue;
    client.onClose = undefined;
    client.close();
    process.stdout.write('\n');
  }

  /** Ctrl-C: ends the command that runs, else throws away what was typed. */
  private interrupt(): void {
    if (this.running !== undefined) {
      this.running.interrupt();
      return;
    }
    process.stdout.write('^C\n');
    this.terminal.write(null, { ctrl: true, name: 'u' });
    this.terminal.prompt();
  }

  private async obey(words: readonly string[]): Promise<void> {
    if (words[0] === 'exit' || words[0] === 'quit') {
      this.left = true;
      this.terminal.close();
      return;
    }
    if (words.length > 0) {
      const { stdout } = process;
      this.running = runOnDevice(this.client, words, { stdout, stderr: stdout, columns: stdout.columns ?? 80 });
      const ended = unlessPaused(this.state, this.device, this.running.exitStatus);
      // When the device has ended, that is told once.
      await ended.catch((error: Error) => this.left || stdout.write(`${error.message}\n`));
      this.running = undefined;
    }
    // The end of a file of commands may be read before the last one has ended.
    if (!this.left) this.terminal.prompt();
  }
}
