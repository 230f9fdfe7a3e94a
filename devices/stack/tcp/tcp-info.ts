import type { Instant } from '../clock.js';
import type { Connection } from './connection.js';
import { DEFAULT_MSS } from './control-block/tcb.js';
import type { TcpInfo } from './control-block/types.js';
import { DELAYED_ACK_MS } from './receiving/delayed-ack.js';

/** A connection as `ss -ti` shows it. */
export function tcpInfo(connection: Connection): TcpInfo {
  const { tcb, sender, window, context } = connection;
  const { flight } = sender;
  const { recovery, rtt, sent } = flight;
  const { statistics } = tcb;
  const since = (at: Instant | undefined) => (at === undefined ? undefined : Math.max(0, context.timers.now - at));
  return {
    congestionControl: flight.congestion.name,
    congestionState: recovery.state,
    ...(tcb.windowScaling ? { sendWindowScale: tcb.sndWndShift, receiveWindowScale: tcb.rcvWndShift } : {}),
    timestamps: tcb.timestamps !== undefined,
    sack: tcb.sackPermitted,
    ecn: tcb.ecn.agreed,
    rttVarMs: rtt.variationMs,
    minRttMs: rtt.measured ? rtt.minMs : 0,
    pathMtu: tcb.pathMtu,
    receiveMss: Math.max(DEFAULT_MSS, statistics.largestSegmentIn),
    advertisedMss: tcb.receiveMss,
    unackedSegments: sent.size,
    sackedSegments: sent.sackedCount,
    lostSegments: sent.lostCount + sent.resentCount,
    retransmissionsInFlight: sent.resentCount,
    reorderingMs: recovery.reorderingMs,
    reorderingSegments: recovery.rack.reordering,
    dsacksIn: flight.duplicatesReported,
    tailLossProbes: recovery.probe.count,
    backoff: rtt.backoffs,
    segmentsIn: statistics.segmentsIn,
    segmentsOut: statistics.segmentsOut,
    dataSegmentsIn: statistics.dataSegmentsIn,
    dataSegmentsOut: statistics.dataSegmentsOut,
    bytesAcked: Math.max(0, connection.bytesSent - sender.buffer.length),
    bytesRetransmitted: statistics.bytesRetransmitted,
    lastDataSentMs: since(statistics.lastDataSentAt),
    lastDataReceivedMs: since(statistics.lastDataReceivedAt),
    lastAckMs: since(statistics.lastAckAt),
    ...(statistics.lastDataReceivedAt !== undefined && { delayedAckMs: DELAYED_ACK_MS }),
    ...(window.measured?.roundTripMs && { receiveRttMs: window.measured.roundTripMs }),
    ...(window.measured && { receiveSpaceBytes: window.measured.spaceBytes }),
    receiveBufferBytes: window.limit,
    sendBufferBytes: sender.buffer.limit,
    ...(connection.userTimeout.ms > 0 ? { userTimeoutMs: connection.userTimeout.ms } : {}),
  };
}
