/**
 * Live capture: while at least one client listens, a tap of each port copies every frame to all of them. With no client
 * there is none and it costs nothing.
 */
import { type CapturedFrame, type CaptureInterface, encodeCapture, type RpcPeer } from '../control.js';
import type { Port } from '../stack/link/port.js';

/** A client that is this far behind misses frames, which are counted: the device must not grow without bound. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

interface Subscription {
  readonly ports: ReadonlySet<Port>;
  pending: CapturedFrame[];
  scheduled: boolean;
  missed: number;
}

export class CaptureHub {
  private readonly ports: readonly Port[];
  private readonly describe: (port: Port) => CaptureInterface;
  private readonly subscriptions = new Map<RpcPeer, Subscription>();
  /** What ends the tap of a port. */
  private readonly taps = new Map<Port, () => void>();

  constructor(ports: readonly Port[], describe: (port: Port) => CaptureInterface) {
    this.ports = ports;
    this.describe = describe;
  }

  /** All ports, or those named. The result's order is that of `interfaceIndex` in the frames. */
  start(peer: RpcPeer, names: readonly string[] | undefined): { interfaces: CaptureInterface[] } {
    const chosen = names === undefined ? this.ports : this.ports.filter((port) => names.includes(port.name));
    this.subscriptions.set(peer, { ports: new Set(chosen), pending: [], scheduled: false, missed: 0 });
    peer.onClose(() => this.stop(peer));
    this.setTaps();
    return { interfaces: this.ports.map(this.describe) };
  }

  /** Sends what is pending, so that the caller's answer comes after the last frame. */
  stop(peer: RpcPeer): { missed: number } {
    const subscription = this.subscriptions.get(peer);
    if (subscription === undefined) return { missed: 0 };
    this.flush(peer, subscription);
    this.subscriptions.delete(peer);
    this.setTaps();
    return { missed: subscription.missed };
  }

  private setTaps(): void {
    this.ports.forEach((port, interfaceIndex) => {
      const wanted = [...this.subscriptions.values()].some((subscription) => subscription.ports.has(port));
      if (wanted === this.taps.has(port)) return;
      if (!wanted) {
        this.taps.get(port)?.();
        this.taps.delete(port);
        return;
      }
      const remove = port.addTap((packet, direction, dropped, at) => {
        // A view into a datagram that others may still hold: the copy is the capture's own.
        const frame = { interfaceIndex, at, direction, dropped, packet: packet.slice() };
        for (const [peer, subscription] of this.subscriptions) {
          if (subscription.ports.has(port)) this.add(peer, subscription, frame);
        }
      });
      this.taps.set(port, remove);
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
    if (peer.backlogBytes > MAX_BACKLOG_BYTES) subscription.missed += subscription.pending.length;
    else peer.sendBinary(encodeCapture(subscription.pending));
    subscription.pending = [];
  }
}
