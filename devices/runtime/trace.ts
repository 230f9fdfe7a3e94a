import type { RpcPeer } from '../control.js';
import type { Instant } from '../stack/clock.js';
import type { TraceDetail, TraceEvent, Tracer } from '../stack/trace.js';
import { monotonicNow } from './clock.js';

/** Events for a client that is this far behind are dropped and counted: the device must not grow without bound. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/** Hands the machine's trace events to the clients that asked for them; disabled while there are none. */
export class TraceHub implements Tracer {
  enabled = false;
  /** With the number of events that each has missed. */
  private readonly peers = new Map<RpcPeer, number>();

  emit(detail: TraceDetail, at: Instant = monotonicNow()): void {
    if (!this.enabled) return;
    const event: TraceEvent = { ...detail, at };
    for (const [peer, missed] of this.peers) {
      if (peer.backlogBytes > MAX_BACKLOG_BYTES) this.peers.set(peer, missed + 1);
      else peer.notify('trace', event);
    }
  }

  start(peer: RpcPeer): void {
    if (this.peers.has(peer)) return;
    this.peers.set(peer, 0);
    this.enabled = true;
    peer.onClose(() => this.stop(peer));
  }

  stop(peer: RpcPeer): { missed: number } {
    const missed = this.peers.get(peer) ?? 0;
    this.peers.delete(peer);
    this.enabled = this.peers.size > 0;
    return { missed };
  }
}
