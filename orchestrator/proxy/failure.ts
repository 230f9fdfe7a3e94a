/** Why a proxied request did not work out, in HTTP's words: status, Proxy-Status (RFC 9209), a page for people. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { ConnectError } from '../lab/device-stream.js';
import { plainReason } from '../network-words.js';

export const PROXY_NAME = 'netarium';

export interface ProxyFailure {
  readonly status: number;
  /** RFC 9209 section 2.3. */
  readonly error?: string;
  /** One sentence for people: what failed, and where. */
  readonly message: string;
  /** What may help; one sentence. */
  readonly hint?: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** RFC 9209 section 2.3, with the statuses that it recommends. */
const ERRORS: Readonly<Record<string, readonly [status: number, error: string, hint?: string]>> = {
  ENOTFOUND: [502, 'dns_error', 'No name server of the emulated network knows this name.'],
  EAI_AGAIN: [504, 'dns_timeout', 'The name servers of the emulated network gave no answer.'],
  ECONNREFUSED: [502, 'connection_refused'],
  ECONNRESET: [502, 'connection_terminated'],
  ECONNABORTED: [502, 'connection_terminated'],
  EPIPE: [502, 'connection_terminated'],
  ETIMEDOUT: [504, 'connection_timeout'],
  EHOSTUNREACH: [502, 'destination_ip_unroutable'],
  ENETUNREACH: [502, 'destination_ip_unroutable'],
  EAFNOSUPPORT: [502, 'destination_ip_unroutable'],
  EMFILE: [503, 'connection_limit_reached'],
};

const STAGES: Readonly<Record<string, string>> = {
  dhcp: 'waiting for an address by DHCP',
  dns: 'looking the name up (DNS)',
  routing: 'finding the way there',
  arp: "asking for the next hop's MAC address (ARP)",
  tcp: 'opening the connection (TCP)',
};

export function failureOf(error: unknown): ProxyFailure {
  const { code = '', message } = error as NodeJS.ErrnoException;
  // Node's HTTP parser: what came was no HTTP.
  if (code.startsWith('HPE_')) {
    return { status: 502, error: 'http_protocol_error', message: `The server's answer is no HTTP: ${message}` };
  }
  const [status, type, hint] = ERRORS[code] ?? [502, 'proxy_internal_error'];
  const stage = error instanceof ConnectError ? STAGES[error.fault.stage] : undefined;
  const timedOutEarlier = code === 'ETIMEDOUT' && error instanceof ConnectError && error.fault.stage === 'dns';
  return {
    status,
    error: timedOutEarlier ? 'dns_timeout' : type,
    message: stage === undefined ? plainReason(message) : `It failed while ${stage}: ${plainReason(message)}`,
    hint,
  };
}

/** Answers with the failure, as a page for browsers and as text for others. */
export function answerFailure(request: IncomingMessage, response: ServerResponse, failure: ProxyFailure): void {
  const { status, error, headers } = failure;
  const html = /\btext\/html\b/i.test(request.headers.accept ?? '');
  const body = Buffer.from(html ? page(failure, request.url ?? '') : `${failure.message}\n${lineOf(failure.hint)}`);
  response.writeHead(status, {
    ...headers,
    'Content-Type': `${html ? 'text/html' : 'text/plain'}; charset=utf-8`,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    // The page shows what the client has sent: nothing of it may run.
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    ...(error !== undefined && { 'Proxy-Status': `${PROXY_NAME}; error=${error}` }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function page({ status, message, hint }: ProxyFailure, target: string): string {
  const title = `${status} ${STATUS_CODES[status]}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #222; background: #fff }
  h1 { font-size: 1.4rem; font-weight: 600 } code { overflow-wrap: anywhere } footer { color: #666; margin-top: 2rem }
  @media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b } footer { color: #999 } }
</style>
<h1>${title}</h1>
<p><code>${escapeHtml(target)}</code></p>
<p>${escapeHtml(message)}</p>
${hint === undefined ? '' : `<p>${escapeHtml(hint)}</p>`}
<footer>Told by the netarium proxy, not by a server of the emulated network.</footer>
</html>
`;
}

function lineOf(text: string | undefined): string {
  return text === undefined ? '' : `${text}\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
