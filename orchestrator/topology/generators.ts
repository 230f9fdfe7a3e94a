/** `--topo linear,3`: topologies that need no file. Names are those that Mininet's users know: h1, s1, r1. */

import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { TopologyError } from './errors.js';
import type { Topology } from './model.js';
import type { TopologyFile } from './schema.js';
import { resolveTopology } from './validate.js';

export interface GeneratorOptions {
  /** Absolute path of a folder that every host then serves, under its own name. */
  readonly siteFolder?: string;
}

/** A machine holds no more processes than this in good order. */
const MOST_GENERATED_DEVICES = 1000;

interface Sketch {
  readonly devices: [name: string, kind: 'host' | 'switch' | 'router'][];
  readonly links: string[];
}

type Generator = (...sizes: number[]) => Sketch;

const GENERATORS: ReadonlyMap<
  string,
  { readonly usage: string; readonly parameters: number; readonly make: Generator }
> = new Map([
  ['linear', { usage: 'linear,N', parameters: 1, make: linear }],
  ['star', { usage: 'star,N', parameters: 1, make: star }],
  ['tree', { usage: 'tree,D,F', parameters: 2, make: tree }],
  ['ring', { usage: 'ring,N', parameters: 1, make: ring }],
]);

/** Throws {@link TopologyError} when `spec` is none of `linear,N`, `star,N`, `tree,D,F`, `ring,N`. */
export function generateTopology(spec: string, options: GeneratorOptions = {}): Topology {
  const [kind, ...rest] = spec.split(',').map((part) => part.trim());
  const fail = (message: string) => new TopologyError(`--topo ${spec}`, [{ code: 'generator', message }]);
  const usages = [...GENERATORS.values()].map(({ usage }) => usage).join(', ');
  const generator = GENERATORS.get(kind);
  if (generator === undefined)
    throw fail(`there is no generator "${kind}".${didYouMean(kind, GENERATORS.keys())} Write ${usages}.`);
  const sizes = rest.map((part) => (/^[1-9]\d{0,5}$/.test(part) ? Number(part) : Number.NaN));
  if (sizes.length !== generator.parameters || sizes.some(Number.isNaN)) {
    throw fail(`write ${generator.usage}, with whole numbers from 1`);
  }
  if (kind === 'ring' && sizes[0] < 3) throw fail('a ring needs at least 3 routers');
  if (countDevices(kind, sizes) > MOST_GENERATED_DEVICES) {
    throw fail(`that is more than ${MOST_GENERATED_DEVICES} devices, each of them a process`);
  }
  const { topology, problems } = resolveTopology(fileOf(generator.make(...sizes), options), {
    folder: '/',
    defaultName: [kind, ...sizes].join('-'),
  });
  if (problems.length > 0) throw new TopologyError(`--topo ${spec}`, problems);
  return topology;
}

function countDevices(kind: string, [n, fanout = 1]: readonly number[]): number {
  if (kind !== 'tree') return kind === 'star' ? n + 1 : n * 2;
  let count = 1;
  for (let level = 1, width = fanout; level <= n && count <= MOST_GENERATED_DEVICES; level++, width *= fanout)
    count += width;
  return count;
}

function fileOf(sketch: Sketch, options: GeneratorOptions): TopologyFile {
  const ends = new Map<string, number>();
  for (const link of sketch.links) {
    for (const end of link.split(' -- ')) ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const devices: TopologyFile['devices'] = {};
  for (const [name, kind] of sketch.devices) {
    if (kind === 'switch') devices[name] = { kind, ports: Math.max(1, ends.get(name) ?? 0) };
    else if (kind === 'host' && options.siteFolder !== undefined)
      devices[name] = { kind, sites: { [name]: options.siteFolder } };
    else devices[name] = { kind };
  }
  return { devices, links: sketch.links };
}

/** N switches in a row, a host at each. */
function linear(n: number): Sketch {
  const sketch: Sketch = { devices: [], links: [] };
  for (let i = 1; i <= n; i++) {
    sketch.devices.push([`h${i}`, 'host'], [`s${i}`, 'switch']);
    sketch.links.push(`h${i} -- s${i}`);
    if (i > 1) sketch.links.push(`s${i - 1} -- s${i}`);
  }
  return sketch;
}

/** One switch with N hosts. */
function star(n: number): Sketch {
  const sketch: Sketch = { devices: [['s1', 'switch']], links: [] };
  for (let i = 1; i <= n; i++) {
    sketch.devices.push([`h${i}`, 'host']);
    sketch.links.push(`h${i} -- s1`);
  }
  return sketch;
}

/** Switches in D levels, each with F below it; under the last level hosts. */
function tree(depth: number, fanout: number): Sketch {
  const sketch: Sketch = { devices: [], links: [] };
  let hosts = 0;
  let switches = 0;
  const grow = (level: number): string => {
    if (level === 0) {
      const name = `h${++hosts}`;
      sketch.devices.push([name, 'host']);
      return name;
    }
    const name = `s${++switches}`;
    sketch.devices.push([name, 'switch']);
    for (let i = 0; i < fanout; i++) {
      const child = grow(level - 1);
      sketch.links.push(`${name} -- ${child}`);
    }
    return name;
  };
  grow(depth);
  return sketch;
}

/** N routers in a ring, a host at each. Not of switches: those would circle broadcasts for ever. */
function ring(n: number): Sketch {
  const sketch: Sketch = { devices: [], links: [] };
  for (let i = 1; i <= n; i++) {
    sketch.devices.push([`h${i}`, 'host'], [`r${i}`, 'router']);
    sketch.links.push(`h${i} -- r${i}`);
  }
  for (let i = 1; i <= n; i++) sketch.links.push(`r${i} -- r${(i % n) + 1}`);
  return sketch;
}
