/**
 * TCP connections to DNS servers: one a server, on which any number of questions are under way at once (RFC 7766
 * section 6.2.1), kept for a while after the last answer, and no longer than the server says (RFC 7828).
 */
import type { Timer } from '../stack/clock.js';
import { readU16 } from '../stack/wire/bytes.js';
import { ednsOption } from '../stack/wire/edns.js';
import { DnsFrames, frameDns } from './dns-framing.js';
import type { DnsVerdict, OutgoingQuery } from './dns-query.js';
import type { Network } from './network.js';
import type { TcpSocket } from './tcp-socket.js';

/** RFC 7828 section 3.3.2 lets servers offer hours. */
const MAX_KEPT_MS = 30_000;

export type DnsAnswered = DnsVerdict & { readonly kind: 'answer' };

interface Waiting {
  readonly query: OutgoingQuery;
  settle(answer: DnsAnswered): void;
  fail(error: { code?: string }): void;
}

export class DnsConnections {
  private readonly network: Network;
  private readonly program: string;
  private readonly keepMs: number;
  private readonly open = new Map<string, DnsConnection>();

  /** `keepMs`: how long an idle connection stays by default; 0 closes it with the last answer. */
  constructor(network: Network, program: string, keepMs: number) {
    this.network = network;
    this.program = program;
    this.keepMs = keepMs;
  }

  /** Whether this id is free on the connection to that server. */
  isFree(server: string, port: number, id: number): boolean {
    return this.open.get(`${server}:${port}`)?.has(id) !== true;
  }

  /**
   * Sends a query, and calls one of the two when its fate is known. A kept connection may have been closed by the server
   * at the same moment: then the query goes over a new one (RFC 7766 section 6.2.4).
   * @returns forgets the query
   */
  send(server: string, port: number, waiting: Waiting): () => void {
    const key = `${server}:${port}`;
    const kept = this.open.get(key);
    const connection = kept ?? this.connect(server, port);
    const { id } = waiting.query.message;
    let release = (): void => connection.release(id);
    connection.send({
      ...waiting,
      fail: (error) => {
        if (kept === undefined || error.code === 'ETIMEDOUT') return waiting.fail(error);
        release = this.send(server, port, waiting);
      },
    });
    return () => release();
  }

  private connect(server: string, port: number): DnsConnection {
    const key = `${server}:${port}`;
    const connection = new DnsConnection(this.network, server, port, this.program, this.keepMs, () => {
      if (this.open.get(key) === connection) this.open.delete(key);
    });
    this.open.set(key, connection);
    return connection;
  }
}

class DnsConnection {
  private readonly network: Network;
  private readonly socket: TcpSocket;
  private readonly frames = new DnsFrames();
  private readonly waiting = new Map<number, Waiting>();
  private readonly onGone: () => void;
  private keepMs: number;
  private readonly mayStay: boolean;
  private idle: Timer | undefined;
  private isGone = false;

  constructor(network: Network, host: string, port: number, program: string, keepMs: number, onGone: () => void) {
    this.network = network;
    this.keepMs = keepMs;
    this.mayStay = keepMs > 0;
    this.onGone = onGone;
    this.socket = network.connect({ host, port, program });
    this.socket.on('error', (error: { code?: string }) => this.gone(error));
    this.socket.on('data', (chunk: Uint8Array) => {
      for (const bytes of this.frames.push(chunk)) this.arrived(bytes);
    });
    this.socket.on('end', () => {
      this.gone({ code: 'ECONNRESET' });
      this.socket.destroySoon();
    });
  }

  has(id: number): boolean {
    return this.waiting.has(id);
  }

  send(waiting: Waiting): void {
    this.idle?.clear();
    this.idle = undefined;
    this.waiting.set(waiting.query.message.id, waiting);
    this.socket.write(frameDns(waiting.query.bytes));
  }

  /** Nobody waits for this answer any more; behind the last one the connection is closed, at once or later. */
  release(id: number): void {
    this.waiting.delete(id);
    if (this.waiting.size > 0 || this.idle !== undefined || this.isGone) return;
    if (this.keepMs === 0) this.close();
    else this.idle = this.network.after(this.keepMs, () => this.close());
  }

  private arrived(bytes: Uint8Array): void {
    const { counters } = this.network.stack;
    const waiting = bytes.length < 2 ? undefined : this.waiting.get(readU16(bytes, 0));
    const verdict: DnsVerdict = waiting?.query.judge(bytes) ?? { kind: 'mismatched' };
    if (verdict.kind === 'malformed') counters.add('dns.malformedAnswer');
    else if (verdict.kind === 'mismatched') counters.add('dns.mismatchedAnswer');
    else {
      const told = ednsOption(verdict.message, 'tcp-keepalive')?.timeoutMs;
      if (told !== undefined && this.mayStay) this.keepMs = Math.min(told, MAX_KEPT_MS);
      waiting?.settle(verdict);
    }
  }

  /** Our side closes, and nobody waits for the rest. */
  private close(): void {
    this.isGone = true;
    this.onGone();
    this.socket.removeAllListeners('end');
    this.socket.destroySoon();
  }

  private gone(error: { code?: string }): void {
    this.isGone = true;
    this.onGone();
    this.idle?.clear();
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { fail } of waiting) fail(error);
  }
}
