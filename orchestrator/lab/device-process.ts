/** One process of a device: started clean, ready when it says so, watched until it ends. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { execa, type ResultPromise } from 'execa';
import type { DeviceConfig, ReadyMessage } from '../../devices/control.js';
import { deviceProgram } from './paths.js';
import { RpcClient } from './rpc-client.js';

/** All that a device needs of the environment; NODE_OPTIONS of a test runner, say, must not reach it. */
const ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TZ', 'LANG', 'SystemRoot'];
const STDERR_KEPT = 4096;
const LOG_LINES_SHOWN = 5;

/** A stopped process stops within microseconds; this is for a machine that is out of breath. */
const HALT_LIMIT_MS = 1000;
const HALT_POLL_MS = 2;

export interface DeviceEnd {
  readonly name: string;
  /** "exit status 70", "SIGKILL" */
  readonly how: string;
  /** Its last words: standard error, then the last log lines. */
  readonly lastLines: readonly string[];
}

/** Which of a device's processes it is, counted from 1; a device draws other random numbers in each of its lives. */
export type Life = number;

export class DeviceProcess {
  readonly config: DeviceConfig;
  /** Rejects when the process ends before it is ready. */
  readonly ready: Promise<ReadyMessage>;
  /** Resolves when the process has ended, however that came. */
  readonly ended: Promise<DeviceEnd>;
  end: DeviceEnd | undefined;
  client: RpcClient | undefined;
  private readonly child: ResultPromise;
  private stderr = '';

  constructor(config: DeviceConfig, configFile: string, life: Life) {
    this.config = config;
    const argv = ['--config', configFile, '--supervised', ...(life > 1 ? ['--life', String(life)] : [])];
    this.child = execa(process.execPath, [deviceProgram(config.kind), ...argv], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      buffer: false,
      reject: false,
      extendEnv: false,
      env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
    });
    // Writing to a device that has just died must not end the supervisor.
    this.child.stdin?.on('error', () => {});
    this.ended = this.child.then((result) => {
      const how =
        result.signal ?? (result.exitCode === undefined ? result.shortMessage : `exit status ${result.exitCode}`);
      this.end = { name: config.name, how: how ?? 'unknown', lastLines: this.lastLines() };
      return this.end;
    });
    this.ready = this.awaitReady();
    this.ready.catch(() => {});
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** To be called once ready. */
  async connect(): Promise<RpcClient> {
    this.client = await RpcClient.connect(this.config.control);
    return this.client;
  }

  /** Ends it at once, also while it is halted. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Resolves when it executes nothing any more. Not on Windows. */
  async halt(): Promise<void> {
    this.child.kill('SIGSTOP');
    const limit = Date.now() + HALT_LIMIT_MS;
    while (this.end === undefined && isExecuting(this.pid) && Date.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, HALT_POLL_MS));
  }

  /** It goes on where it was halted. */
  proceed(): void {
    this.child.kill('SIGCONT');
  }

  /** Asks the device to end; kills it when it has not after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    if (this.end !== undefined) return;
    this.client?.call('shutdown').catch(() => {});
    if (this.client === undefined) this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), limitMs);
    await this.ended;
    clearTimeout(timer);
  }

  private async awaitReady(): Promise<ReadyMessage> {
    const { stdout } = this.child;
    if (stdout === null || stdout === undefined) throw new Error('the device has no standard output');
    const firstLine = new Promise<string>((resolve) => createInterface({ input: stdout }).once('line', resolve));
    const line = await Promise.race([firstLine, this.ended]);
    if (typeof line !== 'string') throw new Error(describeEnd(line));
    return JSON.parse(line) as ReadyMessage;
  }

  private lastLines(): string[] {
    const lines = this.stderr.split('\n').filter((line) => line !== '');
    if (this.config.logFile === undefined) return lines;
    try {
      lines.push(...readFileSync(this.config.logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN));
    } catch {
      // It died before it wrote a log.
    }
    return lines;
  }
}

/** False when the system says that the process is stopped; not all systems say so. */
function isExecuting(pid: number): boolean {
  try {
    return /^State:\s+[^TZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** "r1 has ended (SIGKILL)" and its last words, indented. */
export function describeEnd(end: DeviceEnd): string {
  return [`${end.name} has ended (${end.how})`, ...end.lastLines.map((line) => `    ${line}`)].join('\n');
}
