/**
 * What a bad line does to the frames of one direction: it loses, corrupts, doubles, slows, delays and
 * reorders them. All draws are seeded, one stream a purpose. Faults lie over the topology's settings (overlay.ts); who
 * decides about a frame draws for it.
 *
 * A frame passes in this order: black hole, MTU, loss, corruption, bit errors, duplication (fate.ts), queue and rate
 * (rate-queue.ts), delay with jitter, holding back (delay-line.ts), slots (slots.ts).
 */
import { type Instant, NEVER } from '../../clock.js';
import type { Impairment } from '../../link-settings.js';
import type { Random } from '../../random.js';
import type { Crc32 } from '../../wire/fcs.js';
import type { LineTimer, LineTimers } from '../line-clock.js';
import type { CodelActions } from './codel.js';
import { markCongestion } from './congestion-mark.js';
import { flipBits } from './corruption.js';
import { DelayLine } from './delay-line.js';
import { drawFate, type Fate } from './fate.js';
import { type FaultLayer, faultLayers, Layer } from './layer.js';
import { type Overlay, overlay } from './overlay.js';
import { type Dequeue, dropTail, RateQueue } from './rate-queue.js';
import { type LinkFault, type LinkFaultCounts, MAX_LINE_BYTES, MAX_LINE_PACKETS } from './settings.js';
import type { Transit } from './transit.js';

/** Why a line drops a packet; the names of the counters. */
export type LineDrop = 'blackhole' | 'impairmentMtu' | 'impairmentLoss' | 'queueFull' | 'codel';

export interface ImpairerContext {
  readonly random: Random;
  readonly timers: LineTimers;
  readonly crc32: Crc32;
  /** Takes packets when their time has come. */
  readonly forward: (packet: Uint8Array, fault: string) => void;
  readonly drop: (packet: Uint8Array, reason: LineDrop, fault: string) => void;
}

export class Impairer {
  /** True when a packet offered now would come out at once and untouched. */
  idle = true;
  private readonly context: ImpairerContext;
  private readonly timer: LineTimer;
  /** The topology's own settings. */
  private readonly base: Layer;
  private faults: readonly FaultLayer[] = [];
  private blackhole: FaultLayer | undefined;
  private current: Overlay;
  private readonly queue = new RateQueue();
  private readonly line = new DelayLine();
  /** Bytes of all packets that wait, are sent and are under way. */
  private lineBytes = 0;
  private offered = 0;

  constructor(context: ImpairerContext) {
    this.context = context;
    this.timer = context.timers.create(() => this.work());
    this.base = new Layer({}, context.random);
    this.current = overlay([this.base]);
  }

  /** The topology's own settings, whatever lies over them. */
  get settings(): Impairment {
    return this.base.settings;
  }

  get faultLayers(): readonly FaultLayer[] {
    return this.faults;
  }

  get faultCounts(): LinkFaultCounts[] {
    return this.faults.map(({ counts }) => counts);
  }

  /** Replaces the topology's own settings. Nothing of what stays the same is begun anew. */
  configure(settings: Impairment): void {
    this.base.settings = settings;
    this.apply();
  }

  /** Replaces all faults. Those that stay go on as they were. */
  setFaults(faults: readonly LinkFault[]): void {
    this.faults = faultLayers(faults, this.faults, this.context.random);
    this.blackhole = this.faults.findLast(({ order }) => order.state === 'blackhole');
    this.apply();
  }

  /**
   * The settings have changed. What was due has been sent under the old ones; a packet that is being sent goes on at the
   * new rate; those under way come out as if they had been sent under the new delay. Nothing else touches them.
   */
  private apply(): void {
    const { now } = this.context.timers;
    while (this.queue.nextAt <= now) this.finishSending();
    const { settings: before, codel } = this.current;
    this.current = overlay([this.base, ...this.faults]);
    const { settings } = this.current;
    this.queue.setRate(settings.rateBps ?? 0, now);
    if ((settings.slotMs ?? 0) > 0) this.current.slots.deciders.slots.begin(now, settings);
    const isCodelNew = before.queueDiscipline !== 'codel' || codel !== this.current.codel;
    if (settings.queueDiscipline === 'codel' && isCodelNew) this.current.codel.deciders.codel.resume();
    if (TIMING.some((key) => settings[key] !== before[key])) this.line.retime(settings, now);
    this.arm();
  }

  /** Takes all off that is on the line. */
  cut(): readonly Transit[] {
    const lost = [...this.line.clear(), ...this.queue.clear()];
    this.lineBytes = 0;
    this.arm();
    return lost;
  }

  /** `fault` marks a packet that is the work of one already. */
  offer(packet: Uint8Array, fault = ''): void {
    this.work();
    for (const layer of this.faults) layer.matched += 1;
    if (this.blackhole === undefined) this.meetFate(packet, fault, drawFate(packet, this.current));
    else this.drop(packet, 'blackhole', this.blackhole, fault);
    this.work();
  }

  private meetFate(packet: Uint8Array, fault: string, fate: Fate): void {
    const { bits, damagedBy, doubledBy, heldBackBy, jitter } = fate;
    if (fate.droppedBy !== undefined) {
      this.drop(packet, fate.reason, fate.droppedBy, fault);
      return;
    }
    const mark = damagedBy?.mark || fault;
    const packetOnLine = damagedBy === undefined ? packet : flipBits(packet, bits);
    const hitBy = this.hitBy(fate);
    for (const layer of hitBy) layer.hit += 1;
    const isHeldBack = heldBackBy !== undefined;
    this.enqueue(packetOnLine, mark, jitter, isHeldBack, hitBy);
    if (doubledBy !== undefined) this.enqueue(packetOnLine, doubledBy.mark || mark, jitter, isHeldBack, hitBy);
  }

