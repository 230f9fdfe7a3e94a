/**
 * Putting fragments together again (RFC 791 section 3.2), with what the years have taught: bounded time and
 * memory, and a datagram with overlapping fragments is dropped as a whole (RFC 5722 for IPv6; Linux does the
 * same for IPv4), since an overlap is an attack on whoever looks at fragments one by one.
 */
import type { Timer, Timers } from '../clock.js';
import type { Counters } from '../counters.js';
import { IPV4_HEADER_LENGTH, type Ipv4Packet } from '../wire/ipv4.js';

/** Linux's ipfrag_time; RFC 1122 section 3.3.2 would have 60 s. */
export const REASSEMBLY_TIMEOUT_MS = 30_000;
/** Linux's ipfrag_high_thresh. */
export const REASSEMBLY_MEMORY_BYTES = 4 * 1024 * 1024;
/** What a fragment costs besides its bytes, about; so that very small ones cannot be piled up without limit. */
const FRAGMENT_OVERHEAD_BYTES = 128;
const MAX_PACKET_LENGTH = 65535;
/** RFC 3168 section 5: the codepoint in the type-of-service byte, and two of its values. */
const ECN_MASK = 3;
const NOT_ECT = 0;
const CE = 3;

export interface ReassemblyOptions {
  readonly timers: Timers;
  readonly counters: Counters;
  /** Some fragments never came, but the first one (offset 0) did: RFC 792 wants an error to be sent about it. */
  readonly onTimeout: (first: Ipv4Packet) => void;
  /** Default {@link REASSEMBLY_MEMORY_BYTES}. */
  readonly memoryBytes?: number;
}

interface Piece {
  readonly start: number;
  /** Just behind its last byte. */
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** One datagram under construction. */
interface Assembly {
  readonly key: string;
  /** Ordered, without overlaps. */
  pieces: Piece[];
  /** The fragment with offset 0: its header becomes the datagram's. */
  first: Ipv4Packet | undefined;
  /** Length of the payload, known from the last fragment. */
  length: number | undefined;
  received: number;
  memory: number;
  /** Bit 2^n is set when a fragment had the ECN codepoint n. */
  codepoints: number;
  /** Had an overlap: what still comes is dropped silently until the time is over. */
  poisoned: boolean;
  readonly timer: Timer;
}

export class Reassembly {
  private readonly options: ReassemblyOptions;
  private readonly limit: number;
  /** Oldest first. */
  private readonly assemblies = new Map<string, Assembly>();
  private memory = 0;

  constructor(options: ReassemblyOptions) {
    this.options = options;
    this.limit = options.memoryBytes ?? REASSEMBLY_MEMORY_BYTES;
  }

  /** Datagrams that wait for more. */
  get pending(): number {
    return this.assemblies.size;
  }

  /** The whole datagram when this fragment was the one that was missing. */
  add(fragment: Ipv4Packet): Ipv4Packet | undefined {
    const { counters } = this.options;
    counters.add('ipv4.fragmentsIn');
    if (!isPossible(fragment)) {
      counters.add('ipv4.badFragment');
      return undefined;
    }
    const assembly = this.assemblyOf(fragment);
    if (assembly.poisoned) {
      counters.add('ipv4.fragmentOverlap');
      return undefined;
    }
    if (!this.insert(assembly, fragment)) return undefined;
    if (assembly.received !== assembly.length || assembly.first === undefined) {
      this.enforceLimit();
      return undefined;
    }
    this.remove(assembly);
    const tos = tosOfWhole(assembly.first.tos, assembly.codepoints);
    if (tos === undefined) {
      counters.add('ipv4.fragmentEcn');
      return undefined;
    }
    counters.add('ipv4.reassembled');
    return { ...assembly.first, tos, moreFragments: false, payload: join(assembly.pieces, assembly.length) };
  }

