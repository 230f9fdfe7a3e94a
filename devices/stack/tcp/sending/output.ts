import type { StackError } from '../../errors.js';
import { PROTOCOL_TCP } from '../../wire/ipv4.js';
import {
  ACK,
  emitTcp,
  MAX_TCP_OPTIONS_LENGTH,
  RST,
  SYN,
  type TcpOptions,
  type TcpSegment,
  URG,
} from '../../wire/tcp.js';
import { synOptions, timestampsLength } from '../control-block/negotiation.js';
import { type SequenceNumber, seqDiff } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { TcpContext } from '../control-block/types.js';
import type { DelayedAck } from '../receiving/delayed-ack.js';
import type { ReceiveWindow } from '../receiving/receive-window.js';
import type { SelectiveAcks } from '../receiving/selective-acks.js';

const NO_OPTIONS: TcpOptions = {};
const NO_PAYLOAD = new Uint8Array(0);

/** The one place where segments of a connection are made: ACK, window and timestamps are the present ones. */
export class SegmentOutput {
  private readonly context: TcpContext;
  private readonly tcb: Tcb;
  private readonly window: ReceiveWindow;
  private readonly acks: DelayedAck;
  /** The peer has acknowledged something new since the last segment: Linux's sk_dst_confirm. */
  answered = false;
  /** What the receiving half wants to report. */
  selective: SelectiveAcks | undefined;
  private identification: number | undefined;

  constructor(context: TcpContext, tcb: Tcb, window: ReceiveWindow, acks: DelayedAck) {
    this.context = context;
    this.tcb = tcb;
    this.window = window;
    this.acks = acks;
  }

  /** The timestamp clock, one tick a millisecond, unsigned 32-bit. */
  get timestamp(): number {
    return (Math.floor(this.context.timers.now) + this.tcb.timestampOffset) >>> 0;
  }

  /** Milliseconds since we sent the timestamp that a full segment echoes: a round trip as the receiver sees it. */
  ageOf(segment: TcpSegment): number | undefined {
    const echo = segment.options.timestamps?.echo;
    const isFull = segment.payload.length >= this.tcb.statistics.largestSegmentIn;
    return this.tcb.timestamps === undefined || echo === undefined || !isFull
      ? undefined
      : seqDiff(this.timestamp, echo);
  }

  /** SYN, or SYN and ACK once the peer's SYN is known. */
  syn(): void {
    const active = this.tcb.state === 'SYN_SENT';
    const flags = (active ? SYN : SYN | ACK) | this.tcb.ecn.synFlags(active);
    const options = synOptions(this.tcb, this.window.shift, this.timestamp);
    this.transmit(flags, this.tcb.iss, NO_PAYLOAD, options, this.window.initial());
  }

  /**
   * Data, or an empty segment; ACK is always set. `flags`: PSH and FIN as wanted. `fresh`: the data goes for the first
   * time, and counts as sent. An error is counted already.
   */
  segment(flags: number, seq: SequenceNumber, payload: Uint8Array, fresh = false): StackError | undefined {
    const options = this.options(payload.length);
    if (payload.length > 0) this.acks.dataSent();
    const { ecn } = this.tcb;
    const tos = ecn.codepoint(fresh && payload.length > 0);
    return this.transmit(flags | ACK | ecn.echoFlags, seq, payload, options, this.window.advertise(), tos);
  }

  /** Bytes of data that a full segment takes now, beside the blocks that the receiving half wants to report. */
  get mss(): number {
    return this.tcb.mss - (this.selective?.optionLength ?? 0);
  }

  ack(): void {
    this.segment(0, this.tcb.sndNxt, NO_PAYLOAD);
  }

  /** RFC 9293 section 3.10.5: our side gives up. */
  reset(): void {
    this.context.counters.add('tcp.resetsOut');
    this.transmit(RST | ACK, this.tcb.sndNxt, NO_PAYLOAD, NO_OPTIONS, 0);
  }

  /** A segment that goes again with the length that it had leaves out the blocks that do not fit. */
  private options(dataLength: number): TcpOptions {
    const { tcb } = this;
    const { timestamps } = tcb;
    const left = MAX_TCP_OPTIONS_LENGTH - timestampsLength(tcb);
    const sack = this.selective?.take(dataLength === 0 ? left : Math.min(left, tcb.mss - dataLength));
    if (timestamps === undefined) return sack === undefined ? NO_OPTIONS : { sack };
    const own = { value: this.timestamp, echo: timestamps.recent };
    return sack === undefined ? { timestamps: own } : { timestamps: own, sack };
  }

  /** From `seq` to just after the last urgent byte (RFC 9293 section 3.8.5), as far as the field reaches; 0: none. */
  private urgentPointer(seq: SequenceNumber): number {
    const { sndUp } = this.tcb;
    return sndUp === undefined ? 0 : Math.min(0xffff, Math.max(0, seqDiff(sndUp, seq)));
  }

  private transmit(
    flags: number,
    seq: SequenceNumber,
    payload: Uint8Array,
    options: TcpOptions,
    window: number,
    tos = 0,
  ): StackError | undefined {
    const { tcb, context } = this;
    const { local, remote } = tcb;
    const ack = flags & ACK ? tcb.rcvNxt : 0;
    const urgentPointer = flags & (SYN | RST) ? 0 : this.urgentPointer(seq);
    const allFlags = urgentPointer === 0 ? flags : flags | URG;
    const bytes = emitTcp(
      { srcPort: local.port, dstPort: remote.port, seq, ack, flags: allFlags, window, urgentPointer, options, payload },
      local.address,
      remote.address,
    );
    if (flags & ACK) {
      tcb.lastAckSent = ack;
      this.acks.sent();
    }
    context.counters.add('tcp.segmentsOut');
    tcb.statistics.onSent(seq, payload.length, context.timers.now);
    const { answered } = this;
    this.answered = false;
    const error = context.ipv4.send({
      src: local.address,
      dst: remote.address,
      protocol: PROTOCOL_TCP,
      payload: bytes,
      tos: tos | (tcb.dscp << 2),
      ttl: tcb.ttl,
      dontFragment: true,
      identification: this.nextIdentification(flags),
      answered,
    });
    if (error !== undefined) context.counters.add('tcp.sendFailed');
    return error;
  }

  /** RFC 6864 asks for none where nothing is fragmented. Linux counts anew in each connection, but for SYN-ACKs. */
  private nextIdentification(flags: number): number {
    if ((flags & (SYN | ACK)) === (SYN | ACK)) return 0;
    const { iss } = this.tcb;
    this.identification = ((this.identification ?? (iss >>> 16) ^ iss) + 1) & 0xffff;
    return this.identification;
  }
}
