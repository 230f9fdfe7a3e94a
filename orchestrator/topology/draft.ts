/** The topology while it is being worked out: the model's parts, still writable, and what has gone wrong. */
import type { DeviceKind } from '../../devices/control.js';
import type { Cidr } from '../../devices/stack/wire/address.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import type { Place, Problem, ProblemCode } from './errors.js';
import type { LinkEnd, Network, Port, TopologyLink } from './model.js';
import type { TopologyFile } from './schema.js';
import type { BridgeFile, DeviceFile, InterfaceFile, IpDeviceFile } from './schema-devices.js';
import type { Path, Source, Spot } from './source.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface DraftPort extends Writable<Omit<Port, 'addresses' | 'link'>> {
  addresses: Cidr[];
  link?: TopologyLink;
  /** Place among the ports of its device. */
  readonly number: number;
  network?: DraftNetwork;
  /** What the file says of it. */
  readonly file: InterfaceFile | undefined;
  /** Where that stands. */
  readonly path: Path;
}

export interface DraftNetwork extends Writable<Omit<Network, 'ports' | 'subnets' | 'links' | 'bridges'>> {
  readonly bridges: string[];
  readonly links: TopologyLink[];
  readonly ports: DraftPort[];
  subnets: Cidr[];
  /** Who said what the subnet is; part of messages. */
  subnetFrom: string;
}

export interface DraftDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  /** The long form. */
  readonly file: Exclude<DeviceFile, string>;
  readonly ports: DraftPort[];
  readonly path: Path;
}

/** A draft's device with a stack. */
export interface DraftIpDevice extends DraftDevice {
  readonly file: IpDeviceFile;
}

export interface Draft {
  readonly file: TopologyFile;
  readonly devices: ReadonlyMap<string, DraftDevice>;
  readonly problems: ProblemList;
  links: TopologyLink[];
  networks: DraftNetwork[];
  /** Devices of which something failed before: what follows from it is not complained about. */
  readonly suspects: Set<string>;
}

export class ProblemList {
  readonly all: Problem[] = [];
  readonly #source: Source | undefined;

  constructor(source: Source | undefined) {
    this.#source = source;
  }

  add(code: ProblemCode, path: Path, message: string, spot?: Spot): void {
    this.all.push(this.#source?.problem(code, path, message, spot) ?? { code, message });
  }

  /** What is wrong in a file that the topology names. */
  addForeign(file: { readonly file: string; readonly text: string }, place: Place, message: string): void {
    this.all.push({ code: 'zone-file', message, place, ...file });
  }

  /** ` (line 3)`, or nothing in a topology that no file describes. */
  line(path: Path): string {
    const place = this.#source?.placeOf(path);
    return place === undefined ? '' : ` (line ${place.line})`;
  }
}

export function bridgeFile(device: DraftDevice): BridgeFile | undefined {
  return device.file.kind === 'switch' || device.file.kind === 'hub' ? device.file : undefined;
}

export function isIpDevice(device: DraftDevice): device is DraftIpDevice {
  return bridgeFile(device) === undefined;
}

/** Those that are ours. */
export function endsOf(link: TopologyLink): readonly LinkEnd[] {
  return link.external === undefined ? [link.left, link.right] : [link.left];
}

export function unknownDevice(name: string, draft: Draft): string {
  return `there is no device "${name}".${didYouMean(name, draft.devices.keys())}`;
}

/** One or many, as one. */
export function listOf<T>(value: T | readonly T[] | null | undefined): readonly T[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value as T];
}
