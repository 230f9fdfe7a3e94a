/** From `client:eth0 -- sw1:3` to ports: who exists, who is taken, which is the next free one. */
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { bridgeFile, type Draft, type DraftDevice, type DraftPort, endsOf, unknownDevice } from './draft.js';
import { type Endpoint, ethernetIndex, parseEndpoint, parseLink, switchPortIndex } from './endpoint.js';
import { EXTERNAL, type ExternalEnd, externalOf, readExternal, refuseShared } from './external.js';
import { impairmentOf, misfits } from './impairment.js';
import type { LinkEnd, TopologyLink } from './model.js';
import type { DirectionFile, LinkFile } from './schema.js';
import type { Path } from './source.js';

/** Ports of a switch or a hub that does not say how many it has. */
const DEFAULT_BRIDGE_PORTS = 48;

interface Cable {
  readonly index: number;
  readonly file: LinkFile;
  /** Where its text stands. */
  readonly path: Path;
  /** Those that are ours: two, or one and `external`. */
  readonly ends: readonly CableEnd[];
  readonly external?: ExternalEnd;
}

interface CableEnd {
  readonly endpoint: Endpoint;
  readonly device: DraftDevice | undefined;
  port: number | undefined;
}

export function connectLinks(draft: Draft): void {
  const cables = (draft.file.links ?? []).flatMap((file, index) => readCable(draft, file, index));
  const taken = new Map<string, Map<number, Cable>>();
  for (const name of draft.devices.keys()) taken.set(name, new Map());
  const count = countEnds(cables);
  // Ports that are named come first, so that a left-out one never takes what a later line names.
  for (const cable of cables) for (const side of cable.ends.keys()) takeNamedPort(draft, cable, side, taken, count);
  for (const cable of cables) for (const side of cable.ends.keys()) takeFreePort(draft, cable, side, taken);
  for (const cable of cables) {
    if (cable.ends.some(({ port }) => port === undefined)) {
      for (const end of cable.ends) draft.suspects.add(end.endpoint.device);
      continue;
    }
    draft.links.push(makeLink(draft, cable));
  }
  refuseShared(draft);
  addPorts(draft);
}

/** `eth3` or `3`. */
export function portName(device: DraftDevice, number: number): string {
  return bridgeFile(device) === undefined ? `eth${number}` : String(number);
}

function readCable(draft: Draft, file: LinkFile, index: number): Cable[] {
  const isText = typeof file === 'string';
  const path: Path = isText ? ['links', index] : ['links', index, 'link'];
  const text = isText ? file : file.link;
  const external = externalOf(file);
  const parsed = external === undefined ? readEnds(text) : readOwnEnd(text);
  if (typeof parsed === 'string') {
    draft.problems.add('link-syntax', path, parsed);
    for (const word of text.split(/[\s:]+/)) draft.suspects.add(word);
    return [];
  }
  const end = (endpoint: Endpoint): CableEnd => ({
    endpoint,
    device: draft.devices.get(endpoint.device),
    port: undefined,
  });
  const cable: Cable = {
    index,
    file,
    path,
    ends: parsed.map(end),
    ...(external && { external: readExternal(draft, external, ['links', index, EXTERNAL]) }),
  };
  let sound = true;
  cable.ends.forEach(({ endpoint, device }, side) => {
    if (device !== undefined) return;
    sound = false;
    if (draft.suspects.has(endpoint.device)) return;
    draft.problems.add('unknown-device', path, unknownDevice(endpoint.device, draft), {
      find: endpointText(endpoint),
      last: side === 1,
    });
  });
  const [left, right] = parsed;
  if (sound && left.device === right?.device) {
    draft.problems.add('self-link', path, `both ends of this link are on "${left.device}"`);
    sound = false;
  }
  if (!sound) for (const { endpoint } of cable.ends) draft.suspects.add(endpoint.device);
  return sound ? [cable] : [];
}

/** The two ends that the text names, or what is wrong with it. */
function readEnds(text: string): readonly Endpoint[] | string {
  const parsed = parseLink(text);
  if (parsed !== undefined) return [parsed.left, parsed.right];
  const head = `"${text}" is not a link: write client:eth0 -- sw1:3`;
  return parseEndpoint(text) === undefined ? head : `${head}, or add "external:" when the other end is not ours`;
}

