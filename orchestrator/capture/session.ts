/**
 * Captured frames and trace events of a whole lab, on one timeline.
 *
 * This folder gathers and writes evidence: it listens to devices, reads frames with the stack's own codecs, makes
 * capture files. What the evidence means is told elsewhere.
 */
import type { CapturedFrame, CaptureInterface, TraceEvent } from '../../devices/control.js';
import { dissect, type Layers } from '../../devices/stack/wire/dissect.js';
import type { DeviceState } from '../lab/device-state.js';
import { LabWatch } from '../lab/lab-watch.js';
import type { LabState } from '../lab/state.js';
import { DeviceFeed, sum } from './device-feed.js';
import { FaultLog, type FaultSpan } from './fault-log.js';
import { epochOffsetMs } from './pcapng-writer.js';
import { inOrder, now } from './timeline.js';

/** Frames beyond this many bytes keep their dissected headers but lose their bytes. */
const DEFAULT_BYTE_LIMIT = 64 * 1024 * 1024;
/** Whoever answers later is heard from then on. */
const START_LIMIT_MS = 5000;
/** A device that does not answer has handed over before what it saw. */
const STOP_LIMIT_MS = 5000;

/** One frame at one end of a link. A frame that crosses a link is seen twice: going out, and coming in. */
export interface LabFrame {
  /** From 1, in order of time: the frame number in the capture file. */
  n: number;
  readonly at: number;
  readonly device: string;
  readonly port: string;
  /** Index into {@link LabCapture.interfaces}. */
  readonly interfaceIndex: number;
  readonly direction: 'in' | 'out';
  /** Why it went no further; empty when it did. */
  readonly dropped: string;
  /** The fault that has dropped, changed or made it, `fault-3: loss 20%`; empty of all others. */
  readonly fault: string;
  /** Preamble to FCS; undefined once the capture's limit was reached. */
  readonly packet: Uint8Array | undefined;
  /** Bytes from preamble to FCS. */
  readonly length: number;
  readonly layers: Layers;
  /** Bytes of data in a TCP segment or UDP datagram; known even when the bytes were not kept. */
  readonly dataLength: number;
}

export interface LabTrace {
  readonly device: string;
  readonly event: TraceEvent;
}

/** A device that could not tell for a time what it saw: its process was gone, or paused. */
export interface Outage {
  readonly device: string;
  /** What it was then. */
  readonly state: DeviceState;
  /** Who had done it: `fault-3`. */
  readonly by?: string;
  /** On the timeline, as far as it lies in the capture. */
  readonly fromAt: number;
  /** Absent when it lasts to the end. */
  readonly untilAt?: number;
}

export interface LabCapture {
  readonly interfaces: readonly CaptureInterface[];
  readonly frames: readonly LabFrame[];
  readonly traces: readonly LabTrace[];
  /** Frames and trace events that a device could not hand over. */
  readonly missed: number;
  /** In order of their beginning. What these devices saw meanwhile is not here. */
  readonly outages?: readonly Outage[];
  /** That were in force at some time of it. */
  readonly faults?: readonly FaultSpan[];
  /** Milliseconds since 1970 at the zero of the timeline. */
  readonly epochOffsetMs: number;
}

export class CaptureSession {
  private readonly feeds: readonly DeviceFeed[];
  /** In the order of the lab's devices, however they answer: the same interfaces in every capture. */
  private readonly interfaces: CaptureInterface[][];
  private readonly frames: (Omit<LabFrame, 'n' | 'interfaceIndex'> & { readonly on: CaptureInterface })[] = [];
  private readonly traces: LabTrace[] = [];
  private readonly outages: Outage[] = [];
  private readonly faults = new FaultLog();
  /** Resolves when the faults are known that were there at the beginning. */
  private faultsListed: Promise<void> | undefined;
  private readonly byteLimit: number;
  private bytes = 0;
  private onNews: (() => void) | undefined;
  private lab: LabWatch | undefined;

  private constructor(state: LabState, byteLimit: number) {
    this.byteLimit = byteLimit;
    this.interfaces = state.devices.map(() => []);
    this.feeds = state.devices.map(({ name: device }, index) => {
      const ends = this.interfaces[index];
      return new DeviceFeed(
        state.name,
        device,
        {},
        {
          onInterface: (description) => lastingEnd(ends, description),
          onFrame: (frame, on) => this.add(lastingEnd(ends, on), frame),
          onBatch: () => this.onNews?.(),
          onTrace: (event) => {
            this.traces.push({ device, event });
            this.onNews?.();
          },
        },
      );
    });
  }

