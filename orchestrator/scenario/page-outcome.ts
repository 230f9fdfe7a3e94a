/** What came of a page load, as expectations ask for it. */
import type { FetchFailure, FetchResult } from '../../devices/control.js';
import { plainFailure } from '../network-words.js';
import type { FetchReport } from '../story/report.js';
import { formatBytes, formatDuration } from '../terminal.js';
import type { PageOutcome } from './stage.js';

/** What is known of a page load at once, without its frames. */
export interface PageFacts {
  readonly url: string;
  readonly finalUrl: string;
  readonly ok: boolean;
  readonly status: number;
  readonly error: FetchFailure | undefined;
  readonly durationMs: number;
  /** Of the document; so are the following two. */
  readonly bytes: number;
  readonly sha256: string;
  readonly contentType: string;
  readonly title: string;
  readonly text: string;
  readonly parts: number;
  readonly failedParts: number;
}

/** `report` reads the whole story from what was captured. */
export function pageOutcome(result: FetchResult, report: () => Promise<FetchReport>): PageOutcome {
  const durationMs = result.endAt - result.startAt;
  const [document] = result.resources;
  const failed = result.resources.filter(({ error, status }) => error !== undefined || status >= 400).length;
  let told: Promise<object> | undefined;
  return {
    kind: 'page',
    durationMs,
    text: textOf(result, failed, durationMs),
    facts: {
      url: result.url,
      finalUrl: result.finalUrl,
      ok: result.ok,
      status: result.status,
      error: result.error,
      durationMs,
      bytes: document?.bytes ?? 0,
      sha256: document?.sha256 ?? '',
      contentType: document?.contentType ?? '',
      title: result.title,
      text: result.text,
      parts: result.resources.length,
      failedParts: failed,
    } satisfies PageFacts,
    parts: result.resources.map(({ url, status, sha256 }) => `${url} ${status} ${sha256}`),
    report: () => {
      told ??= report().then((full) => ({
        ...full,
        retransmissions: full.connections.reduce((sum, { retransmissions }) => sum + retransmissions, 0),
      }));
      return told;
    },
  };
}

function textOf({ ok, status, error, resources }: FetchResult, failed: number, durationMs: number): string {
  const time = formatDuration(durationMs);
  if (error !== undefined) return `failed at ${error.stage}: ${plainFailure(error)}, ${time}`;
  const parts = resources.length === 1 ? '' : `, ${resources.length} parts${failed === 0 ? '' : `, ${failed} failed`}`;
  const bytes = resources.reduce((sum, resource) => sum + resource.bytes, 0);
  return `${ok ? 'ok' : 'not ok'}, status ${status}${parts}, ${formatBytes(bytes)}, ${time}`;
}
