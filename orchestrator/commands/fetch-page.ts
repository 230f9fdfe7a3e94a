/** A page load in a running lab, with everything that crosses its wires meanwhile. */
import type { FetchRequest, FetchResult, RouteRow } from '../../devices/control.js';
import { CaptureSession, type LabTrace } from '../capture/session.js';
import { asCliError, CliError } from '../errors.js';
import { ask, connectDevice, unlessPaused } from '../lab/reach-device.js';
import { findDevice, type LabState } from '../lab/state.js';
import { buildReport } from '../story/build.js';
import type { FetchReport } from '../story/report.js';
import { Scene } from '../story/scene.js';

/** How long the last segments of a close may take to be seen. */
const CLOSE_LIMIT_MS = 1000;

export interface Fetched {
  readonly report: FetchReport;
  readonly scene: Scene;
}

/** Loads a page from a host of a running lab while everything is captured. */
export async function fetchInLab(
  lab: LabState,
  host: string,
  request: FetchRequest,
  keepBytes?: number,
): Promise<Fetched> {
  const device = findDevice(lab, host);
  if (device.kind !== 'host') throw new CliError(2, `${host} is a ${device.kind}: only hosts have a browser`);
  const client = await connectDevice(lab, host);
  let session: CaptureSession | undefined;
  try {
    session = await CaptureSession.start(lab, keepBytes);
    const { traced } = session;
    const result = await unlessPaused(lab, host, client.call<FetchResult>('fetch', request), request.timeoutMs);
    await session.until(() => allClosed(traced, result), CLOSE_LIMIT_MS);
    const capture = await session.stop();
    const routes = await ask<RouteRow[]>(lab, host, client, 'inspect', { table: 'routes' });
    const scene = new Scene(lab, host, result, capture, routes);
    return { report: buildReport(scene, lab.name), scene };
  } catch (error) {
    throw asCliError(error);
  } finally {
    session?.close();
    client.close();
  }
}

/** Both ends of each connection have reported their last state: TIME_WAIT at one, CLOSED at the other. */
function allClosed(traced: readonly LabTrace[], result: FetchResult): boolean {
  const last = new Map<string, string>();
  for (const { event } of traced) {
    if (event.event === 'tcp-state') last.set(`${event.local} ${event.remote}`, event.to);
  }
  const done = (state: string | undefined) => state === undefined || state === 'CLOSED' || state === 'TIME_WAIT';
  return result.connections.every(
    ({ local, remote }) => done(last.get(`${local} ${remote}`)) && done(last.get(`${remote} ${local}`)),
  );
}
