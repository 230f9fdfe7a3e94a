/**
 * The filter language: expressions over one packet, with the field names and the meaning of Wireshark's display filters
 * (version 4). Captures show what matches, `tcpdump` prints it, faults happen to it.
 *
 *     const filter = compileFilter('tcp.flags.syn == 1 && ip.dst == 203.0.113.80');
 *     if (!isFilterError(filter) && filter.matches(packet)) …
 *
 * A packet is judged alone: what Wireshark works out from the packets before it (relative sequence numbers, streams,
 * reassembled messages) is not here. It knows bytes and what the caller says of them, nothing of devices.
 */
import { compileExpression, type Predicate } from './compile.js';
import { type FilterError, orFilterError } from './filter-error.js';
import { type PacketMeta, PacketView } from './packet-view.js';
import { parseExpression } from './parser.js';

export type { Field as FilterField } from './field.js';
export { FILTER_FIELDS } from './fields.js';
export { type FilterError, isFilterError } from './filter-error.js';
export type { PacketMeta } from './packet-view.js';

export interface Filter {
  /** As it was written. */
  readonly text: string;
  /**
   * Any bytes are welcome; it never throws.
   * @param packet preamble to FCS
   */
  matches(packet: Uint8Array, meta?: PacketMeta): boolean;
}

const NO_META: PacketMeta = {};

/** An empty text matches all packets. */
export function compileFilter(text: string): Filter | FilterError {
  return orFilterError(() => {
    const expression = parseExpression(text);
    return filterOf(text, expression === undefined ? () => true : compileExpression(expression));
  });
}

export function filterOf(text: string, predicate: Predicate): Filter {
  return { text, matches: (packet, meta = NO_META) => predicate(new PacketView(packet, meta)) };
}
