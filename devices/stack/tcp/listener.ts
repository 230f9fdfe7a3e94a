import type { Instant } from '../clock.js';
import { ANY_ADDRESS } from '../wire/address.js';
import { ACK, FIN, RST, SYN, type TcpSegment } from '../wire/tcp.js';
import type { Connection } from './connection.js';
import type { Endpoint, ListenOptions, SocketRow, TcpContext } from './control-block/types.js';
import { sendReset } from './reset.js';
import { listenerRow } from './socket-row.js';

/** Node's default. */
const DEFAULT_BACKLOG = 511;

/** As Linux: an ACK is taken for a cookie's only so long after the SYN queue last ran over. */
const COOKIES_VALID_MS = 120_000;

/** What a listener wants of the layer: to make connections, each between `local` and `remote`. */
export interface Opener {
  /** In SYN_RECV, for a SYN. */
  open(listener: Listener, local: Endpoint, remote: Endpoint, syn: TcpSegment): Connection;
  /** Answers a SYN by a cookie: nothing is kept. */
  answerByCookie(listener: Listener, local: Endpoint, remote: Endpoint, syn: TcpSegment): void;
  /** In SYN_RECV, for an ACK that brings a cookie back; undefined, and counted, when it is none of ours. */
  openByCookie(listener: Listener, local: Endpoint, remote: Endpoint, ack: TcpSegment): Connection | undefined;
}

export interface ListenerOptions {
  readonly local: Endpoint;
  readonly backlog: number | undefined;
  readonly program: string;
  readonly buffersFor: ListenOptions['buffersFor'];
  readonly opener: Opener;
  /** Takes the listener out of the table. */
  readonly onClosed: (listener: Listener) => void;
}

/**
 * LISTEN: every acceptable SYN becomes a connection of its own; the program hears of those that are ESTABLISHED. Two
 * queues, each bounded by the backlog, as on Linux: handshakes under way, and connections that the program has not
 * heard of yet.
 *
 * When the SYN queue runs over (a flood, or a backlog that is too small) the oldest handshake makes room if its
 * SYN-ACK had to be repeated already: whoever is there answers sooner. As long as all are younger the newcomer is
 * answered by a cookie instead: that costs nobody his place, but without timestamps it loses window scale and SACK,
 * and an ACK that gets lost is not made good. So a place in the queue is the better service, and recycling comes first.
 */
export class Listener {
  /** The port is the chosen one when 0 was asked for. */
  readonly local: Endpoint;
  readonly program: string;
  readonly backlog: number;
  readonly buffersFor: ListenOptions['buffersFor'];
  /** Called out of the event queue with connections that are ESTABLISHED. */
  onConnection: (connection: Connection) => void = (connection) => connection.close();
  private readonly context: TcpContext;
  private readonly options: ListenerOptions;
  /** The SYN queue. */
  private readonly handshakes = new Set<Connection>();
  /** The accept queue: its length. The connections themselves are in the event queue. */
  private unheard = 0;
  private overflowAt: Instant = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(context: TcpContext, options: ListenerOptions) {
    this.context = context;
    this.options = options;
    this.local = options.local;
    this.program = options.program;
    this.buffersFor = options.buffersFor;
    this.backlog = Math.max(1, options.backlog ?? DEFAULT_BACKLOG);
  }

  get pending(): number {
    return this.handshakes.size + this.unheard;
  }

  /** The program is too far behind: as Linux, one more than the backlog has room, then SYNs and last ACKs are ignored. */
  get acceptQueueFull(): boolean {
    return this.unheard > this.backlog;
  }

  /** RFC 9293 section 3.10.7.2. */
  segmentArrives(segment: TcpSegment, local: Endpoint, remote: Endpoint): void {
    const { counters } = this.context;
    const { flags } = segment;
    if (flags & RST) counters.add('tcp.badReset');
    else if (flags & ACK) this.ackArrives(segment, local, remote);
    else if (!(flags & SYN) || flags & FIN) counters.add('tcp.noSyn');
    else if (this.acceptQueueFull) counters.add('tcp.acceptQueueFull');
    else if (this.handshakes.size < this.backlog || this.recycle()) {
      this.handshakes.add(this.options.opener.open(this, local, remote, segment));
    } else {
      counters.add('tcp.synQueueFull');
      this.overflowAt = this.context.timers.now;
      this.options.opener.answerByCookie(this, local, remote, segment);
    }
  }

  private ackArrives(segment: TcpSegment, local: Endpoint, remote: Endpoint): void {
    const { counters } = this.context;
    if (!(segment.flags & SYN) && this.context.timers.now - this.overflowAt < COOKIES_VALID_MS) {
      if (this.acceptQueueFull) {
        counters.add('tcp.acceptQueueFull');
        return;
      }
      const connection = this.options.opener.openByCookie(this, local, remote, segment);
      if (connection !== undefined) {
        this.handshakes.add(connection);
        connection.segmentArrives(segment);
        return;
      }
    }
    counters.add('tcp.badAck');
    sendReset(this.context, segment, local, remote);
  }

  /**
   * RFC 4987 section 3.4: the oldest handshake makes room, once its SYN-ACK had to be repeated. Its peer, should there
   * be one, is answered by RST.
   */
  private recycle(): boolean {
    const [oldest] = this.handshakes;
    if (oldest.sender.flight.count === 0) return false;
    this.context.counters.add('tcp.synQueueRecycled');
    oldest.end();
    return true;
  }

  /** A handshake is done. */
  deliver(connection: Connection): void {
    this.handshakes.delete(connection);
    this.unheard += 1;
    this.context.events.post(() => {
      this.unheard -= 1;
      if (this.closed) connection.abort();
      else this.onConnection(connection);
    });
  }

  /** A handshake has failed, or its connection is gone. */
  forget(connection: Connection): void {
    this.handshakes.delete(connection);
  }

  /** Accepts nothing more; handshakes under way are reset; accepted connections go on. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.options.onClosed(this);
    for (const connection of this.handshakes) connection.abort();
  }

  /** Is `address` one that this listener serves? */
  serves(address: number): boolean {
    return this.local.address === ANY_ADDRESS || this.local.address === address;
  }

  info(): SocketRow {
    return listenerRow(this);
  }
}
