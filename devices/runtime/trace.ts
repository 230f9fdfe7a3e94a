import type { RpcPeer } from '../control.js';
import type { Instant } from '../stack/clock.js';
import type { TraceDetail, TraceEvent, Tracer } from '../stack/trace.js';
import { DeviceClock } from './clock.js';

/** Events for a client that is this far behind are dropped and counted: the device must not grow without bound. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

interface Listener {
  readonly events: ReadonlySet<string> | undefined;
  missed: number;
}

/** Hands the machine's trace events to the clients that asked for them; disabled while there are none. */
export class TraceHub implements Tracer {
  enabled = false;
  private readonly peers = new Map<RpcPeer, Listener>();
  private readonly clock: DeviceClock;

  constructor(clock = new DeviceClock()) {
    this.clock = clock;
  }

  emit(detail: TraceDetail, at: Instant = this.clock.now()): void {
    if (!this.enabled) return;
    const event: TraceEvent = { ...detail, at: this.clock.toLab(at) };
    for (const [peer, listener] of this.peers) {
      if (listener.events !== undefined && !listener.events.has(event.event)) continue;
      if (peer.backlogBytes > MAX_BACKLOG_BYTES) listener.missed += 1;
      else peer.notify('trace', event);
    }
  }

  /** `events`: the names of those that are wanted; all when left out. */
  start(peer: RpcPeer, events?: readonly string[]): void {
    if (this.peers.has(peer)) return;
    this.peers.set(peer, { events: events && new Set(events), missed: 0 });
    this.enabled = true;
    peer.onClose(() => this.stop(peer));
  }

  stop(peer: RpcPeer): { missed: number } {
    const missed = this.peers.get(peer)?.missed ?? 0;
    this.peers.delete(peer);
    this.enabled = this.peers.size > 0;
    return { missed };
  }
}
