/**
 * Who holds the lab: either this very process (`up --foreground`, `fetch` without a lab), or a process of its own that
 * outlives the terminal (`up`). The devices end when it ends, however that comes.
 */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import type { Chaos } from '../chaos/fault.js';
import { CliError, type ExitStatus } from '../errors.js';
import { interruption, unlessAborted } from '../interruption.js';
import { chaosOf } from './chaos-ground.js';
import { Lab, type LabPlan, type LabProgress } from './lab.js';
import { LabServer } from './lab-server.js';
import { labDirectory } from './paths.js';

/** A lab held by this process. */
export interface HeldLab {
  readonly lab: Lab;
  readonly chaos: Chaos;
  /** Resolves when the lab was told to end, over its socket, and has ended. */
  readonly down: Promise<void>;
  stop(): Promise<void>;
}

/** Rejects as {@link Lab.launch} does. */
export async function holdLab(
  plan: LabPlan,
  onProgress: (progress: LabProgress) => void,
  signal: AbortSignal,
): Promise<HeldLab> {
  const lab = await Lab.launch(plan, onProgress, signal);
  let stopped: () => void = () => {};
  const down = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const chaos = chaosOf(lab);
  const stop = async () => {
    chaos.close();
    await lab.end();
    server.close();
    stopped();
  };
  const server = new LabServer(lab, chaos, () => setImmediate(stop));
  lab.listen((news) => server.announce(news));
  chaos.listen((news) => server.announceChaos(news));
  try {
    await server.open(plan.name);
  } catch (error) {
    await lab.end();
    throw error;
  }
  return { lab, chaos, down, stop };
}

/** What the supervisor's process tells the one that launched it. */
export type SupervisorMessage =
  | { readonly progress: LabProgress }
  | { readonly failed: { readonly exitStatus: ExitStatus; readonly message: string; readonly hint?: string } }
  | { readonly up: true };

/** The hidden command `supervise`: takes a LabPlan by the IPC channel, and runs until told to end. */
export async function superviseFromParent(): Promise<void> {
  const tell = (message: SupervisorMessage) => {
    if (process.connected) process.send?.(message);
  };
  const plan = await new Promise<LabPlan>((resolve) =>
    process.once('message', (message) => resolve(message as LabPlan)),
  );
  process.title = `netarium:${plan.name}`;
  const signal = interruption();
  const parentGone = new AbortController();
  // Whoever asked for the lab has gone before it was up: Ctrl-C.
  process.once('disconnect', () => parentGone.abort(new Error('nobody waits for the lab any more')));
  try {
    const held = await holdLab(plan, (progress) => tell({ progress }), AbortSignal.any([signal, parentGone.signal]));
    signal.addEventListener('abort', () => void held.stop());
    tell({ up: true });
    await held.down;
  } catch (error) {
    const { message } = error as Error;
    const { exitStatus = 1, hint } = error instanceof CliError ? error : {};
    tell({ failed: { exitStatus, message, hint } });
    process.exitCode = exitStatus;
  }
  if (process.connected) process.disconnect();
}

/** Launches the lab under a process of its own and resolves when it is up. When `signal` aborts, all is taken down. */
export async function launchDetached(
  plan: LabPlan,
  onProgress: (progress: LabProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const log = openSync(join(labDirectory(plan.name), 'supervisor.log'), 'a', 0o600);
  const child = spawn(process.execPath, [process.argv[1], 'supervise'], {
    detached: true,
    stdio: ['ignore', 'ignore', log, 'ipc'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
  const up = new Promise<void>((resolve, reject) => {
    child.on('message', (raw) => {
      const message = raw as SupervisorMessage;
      if ('progress' in message) onProgress(message.progress);
      else if ('failed' in message)
        reject(new CliError(message.failed.exitStatus, message.failed.message, message.failed.hint));
      else resolve();
    });
  });
  const endedEarly = ended.then(() => {
    const hint = `See ${join(labDirectory(plan.name), 'supervisor.log')}.`;
    throw new CliError(1, "the lab's supervisor has ended", hint);
  });
  endedEarly.catch(() => {});
  child.send(plan);
  try {
    await unlessAborted(Promise.race([up, endedEarly]), signal);
  } finally {
    if (child.connected) child.disconnect();
    if (signal.aborted) await ended;
    child.unref();
  }
}
