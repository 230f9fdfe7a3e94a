/** Requests and responses, and the segments that carried them. */
import type { FetchedExchange } from '../../devices/control.js';
import type { LabFrame } from '../capture/session.js';
import { Carrier } from './carrier.js';
import { type Account, joinAccounts, type WireAccount } from './http-accounts.js';
import type { ConnectionReport, ExchangeReport, RequestTimings } from './report.js';
import type { Scene } from './scene.js';

/**
 * The exchange that fetched `url`: of several (a redirect to itself, a second document of that address) the last one that
 * crossed the wires; without one, the first.
 */
export function exchangeFor(exchanges: readonly ExchangeReport[], url: string | undefined): ExchangeReport | undefined {
  const ofUrl = exchanges.filter((exchange) => exchange.url === url);
  return ofUrl.findLast(({ requestSegments }) => requestSegments.length > 0) ?? ofUrl.at(-1) ?? exchanges[0];
}

/**
 * The exchange that is told and opened in full: the document's; when that came from the cache, a redirect that led to it.
 * Undefined when no request was sent.
 */
export function toldExchange(
  exchanges: readonly ExchangeReport[],
  url: string | undefined,
): ExchangeReport | undefined {
  const isSent = ({ requestSegments }: ExchangeReport) => requestSegments.length > 0;
  const document = exchangeFor(exchanges, url);
  if (document === undefined || isSent(document)) return document;
  if (document.cache !== 'memory') return undefined;
  return exchanges.find((exchange) => exchange.initiator === 'document' && isSent(exchange));
}

/** A connection by which nothing was asked: as far as a failed load has come. The last one, since others led to it. */
export function attemptOf(
  connections: readonly ConnectionReport[],
  exchanges: readonly ExchangeReport[],
): ConnectionReport | undefined {
  const isUsed = ({ local, remote }: ConnectionReport) =>
    exchanges.some((exchange) => exchange.local === local && exchange.remote === remote);
  return connections.findLast((connection) => !isUsed(connection));
}

/** One report for each request of the browser, in order; those that it answered from its cache among them. */
export function exchanges(scene: Scene): ExchangeReport[] {
  const accounts = joinAccounts(scene);
  const wires = accounts.flatMap(({ wire }) => (wire === undefined ? [] : [wire]));
  const carriers = new Map<string, Carrier>();
  const carrierOf = (wire: WireAccount): Carrier => {
    const key = `${wire.local} ${wire.remote}`;
    const carrier = carriers.get(key) ?? new Carrier(scene, wire, wires);
    carriers.set(key, carrier);
    return carrier;
  };
  return accounts.map((account) => {
    const { wire } = account;
    return { ...browserPart(scene, account), ...(wire === undefined ? NOTHING_SENT : wirePart(wire, carrierOf(wire))) };
  });
}

const NOTHING_SENT = {
  ...{ local: '', remote: '', encrypted: false, sharedSegments: 0, withPreface: false },
  ...{
    requestHead: '',
    requestBytes: 0,
    requestSegments: [],
    responseHead: '',
    responseBytes: 0,
    responseSegments: [],
  },
};

function browserPart(scene: Scene, { url, method, exchange, wire }: Account) {
  return {
    url,
    method,
    protocol: wire?.protocol ?? exchange?.protocol ?? '',
    status: wire?.status ?? exchange?.status ?? 0,
    cache: exchange?.cache ?? ('none' as const),
    ...(exchange && {
      priority: exchange.priority,
      initiator: exchange.initiator,
      bytes: exchange.bytes,
      timings: requestTimings(scene, exchange),
      ...(exchange.error && { error: exchange.error }),
    }),
  };
}

function wirePart(wire: WireAccount, carrier: Carrier) {
  const { sent, received, shared } = carrier.partOf(wire);
  const total = (frames: readonly LabFrame[]) => frames.reduce((sum, frame) => sum + frame.dataLength, 0);
  return {
    local: wire.local,
    remote: wire.remote,
    encrypted: carrier.isEncrypted,
    sharedSegments: shared,
    withPreface: carrier.hasPreface(wire),
    requestHead: wire.requestHead,
    requestBytes: total(sent),
    requestSegments: sent.map((frame) => carrier.flow.segment(frame)),
    responseHead: wire.responseHead,
    responseBytes: total(received),
    responseSegments: received.map((frame) => carrier.flow.segment(frame)),
  };
}

/** When the last byte of a request left, on the lab's timeline, by the segments that carried it. */
export function sentTimes(
  scene: Scene,
  reports: readonly ExchangeReport[],
): (exchange: FetchedExchange) => number | undefined {
  const key = (url: string, requestStart: number | undefined) => `${requestStart} ${url}`;
  const times = new Map(
    reports.flatMap(({ url, timings, requestSegments }) => {
      const last = requestSegments.at(-1);
      return last === undefined ? [] : [[key(url, timings?.requestStart), scene.result.startAt + last.atMs] as const];
    }),
  );
  return ({ url, timing: { requestStart } }) =>
    requestStart === undefined ? undefined : times.get(key(url, scene.ms(requestStart)));
}

export function requestTimings(scene: Scene, { timing }: FetchedExchange): RequestTimings {
  const since = Object.entries(timing).map(([name, at]) => [name, scene.ms(at)]);
  return Object.fromEntries(since) as RequestTimings;
}
