import { type Instant, NEVER } from '../../clock.js';
import { HEADERS_LENGTH, setPathMtu, timestampsLength } from '../control-block/negotiation.js';
import { type SequenceNumber, seqAdd, seqGe } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { TcpContext } from '../control-block/types.js';

/** Linux's tcp_base_mss and tcp_mtu_probe_floor: what nearly every path takes, and what we never go below. */
const BASE_MSS = 1024;
const FLOOR_MSS = 48;
/** As Linux's tcp_retries1: expiries of the retransmission timer in a row before the size is suspected. */
const UNSUSPICIOUS_TIMEOUTS = 3;
/** Linux's tcp_probe_threshold (bytes) and tcp_probe_interval: the search is over; it begins anew. */
const FOUND_WITHIN = 8;
const SEARCH_AGAIN_MS = 600_000;
/** As Linux: so much is on its way, or waits behind the probe, that its loss is noticed without a timeout. */
const MIN_WINDOW_SEGMENTS = 11;
const SEGMENTS_BEHIND_PROBE = 4;
/** Before full size is tried again for the second time; doubles with each time that it does not get through. */
const TRIAL_DELAY_MS = 500;
/** How often a path that is known to be narrow is looked up anew. */
const LOOK_UP_MS = 60_000;

/** What {@link PathMtu.probeLength} has to know of the sender, bytes. */
export interface ProbeRoom {
  readonly unsent: number;
  readonly windowRoom: number;
  readonly congestionWindow: number;
  /** Nothing is lost, or looks like it. */
  readonly calm: boolean;
}

interface Search {
  low: number;
  high: number;
  /** When what is too large now is tried again. */
  againAt: Instant;
  /** When full size is; NEVER while nothing gets through. */
  trialAt: Instant;
  failedTrials: number;
}

interface Probe {
  readonly start: SequenceNumber;
  readonly end: SequenceNumber;
  readonly mtu: number;
  /** Of full size: its loss says nothing about sizes below. */
  readonly trial: boolean;
}

/**
 * How large our packets may be. Routers tell (RFC 1191), and IP remembers. Where they do not, or where what they tell
 * is dropped (a black hole), the sizes are tried out in the manner of RFC 4821, as Linux with tcp_mtu_probing=1: after
 * repeated timeouts the MSS falls to 1024 and then by halves, and once data flows again larger segments probe for the
 * largest that gets through. A probe that is lost costs a reduction of the congestion window, as any loss does.
 *
 * Unlike Linux full size is tried again as soon as anything gets through, then more and more rarely. Where every third
 * packet is lost, timeouts in a row tell nothing of sizes, and with the smallest segments little would ever arrive.
 */
export class PathMtu {
  private readonly context: TcpContext;
  private readonly tcb: Tcb;
  /** What IP knows. */
  private told: number;
  private lookUpAt: Instant;
  /** Bounds of the search: packets of `low` get through, those above `high` do not. Undefined: no suspicion. */
  private search: Search | undefined;
  private probe: Probe | undefined;

  constructor(context: TcpContext, tcb: Tcb) {
    this.context = context;
    this.tcb = tcb;
    this.told = context.ipv4.mtuFor(tcb.remote.address);
    this.lookUpAt = this.nextLookUp();
    this.apply();
  }

  /** The largest packet that nobody has objected to. */
  get known(): number {
    return this.told;
  }

  /** Somebody told that the path takes only packets of `mtu` bytes. True when larger segments are under way. */
  reduced(mtu: number): boolean {
    this.told = Math.min(this.told, mtu);
    this.lookUpAt = this.context.timers.now + LOOK_UP_MS;
    if (this.search !== undefined) {
      this.search.high = Math.min(this.search.high, mtu);
      this.search.low = Math.min(this.search.low, mtu);
    }
    const refused = this.probe !== undefined && this.probe.mtu > mtu;
    if (refused) this.probe = undefined;
    return this.apply() < 0 || refused;
  }

  /** IP forgets after ten minutes what it was told (RFC 1191 section 6.3). True when the MSS has grown by that. */
  lookUp(): boolean {
    const { now } = this.context.timers;
    if (now < this.lookUpAt) return false;
    this.told = this.context.ipv4.mtuFor(this.tcb.remote.address);
    this.lookUpAt = this.nextLookUp();
    return this.apply() > 0;
  }

