import type { RpcPeer } from '../control.js';
import type { TraceDetail, TraceEvent, Tracer } from '../stack/trace.js';
import { monotonicNow } from './clock.js';

/** Hands the machine's trace events to the clients that asked for them; disabled while there are none. */
export class TraceHub implements Tracer {
  enabled = false;
  private readonly peers = new Set<RpcPeer>();

  emit(detail: TraceDetail): void {
    if (!this.enabled) return;
    const event: TraceEvent = { ...detail, at: monotonicNow() };
    for (const peer of this.peers) peer.notify('trace', event);
  }

  start(peer: RpcPeer): void {
    this.peers.add(peer);
    this.enabled = true;
    peer.onClose(() => this.stop(peer));
  }

  stop(peer: RpcPeer): void {
    this.peers.delete(peer);
    this.enabled = this.peers.size > 0;
  }
}
