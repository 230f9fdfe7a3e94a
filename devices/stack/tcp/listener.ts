import { ANY_ADDRESS } from '../wire/address.js';
import { ACK, FIN, RST, SYN, type TcpSegment } from '../wire/tcp.js';
import type { Connection } from './connection.js';
import { sendReset } from './reset.js';
import { listenerRow } from './socket-row.js';
import type { Endpoint, SocketRow, TcpContext } from './types.js';

/** Node's default. */
const DEFAULT_BACKLOG = 511;

export interface ListenerOptions {
  readonly local: Endpoint;
  readonly backlog: number | undefined;
  readonly program: string;
  /** Makes a connection in SYN_RECV for a SYN. */
  readonly open: (listener: Listener, local: Endpoint, remote: Endpoint, syn: TcpSegment) => Connection;
  /** Takes the listener out of the table. */
  readonly onClosed: (listener: Listener) => void;
}

/** LISTEN: every acceptable SYN becomes a connection of its own; the program hears of those that are ESTABLISHED. */
export class Listener {
  /** The port is the chosen one when 0 was asked for. */
  readonly local: Endpoint;
  readonly program: string;
  readonly backlog: number;
  /** Called out of the event queue with connections that are ESTABLISHED. */
  onConnection: (connection: Connection) => void = (connection) => connection.close();
  private readonly context: TcpContext;
  private readonly options: ListenerOptions;
  /** The SYN queue: handshakes under way, and connections that the program has not heard of yet. */
  private readonly handshakes = new Set<Connection>();
  private closed = false;

  constructor(context: TcpContext, options: ListenerOptions) {
    this.context = context;
    this.options = options;
    this.local = options.local;
    this.program = options.program;
    this.backlog = Math.max(1, options.backlog ?? DEFAULT_BACKLOG);
  }

  get pending(): number {
    return this.handshakes.size;
  }

  /** RFC 9293 section 3.10.7.2. */
  segmentArrives(segment: TcpSegment, local: Endpoint, remote: Endpoint): void {
    const { counters } = this.context;
    const { flags } = segment;
    if (flags & RST) counters.add('tcp.badReset');
    else if (flags & ACK) {
      counters.add('tcp.badAck');
      sendReset(this.context, segment, local, remote);
    } else if (!(flags & SYN) || flags & FIN) counters.add('tcp.noSyn');
    else if (this.handshakes.size >= this.backlog && !this.recycle()) counters.add('tcp.synQueueFull');
    else this.handshakes.add(this.options.open(this, local, remote, segment));
  }

  /**
   * Against SYN floods (RFC 4987 section 3.4): the oldest handshake makes room, once its SYN-ACK had to be repeated.
   * Its peer, should there be one, is answered by RST.
   */
  private recycle(): boolean {
    const [oldest] = this.handshakes;
    if (oldest.state !== 'SYN_RECV' || oldest.sender.flight.count === 0) return false;
    this.context.counters.add('tcp.synQueueRecycled');
    oldest.end();
    return true;
  }

  /** A handshake is done. */
  deliver(connection: Connection): void {
    this.context.events.post(() => {
      this.handshakes.delete(connection);
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
    for (const connection of this.handshakes) {
      if (connection.state === 'SYN_RECV') connection.abort();
    }
  }

  /** Is `address` one that this listener serves? */
  serves(address: number): boolean {
    return this.local.address === ANY_ADDRESS || this.local.address === address;
  }

  info(): SocketRow {
    return listenerRow(this);
  }
}
