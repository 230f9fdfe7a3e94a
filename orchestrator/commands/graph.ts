import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { formatCidr } from '../../devices/stack/wire/address.js';
import { CliError } from '../errors.js';
import { cannotWrite } from '../file-errors.js';
import { printJson } from '../terminal.js';
import {
  GRAPH_FORMATS,
  type GraphFormat,
  generateTopology,
  graphOf,
  loadTopology,
  type Topology,
} from '../topology/index.js';

interface GraphOptions {
  readonly format: GraphFormat;
  readonly topo?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export function graphCommand(): Command {
  return new Command('graph')
    .description('draw a topology')
    .argument('[file]', 'the topology')
    .addOption(new Option('-f, --format <format>', 'how').choices(GRAPH_FORMATS).default('mermaid'))
    .option('--topo <generator>', 'instead of a file: linear,N  star,N  tree,DEPTH,FANOUT  ring,N')
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .option('--json', 'devices, links and networks as JSON')
    .action((file: string | undefined, options: GraphOptions) => {
      const topology = chosenTopology(file, options.topo);
      if (options.json) {
        printJson(describeGraph(topology));
        return;
      }
      const drawing = graphOf(topology, options.format);
      if (options.output === undefined) process.stdout.write(drawing);
      else writeDrawing(options.output, drawing);
    });
}

function chosenTopology(file: string | undefined, generator: string | undefined): Topology {
  if ((file === undefined) === (generator === undefined)) throw new CliError(2, 'give a file or --topo');
  return file === undefined ? generateTopology(generator!) : loadTopology(file);
}

function writeDrawing(file: string, drawing: string): void {
  try {
    writeFileSync(file, drawing);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

function describeGraph(topology: Topology) {
  return {
    name: topology.name,
    devices: [...topology.devices.values()].map(({ name, kind, ports }) => ({
      name,
      kind,
      ports: ports.map((port) => ({
        name: port.name,
        addresses: port.addresses.map(formatCidr),
        dhcp: port.dhcp,
        link: port.link?.name,
      })),
    })),
    links: topology.links.map(({ name, left, right, external }) => ({
      name,
      left,
      right,
      ...(external && { external }),
    })),
    networks: topology.networks.map(({ label, subnets, bridges, ports }) => ({
      label,
      subnets: subnets.map(formatCidr),
      bridges,
      ports: ports.map((port) => `${port.device}:${port.name}`),
    })),
  };
}
