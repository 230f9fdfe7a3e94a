/** The steps of TLS, of HTTP with its cache and cookies, and of the page: one sentence each. */
import { formatDuration } from '../terminal.js';
import { cookiesSent, cookiesSet } from './cookies.js';
import { headValues } from './head.js';
import type { ExchangeReport, Segment, Step, TlsMessageReport, TlsReport } from './report.js';
import type { Scene } from './scene.js';

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** `: a b`, or nothing. */
function list(words: readonly string[], before: string): string {
  return words.length === 0 ? '' : `${before}${words.join(' ')}`;
}

export function tlsSteps(scene: Scene, tls: readonly TlsReport[]): Step[] {
  return tls.flatMap((report): Step[] => {
    const steps = report.messages.map(
      (message): Step => ({
        atMs: message.atMs,
        device: scene.client,
        layer: 'tls',
        event: 'message',
        subject: `${message.direction === 'out' ? 'sends' : 'gets'} ${message.name}, ${report.serverName || report.remote}`,
        outcome: '',
        summary: `${message.direction === 'out' ? 'sends' : 'gets'} ${messageText(message, report)}`,
        frames: message.frames,
      }),
    );
    const { establishedMs, refusal, serverName, remote, protocol, cipher, alpn, certificate, sessionReused } = report;
    if (refusal !== undefined) {
      const summary = `refuses ${serverName || remote}: ${refusal.message}`;
      steps.push({
        ...{ atMs: refusal.atMs, device: scene.client, layer: 'tls', event: 'refusal', subject: serverName || remote },
        ...{ outcome: refusal.message, summary, frames: [] },
      });
    }
    if (establishedMs === undefined) return steps;
    const proof = certificate === undefined ? '' : `; certificate of ${certificate.subject} by ${certificate.issuer}`;
    const again = sessionReused ? ', going on with an earlier session' : '';
    return [
      ...steps,
      {
        atMs: establishedMs,
        device: scene.client,
        layer: 'tls',
        event: 'agreement',
        subject: serverName || remote,
        outcome: `${[protocol, cipher, alpn].filter(Boolean).join(', ')}${again}`,
        summary: `agrees with ${serverName || remote} on ${[protocol, cipher, alpn].filter(Boolean).join(', ')}${again}${proof}`,
        frames: [],
      },
    ];
  });
}

/** What a hello offers or chooses; all that can be said of what is encrypted is how much it is. */
function messageText(
  { name, encrypted, bytes }: TlsMessageReport,
  { offered, serverName, protocol, cipher, group }: TlsReport,
) {
  if (encrypted) return `${name}, encrypted: ${bytes} bytes`;
  if (name === 'Client Hello') {
    const to = serverName === '' ? '' : ` for ${serverName}`;
    const offers = [offered.versions, offered.alpn].filter(({ length }) => length > 0).map((words) => words.join(' '));
    return `${name}${to}: offers ${[...offers, count(offered.cipherSuites.length, 'cipher suite')].join('; ')}`;
  }
  if (name === 'Server Hello') return `${name}: ${[protocol, cipher, group].filter(Boolean).join(', ')}`;
  return name;
}

/** What the browser found in its HTTP cache. That it found nothing is not worth a step; 304 is told with the response. */
export function cacheSteps(scene: Scene): Step[] {
  return scene.traces('http-cache').flatMap(({ device, event }): Step[] => {
    const age = event.ageSeconds === undefined ? '' : `, ${formatDuration(event.ageSeconds * 1000)} old`;
    const told = {
      fresh: `has ${event.url} in its cache${age} and fresh: asks nobody`,
      stale: `has ${event.url} in its cache${age}: asks whether it is still good`,
    };
    if (event.outcome !== 'fresh' && event.outcome !== 'stale') return [];
    return [
      {
        ...{ atMs: scene.ms(event.at), device, layer: 'http', event: 'cache', subject: event.url },
        ...{ outcome: event.outcome, summary: told[event.outcome], frames: [] },
      },
    ];
  });
}

/** `3 segments, encrypted, which other streams may share`. */
function carriedBy(segments: readonly Segment[], { encrypted, sharedSegments }: ExchangeReport): string {
  const secret = encrypted ? ', encrypted' : '';
  const shared = sharedSegments > 0 ? ', shared with other streams of the connection' : '';
  return `${count(segments.length, 'segment')}${secret}${shared}`;
}

function numbers(segments: readonly Segment[]): number[] {
  return segments.map(({ frame }) => frame);
}

export function httpSteps(scene: Scene, exchanges: readonly ExchangeReport[]): Step[] {
  return exchanges.flatMap((exchange): Step[] => {
    const { method, url, requestSegments, responseSegments, requestBytes, responseBytes, status } = exchange;
    const steps: Step[] = [];
    if (requestSegments.length > 0) {
      const cookies = list(cookiesSent(exchange.requestHead), '; cookies: ');
      steps.push({
        atMs: requestSegments[0].atMs,
        device: scene.client,
        layer: 'http',
        event: 'request',
        subject: `${method} ${url}`,
        outcome: '',
        summary: `${method} ${url}: ${requestBytes} bytes in ${carriedBy(requestSegments, exchange)}${cookies}`,
        frames: numbers(requestSegments),
      });
    }
    if (responseSegments.length > 0) {
      const cookies = list(cookiesSet(exchange.responseHead), '; sets cookies: ');
      steps.push({
        atMs: responseSegments[responseSegments.length - 1].atMs,
        device: scene.client,
        layer: 'http',
        event: 'response',
        subject: url,
        outcome: `${status}${meaning(exchange)}`,
        summary: `${status} for ${url}${meaning(exchange)}: ${responseBytes} bytes in ${carriedBy(responseSegments, exchange)}${cookies}`,
        frames: numbers(responseSegments),
      });
    }
    return steps;
  });
}

function meaning({ cache, responseHead, status }: ExchangeReport): string {
  if (cache === 'validated') return ', what is in the cache is still good';
  const [location] = headValues(responseHead, 'location');
  return status >= 300 && status < 400 && location !== undefined ? `, go to ${location}` : '';
}

/** What documents and style sheets ask for, and what they ask for early. */
export function pageSteps(scene: Scene): Step[] {
  const html = scene.traces('html-parsed').map(({ device, event }): Step => {
    const summary = `the page needs ${event.resources.length || 'nothing'} more${list(event.resources, ': ')}`;
    return pageStep(scene, event.at, device, event.url, event.resources, summary);
  });
  const sheets = scene.traces('css-parsed').filter(({ event }) => event.resources.length > 0);
  const css = sheets.map(({ device, event }): Step => {
    const needs = `the style sheet ${event.url} needs ${event.resources.length} more`;
    return pageStep(scene, event.at, device, event.url, event.resources, `${needs}${list(event.resources, ': ')}`);
  });
  const hints = scene.traces('resource-hint').map(({ device, event }): Step => {
    const early = event.hint === 'dns-prefetch' ? `look up ${event.host}` : `connect to ${event.host}`;
    const summary = `the page says by ${event.hint}: ${early} before it is needed`;
    return pageStep(scene, event.at, device, `${event.hint} ${event.host}`, [], summary);
  });
  return [...html, ...css, ...hints];
}

function pageStep(
  scene: Scene,
  at: number,
  device: string,
  subject: string,
  needs: readonly string[],
  summary: string,
): Step {
  const outcome = [...needs].sort().join(' ');
  return { atMs: scene.ms(at), device, layer: 'html', event: 'needs', subject, outcome, summary, frames: [] };
}
