/**
 * IP options (RFC 791 section 3.1, RFC 1122 section 3.2.1.8, RFC 1812 section 5.2.4): what a machine writes into those
 * of a packet that it receives, hands on or answers. Record route and timestamp are served as Linux does; packets with a
 * source route are for the layer above to refuse; options that nobody here knows stay as they are.
 */
import type { Ipv4Address } from '../wire/address.js';
import { readU32, writeU32 } from '../wire/bytes.js';
import { IPV4_HEADER_LENGTH } from '../wire/ipv4.js';

const END = 0;
const NOP = 1;
const RECORD_ROUTE = 7;
const TIMESTAMP = 0x44;
const LOOSE_SOURCE_ROUTE = 0x83;
const STRICT_SOURCE_ROUTE = 0x89;
const ROUTER_ALERT = 0x94;

/** Low half of the timestamp option's fourth octet. */
const ONLY_TIMES = 0;
const WITH_ADDRESSES = 1;
const FOR_NAMED_ADDRESSES = 3;
const MOST_OVERFLOWS = 15;

/** Who writes, and when. */
export interface OptionWriter {
  /** The machine's own address to be written down. */
  readonly address: Ipv4Address;
  readonly isLocal: (address: Ipv4Address) => boolean;
  /** RFC 791: since midnight UT, or with the highest bit set anything else. Unsigned 32-bit. */
  readonly timeOfDayMs: () => number;
}

export interface ServedOptions {
  /** The options as the packet carries them from now on. */
  readonly options: Uint8Array;
  readonly sourceRouted: boolean;
  /** Index of the slot in which the own address was recorded: a router replaces it by that of the way out. */
  readonly recordedAt: number | undefined;
  /** Something is wrong: the octet of the IP header that an ICMP parameter problem points at. */
  readonly faultAt?: number;
  /** Those before the fault, or all: what a reply may carry. */
  readonly sound: Uint8Array;
}

interface Found {
  readonly type: number;
  readonly at: number;
  readonly length: number;
}

