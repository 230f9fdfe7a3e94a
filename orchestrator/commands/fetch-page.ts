/** A page load in a running lab, with everything that crosses its wires meanwhile. */
import type { FetchRequest, FetchResult, RouteRow } from '../../devices/control.js';
import { CaptureSession } from '../capture/session.js';
import { asCliError, CliError } from '../errors.js';
import { ask, connectDevice, unlessPaused } from '../lab/reach-device.js';
import { findDevice, type LabState } from '../lab/state.js';
import { buildReport } from '../story/build.js';
import { allClosed } from '../story/closed.js';
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
