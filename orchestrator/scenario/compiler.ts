/** What all parts of a scenario's compilation share: the topology that names are looked up in, and the problems that are found. */
import { compileFilter, type Filter, isFilterError } from '../../devices/stack/wire/filter/filter.js';
import { didYouMean, nearest } from '../../devices/stack/wire/nearest.js';
import { Cabling } from '../chaos/cabling.js';
import { CliError } from '../errors.js';
import type { LabLinkEnd } from '../lab/link-ends.js';
import { parseEndpoint } from '../topology/endpoint.js';
import type { Problem, ProblemCode, Topology, TopologyDevice } from '../topology/index.js';
import type { Path, Source, Spot } from '../topology/source.js';
import { parseDuration } from '../topology/units.js';
import type { FrameWatch } from './model.js';

export interface NamedStep {
  readonly kind: 'fetch' | 'exec' | 'chaos' | 'plug' | 'other';
  readonly background: boolean;
}

export class Compiler {
  readonly topology: Topology;
  readonly seed: string | number;
  readonly problems: Problem[] = [];
  readonly watches: FrameWatch[] = [];
  /** Whether the file itself says how long all may take. */
  readonly hasLimit: boolean;
  /** Steps with `as`, in the order of the file. */
  readonly named = new Map<string, NamedStep>();
  private readonly source: Source;

  constructor(source: Source, topology: Topology, seed: string | number, hasLimit: boolean) {
    this.source = source;
    this.topology = topology;
    this.seed = seed;
    this.hasLimit = hasLimit;
  }

  problem(path: Path, message: string, spot?: Spot, code: ProblemCode = 'value'): void {
    this.problems.push(this.source.problem(code, path, message, spot));
  }

  lineOf(path: Path): number {
    return this.source.placeOf(path)?.line ?? 1;
  }

  get ends(): LabLinkEnd[] {
    return this.topology.links.flatMap(({ name, left, right }) =>
      [left, right].flatMap(({ device, port }) => (port === '' ? [] : [{ device, port, link: name }])),
    );
  }

  /** What chaos knows of the links. */
  get cabling(): Cabling {
    return new Cabling(this.deviceNames, this.ends);
  }

  get deviceNames(): string[] {
    return [...this.topology.devices.keys()];
  }

  device(name: string | undefined, path: Path, missing: string): TopologyDevice | undefined {
    if (name === undefined) {
      this.problem(path, missing, { key: true }, 'missing-key');
      return undefined;
    }
    const device = this.topology.devices.get(name);
    if (device === undefined) {
      const near = didYouMean(name, this.deviceNames) || ` Devices are ${this.deviceNames.join(', ')}.`;
      this.problem(path, `there is no device ${name}.${near}`, {}, 'unknown-device');
    }
    return device;
  }

  /** `client:eth0`, or `client` where it has one link. */
  end(text: string, path: Path): LabLinkEnd | undefined {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined) {
      this.problem(path, `"${text}" is no end of a link: write client:eth0`);
      return undefined;
    }
    if (this.device(endpoint.device, path, '') === undefined) return undefined;
    const own = this.ends.filter(({ device }) => device === endpoint.device);
    const found = own.filter(({ port }) => endpoint.port === undefined || port === endpoint.port);
    if (found.length === 1) return found[0];
    const ports = `it has ${own.map(({ port }) => port).join(', ') || 'no link'}`;
    const message =
      found.length === 0 ? `${endpoint.device} has no link at ${text}: ${ports}` : `which end of ${text}? ${ports}`;
    this.problem(path, message, {}, 'unknown-port');
    return undefined;
  }

  /** The step before with this name. */
  step(name: string, path: Path, kinds: readonly NamedStep['kind'][]): NamedStep | undefined {
    const step = this.named.get(name);
    if (step !== undefined && kinds.includes(step.kind)) return step;
    const fit = [...this.named].filter(([, { kind }]) => kinds.includes(kind)).map(([known]) => known);
    const what = kinds.includes('fetch') ? 'fetch or command' : kinds.includes('other') ? 'step' : kinds[0];
    const near = nearest(name, fit);
    const hint =
      near === undefined ? (fit.length > 0 ? ` Such are ${fit.join(', ')}.` : '') : ` Did you mean "${near}"?`;
    this.problem(path, `no ${what} before this has "as: ${name}".${hint}`);
    return undefined;
  }

  /** An expression of the filter language. */
  filter(text: string, path: Path): Filter | undefined {
    const filter = compileFilter(text);
    if (!isFilterError(filter)) return filter;
    const rest = text.slice(filter.column - 1);
    this.problem(path, `in the filter, column ${filter.column}: ${filter.message}`, rest === '' ? {} : { find: rest });
    return undefined;
  }

  /** What throws a CliError finds fault with what stands at `path`. */
  attempt<T>(path: Path, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      const { message } = error as Error;
      const { hint } = error instanceof CliError ? error : {};
      // What to type on a command line is no help in a file.
      const isHelp = hint !== undefined && !/(^|\s)--\w/.test(hint);
      this.problem(path, isHelp ? `${message}. ${hint}` : message);
      return undefined;
    }
  }
}

/** Of a text that the schema has let pass. */
export function ms(text: string): number {
  return parseDuration(text) ?? 0;
}

export function optionalMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}
