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
  onListening(device: string, pid: number, again: boolean): void;
  /** It was captured, and its connection has closed. */
  onLost(device: string): void;
  /** A line of an NSS key log. Asked for only where this is. */
  onSecret?(line: string): void;
}

export class DeviceFeed {
  readonly device: string;
  private readonly lab: string;
  private readonly params: object;
  private readonly listener: FeedListener;
  private client: RpcClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private captured = false;
  private totals = NOTHING;
  /** Of the device's former lives. */
  private before = NOTHING;

  /** `params` are those of `capture-start`. */
  constructor(lab: string, device: string, params: object, listener: FeedListener) {
    this.lab = lab;
    this.device = device;
    this.params = params;
    this.listener = listener;
  }

  /** Resolves after the first try, however it went; goes on trying until {@link stop}. */
  async start(): Promise<void> {
    await this.connect();
  }

  get isListening(): boolean {
    return this.client !== undefined;
  }

  /** Resolves after the last frame was handed over, or when the device does not answer. */
  async stop(): Promise<CaptureTotals> {
    this.stopped = true;
    clearTimeout(this.timer);
    try {
      const last = await this.client?.call<CaptureTotals>('capture-stop', {}, STOP_LIMIT_MS);
      if (last !== undefined) this.totals = last;
    } catch {
      // What it has told before holds.
    }
    this.client?.close();
    return sum(this.totals, this.before);
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
      await this.listenToSecrets(client);
      await listenToFrames(client, this.params, this.listener, ANSWER_LIMIT_MS);
      const { pid } = await client.call<DeviceStatus>('status', {}, ANSWER_LIMIT_MS);
      if (this.stopped) {
        client.close();
        return;
      }
      this.client = client;
      this.listener.onListening(this.device, pid, this.captured);
      this.captured = true;
    } catch {
      client?.close();
      this.retry();
    }
  }

  /** Before the frames, so that none comes before what decrypts it. */
  private async listenToSecrets(client: RpcClient): Promise<void> {
    const { onSecret } = this.listener;
    if (onSecret === undefined) return;
    client.notifications.set('trace', (event: TraceEvent) => {
      if (event.event === 'tls-secret') onSecret(event.line);
    });
    await client.call('trace-start', { events: ['tls-secret'] }, ANSWER_LIMIT_MS);
  }

  private lost(): void {
    if (this.client === undefined) return;
    this.client = undefined;
    this.before = sum(this.before, this.totals);
    this.totals = NOTHING;
    if (this.stopped) return;
    this.listener.onLost(this.device);
    this.retry();
  }

  private retry(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.connect(), RETRY_INTERVAL_MS);
  }
}

export function sum(a: CaptureTotals, b: CaptureTotals): CaptureTotals {
  return { missed: a.missed + b.missed, filtered: a.filtered + b.filtered };
}
