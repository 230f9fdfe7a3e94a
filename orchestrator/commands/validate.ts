import { Command } from 'commander';
import { print, printJson } from '../terminal.js';
import { loadTopology, type Topology, TopologyError } from '../topology/index.js';

export function validateCommand(): Command {
  return new Command('validate')
    .description('check a topology file: all that is wrong with it, each with its place')
    .argument('<file>', 'the topology')
    .option('--json', 'the problems, or what is in the file, as JSON')
    .action((file: string, { json }: { json?: boolean }) => {
      try {
        const topology = loadTopology(file);
        if (json) printJson({ ok: true, file, ...summary(topology), problems: [] });
        else print(describe(file, topology));
      } catch (error) {
        if (json && error instanceof TopologyError) {
          printJson({
            ok: false,
            file,
            problems: error.problems.map(({ place, text, ...rest }) => ({ ...rest, ...place })),
          });
        }
        throw error;
      }
    });
}

function summary(topology: Topology) {
  const { name, devices, links, networks } = topology;
  return { name, devices: devices.size, links: links.length, networks: networks.filter(hasIp).length };
}

function hasIp({ ports }: Topology['networks'][number]): boolean {
  return ports.length > 0;
}

function describe(file: string, topology: Topology): string {
  const { devices, links, networks } = summary(topology);
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  return `${file} is fine: ${count(devices, 'device')}, ${count(links, 'link')}, ${count(networks, 'network')}`;
}
