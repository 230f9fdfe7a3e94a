/**
 * From what was captured to the report of a fetch.
 *
 * This folder tells what happened from evidence alone: frames as they crossed the wires, and states that devices
 * reported. It reads a finished capture, asks no device anything, and adds nothing that should have happened.
 */
import { dnsStory } from './dns-story.js';
import { hopsOf, pathOf } from './hops.js';
import { exchangeFor, exchanges as exchangeReports } from './http-story.js';
import type { FetchReport, ReportResource } from './report.js';
import type { Scene } from './scene.js';
import { allSteps } from './steps.js';
import { connectionReport, connectionsOf } from './tcp-story.js';

export function buildReport(scene: Scene, lab: string): FetchReport {
  const { result, capture } = scene;
  const dns = dnsStory(scene);
  const connections = connectionsOf(scene).map(({ local, remote }) => connectionReport(scene, local, remote));
  const exchanges = exchangeReports(scene);
  const document = result.resources[0];
  const documentExchange = exchangeFor(exchanges, document?.url);
  // Without a request there is still the attempt to connect: how far its first segment came.
  const attempt = connections[0]?.handshake[0]?.frame;
  const first = documentExchange === undefined ? attempt : documentExchange.requestSegments[0]?.frame;
  const path = pathOf(scene, first, documentExchange?.remote ?? connections[0]?.remote ?? '');
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
    resources: result.resources.map((resource): ReportResource => {
      const { startAt, endAt, local: _local, remote: _remote, ...rest } = resource;
      return { ...rest, startMs: scene.ms(startAt), endMs: scene.ms(endAt) };
    }),
    redirects: result.redirects,
    dns,
    connections,
    hops: hopsOf(path),
    path,
    exchanges,
    steps: allSteps(scene, dns, connections, exchanges),
    capture: {
      frames: capture.frames.length,
      dropped: capture.frames.filter(({ dropped }) => dropped !== '').length,
      missed: capture.missed,
    },
  };
}
