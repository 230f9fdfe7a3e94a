import type { Instant, Timer } from '../clock.js';
import { StackError } from '../errors.js';
import type { TcpSegment } from '../wire/tcp.js';
import { ChunkQueue } from './chunk-queue.js';
import { DelayedAck } from './delayed-ack.js';
import { errorOfIcmp, mtuOfIcmp } from './icmp-errors.js';
import { KeepAlive } from './keep-alive.js';
import type { Listener } from './listener.js';
import { receiveMssFor, setPathMtu, takeSynOptions } from './negotiation.js';
import { News } from './news.js';
import { SegmentOutput } from './output.js';
import { ReceiveWindow } from './receive-window.js';
import { Receiver } from './receiver.js';
import type { LossReason } from './retransmission-queue.js';
import { segmentArrives } from './segment-arrives.js';
import { Sender, type SenderOwner } from './sender.js';
import { type SequenceNumber, seqAdd, seqGe, seqLt } from './seqnum.js';
import { connectionRow, formatEndpoint } from './socket-row.js';
import { Tcb } from './tcb.js';
import type { ConnectionHandler, Endpoint, IcmpErrorReport, SocketRow, TcpContext, TcpState } from './types.js';

const DEFAULT_BUFFER_BYTES = 256 * 1024;
const DEFAULT_MSL_MS = 30_000;
/** As Linux's tcp_fin_timeout: how long a program that is gone waits for the peer's FIN. */
const ORPHAN_FIN_WAIT2_MS = 60_000;
/** As Linux's tcp_invalid_ratelimit: answers to segments that cannot be right, so that two ends never loop. */
const CHALLENGE_INTERVAL_MS = 500;

const NO_BYTES = new Uint8Array(0);

export interface ConnectionOptions {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly program: string;
  readonly listener?: Listener;
  /** Takes the connection out of the table: it is CLOSED. */
  readonly onRemoved: (connection: Connection) => void;
}

/** One connection: the user calls of RFC 9293 section 3.10 and the states; the work is in sender, receiver and segment-arrives. */
export class Connection implements SenderOwner {
  readonly program: string;
  /** The listener that accepted it; undefined for an active open. */
  readonly listener: Listener | undefined;

  // For segment-arrives.ts, which is this class's other half.
  readonly context: TcpContext;
  readonly tcb: Tcb;
  readonly output: SegmentOutput;
  readonly window: ReceiveWindow;
  readonly acks: DelayedAck;
  readonly receiver: Receiver;
  readonly sender: Sender;
  readonly keepAlive: KeepAlive;
  readonly news: News;
  /** 2 MSL in TIME_WAIT; the wait of an orphan in FIN_WAIT2. */
  readonly waitTimer: Timer;
  /** The program has let go: nobody reads any more. */
  orphaned = false;

  private readonly onRemoved: (connection: Connection) => void;
  private accepted = 0;
  private shutdownWanted = false;
  /** What an ICMP error told of the path: the reason should the connection time out. */
  private softError: StackError | undefined;
  private challengedAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(context: TcpContext, options: ConnectionOptions) {
    this.context = context;
    this.program = options.program;
    this.listener = options.listener;
    this.onRemoved = options.onRemoved;
    this.news = new News(context.events);
    this.tcb = new Tcb(options.local, options.remote);
    const queue = new ChunkQueue();
    const receiveBytes = context.receiveBufferBytes ?? DEFAULT_BUFFER_BYTES;
    const sendBytes = context.sendBufferBytes ?? DEFAULT_BUFFER_BYTES;
    this.window = new ReceiveWindow(this.tcb, receiveBytes, queue);
    this.acks = new DelayedAck(context.timers, () => this.output.ack());
    this.output = new SegmentOutput(context, this.tcb, this.window, this.acks);
    this.receiver = new Receiver(this.tcb, queue, this.acks, context.counters);
    this.output.selective = this.receiver.selective;
    this.sender = new Sender(context, this.tcb, this.output, sendBytes, this);
    this.keepAlive = new KeepAlive(
      context.timers,
      () => this.probePeer(),
      () => this.onSendTimeout(),
    );
    this.waitTimer = context.timers.create(() => this.end());
    const { address } = options.remote;
    // RFC 1191 section 6.4: what we can send says nothing about what we can receive.
    this.tcb.receiveMss = receiveMssFor(context.ipv4.linkMtuFor(address));
    setPathMtu(this.tcb, context.ipv4.mtuFor(address));
  }

  /** Where news goes; a handler that does nothing until the owner sets its own. */
  get handler(): ConnectionHandler {
    return this.news.handler;
  }

  set handler(handler: ConnectionHandler) {
    this.news.handler = handler;
  }

  get state(): TcpState {
    return this.tcb.state;
  }

  get local(): Endpoint {
    return this.tcb.local;
  }

