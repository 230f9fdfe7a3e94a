/**
 * Topologies: read, checked, planned, drawn. What a file says becomes a {@link Topology} or a {@link TopologyError} with
 * all its problems; a Topology becomes device configs. Nothing here starts or opens anything.
 */
import { dirname, resolve } from 'node:path';
import { TopologyError } from './errors.js';
import type { Topology } from './model.js';
import { checkTopology, type Parsed, parseTopologyText } from './parse.js';
import { type Path, Source } from './source.js';
import { nameOf, readFileText } from './text-file.js';
import { resolveTopology } from './validate.js';

export { FileError, type Place, type Problem, type ProblemCode, TopologyError } from './errors.js';
export { type GeneratorOptions, generateTopology } from './generators.js';
export { GRAPH_FORMATS, type GraphFormat, graphOf } from './graph.js';
export type { LinkEnd, Network, Port, Topology, TopologyDevice, TopologyLink } from './model.js';
export { firstAddress, isBridge } from './model.js';
export { accessLogPath, controlPath, logPath, type PlanOptions, planTopology, udpPortCount } from './plan.js';
export { topologyJsonSchema } from './schema.js';

/** Throws {@link TopologyError}. */
export function loadTopology(file: string): Topology {
  return parseTopology(readFileText(file, 'topology', TopologyError), file);
}

/** `file` is for messages, for the default name, and for what site folders and zone files are relative to. Throws {@link TopologyError}. */
export function parseTopology(text: string, file: string): Topology {
  return settled(parseTopologyText(text), text, file);
}

/** A topology that stands within another file, at `path`; as {@link parseTopology} for the rest. */
export function parseInlineTopology(value: unknown, text: string, file: string, path: Path): Topology {
  return settled(checkTopology(new Source(text, path), value), text, file);
}

function settled(parsed: Parsed, text: string, file: string): Topology {
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
