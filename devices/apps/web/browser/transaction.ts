/** One request and its response on the network: names, a connection, the exchange, and a second try where that is safe. */
import type { FetchPriority, FetchStage, SecureDetails } from '../../../control/rpc.js';
import type { Network } from '../../../net/network.js';
import type { Instant } from '../../../stack/clock.js';
import type { Tracer } from '../../../stack/trace.js';
import { DialError, type DialTiming } from '../../connect.js';
import { MAX_HEAD_BYTES } from '../client/http1-connection.js';
import {
  formatHead,
  type HeaderList,
  type HttpConnection,
  headerValue,
  type RequestMessage,
  type ResponseMessage,
} from '../client/message.js';
import { requestTarget, withoutSecrets } from '../url-parts.js';
import { type Body, readBody } from './body.js';
import type { Connections } from './connections.js';
import type { Deadline } from './deadline.js';
import { asLoadError, LoadError } from './load-error.js';
import type { LoadNames } from './load-names.js';
import type { Taken } from './origin-connections.js';

/** Of one request, when kept connections turn out to be closed. */
const MAX_ATTEMPTS = 3;
/** RFC 9110 section 9.2.2: doing them twice is as good as once. */
const IDEMPOTENT_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

export interface TransactionContext {
  readonly network: Network;
  readonly tracer: Tracer;
  readonly names: LoadNames;
  readonly connections: Connections;
  readonly deadline: Deadline;
}

export interface Transaction extends RequestMessage {
  readonly priority: FetchPriority;
  /** Called when it is known where the request goes, and with which header fields, before it is sent. */
  readonly onConnection: (connection: HttpConnection, fields: HeaderList) => void;
  /** So much of the decoded body is to be kept. */
  readonly keepBytes: (response: ResponseMessage) => number;
}

/** What becomes of {@link ResourceTiming} while the request is on its way. */
export type TimingMarks = { -readonly [name in keyof Marks]?: Instant };

interface Marks {
  readonly domainLookupStart: Instant;
  readonly domainLookupEnd: Instant;
  readonly connectStart: Instant;
  readonly secureConnectionStart: Instant;
  readonly connectEnd: Instant;
  readonly requestStart: Instant;
  readonly responseStart: Instant;
}

export interface TransactionResult {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderList;
  readonly body: Body;
  readonly connection: ConnectionFacts;
}

export interface ConnectionFacts {
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly secure?: SecureDetails;
}

/** Rejects with LoadError. `marks` are filled in as far as it comes. */
export async function transact(
  transaction: Transaction,
  marks: TimingMarks,
  context: TransactionContext,
): Promise<TransactionResult> {
  const addresses = await lookup(transaction.url, marks, context);
  context.deadline.progress();
  for (let attempt = 1; ; attempt++) {
    const { connection, isFirst } = await connect(transaction, addresses, marks, context);
    try {
      return await exchange(transaction, connection, marks, context);
    } catch (error) {
      const again = attempt < MAX_ATTEMPTS && isSafeToRepeat(transaction.method, error, !isFirst);
      if (!again || context.deadline.signal.aborted) throw explainExchange(error, context.deadline);
    }
  }
}

/** The name of a URL, and how long that took when it was not known to this load. */
async function lookup(
  url: URL,
  marks: TimingMarks,
  { names, network }: TransactionContext,
): Promise<readonly string[]> {
  const known = names.isKnown(url.hostname);
  if (!known) marks.domainLookupStart = network.now();
  const addresses = await names.lookup(url.hostname);
  if (!known) marks.domainLookupEnd = network.now();
  return addresses;
}

async function connect(
  { url, priority }: Transaction,
  addresses: readonly string[],
  marks: TimingMarks,
  { connections, network, deadline }: TransactionContext,
): Promise<Taken> {
  const askedAt = network.now();
  // Of a connection that was there already, or on its way for somebody else, this request has seen nothing.
  const saw = (timing: DialTiming | undefined) => {
    if (timing !== undefined && timing.connectStart >= askedAt) Object.assign(marks, timing);
  };
  try {
    const taken = await connections.take(url, addresses, priority);
    if (taken.isFirst) saw(taken.connection.timing);
    return taken;
  } catch (error) {
    if (!(error instanceof DialError)) throw asLoadError(error, 'tcp');
    const { fault, timing } = error;
    saw(timing);
    if (deadline.signal.aborted) throw new LoadError('ETIMEDOUT', fault.stage, deadline.signal.reason.message);
    throw new LoadError(fault.code, fault.stage, fault.message);
  }
}

