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
    const tickets = scene.traces('tls-ticket').filter(({ device, event }) => {
      return device === scene.client && event.local === local && event.remote === remote;
    });
    // The last of the handshake leaves at the moment of the first request, and is answered with it.
    const handshake = handshakeFrames(records, recordsSeen(inward), tickets.length);
    this.sent = dataFrames(outward).filter((frame) => !handshake.has(frame));
    this.received = dataFrames(inward).filter((frame) => !handshake.has(frame));
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

  /** RFC 9113 section 3.4: the first thing that a client of HTTP/2 says, with its settings and before its first request. */
  hasPreface(account: WireAccount): boolean {
    const [first] = this.parts.get(account)?.sent ?? [];
    return account.protocol === MULTIPLEXED && first !== undefined && first === this.sent[0];
  }

  /**
   * HTTP/1.1 without pipelining: what passes from this request to the connection's next, or to the end of its response. The
   * next may leave at the very instant at which the last of the response has come.
   */
  private turnPart(account: WireAccount, next: number): Omit<Part, 'shared'> {
    const { requestAt, endAt } = account;
    return {
      sent: this.sent.filter(({ at }) => at >= requestAt && at < next && at <= endAt),
      received: this.receivedFor(account).filter(({ at }) => at <= next),
    };
  }

  /**
   * From the segment with the first byte of the response to that with its last. A busy machine hears of the first one when
   * the next ones are there, too: they are at least as many as the response is long.
   */
  private receivedFor({ requestAt, responseAt, endAt, leastResponseBytes }: WireAccount): LabFrame[] {
    const frames = this.received.filter(({ at }) => at > requestAt && at <= endAt);
    const total = (from: number) => frames.slice(from).reduce((sum, { dataLength }) => sum + dataLength, 0);
    const headAt = frames.findLast(({ at }) => at <= (responseAt ?? requestAt))?.at ?? requestAt;
    let first = Math.max(
      0,
      frames.findIndex(({ at }) => at >= headAt),
    );
    while (first > 0 && total(first) < leastResponseBytes) first -= 1;
    return frames.slice(first);
  }

  /**
   * HTTP/2 (RFC 9113 section 5): streams pass side by side, and which frame has a part of which is encrypted. The request is
   * in what left from when it was made to when the next one left, since what is written first leaves first; without a body
   * it had left before anything came back. The response is in what came from the segment with its head to that with its
   * end.
   */
  private streamPart(account: WireAccount, next: number): Omit<Part, 'shared'> {
    const { requestAt, responseAt, endAt, hasBody } = account;
    const firstAt = this.sent.find(({ at }) => at >= requestAt)?.at ?? requestAt;
    const back = hasBody ? undefined : this.received.find(({ at }) => at > firstAt)?.at;
    const nextLeft = this.sent.find(({ at }) => at >= next)?.at ?? Number.POSITIVE_INFINITY;
    const until = back ?? responseAt ?? endAt;
    const sent = this.sent.filter(({ at }) => at >= requestAt && at < until && at <= nextLeft + BURST_MS);
    return { sent, received: this.receivedFor(account) };
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
