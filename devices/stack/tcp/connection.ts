import { StackError } from '../errors.js';
import { createCongestionControl } from './congestion/choose.js';
import type { CongestionControlName } from './congestion/congestion-control.js';
import { seqAdd, seqDiff, seqMax } from './control-block/seqnum.js';
import { mayBeReset, mayReceive } from './control-block/states.js';
import type { ConnectionHandler, Endpoint, SocketRow } from './control-block/types.js';
import type { KeepAliveTimes } from './keep-alive.js';
import { ConnectionMachine } from './machine.js';
import { connectionRow } from './socket-row.js';

export type { ConnectionOptions } from './machine.js';

const MAX_USER_TIMEOUT_MS = 0x7fffffff;

/** One connection as its program sees it: the user calls of RFC 9293 section 3.10. */
export class Connection extends ConnectionMachine {
  private accepted = 0;

  /** Where news goes; a handler that does nothing until the owner sets its own. */
  get handler(): ConnectionHandler {
    return this.news.handler;
  }

  set handler(handler: ConnectionHandler) {
    this.news.handler = handler;
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

  /** Bytes that {@link send} would take now. */
  get sendFree(): number {
    return this.maySendMore() ? this.sender.buffer.free : 0;
  }

  /** Bytes that {@link read} has to give until the end of the peer's urgent data; 0 when there is none. */
  get urgentBytes(): number {
    const { rcvUp, irs } = this.tcb;
    if (rcvUp === undefined) return 0;
    const read = this.receiver.bytesReceived - this.readableBytes;
    return Math.max(0, seqDiff(rcvUp, seqAdd(irs, 1 + read)));
  }

  /** Copies what fits; returns the bytes taken. Less than all: wait for onWritable. 0 when closed for sending. */
  send(bytes: Uint8Array): number {
    return this.queue(bytes, false);
  }

  /**
   * As {@link send}; the peer is told that what was given so far is urgent (RFC 9293 section 3.8.5). The bytes stay in
   * line. For protocols that have always used it, as Telnet; new ones should not (RFC 6093).
   */
  sendUrgent(bytes: Uint8Array): number {
    return this.queue(bytes, true);
  }

  /** Takes received bytes, in order, at most `maxBytes`; undefined when there are none. Reopens the window. */
  read(maxBytes = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const bytes = this.receiver.queue.take(maxBytes);
    if (bytes === undefined) return undefined;
    this.window.taken(bytes.length, this.context.timers.now, this.receiver.reassembly.length);
    if (mayReceive(this.state)) {
      if (this.window.updateDue()) this.output.ack();
      if (this.readableBytes === 0) this.acks.drained();
    }
    if (this.tcb.rcvUp !== undefined && this.urgentBytes === 0) this.tcb.rcvUp = undefined;
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
    this.sender.persist.orphaned = true;
    if (this.state === 'SYN_SENT') this.end();
    else if (this.readableBytes > 0 && mayBeReset(this.state)) this.abort();
    else {
      this.shutdown();
      if (this.state === 'FIN_WAIT2') this.startOrphanWait();
    }
  }

  /** Turns Nagle's algorithm off (true) or on (false, the default). */
  setNoDelay(on: boolean): void {
    this.sender.noDelay = on;
    this.sender.flush();
  }

  /** Linux's TCP_CONGESTION; to be said before data is sent, for the window starts anew. */
  setCongestionControl(name: CongestionControlName): void {
    this.sender.flight.useCongestionControl(createCongestionControl(name));
  }

  /** RFC 9293 section 3.8.4: asks a silent peer whether it is there; ETIMEDOUT when it never answers. */
  setKeepAlive(on: boolean, times: KeepAliveTimes = {}): void {
    if (on && this.state !== 'CLOSED' && this.state !== 'TIME_WAIT') this.keepAlive.start(times);
    else this.keepAlive.stop();
  }

  /**
   * Linux's TCP_USER_TIMEOUT: the connection ends with ETIMEDOUT when what was given waits so long, 1 … 2^31-1 ms,
   * without progress; 0, the default: after 15 retransmissions, about a quarter of an hour. Throws StackError EINVAL.
   */
  setUserTimeout(ms: number): void {
    if (!(Number.isInteger(ms) && ms >= 0 && ms <= MAX_USER_TIMEOUT_MS)) {
      throw new StackError('EINVAL', `not a user timeout in milliseconds: ${ms}`);
    }
    this.sender.flight.timed = ms > 0;
    if (this.state !== 'CLOSED' && this.state !== 'TIME_WAIT') this.userTimeout.set(ms);
  }

  /** Differentiated services codepoint (RFC 2474) of what is sent from now on, 0 … 63. Throws StackError EINVAL. */
  setDscp(dscp: number): void {
    if (!(Number.isInteger(dscp) && dscp >= 0 && dscp < 64)) throw new StackError('EINVAL', `not a DSCP: ${dscp}`);
    this.tcb.dscp = dscp;
  }

  /** Time to live of the packets that are sent from now on, 1 … 255. Throws StackError EINVAL. */
  setTtl(ttl: number): void {
    if (!(Number.isInteger(ttl) && ttl >= 1 && ttl < 256)) throw new StackError('EINVAL', `not a TTL: ${ttl}`);
    this.tcb.ttl = ttl;
  }

  info(): SocketRow {
    return connectionRow(this);
  }

  private queue(bytes: Uint8Array, urgent: boolean): number {
    if (!this.maySendMore()) return 0;
    const { tcb, sender } = this;
    const count = sender.append(bytes);
    this.accepted += count;
    if (urgent && count > 0) tcb.sndUp = seqAdd(seqMax(tcb.sndUna, seqAdd(tcb.iss, 1)), sender.buffer.length);
    sender.flush();
    this.userTimeout.update();
    return count;
  }
}
