/**
 * Topologies: read, checked, planned, drawn. What a file says becomes a {@link Topology} or a {@link TopologyError} with
 * all its problems; a Topology becomes device configs. Nothing here starts or opens anything.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { TopologyError } from './errors.js';
import type { Topology } from './model.js';
import { parseTopologyText } from './parse.js';
import { LONGEST_NAME, NAME_PATTERN } from './schema-fields.js';
import { resolveTopology } from './validate.js';

export { type Place, type Problem, type ProblemCode, TopologyError } from './errors.js';
export { type GeneratorOptions, generateTopology } from './generators.js';
export { GRAPH_FORMATS, type GraphFormat, graphOf } from './graph.js';
export type { LinkEnd, Network, Port, Topology, TopologyDevice, TopologyLink } from './model.js';
export { firstAddress, isBridge } from './model.js';
export { accessLogPath, controlPath, logPath, type PlanOptions, planTopology, udpPortCount } from './plan.js';
export { topologyJsonSchema } from './schema.js';

/** A file that is larger than this is no topology. */
const LARGEST_FILE = 8 * 1024 * 1024;

/** Throws {@link TopologyError}. */
export function loadTopology(file: string): Topology {
  return parseTopology(readText(file), file);
}

/** `file` is for messages, for the default name, and for what site folders and zone files are relative to. Throws {@link TopologyError}. */
export function parseTopology(text: string, file: string): Topology {
  const parsed = parseTopologyText(text);
  if (parsed.value === undefined) throw new TopologyError(file, parsed.problems, text);
  const { topology, problems } = resolveTopology(parsed.value, {
    source: parsed.source,
    folder: dirname(resolve(file)),
    defaultName: nameOf(file),
    brokenDevices: parsed.brokenDevices,
  });
  const all = [...parsed.problems, ...problems];
  if (all.length > 0) throw new TopologyError(file, all, text);
  return topology;
}

function readText(file: string): string {
  const fail = (message: string) => new TopologyError(file, [{ code: 'file', message }]);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw fail('there is no such file');
    if (code === 'EISDIR') throw fail('this is a folder, not a topology file');
    throw fail(`the file cannot be read (${code ?? String(error)})`);
  }
  if (bytes.length > LARGEST_FILE) throw fail('the file is too large for a topology');
  return new TextDecoder().decode(bytes);
}

/** `mini-internet` of `topologies/mini-internet.yaml`; characters that a name cannot have become hyphens. */
function nameOf(file: string): string {
  const name = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replace(/^-+|-+$/g, '');
  return NAME_PATTERN.test(name) ? name : 'lab';
}