  get remote(): Endpoint {
    return this.tcb.remote;
  }

  /** Bytes that the program gave, acknowledged or not. */
  get bytesSent(): number {
    return this.accepted;
  }

  /** Bytes received in order, read by the program or not. */
  get bytesReceived(): number {
    return this.receiver.bytesReceived;
  }

  /** Bytes that {@link read} would give now. */
  get readableBytes(): number {
    return this.receiver.queue.length;
  }

  /** Bytes that {@link send} would take now. */
  get sendFree(): number {
    return this.maySend() ? this.sender.buffer.free : 0;
  }

  // User calls (RFC 9293 section 3.10)

  /** Copies what fits; returns the bytes taken. Less than all: wait for onWritable. 0 when closed for sending. */
  send(bytes: Uint8Array): number {
    if (!this.maySend()) return 0;
    const count = this.sender.append(bytes);
    this.accepted += count;
    this.sender.flush();
    return count;
  }

  /** Takes received bytes, in order, at most `maxBytes`; undefined when there are none. Reopens the window. */
  read(maxBytes = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const bytes = this.receiver.queue.take(maxBytes);
    if (bytes !== undefined && this.mayReceive() && this.window.updateDue()) this.output.ack();
    return bytes;
  }

  /** CLOSE: FIN after what is queued; receiving goes on (half-close). During the handshake it waits for its end. */
  shutdown(): void {
    switch (this.state) {
      case 'SYN_SENT':
      case 'SYN_RECV':
        this.shutdownWanted = true;
        break;
      case 'ESTABLISHED':
        this.finish('FIN_WAIT1');
        break;
      case 'CLOSE_WAIT':
        this.finish('LAST_ACK');
        break;
      default: // closed for sending already
    }
  }

  /**
   * The program lets go for good, as close(2): FIN after what is queued, and RST when received bytes were not read
   * or still come (RFC 2525 section 2.17). FIN_WAIT2 ends after 60 s. Ends an unfinished handshake.
   */
  close(): void {
    if (this.orphaned) return;
    this.orphaned = true;
    this.sender.flight.orphaned = true;
    if (this.state === 'SYN_SENT') this.end();
    else if (this.readableBytes > 0 && this.mayBeReset()) this.abort();
    else {
      this.shutdown();
      if (this.state === 'FIN_WAIT2') this.startOrphanWait();
    }
  }

  /** ABORT: RST, everything queued is dropped; onClosed() follows without an error. */
  abort(): void {
    if (this.state === 'CLOSED') return;
    if (this.mayBeReset()) this.output.reset();
    this.end();
  }

  /** Turns Nagle's algorithm off (true) or on (false, the default). */
  setNoDelay(on: boolean): void {
    this.sender.noDelay = on;
    this.sender.flush();
  }

  /** RFC 9293 section 3.8.4; the first probe after `delayMs` of silence, default 7,200,000. */
  setKeepAlive(on: boolean, delayMs?: number): void {
    if (on && this.state !== 'CLOSED' && this.state !== 'TIME_WAIT') this.keepAlive.start(delayMs);
    else this.keepAlive.stop();
  }

  info(): SocketRow {
    return connectionRow(this);
  }

  // For tcp.ts and listener.ts

  openActive(iss: SequenceNumber): void {
    this.tcb.iss = iss;
    this.enter('SYN_SENT');
    this.sender.open();
  }

  /** LISTEN has received `syn`. RFC 9293 section 3.10.7.2. */
  openPassive(iss: SequenceNumber, syn: TcpSegment): void {
    const { tcb } = this;
    tcb.iss = iss;
    tcb.state = 'LISTEN';
    tcb.statistics.onReceived(syn, this.context.timers.now);
    this.takeSyn(syn);
    this.enter('SYN_RECV');
    this.sender.open();
  }

  segmentArrives(segment: TcpSegment): void {
    this.tcb.statistics.onReceived(segment, this.context.timers.now);
    this.keepAlive.heard();
    segmentArrives(this, segment);
    this.sender.flush();
    this.acks.flush();
  }

  /** `seq`: of the quoted segment. False when no such segment is on its way. */
  icmpError(report: IcmpErrorReport, seq: SequenceNumber): boolean {
    const { tcb } = this;
    // RFC 5927 section 4.1: only what is on its way can have caused an error.
    if (seqLt(seq, tcb.sndUna) || seqGe(seq, seqAdd(tcb.sndMax, 1))) {
      this.context.counters.add('tcp.icmpIgnored');
      return false;
    }
    const mtu = mtuOfIcmp(report, tcb.pathMtu);
    const error = errorOfIcmp(report);
    if (mtu !== undefined) {
      this.sender.pathMtuReduced(mtu);
      this.sender.flush();
    } else if (error !== undefined) {
      // As Linux: an attempt ends with the first error, a connection that works goes on and remembers it.
      if (tcb.state === 'SYN_SENT' || (tcb.state === 'SYN_RECV' && this.listener !== undefined)) this.end(error);
      else this.softError = error;
    }
    return true;
  }

