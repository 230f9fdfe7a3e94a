/**
 * Controlled delay (RFC 8289): a queue may be long, but not for long. While even the packet that waited shortest has waited
 * for more than TARGET during a whole INTERVAL, packets are dropped as they leave the queue, at first one each INTERVAL,
 * then more and more often, until senders give way. Names and sections are the RFC's; where Linux (codel_impl.h) does
 * otherwise, so does this: ECN, and the MTU is the largest packet that has come by.
 */
import type { Instant } from '../../clock.js';
import type { Impairment } from '../../link-settings.js';
import type { Transit } from './transit.js';

/** Section 5.3: TARGET and INTERVAL. */
const DEFAULT_TARGET_MS = 5;
const DEFAULT_INTERVAL_MS = 100;
/** Section 5.5: so many INTERVALs after the last drop it starts anew. */
const MEMORY_INTERVALS = 16;

export interface CodelQueue {
  /** Of the packets that wait. */
  readonly bytes: number;
  shift(): Transit | undefined;
}

export interface CodelActions {
  drop(transit: Transit): void;
  /** Marks it as having met congestion; false when its sender does not know ECN. */
  mark(transit: Transit): boolean;
}

/** Section 5.2: what a queue remembers. */
export class Codel {
  /** When the sojourn time, if it stays above TARGET, has been there for an INTERVAL; undefined while it is below. */
  private firstAboveAt: Instant | undefined;
  /** When the next packet is dropped. */
  private dropNextAt: Instant = 0;
  /** Packets dropped since the dropping state began. */
  private count = 0;
  /** What it was when the dropping state began. */
  private lastCount = 0;
  private dropping = false;
  private maxPacket = 0;

  /** It has not seen the queue for a while: how long packets waited then says nothing of now. */
  resume(): void {
    this.firstAboveAt = undefined;
    this.dropping = false;
  }

  /** Section 5.5 (deque): the packet that is sent next. Those before it that have waited too long are dropped. */
  dequeue(queue: CodelQueue, now: Instant, settings: Impairment, actions: CodelActions): Transit | undefined {
    const { codelIntervalMs: interval = DEFAULT_INTERVAL_MS, codelEcn = false } = settings;
    // Changes nothing, unless the interval has become shorter meanwhile.
    this.dropNextAt = Math.min(this.dropNextAt, now + interval);
    let packet = queue.shift();
    let okToDrop = this.isOkToDrop(packet, queue, now, settings);
    if (this.dropping) {
      if (!okToDrop) this.dropping = false;
      while (packet !== undefined && this.dropping && now >= this.dropNextAt) {
        this.count += 1;
        if (codelEcn && actions.mark(packet)) {
          // Linux: the packet goes on, and has done what a drop does.
          this.dropNextAt = controlLaw(this.dropNextAt, interval, this.count);
          break;
        }
        actions.drop(packet);
        packet = queue.shift();
        okToDrop = this.isOkToDrop(packet, queue, now, settings);
        if (okToDrop) this.dropNextAt = controlLaw(this.dropNextAt, interval, this.count);
        else this.dropping = false;
      }
    } else if (packet !== undefined && okToDrop) {
      if (!codelEcn || !actions.mark(packet)) {
        actions.drop(packet);
        packet = queue.shift();
        this.isOkToDrop(packet, queue, now, settings);
      }
      this.startDropping(now, interval);
    }
    return packet;
  }

  /** Section 5.6 (dodequeue): whether the sojourn time has been above TARGET for an INTERVAL. */
  private isOkToDrop(packet: Transit | undefined, queue: CodelQueue, now: Instant, settings: Impairment): boolean {
    const { codelTargetMs: target = DEFAULT_TARGET_MS, codelIntervalMs: interval = DEFAULT_INTERVAL_MS } = settings;
    if (packet === undefined) {
      this.firstAboveAt = undefined;
      return false;
    }
    this.maxPacket = Math.max(this.maxPacket, packet.packet.length);
    // One packet that waits is no standing queue, however slow the line.
    if (now - packet.queuedAt < target || queue.bytes <= this.maxPacket) {
      this.firstAboveAt = undefined;
      return false;
    }
    this.firstAboveAt = Math.min(this.firstAboveAt ?? now + interval, now + interval);
    return now >= this.firstAboveAt;
  }

  /** Where it dropped not long ago, the rate that held the queue down then is the one to begin with. */
  private startDropping(now: Instant, interval: number): void {
    this.dropping = true;
    const delta = this.count - this.lastCount;
    const isRecent = now - this.dropNextAt < MEMORY_INTERVALS * interval;
    this.count = delta > 1 && isRecent ? delta : 1;
    this.lastCount = this.count;
    this.dropNextAt = controlLaw(now, interval, this.count);
  }
}

/** Section 5.6: the rate of drops rises with the square root of their number, and TCP's throughput falls with its inverse. */
function controlLaw(at: Instant, interval: number, count: number): Instant {
  return at + interval / Math.sqrt(count);
}