/** The one end that is ours, or what is wrong with the text. */
function readOwnEnd(text: string): readonly Endpoint[] | string {
  const parsed = parseEndpoint(text);
  if (parsed !== undefined) return [parsed];
  return `"${text}" is not the end of a link: beside "external:" only our own end is named, such as sw1:3`;
}

/** How many links each device has. */
function countEnds(cables: readonly Cable[]): ReadonlyMap<string, number> {
  const count = new Map<string, number>();
  for (const cable of cables) {
    for (const { endpoint } of cable.ends) count.set(endpoint.device, (count.get(endpoint.device) ?? 0) + 1);
  }
  return count;
}

function takeNamedPort(
  draft: Draft,
  cable: Cable,
  side: number,
  taken: ReadonlyMap<string, Map<number, Cable>>,
  count: ReadonlyMap<string, number>,
): void {
  const end = cable.ends[side];
  const { device, endpoint } = end;
  if (device === undefined || endpoint.port === undefined) return;
  const spot = { find: endpointText(endpoint), last: side === 1 };
  const bridge = bridgeFile(device);
  const number = bridge === undefined ? ethernetIndex(endpoint.port) : switchPortIndex(endpoint.port);
  const most = bridge === undefined ? interfaceCount(device, count) : (bridge.ports ?? DEFAULT_BRIDGE_PORTS);
  const exists = number !== undefined && (bridge === undefined ? number < most : number <= most);
  if (!exists) {
    draft.problems.add('unknown-port', cable.path, noSuchPort(device, endpoint.port, most), spot);
    return;
  }
  const owner = taken.get(device.name)?.get(number);
  if (owner !== undefined) {
    const where = draft.problems.line(owner.path);
    draft.problems.add('port-in-use', cable.path, `${spot.find} already has a link${where}`, spot);
    return;
  }
  taken.get(device.name)?.set(number, cable);
  end.port = number;
}

/** Interfaces exist when they are declared, or when there are enough links for them. */
function interfaceCount(device: DraftDevice, count: ReadonlyMap<string, number>): number {
  const declared = declaredInterfaces(device).map((name) => ethernetIndex(name) ?? -1);
  return Math.max(1, count.get(device.name) ?? 0, ...declared.map((index) => index + 1));
}

function noSuchPort(device: DraftDevice, port: string, most: number): string {
  const head = `${device.name} has no port "${port}"`;
  if (bridgeFile(device) !== undefined) {
    return `${head}: a ${device.kind}'s ports are ${most === 1 ? '1' : `1 to ${most}`}`;
  }
  const names = Array.from({ length: most }, (_, i) => `eth${i}`);
  const near = ethernetIndex(port) === undefined ? didYouMean(port, names) : '';
  const list = most > 4 ? `eth0 to eth${most - 1}` : names.join(', ');
  return `${head}: it has ${list}; more can be declared under "interfaces:"${near === '' ? '' : `.${near}`}`;
}

function takeFreePort(draft: Draft, cable: Cable, side: number, taken: ReadonlyMap<string, Map<number, Cable>>): void {
  const end = cable.ends[side];
  const { device, endpoint } = end;
  if (device === undefined || endpoint.port !== undefined) return;
  const ports = taken.get(device.name)!;
  const bridge = bridgeFile(device);
  let number = bridge === undefined ? 0 : 1;
  while (ports.has(number)) number += 1;
  if (bridge !== undefined && number > (bridge.ports ?? DEFAULT_BRIDGE_PORTS)) {
    const most = bridge.ports ?? DEFAULT_BRIDGE_PORTS;
    const message = `${device.name} has no free port left: all ${most} have a link; "ports:" can give it more`;
    draft.problems.add('unknown-port', cable.path, message, { find: device.name, last: side === 1 });
    return;
  }
  ports.set(number, cable);
  end.port = number;
}

function endpointText(endpoint: Endpoint): string {
  return endpoint.port === undefined ? endpoint.device : `${endpoint.device}:${endpoint.port}`;
}

