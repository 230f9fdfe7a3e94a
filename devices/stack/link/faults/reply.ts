/** Answers a packet in the place of its receiver, as the network would: by the port by which it was to leave. */
import type { ReplyKind } from '../../packet-faults.js';
import type { Ipv4Address } from '../../wire/address.js';
import type { Port } from '../port.js';
import type { Action, ActionContext, Plan } from './action.js';
import { DelayLines } from './delay-line.js';
import { DNS_REPLIES, type DnsReplyKind, dnsReply } from './dns-reply.js';
import { type Envelope, openEnvelope } from './envelope.js';
import { ICMP_REPLIES, icmpReply } from './icmp-reply.js';
import type { Passage } from './passage.js';
import { resetReply } from './reset-segments.js';

type Answer = (
  envelope: Envelope,
  port: Port,
  gatewayTo?: (dst: Ipv4Address) => Ipv4Address | undefined,
) => Uint8Array | undefined;

function answerOf(reply: ReplyKind): Answer {
  if (reply === 'reset') return (envelope, { crc32 }) => resetReply(envelope, crc32);
  if (isDnsReply(reply)) return (envelope, port) => dnsReply(envelope, reply, port);
  const error = ICMP_REPLIES[reply];
  return (envelope, { crc32 }, gatewayTo) => icmpReply(envelope, error, crc32, gatewayTo);
}

function isDnsReply(reply: ReplyKind): reply is DnsReplyKind {
  return reply in DNS_REPLIES;
}

export class ReplyAction implements Action {
  private readonly context: ActionContext;
  private readonly answer: Answer;
  readonly lines = new DelayLines((passage) => passage.backward(this.context.fault));

  constructor({ reply }: { readonly reply: ReplyKind }, context: ActionContext) {
    this.context = context;
    this.answer = answerOf(reply);
  }

  plan(packet: Uint8Array, passage: Passage): Plan | undefined {
    const { port } = passage;
    const envelope = openEnvelope(packet, port);
    const reply = envelope && this.answer(envelope, port, this.context.gatewayTo);
    if (reply === undefined) return undefined;
    const run = () => {
      passage.drop(packet, this.context.fault);
      this.lines.of(passage).push(reply, port.lineClock.now);
    };
    return { run };
  }
}
