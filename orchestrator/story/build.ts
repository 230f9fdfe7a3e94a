/**
 * From what was captured to the report of a fetch.
 *
 * This folder tells what happened from evidence alone: frames as they crossed the wires, and states that devices
 * reported. It reads a finished capture, asks no device anything, and adds nothing that should have happened.
 */
import type { FetchedResource } from '../../devices/control.js';
import { arpStory } from './arp-story.js';
import { dnsStory } from './dns-story.js';
import { furthestPath, hopsOf } from './hops.js';
import { attemptOf, exchanges as exchangeReports, requestTimings, toldExchange } from './http-story.js';
import { lossStory, markStory } from './loss-story.js';
import { redirectStory } from './redirect-story.js';
import type {
  ConnectionReport,
  ExchangeReport,
  FaultReport,
  FetchReport,
  Hop,
  OutageReport,
  ReportResource,
} from './report.js';
import type { Scene } from './scene.js';
import { allSteps } from './steps.js';
import { connectionReport, connectionsOf } from './tcp-story.js';
import { tlsStory } from './tls-story.js';

const MAX_FAULTS = 500;

export function buildReport(scene: Scene, lab: string): FetchReport {
  const { result, capture } = scene;
  const dns = dnsStory(scene);
  const arp = arpStory(scene);
  const connections = connectionsOf(scene).map(({ local, remote }) => connectionReport(scene, local, remote));
  const exchanges = exchangeReports(scene);
  const tls = tlsStory(scene, connections);
  const losses = lossStory(scene);
  const marks = markStory(scene);
  const document = result.resources[0];
  const path = storyPath(scene, document?.url, connections, exchanges);
  const urlParts = scene.traces('url-parsed').find(({ device }) => device === scene.client)?.event.parts ?? {};
  return {
    url: result.url,
    finalUrl: result.finalUrl,
    ok: result.ok,
    status: result.status,
    lab,
    from: scene.client,
    durationMs: scene.ms(result.endAt),
    ...(result.error && { error: result.error }),
    urlParts,
    body: {
      bytes: document?.bytes ?? 0,
      sha256: document?.sha256 ?? '',
      contentType: document?.contentType ?? '',
    },
    resources: result.resources.map((resource) => resourceReport(scene, resource)),
    redirects: redirectStory(result.redirects, exchanges),
    dns,
    arp,
    connections,
    hops: hopsOf(path),
    path,
    exchanges,
    tls,
    title: result.title,
    timings: milestones(scene),
    steps: allSteps(scene, { dns, arp, connections, exchanges, tls, losses, marks }),
    faults: faultsOf(scene),
    losses,
    marks,
    capture: {
      frames: capture.frames.length,
      dropped: scene.losses.length,
      missed: capture.missed,
      waitMs: scene.deliveries.waitMs,
      ...outagesOf(scene),
    },
  };
}

/** Those that were in force at some time of the load. */
function faultsOf(scene: Scene): FaultReport[] {
  const { startAt, endAt } = scene.result;
  return (scene.capture.faults ?? [])
    .filter(({ sinceAt, untilAt = endAt }) => sinceAt < endAt && untilAt > startAt)
    .slice(0, MAX_FAULTS)
    .map(({ sinceAt, untilAt, ...fault }) => ({
      ...fault,
      sinceMs: scene.ms(sinceAt),
      ...(untilAt !== undefined && untilAt < endAt && { untilMs: scene.ms(untilAt) }),
    }));
}

/** Those that were over when the fetch began are no part of it. */
function outagesOf(scene: Scene): { readonly outages?: readonly OutageReport[] } {
  const { startAt } = scene.result;
  const outages = (scene.capture.outages ?? [])
    .filter(({ untilAt }) => untilAt === undefined || untilAt > startAt)
    .map(({ device, state, by, fromAt, untilAt }) => ({
      device,
      state,
      ...(by !== undefined && { by }),
      fromMs: scene.ms(fromAt),
      ...(untilAt !== undefined && { untilMs: scene.ms(untilAt) }),
    }));
  return outages.length === 0 ? {} : { outages };
}

/** The way of the document's request; without one there is still the attempt to connect: how far its first segment came. */
function storyPath(
  scene: Scene,
  url: string | undefined,
  connections: readonly ConnectionReport[],
  exchanges: readonly ExchangeReport[],
): Hop[] {
  const exchange = toldExchange(exchanges, url);
  if (exchange !== undefined) return furthestPath(scene, exchange.requestSegments[0]?.frame, exchange.remote);
  const attempt = attemptOf(connections, exchanges);
  return furthestPath(scene, attempt?.handshake[0]?.frame, attempt?.remote ?? '');
}

function resourceReport(scene: Scene, resource: FetchedResource): ReportResource {
  const { startAt, endAt, local: _local, remote: _remote, ...rest } = resource;
  // The last one of its address that had begun by then: redirects on the way to it have other addresses.
  const exchange = scene.result.exchanges.findLast(
    ({ url, timing }) => url === resource.url && timing.startTime <= endAt && timing.startTime >= startAt,
  );
  return {
    ...rest,
    startMs: scene.ms(startAt),
    endMs: scene.ms(endAt),
    ...(exchange && {
      protocol: exchange.protocol,
      priority: exchange.priority,
      cache: exchange.cache,
      timings: requestTimings(scene, exchange),
    }),
  };
}

function milestones(scene: Scene): FetchReport['timings'] {
  return Object.fromEntries(Object.entries(scene.result.timing ?? {}).map(([name, at]) => [name, scene.ms(at)]));
}
