/** Commands that a client runs on the device: their input, output, interruption and end. */
import type { Command } from '../apps/commands/command.js';
import { type ExecOutput, invalidParams, type RpcParams, type RpcPeer, refuse } from '../control.js';

class InputQueue implements AsyncIterable<string> {
  private readonly chunks: string[] = [];
  private ended = false;
  private waiting: (() => void) | undefined;

  push(chunk: string | null): void {
    if (chunk === null) this.ended = true;
    else this.chunks.push(chunk);
    this.waiting?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (;;) {
      const chunk = this.chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.ended) return;
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

  /** Resolves when the command has ended. Refuses unknown commands, naming those that there are. */
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
    const write = (stream: ExecOutput['stream']) => (data: string) => {
      if (data !== '') peer.notify('exec-output', { id, stream, data } satisfies ExecOutput);
    };
    try {
      const exitStatus = await command.run(words, {
        stdout: write('stdout'),
        stderr: write('stderr'),
        stdin: session.input,
        signal: session.abort.signal,
        columns: typeof columns === 'number' && columns > 0 ? columns : 80,
      });
      return { exitStatus };
    } finally {
      // The client may have left meanwhile, and its sessions with it.
      this.running.get(peer)?.delete(id);
    }
  }

  input(params: RpcParams, peer: RpcPeer): void {
    const { id, data } = params;
    if (typeof id !== 'number' || (data !== null && typeof data !== 'string')) return;
    this.running.get(peer)?.get(id)?.input.push(data);
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
          session.input.push(null);
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
