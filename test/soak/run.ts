/**
 * `make soak`: ten thousand random worlds and millions of damaged frames, on all cores, with progress. Every failure is
 * printed with the command that repeats it. Virtual time: what failed once fails again.
 *
 *     node build/js/test/soak/run.js                       everything
 *     node build/js/test/soak/run.js worlds 20000          so many worlds, from seed 0 on
 *     node build/js/test/soak/run.js worlds 5000 10000     so many worlds, from seed 10000 on
 *     node build/js/test/soak/run.js world 4711            one world, with what it was and what came of it
 *     node build/js/test/soak/run.js frames 1000000        so many damaged frames for each kind of device
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FRAME_TARGETS, pelt } from '../fuzz/pelting.js';
import { planWorld } from './plan.js';
import { runWorld } from './world.js';

const WORLDS = 10_000;
const FRAMES = 1_000_000;
/** Worlds a message: progress often enough, messages not too often. */
const BATCH = 50;
const PROGRESS_MS = 5_000;
const SELF = fileURLToPath(import.meta.url);
/** As people type it. */
const COMMAND = `node ${relative('', SELF)}`;

/** One piece of work for a process of its own. */
type Task = { readonly kind: 'worlds'; readonly from: number; readonly to: number } | FramesTask;
interface FramesTask {
  readonly kind: 'frames';
  readonly target: string;
  readonly frames: number;
}

interface Report {
  readonly worlds: number;
  readonly frames: number;
  readonly bytes: number;
  readonly connections: number;
  readonly failures: readonly string[];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function perform(task: Task): Promise<Report> {
  const failures: string[] = [];
  let bytes = 0;
  let connections = 0;
  if (task.kind === 'frames') {
    try {
      await pelt(task.target, task.frames);
    } catch (error) {
      failures.push(`${reason(error)}\n  repeat: ${COMMAND} frames ${task.frames} ${task.target}`);
    }
    return { worlds: 0, frames: task.frames, bytes, connections, failures };
  }
  for (let seed = task.from; seed < task.to; seed++) {
    try {
      const summary = runWorld(String(seed));
      bytes += summary.bytes;
      connections += summary.complete;
    } catch (error) {
      failures.push(`world ${seed}: ${reason(error)}\n  repeat: ${COMMAND} world ${seed}`);
    }
  }
  return { worlds: task.to - task.from, frames: 0, bytes, connections, failures };
}

function reason(error: unknown): string {
  const { message, stack = '' } = error as Error;
  return `${message}\n${stack.split('\n').slice(1, 4).join('\n')}`;
}

/** A process that asks for one task after the other. */
function worker(next: () => Task | undefined, done: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(SELF, ['worker']);
    let current: Task | undefined;
    const give = () => {
      current = next();
      if (current === undefined) child.disconnect();
      else child.send(current);
    };
    child.on('message', (report: Report) => {
      done(report);
      give();
    });
    child.on('exit', (code, signal) => {
      if (current === undefined) resolve();
      else reject(new Error(`a process ended with ${signal ?? code} during ${JSON.stringify(current)}`));
    });
    give();
  });
}

async function soak(tasks: Task[]): Promise<boolean> {
  const startedAt = Date.now();
  const worlds = tasks.reduce((sum, task) => sum + (task.kind === 'worlds' ? task.to - task.from : 0), 0);
  const frames = tasks.reduce((sum, task) => sum + (task.kind === 'frames' ? task.frames : 0), 0);
  const total = { worlds: 0, frames: 0, bytes: 0, connections: 0, failures: 0 };
  const progress = () => {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
    print(
      `${seconds} s: ${total.worlds} of ${worlds} worlds, ${total.frames} of ${frames} frames, ${total.failures} failed`,
    );
  };
  const timer = setInterval(progress, PROGRESS_MS);
  const queue = [...tasks];
  const done = (report: Report) => {
    total.worlds += report.worlds;
    total.frames += report.frames;
    total.bytes += report.bytes;
    total.connections += report.connections;
    total.failures += report.failures.length;
    for (const failure of report.failures) print(failure);
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, () => worker(() => queue.shift(), done)));
  } finally {
    clearInterval(timer);
  }
  progress();
  print(`${total.connections} connections whole, ${(total.bytes / 1e6).toFixed(0)} MB byte-exact`);
  return total.failures === 0;
}

function worldTasks(count: number, first: number): Task[] {
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, n) => {
    const from = first + n * BATCH;
    return { kind: 'worlds', from, to: Math.min(from + BATCH, first + count) };
  });
}

function frameTasks(frames: number, only?: string): Task[] {
  const targets = FRAME_TARGETS.filter((target) => only === undefined || target === only);
  return targets.map((target) => ({ kind: 'frames', target, frames }));
}

const [what, ...args] = process.argv.slice(2);
if (what === 'worker') {
  process.on('message', (task: Task) => void perform(task).then((report) => process.send?.(report)));
} else if (what === 'world') {
  print(JSON.stringify(planWorld(args[0]), null, 2));
  print(JSON.stringify(runWorld(args[0]), null, 2));
} else {
  const tasks =
    what === 'worlds'
      ? worldTasks(Number(args[0] ?? WORLDS), Number(args[1] ?? 0))
      : what === 'frames'
        ? frameTasks(Number(args[0] ?? FRAMES), args[1])
        : [...frameTasks(FRAMES), ...worldTasks(WORLDS, 0)];
  process.exitCode = (await soak(tasks)) ? 0 : 1;
}