  /**
   * The timer has run out `times` in a row on a segment with `length` bytes of data. True when it is to be cut
   * smaller, for the case that its size is why nothing comes back.
   */
  timedOut(times: number, length: number): boolean {
    if (times <= UNSUSPICIOUS_TIMEOUTS) return false;
    const headers = this.headersLength;
    const halved = this.search === undefined ? BASE_MSS : Math.floor((this.search.low - headers) / 2);
    const mss = Math.max(FLOOR_MSS, Math.min(BASE_MSS, halved));
    if (length <= mss) return false;
    const high = this.search?.high ?? this.ceiling;
    const againAt = this.context.timers.now + SEARCH_AGAIN_MS;
    const failedTrials = this.search?.failedTrials ?? 0;
    this.search = { low: mss + headers, high, againAt, trialAt: NEVER, failedTrials };
    this.probe = undefined;
    this.context.counters.add('tcp.blackHoles');
    return this.apply() < 0;
  }

  /** Bytes of data of a segment that finds out whether larger ones get through by now; undefined: none now. */
  probeLength(room: ProbeRoom): number | undefined {
    const { search, tcb } = this;
    if (search === undefined || this.probe !== undefined || !room.calm) return undefined;
    const { now } = this.context.timers;
    if (now >= search.againAt) {
      search.high = this.ceiling;
      search.againAt = now + SEARCH_AGAIN_MS;
    }
    if (search.high - search.low < FOUND_WITHIN) return undefined;
    const length = Math.ceil((search.low + search.high) / 2) - this.headersLength;
    const needed = length + SEGMENTS_BEHIND_PROBE * tcb.mss;
    const hasRoom = room.unsent >= needed && room.windowRoom >= needed;
    return hasRoom && room.congestionWindow >= MIN_WINDOW_SEGMENTS * tcb.mss ? length : undefined;
  }

  /** Bytes of data of a segment that finds out whether it was the size at all; undefined: not now. */
  trialLength(): number | undefined {
    const { search } = this;
    if (search === undefined || this.probe !== undefined || this.context.timers.now < search.trialAt) return undefined;
    return this.ceiling - this.headersLength;
  }

  /** A segment larger than the MSS is about to go. */
  probeSent(start: SequenceNumber, length: number, trial: boolean): void {
    this.context.counters.add('tcp.mtuProbes');
    this.probe = { start, end: seqAdd(start, length), mtu: length + this.headersLength, trial };
  }

  /** The peer's window is larger than ever. True when the MSS has grown by that. */
  windowGrew(): boolean {
    return this.apply() > 0;
  }

  /** SND.UNA has moved to `una`. True when the MSS has grown by that: a probe got through. */
  acknowledged(una: SequenceNumber): boolean {
    const { probe, search } = this;
    if (search === undefined) return false;
    if (search.trialAt === NEVER) this.scheduleTrial(search);
    if (probe === undefined || !seqGe(una, probe.end)) return false;
    this.probe = undefined;
    search.low = Math.max(search.low, probe.mtu);
    search.high = Math.max(search.high, search.low);
    if (search.low >= this.ceiling) this.search = undefined;
    return this.apply() > 0;
  }

  /** The segment at `seq` was taken for lost. */
  lost(seq: SequenceNumber): void {
    const { probe, search } = this;
    if (probe === undefined || search === undefined || seq !== probe.start) return;
    this.probe = undefined;
    if (probe.trial) {
      search.failedTrials += 1;
      this.scheduleTrial(search);
    } else search.high = Math.max(search.low, probe.mtu - 1);
  }

  /** The first at once. */
  private scheduleTrial(search: Search): void {
    const { failedTrials } = search;
    const delay = failedTrials === 0 ? 0 : Math.min(SEARCH_AGAIN_MS, TRIAL_DELAY_MS * 2 ** failedTrials);
    search.trialAt = this.context.timers.now + delay;
  }

  /** The largest packet that there is a reason to try. */
  private get ceiling(): number {
    return Math.min(this.told, this.tcb.peerMss + HEADERS_LENGTH);
  }

  private get headersLength(): number {
    return HEADERS_LENGTH + timestampsLength(this.tcb);
  }

  private nextLookUp(): Instant {
    const { ipv4, timers } = this.context;
    return this.told < ipv4.linkMtuFor(this.tcb.remote.address) ? timers.now + LOOK_UP_MS : NEVER;
  }

  /** Returns by how much the MSS has changed. */
  private apply(): number {
    const before = this.tcb.mss;
    setPathMtu(this.tcb, Math.min(this.told, this.search?.low ?? this.told));
    return this.tcb.mss - before;
  }
}
