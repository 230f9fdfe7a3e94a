/** A shipped topology, planned by the orchestrator and run inside the test: the same configs that its processes get. */
import { readFileSync } from 'node:fs';
import { diskFiles } from '../../devices/runtime/files.js';
import type { TraceEvent } from '../../devices/stack/trace.js';
import { parseTopology, planTopology } from '../../orchestrator/topology/index.js';
import { shippedTopology } from '../orchestrator/topology/support/problems.js';
import { World, type WorldOptions } from '../support/world.js';

export interface ShippedOptions extends WorldOptions {
  /** Changes the text of the file. */
  readonly edit?: (text: string) => string;
}

/** Started. Without a seed it is the topology's own; sites are served from disk unless other files are given. */
export function shippedWorld(name: string, options: ShippedOptions = {}): World {
  const file = shippedTopology(name);
  const text = readFileSync(file, 'utf8');
  const topology = parseTopology(options.edit === undefined ? text : options.edit(text), file);
  const { seed = topology.seed, files = diskFiles } = options;
  const configs = planTopology(topology, { lab: name, runDir: '/run/netarium', basePort: 20_000 });
  return World.fromConfigs(
    configs.map((config) => ({ ...config, seed })),
    { seed, files },
  );
}

type Traced<E> = World['traced'][number] & { readonly event: E };

/** What one device told about events of one kind, in order. */
export function tracedBy<E extends TraceEvent['event']>(world: World, device: string, event: E): Traced<E>[] {
  return world.traced.filter((entry): entry is Traced<E> => entry.device === device && entry.event === event);
}
