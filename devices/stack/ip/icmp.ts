/**
 * ICMP (RFC 792, RFC 1122 section 3.2.2, RFC 1812 section 4.3): answers echo requests, tells senders what became
 * of their packets, and hands what others tell to the protocol whose packet it was about.
 */

import type { Timers } from '../clock.js';
import type { CounterName, CounterOf } from '../counter-names.js';
import type { Counters } from '../counters.js';
import { StackError } from '../errors.js';
import type { EventQueue } from '../events.js';
import type { Tracer } from '../trace.js';
import { ANY_ADDRESS, formatIpv4, type Ipv4Address, isLoopback, isMulticast } from '../wire/address.js';
import { readU16, writeU32 } from '../wire/bytes.js';
import {
  echoIdentifier,
  echoRest,
  echoSequence,
  emitIcmp,
  formatIcmp,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMP,
  ICMP_TIMESTAMP_REPLY,
  ICMP_UNREACHABLE,
  type IcmpMessage,
  isIcmpError,
  MAX_QUOTE_LENGTH,
  nextHopMtuOf,
  parseIcmp,
  REDIRECT_HOST,
  tosOfError,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from '../wire/icmp.js';
import { emitIpv4, type Ipv4Packet, PROTOCOL_ICMP, parseQuotedIpv4 } from '../wire/ipv4.js';
import { isMalformed } from '../wire/malformed.js';
import { ErrorLimiter } from './error-limiter.js';
import type { ErrorSender, IcmpErrorReport, Ipv4 } from './ipv4.js';
import { answerOptions } from './options.js';
import { RedirectLimiter } from './redirect-limiter.js';

/** Of a timestamp message: three times of 4 bytes (RFC 792). */
const TIMES_LENGTH = 12;
const NO_BYTES = new Uint8Array(0);

export interface IcmpContext {
  readonly ipv4: Ipv4;
  readonly timers: Timers;
  readonly tracer: Tracer;
  readonly counters: Counters;
  readonly events: EventQueue;
}

export interface EchoRequest {
  readonly dst: Ipv4Address;
  /** 0 … 65535; says whose request it is. */
  readonly identifier: number;
  /** 0 … 65535 */
  readonly sequence: number;
  /** At most 65,507 bytes. */
  readonly data: Uint8Array;
  /** 1 … 255, default 64. */
  readonly ttl?: number;
  readonly src?: Ipv4Address;
  /** Default 'whole': see {@link SendRequest}. */
  readonly dontFragment?: boolean | 'whole';
}

export interface EchoReply {
  readonly from: Ipv4Address;
  readonly identifier: number;
  readonly sequence: number;
  /** What was left of the reply's TTL when it arrived. */
  readonly ttl: number;
  readonly data: Uint8Array;
}

/** An error about an echo request of ours. */
export interface EchoError extends IcmpErrorReport {
  readonly identifier: number;
  readonly sequence: number;
}

/** Called out of the event queue. */
export interface EchoHandler {
  onReply(reply: EchoReply): void;
  onError(error: EchoError): void;
}

/** `typeEchoReply` of `icmp.typeEchoReplyIn` */
type TypeName =
  CounterOf<'icmp'> extends infer Name ? (Name extends `type${infer Type}In` ? `type${Type}` : never) : never;

/** What is counted of each type, besides what becomes of it: RFC 2011 asks for both directions. */
const TYPE_NAMES: Readonly<Partial<Record<number, TypeName>>> = {
  [ICMP_ECHO_REPLY]: 'typeEchoReply',
  [ICMP_UNREACHABLE]: 'typeUnreachable',
  [ICMP_REDIRECT]: 'typeRedirect',
  [ICMP_ECHO_REQUEST]: 'typeEchoRequest',
  [ICMP_TIME_EXCEEDED]: 'typeTimeExceeded',
  [ICMP_PARAMETER_PROBLEM]: 'typeParameterProblem',
  [ICMP_TIMESTAMP]: 'typeTimestamp',
  [ICMP_TIMESTAMP_REPLY]: 'typeTimestampReply',
};

export class Icmp implements ErrorSender {
  private readonly ipv4: Ipv4;
  private readonly tracer: Tracer;
  private readonly counters: Counters;
  private readonly events: EventQueue;
  private readonly limiter: ErrorLimiter;
  private readonly redirects: RedirectLimiter;
  private readonly echoHandlers = new Map<number, EchoHandler>();

  /** Installs itself as IPv4's protocol 1, and as what tells senders of errors. */
  constructor(context: IcmpContext) {
    this.ipv4 = context.ipv4;
    this.tracer = context.tracer;
    this.counters = context.counters;
    this.events = context.events;
    this.limiter = new ErrorLimiter(context.timers);
    this.redirects = new RedirectLimiter(context.timers);
    this.ipv4.errors = this;
    this.ipv4.setHandler(PROTOCOL_ICMP, (packet) => this.receive(packet));
    this.ipv4.setErrorHandler(PROTOCOL_ICMP, (report) => this.echoFailed(report));
  }

  /** Errors as {@link Ipv4.send} gives them; later ones go to the identifier's handler. */
  sendEcho(request: EchoRequest): StackError | undefined {
    const { identifier, sequence, data, dontFragment = 'whole', ...envelope } = request;
    this.counters.add('icmp.echoRequestsOut');
    this.countOut(ICMP_ECHO_REQUEST);
    const message = { type: ICMP_ECHO_REQUEST, code: 0, rest: echoRest(identifier, sequence), body: data };
    return this.ipv4.send({ ...envelope, dontFragment, protocol: PROTOCOL_ICMP, payload: emitIcmp(message) });
  }

  /**
   * Who gets the replies to one identifier, 0 … 65535, and the errors about its requests. Returns what ends it.
   * Throws StackError EADDRINUSE when the identifier has a handler already.
   */
  onEchoReply(identifier: number, handler: EchoHandler): () => void {
    if (this.echoHandlers.has(identifier))
      throw new StackError('EADDRINUSE', `echo identifier ${identifier} is in use`);
    this.echoHandlers.set(identifier, handler);
    return () => {
      if (this.echoHandlers.get(identifier) === handler) this.echoHandlers.delete(identifier);
    };
  }

  /** About a packet that came in: destination unreachable. `mtu` with "fragmentation needed" only, bytes. */
  unreachable(packet: Ipv4Packet, code: number, mtu = 0): void {
    this.sendError(packet, ICMP_UNREACHABLE, code, mtu);
  }

  /** About a packet that came in: its TTL, or its time for reassembly, is over. */
  timeExceeded(packet: Ipv4Packet, code: number): void {
    this.sendError(packet, ICMP_TIME_EXCEEDED, code, 0);
  }

  /** About a packet that came in: its header is wrong at that octet. */
  parameterProblem(packet: Ipv4Packet, pointer: number, sound: Uint8Array): void {
    this.sendError(packet, ICMP_PARAMETER_PROBLEM, 0, pointer * 0x1000000, sound);
  }

  /** About a packet that goes back to the link that it came from. */
  redirect(packet: Ipv4Packet, gateway: Ipv4Address): void {
    if (!this.mayReport(packet)) return;
    if (this.redirects.allow(packet.src)) this.emitError(packet, ICMP_REDIRECT, REDIRECT_HOST, gateway, packet.options);
    else this.counters.add('icmp.redirectsLimited');
  }

  private sendError(packet: Ipv4Packet, type: number, code: number, rest: number, sound = packet.options): void {
    if (!this.mayReport(packet)) {
      this.counters.add('icmp.errorsWithheld');
      return;
    }
    // Path MTU discovery must not starve: Linux does not limit its messages, nor what stays in the machine.
    const limited = code !== UNREACHABLE_FRAGMENTATION_NEEDED || type !== ICMP_UNREACHABLE;
    if (limited && !this.ipv4.isLocal(packet.src) && !this.limiter.allow(packet.src)) {
      this.counters.add('icmp.errorsLimited');
      return;
    }
    this.emitError(packet, type, code, rest, sound);
  }

  private emitError(packet: Ipv4Packet, type: number, code: number, rest: number, sound: Uint8Array): void {
    // For a packet to us, the address that it was sent to; a router's own address by route otherwise.
    const src = this.ipv4.isLocal(packet.dst) ? packet.dst : this.ipv4.sourceFor(packet.src);
    const options = this.optionsOfAnswer(sound, src);
    if (options === undefined) return;
    const body = emitIpv4(packet).subarray(0, MAX_QUOTE_LENGTH - options.length);
    this.counters.add('icmp.errorsOut');
    this.countOut(type);
    this.ipv4.send({
      dst: packet.src,
      src,
      options,
      protocol: PROTOCOL_ICMP,
      tos: tosOfError(packet.tos),
      payload: emitIcmp({ type, code, rest, body }),
    });
  }

  private countOut(type: number): void {
    this.counters.add('icmp.out');
    const name = TYPE_NAMES[type];
    if (name !== undefined) this.counters.add(`icmp.${name}Out`);
  }

  /** Undefined: the options are such that there is no answer. */
  private optionsOfAnswer(served: Uint8Array, src: Ipv4Address | undefined): Uint8Array | undefined {
    if (served.length === 0) return NO_BYTES;
    const options = answerOptions(served, this.ipv4.optionWriter(src ?? ANY_ADDRESS));
    if (options === undefined) this.counters.add('icmp.badOption');
    return options;
  }

  /** RFC 1122 section 3.2.2: about what no error may be sent, so that errors never breed. */
  private mayReport(packet: Ipv4Packet): boolean {
    const { src, dst } = packet;
    if (packet.fragmentOffset > 0) return false;
    if (this.ipv4.isBroadcast(dst) || isMulticast(dst)) return false;
    if (src === ANY_ADDRESS || isMulticast(src) || this.ipv4.isBroadcast(src)) return false;
    if (isLoopback(src) && !this.ipv4.isLocal(dst)) return false;
    return packet.protocol !== PROTOCOL_ICMP || (packet.payload.length > 0 && !isIcmpError(packet.payload[0]));
  }

  private receive(packet: Ipv4Packet): void {
    this.counters.add('icmp.in');
    const message = parseIcmp(packet.payload);
    if (isMalformed(message)) {
      this.counters.add('icmp.malformed');
      return;
    }
    const name = TYPE_NAMES[message.type];
    if (name !== undefined) this.counters.add(`icmp.${name}In`);
    if (this.tracer.enabled) {
      const { type, code } = message;
      const from = formatIpv4(packet.src);
      this.tracer.emit({ event: 'icmp-received', from, type, code, text: formatIcmp(message) });
    }
    switch (message.type) {
      case ICMP_ECHO_REQUEST:
        this.answer(packet, { ...message, type: ICMP_ECHO_REPLY }, 'icmp.echoRequestsIn');
        break;
      case ICMP_TIMESTAMP:
        this.answerTimestamp(packet, message);
        break;
      case ICMP_ECHO_REPLY:
        this.echoReplied(packet, message);
        break;
      case ICMP_UNREACHABLE:
      case ICMP_TIME_EXCEEDED:
      case ICMP_PARAMETER_PROBLEM:
        this.receiveError(packet, message);
        break;
      case ICMP_REDIRECT:
        // A neighbour's word is not enough to change routes: they are configured.
        this.counters.add('icmp.redirectIgnored');
        break;
      default:
        // RFC 1122 section 3.2.2: unknown types are discarded silently.
        this.counters.add('icmp.unknownType');
    }
  }

  /** RFC 1122 section 3.2.2.8: the time of the sender, and twice that of now; as Linux, whatever else was sent. */
  private answerTimestamp(packet: Ipv4Packet, request: IcmpMessage): void {
    if (request.body.length < 4) {
      this.counters.add('icmp.malformed');
      return;
    }
    const body = new Uint8Array(TIMES_LENGTH);
    body.set(request.body.subarray(0, 4));
    const time = this.ipv4.timeOfDayMs();
    writeU32(body, 4, time);
    writeU32(body, 8, time);
    this.answer(packet, { ...request, type: ICMP_TIMESTAMP_REPLY, code: 0, body }, 'icmp.timestampsIn');
  }

  /**
   * RFC 1122 section 3.2.2.6: what was sent comes back whole, code and all as from Linux, from the address that was
   * asked, with the options that ask for it.
   */
  private answer(packet: Ipv4Packet, reply: IcmpMessage, counter: CounterName): void {
    if (this.ipv4.isBroadcast(packet.dst)) {
      // Linux's icmp_echo_ignore_broadcasts=1: nobody shall make a whole network shout at a victim.
      this.counters.add('icmp.broadcastEcho');
      return;
    }
    const options = this.optionsOfAnswer(packet.options, packet.dst);
    if (options === undefined) return;
    this.counters.add(counter);
    this.countOut(reply.type);
    const error = this.ipv4.send({
      dst: packet.src,
      src: packet.dst,
      options,
      protocol: PROTOCOL_ICMP,
      tos: packet.tos,
      payload: emitIcmp(reply),
    });
    if (error !== undefined) this.counters.add('icmp.replyFailed');
  }

  private echoReplied(packet: Ipv4Packet, message: IcmpMessage): void {
    const identifier = echoIdentifier(message);
    const handler = this.echoHandlers.get(identifier);
    if (handler === undefined) {
      this.counters.add('icmp.strayReply');
      return;
    }
    this.counters.add('icmp.echoRepliesIn');
    const { src: from, ttl } = packet;
    const reply = { from, identifier, sequence: echoSequence(message), ttl, data: message.body };
    this.events.post(() => handler.onReply(reply));
  }

  private receiveError(packet: Ipv4Packet, message: IcmpMessage): void {
    const quote = parseQuotedIpv4(message.body);
    if (isMalformed(quote)) {
      this.counters.add('icmp.badQuote');
      return;
    }
    // Only about what this machine can have sent, and only the first fragment tells whose it was.
    if (!this.ipv4.isLocal(quote.src) || quote.fragmentOffset > 0) {
      this.counters.add('icmp.strayError');
      return;
    }
    this.counters.add('icmp.errorsIn');
    const { type, code } = message;
    const { src, dst, payload } = quote;
    const tooBig = type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED;
    const mtu = tooBig ? this.ipv4.estimatePathMtu(dst, nextHopMtuOf(message), quote.totalLength) : undefined;
    this.ipv4.reportError(quote.protocol, { type, code, from: packet.src, src, dst, payload, mtu });
  }

  /** An error about an ICMP message of ours: only echo requests have somebody who wants to know. */
  private echoFailed(report: IcmpErrorReport): boolean {
    if (report.payload[0] !== ICMP_ECHO_REQUEST) return false;
    const identifier = readU16(report.payload, 4);
    const handler = this.echoHandlers.get(identifier);
    if (handler === undefined) {
      this.counters.add('icmp.strayError');
      return false;
    }
    const error = { ...report, identifier, sequence: readU16(report.payload, 6) };
    this.events.post(() => handler.onError(error));
    return true;
  }
}
