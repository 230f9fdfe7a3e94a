/** What the user of the page gets: how the load ends, and every part of the page. */
import type { FetchReport, ReportResource } from '../story/report.js';
import { formatBytes } from '../terminal.js';
import type { Ending, ResultDifference, Share } from './comparison.js';

export function endingOf({ url, from, lab, ok, status, error, durationMs }: FetchReport): Ending {
  const outcome = error === undefined ? `${status}` : `failed at ${error.stage}: ${error.code}`;
  return { url, from, lab, ok, outcome, durationMs };
}

/** `200, 670 B`, and which 670 bytes, where that alone tells them apart. */
function resourceText({ status, bytes, error }: ReportResource): string {
  return error === undefined ? `${status}, ${formatBytes(bytes)}` : `failed at ${error.stage}: ${error.code}`;
}

function isSame(a: ReportResource, b: ReportResource): boolean {
  return a.status === b.status && a.sha256 === b.sha256 && a.error?.code === b.error?.code;
}

interface ResourcePair {
  readonly url: string;
  readonly a?: ReportResource;
  readonly b?: ReportResource;
}

/** By address; of several alike in the order in which they came. */
function resourcePairs(a: FetchReport, b: FetchReport): ResourcePair[] {
  const others = new Map<string, ReportResource[]>();
  for (const resource of b.resources) others.set(resource.url, [...(others.get(resource.url) ?? []), resource]);
  const pairs = a.resources.map((resource): ResourcePair => {
    return { url: resource.url, a: resource, b: others.get(resource.url)?.shift() };
  });
  const rest = [...others.values()].flat().map((resource): ResourcePair => ({ url: resource.url, b: resource }));
  return [...pairs, ...rest];
}

export function resultDifferences(a: FetchReport, b: FetchReport): ResultDifference[] {
  const [endA, endB] = [endingOf(a), endingOf(b)];
  const whole = [
    { what: 'the load', a: endA.outcome, b: endB.outcome },
    { what: 'the address in the end', a: a.finalUrl, b: b.finalUrl },
  ].filter((one) => one.a !== one.b);
  // Of a page that did not come no part did.
  if (a.ok !== b.ok) return whole;
  const parts = resourcePairs(a, b).flatMap((pair): ResultDifference[] => {
    if (pair.a !== undefined && pair.b !== undefined && isSame(pair.a, pair.b)) return [];
    const texts = [pair.a, pair.b].map((one) => (one === undefined ? 'not asked for' : resourceText(one)));
    if (texts[0] !== texts[1]) return [{ what: pair.url, a: texts[0], b: texts[1] }];
    const [hashA, hashB] = [pair.a, pair.b].map((one) => `${texts[0]} of sha256 ${one?.sha256.slice(0, 12)}…`);
    return [{ what: pair.url, a: hashA, b: hashB }];
  });
  return [...whole, ...parts];
}

export function sameResources(a: FetchReport, b: FetchReport): Share {
  const pairs = resourcePairs(a, b).filter((pair) => pair.a !== undefined);
  const equal = pairs.filter((pair) => pair.a !== undefined && pair.b !== undefined && isSame(pair.a, pair.b));
  return { equal: equal.length, of: pairs.length };
}

export function sameNames(a: FetchReport, b: FetchReport): Share {
  const text = ({ name, type, addresses }: FetchReport['dns'][number]) =>
    [type, name, ...[...addresses].sort()].join(' ');
  const others = new Set(b.dns.map(text));
  return { equal: a.dns.filter((one) => others.has(text(one))).length, of: a.dns.length };
}
