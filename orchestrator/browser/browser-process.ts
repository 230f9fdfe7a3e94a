/** The browser as a process of ours: started, ended, and nothing left of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.js';
import type { BrowserLaunch } from './launch.js';

/** For it to write its files and go; then it is killed. */
const END_LIMIT_MS = 5_000;
const LAST_WORDS_LENGTH = 2_000;

/** Runs it to its end; when the signal aborts, it is ended. Throws a CliError when it does not start, or fails. */
export async function runBrowser(launch: BrowserLaunch, signal: AbortSignal): Promise<void> {
  const { path, argv, env } = launch;
  const child = spawn(path, argv, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let lastWords = '';
  child.stderr.on('data', (text: Buffer) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_LENGTH);
  });
  const end = () => endProcess(child);
  signal.addEventListener('abort', end, { once: true });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(new CliError(1, `${path} does not start: ${error.message}`)));
      // Not 'close': helpers that outlive it may hold its standard error open.
      child.once('exit', resolve);
      if (signal.aborted) end();
    });
    if (signal.aborted || status === 0) return;
    throw new CliError(
      1,
      `${path} has ended with ${status === null ? 'a signal' : `status ${status}`}`,
      lastWords.trim(),
    );
  } finally {
    signal.removeEventListener('abort', end);
    child.stderr.destroy();
  }
}

function endProcess(child: ChildProcess): void {
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  child.once('exit', () => clearTimeout(limit));
}

/** An empty folder in `parent`, for the time of `use`. */
export async function withProfile<T>(parent: string, use: (profile: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const profile = mkdtempSync(join(parent, 'browser-'));
  try {
    return await use(profile);
  } finally {
    // Helpers of the browser may still be writing their last.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    removeIfEmpty(parent);
  }
}

/** The folder of a lab that has ended while the browser wrote to it. One that is still in use is never empty. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is in use, or gone.
  }
}
