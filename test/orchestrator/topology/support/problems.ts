/** What tests of topologies share: one line a problem, and places of what is in the repository. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTopology, type Topology, TopologyError } from '../../../../orchestrator/topology/index.js';

/** The checkout: compiled tests lie somewhere below it, which is where the shipped topologies are. */
export function repositoryRoot(): string {
  const here = fileURLToPath(import.meta.url);
  return here.slice(0, here.lastIndexOf(join('build', '/')));
}

export function shippedTopology(name: string): string {
  return join(repositoryRoot(), 'topologies', `${name}.yaml`);
}

/** The text as a file in the folder of the shipped topologies, so that their sites are found. */
export function parse(text: string): Topology {
  return parseTopology(text, join(dirname(shippedTopology('hello')), 'test.yaml'));
}

/** `line:column code: message` of every problem. */
export function problemsOf(text: string): string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    return error.problems.map(({ code, message, place }) => {
      const where = place === undefined ? '-' : `${place.line}:${place.column}`;
      return `${where} ${code}: ${message}`;
    });
  }
}
