/** One device's part of a live capture: it outlives the device's process, and takes up the next one of that name. */
import type {
  CapturedFrame,
  CaptureInterface,
  CaptureTotals,
  DeviceStatus,
  TraceEvent,
} from '../../devices/control.js';
import { RpcClient } from '../lab/rpc-client.js';
import { readLabState } from '../lab/state.js';
import { listenToFrames } from './frame-source.js';

/** How often a device that is away is looked for. A look at a socket that is not there costs microseconds. */
const RETRY_INTERVAL_MS = 100;
/** A paused device does not answer. */
const ANSWER_LIMIT_MS = 5000;
const STOP_LIMIT_MS = 1000;

const NOTHING: CaptureTotals = { missed: 0, filtered: 0 };

export interface FeedListener {
  onInterface(description: CaptureInterface): void;
  onFrame(frame: CapturedFrame, on: CaptureInterface): void;
  /** It is captured, for the first time or again. */
  onListening?(device: string, pid: number, again: boolean): void;
  /** It was captured, and its connection has closed. */
  onLost?(device: string): void;
  /** Asked for only where this is. */
  onTrace?(event: TraceEvent): void;
  /** After the frames of one message. */
  onBatch?(): void;
}

export interface FeedRequest {
  /** Params of `capture-start`. */
  readonly capture?: object;
  /** Names of trace events; all when left out. */
  readonly events?: readonly TraceEvent['event'][];
}

export class DeviceFeed {
  readonly device: string;
  private readonly lab: string;
  private readonly request: FeedRequest;
  private readonly listener: FeedListener;
  private client: RpcClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private connecting: Promise<void> | undefined;
  private stopped = false;
  private captured = false;
  private totals = NOTHING;
  /** Of the device's former lives. */
  private before = NOTHING;

  constructor(lab: string, device: string, request: FeedRequest, listener: FeedListener) {
    this.lab = lab;
    this.device = device;
    this.request = request;
    this.listener = listener;
  }

  /** Resolves after the first try, however it went; goes on trying until {@link stop}. */
  async start(): Promise<void> {
    await this.tryNow();
  }

  /** The device answers again: resolves when it is captured, or cannot be. */
  async back(): Promise<void> {
    // A try that is under way may still be that to its last process.
    await this.connecting;
    if (this.client !== undefined || this.stopped) return;
    clearTimeout(this.timer);
    await this.tryNow();
  }

  /** Resolves when all frames have been handed over that the device has seen by now, or when it does not answer. */
  async settled(): Promise<void> {
    try {
      // What is seen while the device answers the first call leaves before it answers the second.
      for (let turn = 0; turn < 2; turn++) await this.client?.call('tables', {}, STOP_LIMIT_MS);
    } catch {
      // It is paused, or has gone.
    }
  }

  get isListening(): boolean {
    return this.client !== undefined;
  }

  /** Resolves after the last frame was handed over; without it when `absence` does, or after `limitMs`. */
  async stop(absence?: Promise<void>, limitMs = STOP_LIMIT_MS): Promise<CaptureTotals> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client } = this;
    if (client !== undefined) await Promise.race([this.stopAsked(client, limitMs), absence ?? new Promise(() => {})]);
    client?.close();
    return sum(this.totals, this.before);
  }

  /** When it does not answer, what it has told before holds. */
  private async stopAsked(client: RpcClient, limitMs: number): Promise<void> {
    const call = (method: string) => client.call<Partial<CaptureTotals>>(method, {}, limitMs).catch(() => undefined);
    const traces = this.listener.onTrace === undefined ? undefined : call('trace-stop');
    this.totals = { ...this.totals, ...(await call('capture-stop')) };
    this.totals = sum(this.totals, { missed: (await traces)?.missed ?? 0, filtered: 0 });
  }

  private tryNow(): Promise<void> {
    this.connecting = this.connect();
    return this.connecting;
  }

  private async connect(): Promise<void> {
    let client: RpcClient | undefined;
    try {
      // Where it listens may have changed with a new launch.
      const found = readLabState(this.lab)?.devices.find(({ name }) => name === this.device);
      if (found === undefined) throw new Error(`no ${this.device}`);
      client = await RpcClient.connect(found.control);
      client.onClose = () => this.lost();
      client.notifications.set('capture-totals', (totals: CaptureTotals) => {
        this.totals = totals;
      });
      await this.listenToTraces(client);
      await listenToFrames(client, this.request.capture ?? {}, this.listener, ANSWER_LIMIT_MS);
      // One that was started by hand in the place of another is not in the lab's file.
      const { pid } = this.captured ? await client.call<DeviceStatus>('status', {}, ANSWER_LIMIT_MS) : found;
      if (this.stopped) {
        client.close();
        return;
      }
      this.client = client;
      this.listener.onListening?.(this.device, pid, this.captured);
      this.captured = true;
    } catch {
      client?.close();
      this.retry();
    }
  }

  /** Before the frames, so that none comes before the secret that decrypts it. */
  private async listenToTraces(client: RpcClient): Promise<void> {
    const { onTrace } = this.listener;
    if (onTrace === undefined) return;
    client.notifications.set('trace', onTrace);
    await client.call('trace-start', { events: this.request.events }, ANSWER_LIMIT_MS);
  }

  private lost(): void {
    if (this.client === undefined) return;
    this.client = undefined;
    this.before = sum(this.before, this.totals);
    this.totals = NOTHING;
    if (this.stopped) return;
    this.listener.onLost?.(this.device);
    this.retry();
  }

  private retry(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.tryNow(), RETRY_INTERVAL_MS);
  }
}

export function sum(a: CaptureTotals, b: CaptureTotals): CaptureTotals {
  return { missed: a.missed + b.missed, filtered: a.filtered + b.filtered };
}