  // For segment-arrives.ts

  /** The peer's SYN: its sequence number, options and (unscaled) window. */
  takeSyn(syn: TcpSegment): void {
    const { tcb } = this;
    tcb.irs = syn.seq;
    tcb.rcvNxt = seqAdd(syn.seq, 1);
    tcb.sndWnd = tcb.maxSndWnd = syn.window;
    tcb.sndWl1 = syn.seq;
    tcb.sndWl2 = syn.ack;
    takeSynOptions(tcb, syn.options, this.window.shift, this.context.timers.now);
  }

  established(): void {
    this.enter('ESTABLISHED');
    this.sender.flight.established();
    if (this.listener !== undefined) this.listener.deliver(this);
    this.news.established();
    if (this.shutdownWanted) this.shutdown();
  }

  textArrived(): void {
    this.news.readable(() => this.readableBytes > 0);
  }

  /** Our FIN is acknowledged, the peer's has not come. */
  enterFinWait2(): void {
    this.enter('FIN_WAIT2');
    if (this.orphaned) this.startOrphanWait();
  }

  /** Starts, or starts again, the wait of 2 MSL. */
  timeWait(): void {
    if (this.state !== 'TIME_WAIT') {
      this.enter('TIME_WAIT');
      this.stopWork();
      this.news.closed(undefined);
    }
    this.waitTimer.set(this.context.timers.now + 2 * (this.context.mslMs ?? DEFAULT_MSL_MS));
  }

  /** CLOSED, for good. */
  end(error?: StackError): void {
    this.enter('CLOSED');
    this.news.closed(error);
  }

  /**
   * RFC 5961: tells a peer whose segment cannot be right where we are. Segments without data could make two ends
   * answer each other for ever: those are answered twice a second at most.
   */
  challenge(limited: boolean): void {
    const { now } = this.context.timers;
    if (limited && now - this.challengedAt < CHALLENGE_INTERVAL_MS) {
      this.context.counters.add('tcp.challengesHeldBack');
      return;
    }
    if (limited) this.challengedAt = now;
    this.output.ack();
  }

  enter(state: TcpState): void {
    const { tcb, context } = this;
    const from = tcb.state;
    if (from === state) return;
    tcb.state = state;
    if (context.tracer.enabled) {
      context.tracer.emit({ event: 'tcp-state', ...this.names(), from, to: state });
    }
    if (state !== 'CLOSED') return;
    this.stopWork();
    this.waitTimer.clear();
    this.onRemoved(this);
  }

  // For sender.ts

  onSendTimeout(): void {
    this.context.counters.add('tcp.timedOut');
    this.end(this.softError ?? new StackError('ETIMEDOUT', 'connection timed out'));
  }

  onRoom(): void {
    this.news.writable(() => this.maySend());
  }

  onRetransmit(seq: SequenceNumber, reason: LossReason): void {
    const { tracer } = this.context;
    if (tracer.enabled) tracer.emit({ event: 'tcp-retransmit', ...this.names(), seq, reason });
  }

  private finish(state: TcpState): void {
    this.sender.finish();
    this.enter(state);
    this.sender.flush();
  }

  private startOrphanWait(): void {
    this.waitTimer.set(this.context.timers.now + ORPHAN_FIN_WAIT2_MS);
  }

  private stopWork(): void {
    this.sender.stop();
    this.receiver.clear();
    this.acks.stop();
    this.keepAlive.stop();
  }

  /** An empty segment below SND.NXT: not acceptable, so it is answered. */
  private probePeer(): void {
    if (!this.sender.idle) return;
    this.context.counters.add('tcp.keepAliveProbes');
    this.output.segment(0, seqAdd(this.tcb.sndNxt, -1), NO_BYTES);
  }

  private names(): { local: string; remote: string } {
    return { local: formatEndpoint(this.local), remote: formatEndpoint(this.remote) };
  }

  /** SYN_SENT and SYN_RECV queue until the handshake is done. */
  private maySend(): boolean {
    switch (this.state) {
      case 'SYN_SENT':
      case 'SYN_RECV':
      case 'ESTABLISHED':
      case 'CLOSE_WAIT':
        return !this.shutdownWanted;
      default:
        return false;
    }
  }

  private mayReceive(): boolean {
    return this.state === 'ESTABLISHED' || this.state === 'FIN_WAIT1' || this.state === 'FIN_WAIT2';
  }

  /** States in which ABORT sends RST: RFC 9293 section 3.10.5. */
  private mayBeReset(): boolean {
    return this.mayReceive() || this.state === 'SYN_RECV' || this.state === 'CLOSE_WAIT';
  }
}
