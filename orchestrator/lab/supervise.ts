/**
 * Who holds the lab: either this very process (`up --foreground`, `fetch` without a lab), or a process of its own that
 * outlives the terminal (`up`). The devices end when it ends, however that comes.
 */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, type ExitStatus } from '../errors.js';
import { Lab, type LabPlan, type LabProgress } from './lab.js';
import { LabServer } from './lab-server.js';
import { labDirectory } from './paths.js';

/** A lab held by this process. */
export interface HeldLab {
  readonly lab: Lab;
  /** Resolves when the lab was told to end, over its socket, and has ended. */
  readonly down: Promise<void>;
  stop(): Promise<void>;
}

export async function holdLab(plan: LabPlan, onProgress: (progress: LabProgress) => void): Promise<HeldLab> {
  const lab = await Lab.launch(plan, onProgress);
  let stopped: () => void = () => {};
  const down = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const stop = async () => {
    await lab.stop();
    server.close();
    stopped();
  };
  const server = new LabServer(lab, () => setImmediate(stop));
  lab.onDeviceEnd = (end) => server.announceEnd(end);
  try {
    await server.open(plan.name);
  } catch (error) {
    await lab.stop();
    throw error;
  }
  return { lab, down, stop };
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
  let isUp = false;
  // Whoever asked for the lab has gone before it was up: Ctrl-C. Ending takes the devices along.
  process.once('disconnect', () => {
    if (!isUp) process.exit(1);
  });
  try {
    const held = await holdLab(plan, (progress) => tell({ progress }));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void held.stop());
    process.on('SIGHUP', () => {});
    isUp = true;
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

/** Launches the lab under a process of its own and resolves when it is up. */
export async function launchDetached(plan: LabPlan, onProgress: (progress: LabProgress) => void): Promise<void> {
  const log = openSync(join(labDirectory(plan.name), 'supervisor.log'), 'a', 0o600);
  const child = spawn(process.execPath, [process.argv[1], 'supervise'], {
    detached: true,
    stdio: ['ignore', 'ignore', log, 'ipc'],
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', () =>
      reject(
        new CliError(1, "the lab's supervisor has ended", `See ${join(labDirectory(plan.name), 'supervisor.log')}.`),
      ),
    );
  });
  ended.catch(() => {});
  const up = new Promise<void>((resolve, reject) => {
    child.on('message', (raw) => {
      const message = raw as SupervisorMessage;
      if ('progress' in message) onProgress(message.progress);
      else if ('failed' in message)
        reject(new CliError(message.failed.exitStatus, message.failed.message, message.failed.hint));
      else resolve();
    });
  });
  child.send(plan);
  try {
    await Promise.race([up, ended]);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}
