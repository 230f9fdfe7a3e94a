/**
 * Explicit congestion notification (RFC 3168): routers mark packets instead of dropping them, the receiver echoes the
 * mark, the sender slows down and says so. By Linux's rules; when the window comes down is loss-recovery.ts's business.
 */
import { CWR, ECE, SYN, type TcpSegment } from '../../wire/tcp.js';

/** `accept`, the default as in Linux: yes to peers that ask; `request`: ask as well; `off`: neither. */
export type EcnMode = 'accept' | 'request' | 'off';

/** The last two bits of the IP header's second byte: RFC 3168 section 5. */
export const NOT_ECT = 0;
export const ECT_0 = 2;
export const CE = 3;

const SETUP = ECE | CWR;

/** RFC 3168 section 6.1.1: a SYN that is itself ECN-capable asks for nothing that could be trusted. As Linux. */
export function withoutFalseSetup(segment: TcpSegment, codepoint: number): TcpSegment {
  if (codepoint === NOT_ECT || !(segment.flags & SYN) || !(segment.flags & SETUP)) return segment;
  return { ...segment, flags: segment.flags & ~SETUP };
}

/** What one connection knows of ECN. */
export class Ecn {
  mode: EcnMode = 'accept';
  /** Both ends use it. */
  agreed = false;
  /** Our SYN asked for it; only the first one does, in case that is why it is not answered (section 6.1.1.1). */
  private asked = false;
  /** A mark came, and no CWR since: every ACK echoes it. */
  private echoing = false;
  /** The peer's data is ECN-capable. */
  private seen = false;

  /** For our SYN, and for our SYN-ACK (`active` false). */
  synFlags(active: boolean): number {
    if (!active) return this.agreed ? ECE : 0;
    if (this.mode !== 'request' || this.asked) return 0;
    this.asked = true;
    return SETUP;
  }

  /** The peer's SYN (both flags ask for ECN) or SYN-ACK (ECE alone agrees). `active`: we have sent a SYN before. */
  synArrived(flags: number, active: boolean, isSynAck: boolean): void {
    if (this.mode === 'off' || (active && !this.asked)) this.agreed = false;
    else this.agreed = (flags & SETUP) === (isSynAck ? ECE : SETUP);
  }

  /** Data was accepted, in order or not. True when the ACK must not wait: the peer's window may be very small. */
  textArrived(flags: number, codepoint: number): boolean {
    if (!this.agreed) return false;
    let atOnce = (flags & CWR) !== 0;
    if (atOnce) this.echoing = false;
    if (codepoint === CE && !this.echoing) {
      this.echoing = true;
      atOnce = true;
    }
    // As Linux: among ECN-capable segments one that is not is probably sent again.
    if (codepoint === NOT_ECT && this.seen) atOnce = true;
    if (codepoint !== NOT_ECT) this.seen = true;
    return atOnce;
  }

  /** Does this ACK tell of congestion on our way to the peer? */
  isEcho(flags: number): boolean {
    return this.agreed && (flags & (ECE | SYN)) === ECE;
  }

  /** Of every segment after the handshake but RST. */
  get echoFlags(): number {
    return this.agreed && this.echoing ? ECE : 0;
  }

  /** Sections 6.1.4 to 6.1.6: only new data is ECN-capable; not ACKs, window probes, and what is sent again. */
  codepoint(isNewData: boolean): number {
    return this.agreed && isNewData ? ECT_0 : NOT_ECT;
  }
}
