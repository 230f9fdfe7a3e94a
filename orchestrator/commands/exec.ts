import type { Writable } from 'node:stream';
import { Command } from 'commander';
import type { ExecOutput } from '../../devices/control.js';
import { asCliError, CliError } from '../errors.js';
import { connectDevice, unlessPaused } from '../lab/reach-device.js';
import type { RpcClient } from '../lab/rpc-client.js';
import { findLab } from '../lab/state.js';

const INTERRUPTED = 130;
let sessions = 0;

/** Where a command's output goes. A stream that is full holds the device back. */
export interface ExecStreams {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Width of the terminal in characters. */
  readonly columns: number;
}

/** A command that runs on a device: its end, and the ways to reach it meanwhile. */
export interface RunningCommand {
  readonly exitStatus: Promise<number>;
  /** Resolves when there is room for more, or the device has gone, which `exitStatus` tells. null ends the input. */
  input(data: string | null): Promise<void>;
  interrupt(): void;
}

/** One at a time on a connection. `exitStatus` rejects when there is no such command, or the device has ended. */
export function runOnDevice(client: RpcClient, argv: readonly string[], streams: ExecStreams): RunningCommand {
  const id = ++sessions;
  client.notifications.set('exec-output', (output: ExecOutput) => {
    if (output.id !== id) return;
    const stream = streams[output.stream];
    if (stream.write(output.data)) return;
    client.pause();
    stream.once('drain', () => client.resume());
  });
  return {
    exitStatus: client
      .call<{ exitStatus: number }>('exec', { id, argv, columns: streams.columns })
      .then(({ exitStatus }) => exitStatus),
    input: (data) => client.call<void>('exec-input', { id, data }).catch(() => {}),
    interrupt: () => client.notify('exec-interrupt', { id }),
  };
}

export function execCommand(): Command {
  return new Command('exec')
    .description("run a command on a device, with that command's exit status")
    .argument('<device>', 'the device')
    .argument('<command...>', 'the command and its arguments; `help` lists the commands')
    .option('--lab <lab>', 'which lab, when several are up')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  netarium exec client ping -c 3 www.server.com\n  netarium exec client -- netstat -napt',
    )
    .action(async (device: string, words: string[], { lab }: { lab?: string }) => {
      // Passing options through, commander passes the `--` in front of the command too.
      const argv = words[0] === '--' ? words.slice(1) : words;
      if (argv.length === 0) throw new CliError(2, 'which command?', `\`netarium exec ${device} help\` lists them.`);
      const state = await findLab(lab);
      const client = await connectDevice(state, device);
      const running = runOnDevice(client, argv, {
        stdout: process.stdout,
        stderr: process.stderr,
        columns: process.stdout.columns ?? 80,
      });
      let interrupted = false;
      process.on('SIGINT', () => {
        if (interrupted) process.exit(INTERRUPTED);
        interrupted = true;
        running.interrupt();
      });
      process.stdin.setEncoding('utf8').on('data', (text: string) => {
        process.stdin.pause();
        running.input(text).then(() => process.stdin.resume());
      });
      process.stdin.on('end', () => running.input(null));
      try {
        process.exitCode = await unlessPaused(state, device, running.exitStatus);
      } catch (error) {
        throw asCliError(error);
      } finally {
        process.stdin.destroy();
        client.close();
      }
    });
}
