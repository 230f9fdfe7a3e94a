/** The fields of what comes of a step: of a page load those of its JSON (docs/fetch-json.md) and some for short, of a command its own. */
import type { FetchFailure } from '../../devices/control.js';
import type { FetchReport, Hop, HopSide, PacketReport, RequestTimings, Segment } from '../story/report.js';
import type { PageFacts } from './page-outcome.js';
import type { ShapeOf } from './shape.js';

const FAILURE: ShapeOf<FetchFailure> = { code: true, message: true, stage: true };

const TIMINGS: ShapeOf<RequestTimings> = {
  startTime: true,
  fetchStart: true,
  domainLookupStart: true,
  domainLookupEnd: true,
  connectStart: true,
  secureConnectionStart: true,
  connectEnd: true,
  requestStart: true,
  responseStart: true,
  responseEnd: true,
};

const SEGMENT: ShapeOf<Segment> = {
  atMs: true,
  frame: true,
  direction: true,
  flags: true,
  seq: true,
  ack: true,
  length: true,
};

const SIDE: ShapeOf<HopSide> = {
  srcMac: true,
  dstMac: true,
  srcIp: true,
  dstIp: true,
  ttl: true,
  port: true,
  frame: true,
};

const HOP: ShapeOf<Hop> = { device: true, kind: true, in: SIDE, out: SIDE };

const PACKET: ShapeOf<PacketReport> = {
  atMs: true,
  device: true,
  port: true,
  direction: true,
  fault: true,
  from: true,
  to: true,
  kind: true,
  packet: true,
  layer: true,
  frame: true,
};

const REPORT: ShapeOf<FetchReport> = {
  url: true,
  finalUrl: true,
  ok: true,
  status: true,
  lab: true,
  from: true,
  durationMs: true,
  error: FAILURE,
  urlParts: 'any',
  body: { bytes: true, sha256: true, contentType: true },
  resources: [
    {
      url: true,
      status: true,
      bytes: true,
      sha256: true,
      contentType: true,
      initiator: true,
      fromCache: true,
      startMs: true,
      endMs: true,
      protocol: true,
      priority: true,
      cache: true,
      timings: TIMINGS,
      error: FAILURE,
    },
  ],
  redirects: [{ from: true, to: true, status: true, by: true, exchange: true }],
  dns: [
    {
      name: true,
      type: true,
      addresses: true,
      source: true,
      caches: [{ cache: true, device: true, hit: true }],
      queries: [
        {
          from: true,
          server: true,
          serverName: true,
          zone: true,
          name: true,
          type: true,
          kind: true,
          code: true,
          transport: true,
          ms: true,
          answers: true,
          truncated: true,
          atMs: true,
          frames: true,
        },
      ],
    },
  ],
  arp: [
    { atMs: true, device: true, interface: true, target: true, targetName: true, kind: true, mac: true, frames: true },
  ],
  faults: [{ id: true, title: true, target: true, parent: true, sinceMs: true, untilMs: true }],
  connections: [
    {
      local: true,
      remote: true,
      mss: true,
      maxData: true,
      segmentsOut: true,
      segmentsIn: true,
      retransmissions: true,
      tries: true,
      states: true,
      peerStates: true,
      close: true,
      handshake: [SEGMENT],
      closing: [SEGMENT],
      changes: [{ atMs: true, device: true, from: true, to: true }],
    },
  ],
  hops: [HOP],
  path: [HOP],
  exchanges: [
    {
      url: true,
      local: true,
      remote: true,
      method: true,
      protocol: true,
      encrypted: true,
      sharedSegments: true,
      cache: true,
      priority: true,
      initiator: true,
      timings: TIMINGS,
      bytes: true,
      error: FAILURE,
      withPreface: true,
      requestHead: true,
      requestBytes: true,
      requestSegments: [SEGMENT],
      status: true,
      responseHead: true,
      responseBytes: true,
      responseSegments: [SEGMENT],
    },
  ],
  tls: [
    {
      local: true,
      remote: true,
      serverName: true,
      offered: { versions: true, cipherSuites: true, groups: true, alpn: true },
      protocol: true,
      cipher: true,
      group: true,
      alpn: true,
      sessionReused: true,
      establishedMs: true,
      refusal: { atMs: true, code: true, message: true },
      certificate: { subject: true, issuer: true, names: true, validFrom: true, validTo: true },
      messages: [{ atMs: true, direction: true, name: true, encrypted: true, bytes: true, frames: true }],
    },
  ],
  title: true,
  timings: 'any',
  steps: [
    {
      atMs: true,
      device: true,
      layer: true,
      event: true,
      subject: true,
      outcome: true,
      endMs: true,
      summary: true,
      frames: true,
    },
  ],
  losses: [{ link: true, reason: true, spare: true, ...PACKET }],
  marks: [{ frames: true, ...PACKET }],
  capture: {
    frames: true,
    dropped: true,
    missed: true,
    waitMs: true,
    outages: [{ device: true, state: true, by: true, fromMs: true, untilMs: true }],
  },
};

const FACTS: ShapeOf<PageFacts> = {
  url: true,
  finalUrl: true,
  ok: true,
  status: true,
  error: FAILURE,
  durationMs: true,
  bytes: true,
  sha256: true,
  contentType: true,
  title: true,
  text: true,
  parts: true,
  failedParts: true,
};

export const PAGE_FIELDS = { ...REPORT, ...FACTS, retransmissions: true } as const;
export const COMMAND_FIELDS = { status: true, stdout: true, stderr: true, durationMs: true } as const;
