/** A connection's segments between two columns, as textbooks draw them, with the states of both sides in order of time. */
import type { Paint } from '../terminal.js';
import type { ConnectionReport, Segment } from './report.js';

/** Columns before the arrows, where the client's states stand. */
export const LEFT_WIDTH = 14;
const WIDE_ARROW = 58;
const NARROW_ARROW = 46;
/** Where a wide arrow has a state or a frame number beside it. */
const WIDE_COLUMNS = 90;

function arrowWidth(columns: number): number {
  return columns >= WIDE_COLUMNS ? WIDE_ARROW : NARROW_ARROW;
}

function label(segment: Segment): string {
  const ack = segment.flags.includes('ACK') ? ` ack=${segment.ack}` : '';
  const data = segment.length > 0 ? ` data=${segment.length}` : '';
  return ` ${segment.flags} seq=${segment.seq}${ack}${data} `;
}

/** `out` points to the right, from the client. */
export function arrow(text: string, direction: 'in' | 'out', columns: number): string {
  const room = Math.max(4, arrowWidth(columns) - text.length - 1);
  const [before, after] = ['─'.repeat(Math.floor(room / 2)), '─'.repeat(Math.ceil(room / 2))];
  return direction === 'out' ? `${before}${text}${after}▶` : `◀${before}${text}${after}`;
}

/** The states that opening a connection leads through; all others belong to its close. */
const OPENING = new Set(['SYN_SENT', 'SYN_RECV', 'ESTABLISHED']);

/** At one instant: a segment comes in, the state changes, a segment goes out. */
const SEGMENT_RANKS = { in: 0, out: 2 };
const CHANGE_RANK = 1;

/** Lines for the segments of one phase of a connection, and for every state that either side entered in that phase. */
export function ladder(
  connection: ConnectionReport,
  phase: 'open' | 'close',
  client: string,
  columns: number,
  paint: Paint,
): string[] {
  const segments = phase === 'open' ? connection.handshake : connection.closing;
  const events = [
    ...connection.changes
      .filter(({ to }) => OPENING.has(to) === (phase === 'open'))
      .map((change) => ({ atMs: change.atMs, rank: CHANGE_RANK, change, segment: undefined })),
    ...segments.map((segment) => ({
      atMs: segment.atMs,
      rank: SEGMENT_RANKS[segment.direction],
      segment,
      change: undefined,
    })),
  ].sort((a, b) => a.atMs - b.atMs || a.rank - b.rank);
  return events.map(({ change, segment }) => {
    if (segment !== undefined) {
      return `${' '.repeat(LEFT_WIDTH)}${arrow(label(segment), segment.direction, columns)}  ${paint('dim', `#${segment.frame}`)}`;
    }
    const state = paint('yellow', change.to);
    return change.device === client
      ? `${' '.repeat(Math.max(0, LEFT_WIDTH - 2 - change.to.length))}${state}`
      : `${' '.repeat(LEFT_WIDTH + arrowWidth(columns) + 2)}${state}`;
  });
}
