/** Ends TCP connections from the middle, once they have carried so much. */
import type { Instant } from '../../clock.js';
import type { Ipv4Address } from '../../wire/address.js';
import { ACK, SYN, type TcpSegment } from '../../wire/tcp.js';
import type { Action, ActionContext, Plan } from './action.js';
import { DelayLines } from './delay-line.js';
import { type Envelope, openEnvelope } from './envelope.js';
import type { Passage } from './passage.js';
import { resetToReceiver, resetToSender, segmentOf } from './reset-segments.js';

/** The connection that was silent for longest is forgotten when there are more. */
export const MAX_CONNECTIONS = 4096;

/** A connection whose packets matched. */
interface Carried {
  /** Of data, in both directions together. */
  bytes: number;
  /** Sequence number behind the furthest data of each direction, by the end that sends it. */
  readonly next: Map<string, number>;
  /** What became of it when it had carried enough. */
  fate: 'open' | 'reset' | 'spared';
  resetAt?: Instant;
}

/**
 * Bytes are counted by their sequence numbers, each once: what is sent again does not count again. A connection that was
 * reset is reset anew by what still comes of it, as its resets may have been lost; a new SYN begins a new one.
 */
export class ResetAction implements Action {
  private readonly afterBytes: number;
  private readonly fault: string;
  /** A connection has been reset: what still comes of it is reset too. */
  pursues = false;
  private readonly connections = new Map<string, Carried>();
  readonly lines = new DelayLines((passage) => passage.backward(this.fault));

  constructor({ afterBytes = 0 }: { readonly afterBytes?: number }, { fault }: ActionContext) {
    this.afterBytes = afterBytes;
    this.fault = fault;
  }

  plan(packet: Uint8Array, passage: Passage): Plan | undefined {
    const envelope = openEnvelope(packet, passage.port);
    const segment = envelope && segmentOf(envelope);
    if (envelope === undefined || segment === undefined) return undefined;
    const connection = this.track(envelope, segment);
    const run = () => {
      passage.drop(packet, this.fault);
      const { now } = passage.port.lineClock;
      // The rest of what was sent in one go: its sender is to learn of the reset in a moment.
      if (connection.resetAt !== now) this.reset({ envelope, segment, passage });
      connection.fate = 'reset';
      this.pursues = true;
      connection.resetAt = now;
    };
    if (connection.fate === 'reset') return { run, settled: true };
    if (connection.fate === 'spared' || connection.bytes < this.afterBytes) return undefined;
    // Without a number of bytes each packet is judged for itself, and may be the one that is chosen.
    const spare = () => {
      if (this.afterBytes > 0) connection.fate = 'spared';
    };
    return { run, spare };
  }

  /** What the other end sends is judged there; its bytes count here too. */
  observe(packet: Uint8Array, { port }: Passage): void {
    const envelope = openEnvelope(packet, port);
    const segment = envelope && segmentOf(envelope);
    if (envelope !== undefined && segment !== undefined) this.track(envelope, segment);
  }

  private track({ ip }: Envelope, segment: TcpSegment): Carried {
    const from = endOf(ip.src, segment.srcPort);
    const to = endOf(ip.dst, segment.dstPort);
    const key = from < to ? `${from} ${to}` : `${to} ${from}`;
    const known = isOpening(segment) ? undefined : this.connections.get(key);
    const connection = known ?? { bytes: 0, next: new Map(), fate: 'open' };
    this.connections.delete(key);
    this.connections.set(key, connection);
    if (this.connections.size > MAX_CONNECTIONS)
      this.connections.delete(this.connections.keys().next().value as string);
    connection.bytes += freshBytes(connection.next, from, segment);
    return connection;
  }

  private reset({ envelope, segment, passage }: Hit): void {
    const { crc32, lineClock } = passage.port;
    // Who was to get a SYN knows nothing of the connection yet.
    if (!isOpening(segment)) passage.onward(resetToReceiver(envelope, segment, crc32), this.fault);
    this.lines.of(passage).push(resetToSender(envelope, segment, crc32), lineClock.now);
  }
}

interface Hit {
  readonly envelope: Envelope;
  readonly segment: TcpSegment;
  readonly passage: Passage;
}

function isOpening({ flags }: TcpSegment): boolean {
  return (flags & (SYN | ACK)) === SYN;
}

function endOf(address: Ipv4Address, port: number): string {
  return `${address}:${port}`;
}

/** How much of the segment's data lies behind all that its sender has sent before. */
function freshBytes(next: Map<string, number>, from: string, { seq, flags, payload }: TcpSegment): number {
  if (payload.length === 0) return 0;
  const start = (seq + (flags & SYN ? 1 : 0)) >>> 0;
  const end = (start + payload.length) >>> 0;
  const before = next.get(from) ?? start;
  // Sequence numbers are compared modulo 2^32, RFC 9293 section 3.4.
  const ahead = (end - before) | 0;
  if (ahead <= 0) return 0;
  next.set(from, end);
  return Math.min(ahead, payload.length);
}
