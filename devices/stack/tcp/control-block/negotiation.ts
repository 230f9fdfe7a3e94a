/** What the two SYNs agree on: MSS (RFC 9293 section 3.7.1), window scale and timestamps (RFC 7323), SACK (RFC 2018). */
import type { Instant } from '../../clock.js';
import { IPV4_HEADER_LENGTH } from '../../wire/ipv4.js';
import { TCP_HEADER_LENGTH, type TcpOptions } from '../../wire/tcp.js';
import { DEFAULT_MSS, type Tcb } from './tcb.js';

/** Of a segment without options. */
export const HEADERS_LENGTH = IPV4_HEADER_LENGTH + TCP_HEADER_LENGTH;
/** As Linux: a smaller MSS of a peer would cost more in headers than it carries. */
const MIN_MSS = 48;
/** A timestamps option of 10 bytes, padded. */
const TIMESTAMPS_LENGTH = 12;

/** The smallest shift that lets a 16-bit window field tell of `bufferBytes`: 0 … 14. */
export function windowShiftFor(bufferBytes: number): number {
  let shift = 0;
  while (shift < 14 && bufferBytes / 2 ** shift > 0xffff) shift += 1;
  return shift;
}

/** Sets the path's MTU, in bytes, and the MSS that follows from it. */
export function setPathMtu(tcb: Tcb, mtu: number): void {
  tcb.pathMtu = mtu;
  const largest = Math.min(tcb.peerMss, mtu - HEADERS_LENGTH);
  tcb.mss = withinWindow(Math.max(MIN_MSS, largest) - timestampsLength(tcb), tcb);
}

/**
 * As Linux's tcp_bound_to_half_wnd: two segments fit into the largest window that the peer ever offered, so that one
 * is on its way while the other is acknowledged; where it is tiny, one.
 */
function withinWindow(mss: number, { maxSndWnd }: Tcb): number {
  if (maxSndWnd === 0) return mss;
  const most = maxSndWnd > DEFAULT_MSS ? Math.floor(maxSndWnd / 2) : maxSndWnd;
  return Math.min(mss, Math.max(most, MIN_MSS));
}

/** Bytes that timestamps take in the header of every segment. */
export function timestampsLength(tcb: Tcb): number {
  return tcb.timestamps === undefined ? 0 : TIMESTAMPS_LENGTH;
}

/** The MSS that our SYN announces for a path of `mtu` bytes. */
export function receiveMssFor(mtu: number): number {
  return Math.min(0xffff, Math.max(MIN_MSS, mtu - HEADERS_LENGTH));
}

/** The options of our SYN; of our SYN-ACK only what the peer's SYN asked for too. */
export function synOptions(tcb: Tcb, windowShift: number, timestamp: number): TcpOptions {
  const active = tcb.state === 'SYN_SENT';
  return {
    mss: tcb.receiveMss,
    ...(active || tcb.sackPermitted ? { sackPermitted: true } : {}),
    ...(active || tcb.windowScaling ? { windowScale: windowShift } : {}),
    ...(active || tcb.timestamps !== undefined
      ? { timestamps: { value: timestamp, echo: tcb.timestamps?.recent ?? 0 } }
      : {}),
  };
}

/** The peer's SYN or SYN-ACK has come. We always offer what it may have agreed to. */
export function takeSynOptions(tcb: Tcb, options: TcpOptions, windowShift: number, now: Instant): void {
  tcb.peerMss = options.mss || DEFAULT_MSS;
  tcb.windowScaling = options.windowScale !== undefined;
  tcb.sndWndShift = options.windowScale ?? 0;
  tcb.rcvWndShift = tcb.windowScaling ? windowShift : 0;
  tcb.sackPermitted = options.sackPermitted === true;
  if (options.timestamps !== undefined) tcb.timestamps = { recent: options.timestamps.value, recentAt: now };
  setPathMtu(tcb, tcb.pathMtu);
}
