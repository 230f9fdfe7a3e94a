/** A request in absolute form, sent on: RFC 9112 section 3.2.2, RFC 9110 section 7. */
import {
  type ClientRequest,
  type IncomingMessage,
  type InformationEvent,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import { answerFailure, failureOf, type ProxyFailure } from './failure.js';
import { endToEnd, type ForwardTarget, parseAbsoluteForm, type RawFields, via, without } from './http-fields.js';
import type { Upstream } from './upstream.js';

export interface Upstreams {
  readonly kept: Upstream;
  /** For requests that must not be sent twice, and thus not by a connection that may be closing. */
  readonly fresh: Upstream;
}

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export function forward(request: IncomingMessage, response: ServerResponse, upstreams: Upstreams): void {
  const { method = 'GET', url = '' } = request;
  const target = parseAbsoluteForm(url, method);
  const problem = target === undefined ? notForwarded(url) : codingProblem(request);
  if (target === undefined || problem !== undefined) {
    answerFailure(request, response, problem ?? notForwarded(url));
    return;
  }
  // RFC 9110 section 7.6.2: the last one on the way answers by itself.
  const hops = hopsLeft(request);
  if (hops === 0) {
    answerAsLast(request, response);
    return;
  }
  new Exchange(request, response, target, fieldsOf(request, target, hops), upstreams).send();
}

class Exchange {
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly target: ForwardTarget;
  private readonly fields: RawFields;
  private readonly upstreams: Upstreams;
  private readonly hasBody: boolean;
  private answered = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: ForwardTarget,
    fields: RawFields,
    upstreams: Upstreams,
  ) {
    this.request = request;
    this.response = response;
    this.target = target;
    this.fields = fields;
    this.upstreams = upstreams;
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    this.hasBody = coding !== undefined || (length !== undefined && length !== '0');
  }

  /** A second time only for what RFC 9110 section 9.2.2 lets one repeat. */
  send(repeated = false): void {
    const { request, response } = this;
    const repeatable = !repeated && !this.hasBody && IDEMPOTENT.has(request.method ?? '');
    let upstream: ClientRequest;
    try {
      upstream = this.open(repeatable ? this.upstreams.kept : this.upstreams.fresh);
    } catch (error) {
      // Node will not write what would not be HTTP.
      answerFailure(request, response, { status: 400, error: 'http_request_error', message: (error as Error).message });
      return;
    }
    upstream.on('error', (error) => {
      // The server has closed the connection while the request was on its way: RFC 9112 section 9.3.1.
      if (repeatable && upstream.reusedSocket && !response.headersSent) this.send(true);
      else this.failed(error);
    });
    upstream.on('information', (information) => this.pass(information));
    upstream.on('response', (answer) => {
      this.answer(answer);
      // RFC 9112 section 9.3: a server need not read all of a request that it has answered.
      answer.once('end', () => {
        if (!upstream.writableFinished) upstream.destroy();
      });
    });
    // What nobody wants is read nevertheless, since the client's next request comes behind it.
    upstream.once('close', () => {
      request.unpipe(upstream);
      if (response.headersSent) request.resume();
    });
    upstream.on('upgrade', (_answer, stream) => {
      stream.destroy();
      this.failed(Object.assign(new Error('it changes protocols unasked'), { code: 'HPE_UPGRADE' }));
    });
    response.once('close', () => {
      if (!response.writableFinished) upstream.destroy();
    });
    if (!this.hasBody) upstream.end();
    else {
      // The client may wait with its body until the server has seen the head.
      upstream.flushHeaders();
      request.pipe(upstream);
    }
  }

  private open(agent: Upstream): ClientRequest {
    const { host, port, originForm } = this.target;
    const { method } = this.request;
    // The types know nothing of a list, which keeps names, order and repetitions as they are.
    const headers = this.fields as unknown as Record<string, string>;
    return sendRequest({ host, port, method, path: originForm, headers, agent, setHost: false });
  }

  /** RFC 9110 section 15.2: interim responses are passed on, but not to clients of HTTP/1.0. */
  private pass({ statusCode, statusMessage, rawHeaders }: InformationEvent): void {
    const { request, response } = this;
    if (request.httpVersion === '1.0' || response.headersSent || response.destroyed) return;
    if (statusCode === 100) {
      response.writeContinue();
      return;
    }
    const lines = pairs([...endToEnd(rawHeaders), ...via(request)]).map(([name, value]) => `${name}: ${value}\r\n`);
    response.socket?.write(`HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}\r\n`, 'latin1');
  }

  private answer(answer: IncomingMessage): void {
    const { response } = this;
    this.answered = true;
    if (response.destroyed) return;
    try {
      const fields = [...endToEnd(answer.rawHeaders), ...via(answer)];
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, fields);
    } catch (error) {
      answer.destroy();
      this.failed(Object.assign(error as Error, { code: 'HPE_INVALID_HEADER' }));
      return;
    }
    answer.on('end', () => response.addTrailers(pairs(answer.rawTrailers)));
    // A body that breaks off must be seen to.
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  }

  private failed(error: Error): void {
    const { request, response } = this;
    // Why the rest of the request cannot be sent is of no matter any more; whether the answer is whole, it says itself.
    if (this.answered && response.headersSent) return;
    if (response.headersSent) response.destroy();
    else if (!response.destroyed) answerFailure(request, response, failureOf(error));
  }
}