  /** False for a duplicate and for an overlap. */
  private insert(assembly: Assembly, fragment: Ipv4Packet): boolean {
    const start = fragment.fragmentOffset;
    const end = start + fragment.payload.length;
    let index = assembly.pieces.length;
    while (index > 0 && assembly.pieces[index - 1].start >= start) index -= 1;
    const previous = assembly.pieces[index - 1];
    const next = assembly.pieces[index];
    const isLast = !fragment.moreFragments;
    const overlaps = (previous !== undefined && previous.end > start) || (next !== undefined && next.start < end);
    const lastPiece = assembly.pieces[assembly.pieces.length - 1];
    const { length } = assembly;
    const contradicts = isLast
      ? (length !== undefined && length !== end) || (lastPiece !== undefined && lastPiece.end > end)
      : length !== undefined && end > length;
    if (!contradicts && (!isLast || length === end) && isCovered(assembly.pieces, start, end)) {
      // The network doubles packets, and routers cut the copies differently: what is all there already does no harm.
      this.options.counters.add('ipv4.fragmentDuplicate');
      return false;
    }
    if (overlaps || contradicts) {
      this.poison(assembly);
      return false;
    }
    // A copy: a view would keep the whole buffer alive in which the frame came.
    const bytes = fragment.payload.slice();
    assembly.pieces.splice(index, 0, { start, end, bytes });
    assembly.received += end - start;
    assembly.codepoints |= 1 << (fragment.tos & ECN_MASK);
    this.charge(assembly, end - start + FRAGMENT_OVERHEAD_BYTES);
    if (start === 0) assembly.first = { ...fragment, options: fragment.options.slice(), payload: bytes };
    if (isLast) assembly.length = end;
    return true;
  }

  private assemblyOf(fragment: Ipv4Packet): Assembly {
    const key = `${fragment.src}/${fragment.dst}/${fragment.protocol}/${fragment.identification}`;
    const known = this.assemblies.get(key);
    if (known !== undefined) return known;
    const { timers } = this.options;
    const assembly: Assembly = {
      key,
      pieces: [],
      first: undefined,
      length: undefined,
      received: 0,
      memory: 0,
      codepoints: 0,
      poisoned: false,
      timer: timers.after(REASSEMBLY_TIMEOUT_MS, () => this.expire(assembly)),
    };
    this.assemblies.set(key, assembly);
    this.charge(assembly, FRAGMENT_OVERHEAD_BYTES);
    return assembly;
  }

  private poison(assembly: Assembly): void {
    this.options.counters.add('ipv4.fragmentOverlap');
    assembly.poisoned = true;
    assembly.pieces = [];
    assembly.first = undefined;
    this.charge(assembly, FRAGMENT_OVERHEAD_BYTES - assembly.memory);
  }

  private expire(assembly: Assembly): void {
    this.remove(assembly);
    if (assembly.poisoned) return;
    this.options.counters.add('ipv4.reassemblyTimeout');
    if (assembly.first !== undefined) this.options.onTimeout(assembly.first);
  }

  private enforceLimit(): void {
    for (const assembly of this.assemblies.values()) {
      if (this.memory <= this.limit) return;
      this.options.counters.add('ipv4.reassemblyFull');
      this.remove(assembly);
    }
  }

  private charge(assembly: Assembly, bytes: number): void {
    assembly.memory += bytes;
    this.memory += bytes;
  }

  private remove(assembly: Assembly): void {
    assembly.timer.clear();
    this.assemblies.delete(assembly.key);
    this.memory -= assembly.memory;
  }
}

/** Whether neighbouring pieces hold all of it: to Linux such a fragment is a duplicate, not an overlap. */
function isCovered(pieces: readonly Piece[], start: number, end: number): boolean {
  let reached = start;
  for (const piece of pieces) {
    if (piece.start <= reached && piece.end > reached) reached = piece.end;
    if (reached >= end) return true;
  }
  return false;
}

/** All but the last carry a multiple of 8 bytes, none is empty, and the whole fits an IPv4 packet. */
function isPossible(fragment: Ipv4Packet): boolean {
  const { length } = fragment.payload;
  if (length === 0 || (fragment.moreFragments && length % 8 !== 0)) return false;
  return IPV4_HEADER_LENGTH + fragment.options.length + fragment.fragmentOffset + length <= MAX_PACKET_LENGTH;
}

/**
 * RFC 3168 section 5.3: one mark marks the whole. A mixture with fragments that are not ECN-capable was not made by one
 * sender, and is dropped, as Linux does: undefined.
 */
function tosOfWhole(tos: number, codepoints: number): number | undefined {
  const capable = codepoints & ~(1 << NOT_ECT);
  if (capable === 0) return tos;
  if (capable !== codepoints) return undefined;
  return codepoints & (1 << CE) ? tos | CE : tos;
}

function join(pieces: readonly Piece[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const piece of pieces) bytes.set(piece.bytes, piece.start);
  return bytes;
}
