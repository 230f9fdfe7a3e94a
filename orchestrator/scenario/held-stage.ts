/** A lab that this process holds, as a scenario sees it. */
import type { AttachedPort, ExecOutput, FetchRequest, RouteRow, TableName } from '../../devices/control.js';
import { FaultLog } from '../capture/fault-log.js';
import type { LabCapture } from '../capture/session.js';
import type { Fault, FaultRequest } from '../chaos/fault.js';
import { asCliError } from '../errors.js';
import { unlessAborted } from '../interruption.js';
import { loadPage } from '../lab/load-page.js';
import { ask, connectDevice, unlessPaused } from '../lab/reach-device.js';
import type { RpcClient } from '../lab/rpc-client.js';
import type { LabState } from '../lab/state.js';
import type { HeldLab } from '../lab/supervise.js';
import { findFreePorts } from '../lab/udp-ports.js';
import { buildReport } from '../story/build.js';
import { allClosed } from '../story/closed.js';
import type { FetchReport } from '../story/report.js';
import { Scene } from '../story/scene.js';
import { formatDuration } from '../terminal.js';
import { monotonicClock } from './clock.js';
import type { FrameLog } from './frame-log.js';
import type { FrameWatch } from './model.js';
import { type Load, ownPart } from './own-part.js';
import { pageOutcome } from './page-outcome.js';
import type { Cable, CommandOutcome, PageOutcome, Stage } from './stage.js';

/** How long the last segments of a close may take to be seen, before a story is read. */
const CLOSE_LIMIT_MS = 1000;
const CLOSE_POLL_MS = 20;
/** Output beyond this is not kept. */
const MOST_OUTPUT = 1024 * 1024;
const COLUMNS = 120;

export class HeldStage implements Stage {
  private readonly held: HeldLab;
  private readonly log: FrameLog;
  /** That have ended. */
  private readonly loads: Load[] = [];
  private readonly faults = new FaultLog();

  constructor(held: HeldLab, log: FrameLog) {
    this.held = held;
    this.log = log;
    this.faults.listed(held.chaos.list());
    held.chaos.listen((news) => this.faults.heard(news));
  }

  async watch(watches: readonly FrameWatch[], onMatch: (watch: FrameWatch) => void): Promise<void> {
    this.log.watch(watches, onMatch);
  }

  framesSeen(watch: FrameWatch, from: number, to: number): number {
    return this.log.count(watch, from, to);
  }

  framesSettled(): Promise<void> {
    return this.log.settled();
  }

  fetch(from: string, request: FetchRequest, signal: AbortSignal): Promise<PageOutcome> {
    return this.with(from, signal, async (client) => {
      const result = await loadPage(this.state, from, client, request);
      const load = { host: from, result };
      this.loads.push(load);
      return pageOutcome(result, () => this.report(load));
    });
  }

  exec(on: string, argv: readonly string[], signal: AbortSignal): Promise<CommandOutcome> {
    return this.with(on, signal, async (client) => {
      const output = { stdout: '', stderr: '' };
      client.notifications.set('exec-output', ({ stream, data }: ExecOutput) => {
        output[stream] = (output[stream] + data).slice(0, MOST_OUTPUT);
      });
      const startAt = monotonicClock.now();
      const running = client.call<{ exitStatus: number }>('exec', { id: 1, argv, columns: COLUMNS });
      const { exitStatus: status } = await unlessPaused(this.state, on, running);
      const durationMs = monotonicClock.now() - startAt;
      const said = (output.stderr || output.stdout).trimEnd().split('\n').at(-1) ?? '';
      const text = [`exit status ${status}`, formatDuration(durationMs), said].filter(Boolean).join(', ');
      return { kind: 'command', durationMs, text, status, ...output };
    });
  }

  async rows(on: string, table: TableName): Promise<readonly object[]> {
    const { client } = this.held.lab.device(on);
    if (client === undefined) return [];
    try {
      return await ask<object[]>(this.state, on, client, 'inspect', { table });
    } catch (error) {
      throw asCliError(error);
    }
  }

  async deviceState(device: string): Promise<string> {
    return this.held.lab.device(device).state;
  }

  applyFault(request: FaultRequest): Promise<Fault> {
    return this.held.chaos.apply(request);
  }

  async endFault(id: string): Promise<void> {
    await this.held.chaos.end(id);
  }

  async clearFaults(): Promise<void> {
    await this.held.chaos.clear();
  }

  async plug(a: string, b: string): Promise<Cable> {
    const base = await findFreePorts(`${this.held.lab.plan.name} cable`, 2);
    const ends = [a, b].map((device, index) => ({ device, local: `127.0.0.1:${base + index}` }));
    const made = await Promise.all(
      ends.map(({ device, local }, index) =>
        this.ask<AttachedPort>(device, 'attach', { encapsulation: 'udp', local, remote: ends[1 - index].local }),
      ),
    );
    return {
      name: made.map(({ device, port }) => `${device}:${port}`).join(' -- '),
      unplug: async () => {
        await Promise.all(made.map(({ device, port }) => this.ask(device, 'detach', { port })));
      },
    };
  }

  private async ask<T>(device: string, method: string, params: object): Promise<T> {
    const client = await connectDevice(this.state, device);
    try {
      return await ask<T>(this.state, device, client, method, params);
    } catch (error) {
      throw asCliError(error);
    } finally {
      client.close();
    }
  }

  private get state(): LabState {
    return this.held.lab.state;
  }

  /** On a connection of its own, which ends with it: then the device ends the command, too. */
  private async with<T>(device: string, signal: AbortSignal, use: (client: RpcClient) => Promise<T>): Promise<T> {
    const client = await unlessAborted(connectDevice(this.state, device), signal);
    try {
      return await unlessAborted(use(client), signal);
    } catch (error) {
      throw error === signal.reason ? error : asCliError(error);
    } finally {
      client.close();
    }
  }

  private async report(load: Load): Promise<FetchReport> {
    const { host, result } = load;
    const limit = result.endAt + CLOSE_LIMIT_MS;
    const never = new AbortController().signal;
    while (!allClosed(this.log.traces, result) && monotonicClock.now() < limit)
      await monotonicClock.sleep(CLOSE_POLL_MS, never);
    await this.log.settled();
    const others = this.loads.filter((other) => {
      return other !== load && other.result.startAt < result.endAt && other.result.endAt > result.startAt;
    });
    const seen = this.log.capture(result.startAt, result.endAt + CLOSE_LIMIT_MS);
    const own = ownPart(seen, load, others, (device) => this.addressesOf(device, seen));
    const capture = { ...own, faults: this.faults.spans };
    const routes = (await this.rows(host, 'routes').catch(() => [])) as RouteRow[];
    return buildReport(new Scene(this.state, host, result, capture, routes), this.held.lab.plan.name);
  }

  /** Planned ones, and those that it has got. */
  private addressesOf(device: string, { interfaces }: LabCapture): string[] {
    const planned = this.state.devices.find(({ name }) => name === device)?.addresses ?? [];
    const had = interfaces.filter((on) => on.device === device).flatMap(({ addresses }) => addresses);
    return [...planned, ...had].map((address) => address.split('/')[0]);
  }
}
