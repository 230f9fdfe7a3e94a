import { PROTOCOL_TCP } from '../wire/ipv4.js';
import { ACK, emitTcp, FIN, RST, SYN, type TcpSegment } from '../wire/tcp.js';
import { seqAdd } from './control-block/seqnum.js';
import type { Endpoint, TcpContext } from './control-block/types.js';

/** SEG.LEN of RFC 9293: data, and one each for SYN and FIN. */
export function segmentLength(segment: TcpSegment): number {
  return segment.payload.length + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0);
}

/**
 * Answers a segment that belongs to no connection, or is not acceptable during a handshake, so that its sender gives
 * up too: RFC 9293 section 3.10.7.1. A reset is never answered.
 */
export function sendReset(context: TcpContext, segment: TcpSegment, local: Endpoint, remote: Endpoint): void {
  if (segment.flags & RST) return;
  const answersAck = (segment.flags & ACK) !== 0;
  const bytes = emitTcp(
    {
      srcPort: local.port,
      dstPort: remote.port,
      seq: answersAck ? segment.ack : 0,
      ack: answersAck ? 0 : seqAdd(segment.seq, segmentLength(segment)),
      flags: answersAck ? RST : RST | ACK,
      window: 0,
      urgentPointer: 0,
      options: {},
      payload: new Uint8Array(0),
    },
    local.address,
    remote.address,
  );
  context.counters.add('tcp.segmentsOut');
  context.counters.add('tcp.resetsOut');
  const { address: src } = local;
  context.ipv4.send({ src, dst: remote.address, protocol: PROTOCOL_TCP, payload: bytes, dontFragment: true });
}
