/**
 * Live capture: while at least one client listens, a tap of each port copies every frame to all of them. With no client
 * there is none and it costs nothing.
 */
import {
  type CapturedFrame,
  type CaptureInterface,
  type CaptureTotals,
  encodeCapture,
  type RpcPeer,
} from '../control.js';
import type { Instant } from '../stack/clock.js';
import type { Port } from '../stack/link/port.js';
import type { Filter } from '../stack/wire/filter/filter.js';

/** A client that is this far behind misses frames, which are counted: the device must not grow without bound. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;
/** How soon a client learns what it did not see: it may never get to ask, when the device ends. */
const TOTALS_INTERVAL_MS = 200;

/** What a client wants to see. */
export interface CaptureRequest {
  /** Names of ports, among them such as may be attached later; all ports, later ones too, when left out. */
  readonly ports?: readonly string[];
  /**
   * Of these, only what leaves, and what faults make or drop: all else that comes in by them is captured at the other end,
   * where it left.
   */
  readonly outOnly?: readonly string[];
  /** Only what matches. It may ask for the interface by the name that captures give it, `client:eth0`. */
  readonly filter?: Filter;
}

interface Subscription {
  readonly request: CaptureRequest;
  /** Numbers as the client knows them: in the order in which it was told. */
  readonly indexes: Map<Port, number>;
  pending: CapturedFrame[];
  scheduled: boolean;
  missed: number;
  filtered: number;
  totalsTimer?: NodeJS.Timeout;
}

export class CaptureHub {
  private readonly ports: Port[];
  private readonly describe: (port: Port) => CaptureInterface;
  private readonly toLab: (at: Instant) => Instant;
  private readonly subscriptions = new Map<RpcPeer, Subscription>();
  /** What ends the tap of a port. */
  private readonly taps = new Map<Port, () => void>();

  /** `toLab`: from the device's time to that of the lab. */
  constructor(
    ports: readonly Port[],
    describe: (port: Port) => CaptureInterface,
    toLab: (at: Instant) => Instant = (at) => at,
  ) {
    this.ports = [...ports];
    this.describe = describe;
    this.toLab = toLab;
  }

  /** One capture a client; a second call replaces the first. The result's order is that of `interfaceIndex`. */
  start(peer: RpcPeer, request: CaptureRequest = {}): { interfaces: CaptureInterface[] } {
    if (this.subscriptions.has(peer)) this.stop(peer);
    else peer.onClose(() => this.stop(peer));
    const chosen = this.ports.filter((port) => wants(request, port));
    const indexes = new Map(chosen.map((port, index) => [port, index]));
    this.subscriptions.set(peer, { request, indexes, pending: [], scheduled: false, missed: 0, filtered: 0 });
    this.setTaps();
    return { interfaces: chosen.map(this.describe) };
  }

  /** Sends what is pending, so that the caller's answer comes after the last frame. */
  stop(peer: RpcPeer): CaptureTotals {
    const subscription = this.subscriptions.get(peer);
    if (subscription === undefined) return { missed: 0, filtered: 0 };
    this.flush(peer, subscription);
    clearTimeout(subscription.totalsTimer);
    this.subscriptions.delete(peer);
    this.setTaps();
    return { missed: subscription.missed, filtered: subscription.filtered };
  }

  /** A port has come: captures that want it go on with it, and their clients are told its number. */
  attached(port: Port): void {
    this.ports.push(port);
    for (const [peer, { request, indexes }] of this.subscriptions) {
      if (!wants(request, port)) continue;
      indexes.set(port, nextIndex(indexes));
      peer.notify('capture-interface', { interfaceIndex: indexes.get(port), interface: this.describe(port) });
    }
    this.setTaps();
  }

  /** A port has gone. Its number is not given again. */
  detached(port: Port): void {
    const index = this.ports.indexOf(port);
    if (index >= 0) this.ports.splice(index, 1);
    this.taps.get(port)?.();
    this.taps.delete(port);
  }

  private setTaps(): void {
    for (const port of this.ports) {
      const wanted = [...this.subscriptions.values()].some(({ indexes }) => indexes.has(port));
      if (wanted === this.taps.has(port)) continue;
      if (wanted) this.taps.set(port, this.tap(port));
      else {
        this.taps.get(port)?.();
        this.taps.delete(port);
      }
    }
  }

  private tap(port: Port): () => void {
    const { device, port: portName } = this.describe(port);
    const name = `${device}:${portName}`;
    return port.addTap((packet, direction, dropped, deviceAt, fault) => {
      const at = this.toLab(deviceAt);
      // A view into a datagram that others may still hold: the copy is the capture's own, and one is enough for all.
      let copy: Uint8Array | undefined;
      for (const [peer, subscription] of this.subscriptions) {
        const interfaceIndex = subscription.indexes.get(port);
        if (interfaceIndex === undefined) continue;
        const { outOnly, filter } = subscription.request;
        // What a fault makes here, or takes off here, has never left the other end, or is not marked there.
        if (direction === 'in' && fault === '' && outOnly?.includes(port.name)) continue;
        if (filter !== undefined && !filter.matches(packet, { direction, interface: name, dropped, fault })) {
          subscription.filtered += 1;
          this.tellTotals(peer, subscription);
          continue;
        }
        copy ??= packet.slice();
        this.add(peer, subscription, { interfaceIndex, at, direction, dropped, fault, packet: copy });
      }
    });
  }

  private add(peer: RpcPeer, subscription: Subscription, frame: CapturedFrame): void {
    subscription.pending.push(frame);
    if (subscription.scheduled) return;
    subscription.scheduled = true;
    setImmediate(() => {
      subscription.scheduled = false;
      this.flush(peer, subscription);
    });
  }

  private flush(peer: RpcPeer, subscription: Subscription): void {
    if (subscription.pending.length === 0) return;
    if (peer.backlogBytes > MAX_BACKLOG_BYTES) {
      subscription.missed += subscription.pending.length;
      this.tellTotals(peer, subscription);
    } else {
      peer.sendBinary(encodeCapture(subscription.pending));
    }
    subscription.pending = [];
  }

  private tellTotals(peer: RpcPeer, subscription: Subscription): void {
    subscription.totalsTimer ??= setTimeout(() => {
      subscription.totalsTimer = undefined;
      const { missed, filtered } = subscription;
      peer.notify('capture-totals', { missed, filtered } satisfies CaptureTotals);
    }, TOTALS_INTERVAL_MS);
  }
}

function wants({ ports }: CaptureRequest, port: Port): boolean {
  return ports === undefined || ports.includes(port.name);
}

function nextIndex(indexes: ReadonlyMap<Port, number>): number {
  return Math.max(-1, ...indexes.values()) + 1;
}
