/** Which links of the lab are meant: by their ends, or by groups of devices. */
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { CliError, type ExitStatus } from '../errors.js';
import { type Endpoint, parseEndpoint } from '../topology/endpoint.js';
import type { ChaosGround, GroundEnd } from './ground.js';

/** An end that is ours has a port; that of something external has its name alone. */
export interface CableEnd {
  readonly device: string;
  readonly port?: string;
}

export interface Cable {
  /** `client:eth0 -- sw1:3` */
  readonly name: string;
  readonly left: CableEnd;
  readonly right: CableEnd;
}

export class Cabling {
  readonly devices: readonly string[];
  readonly ends: readonly GroundEnd[];
  readonly cables: readonly Cable[];

  constructor(devices: readonly string[], ends: readonly GroundEnd[]) {
    this.devices = devices;
    this.ends = ends;
    this.cables = cablesOf(ends);
  }

  /** As the topology has it. */
  static planned({ devices, plannedEnds }: Pick<ChaosGround, 'devices' | 'plannedEnds'>): Cabling {
    return new Cabling(
      devices.map(({ name }) => name),
      plannedEnds,
    );
  }

  /** With the ports that were attached since, when `isKnown` says that the plan does not have what is meant. */
  static async of(ground: ChaosGround, isKnown: (planned: Cabling) => boolean): Promise<Cabling> {
    const planned = Cabling.planned(ground);
    if (isKnown(planned)) return planned;
    const isPlanned = ({ device, port }: GroundEnd) =>
      ground.plannedEnds.some((end) => end.device === device && end.port === port);
    const attached = (await ground.presentEnds()).filter((end) => !isPlanned(end));
    return new Cabling(planned.devices, [...ground.plannedEnds, ...attached]);
  }

  /** The one link between two ends. Throws a CliError of status 2, also for a device that is not there: no link ends on it. */
  find(a: string, b: string): Cable {
    const [left, right] = [this.endpoint(a), this.endpoint(b)];
    if (left.device === right.device) throw new CliError(2, `both ends of this link are on ${left.device}`);
    const found = this.between(left, right);
    if (found.length === 1) return found[0];
    if (found.length > 1) {
      const message = `${a} and ${b} are joined by ${found.length} links: ${found.map(({ name }) => name).join(', ')}`;
      const first = found[0].left.port === undefined ? found[0].right : found[0].left;
      throw new CliError(2, message, `Say which by a port: ${endText(first)}.`);
    }
    for (const end of [left, right]) this.requireEnd(end);
    const own = this.cables.filter((cable) => touches(cable, left)).map(({ name }) => name);
    throw new CliError(
      2,
      `no link joins ${a} and ${b}`,
      own.length === 0 ? `${a} has no link at all.` : `Links of ${a}: ${own.join(', ')}.`,
    );
  }

  has(a: string, b: string): boolean {
    const [left, right] = [parseEndpoint(a), parseEndpoint(b)];
    return left !== undefined && right !== undefined && this.between(left, right).length > 0;
  }

  hasPlace(text: string): boolean {
    const { device, port } = parseEndpoint(text) ?? {};
    return this.ends.some((end) => end.device === device && (port === undefined || end.port === port));
  }

  /** Which end of the link a text means. Throws a CliError of status 2. */
  endOf(cable: Cable, text: string): CableEnd {
    const endpoint = this.endpoint(text);
    const end = [cable.left, cable.right].find((candidate) => isAt(candidate, endpoint));
    if (end !== undefined) return end;
    const names = [cable.left, cable.right].map(({ device }) => device);
    throw new CliError(2, `${text} is no end of ${cable.name}`, `Write ${names.join(' or ')}.`);
  }

  /** A device, or one of its ports. Throws a CliError: of status 3 for a device that is not there, else 2. */
  place(text: string): Endpoint {
    const endpoint = this.endpoint(text);
    this.requireDevice(endpoint.device);
    this.requireEnd(endpoint);
    return endpoint;
  }