/** RFC 9112 section 3.2.2: Host is what the target says, whatever the client's was. */
function fieldsOf(request: IncomingMessage, target: ForwardTarget, hops: number | undefined): RawFields {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  const kept = without(endToEnd(request.rawHeaders), (name) => name === 'host' || name === 'max-forwards');
  const fields = ['Host', target.authority, ...kept, ...via(request)];
  if (hops !== undefined) fields.push('Max-Forwards', String(hops - 1));
  if (coding !== undefined) fields.push('Transfer-Encoding', 'chunked');
  // Without either there is no body, which Node would not take for granted.
  else if (length === undefined && !IDEMPOTENT.has(request.method ?? '')) fields.push('Content-Length', '0');
  return fields;
}

/** Of TRACE and OPTIONS alone. */
function hopsLeft({ method, headers }: IncomingMessage): number | undefined {
  const field = headers['max-forwards'];
  const counts = method === 'TRACE' || method === 'OPTIONS';
  return counts && typeof field === 'string' && /^\d+$/.test(field) ? Number(field) : undefined;
}

/** RFC 9110 sections 9.3.7 and 9.3.8: of TRACE, what a server would see, less what is secret. */
function answerAsLast(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'OPTIONS') {
    response.writeHead(200, { 'Content-Length': 0 }).end();
    return;
  }
  const fields = without(request.rawHeaders, (name) => /^(proxy-)?authorization$|^cookie$/.test(name));
  const lines = pairs(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `TRACE ${request.url} HTTP/${request.httpVersion}\r\n${lines.join('')}\r\n`;
  response.writeHead(200, { 'Content-Type': 'message/http' }).end(head);
}

/** RFC 9112 section 6.1: codings other than chunked are not understood here. */
function codingProblem({ headers }: IncomingMessage): ProxyFailure | undefined {
  const coding = headers['transfer-encoding'];
  if (coding === undefined || coding.trim().toLowerCase() === 'chunked') return undefined;
  return { status: 501, error: 'http_request_error', message: `The transfer coding ${coding} is not supported.` };
}

function notForwarded(target: string): ProxyFailure {
  if (/^https:/i.test(target)) {
    const hint = 'Use this proxy for https, too: clients then ask for a tunnel with CONNECT.';
    return { status: 501, error: 'http_request_error', message: 'https URLs are not fetched on your behalf.', hint };
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
    return { status: 400, error: 'http_request_error', message: 'This is no http URL that could be fetched.' };
  }
  return {
    status: 400,
    error: 'http_request_error',
    message: 'This is a proxy into an emulated network, not a web server.',
    hint: 'Set it as the proxy of your browser, or: curl --proxy socks5h://… URL',
  };
}

function pairs(fields: readonly string[]): [string, string][] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1]] as [string, string]] : []));
}
