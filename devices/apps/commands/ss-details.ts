/** What `ss` writes of one socket besides its columns: timers (-o), memory (-m), what TCP knows (-i). */
import type { SocketRow, TcpInfo } from '../../control/tables.js';
import { INFINITE_SSTHRESH } from '../../stack/tcp/congestion/congestion-control.js';
import { stateOf } from './ss-state.js';

const TIMER_NAMES: Readonly<Record<SocketRow['timer'], string>> = {
  retransmit: 'on',
  persist: 'persist',
  keepalive: 'keepalive',
  'time-wait': 'timewait',
  // Linux has none of this kind: an ACK that waits is no reason to tell.
  'delayed-ack': '',
  '': '',
};

/** Linux's tcp_reordering. */
const INITIAL_REORDERING = 3;

/** `timer:(on,204ms,0)`; undefined when none runs. */
export function timerText({ timer, timerMs, info }: SocketRow): string | undefined {
  const name = TIMER_NAMES[timer];
  return name === '' ? undefined : `timer:(${name},${timeText(Math.round(timerMs))},${info?.backoff ?? 0})`;
}

/** As iproute2's print_ms_timer(): `1min20sec`, `59sec`, `8.772ms` (8 seconds and 772 ms), `204ms`. */
function timeText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = minutes > 9 ? 0 : Math.floor(ms / 1000) % 60;
  const rest = minutes > 0 || seconds > 9 ? 0 : ms % 1000;
  const parts = [minutes > 0 ? `${minutes}min` : ''];
  if (seconds > 0) parts.push(`${seconds}${rest > 0 ? '.' : 'sec'}`);
  if (rest > 0 || (minutes === 0 && seconds === 0)) parts.push(`${String(rest).padStart(3, '0')}ms`);
  return parts.join('');
}

/** `skmem:(…)`: r, what was received and not read; rb and tb, the limits; w, what is queued for sending. */
export function memoryText({ recvQueue, sendQueue, info }: SocketRow): string | undefined {
  if (info === undefined) return undefined;
  const { receiveBufferBytes, sendBufferBytes } = info;
  return `skmem:(r${recvQueue},rb${receiveBufferBytes},t0,tb${sendBufferBytes},f0,w${sendQueue},o0,bl0,d0)`;
}

/**
 * The facts of `ss -i`, in the order and the form of iproute2: times in milliseconds, the windows of congestion control in
 * segments; what is nought is left out. Undefined for sockets without a connection.
 */
export function tcpText(row: SocketRow, options: { readonly withOptions: boolean; readonly numeric: boolean }) {
  const { info } = row;
  if (info === undefined || stateOf(row) === 'TIME-WAIT') return undefined;
  const facts: string[] = [];
  const add = (name: string, value: number | undefined): void => {
    if (value) facts.push(`${name}:${value}`);
  };
  if (options.withOptions) {
    if (info.timestamps) facts.push('ts');
    if (info.sack) facts.push('sack');
    if (info.ecn) facts.push('ecn');
  }
  facts.push(info.congestionControl);
  if (info.sendWindowScale !== undefined) facts.push(`wscale:${info.sendWindowScale},${info.receiveWindowScale ?? 0}`);
  add('rto', Math.round(row.rtoMs));
  add('backoff', info.backoff);
  if (row.rttMs > 0) facts.push(`rtt:${shortest(row.rttMs)}/${shortest(info.rttVarMs)}`);
  add('ato', info.delayedAckMs);
  add('mss', row.mss);
  add('pmtu', info.pathMtu);
  add('rcvmss', info.receiveMss);
  add('advmss', info.advertisedMss);
  add('cwnd', segments(row.congestionWindow, row));
  if (row.slowStartThreshold < INFINITE_SSTHRESH) add('ssthresh', segments(row.slowStartThreshold, row));
  const inFlight = Math.min(row.sendQueue, info.unackedSegments * row.mss);
  add('bytes_sent', info.bytesAcked + inFlight + info.bytesRetransmitted);
  add('bytes_retrans', info.bytesRetransmitted);
  add('bytes_acked', info.bytesAcked);
  add('bytes_received', row.bytesReceived);
  add('segs_out', info.segmentsOut);
  add('segs_in', info.segmentsIn);
  add('data_segs_out', info.dataSegmentsOut);
  add('data_segs_in', info.dataSegmentsIn);
  if (row.rttMs > 0) facts.push(`send ${rateText(sendRate(row), options.numeric)}bps`);
  add('lastsnd', whole(info.lastDataSentMs));
  add('lastrcv', whole(info.lastDataReceivedMs));
  add('lastack', whole(info.lastAckMs));
  add('unacked', info.unackedSegments);
  addLosses(facts, row, info);
  // As RACK counts; Linux too leaves out what everybody begins with.
  if (info.reorderingSegments !== INITIAL_REORDERING) add('reordering', info.reorderingSegments);
  add('rcv_rtt', shortest(info.receiveRttMs ?? 0));
  add('rcv_space', info.receiveSpaceBytes);
  add('notsent', row.sendQueue - inFlight);
  add('minrtt', shortest(info.minRttMs));
  add('snd_wnd', row.sendWindow);
  add('rcv_wnd', row.receiveWindow);
  return facts.join(' ');
}

function addLosses(facts: string[], { retransmissions }: SocketRow, info: TcpInfo): void {
  if (info.retransmissionsInFlight > 0 || retransmissions > 0) {
    facts.push(`retrans:${info.retransmissionsInFlight}/${retransmissions}`);
  }
  if (info.lostSegments > 0) facts.push(`lost:${info.lostSegments}`);
  if (info.sackedSegments > 0) facts.push(`sacked:${info.sackedSegments}`);
  if (info.dsacksIn > 0) facts.push(`dsack_dups:${info.dsacksIn}`);
}

/** What window and round trip allow, bit/s. */
function sendRate({ congestionWindow, rttMs }: SocketRow): number {
  return (congestionWindow * 8 * 1000) / rttMs;
}

/** `1.37G`; all digits with `-n`. */
function rateText(bitsPerSecond: number, numeric: boolean): string {
  if (numeric) return bitsPerSecond.toFixed(0);
  const units = ['', 'K', 'M', 'G', 'T'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bitsPerSecond) / 3)));
  return `${Number((bitsPerSecond / 1000 ** unit).toPrecision(3))}${units[unit]}`;
}

function segments(bytes: number, { mss }: SocketRow): number {
  return Math.max(1, Math.floor(bytes / Math.max(1, mss)));
}

/** Microseconds are as exact as Linux measures. */
function shortest(ms: number): number {
  return Number(ms.toFixed(3));
}

function whole(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}
