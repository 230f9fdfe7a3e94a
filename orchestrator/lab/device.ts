/**
 * A device of a lab over all its lives: the process that it has now, or that it has not, and who ended it. What a life
 * begins with is always the same: config file, links, addresses, MACs, UDP ports.
 */
import { rmSync } from 'node:fs';
import type { DeviceConfig, DeviceStatus } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { awaitApplications, awaitConfigured, withLimit } from './bring-up.js';
import type { DeviceNews } from './device-news.js';
import { type DeviceEnd, DeviceProcess, describeEnd, type Life } from './device-process.js';
import { type DeviceState, describeState, remedy, type SupervisedDevice } from './device-state.js';
import type { PauseGuard } from './pause-guard.js';
import type { RpcClient } from './rpc-client.js';

export interface DeviceContext {
  readonly config: DeviceConfig;
  readonly configFile: string;
  readonly guard: PauseGuard;
  /** Runs in each life but the first between `ready` and `start`. */
  beforeStart(device: string, client: RpcClient): Promise<void>;
  /** A start waits for what is returned. */
  onNews(news: DeviceNews): Promise<void>;
}

/** Far above what a process needs on a busy machine. */
const READY_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 2000;
/** Between the end of a connection and the news that the process behind it has ended. */
const END_SEEN_LIMIT_MS = 500;

export class Device {
  readonly config: DeviceConfig;
  state: DeviceState = 'starting';
  /** Since when it is in this state, milliseconds since 1970. */
  since = Date.now();
  /** Who has brought it into this state: `fault-3`; undefined when nobody is known. */
  by: string | undefined;
  life: Life = 1;
  private readonly context: DeviceContext;
  private process: DeviceProcess;
  /** Said before its process is ended, so that the end is told with its reason. */
  private intent: { readonly state: 'stopped' | 'killed'; readonly by: string | undefined } | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private lab: 'up' | 'ending' = 'up';

  /** Its first life begins at once. */
  constructor(context: DeviceContext) {
    this.context = context;
    this.config = context.config;
    this.process = this.spawn();
  }

  /** Zero while it has no process. */
  get pid(): number {
    return this.process.end === undefined ? this.process.pid : 0;
  }

  /** Undefined while it has no process that answers. */
  get client(): RpcClient | undefined {
    return this.process.end === undefined ? this.process.client : undefined;
  }

  /** How its last process ended; undefined while it has one. */
  get end(): DeviceEnd | undefined {
    return this.process.end;
  }

  /** Resolves when the process that it has now has gone. */
  get ended(): Promise<DeviceEnd> {
    return this.process.ended;
  }

  /** Resolves when it answers. Rejects with its last words when it ends before. */
  async ready(): Promise<void> {
    await this.process.ready;
    await this.process.connect();
  }

  /** Starts its programs. To be called once ready. */
  async begin(): Promise<void> {
    await this.client?.call('start', {}, ANSWER_LIMIT_MS);
    if (this.state === 'starting') this.enter('running', this.by);
  }

  /** Undefined while it has no process. Rejects when it does not answer. */
  async status(): Promise<DeviceStatus | undefined> {
    return this.client?.call<DeviceStatus>('status', {}, ANSWER_LIMIT_MS);
  }

  get row(): SupervisedDevice {
    const { state, since, by, life, pid } = this;
    const end = this.end === undefined ? '' : state === 'dead' ? describeEnd(this.end) : this.end.how;
    return { name: this.config.name, pid, state, since, ...(by !== undefined && { by }), life, end };
  }

  /** SIGKILL. */
  kill(by?: string): Promise<void> {
    return this.inTurn(async () => {
      this.requireProcess('kill');
      await this.leave('killed', by, () => this.process.kill());
    });
  }

  /** In an orderly way; what has not ended after two seconds is killed. */
  stop(by?: string): Promise<void> {
    return this.inTurn(async () => {
      this.requireProcess('stop');
      await this.leave('stopped', by, () => this.shutDown());
    });
  }

  /** Its next life. Resolves when it has started and has its addresses, or has waited long enough for them. */
  async start(by?: string): Promise<void> {
    await this.inTurn(async () => {
      if (this.end === undefined) throw this.refusal(`cannot start ${this.config.name}`);
      await this.liveAgain(by);
    });
    await this.settled();
  }

  /** {@link stop}, then {@link start}. */
  async restart(by?: string): Promise<void> {
    await this.inTurn(async () => {
      this.requireProcess('restart');
      await this.leave('stopped', by, () => this.shutDown());
      await this.liveAgain(by);
    });
    await this.settled();
  }

