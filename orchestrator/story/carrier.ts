/** A connection as the carrier of requests and responses: which of its segments belong to which of them. */
import { SYN } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';
import type { WireAccount } from './http-accounts.js';
import type { Scene } from './scene.js';
import { Flow, tcpOf } from './tcp-story.js';
import { recordsSeen } from './tls-records.js';
import { handshakeFrames } from './tls-story.js';

const MULTIPLEXED = 'HTTP/2';
/** Segments that leave so soon after each other leave together. */
const BURST_MS = 1;

/** The segments of one exchange. */
export interface Part {
  readonly sent: readonly LabFrame[];
  readonly received: readonly LabFrame[];
  /** Of these, the ones in which other exchanges may have a part too. */
  readonly shared: number;
}

export class Carrier {
  readonly flow: Flow;
  /** Its first data is a record of TLS. */
  readonly isEncrypted: boolean;
  private readonly sent: readonly LabFrame[];
  private readonly received: readonly LabFrame[];
  private readonly parts = new Map<WireAccount, Omit<Part, 'shared'>>();
  /** How many exchanges claim a frame. */
  private readonly claims = new Map<LabFrame, number>();

  /** `accounts`: those of all connections, in order of time. */
  constructor(scene: Scene, { local, remote }: WireAccount, accounts: readonly WireAccount[]) {
    this.flow = new Flow(scene, scene.client, local, remote);
    const outward = this.flow.frames.filter((frame) => this.flow.fromClient(frame));
    const inward = this.flow.frames.filter((frame) => !this.flow.fromClient(frame));
    const records = recordsSeen(outward);
    this.isEncrypted = records.length > 0;
    // The last of the handshake leaves at the moment of the first request.
    const handshake = handshakeFrames(records, recordsSeen(inward));
    this.sent = dataFrames(outward).filter((frame) => !handshake.has(frame));
    this.received = dataFrames(inward);
    const mine = accounts.filter((account) => account.local === local && account.remote === remote);
    mine.forEach((account, index) => {
      const next = mine[index + 1]?.requestAt ?? Number.POSITIVE_INFINITY;
      const part = account.protocol === MULTIPLEXED ? this.streamPart(account, next) : this.turnPart(account, next);
      this.parts.set(account, part);
      for (const frame of [...part.sent, ...part.received]) this.claims.set(frame, (this.claims.get(frame) ?? 0) + 1);
    });
  }

  partOf(account: WireAccount): Part {
    const part = this.parts.get(account) ?? { sent: [], received: [] };
    const shared = [...part.sent, ...part.received].filter((frame) => (this.claims.get(frame) ?? 0) > 1).length;
    return { ...part, shared };
  }

  /**
   * HTTP/1.1 without pipelining: what passes from this request to the connection's next, or to the end of its response. The
   * next may leave at the very instant at which the last of the response has come.
   */
  private turnPart({ requestAt, endAt }: WireAccount, next: number): Omit<Part, 'shared'> {
    return {
      sent: this.sent.filter(({ at }) => at >= requestAt && at < next && at <= endAt),
      received: this.received.filter(({ at }) => at > requestAt && at <= next && at <= endAt),
    };
  }

  /**
   * HTTP/2 (RFC 9113 section 5): streams pass side by side, and which frame has a part of which is encrypted. The request is
   * in what left from when it was made to when the next one left, since what is written first leaves first; without a body
   * it had left before anything came back. The response is in what came from the segment with its head to that with its
   * end.
   */
  private streamPart({ requestAt, responseAt, endAt, hasBody }: WireAccount, next: number): Omit<Part, 'shared'> {
    const firstAt = this.sent.find(({ at }) => at >= requestAt)?.at ?? requestAt;
    const back = hasBody ? undefined : this.received.find(({ at }) => at > firstAt)?.at;
    const nextLeft = this.sent.find(({ at }) => at >= next)?.at ?? Number.POSITIVE_INFINITY;
    const until = back ?? responseAt ?? endAt;
    const sent = this.sent.filter(({ at }) => at >= requestAt && at < until && at <= nextLeft + BURST_MS);
    const headAt = this.received.findLast(({ at }) => at <= (responseAt ?? requestAt))?.at ?? requestAt;
    return { sent, received: this.received.filter(({ at }) => at > requestAt && at >= headAt && at <= endAt) };
  }
}

/** A segment's data, once: repeated segments count for the first time that they were seen. */
function dataFrames(frames: readonly LabFrame[]): LabFrame[] {
  const seen = new Set<number>();
  return frames.filter((frame) => {
    const { seq, flags } = tcpOf(frame);
    if (frame.dataLength === 0 || flags & SYN || seen.has(seq)) return false;
    seen.add(seq);
    return true;
  });
}
