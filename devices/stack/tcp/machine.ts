import type { Timer } from '../clock.js';
import { StackError } from '../errors.js';
import { ACK, CWR, ECE, SYN, type TcpSegment } from '../wire/tcp.js';
import { ChallengeAcks, type ChallengeBudget } from './challenge-acks.js';
import { receiveMssFor, takeSynOptions } from './control-block/negotiation.js';
import { type SequenceNumber, seqAdd } from './control-block/seqnum.js';
import { mayBeReset, maySend } from './control-block/states.js';
import { Tcb } from './control-block/tcb.js';
import type { Endpoint, SocketBuffers, TcpContext, TcpState } from './control-block/types.js';
import { KeepAlive } from './keep-alive.js';
import type { Listener } from './listener.js';
import { News } from './news.js';
import { ChunkQueue } from './receiving/chunk-queue.js';
import { DelayedAck } from './receiving/delayed-ack.js';
import { ReceiveWindow } from './receiving/receive-window.js';
import { Receiver } from './receiving/receiver.js';
import type { LossReason } from './recovery/retransmission-queue.js';
import { segmentArrives } from './segment-arrives.js';
import { SegmentOutput } from './sending/output.js';
import { Sender, type SenderOwner } from './sending/sender.js';
import { formatEndpoint } from './socket-row.js';
import { timestampWithOptions } from './syn-cookies.js';
import { UserTimeout } from './user-timeout.js';

const DEFAULT_MSL_MS = 30_000;
/** As Linux's tcp_fin_timeout: how long a program that is gone waits for the peer's FIN. */
const ORPHAN_FIN_WAIT2_MS = 60_000;

const NO_BYTES = new Uint8Array(0);

export interface ConnectionOptions extends SocketBuffers {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly program: string;
  /** Who accepts it; undefined for an active open. */
  readonly listener?: Listener;
  /** What the timestamp clock is ahead of the machine's: RFC 7323 section 5.4. */
  readonly timestampOffset: number;
  /** Shared by the connections of one machine. */
  readonly challenges: ChallengeBudget;
  /** The handshake of a passive open is done. */
  readonly onAccepted?: () => void;
  /** Takes the connection out of the table: it is CLOSED. */
  readonly onRemoved: () => void;
}

/**
 * The states of one connection (RFC 9293 section 3.3.2) and those who work in them: sender, receiver, timers. What
 * arrives is sorted out in segment-arrives.ts, what the program calls is in connection.ts.
 */
export class ConnectionMachine implements SenderOwner {
  readonly program: string;
  /** The listener that accepted it; undefined for an active open. */
  readonly listener: Listener | undefined;
  readonly context: TcpContext;
  readonly tcb: Tcb;
  readonly output: SegmentOutput;
  readonly window: ReceiveWindow;
  readonly acks: DelayedAck;
  readonly receiver: Receiver;
  readonly sender: Sender;
  readonly keepAlive: KeepAlive;
  readonly userTimeout: UserTimeout;
  readonly challenges: ChallengeAcks;
  readonly news: News;
  /** 2 MSL in TIME_WAIT; the wait of an orphan in FIN_WAIT2. */
  readonly waitTimer: Timer;
  /** The program has let go: nobody reads any more. */
  orphaned = false;
  /** The program has closed before the handshake was done. */
  shutdownWanted = false;
  /** What an ICMP error told of the path: the reason should the connection time out. */
  softError: StackError | undefined;
  /** When our first SYN went out, by the clock of its timestamps. */
  openedTimestamp: number | undefined;
  /** ECN bits of the segment that is being looked at. */
  codepoint = 0;

  private readonly options: ConnectionOptions;

