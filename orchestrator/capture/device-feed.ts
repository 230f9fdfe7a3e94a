/** One device's part of a live capture: it outlives the device's process, and takes up the next one of that name. */
import type { CapturedFrame, CaptureInterface, DeviceStatus } from '../../devices/control.js';
import { RpcClient } from '../lab/rpc-client.js';
import { readLabState } from '../lab/state.js';
import { listenToFrames } from './frame-source.js';

/** How often a device that is away is looked for. A look at a socket that is not there costs microseconds. */
const RETRY_INTERVAL_MS = 100;
/** A paused device does not answer. */
const ANSWER_LIMIT_MS = 5000;
const STOP_LIMIT_MS = 1000;

export interface FeedListener {
  onInterface(description: CaptureInterface): void;
  onFrame(frame: CapturedFrame, on: CaptureInterface): void;
  /** It is captured, for the first time or again. */
  onListening(device: string, pid: number, again: boolean): void;
  /** It was captured, and its connection has closed. */
  onLost(device: string): void;
}

export interface FeedTotals {
  /** Frames that the device could not hand over. */
  readonly missed: number;
  /** Frames that the device left out, since they did not match. */
  readonly filtered: number;
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
  async stop(): Promise<FeedTotals> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client } = this;
    if (client === undefined) return { missed: 0, filtered: 0 };
    const none = { missed: 0, filtered: 0 };
    const totals = await client.call<FeedTotals>('capture-stop', {}, STOP_LIMIT_MS).catch(() => none);
    client.close();
    return totals;
  }

  private async connect(): Promise<void> {
    let client: RpcClient | undefined;
    try {
      // Where it listens may have changed with a new launch.
      const found = readLabState(this.lab)?.devices.find(({ name }) => name === this.device);
      if (found === undefined) throw new Error(`no ${this.device}`);
      client = await RpcClient.connect(found.control);
      client.onClose = () => this.lost();
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

  private lost(): void {
    if (this.client === undefined) return;
    this.client = undefined;
    if (this.stopped) return;
    this.listener.onLost(this.device);
    this.retry();
  }

  private retry(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.connect(), RETRY_INTERVAL_MS);
  }
}
