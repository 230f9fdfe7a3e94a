/**
 * The built command as a user runs it, in a world of its own: a fresh run folder, a clean environment (a test runner's
 * NODE_OPTIONS would slow every process), and at the end no lab, no process and no file of it is left.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { type LiveProcess, liveProcesses } from './processes.js';

/** Relative to the checkout, where tests run. */
const PROGRAM = 'build/netarium.js';
const POLL_MS = 20;
const WAIT_LIMIT_MS = 30_000;

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitStatus: number | undefined;
}

export interface StartOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard output is read as a stream and not kept. */
  readonly streamed?: boolean;
}

export type Running = ResultPromise<{ reject: false }>;

export class Netarium {
  /** Short, since the paths of sockets are limited to some 100 bytes. */
  readonly runDir = mkdtempSync(join(tmpdir(), 'nt-'));
  private readonly environment: Readonly<Record<string, string>> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    NETARIUM_RUN_DIR: this.runDir,
  };
  private readonly labs = new Set<string>();
  private readonly launcher: readonly string[];

  constructor(launcher: readonly string[] = []) {
    this.launcher = launcher;
  }

  /** Runs to its end, whatever the exit status. */
  async run(...argv: string[]): Promise<Ran> {
    const { stdout, stderr, exitCode } = await this.start(...argv);
    return { stdout: String(stdout), stderr: String(stderr), exitStatus: exitCode };
  }

  /** Starts it and leaves it running. A signal or a bad status rejects nothing. */
  start(...argv: string[]): Running {
    return this.startWith({}, ...argv);
  }

  /** The same, with something to read on standard input, or variables added to the environment. */
  startWith(options: StartOptions, ...argv: string[]): Running {
    const [file, ...rest] = [...this.launcher, process.execPath, PROGRAM, ...argv];
    return execa(file, rest, {
      env: { ...this.environment, ...options.environment },
      extendEnv: false,
      input: options.input ?? '',
      reject: false,
      buffer: { stdout: !options.streamed },
      maxBuffer: Number.POSITIVE_INFINITY,
    });
  }

  /** Standard output as JSON; throws what went to standard error when it is none. */
  async json<T>(...argv: string[]): Promise<T> {
    const { stdout, stderr } = await this.run(...argv, '--json');
    try {
      return JSON.parse(stdout) as T;
    } catch {
      throw new Error(`netarium ${argv.join(' ')} printed no JSON\n${stdout}\n${stderr}`);
    }
  }

  /** A name that no other test run on this machine has: the title of the lab's processes contains it. */
  labName(purpose: string): string {
    const name = `${purpose}-${process.pid}`;
    this.labs.add(name);
    return name;
  }

  /** Launches a lab and returns its name. Throws what was printed when it does not come up. */
  async up(purpose: string, ...argv: string[]): Promise<string> {
    const name = this.labName(purpose);
    const { exitStatus, stderr } = await this.run('up', '--name', name, ...argv);
    if (exitStatus !== 0) throw new Error(stderr);
    return name;
  }

  /** What runs on account of this world's labs: commands, supervisors, devices. */
  processes(): LiveProcess[] {
    const titles = [...this.labs].map((lab) => `netarium:${lab}`);
    return liveProcesses().filter(
      ({ title, environment }) =>
        title.includes(this.runDir) ||
        environment.includes(`NETARIUM_RUN_DIR=${this.runDir}`) ||
        titles.some((start) => title === start || title.startsWith(`${start}:`)),
    );
  }

  /** Every file in the run folder, relative to it. */
  files(): string[] {
    return existsSync(this.runDir) ? (readdirSync(this.runDir, { recursive: true }) as string[]).sort() : [];
  }

  /** Ends all labs in an orderly way, then by force what is left. */
  async end(): Promise<void> {
    if (this.files().length > 0) await this.run('down', '--all');
    this.sweep();
  }

  /** By process number, and without waiting: also when a test file ends by an exception. */
  readonly sweep = (): void => {
    process.removeListener('exit', this.sweep);
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended meanwhile.
      }
    }
    rmSync(this.runDir, { recursive: true, force: true, maxRetries: 20 });
  };
}

/** Waits until `condition` gives a value other than undefined and false. Throws, naming `what`, when it never does. */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = WAIT_LIMIT_MS,
): Promise<T> {
  const limit = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > limit) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
