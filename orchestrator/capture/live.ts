/** A live capture of a lab: the frames of all its devices, in the order of time, as they happen. */
import type { CaptureInterface, CaptureTotals } from '../../devices/control.js';
import type { DeviceEnded } from '../lab/device-news.js';
import { LabWatch } from '../lab/lab-watch.js';
import type { LabState } from '../lab/state.js';
import { Damage } from './damage.js';
import { DeviceFeed, sum } from './device-feed.js';
import type { DeviceSelection } from './selection.js';
import { now, Timeline } from './timeline.js';

/**
 * How long a frame is held, so that those of slower devices come before it. Twenty processes on two processors take
 * turns; more than this, and a viewer would seem slow.
 */
const HOLD_MS = 250;
/** When frames take longer than that to get here they are all held longer, but a viewer does not wait for ever. */
const MAX_HOLD_MS = 2000;
/** How fast that is forgotten, each time that frames are let go. */
const HOLD_DECAY = 0.99;
/** How often held frames are let go. */
const RELEASE_INTERVAL_MS = 50;
/** More than this is not held: then the order may suffer, the memory not. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** A device that answers later than this is taken up when it does. */
const START_LIMIT_MS = 1000;
/** Devices of a lab that is taken down go before the lab does; only what is gone for longer is news. */
const GONE_LIMIT_MS = 2500;

export interface LiveFrame {
  readonly on: CaptureInterface;
  /** Of link ends, in the order in which they became known. */
  readonly interfaceIndex: number;
  /** On the lab's timeline, milliseconds. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  /** Why it went no further; empty when it did. */
  readonly dropped: string;
  /** The fault that has dropped, changed or made it; empty of all others. */
  readonly fault: string;
  /** Preamble to FCS. */
  readonly packet: Uint8Array;
}

export interface LiveListener {
  /** A link end, before its first frame. Once, also when its device comes again. */
  onInterface(description: CaptureInterface): void;
  /** In the order of time, but for what a device hands over late. */
  onFrames(frames: readonly LiveFrame[]): void;
  /** What happens to the lab's devices meanwhile: one line. */
  onNews(text: string): void;
  /** A line of an NSS key log, before the frames that it decrypts. Devices tell their secrets only where this is. */
  onSecret?(line: string): void;
}

export class LiveCapture {
  /** Resolves when the lab has ended. */
  readonly labEnded: Promise<void>;
  private readonly feeds: readonly DeviceFeed[];
  private readonly listener: LiveListener;
  private readonly timeline = new Timeline<LiveFrame>();
  private readonly damage = new Damage();
  private readonly known = new Map<string, number>();
  /** Interfaces that came before all devices had answered, to be told in the order of the devices. */
  private early: CaptureInterface[] | undefined = [];
  /** Devices whose connection has closed, each with the timer that will tell so; without one when that is told. */
  private readonly away = new Map<string, NodeJS.Timeout | undefined>();
  private holdMs = HOLD_MS;
  private releaseTimer: NodeJS.Timeout | undefined;
  private lab: LabWatch | undefined;
  private endLab: () => void = () => {};

  private constructor(
    lab: string,
    selection: ReadonlyMap<string, DeviceSelection>,
    filter: string | undefined,
    listener: LiveListener,
  ) {
    this.listener = listener;
    this.labEnded = new Promise((resolve) => {
      this.endLab = resolve;
    });
    this.feeds = [...selection].map(
      ([device, request]) =>
        new DeviceFeed(
          lab,
          device,
          { capture: { ...request, filter }, events: ['tls-secret'] },
          {
            onInterface: (description) => this.learn(description),
            onFrame: (frame, on) => this.add({ ...frame, on, interfaceIndex: this.learn(on) }),
            onListening: (name, pid, again) => this.listening(name, pid, again),
            onLost: (name) => this.lost(name),
            ...(listener.onSecret && {
              onTrace: (event) => event.event === 'tls-secret' && listener.onSecret?.(event.line),
            }),
          },
        ),
    );
  }