function makeLink(draft: Draft, { index, file, ends, external }: Cable): TopologyLink {
  const details = typeof file === 'string' ? undefined : file;
  const directions = readDirections(draft, index, details?.from ?? {}, ends, external?.name);
  /** Most are those of both directions. */
  const unfit = new Map<string, Path>();
  const makeEnd = (device: string, port: string): LinkEnd => {
    const direction = directions.get(device);
    const impairment = impairmentOf({ ...details, ...direction?.file });
    const written = (key: string): Path =>
      direction !== undefined && key in direction.file ? direction.path : ['links', index];
    for (const { key, message } of misfits(impairment ?? {})) unfit.set(message, [...written(key), key]);
    return { device, port, ...(impairment && { impairment }) };
  };
  const [left, right] = ends.map(({ device, port }) => makeEnd(device!.name, portName(device!, port!)));
  const far = external && makeEnd(external.name, '');
  for (const [message, place] of unfit) draft.problems.add('value', place, message, { key: true });
  const common = { index, ...(details?.mtu !== undefined && { mtu: details.mtu }) };
  if (external === undefined || far === undefined) {
    return { ...common, name: `${left.device}:${left.port} -- ${right.device}:${right.port}`, left, right };
  }
  return {
    ...common,
    name: `${left.device}:${left.port} -- ${far.device}`,
    left,
    right: far,
    external: external.tunnel,
  };
}

interface Direction {
  readonly file: DirectionFile;
  readonly path: Path;
}

/** `from:` by the name of the device that sends. */
function readDirections(
  draft: Draft,
  index: number,
  file: Readonly<Record<string, DirectionFile>>,
  ends: readonly CableEnd[],
  far: string | undefined,
): ReadonlyMap<string, Direction> {
  const directions = new Map<string, Direction>();
  for (const [key, value] of Object.entries(file)) {
    const direction = { file: value, path: ['links', index, 'from', key] };
    const endpoint = parseEndpoint(key);
    const end = ends.find((candidate) => isEnd(candidate, endpoint));
    if (end !== undefined) directions.set(end.endpoint.device, direction);
    else if (far !== undefined && (key === far || key === EXTERNAL)) directions.set(far, direction);
    else {
      const names = [...ends.map(({ endpoint }) => endpoint.device), ...(far === undefined ? [] : [EXTERNAL])];
      const message = `"${key}" is no end of this link: write ${names.join(' or ')}`;
      draft.problems.add('unknown-device', ['links', index, 'from', key], message, { key: true });
    }
  }
  return directions;
}

function isEnd(end: CableEnd, endpoint: Endpoint | undefined): boolean {
  if (endpoint === undefined || endpoint.device !== end.endpoint.device) return false;
  return endpoint.port === undefined || endpoint.port === portName(end.device!, end.port!);
}

function declaredInterfaces(device: DraftDevice): string[] {
  return 'interfaces' in device.file ? Object.keys(device.file.interfaces ?? {}) : [];
}

/** Gives every device its ports: those with a link, and those that the file declares. */
function addPorts(draft: Draft): void {
  const linked = new Map<string, TopologyLink>();
  for (const link of draft.links) {
    for (const end of endsOf(link)) linked.set(`${end.device}:${end.port}`, link);
  }
  for (const device of draft.devices.values()) {
    const names = new Set<string>();
    for (const link of draft.links) {
      for (const end of endsOf(link)) if (end.device === device.name) names.add(end.port);
    }
    for (const name of declaredInterfaces(device)) {
      if (ethernetIndex(name) !== undefined) names.add(name);
      else {
        const path = [...device.path, 'interfaces', name];
        draft.problems.add('name', path, `"${name}" is not an interface: they are called eth0, eth1, …`, { key: true });
      }
    }
    if (bridgeFile(device) === undefined && 'address' in device.file && device.file.address !== undefined)
      names.add('eth0');
    const number = (name: string) => (bridgeFile(device) === undefined ? ethernetIndex(name)! : Number(name));
    for (const name of [...names].sort((a, b) => number(a) - number(b))) {
      device.ports.push(makePort(device, name, number(name), linked.get(`${device.name}:${name}`)));
    }
  }
}

function makePort(device: DraftDevice, name: string, number: number, link: TopologyLink | undefined): DraftPort {
  const interfaces = 'interfaces' in device.file ? device.file.interfaces : undefined;
  const declared = interfaces !== undefined && Object.hasOwn(interfaces, name) ? interfaces[name] : undefined;
  const short = name === 'eth0' && 'address' in device.file ? device.file.address : undefined;
  const path = declared === undefined && short !== undefined ? ['address'] : ['interfaces', name];
  const details = typeof declared === 'object' && declared !== null && !Array.isArray(declared) ? declared : undefined;
  const mtu = details?.mtu ?? link?.mtu;
  return {
    device: device.name,
    name,
    number,
    ...(link && { link }),
    addresses: [],
    dhcp: false,
    ...(mtu !== undefined && { mtu }),
    file: declared ?? short,
    path: [...device.path, ...path],
  };
}
