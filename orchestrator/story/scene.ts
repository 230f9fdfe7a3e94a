/** What a story is made of: the capture of a fetch, and who is who in the lab. */
import type { DeviceKind, FetchResult, RouteRow, TraceDetail, TraceEvent } from '../../devices/control.js';
import { formatIpv4, formatMac, type Ipv4Address } from '../../devices/stack/wire/address.js';
import type { LabCapture, LabFrame } from '../capture/session.js';
import type { LabState } from '../lab/state.js';
import { Deliveries } from './deliveries.js';
import { type Loss, lossesIn } from './loss-story.js';

type TraceOf<Name extends TraceDetail['event']> = Extract<TraceEvent, { event: Name }>;

const FIRST_RANDOM_PORT = 32768;

export interface Traced<Name extends TraceDetail['event']> {
  readonly device: string;
  readonly event: TraceOf<Name>;
}

export class Scene {
  readonly capture: LabCapture;
  readonly result: FetchResult;
  /** The host whose browser loaded the page. */
  readonly client: string;
  /** The client's routing table when the fetch had ended. */
  readonly routes: readonly RouteRow[];
  readonly deliveries: Deliveries;
  /** In order of time. */
  readonly losses: readonly Loss[];
  private readonly kinds: ReadonlyMap<string, DeviceKind>;
  private readonly owners = new Map<string, string>();
  /** Sorted once: every name and every connection of a page asks for its device's frames. */
  private readonly framesByDevice = new Map<string, LabFrame[]>();

  constructor(lab: LabState, client: string, result: FetchResult, capture: LabCapture, routes: readonly RouteRow[]) {
    this.client = client;
    this.result = result;
    this.capture = capture;
    this.routes = routes;
    this.kinds = new Map(lab.devices.map(({ name, kind }) => [name, kind]));
    for (const { name, addresses = [] } of lab.devices) {
      for (const address of addresses) this.owners.set(address.split('/')[0], name);
    }
    for (const { device, addresses } of capture.interfaces) {
      for (const address of addresses) this.owners.set(address.split('/')[0], device);
      this.framesByDevice.set(device, []);
    }
    for (const frame of capture.frames) {
      if (frame.dropped === '') this.framesByDevice.get(frame.device)?.push(frame);
    }
    this.deliveries = new Deliveries(capture, new Set(this.kinds.keys()));
    this.losses = lossesIn(this);
  }

  kindOf(device: string): string {
    return this.kinds.get(device) ?? '';
  }

  /** The device that has this address; undefined for one that is not of this lab. */
  ownerOf(address: string): string | undefined {
    return this.owners.get(address);
  }

  /** `root-dns (198.51.100.1)`, or the address alone. */
  nameOf(address: Ipv4Address | string): string {
    const text = typeof address === 'string' ? address : formatIpv4(address);
    const owner = this.ownerOf(text);
    return owner === undefined ? text : `${owner} (${text})`;
  }

  /** An end of a connection, `web:80`, and of one that chose its port at random (from 32768 on, as Linux does) `client`. */
  endName(end: string): string {
    const [address, port] = end.split(':');
    const name = this.ownerOf(address) ?? address;
    return Number(port) < FIRST_RANDOM_PORT ? `${name}:${port}` : name;
  }

  /** Milliseconds since the fetch began, to the microsecond. */
  ms(at: number): number {
    return Math.round((at - this.result.startAt) * 1000) / 1000;
  }

  traces<Name extends TraceDetail['event']>(name: Name): Traced<Name>[] {
    return this.capture.traces.filter((trace): trace is Traced<Name> => trace.event.event === name);
  }

  /** Frames at one device's own ends of its links, in order of time. Dropped ones are left out. */
  framesAt(device: string): readonly LabFrame[] {
    return this.framesByDevice.get(device) ?? [];
  }
}

export function macText(frame: LabFrame, side: 'src' | 'dst'): string {
  return frame.layers.ethernet === undefined ? '' : formatMac(frame.layers.ethernet[side]);
}