  /** Resolves when all devices capture that answer soon. `filter` has been compiled before: devices do not refuse it. */
  static async start(
    state: LabState,
    selection: ReadonlyMap<string, DeviceSelection>,
    filter: string | undefined,
    listener: LiveListener,
  ): Promise<LiveCapture> {
    const capture = new LiveCapture(state.name, selection, filter, listener);
    await capture.watchLab(state.name);
    const started = Promise.all(capture.feeds.map((feed) => feed.start()));
    await Promise.race([started, new Promise((resolve) => setTimeout(resolve, START_LIMIT_MS).unref())]);
    const order = new Map([...selection.keys()].map((device, index) => [device, index]));
    const early = (capture.early ?? []).sort((a, b) => (order.get(a.device) ?? 0) - (order.get(b.device) ?? 0));
    capture.early = undefined;
    for (const description of early) capture.learn(description);
    return capture;
  }

  /** Devices that do not answer. */
  get silent(): string[] {
    return this.feeds.filter(({ isListening }) => !isListening).map(({ device }) => device);
  }

  get interfaces(): number {
    return this.known.size;
  }

  /** Ends the capture: hands over all frames that have happened, then resolves. */
  async stop(): Promise<CaptureTotals> {
    const totals = await Promise.all(this.feeds.map((feed) => feed.stop(this.lab?.absence(feed.device))));
    clearTimeout(this.releaseTimer);
    for (const timer of this.away.values()) clearTimeout(timer);
    this.lab?.close();
    this.release(Number.POSITIVE_INFINITY);
    return totals.reduce(sum);
  }

  private async watchLab(name: string): Promise<void> {
    this.lab = await LabWatch.open(name, {
      onStart: async (news) => this.feeds.find(({ device }) => device === news.name)?.back(),
      onEnd: (news) => this.tellGone(news.name, wayOfEnd(news)),
      onClose: () => this.endLab(),
    });
    if (this.lab === undefined) this.endLab();
  }

  /** The number of a link end. While devices still answer the call to start it is not settled. */
  private learn(description: CaptureInterface): number {
    const key = `${description.device}:${description.port}`;
    if (this.early !== undefined) {
      const index = this.early.findIndex(({ device, port }) => `${device}:${port}` === key);
      return index < 0 ? this.early.push(description) - 1 : index;
    }
    const number = this.known.get(key);
    if (number !== undefined) return number;
    this.known.set(key, this.known.size);
    this.listener.onInterface(description);
    return this.known.size - 1;
  }

  private add(frame: LiveFrame): void {
    const late = now() - frame.at;
    // What a device that was paused hands over is not worth waiting for.
    if (late < MAX_HOLD_MS) this.holdMs = Math.max(this.holdMs, Math.min(late + HOLD_MS, MAX_HOLD_MS));
    this.timeline.add(frame);
    if (this.timeline.heldBytes > MAX_HELD_BYTES) this.release(Number.POSITIVE_INFINITY);
    this.schedule();
  }

  private schedule(): void {
    if (this.releaseTimer !== undefined || this.timeline.isEmpty) return;
    this.releaseTimer = setTimeout(() => {
      const until = now() - this.holdMs;
      this.holdMs = Math.max(HOLD_MS, this.holdMs * HOLD_DECAY);
      // After what has come has been read: this process, too, may have been held up.
      setImmediate(() => {
        this.releaseTimer = undefined;
        this.release(until);
        this.schedule();
      });
    }, RELEASE_INTERVAL_MS);
  }

  private release(until: number): void {
    if (this.early !== undefined) return;
    const frames = this.timeline.take(until);
    if (frames.length > 0) this.listener.onFrames(this.damage.named(frames));
  }

  private listening(device: string, pid: number, again: boolean): void {
    clearTimeout(this.away.get(device));
    this.away.delete(device);
    if (again) this.listener.onNews(`${device} is back (process ${pid}): the capture goes on with it`);
    else if (this.early === undefined) this.listener.onNews(`${device} answers: it is captured from now on`);
  }

  private lost(device: string): void {
    if (this.away.has(device)) return;
    const timer = setTimeout(() => this.tellGone(device, 'has gone'), GONE_LIMIT_MS);
    this.away.set(device, timer);
  }

  /** Once each time: by the lab, which sees the process end, else when the connection stays away. */
  private tellGone(device: string, how: string): void {
    const isTold = this.away.has(device) && this.away.get(device) === undefined;
    if (isTold || !this.feeds.some((feed) => feed.device === device)) return;
    clearTimeout(this.away.get(device));
    this.away.set(device, undefined);
    this.listener.onNews(`${device} ${how}: the capture goes on without it, until it is back`);
  }
}

function wayOfEnd({ state, how, by }: DeviceEnded): string {
  return state === 'dead' ? `has ended (${how})` : `was ${state}${by === undefined ? '' : ` by ${by}`}`;
}