async function exchange(
  transaction: Transaction,
  connection: HttpConnection,
  marks: TimingMarks,
  context: TransactionContext,
): Promise<TransactionResult> {
  const { deadline, network } = context;
  const { protocol, local, remote, secure } = connection;
  transaction.onConnection(connection, connection.fields(transaction));
  const response = await connection.send(transaction, deadline.signal, {
    sent: () => {
      marks.requestStart = network.now();
      // Of an attempt that has failed.
      delete marks.responseStart;
      traceRequest(transaction, connection, context.tracer);
    },
    received: () => {
      marks.responseStart ??= network.now();
      deadline.progress();
    },
  });
  const hasBody = transaction.method !== 'HEAD' && ![204, 304].includes(response.status);
  const isEmpty = headerValue(response.headers, 'content-length') === '0';
  let body: Body;
  try {
    body = await readBody(response.body, {
      contentEncoding: hasBody && !isEmpty ? (headerValue(response.headers, 'content-encoding') ?? '') : '',
      keepBytes: transaction.keepBytes(response),
      onProgress: () => deadline.progress(),
    });
    if (!response.isComplete()) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  } catch (error) {
    // Part of the response was there: asking again is not for us to decide.
    throw explainExchange(error, deadline);
  }
  traceResponse(transaction, response, body, connection, context.tracer);
  const { status, statusText, headers } = response;
  return { status, statusText, headers, body, connection: { protocol, local, remote, ...(secure && { secure }) } };
}

/**
 * A server may close a kept connection at the very moment of our next request (RFC 9112 section 9.3.1), or refuse a stream
 * because it goes away: nothing has been done then.
 */
function isSafeToRepeat(method: string, error: unknown, used: boolean): boolean {
  if (error instanceof LoadError) return false;
  const { code, message = '' } = error as Error & { code?: string };
  if (code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION') return true;
  if (code === 'ERR_HTTP2_STREAM_ERROR' && message.includes('NGHTTP2_REFUSED_STREAM')) return true;
  return used && IDEMPOTENT_METHODS.has(method) && (code === 'ECONNRESET' || code === 'EPIPE');
}

const STAGE: FetchStage = 'http';

/** Node's words for what a server did, in ours where they would say nothing to who reads a report. */
function explainExchange(error: unknown, { signal }: Deadline): LoadError {
  if (signal.aborted) return new LoadError('ETIMEDOUT', STAGE, signal.reason.message);
  if (error instanceof LoadError) return error;
  const { code, message = '' } = error as Error & { code?: string };
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new LoadError(code, STAGE, `the head of the response is longer than ${MAX_HEAD_BYTES} bytes`);
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return new LoadError('ECONNRESET', STAGE, 'the server has closed the stream before the response was complete');
    case 'ECONNRESET':
      if (message === 'aborted')
        return new LoadError(code, STAGE, 'the connection was closed before the response was complete');
  }
  return asLoadError(error, STAGE);
}

function traceRequest(request: Transaction, connection: HttpConnection, tracer: Tracer): void {
  if (!tracer.enabled) return;
  const { url, method, body } = request;
  const { protocol, local, remote } = connection;
  // What HTTP/1.1 says in its first line, HTTP/2 says in fields.
  const startLine = protocol === 'HTTP/2' ? undefined : `${method} ${requestTarget(url)} ${protocol}`;
  const head = formatHead(startLine, connection.fields(request));
  const bodyBytes = body?.length ?? 0;
  tracer.emit({ event: 'http-request', url: withoutSecrets(url), method, protocol, local, remote, head, bodyBytes });
}

function traceResponse(
  { url }: Transaction,
  { status, statusText, headers }: ResponseMessage,
  { encodedBytes }: Body,
  { protocol, local, remote }: HttpConnection,
  tracer: Tracer,
): void {
  if (!tracer.enabled) return;
  const head = formatHead(`${protocol} ${status} ${statusText}`.trimEnd(), headers);
  tracer.emit({
    event: 'http-response',
    url: withoutSecrets(url),
    status,
    local,
    remote,
    head,
    bodyBytes: encodedBytes,
  });
}
