/** Rows of the sockets table as tests want them. */
import type { SocketRow, TcpInfo } from '../../../devices/control/tables.js';

export function row(facts: Partial<SocketRow>): SocketRow {
  return {
    protocol: 'tcp',
    local: '10.0.0.2:80',
    remote: '10.0.0.1:40000',
    state: '',
    recvQueue: 0,
    sendQueue: 0,
    program: '',
    timer: '',
    timerMs: 0,
    retransmissions: 0,
    mss: 0,
    congestionWindow: 0,
    slowStartThreshold: 0,
    rttMs: 0,
    rtoMs: 0,
    sendWindow: 0,
    receiveWindow: 0,
    bytesSent: 0,
    bytesReceived: 0,
    ...facts,
  };
}

export function info(facts: Partial<TcpInfo>): TcpInfo {
  return {
    congestionControl: 'cubic',
    congestionState: 'open',
    timestamps: true,
    sack: true,
    ecn: false,
    rttVarMs: 0,
    minRttMs: 0,
    pathMtu: 1500,
    receiveMss: 536,
    advertisedMss: 1460,
    unackedSegments: 0,
    sackedSegments: 0,
    lostSegments: 0,
    retransmissionsInFlight: 0,
    reorderingMs: 0,
    reorderingSegments: 3,
    dsacksIn: 0,
    tailLossProbes: 0,
    backoff: 0,
    segmentsIn: 0,
    segmentsOut: 0,
    dataSegmentsIn: 0,
    dataSegmentsOut: 0,
    bytesAcked: 0,
    bytesRetransmitted: 0,
    receiveBufferBytes: 131_072,
    sendBufferBytes: 262_144,
    ...facts,
  };
}