  /** Throws a CliError. */
  requireDevice(name: string, status: ExitStatus = 3): void {
    if (this.devices.includes(name)) return;
    const near = didYouMean(name, this.devices).trim();
    throw new CliError(
      status,
      `the lab has no device ${name}`,
      near === '' ? `Devices: ${this.devices.join(', ')}.` : near,
    );
  }

  /** As {@link groupAmong} has it, of devices and of what is external. */
  group(patterns: readonly string[]): ReadonlySet<string> {
    return groupAmong(this.names(), patterns);
  }

  /** Devices, then what is external. */
  names(): readonly string[] {
    return namesOf(this.devices, this.cables);
  }

  private endpoint(text: string): Endpoint {
    // What is external may have any name: `udp 127.0.0.1:26000`.
    const isExternal = this.cables.some(({ right }) => right.port === undefined && right.device === text);
    const endpoint = isExternal ? { device: text } : parseEndpoint(text);
    if (endpoint !== undefined) return endpoint;
    throw new CliError(
      2,
      `"${text}" is no end of a link`,
      'Write a device (client), or one of its ports (client:eth0).',
    );
  }

  private between(a: Endpoint, b: Endpoint): Cable[] {
    return this.cables.filter(
      ({ left, right }) => (isAt(left, a) && isAt(right, b)) || (isAt(left, b) && isAt(right, a)),
    );
  }

  private requireEnd({ device, port }: Endpoint): void {
    const isExternal = this.names().indexOf(device) >= this.devices.length;
    if (!isExternal) this.requireDevice(device, 2);
    const own = this.ends.filter((end) => end.device === device).map((end) => end.port);
    if (port === undefined || own.includes(port)) return;
    throw new CliError(2, `${device} has no port ${port}`, `Its ports: ${own.join(', ')}.`);
  }
}

/** `client:eth0`; of what is external its name. */
export function endText({ device, port }: CableEnd): string {
  return port === undefined ? device : `${device}:${port}`;
}

/** Devices, then what is external. */
export function namesOf(devices: readonly string[], cables: readonly Cable[]): readonly string[] {
  const external = cables.flatMap(({ left, right }) => [left, right]).filter(({ port }) => port === undefined);
  return [...devices, ...external.map(({ device }) => device)];
}

/** Those that fit one of the patterns. Throws a CliError: of status 3 for a name that is not there, 2 for a pattern that fits none. */
export function groupAmong(all: readonly string[], patterns: readonly string[]): ReadonlySet<string> {
  const names = new Set(all);
  const found = new Set<string>();
  for (const pattern of patterns) {
    const fits = [...names].filter((name) => fitsPattern(name, pattern));
    if (fits.length === 0) {
      const isName = !pattern.includes('*');
      const near = isName ? didYouMean(pattern, names).trim() : '';
      const hint = near === '' ? `Devices: ${[...names].join(', ')}.` : near;
      throw new CliError(isName ? 3 : 2, `no device is called ${pattern}`, hint);
    }
    for (const name of fits) found.add(name);
  }
  return found;
}

/** `*` stands for any text. */
export function fitsPattern(name: string, pattern: string): boolean {
  const [head, ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return name === head;
  if (!name.startsWith(head) || !name.endsWith(tail)) return false;
  // Each part as early as it can be leaves most room for those behind it.
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + tail.length <= name.length;
}

function cablesOf(ends: readonly GroundEnd[]): Cable[] {
  const cables = new Map<string, Cable>();
  for (const end of ends) {
    if (end.link === '' || cables.has(end.link)) continue;
    const other = ends.find((one) => one.link === end.link && one !== end);
    const own = { device: end.device, port: end.port };
    const far = { device: end.link.slice(end.link.indexOf(' -- ') + ' -- '.length) };
    const right = other === undefined ? far : { device: other.device, port: other.port };
    cables.set(end.link, { name: end.link, left: own, right });
  }
  return [...cables.values()];
}

function isAt(end: CableEnd, { device, port }: Endpoint): boolean {
  return end.device === device && (port === undefined || port === end.port);
}

function touches({ left, right }: Cable, endpoint: Endpoint): boolean {
  return isAt(left, endpoint) || isAt(right, endpoint);
}