  constructor(context: TcpContext, options: ConnectionOptions) {
    this.context = context;
    this.program = options.program;
    this.listener = options.listener;
    this.options = options;
    this.news = new News(context.events);
    this.tcb = new Tcb(options.local, options.remote);
    this.tcb.timestampOffset = options.timestampOffset;
    const { timers, counters } = context;
    const queue = new ChunkQueue();
    this.tcb.ecn.mode = context.ecn ?? 'accept';
    this.window = new ReceiveWindow(this.tcb, options.receiveBufferBytes ?? context.receiveBufferBytes, queue);
    this.acks = new DelayedAck(timers, () => this.output.ack());
    this.output = new SegmentOutput(context, this.tcb, this.window, this.acks);
    this.receiver = new Receiver(this.tcb, queue, this.acks, counters);
    this.output.selective = this.receiver.selective;
    const sendBufferBytes = options.sendBufferBytes ?? context.sendBufferBytes;
    this.sender = new Sender(context, this.tcb, this.output, sendBufferBytes, this);
    this.challenges = new ChallengeAcks(timers, counters, options.challenges, () => this.output.ack());
    const isWaiting = () => !this.sender.idle;
    this.userTimeout = new UserTimeout(timers, this.tcb, isWaiting, () => this.onSendTimeout());
    this.keepAlive = new KeepAlive(timers, {
      probe: () => this.probePeer(),
      giveUp: () => this.onSilence(),
      userTimeoutMs: () => this.userTimeout.ms,
    });
    this.waitTimer = timers.create(() => this.end());
    // RFC 1191 section 6.4: what we can send says nothing about what we can receive.
    this.tcb.receiveMss = receiveMssFor(context.ipv4.linkMtuFor(options.remote.address));
  }

  get state(): TcpState {
    return this.tcb.state;
  }

  /** Bytes received in order that the program has not read. */
  get readableBytes(): number {
    return this.receiver.queue.length;
  }

  // Opening

  openActive(iss: SequenceNumber): void {
    this.tcb.iss = iss;
    this.context.counters.add('tcp.activeOpens');
    this.enter('SYN_SENT');
    this.openedTimestamp = this.output.timestamp;
    this.sender.open();
    this.userTimeout.update();
  }

  /** LISTEN has received `syn`. RFC 9293 section 3.10.7.2. */
  openPassive(iss: SequenceNumber, syn: TcpSegment): void {
    this.tcb.iss = iss;
    this.tcb.state = 'LISTEN';
    this.takeSyn(syn);
    this.enter('SYN_RECV');
    this.sender.open();
  }

  /**
   * Answers `syn` with a SYN-ACK whose number is a cookie, and keeps nothing: this object is forgotten. As Linux,
   * without timestamps only the MSS can be brought back, so nothing else is agreed upon.
   */
  answerByCookie(cookie: SequenceNumber, syn: TcpSegment): void {
    const { tcb } = this;
    tcb.iss = cookie;
    tcb.state = 'LISTEN';
    const hasTimestamps = syn.options.timestamps !== undefined;
    this.takeSyn(hasTimestamps ? syn : { ...syn, flags: SYN, options: { mss: syn.options.mss } });
    tcb.state = 'SYN_RECV';
    if (hasTimestamps) {
      const ecn = (syn.flags & (ECE | CWR)) === (ECE | CWR);
      const now = this.output.timestamp;
      tcb.timestampOffset += timestampWithOptions(now, { ...syn.options, ecn }) - now;
    }
    this.output.syn();
  }

  /** The peer has brought our cookie back: as if its `syn` and our SYN-ACK had just been exchanged. */
  openByCookie(cookie: SequenceNumber, syn: TcpSegment): void {
    const { tcb } = this;
    tcb.iss = cookie;
    tcb.state = 'LISTEN';
    this.takeSyn(syn);
    this.enter('SYN_RECV');
    this.window.initial();
    tcb.lastAckSent = tcb.rcvNxt;
    this.sender.resume();
  }

  /** The peer's SYN: its sequence number, options and (unscaled) window. */
  takeSyn(syn: TcpSegment): void {
    const { tcb } = this;
    tcb.ecn.synArrived(syn.flags, tcb.state === 'SYN_SENT', (syn.flags & ACK) !== 0);
    tcb.irs = syn.seq;
    tcb.rcvNxt = seqAdd(syn.seq, 1);
    tcb.sndWnd = tcb.maxSndWnd = syn.window;
    tcb.sndWl1 = syn.seq;
    tcb.sndWl2 = syn.ack;
    takeSynOptions(tcb, syn.options, this.window.shift, this.context.timers.now);
  }

