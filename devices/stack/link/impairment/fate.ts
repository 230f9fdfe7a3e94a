/**
 * What becomes of one packet, drawn when it comes to the line. Every packet draws in every purpose that is switched on,
 * whatever else becomes of it: the fate of the n-th one under one impairment never depends on another.
 */
import { isGiant } from '../../wire/ethernet.js';
import { frameBits } from './corruption.js';
import { jitterQuantile } from './jitter.js';
import type { Layer } from './layer.js';
import { losesPackets } from './loss.js';
import type { Overlay } from './overlay.js';
import { reordersPackets } from './reordering.js';

export interface Fate {
  /** Who drops it; undefined when it goes on. */
  readonly droppedBy: Layer | undefined;
  readonly reason: 'impairmentMtu' | 'impairmentLoss';
  /** Bits behind the preamble that are flipped, and who does it. */
  readonly bits: readonly number[];
  readonly damagedBy: Layer | undefined;
  readonly doubledBy: Layer | undefined;
  readonly heldBackBy: Layer | undefined;
  /** In units of the jitter. */
  readonly jitter: number;
}

export function drawFate(packet: Uint8Array, overlay: Overlay): Fate {
  const { settings, mtu, loss } = overlay;
  const tooLong = settings.mtu !== undefined && isGiant(packet, settings.mtu);
  const lost = losesPackets(settings) && loss.deciders.loss.next(settings);
  const corrupted = drawCorruption(packet, overlay);
  const errors = drawBitErrors(packet, overlay);
  const doubled = drawDuplicate(overlay);
  const jitter = drawJitter(overlay);
  const heldBack = drawReorder(overlay);
  return {
    droppedBy: tooLong ? mtu : lost ? loss : undefined,
    reason: tooLong ? 'impairmentMtu' : 'impairmentLoss',
    bits: errors.length === 0 ? corrupted : [...corrupted, ...errors],
    damagedBy: errors.length > 0 ? overlay.bitErrors : corrupted.length > 0 ? overlay.corrupt : undefined,
    doubledBy: doubled ? overlay.duplicate : undefined,
    heldBackBy: heldBack ? overlay.reorder : undefined,
    jitter,
  };
}

const NO_BITS: readonly number[] = [];

function drawCorruption(packet: Uint8Array, { settings, corrupt: { deciders } }: Overlay): readonly number[] {
  const { corrupt = 0, corruptCorrelation } = settings;
  if (corrupt <= 0) return NO_BITS;
  const isHit = deciders.corrupt.chance(corrupt, corruptCorrelation);
  // Each packet draws a place too: which bit is hit does not depend on how many were before.
  const place = deciders.corruptBit.below(frameBits(packet));
  return isHit && frameBits(packet) > 0 ? [place] : NO_BITS;
}

function drawBitErrors(packet: Uint8Array, { settings, bitErrors: { deciders } }: Overlay): readonly number[] {
  const { bitErrorRate = 0 } = settings;
  if (bitErrorRate <= 0) return NO_BITS;
  return deciders.bitErrors.next(frameBits(packet), bitErrorRate) ?? NO_BITS;
}

function drawDuplicate({ settings, duplicate: { deciders } }: Overlay): boolean {
  const { duplicate = 0, duplicateCorrelation } = settings;
  return duplicate > 0 && deciders.duplicate.chance(duplicate, duplicateCorrelation);
}

function drawJitter({ settings, jitter: { deciders } }: Overlay): number {
  const { jitterMs = 0, jitterDistribution = 'uniform', jitterCorrelation } = settings;
  return jitterMs > 0 ? jitterQuantile(jitterDistribution, deciders.jitter.next(jitterCorrelation)) : 0;
}

function drawReorder({ settings, reorder: { deciders } }: Overlay): boolean {
  return reordersPackets(settings) && deciders.reorder.next(settings);
}
