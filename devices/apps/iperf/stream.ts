/** The streams of a test: they send without end, or read and forget, and know how much that was. */
import type { SocketRow } from '../../control/tables.js';
import type { Network } from '../../net/network.js';
import type { TcpSocket } from '../../net/tcp-socket.js';
import type { Instant } from '../../stack/clock.js';
import type { DatagramCounts, StreamResult } from './protocol.js';

/** What happened in one interval of a test. Instants are milliseconds since the start of the test. */
export interface Sample {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes: number;
  readonly retransmits: number;
  /** The connection as it is at the end of the interval; absent once it is gone. */
  readonly row?: SocketRow;
  /** Of UDP: a sender's count of packets, or what the receiver knows of them. */
  readonly datagrams?: DatagramCounts;
}

/** What reports tell of where a stream leads; numbers and texts are there while it is open. */
export interface StreamEnds {
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Of TCP. */
  statistics?(): SocketRow | undefined;
}

export interface TestStream {
  /** From 1; what reports call it. */
  readonly id: number;
  readonly socket: StreamEnds;
  readonly sends: boolean;
  /** The test begins. Resolves when the stream has ended in an orderly way; rejects with the error of its socket. */
  start(blockBytes: number, limitBytes: number | undefined): Promise<void>;
  /** A sender sends no more, and says so. */
  finish(): void;
  /** Of UDP, where the end does not show: the sender is done, after so many datagrams. */
  sentInAll?(packets: number): void;
  /** Since the last call. */
  sample(): Sample;
  /** Of the whole test. */
  result(): StreamResult;
  destroy(): void;
}

export class TcpStream implements TestStream {
  readonly id: number;
  readonly socket: TcpSocket;
  readonly sends: boolean;
  /** Received since the start, or written in whole blocks. */
  private bytes = 0;
  /** What the connection had sent before the start. */
  private bytesBefore = 0;
  private readonly network: Network;
  private startedAt: Instant = 0;
  private endedAt: Instant | undefined;
  private sampledAt: Instant = 0;
  private sampledBytes = 0;
  private sampledRetransmits = 0;
  private lastRow: SocketRow | undefined;

  constructor(network: Network, id: number, socket: TcpSocket, sends: boolean) {
    this.network = network;
    this.id = id;
    this.socket = socket;
    this.sends = sends;
    // Told by start(), as long as the test runs.
    socket.on('error', () => {});
  }

  start(blockBytes: number, limitBytes: number | undefined): Promise<void> {
    this.startedAt = this.network.now();
    this.sampledAt = this.startedAt;
    this.bytesBefore = this.look()?.bytesSent ?? 0;
    const ended = new Promise<void>((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.once('close', () => reject(new Error('the connection was closed')));
      this.socket.once(this.sends ? 'finish' : 'end', () => {
        this.endedAt ??= this.network.now();
        resolve();
      });
    });
    if (this.sends) this.send(Buffer.alloc(blockBytes, PATTERN), limitBytes ?? Number.POSITIVE_INFINITY);
    else {
      this.socket.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
      });
    }
    return ended;
  }

  finish(): void {
    if (!this.sends || this.socket.writableEnded) return;
    this.endedAt = this.network.now();
    this.socket.end();
  }

  sample(): Sample {
    const now = this.endedAt ?? this.network.now();
    const row = this.look();
    const bytes = this.moved(row);
    const retransmits = row?.retransmissions ?? 0;
    const sample = {
      fromMs: this.sampledAt - this.startedAt,
      toMs: now - this.startedAt,
      bytes: bytes - this.sampledBytes,
      retransmits: retransmits - this.sampledRetransmits,
      ...(row && { row }),
    };
    this.sampledAt = now;
    this.sampledBytes = bytes;
    this.sampledRetransmits = retransmits;
    return sample;
  }

  result(): StreamResult {
    const seconds = ((this.endedAt ?? this.network.now()) - this.startedAt) / 1000;
    const row = this.look();
    return { bytes: this.moved(row), seconds, retransmits: row?.retransmissions ?? 0 };
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The connection as it is, or as it was when it was last there. */
  private look(): SocketRow | undefined {
    this.lastRow = this.socket.statistics() ?? this.lastRow;
    return this.lastRow;
  }

  /** Sent or received. Of what is sent, the connection knows better than the program, which sees whole blocks go. */
  private moved(row: SocketRow | undefined): number {
    return this.sends && row !== undefined ? row.bytesSent - this.bytesBefore : this.bytes;
  }

  /** Block after block, the next one when the connection has taken the last. */
  private send(block: Buffer, limit: number): void {
    const { socket } = this;
    const next = (): void => {
      if (socket.destroyed || socket.writableEnded) return;
      const left = limit - this.bytes;
      if (left <= 0) {
        this.finish();
        return;
      }
      const bytes = left < block.length ? block.subarray(0, left) : block;
      socket.write(bytes, (error) => {
        if (error) return;
        this.bytes += bytes.length;
        next();
      });
    };
    next();
  }
}

/** Recognised at once in a capture. */
export const PATTERN = '0123456789';