  established(): void {
    // RFC 4022 counts at the SYN, Linux when the handshake is done: floods open nothing.
    if (this.listener !== undefined) this.context.counters.add('tcp.passiveOpens');
    this.enter('ESTABLISHED');
    this.sender.flight.established();
    this.options.onAccepted?.();
    this.news.established();
    if (this.shutdownWanted) this.finish('FIN_WAIT1');
  }

  // While it lives

  /** `codepoint`: the ECN bits of the packet that carried it. */
  segmentArrives(segment: TcpSegment, codepoint = 0): void {
    this.codepoint = codepoint;
    this.tcb.statistics.onReceived(segment, this.context.timers.now);
    this.keepAlive.heard();
    segmentArrives(this, segment);
    this.sender.flush();
    this.acks.flush();
    this.userTimeout.update();
  }

  textArrived(): void {
    this.news.readable(() => this.readableBytes > 0);
  }

  // Ending

  /** Our FIN follows what is queued. */
  finish(state: TcpState): void {
    this.sender.finish();
    this.enter(state);
    this.sender.flush();
    this.userTimeout.update();
  }

  /** Our FIN is acknowledged, the peer's has not come. */
  enterFinWait2(): void {
    this.enter('FIN_WAIT2');
    if (this.orphaned) this.startOrphanWait();
  }

  startOrphanWait(): void {
    this.waitTimer.set(this.context.timers.now + ORPHAN_FIN_WAIT2_MS);
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

  /** ABORT: RST, everything queued is dropped; onClosed() follows without an error. */
  abort(): void {
    if (this.state === 'CLOSED') return;
    if (mayBeReset(this.state)) this.output.reset();
    this.end();
  }

  /** CLOSED, for good. */
  end(error?: StackError): void {
    // As Linux: neither what the program gave up counts, nor a listener's handshake that nobody finished.
    const attempted = this.state === 'SYN_SENT' || (this.state === 'SYN_RECV' && this.listener === undefined);
    if (attempted && error !== undefined) this.context.counters.add('tcp.attemptsFailed');
    this.enter('CLOSED');
    this.news.closed(error);
  }

  enter(state: TcpState): void {
    const { tcb, context } = this;
    const from = tcb.state;
    if (from === state) return;
    tcb.state = state;
    // RFC 4022, tcpEstabResets: by whichever end, and by silence.
    if (state === 'CLOSED' && (from === 'ESTABLISHED' || from === 'CLOSE_WAIT')) {
      context.counters.add('tcp.establishedResets');
    }
    if (context.tracer.enabled) {
      context.tracer.emit({ event: 'tcp-state', ...this.names(), from, to: state });
    }
    if (state !== 'CLOSED') return;
    this.stopWork();
    this.waitTimer.clear();
    this.options.onRemoved();
  }

  // For sender.ts

  onSendTimeout(): void {
    this.context.counters.add('tcp.timedOut');
    this.end(this.softError ?? new StackError('ETIMEDOUT', 'connection timed out'));
  }

  onRoom(): void {
    this.news.writable(() => this.maySendMore());
  }

  onRetransmit(seq: SequenceNumber, reason: LossReason): void {
    const { tracer } = this.context;
    if (tracer.enabled) tracer.emit({ event: 'tcp-retransmit', ...this.names(), seq, reason });
  }

  protected maySendMore(): boolean {
    return maySend(this.state) && !this.shutdownWanted;
  }

  private stopWork(): void {
    this.sender.stop();
    this.receiver.clear();
    this.acks.stop();
    this.keepAlive.stop();
    this.userTimeout.stop();
  }

  /** An empty segment below SND.NXT: not acceptable, so it is answered. */
  private probePeer(): void {
    if (!this.sender.idle) return;
    this.context.counters.add('tcp.keepAliveProbes');
    this.output.segment(0, seqAdd(this.tcb.sndNxt, -1), NO_BYTES);
  }

  /** No keep-alive probe was answered. As Linux, a peer that is there after all learns of it. */
  private onSilence(): void {
    if (mayBeReset(this.state)) this.output.reset();
    this.onSendTimeout();
  }

  private names(): { local: string; remote: string } {
    const { local, remote } = this.tcb;
    return { local: formatEndpoint(local), remote: formatEndpoint(remote) };
  }
}