  /** SIGSTOP: it executes nothing until it is resumed; its sockets stay, and what comes in waits in them. */
  pause(by?: string): Promise<void> {
    return this.inTurn(async () => {
      if (process.platform === 'win32') throw new CliError(1, 'Windows cannot pause a process');
      if (this.state !== 'running') throw this.refusal(`cannot pause ${this.config.name}`);
      await this.context.guard.add(this.process.pid);
      await this.process.halt();
      if (this.end !== undefined) throw new CliError(1, describeEnd(this.end));
      this.enter('paused', by);
      void this.tell({ event: 'pause', name: this.config.name, by });
    });
  }

  /** SIGCONT. */
  resume(by?: string): Promise<void> {
    return this.inTurn(async () => {
      if (this.state !== 'paused') throw this.refusal(`cannot resume ${this.config.name}`);
      this.process.proceed();
      await this.context.guard.remove(this.process.pid);
      this.enter('running', by);
      void this.tell({ event: 'resume', name: this.config.name, by });
    });
  }

  /** With its lab: no life comes after this one. Does not wait for what is under way. */
  async endWithLab(): Promise<void> {
    this.lab = 'ending';
    if (this.state === 'paused') await this.process.kill();
    else await this.process.stop(STOP_LIMIT_MS);
  }

  /** One thing after the other, in the order in which they were asked for. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.queue.then(() => {
      this.requireLab();
      return work();
    });
    this.queue = result.catch(() => {});
    return result;
  }

  private spawn(): DeviceProcess {
    const process = new DeviceProcess(this.config, this.context.configFile, this.life);
    process.ended.then((end) => this.gone(process.pid, end));
    return process;
  }

  private gone(pid: number, end: DeviceEnd): void {
    void this.context.guard.remove(pid);
    // A process that was killed leaves its socket's file.
    if (process.platform !== 'win32') rmSync(this.config.control, { force: true });
    const { state, by }: { state: 'stopped' | 'killed' | 'dead'; by?: string } = this.intent ?? { state: 'dead' };
    this.intent = undefined;
    this.enter(state, by);
    void this.tell({ event: 'end', state, by, ...end });
  }

  private async leave(state: 'stopped' | 'killed', by: string | undefined, end: () => Promise<void>): Promise<void> {
    this.intent = { state, by };
    await end();
  }

  private async shutDown(): Promise<void> {
    if (this.state === 'paused') this.process.proceed();
    await this.process.stop(STOP_LIMIT_MS);
  }

  private async liveAgain(by: string | undefined): Promise<void> {
    const { name } = this.config;
    // It may have come to its end while the last life did.
    this.requireLab();
    this.life += 1;
    this.enter('starting', by);
    this.process = this.spawn();
    try {
      await withLimit(READY_LIMIT_MS, `${name} did not become ready`, () => this.ready());
      await this.tell({ event: 'start', name, pid: this.process.pid, life: this.life, by });
      if (this.client !== undefined) await this.context.beforeStart(name, this.client);
      await this.begin();
    } catch (error) {
      const failure = await this.failure(error);
      // One that is not what it should be is none.
      await this.process.kill();
      throw failure;
    }
  }

  /** Others may have their turn meanwhile: one that waits for its address can be killed, and then this is over. */
  private async settled(): Promise<void> {
    const { life } = this;
    try {
      await awaitConfigured([this], () => {});
      await awaitApplications([this]);
    } catch (error) {
      const failure = await this.failure(error);
      const isOurs = this.life === life && (this.state === 'running' || this.state === 'dead');
      if (isOurs) throw failure;
    }
  }

  /** A call that broke off says little; the device has died, and its last words say why. */
  private async failure(error: unknown): Promise<CliError> {
    if (error instanceof CliError) return error;
    const soon = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), END_SEEN_LIMIT_MS));
    const end = await Promise.race([this.ended, soon]);
    return new CliError(1, end === undefined ? (error as Error).message : describeEnd(end));
  }

  private requireLab(): void {
    if (this.lab === 'ending') throw new CliError(1, `lab ${this.config.lab} is ending`);
  }

  private requireProcess(action: string): void {
    if (this.end !== undefined) throw this.refusal(`cannot ${action} ${this.config.name}`);
  }

  private refusal(what: string): CliError {
    const { row, config } = this;
    const isWell = row.state === 'running' || row.state === 'starting';
    return new CliError(1, `${what}: ${describeState(row, Date.now())}`, isWell ? undefined : remedy(row, config.lab));
  }

  private enter(state: DeviceState, by: string | undefined): void {
    this.state = state;
    this.by = by;
    this.since = Date.now();
  }

  private async tell(news: DeviceNews): Promise<void> {
    if (this.lab === 'up') await this.context.onNews(news);
  }
}
