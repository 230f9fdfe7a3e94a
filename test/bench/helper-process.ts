/** Processes that a benchmark starts besides a lab's devices: ready at their first line, gone when closed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const WAIT_LIMIT_MS = 10_000;

export interface HelperProcess {
  readonly pid: number;
  readonly firstLine: string;
  /** Ends it, and resolves when it has gone. */
  close(): Promise<void>;
}

/** Started without what a test runner may have put into the environment. Rejects when no line comes. */
export async function startHelper(args: readonly string[]): Promise<HelperProcess> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH } });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    const firstLine = await readLine(child);
    const close = () => {
      child.stdin.end();
      // A device that runs by hand ends on a signal, the helpers when their input does.
      child.kill('SIGTERM');
      return ended;
    };
    return { pid: child.pid ?? 0, firstLine, close };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function readLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a helper process said nothing')), WAIT_LIMIT_MS);
    child.once('close', (status) => reject(new Error(`a helper process ended with status ${status}`)));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
  });
}
