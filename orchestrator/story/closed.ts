/** Whether all that belongs to a page load has been seen. */
import type { FetchResult } from '../../devices/control.js';
import type { LabTrace } from '../capture/session.js';

/** Both ends of each connection have reported their last state: TIME_WAIT at one, CLOSED at the other. */
export function allClosed(traced: readonly LabTrace[], result: FetchResult): boolean {
  const last = new Map<string, string>();
  for (const { event } of traced) {
    if (event.event === 'tcp-state') last.set(`${event.local} ${event.remote}`, event.to);
  }
  const done = (state: string | undefined) => state === undefined || state === 'CLOSED' || state === 'TIME_WAIT';
  return result.connections.every(
    ({ local, remote }) => done(last.get(`${local} ${remote}`)) && done(last.get(`${remote} ${local}`)),
  );
}