  /** Each layer that has a hand in it, once. */
  private hitBy({ damagedBy, doubledBy, heldBackBy }: Fate): Layer[] {
    const { slowing } = this.current;
    if (damagedBy === undefined && doubledBy === undefined && heldBackBy === undefined) return slowing.slice();
    const others = [damagedBy, doubledBy, heldBackBy].filter((layer) => layer !== undefined);
    return [...new Set([...slowing, ...others])];
  }

  private enqueue(packet: Uint8Array, fault: string, jitter: number, heldBack: boolean, hitBy: Layer[]): void {
    const { now } = this.context.timers;
    const { settings, owner } = this.current;
    const matchedBy = this.faults;
    const packets = this.queue.packets + this.line.packets;
    const isLineFull = this.lineBytes + packet.length > MAX_LINE_BYTES || packets >= MAX_LINE_PACKETS;
    const full = isLineFull ? 'delayMs' : this.queue.fullFor(packet.length, settings, now);
    if (full !== undefined) {
      const layer = owner('rateBps', full);
      countHit(layer, { hitBy, matchedBy });
      this.context.drop(packet, 'queueFull', layer.mark || fault);
      return;
    }
    this.lineBytes += packet.length;
    const transit: Transit = {
      packet,
      fault,
      order: this.offered++,
      jitter,
      heldBack,
      hitBy,
      matchedBy,
      queuedAt: now,
      sentAt: now,
      at: now,
    };
    if ((settings.rateBps ?? 0) > 0) {
      this.queue.push(transit);
      this.queue.start(now, this.dequeue);
    } else {
      this.line.add(transit, settings);
    }
  }

  private readonly dequeue: Dequeue = (queue, now) => {
    const { settings, codel } = this.current;
    if (settings.queueDiscipline !== 'codel' || (settings.rateBps ?? 0) <= 0) return dropTail(queue, now);
    return codel.deciders.codel.dequeue(queue, now, settings, this.codelActions);
  };

  private readonly codelActions: CodelActions = {
    drop: (transit) => {
      const { packet, fault } = transit;
      const layer = this.current.owner(...CODEL);
      this.lineBytes -= packet.length;
      countHit(layer, transit);
      this.context.drop(packet, 'codel', layer.mark || fault);
    },
    mark: (transit) => {
      const marked = markCongestion(transit.packet, this.context.crc32);
      if (marked === undefined) return false;
      const layer = this.current.owner(...CODEL, 'codelEcn');
      countHit(layer, transit);
      transit.fault = layer.mark || transit.fault;
      transit.packet = marked;
      return true;
    },
  };

  private drop(packet: Uint8Array, reason: LineDrop, layer: Layer, fault: string): void {
    layer.hit += 1;
    this.context.drop(packet, reason, layer.mark || fault);
  }

  /** Works off all that is due, in the order of its times and each at its own, however late the timer comes. */
  private work(): void {
    const { now } = this.context.timers;
    for (;;) {
      const sentAt = this.queue.nextAt;
      const outAt = this.line.nextAt < sentAt ? this.outAt() : NEVER;
      if (Math.min(sentAt, outAt) > now) break;
      if (sentAt <= outAt) this.finishSending();
      else this.letOut();
    }
    this.arm();
  }

  private finishSending(): void {
    const transit = this.queue.finish(this.dequeue);
    if (transit !== undefined) this.line.add(transit, this.current.settings);
  }

  private letOut(): void {
    const transit = this.line.shift();
    if (transit === undefined) return;
    const { settings, slots } = this.current;
    if ((settings.slotMs ?? 0) > 0) slots.deciders.slots.use(transit.packet.length);
    this.lineBytes -= transit.packet.length;
    this.context.forward(transit.packet, transit.fault);
  }

  /** When the first packet under way comes out. Which slot it gets is seen when it is ready, not before. */
  private outAt(): Instant {
    const { first } = this.line;
    const { settings, slots } = this.current;
    if (first === undefined || (settings.slotMs ?? 0) <= 0 || first.at > this.context.timers.now) {
      return this.line.nextAt;
    }
    return slots.deciders.slots.leavesAt(first.at, first.packet.length, settings);
  }

  private arm(): void {
    const nextAt = Math.min(this.queue.nextAt, this.outAt());
    this.idle = nextAt === NEVER && this.faults.length === 0 && !this.current.acts;
    if (nextAt === NEVER) this.timer.clear();
    else this.timer.set(nextAt);
  }
}

/** What says when a packet under way comes out. */
const TIMING = ['delayMs', 'jitterMs', 'reorderDelayMs', 'jitterReorders'] as const;
/** What says when CoDel acts. */
const CODEL = ['rateBps', 'queueDiscipline', 'codelTargetMs', 'codelIntervalMs'] as const;

/** Once a frame, be it one that came before the fault, or one of two copies. */
function countHit(layer: Layer, { hitBy, matchedBy }: Pick<Transit, 'hitBy' | 'matchedBy'>): void {
  if (hitBy.includes(layer)) return;
  hitBy.push(layer);
  layer.hit += 1;
  if (!matchedBy.includes(layer)) layer.matched += 1;
}
