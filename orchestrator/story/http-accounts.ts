/** What the browser tells of each request: its own account of it, joined with the events on the way. */
import type { FetchedExchange } from '../../devices/control.js';
import type { Scene, Traced } from './scene.js';

/** A request that was sent. Times are those of the lab's timeline. */
export interface WireAccount {
  readonly local: string;
  readonly remote: string;
  readonly protocol: string;
  readonly requestAt: number;
  /** The head of its response had come; absent when that is not told. */
  readonly responseAt?: number;
  /** Infinite when that is not told. */
  readonly endAt: number;
  readonly hasBody: boolean;
  /** Its response cannot have been shorter, bytes: its body, and the head where that is text. */
  readonly leastResponseBytes: number;
  readonly requestHead: string;
  readonly responseHead: string;
  readonly status: number;
}

export interface Account {
  readonly url: string;
  readonly method: string;
  /** Absent when the load ended before the browser could give it. */
  readonly exchange?: FetchedExchange;
  /** Absent when nothing was sent: an answer from the cache, a server that was not reached. */
  readonly wire?: WireAccount;
}

/** In the order in which they were sent, or decided on. */
export function joinAccounts(scene: Scene): Account[] {
  const mine = ({ device }: { device: string }) => device === scene.client;
  const requests = scene.traces('http-request').filter(mine);
  const responses = scene.traces('http-response').filter(mine);
  const told = scene.result.exchanges.map((exchange): Account => {
    const { url, method } = exchange;
    const request = take(requests, ({ event }) => event.method === method && isSame(event, exchange));
    const wire = wireAccount(request, request && responseTo(request, responses), exchange);
    return { url, method, exchange, ...(wire && { wire }) };
  });
  // Requests that were made again, and those under way when all ended.
  const others = requests.map((request): Account => {
    const wire = wireAccount(request, responseTo(request, responses), undefined);
    return { url: request.event.url, method: request.event.method, ...(wire && { wire }) };
  });
  return [...told, ...others].sort((a, b) => startOf(a) - startOf(b));
}

interface Place {
  readonly url: string;
  readonly local?: string;
  readonly remote?: string;
}

function isSame(a: Place, b: Place): boolean {
  return a.url === b.url && a.local === b.local && a.remote === b.remote;
}

/** The first that fits, which is then taken. */
function take<T>(list: T[], fits: (item: T) => boolean): T | undefined {
  const index = list.findIndex(fits);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}

function responseTo({ event }: Traced<'http-request'>, responses: Traced<'http-response'>[]) {
  return take(responses, (response) => isSame(response.event, event) && response.event.at >= event.at);
}

function wireAccount(
  request: Traced<'http-request'> | undefined,
  response: Traced<'http-response'> | undefined,
  exchange: FetchedExchange | undefined,
): WireAccount | undefined {
  const { timing } = exchange ?? {};
  const { local, remote } = request?.event ?? exchange ?? {};
  const requestAt = request?.event.at ?? timing?.requestStart;
  if (local === undefined || remote === undefined || requestAt === undefined) return undefined;
  return {
    local,
    remote,
    protocol: request?.event.protocol ?? exchange?.protocol ?? '',
    requestAt,
    ...(timing?.responseStart !== undefined && { responseAt: timing.responseStart }),
    endAt: timing?.responseEnd ?? Number.POSITIVE_INFINITY,
    leastResponseBytes: leastBytes(response?.event, exchange),
    hasBody: request === undefined ? exchange?.requestBody !== undefined : request.event.bodyBytes > 0,
    requestHead: request?.event.head ?? '',
    responseHead: response?.event.head ?? '',
    status: response?.event.status ?? exchange?.status ?? 0,
  };
}

function leastBytes(
  response: Traced<'http-response'>['event'] | undefined,
  exchange: FetchedExchange | undefined,
): number {
  const head = response?.head.startsWith('HTTP/1') ? response.head.length : 0;
  return head + (response?.bodyBytes ?? exchange?.encodedBytes ?? 0);
}

function startOf({ wire, exchange }: Account): number {
  return wire?.requestAt ?? exchange?.timing.fetchStart ?? 0;
}
