/** A connection's segments between two columns, as textbooks draw them, with the states of both sides in order of time. */
import type { Paint } from '../commands/terminal.js';
import type { ConnectionReport, Segment } from './report.js';

const LEFT_WIDTH = 14;
const ARROW_WIDTH = 58;

function label(segment: Segment): string {
  const ack = segment.flags.includes('ACK') ? ` ack=${segment.ack}` : '';
  const data = segment.length > 0 ? ` data=${segment.length}` : '';
  return ` ${segment.flags} seq=${segment.seq}${ack}${data} `;
}

function arrow(segment: Segment): string {
  const text = label(segment);
  const room = Math.max(4, ARROW_WIDTH - text.length - 1);
  const [before, after] = ['─'.repeat(Math.floor(room / 2)), '─'.repeat(Math.ceil(room / 2))];
  return segment.direction === 'out' ? `${before}${text}${after}▶` : `◀${before}${text}${after}`;
}

/** Lines for the segments, and for every state that either side entered from the first segment on until `untilMs`. */
export function ladder(
  connection: ConnectionReport,
  segments: readonly Segment[],
  client: string,
  untilMs: number,
  paint: Paint,
): string[] {
  if (segments.length === 0) return [];
  // A state is left at the same instant at which the segment leaves: the change comes first.
  const from = segments[0].atMs - 1;
  const events = [
    ...connection.changes
      .filter(({ atMs }) => atMs >= from && atMs <= untilMs)
      .map((change) => ({ atMs: change.atMs, change, segment: undefined })),
    ...segments.map((segment) => ({ atMs: segment.atMs, segment, change: undefined })),
  ].sort((a, b) => a.atMs - b.atMs);
  return events.map(({ change, segment }) => {
    if (segment !== undefined) {
      return `${' '.repeat(LEFT_WIDTH)}${arrow(segment)}  ${paint('dim', `#${segment.frame}`)}`;
    }
    const state = paint('yellow', change.to);
    return change.device === client
      ? `${' '.repeat(Math.max(0, LEFT_WIDTH - 2 - change.to.length))}${state}`
      : `${' '.repeat(LEFT_WIDTH + ARROW_WIDTH + 2)}${state}`;
  });
}
