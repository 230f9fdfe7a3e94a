/** Echo requests and what comes back: what `ping` and `traceroute` are made of. */
import { EventEmitter } from 'node:events';
import type { Instant } from '../stack/clock.js';
import { StackError } from '../stack/errors.js';
import type { EchoError, EchoReply } from '../stack/ip/icmp.js';
import { formatIpv4, parseIpv4 } from '../stack/wire/address.js';
import { formatIcmp } from '../stack/wire/icmp.js';
import type { Network } from './network.js';
import { endpointError, nameNotFound, usageError } from './socket-errors.js';

export interface PingSocketOptions {
  /** 0 … 65535; tells the sockets of a machine apart. Default: a free one, drawn at random. */
  readonly identifier?: number;
}

export interface PingRequest {
  /** Dotted text. */
  readonly address: string;
  /** 0 … 65535 */
  readonly sequence: number;
  /** 1 … 255, default 64. */
  readonly ttl?: number;
  /** Comes back as it is; at most 65,507 bytes. Default: none. */
  readonly data?: Uint8Array;
  /** One of the machine's own addresses. Default: by the route. */
  readonly source?: string;
  /** Default 'whole': as long as it fits, in fragments otherwise. */
  readonly dontFragment?: boolean | 'whole';
}

interface Answer {
  /** Who sent it: the target, or a router on the way; an own address when our own ARP failed. */
  readonly from: string;
  readonly sequence: number;
  /** When it arrived. */
  readonly at: Instant;
  /** Since the last request with that sequence number was sent, ms. */
  readonly roundTripMs: number;
}

export interface PingReply extends Answer {
  readonly kind: 'reply';
  /** What was left of the reply's TTL. */
  readonly ttl: number;
  readonly data: Buffer;
}

export interface PingError extends Answer {
  readonly kind: 'error';
  /** ICMP: 3 destination unreachable, 11 time exceeded, 12 parameter problem. */
  readonly type: number;
  readonly code: number;
  /** With "fragmentation needed": the MTU that the path has, bytes. */
  readonly mtu?: number;
  /** `ICMP host unreachable` */
  readonly text: string;
}

export type PingResponse = PingReply | PingError;

interface PingSocketEvents {
  /** Duplicates and late ones too. */
  response: [response: PingResponse];
  close: [];
}

export class PingSocket extends EventEmitter<PingSocketEvents> {
  readonly identifier: number;
  private readonly network: Network;
  private readonly release: () => void;
  private readonly sentAt = new Map<number, Instant>();
  private closed = false;

  /** Throws SocketError EADDRINUSE when the wanted identifier is taken. */
  constructor(network: Network, options: PingSocketOptions = {}) {
    super();
    this.network = network;
    const { identifier, release } = this.takeIdentifier(options.identifier);
    this.identifier = identifier;
    this.release = release;
  }

  /** Sends one request. Throws SocketError: `send ENETUNREACH 10.9.9.9`, EHOSTUNREACH, EMSGSIZE, ENOTFOUND for names. */
  send(request: PingRequest): void {
    if (this.closed) throw usageError('ERR_SOCKET_CLOSED', 'Socket is closed');
    const dst = parseIpv4(request.address);
    const src = request.source === undefined ? undefined : parseIpv4(request.source);
    if (dst === undefined) throw nameNotFound(request.address);
    const { sequence, ttl, dontFragment } = request;
    // The program may change its bytes, and the stack keeps views: hence a copy.
    const data = request.data?.slice() ?? new Uint8Array(0);
    this.sentAt.set(sequence, this.network.now());
    const error = this.network.perform(() => {
      if (src !== undefined && !this.network.stack.ipv4.isLocal(src)) return new StackError('EADDRNOTAVAIL', 'source');
      return this.network.stack.icmp.sendEcho({
        dst,
        src,
        identifier: this.identifier,
        sequence,
        data,
        ttl,
        dontFragment,
      });
    });
    if (error !== undefined) throw endpointError('send', error.code, request.address, 0);
  }

  /**
   * Sends one request and resolves with what comes back of it, undefined when nothing does within `timeoutMs`.
   * Rejects as {@link send} throws, or with the signal's reason.
   */
  async probe(request: PingRequest, timeoutMs: number, signal?: AbortSignal): Promise<PingResponse | undefined> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const finish = (response: PingResponse | undefined) => {
        timer.clear();
        this.off('response', receive);
        this.off('close', giveUp);
        signal?.removeEventListener('abort', abort);
        resolve(response);
      };
      const receive = (response: PingResponse) => {
        if (response.sequence === request.sequence) finish(response);
      };
      const giveUp = () => finish(undefined);
      const abort = () => {
        reject(signal?.reason);
        giveUp();
      };
      this.on('response', receive);
      this.on('close', giveUp);
      signal?.addEventListener('abort', abort, { once: true });
      const timer = this.network.after(timeoutMs, giveUp);
      try {
        this.send(request);
      } catch (error) {
        reject(error);
        giveUp();
      }
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.release();
    process.nextTick(() => this.emit('close'));
  }

  private takeIdentifier(wanted: number | undefined): { identifier: number; release: () => void } {
    const handler = {
      onReply: (reply: EchoReply) => this.replied(reply),
      onError: (error: EchoError) => this.failed(error),
    };
    const { icmp } = this.network.stack;
    for (;;) {
      const identifier = wanted ?? this.network.random.below(0x10000);
      try {
        return { identifier, release: icmp.onEchoReply(identifier, handler) };
      } catch (error) {
        if (!(error instanceof StackError)) throw error;
        if (wanted !== undefined) throw endpointError('bind', error.code, '0.0.0.0', 0);
      }
    }
  }

  private replied({ from, sequence, ttl, data }: EchoReply): void {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
    this.announce({ kind: 'reply', ...this.answer(from, sequence), ttl, data: bytes });
  }

  private failed({ from, sequence, type, code, mtu }: EchoError): void {
    const text = formatIcmp({ type, code, rest: 0, body: new Uint8Array(0) });
    this.announce({ kind: 'error', ...this.answer(from, sequence), type, code, mtu, text });
  }

  private answer(from: number, sequence: number): Answer {
    const at = this.network.stack.timers.now;
    return { from: formatIpv4(from), sequence, at, roundTripMs: at - (this.sentAt.get(sequence) ?? at) };
  }

  private announce(response: PingResponse): void {
    setImmediate(() => {
      if (!this.closed) this.emit('response', response);
    });
  }
}
