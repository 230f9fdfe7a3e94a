/** What a page load keeps of each request and its response: {@link FetchedExchange}. */
import type { FetchedExchange, FetchFailure, HeaderPairs } from '../../../control/rpc.js';
import type { Instant } from '../../../stack/clock.js';
import { headerValue } from '../client/message.js';
import { decodeText, isText } from '../content-type.js';
import { withoutSecrets } from '../url-parts.js';
import type { Body } from './body.js';
import type { ResourceRequest } from './resource-request.js';
import type { ConnectionFacts, TimingMarks } from './transaction.js';

/** Of one body, and of all together, bytes, when the caller wants bodies. */
export const MAX_LOGGED_BODY_BYTES = 1024 * 1024;
export const MAX_LOGGED_BYTES = 16 * 1024 * 1024;
/** Exchanges that are written down. */
const MAX_EXCHANGES = 2000;

/** One request, as it goes on. */
export interface ExchangeDraft {
  readonly request: ResourceRequest;
  readonly url: URL;
  readonly method: string;
  /** Empty until it is its turn. */
  requestHeaders: HeaderPairs;
  readonly startTime: Instant;
  fetchStart: Instant;
  readonly marks: TimingMarks;
  connection?: ConnectionFacts;
}

export interface ExchangeOutcome {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderPairs;
  /** What the page gets to see. */
  readonly body?: Pick<Body, 'bytes' | 'encodedBytes' | 'sha256' | 'kept'>;
  readonly redirectUrl: string;
  readonly cache: FetchedExchange['cache'];
  readonly error?: FetchFailure;
}

export class ExchangeLog {
  private readonly now: () => Instant;
  private readonly withBodies: boolean;
  private readonly list: FetchedExchange[] = [];
  private loggedBytes = 0;

  constructor(now: () => Instant, withBodies: boolean) {
    this.now = now;
    this.withBodies = withBodies;
  }

  /** In the order in which they were sent; those that never were, by the time at which they began. */
  get exchanges(): readonly FetchedExchange[] {
    const at = ({ timing }: FetchedExchange) => timing.requestStart ?? timing.fetchStart;
    return this.list.toSorted((a, b) => at(a) - at(b));
  }

  /** How much of a body is wanted here. */
  get wantedBytes(): number {
    return this.withBodies ? Math.min(MAX_LOGGED_BODY_BYTES, MAX_LOGGED_BYTES - this.loggedBytes) : 0;
  }

  add(draft: ExchangeDraft, outcome: ExchangeOutcome): void {
    if (this.list.length >= MAX_EXCHANGES) return;
    const { request, url, method, requestHeaders, startTime, fetchStart, marks, connection } = draft;
    const { status, statusText, headers, body, redirectUrl, cache, error } = outcome;
    const contentType = headerValue(headers, 'content-type') ?? '';
    const content = body && this.content(body, contentType);
    this.list.push({
      url: withoutSecrets(url),
      method,
      protocol: connection?.protocol ?? '',
      requestHeaders,
      ...(request.body && method === request.method && { requestBody: this.requestBody(request.body) }),
      status,
      statusText,
      responseHeaders: headers,
      contentType,
      bytes: body?.bytes ?? 0,
      encodedBytes: body?.encodedBytes ?? 0,
      sha256: body?.sha256 ?? '',
      ...(content && { body: content }),
      redirectUrl,
      initiator: request.initiator,
      ...(request.client && { initiatorUrl: withoutSecrets(request.client.url) }),
      priority: request.priority,
      cache,
      timing: { startTime, fetchStart, ...marks, responseEnd: this.now() },
      ...(connection && { local: connection.local, remote: connection.remote }),
      ...(connection?.secure && { secure: connection.secure }),
      ...(error && { error }),
    });
  }

  private requestBody({ bytes, contentType }: { bytes: Uint8Array; contentType: string }) {
    // As a stream: a character that the limit cuts into two is left out.
    const text = new TextDecoder().decode(bytes.subarray(0, MAX_LOGGED_BODY_BYTES), { stream: true });
    return { contentType, text, bytes: bytes.length };
  }

  /** Only a body that is there as a whole. */
  private content({ bytes, kept }: Pick<Body, 'bytes' | 'kept'>, contentType: string): FetchedExchange['body'] {
    if (bytes !== kept.length || bytes > this.wantedBytes || bytes === 0) return undefined;
    this.loggedBytes += bytes;
    if (isText(contentType)) return { text: decodeText(kept, contentType) };
    return { text: Buffer.from(kept).toString('base64'), encoding: 'base64' };
  }
}
