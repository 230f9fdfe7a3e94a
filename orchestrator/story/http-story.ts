/** Requests and responses, and the segments that carried them. */
import { SYN } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';
import type { ExchangeReport } from './report.js';
import type { Scene } from './scene.js';
import { Flow, tcpOf } from './tcp-story.js';

/** A segment's data, once: repeated segments count for the first time that they were seen. */
function dataFrames(frames: readonly LabFrame[]): LabFrame[] {
  const seen = new Set<number>();
  return frames.filter((frame) => {
    const { seq, flags } = tcpOf(frame);
    if (frame.dataLength === 0 || flags & SYN || seen.has(seq)) return false;
    seen.add(seq);
    return true;
  });
}

/** The exchange that fetched `url`; without one, the first. */
export function exchangeFor(exchanges: readonly ExchangeReport[], url: string | undefined): ExchangeReport | undefined {
  return exchanges.find((exchange) => exchange.url === url) ?? exchanges[0];
}

/** One report for each request that the browser reports to have sent, in order. */
export function exchanges(scene: Scene): ExchangeReport[] {
  const requests = scene.traces('http-request').filter(({ device }) => device === scene.client);
  const responses = scene.traces('http-response').filter(({ device }) => device === scene.client);
  const flows = new Map<string, Flow>();
  return requests.map(({ event }) => {
    const connection = `${event.local} ${event.remote}`;
    const flow = flows.get(connection) ?? new Flow(scene, scene.client, event.local, event.remote);
    flows.set(connection, flow);
    const sameConnection = (other: { local: string; remote: string }) =>
      `${other.local} ${other.remote}` === connection;
    const later = requests.filter((other) => sameConnection(other.event) && other.event.at > event.at);
    // No pipelining: what passes between this request and the connection's next belongs to this exchange.
    const until = later[0]?.event.at ?? Number.POSITIVE_INFINITY;
    const mine = flow.frames.filter((frame) => frame.at >= event.at && frame.at < until);
    const sent = dataFrames(mine.filter((frame) => flow.fromClient(frame)));
    const received = dataFrames(mine.filter((frame) => !flow.fromClient(frame)));
    const response = responses.find(
      ({ event: got }) => sameConnection(got) && got.at >= event.at && got.at < until,
    )?.event;
    const total = (frames: readonly LabFrame[]) => frames.reduce((sum, frame) => sum + frame.dataLength, 0);
    return {
      url: event.url,
      local: event.local,
      remote: event.remote,
      method: event.method,
      requestHead: event.head,
      requestBytes: total(sent),
      requestSegments: sent.map((frame) => flow.segment(frame)),
      status: response?.status ?? 0,
      responseHead: response?.head ?? '',
      responseBytes: total(received),
      responseSegments: received.map((frame) => flow.segment(frame)),
    };
  });
}
