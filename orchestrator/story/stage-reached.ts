/** How far a page load had come whose browser cannot tell any more: by what its host had reported before. */
import type { FetchStage, TraceEvent } from '../../devices/control.js';
import type { LabTrace } from '../capture/session.js';

const STAGES: Readonly<Partial<Record<TraceEvent['event'], FetchStage>>> = {
  'url-parsed': 'url',
  'dhcp-state': 'dhcp',
  'dns-cache': 'dns',
  'dns-query': 'dns',
  'dns-answer': 'dns',
  'dns-timeout': 'dns',
  'arp-failed': 'arp',
  'tls-established': 'tls',
  'tls-refused': 'tls',
  'http-request': 'http',
  'http-response': 'http',
  'http-cache': 'http',
  'html-parsed': 'html',
  'css-parsed': 'html',
};

function stageOf(event: TraceEvent): FetchStage | undefined {
  // A connection that closes belongs to a step that is over.
  if (event.event === 'tcp-state') return event.to === 'SYN_SENT' || event.to === 'ESTABLISHED' ? 'tcp' : undefined;
  return STAGES[event.event];
}

/** Of the last that happened; `url` before anything has. */
export function stageReached(traced: readonly LabTrace[], host: string): FetchStage {
  const stages = traced.flatMap(({ device, event }) => (device === host ? (stageOf(event) ?? []) : []));
  return stages.at(-1) ?? 'url';
}
