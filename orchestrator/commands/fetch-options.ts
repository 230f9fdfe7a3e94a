/** The options of `fetch` as the user wrote them, and the request that they make. */
import type { FetchRequest } from '../../devices/control.js';
import { CliError } from '../errors.js';

export interface FetchOptions {
  readonly from?: string;
  readonly lab?: string;
  readonly json?: boolean;
  readonly show?: boolean;
  readonly har?: string;
  readonly pcap?: string;
  readonly keylog?: string;
  readonly explain?: boolean;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly timeout?: string;
  readonly subresources: boolean;
  readonly quiet?: boolean;
}

export function fetchRequest(url: string, options: FetchOptions): FetchRequest {
  return {
    url,
    method: options.method,
    headers: parseHeaders(options.header ?? []),
    data: options.data,
    timeoutMs: parseTimeout(options.timeout),
    subresources: options.subresources,
    // What HAR keeps of each response.
    bodies: options.har !== undefined,
  };
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new CliError(2, `"${line}" is not a header`, "Write it as 'Name: value'.");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (match === null) throw new CliError(2, `"${text}" is not a duration`, 'Write it with its unit: 500ms, 10s, 1m.');
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'];
}
