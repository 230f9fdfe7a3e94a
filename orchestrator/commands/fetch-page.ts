/** A page load in a running lab, with everything that crosses its wires meanwhile. */
import type { FetchRequest, FetchResult, RouteRow } from '../../devices/control.js';
import { CaptureSession } from '../capture/session.js';
import { asCliError, CliError } from '../errors.js';
import { loadPage } from '../lab/load-page.js';
import { connectDevice } from '../lab/reach-device.js';
import type { RpcClient } from '../lab/rpc-client.js';
import { findDevice, type LabState } from '../lab/state.js';
import { buildReport } from '../story/build.js';
import { allClosed } from '../story/closed.js';
import type { FetchReport } from '../story/report.js';
import { Scene } from '../story/scene.js';
import { stageReached } from '../story/stage-reached.js';

/** How long the last segments of a close may take to be seen. */
const CLOSE_LIMIT_MS = 1000;
/** A host that is paused, or killed, just after its load has no routes to show; the load is told without them. */
const ROUTES_LIMIT_MS = 2000;

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
    const result = await load(lab, host, client, request, session);
    await session.until(() => allClosed(traced, result), CLOSE_LIMIT_MS);
    const capture = await session.stop();
    const routes = await client.call<RouteRow[]>('inspect', { table: 'routes' }, ROUTES_LIMIT_MS).catch(() => []);
    const scene = new Scene(lab, host, result, capture, routes);
    return { report: buildReport(scene, lab.name), scene };
  } catch (error) {
    throw asCliError(error);
  } finally {
    session?.close();
    client.close();
  }
}

/** What went wrong with the host itself has no stage of its own: it is told how far the load had come. */
async function load(
  lab: LabState,
  host: string,
  client: RpcClient,
  request: FetchRequest,
  { traced }: CaptureSession,
): Promise<FetchResult> {
  try {
    return await loadPage(lab, host, client, request);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { exitStatus, message, hint } = error;
    throw new CliError(exitStatus, `${message} (at ${stageReached(traced, host)})`, hint);
  }
}
