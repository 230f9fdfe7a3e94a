/** One stream of a UDP test: datagrams at a steady rate, or what arrives of them. */
import type { Network } from '../../net/network.js';
import type { Instant, Timer } from '../../stack/clock.js';
import { Arrivals } from './arrivals.js';
import { readDatagramHeader, writeDatagramHeader } from './datagram-header.js';
import type { DatagramPath } from './datagram-path.js';
import type { DatagramCounts, StreamResult } from './protocol.js';
import { PATTERN, type Sample, type TestStream } from './stream.js';

/** A sender that is behind its rate sends so many at once, then lets others have a turn. */
const MAX_BURST = 100;
const BURST_PAUSE_MS = 1;
/** The sender is done: who still is on the way, overtaken by that news, comes within this time after the one before. */
const LATE_MS = 500;

export class UdpStream implements TestStream {
  readonly id: number;
  readonly socket: DatagramPath;
  readonly sends: boolean;
  private readonly network: Network;
  private readonly bitsPerSecond: number;
  private readonly arrivals = new Arrivals();
  private datagram = Buffer.alloc(0);
  private sent = 0;
  private sentBytes = 0;
  private limitBytes = Number.POSITIVE_INFINITY;
  private startedAt: Instant;
  private endedAt: Instant | undefined;
  private lastArrivalAt: Instant | undefined;
  private isAllSent = false;
  private timer: Timer | undefined;
  private ended: () => void = () => {};
  private sampledAt: Instant;
  private sampled: DatagramCounts & { readonly bytes: number };

  constructor(network: Network, id: number, path: DatagramPath, sends: boolean, bitsPerSecond: number) {
    this.network = network;
    this.id = id;
    this.socket = path;
    this.sends = sends;
    this.bitsPerSecond = bitsPerSecond;
    this.startedAt = this.sampledAt = network.now();
    this.sampled = { ...this.counts(), bytes: 0 };
    // A sender's first datagrams may overtake the news that the test has begun.
    path.onDatagram = (datagram) => this.arrived(datagram);
    path.onError = () => {};
  }

  start(blockBytes: number, limitBytes: number | undefined): Promise<void> {
    this.startedAt = this.sampledAt = this.network.now();
    this.limitBytes = limitBytes ?? this.limitBytes;
    return new Promise((resolve, reject) => {
      this.ended = resolve;
      this.socket.onError = reject;
      if (!this.sends) return;
      this.datagram = Buffer.alloc(blockBytes, PATTERN);
      this.sendDue();
    });
  }

  finish(): void {
    if (!this.sends || this.endedAt !== undefined) return;
    this.end(this.network.now());
  }

  /** For a receiver: the sender is done, after so many datagrams. */
  sentInAll(packets: number): void {
    this.arrivals.sentInAll(packets);
    this.isAllSent = true;
    this.waitForLateOnes();
  }

  sample(): Sample {
    const now = Math.max(this.sampledAt, this.endedAt ?? this.network.now());
    const { sampled } = this;
    const counts = this.counts();
    const bytes = this.bytes;
    const sample = {
      fromMs: this.sampledAt - this.startedAt,
      toMs: now - this.startedAt,
      bytes: bytes - sampled.bytes,
      retransmits: 0,
      datagrams: {
        packets: counts.packets - sampled.packets,
        lost: counts.lost - sampled.lost,
        outOfOrder: counts.outOfOrder - sampled.outOfOrder,
        jitterMs: counts.jitterMs,
      },
    };
    this.sampledAt = now;
    this.sampled = { ...counts, bytes };
    return sample;
  }

  result(): StreamResult {
    const seconds = Math.max(0, (this.endedAt ?? this.network.now()) - this.startedAt) / 1000;
    return { bytes: this.bytes, seconds, retransmits: 0, datagrams: this.counts() };
  }

  destroy(): void {
    this.timer?.clear();
    this.socket.destroy();
  }

  private get bytes(): number {
    return this.sends ? this.sentBytes : this.arrivals.bytes;
  }

  private counts(): DatagramCounts {
    if (this.sends) return { packets: this.sent, lost: 0, outOfOrder: 0, jitterMs: 0 };
    const { packets, lost, outOfOrder, jitterMs } = this.arrivals;
    return { packets, lost, outOfOrder, jitterMs };
  }

  private end(at: Instant): void {
    this.endedAt = at;
    this.timer?.clear();
    this.ended();
  }

  /** All that the rate allows by now; the next when it is due. */
  private sendDue(): void {
    const { network, datagram } = this;
    const now = network.now();
    const dueAt = () => this.startedAt + (this.sentBytes * 8000) / this.bitsPerSecond;
    for (let burst = 0; burst < MAX_BURST && dueAt() <= now; burst++) {
      if (this.sentBytes >= this.limitBytes) {
        this.finish();
        return;
      }
      this.sent += 1;
      this.sentBytes += datagram.length;
      writeDatagramHeader(datagram, { sequence: this.sent, sentMs: now });
      this.socket.send(datagram);
    }
    const waitMs = dueAt() - now;
    this.timer = network.after(waitMs > 0 ? waitMs : BURST_PAUSE_MS, () => this.sendDue());
  }

  private arrived(datagram: Buffer): void {
    const header = this.sends || this.endedAt !== undefined ? undefined : readDatagramHeader(datagram);
    if (header === undefined) return;
    const now = this.network.now();
    if (!this.arrivals.arrived(header.sequence, datagram.length, header.sentMs, now)) return;
    this.lastArrivalAt = now;
    if (this.isAllSent) this.waitForLateOnes();
  }

  private waitForLateOnes(): void {
    this.timer?.clear();
    const end = () => this.end(this.lastArrivalAt ?? this.startedAt);
    if (this.arrivals.lost === 0) end();
    else this.timer = this.network.after(LATE_MS, end);
  }
}
