import type { Timer } from '../clock.js';
import { formatIpv4 } from '../wire/address.js';
import type { Connection } from './connection.js';
import type { Endpoint, SocketRow } from './control-block/types.js';
import type { Listener } from './listener.js';
import { tcpInfo } from './tcp-info.js';

/** "192.0.2.1:80" */
export function formatEndpoint(endpoint: Endpoint): string {
  return `${formatIpv4(endpoint.address)}:${endpoint.port}`;
}

export function connectionRow(connection: Connection): SocketRow {
  const { tcb, sender, window } = connection;
  const [timer, timerMs] = runningTimer(connection);
  return {
    protocol: 'tcp',
    local: formatEndpoint(tcb.local),
    remote: formatEndpoint(tcb.remote),
    state: tcb.state,
    recvQueue: connection.readableBytes,
    sendQueue: sender.buffer.length,
    program: connection.program,
    timer,
    timerMs,
    retransmissions: sender.flight.count,
    mss: tcb.mss,
    congestionWindow: sender.flight.congestion.window,
    slowStartThreshold: sender.flight.congestion.slowStartThreshold,
    rttMs: sender.flight.rtt.smoothedMs,
    rtoMs: sender.flight.rtt.rtoMs,
    sendWindow: tcb.sndWnd,
    receiveWindow: Math.min(tcb.rcvWnd, window.limit),
    bytesSent: connection.bytesSent,
    bytesReceived: connection.bytesReceived,
    info: tcpInfo(connection),
  };
}

export function listenerRow(listener: Listener): SocketRow {
  return {
    protocol: 'tcp',
    local: formatEndpoint(listener.local),
    remote: '0.0.0.0:*',
    state: 'LISTEN',
    recvQueue: listener.pending,
    sendQueue: listener.backlog,
    program: listener.program,
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
  };
}

function runningTimer(connection: Connection): [SocketRow['timer'], number] {
  const { sender, acks, keepAlive, waitTimer, context } = connection;
  const candidates: [SocketRow['timer'], Timer][] = [
    ['time-wait', waitTimer],
    ['retransmit', sender.flight.timer],
    ['persist', sender.persist.timer],
    ['delayed-ack', acks.timer],
    ['keepalive', keepAlive.timer],
  ];
  const running = candidates.find(([, timer]) => timer.armed);
  return running === undefined ? ['', 0] : [running[0], Math.max(0, running[1].at - context.timers.now)];
}
