import type { Instant } from '../../clock.js';
import { Ecn } from './ecn.js';
import type { SequenceNumber } from './seqnum.js';
import { Statistics } from './statistics.js';
import type { Endpoint, TcpState } from './types.js';

/** RFC 9293 section 3.7.1: assumed when a SYN carries no MSS option. */
export const DEFAULT_MSS = 536;

/**
 * The transmission control block: the variables of one connection under their names in RFC 9293 section 3.3.1.
 * Only numbers; who changes them is sender.ts (SND), receiver.ts (RCV) and segment-arrives.ts (state).
 */
export class Tcb {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  state: TcpState = 'CLOSED';

  /** ISS: initial send sequence number. */
  iss: SequenceNumber = 0;
  /** SND.UNA: oldest unacknowledged sequence number. */
  sndUna: SequenceNumber = 0;
  /** SND.NXT: next sequence number to be sent. */
  sndNxt: SequenceNumber = 0;
  /** SND.WND: send window, bytes, scaled. */
  sndWnd = 0;
  /** MAX.SND.WND: the largest window that the peer ever offered. */
  maxSndWnd = 0;
  /** SND.WL1, SND.WL2: sequence and acknowledgment number of the last window update. */
  sndWl1: SequenceNumber = 0;
  sndWl2: SequenceNumber = 0;
  /** Snd.Wind.Shift of RFC 7323: the peer's window fields count units of 2^shift. */
  sndWndShift = 0;

  /** SND.UP: just after the last byte that the program called urgent; undefined once that is acknowledged. */
  sndUp: SequenceNumber | undefined;

  /** IRS: initial receive sequence number. */
  irs: SequenceNumber = 0;
  /** RCV.NXT: next sequence number expected. */
  rcvNxt: SequenceNumber = 0;
  /** RCV.WND: bytes from RCV.NXT to the right edge that was advertised; never moves back. */
  rcvWnd = 0;
  /** RCV.UP: just after the peer's urgent data; undefined when the program has read it. */
  rcvUp: SequenceNumber | undefined;
  /** Rcv.Wind.Shift of RFC 7323. */
  rcvWndShift = 0;
  /** Last.ACK.sent of RFC 7323 section 4.3. */
  lastAckSent: SequenceNumber = 0;

  /** What our SYN tells the peer: the largest segment that we take. */
  receiveMss = DEFAULT_MSS;
  /** What the peer's SYN told us. */
  peerMss = DEFAULT_MSS;
  /** Bytes of the largest IP packet towards the peer. */
  pathMtu = 0;
  /** Eff.snd.MSS of RFC 9293 section 3.7.1: bytes of data in a full segment, options of every segment deducted. */
  mss = DEFAULT_MSS;

  /** Differentiated services codepoint of our packets, 0 … 63. */
  dscp = 0;
  /** Time to live of our packets; undefined: the machine's default. */
  ttl: number | undefined;

  /** Both SYNs carried the window scale option. */
  windowScaling = false;
  /** RFC 7323 timestamps; undefined when one side does not want them. */
  timestamps: Timestamps | undefined;
  /** What our timestamps are ahead of the machine's clock: the same towards one machine, so that they never go back. */
  timestampOffset = 0;
  /** Both SYNs carried SACK-permitted: RFC 2018. */
  sackPermitted = false;
  /** Explicit congestion notification, if both ends want it: RFC 3168. */
  readonly ecn = new Ecn();
  /** What was counted; decides nothing. */
  readonly statistics = new Statistics();

  constructor(local: Endpoint, remote: Endpoint) {
    this.local = local;
    this.remote = remote;
  }
}

export interface Timestamps {
  /** TS.Recent and when it was set. */
  recent: number;
  recentAt: Instant;
}
