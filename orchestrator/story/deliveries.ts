/** Which of a link's two ends saw what: the frames that left one and came to the other, and those that never did. */
import type { LabCapture, LabFrame } from '../capture/session.js';

/** Chaos reorders frames and doubles them: the one that has come is among so many that have left and not arrived yet. */
const WINDOW = 1000;
/** A frame that left so shortly before the end of the capture may be on its way. */
const UNDER_WAY_MS = 200;

export class Deliveries {
  /**
   * How busy the machine was: how much longer than the quickest on the same link frames took from one end to the other,
   * milliseconds in the mean. What a link is told to delay is not in it: that is over when a frame leaves.
   */
  readonly waitMs: number;
  /** Frames that left, and whose other end never saw them: its device is dead, or paused, or had no room for them. */
  readonly unreceived: readonly LabFrame[];
  private readonly departures = new Map<LabFrame, LabFrame>();

  /** `devices`: of the lab. Those that did not answer when the capture began are dead, or paused: they see nothing. */
  constructor(capture: LabCapture, devices: ReadonlySet<string>) {
    const ways = waysOf(capture, devices);
    let waited = 0;
    let count = 0;
    const unreceived: LabFrame[] = [];
    for (const way of ways) {
      const left = this.match(way);
      const took = way.arrived.flatMap((arrival) => {
        const departure = this.departures.get(arrival);
        return departure === undefined ? [] : [arrival.at - departure.at];
      });
      const least = took.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      for (const ms of took) waited += ms - least;
      count += took.length;
      unreceived.push(...left);
    }
    this.waitMs = count === 0 ? 0 : Math.round((waited / count) * 1000) / 1000;
    this.unreceived = capture.missed > 0 ? [] : this.certain(capture, ways, unreceived);
  }

  /** The frame as it left the other end of the link; undefined when that was not captured. */
  departureOf(arrival: LabFrame): LabFrame | undefined {
    return this.departures.get(arrival);
  }

  /** Pairs what arrived with what left; returns those that did not arrive. */
  private match({ left, arrived }: Way): LabFrame[] {
    const open = [...left];
    for (const arrival of arrived) {
      const limit = Math.min(open.length, WINDOW);
      for (let i = 0; i < limit && open[i].at <= arrival.at; i++) {
        if (!isSame(open[i], arrival)) continue;
        this.departures.set(arrival, open[i]);
        open.splice(i, 1);
        break;
      }
    }
    return open;
  }

  /** Of a device that sends frames which nobody saw leave, nothing is captured: it was restarted, or never listened to. */
  private certain(capture: LabCapture, ways: readonly Way[], frames: readonly LabFrame[]): LabFrame[] {
    const unheard = new Map<string, number>();
    for (const { arrived, from } of ways) {
      const late = arrived.findLast((arrival) => !this.departures.has(arrival))?.at ?? 0;
      unheard.set(from, Math.max(unheard.get(from) ?? 0, late));
    }
    const to = new Map(ways.map((way) => [`${way.from} ${way.link}`, way.to]));
    const last = capture.frames.at(-1)?.at ?? 0;
    return frames.filter((frame) => {
      const receiver = to.get(`${frame.device} ${linkOf(capture, frame)}`) ?? '';
      return frame.at < last - UNDER_WAY_MS && (unheard.get(receiver) ?? 0) < frame.at;
    });
  }
}

/** One direction of one link. */
interface Way {
  readonly link: string;
  /** Devices. */
  readonly from: string;
  readonly to: string;
  readonly left: LabFrame[];
  readonly arrived: LabFrame[];
}

function linkOf(capture: LabCapture, frame: LabFrame): string {
  return capture.interfaces[frame.interfaceIndex]?.link ?? '';
}

/** Of links whose ends are in the lab; of one of them at least something is captured. */
function waysOf({ interfaces, frames }: LabCapture, devices: ReadonlySet<string>): Way[] {
  const ends = new Map<string, number[]>();
  interfaces.forEach(({ link }, index) => {
    if (link !== '') ends.set(link, [...(ends.get(link) ?? []), index]);
  });
  const out = new Map<number, Way>();
  const into = new Map<number, Way>();
  const captured = new Set(interfaces.map(({ device }) => device));
  for (const [link, [a, b, ...more]] of ends) {
    if (more.length > 0) continue;
    if (b === undefined) {
      const here = interfaces[a].device;
      const there = devicesOf(link).find((device) => device !== here);
      if (there === undefined || !devices.has(there) || captured.has(there)) continue;
      out.set(a, { link, from: here, to: there, left: [], arrived: [] });
      into.set(a, { link, from: there, to: here, left: [], arrived: [] });
      continue;
    }
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      const way = { link, from: interfaces[from].device, to: interfaces[to].device, left: [], arrived: [] };
      out.set(from, way);
      into.set(to, way);
    }
  }
  for (const frame of frames) {
    if (frame.packet === undefined) continue;
    if (frame.direction === 'in') into.get(frame.interfaceIndex)?.arrived.push(frame);
    else if (frame.dropped === '') out.get(frame.interfaceIndex)?.left.push(frame);
  }
  return [...new Set([...out.values(), ...into.values()])];
}

/** `client:eth0 -- home-switch:1` */
function devicesOf(link: string): string[] {
  return link.split(' -- ').map((end) => end.split(':')[0]);
}

function isSame({ packet: a }: LabFrame, { packet: b }: LabFrame): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && Buffer.compare(a, b) === 0;
}
