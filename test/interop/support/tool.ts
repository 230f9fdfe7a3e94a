/** Programs that are not ours, run with a plain environment: a test runner's NODE_OPTIONS would reach Node among them. */
import { execa, type ResultPromise } from 'execa';
import { TOOL_PATH } from './needs.js';

export interface ToolRun {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when a signal has ended it. */
  readonly exitStatus: number | undefined;
}

export type RunningTool = ResultPromise<{ reject: false; stripFinalNewline: false }>;

export interface ToolOptions {
  /** On standard input. Without it there is none. */
  readonly input?: string | Uint8Array;
  /** A standard input that stays open, to be written to. */
  readonly openInput?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Leaves it running. A signal or a bad status rejects nothing; a program that is not there has status undefined. */
export function startTool(argv: readonly string[], options: ToolOptions = {}): RunningTool {
  const [file, ...rest] = argv;
  const { input, openInput = false, environment } = options;
  return execa(file, rest, {
    env: { PATH: TOOL_PATH, HOME: '/nonexistent', LC_ALL: 'C.UTF-8', ...environment },
    extendEnv: false,
    ...(input !== undefined ? { input } : { stdin: openInput ? ('pipe' as const) : ('ignore' as const) }),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: Number.POSITIVE_INFINITY,
  });
}

/** Runs it to its end. */
export async function runTool(argv: readonly string[], options?: ToolOptions): Promise<ToolRun> {
  const { stdout, stderr, exitCode } = await startTool(argv, options);
  return { stdout: String(stdout), stderr: String(stderr), exitStatus: exitCode };
}
