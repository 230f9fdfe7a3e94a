/**
 * All frames and trace events of a lab while a scenario runs, across the lives of its devices; and how many frames
 * expectations have been waiting for.
 */
import type { CapturedFrame, CaptureInterface } from '../../devices/control.js';
import { dissect } from '../../devices/stack/wire/dissect.js';
import { DeviceFeed } from '../capture/device-feed.js';
import { epochOffsetMs } from '../capture/pcapng-writer.js';
import type { LabCapture, LabFrame, LabTrace } from '../capture/session.js';
import { inOrder } from '../capture/timeline.js';
import type { Lab } from '../lab/lab.js';
import type { FrameWatch } from './model.js';
import { Newest } from './newest.js';

/** Of more, the newest are kept: a failure is at the end. All are counted. */
const MOST_BYTES = 192 * 1024 * 1024;
/** What a frame takes in memory beside its bytes, about: small ones are mostly that. */
const FRAME_OVERHEAD = 400;
const MOST_TRACES = 500_000;
/** Of frames that match one expectation; more are not counted. */
const MOST_MATCHES = 1_000_000;

interface Watched {
  readonly watch: FrameWatch;
  /** When they were seen, in order. */
  readonly times: number[];
}

interface Kept {
  readonly on: CaptureInterface;
  readonly frame: CapturedFrame;
}

export class FrameLog {
  private readonly lab: Lab;
  private readonly feeds: readonly DeviceFeed[];
  private readonly interfaces = new Map<string, CaptureInterface>();
  private readonly kept = new Newest<Kept>(MOST_BYTES);
  private readonly seenTraces = new Newest<LabTrace>(MOST_TRACES);
  private watched: readonly Watched[] = [];
  private onMatch: (watch: FrameWatch) => void = () => {};
  private seen = 0;
  private readonly stopListening: () => void;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.feeds = lab.devices.map(({ config: { name } }) => {
      return new DeviceFeed(
        lab.plan.name,
        name,
        {},
        {
          onInterface: (on) => this.interfaces.set(`${on.device}:${on.port}`, on),
          onFrame: (frame, on) => this.add(frame, on),
          onTrace: (event) => this.seenTraces.add({ device: name, event }, 1),
        },
      );
    });
    this.stopListening = lab.listen(({ event, name }) => {
      if (event === 'start') this.feeds.find(({ device }) => device === name)?.back();
    });
  }

  /** Resolves when every device is captured that answers. */
  static async start(lab: Lab): Promise<FrameLog> {
    const log = new FrameLog(lab);
    await Promise.all(log.feeds.map((feed) => feed.start()));
    return log;
  }

  get traces(): readonly LabTrace[] {
    return [...this.seenTraces];
  }

  watch(watches: readonly FrameWatch[], onMatch: (watch: FrameWatch) => void): void {
    this.watched = watches.map((watch) => ({ watch, times: [] }));
    this.onMatch = onMatch;
  }

  count(watch: FrameWatch, from: number, to: number): number {
    const times = this.watched[watch.index]?.times ?? [];
    return firstIndex(times, (at) => at > to) - firstIndex(times, (at) => at >= from);
  }

  /** Resolves when all frames are here that devices have seen by now. */
  async settled(): Promise<void> {
    // One that is paused has seen nothing, and would not say so.
    const answering = this.feeds.filter(({ device }) => this.lab.device(device).state === 'running');
    await Promise.all(answering.map((feed) => feed.settled()));
  }

  async stop(): Promise<void> {
    this.stopListening();
    await Promise.all(this.feeds.map((feed) => feed.stop()));
  }

  /** What has been seen from one instant to another, as evidence. */
  capture(since = 0, until = Number.POSITIVE_INFINITY): LabCapture {
    const interfaces = [...this.interfaces.values()];
    const indexes = new Map([...this.interfaces.keys()].map((key, index) => [key, index]));
    const frames = [...this.kept]
      .filter(({ frame: { at } }) => at >= since && at <= until)
      .map(({ on, frame }) => labFrame(frame, on, indexes.get(`${on.device}:${on.port}`) ?? 0))
      .sort(inOrder);
    frames.forEach((frame, index) => {
      frame.n = index + 1;
    });
    const traces = [...this.seenTraces]
      .filter(({ event: { at } }) => at >= since && at <= until)
      .sort((a, b) => a.event.at - b.event.at);
    return { interfaces, frames, traces, missed: this.kept.left, epochOffsetMs: epochOffsetMs() };
  }

  private add(frame: CapturedFrame, on: CaptureInterface): void {
    this.seen += 1;
    this.kept.add({ on, frame }, frame.packet.length + FRAME_OVERHEAD);
    for (const watched of this.watched) if (matches(watched.watch, frame, on, this.seen)) this.note(watched, frame.at);
  }

  private note({ watch, times }: Watched, at: number): void {
    if (times.length >= MOST_MATCHES) return;
    // Devices hand over their frames in order, but one may be later than the other.
    let place = times.length;
    while (place > 0 && times[place - 1] > at) place -= 1;
    times.splice(place, 0, at);
    this.onMatch(watch);
  }
}

/** Of the first item for which it holds, as it does for all behind; the length when it holds for none. */
function firstIndex(items: readonly number[], holds: (item: number) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

function matches({ filter, ends }: FrameWatch, frame: CapturedFrame, on: CaptureInterface, number: number): boolean {
  const selection = ends.get(on.device);
  if (selection === undefined || (selection.ports !== undefined && !selection.ports.includes(on.port))) return false;
  const { direction, dropped, fault, packet } = frame;
  if (direction === 'in' && fault === '' && selection.outOnly.includes(on.port)) return false;
  return filter.matches(packet, { number, direction, interface: `${on.device}:${on.port}`, dropped, fault });
}

function labFrame(frame: CapturedFrame, on: CaptureInterface, interfaceIndex: number): LabFrame {
  const { at, direction, dropped, fault, packet } = frame;
  const layers = dissect(packet);
  return {
    n: 0,
    at,
    device: on.device,
    port: on.port,
    interfaceIndex,
    direction,
    dropped,
    fault,
    packet,
    length: packet.length,
    layers,
    dataLength: layers.tcp?.payload.length ?? layers.udp?.payload.length ?? 0,
  };
}