  /** Listens to all ports of all devices: of those that answer now from now on, of others as soon as they do. */
  static async start(state: LabState, byteLimit = DEFAULT_BYTE_LIMIT): Promise<CaptureSession> {
    const session = new CaptureSession(state, byteLimit);
    const back = async (name: string) => session.feeds.find(({ device }) => device === name)?.back();
    const lab = await LabWatch.open(state.name, {
      onStart: ({ name }) => back(name),
      onAbsent: (device, absence) => session.outages.push({ device, ...absence, fromAt: now() }),
      onPresent: (device) => session.present(device),
      onFault: (news) => session.faults.heard(news),
    });
    session.lab = lab;
    session.faultsListed = lab?.faults().then((listed) => session.faults.listed(listed));
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, START_LIMIT_MS);
    });
    // What is dead or paused, or will be in this moment, has nothing to say; the story shows what the others saw.
    const listening = session.feeds.map((feed) =>
      Promise.race([feed.start(), lab?.absence(feed.device) ?? late, late]),
    );
    await Promise.all(listening);
    clearTimeout(limit);
    return session;
  }

  get traced(): readonly LabTrace[] {
    return this.traces;
  }

  /** Resolves when `reached` holds, which is tried after each piece of news, or after `limitMs`. */
  async until(reached: () => boolean, limitMs: number): Promise<void> {
    if (reached()) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.onNews = undefined;
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.onNews = () => {
        if (reached()) done();
      };
    });
  }

  /** Ends the capture and returns all of it, ordered by time. */
  async stop(): Promise<LabCapture> {
    const totals = await Promise.all(
      this.feeds.map((feed) => feed.stop(this.lab?.absence(feed.device), STOP_LIMIT_MS)),
    );
    await this.faultsListed;
    this.lab?.close();
    const interfaces = this.interfaces.flat();
    const indexes = new Map(interfaces.map((one, index) => [one, index]));
    const frames = this.frames.map(({ on, ...frame }) => ({ n: 0, interfaceIndex: indexes.get(on) ?? 0, ...frame }));
    frames.sort(inOrder);
    frames.forEach((frame, index) => {
      frame.n = index + 1;
    });
    this.traces.sort((a, b) => a.event.at - b.event.at);
    return {
      interfaces,
      frames,
      traces: this.traces,
      missed: totals.reduce(sum).missed,
      outages: this.outages,
      faults: this.faults.spans,
      epochOffsetMs: epochOffsetMs(),
    };
  }

  /** For who gives up: nothing is heard any more. */
  close(): void {
    for (const feed of this.feeds) void feed.stop(Promise.resolve());
    this.lab?.close();
  }

  private present(device: string): void {
    const last = this.outages.findLastIndex((outage) => outage.device === device);
    const outage = this.outages[last];
    if (outage !== undefined && outage.untilAt === undefined) this.outages[last] = { ...outage, untilAt: now() };
  }

  private add(on: CaptureInterface, frame: CapturedFrame): void {
    this.bytes += frame.packet.length;
    const layers = dissect(frame.packet);
    const keep = this.bytes <= this.byteLimit;
    this.frames.push({
      on,
      at: frame.at,
      device: on.device,
      port: on.port,
      direction: frame.direction,
      dropped: frame.dropped,
      fault: frame.fault,
      packet: keep ? frame.packet : undefined,
      length: frame.packet.length,
      layers: keep ? layers : withoutPayload(layers),
      dataLength: layers.tcp?.payload.length ?? layers.udp?.payload.length ?? 0,
    });
  }
}

/** The link end of that name: a device that comes back has the same ones. */
function lastingEnd(ends: CaptureInterface[], description: CaptureInterface): CaptureInterface {
  const known = ends.find(({ port }) => port === description.port);
  if (known === undefined) ends.push(description);
  return known ?? description;
}

const NOTHING = new Uint8Array(0);

/** The headers alone: the payloads are views that would keep whole datagrams in memory. */
function withoutPayload({ ethernet, arp, ip, icmp, udp, tcp, dns }: Layers): Layers {
  return {
    ethernet: ethernet && { ...ethernet, payload: NOTHING },
    arp,
    ip: ip && { ...ip, payload: NOTHING, options: NOTHING },
    icmp: icmp && { ...icmp, body: NOTHING },
    udp: udp && { ...udp, payload: NOTHING },
    tcp: tcp && { ...tcp, payload: NOTHING },
    dns,
  };
}
