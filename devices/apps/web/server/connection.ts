/**
 * One connection to the web server, and the time that its client may take. A client that sends a byte now and then is
 * never idle, and so never caught by the idle timeouts: its requests have deadlines (slowloris). They are timers of
 * the emulated machine.
 */
import type { ServerResponse } from 'node:http';
import type { Network } from '../../../net/network.js';
import type { TcpSocket } from '../../../net/tcp-socket.js';
import type { Timer } from '../../../stack/clock.js';

/** From the beginning of the connection, or the end of the answer before, to the end of a request's head; with TLS's handshake. */
export const HEAD_TIMEOUT_MS = 60_000;
/** How long a connection is kept for another request. Announced to the client. */
export const KEEP_ALIVE_TIMEOUT_MS = 15_000;
/** A body may take so long, and a second longer for every {@link BODY_BYTES_PER_SECOND} of it that have come. */
export const BODY_TIMEOUT_MS = 20_000;
export const BODY_BYTES_PER_SECOND = 500;

/** What the TLS handshake has settled. */
export interface SecureFacts {
  /** The name that the client asked for (SNI); empty when it asked for none. */
  readonly serverName: string;
  /** Host names and addresses of the certificate that it was shown; lower case. */
  readonly names: readonly string[];
}

/** The body of a request that has begun. */
export interface AwaitedBody {
  /** It has come, whether or not somebody has read it. */
  isComplete(): boolean;
  /** It did not come in time. */
  onLate(): void;
}

export class Connection {
  readonly socket: TcpSocket;
  /** Undefined without TLS. */
  secure: SecureFacts | undefined;
  /** What comes to the port of https is plain http. */
  misplaced = false;
  /** Says goodbye to a client that sends no request, in the protocol that is spoken. */
  turnAway: () => void = () => this.socket.destroy();
  private readonly network: Network;
  private timer: Timer | undefined;
  private open = 0;
  private readonly bodies = new Set<AwaitedBody>();
  /** The answers of HTTP/1.1 that are not yet sent, the first of them under way. */
  private readonly waiting: (() => void)[] = [];

  constructor(network: Network, socket: TcpSocket) {
    this.network = network;
    this.socket = socket;
    socket.once('close', () => this.clear());
    this.arm(HEAD_TIMEOUT_MS, () => this.turnAway());
  }

  /** "192.0.2.1:40000" */
  get remote(): string {
    return `${this.socket.remoteAddress}:${this.socket.remotePort}`;
  }

  /**
   * The head of a request has come, and perhaps a body follows. Returns what is to be called when the answer is over.
   */
  begin(body: AwaitedBody): () => void {
    this.open += 1;
    this.clear();
    if (!body.isComplete()) {
      this.bodies.add(body);
      this.awaitBodies();
    }
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.bodies.delete(body);
      this.open -= 1;
      if (this.open === 0) this.awaitHead();
    };
  }

  /**
   * What a client of HTTP/1.1 asks before it has been answered (pipelining, RFC 9112 section 9.3.2) is answered once all
   * before it has been sent: else a few bytes of requests would fill the memory with answers that nobody reads.
   */
  inTurn(response: ServerResponse, answer: () => void): void {
    this.waiting.push(answer);
    response.once('close', () => {
      this.waiting.splice(this.waiting.indexOf(answer), 1);
      if (!this.socket.destroyed) this.waiting[0]?.();
    });
    if (this.waiting.length === 1) answer();
  }

  /** No deadlines any more: what is spoken now is not HTTP. */
  release(): void {
    this.open = Number.POSITIVE_INFINITY;
    this.clear();
  }

  private awaitHead(): void {
    if (!this.socket.destroyed) this.arm(KEEP_ALIVE_TIMEOUT_MS + HEAD_TIMEOUT_MS, () => this.turnAway());
  }

  private awaitBodies(): void {
    let since = this.network.now();
    let before = this.socket.bytesRead;
    const check = () => {
      for (const body of this.bodies) if (body.isComplete()) this.bodies.delete(body);
      if (this.bodies.size === 0) return;
      const now = this.network.now();
      // A program that does not read holds its client up, not the other way round.
      if (this.socket.isPaused()) {
        since = now;
        before = this.socket.bytesRead;
      }
      const allowed = BODY_TIMEOUT_MS + ((this.socket.bytesRead - before) / BODY_BYTES_PER_SECOND) * 1000;
      if (now - since < allowed) this.arm(since + allowed - now, check);
      else for (const body of this.bodies) body.onLate();
    };
    this.arm(BODY_TIMEOUT_MS, check);
  }

  private arm(ms: number, run: () => void): void {
    this.clear();
    // Whoever is late is heard of in a turn of the event loop, as all else that programs hear.
    this.timer = this.network.after(ms, () => setImmediate(run));
  }

  private clear(): void {
    this.timer?.clear();
    this.timer = undefined;
  }
}
