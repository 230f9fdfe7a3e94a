/** Commands that a client runs on the device: their input, output, interruption and end. What waits is bounded. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '../apps/commands/command.js';
import { type ExecOutput, invalidParams, type RpcParams, type RpcPeer, refuse } from '../control.js';

/** With more output than this on its way to the client, a command that prints without bound waits. */
const PAUSE_BACKLOG_BYTES = 1024 * 1024;
/** One that does not wait is ended here: the device must not grow without bound. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;
const DRAIN_POLL_MS = 10;
/** Input that a command has not read yet; with more, the client is not answered until there is room. */
const MAX_INPUT_LENGTH = 1024 * 1024;

class InputQueue implements AsyncIterable<string> {
  private readonly chunks: string[] = [];
  private length = 0;
  private ended = false;
  private waiting: (() => void) | undefined;
  private writers: (() => void)[] = [];

  /** Resolves when there is room for more. null ends the input. */
  async push(chunk: string | null): Promise<void> {
    if (this.ended) return;
    if (chunk === null) this.ended = true;
    else {
      this.chunks.push(chunk);
      this.length += chunk.length;
    }
    this.waiting?.();
    if (!this.ended && this.length > MAX_INPUT_LENGTH) {
      await new Promise<void>((resolve) => this.writers.push(resolve));
    }
  }

  /** Nobody reads any more: who waits for room goes on. */
  close(): void {
    this.ended = true;
    this.chunks.length = 0;
    this.waiting?.();
    this.release();
  }

  private release(): void {
    for (const resolve of this.writers) resolve();
    this.writers = [];
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (;;) {
      const chunk = this.chunks.shift();
      if (chunk !== undefined) {
        this.length -= chunk.length;
        if (this.length <= MAX_INPUT_LENGTH) this.release();
        yield chunk;
      } else if (this.ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.waiting = resolve;
        });
      }
    }
  }
}

interface Running {
  readonly input: InputQueue;
  readonly abort: AbortController;
}

export class ExecSessions {
  private readonly commands: ReadonlyMap<string, Command>;
  private readonly running = new Map<RpcPeer, Map<number, Running>>();

  constructor(commands: ReadonlyMap<string, Command>) {
    this.commands = commands;
  }

  /**
   * Resolves when the command has ended. Refuses unknown commands, naming those that there are, and rejects when the
   * command was ended because the client does not read its output.
   */
  async exec(params: RpcParams, peer: RpcPeer): Promise<{ exitStatus: number }> {
    const { id, argv, columns } = params;
    if (typeof id !== 'number' || !isStrings(argv) || argv.length === 0) {
      throw invalidParams('exec takes a number `id` and a list of words `argv`');
    }
    const [name, ...words] = argv;
    const command = this.commands.get(name);
    if (command === undefined) {
      throw refuse(`${name}: command not found. Commands here: ${[...this.commands.keys()].sort().join(' ')}`);
    }
    if (this.running.get(peer)?.has(id)) throw invalidParams(`the id ${id} is in use`);
    const session: Running = { input: new InputQueue(), abort: new AbortController() };
    this.sessionsOf(peer).set(id, session);
    let overflowed = false;
    const write = (stream: ExecOutput['stream']) => (data: string) => {
      if (!overflowed && peer.backlogBytes > MAX_BACKLOG_BYTES) {
        overflowed = true;
        session.abort.abort();
      }
      if (data !== '' && !overflowed) peer.notify('exec-output', { id, stream, data } satisfies ExecOutput);
    };
    try {
      const exitStatus = await command.run(words, {
        stdout: write('stdout'),
        stderr: write('stderr'),
        drained: async () => {
          while (peer.backlogBytes > PAUSE_BACKLOG_BYTES && !session.abort.signal.aborted) await delay(DRAIN_POLL_MS);
        },
        stdin: session.input,
        signal: session.abort.signal,
        columns: typeof columns === 'number' && columns > 0 ? columns : 80,
      });
      if (overflowed) throw refuse(`${name} was ended: its output is not read`);
      return { exitStatus };
    } finally {
      session.input.close();
      // The client may have left meanwhile, and its sessions with it.
      this.running.get(peer)?.delete(id);
    }
  }

  /** Resolves when there is room for more input: what a client does not wait for is kept all the same. */
  async input(params: RpcParams, peer: RpcPeer): Promise<void> {
    const { id, data } = params;
    if (typeof id !== 'number' || (data !== null && typeof data !== 'string')) return;
    await this.running.get(peer)?.get(id)?.input.push(data);
  }

  interrupt(params: RpcParams, peer: RpcPeer): void {
    if (typeof params.id === 'number') this.running.get(peer)?.get(params.id)?.abort.abort();
  }

  /** Command names that complete a line whose first word is being typed. */
  complete(line: string): string[] {
    if (line.includes(' ')) return [];
    return [...this.commands.keys()].filter((name) => name.startsWith(line)).sort();
  }

  private sessionsOf(peer: RpcPeer): Map<number, Running> {
    let sessions = this.running.get(peer);
    if (sessions === undefined) {
      const made = new Map<number, Running>();
      sessions = made;
      this.running.set(peer, made);
      peer.onClose(() => {
        this.running.delete(peer);
        for (const session of made.values()) {
          session.input.close();
          session.abort.abort();
        }
      });
    }
    return sessions;
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string');
}
