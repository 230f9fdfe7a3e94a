/** From text to a TopologyFile: YAML, then the schema. All problems are collected; what is sound goes on. */
import type { Problem } from './errors.js';
import { findingsOf, valueAt } from './issues.js';
import { type TopologyFile, topologyFile } from './schema.js';
import { type Path, Source } from './source.js';

export interface Parsed {
  readonly source: Source;
  readonly problems: readonly Problem[];
  /** The sound parts; undefined when nothing can be used. */
  readonly value?: TopologyFile;
  /** Devices that are in the file but were too wrong to keep: links to them are no further problem. */
  readonly brokenDevices: ReadonlySet<string>;
}

/** A part that is taken out can uncover the next problem, each time fewer. */
const MOST_ROUNDS = 50;

export function parseTopologyText(text: string): Parsed {
  const source = new Source(text);
  const document = readDocument(source, 'the file is empty: a topology begins with "devices:"');
  if (document.problems !== undefined) return { source, problems: document.problems, brokenDevices: new Set() };
  return checkTopology(source, document.value, source.duplicateKeys());
}

/** The value of a whole text; or why there is none. */
export function readDocument(
  source: Source,
  whenEmpty: string,
): { readonly value: unknown; readonly problems?: undefined } | { readonly problems: readonly Problem[] } {
  const problems = source.problems();
  if (problems.length > 0) return { problems };
  if (source.isEmpty) return { problems: [{ code: 'empty', message: whenEmpty }] };
  try {
    // A copy without shared parts: taking something out below one alias must leave the others as they are.
    return { value: JSON.parse(JSON.stringify(source.toValue())) };
  } catch {
    // Aliases that contain themselves, or that multiply ("billion laughs").
    return {
      problems: [{ code: 'yaml', message: 'not valid YAML: its aliases do not resolve to a finite document' }],
    };
  }
}

/** What of `value` is a topology; `source` says where it stands. `before`: problems that are known. */
export function checkTopology(source: Source, value: unknown, before: readonly Problem[] = []): Parsed {
  const problems: Problem[] = [...before];
  const brokenDevices = new Set<string>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = topologyFile.safeParse(value);
    if (result.success) return { source, problems, value: result.data, brokenDevices };
    const found = findingsOf(result.error.issues, value, topologyFile, source);
    let usable = true;
    for (const { problem, remove } of found) {
      // The same part may be complained about twice in one round, or a list's remains in the next.
      if (!problems.some((known) => isSame(known, problem))) problems.push(problem);
      if (remove.length === 2 && remove[0] === 'devices') brokenDevices.add(String(remove[1]));
      usable &&= remove.length > 0 && remove[0] !== undefined && !(remove.length === 1 && remove[0] === 'devices');
    }
    if (!usable) break;
    takeOut(
      source,
      value,
      found.map(({ remove }) => remove),
    );
  }
  return { source, problems, brokenDevices };
}

function isSame(a: Problem, b: Problem): boolean {
  return a.message === b.message && a.place?.line === b.place?.line && a.place?.column === b.place?.column;
}

/** From the end to the beginning, so that the indexes of what is still to be taken out stay true. */
function takeOut(source: Source, root: unknown, paths: readonly Path[]): void {
  const keys = new Set(paths.map((path) => JSON.stringify(path)));
  const isBelowAnother = (path: Path) => path.some((_, i) => i > 0 && keys.has(JSON.stringify(path.slice(0, i))));
  const unique = [...keys].map((key) => JSON.parse(key) as Path).filter((path) => !isBelowAnother(path));
  for (const path of unique.reverse()) {
    const parent = valueAt(root, path.slice(0, -1));
    if (typeof parent !== 'object' || parent === null) continue;
    const last = path[path.length - 1];
    if (Array.isArray(parent)) {
      parent.splice(Number(last), 1);
      source.itemTakenOut(path);
    } else delete (parent as Record<string, unknown>)[last];
  }
}