/** The options one by one; a fault ends the list: an index into it. */
function* walk(options: Uint8Array): Generator<Found, number | undefined> {
  for (let at = 0; at < options.length && options[at] !== END; ) {
    if (options[at] === NOP) {
      at += 1;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return at;
    yield { type: options[at], at, length };
    at += length;
  }
  return undefined;
}

/** Fills in what the options of a packet that has just come in ask for. */
export function serveOptions(received: Uint8Array, writer: OptionWriter): ServedOptions {
  const options = received.slice();
  const seen = new Set<number>();
  let sourceRouted = false;
  let recordedAt: number | undefined;
  const faulty = (index: number, start: number): ServedOptions => ({
    options,
    sourceRouted,
    recordedAt,
    faultAt: IPV4_HEADER_LENGTH + index,
    sound: options.subarray(0, start),
  });
  const list = walk(options);
  let step = list.next();
  for (; step.done !== true; step = list.next()) {
    const { type, at, length } = step.value;
    const isSourceRoute = type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE;
    const kind = isSourceRoute ? LOOSE_SOURCE_ROUTE : type;
    if (isSourceRoute || type === RECORD_ROUTE || type === TIMESTAMP) {
      const fault = seen.has(kind) ? 0 : slotFault(options, at, length, type);
      if (fault !== undefined) return faulty(at + fault, at);
      seen.add(kind);
    }
    if (isSourceRoute) {
      sourceRouted = true;
    } else if (type === RECORD_ROUTE && options[at + 2] <= length) {
      recordedAt = at + options[at + 2] - 1;
      writeU32(options, recordedAt, writer.address);
      options[at + 2] += 4;
    } else if (type === TIMESTAMP) {
      stamp(options, at, length, writer);
    } else if (type === ROUTER_ALERT && length < 4) {
      return faulty(at + 1, at);
    }
  }
  if (step.value !== undefined) return faulty(step.value, step.value);
  clearBehindEnd(options);
  return { options, sourceRouted, recordedAt, sound: options };
}

/** What is wrong with the length or the pointer of an option with slots: offset of that octet, undefined for nothing. */
function slotFault(options: Uint8Array, at: number, length: number, type: number): number | undefined {
  const head = type === TIMESTAMP ? 4 : 3;
  if (length < head) return 1;
  const pointer = options[at + 2];
  if (pointer <= head) return 2;
  if (type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE) return undefined;
  if (pointer > length) {
    // No room any more: the missed ones are counted, until the count is full too.
    return type === TIMESTAMP && options[at + 3] >>> 4 === MOST_OVERFLOWS ? 3 : undefined;
  }
  const flag = options[at + 3] & 15;
  const pair = type === TIMESTAMP && (flag === WITH_ADDRESSES || flag === FOR_NAMED_ADDRESSES);
  return pointer + (pair ? 7 : 3) > length ? 2 : undefined;
}

function stamp(options: Uint8Array, at: number, length: number, writer: OptionWriter): void {
  const slot = at + options[at + 2] - 1;
  if (options[at + 2] > length) {
    options[at + 3] += 16;
    return;
  }
  switch (options[at + 3] & 15) {
    case ONLY_TIMES:
      writeU32(options, slot, writer.timeOfDayMs());
      options[at + 2] += 4;
      break;
    case WITH_ADDRESSES:
      writeU32(options, slot, writer.address);
      writeU32(options, slot + 4, writer.timeOfDayMs());
      options[at + 2] += 8;
      break;
    case FOR_NAMED_ADDRESSES:
      if (!writer.isLocal(readU32(options, slot))) break;
      writeU32(options, slot + 4, writer.timeOfDayMs());
      options[at + 2] += 8;
  }
}

/** Nothing is hidden behind the end of the list: as Linux, also in packets that are handed on. */
function clearBehindEnd(options: Uint8Array): void {
  for (let at = 0; at < options.length; at += options[at] === NOP ? 1 : options[at + 1]) {
    if (options[at] !== END) continue;
    options.fill(END, at);
    return;
  }
}

/** A router writes down the address of the interface by which the packet leaves. */
export function recordWayOut({ options, recordedAt }: ServedOptions, address: Ipv4Address): void {
  if (recordedAt !== undefined) writeU32(options, recordedAt, address);
}

/**
 * The options of an answer (RFC 1122 section 3.2.2.6): the first record route and the first timestamp of those that
 * {@link serveOptions} found sound, with one more entry of this machine where there is room, as Linux answers. Undefined
 * when an option ends in the middle of a slot: Linux does not answer then.
 */
export function answerOptions(served: Uint8Array, writer: OptionWriter): Uint8Array | undefined {
  const answer: number[] = [];
  for (const wanted of [RECORD_ROUTE, TIMESTAMP]) {
    for (const { type, at, length } of walk(served)) {
      if (type !== wanted) continue;
      const option = served.slice(at, at + length);
      if (!(type === RECORD_ROUTE ? recordAgain(option, writer) : stampAgain(option, writer))) return undefined;
      answer.push(...option);
      break;
    }
  }
  while (answer.length % 4 !== 0) answer.push(END);
  return Uint8Array.from(answer);
}

function recordAgain(option: Uint8Array, writer: OptionWriter): boolean {
  const pointer = option[2];
  if (pointer > option.length) return true;
  if (pointer + 3 > option.length) return false;
  writeU32(option, pointer - 1, writer.address);
  option[2] += 4;
  return true;
}

function stampAgain(option: Uint8Array, writer: OptionWriter): boolean {
  const pointer = option[2];
  const flag = option[3] & 15;
  if (pointer > option.length || ![ONLY_TIMES, WITH_ADDRESSES, FOR_NAMED_ADDRESSES].includes(flag)) return true;
  if (flag !== ONLY_TIMES && pointer + 7 > option.length) return flag === FOR_NAMED_ADDRESSES;
  if (pointer + 3 > option.length) return false;
  stamp(option, 0, option.length, writer);
  return true;
}
