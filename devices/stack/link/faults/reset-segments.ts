/** RST segments that their receivers accept: RFC 9293 sections 3.5.2, 3.5.3 and 3.10.7, RFC 5961 section 3. */
import type { Crc32 } from '../../wire/fcs.js';
import { PROTOCOL_TCP } from '../../wire/ipv4.js';
import { isMalformed } from '../../wire/malformed.js';
import { ACK, emitTcp, FIN, parseTcp, RST, SYN, type TcpSegment } from '../../wire/tcp.js';
import { type Envelope, packetBack, packetOnward } from './envelope.js';

/** The segment in the envelope; undefined for anything else, and for an RST, which is never answered. */
export function segmentOf({ ip }: Envelope): TcpSegment | undefined {
  if (ip.protocol !== PROTOCOL_TCP || ip.moreFragments || ip.fragmentOffset > 0) return undefined;
  const segment = parseTcp(ip.payload, ip.src, ip.dst);
  return isMalformed(segment) || segment.flags & RST ? undefined : segment;
}

/** To the sender, as if from the receiver; undefined when there is no segment that may be answered so. */
export function resetReply(envelope: Envelope, crc32: Crc32): Uint8Array | undefined {
  const segment = segmentOf(envelope);
  return segment && resetToSender(envelope, segment, crc32);
}

/**
 * Section 3.5.2: with an ACK, its number is what the sender expects next; without one (a SYN) all that was sent is
 * acknowledged, by which a connection in SYN-SENT knows that the reset is its own.
 */
export function resetToSender(envelope: Envelope, segment: TcpSegment, crc32: Crc32): Uint8Array {
  const { src, dst } = envelope.ip;
  const { seq, flags, payload, srcPort, dstPort } = segment;
  const answersAck = (flags & ACK) !== 0;
  const length = payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const reset = emitTcp(
    {
      ...EMPTY,
      srcPort: dstPort,
      dstPort: srcPort,
      seq: answersAck ? segment.ack : 0,
      ack: answersAck ? 0 : (seq + length) >>> 0,
      flags: answersAck ? RST : RST | ACK,
    },
    dst,
    src,
  );
  return packetBack(envelope, { src: dst, dst: src, protocol: PROTOCOL_TCP, payload: reset }, crc32);
}

/**
 * To the receiver, in the place of the segment: with its sequence number, which is exactly what the receiver expects next
 * when all that was sent before has arrived, and with its ACK, by which a connection in SYN-SENT knows it.
 */
export function resetToReceiver(envelope: Envelope, segment: TcpSegment, crc32: Crc32): Uint8Array {
  const { src, dst } = envelope.ip;
  const { seq, ack, flags, srcPort, dstPort } = segment;
  const reset = emitTcp(
    { ...EMPTY, srcPort, dstPort, seq, ack: flags & ACK ? ack : 0, flags: RST | (flags & ACK) },
    src,
    dst,
  );
  return packetOnward(envelope, { src, dst, protocol: PROTOCOL_TCP, payload: reset }, crc32);
}

const EMPTY = { window: 0, urgentPointer: 0, options: {}, payload: new Uint8Array(0) } as const;
