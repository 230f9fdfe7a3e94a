/**
 * Wakes what is paused when the supervisor dies. A device ends when its standard input closes, but one that is stopped
 * cannot notice; and the system wakes stopped processes of a dead parent only when they are a process group of their own
 * in its session (POSIX, _exit: newly orphaned process groups), which Node cannot make them. So while something is paused
 * a shell reads which processes that are; at the end of its input, which is ours, it wakes them.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Each line lists all that are paused. Ctrl-C in a terminal reaches the whole group, and must not end the shell before the
 * supervisor. A SIGCONT to a process that goes on, or that took the number of one that is gone, does nothing.
 */
const SCRIPT = `trap '' HUP INT TERM
pids=
while read -r line; do pids=$line; done
for pid in $pids; do kill -CONT "$pid" 2>/dev/null; done`;

export class PauseGuard {
  private readonly folder: string;
  private readonly pids = new Set<number>();
  private shell: ChildProcess | undefined;

  /** `folder` is the lab's: it tells in a list of processes whose shell it is. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Resolves when the process will be woken, whatever happens. To be called before it is stopped. */
  async add(pid: number): Promise<void> {
    this.pids.add(pid);
    await this.tell();
  }

  /** It goes on, or is gone. */
  async remove(pid: number): Promise<void> {
    if (!this.pids.delete(pid)) return;
    await this.tell();
    if (this.pids.size > 0) return;
    this.shell?.stdin?.end();
    this.shell = undefined;
  }

  /** Once written, a line is in the pipe: the shell reads it though we die. */
  private tell(): Promise<void> {
    this.shell ??= this.open();
    const { stdin } = this.shell;
    return new Promise((resolve) => {
      if (stdin === null) resolve();
      else stdin.write(`${[...this.pids].join(' ')}\n`, () => resolve());
    });
  }

  private open(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, this.folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH },
    });
    const gone = () => {
      if (this.shell === shell) this.shell = undefined;
    };
    shell.on('error', gone).on('exit', gone);
    // Writing to a shell that somebody has killed must not end the supervisor.
    shell.stdin?.on('error', () => {});
    return shell;
  }
}
