/** Which ports share a network: the links, walked through switches and hubs. And what never ends if it is a ring. */
import { parseCidr } from '../../devices/stack/wire/address.js';
import { bridgeFile, type Draft, type DraftDevice, type DraftNetwork, endsOf, isIpDevice, listOf } from './draft.js';
import type { TopologyLink } from './model.js';
import type { Path } from './source.js';
import { overlaps, subnetOf } from './subnets.js';

export function findNetworks(draft: Draft): void {
  const groups = new BridgeGroups();
  for (const link of draft.links) joinBridges(draft, groups, link);
  const byKey = new Map<string, DraftNetwork>();
  const networkFor = (key: string): DraftNetwork => {
    let network = byKey.get(key);
    if (network === undefined) {
      network = { index: byKey.size, label: '', bridges: [], links: [], ports: [], subnets: [], subnetFrom: '' };
      byKey.set(key, network);
    }
    return network;
  };
  for (const device of draft.devices.values()) {
    if (!isIpDevice(device)) networkFor(groups.find(device.name)).bridges.push(device.name);
    for (const port of device.ports) {
      const key = networkKey(draft, groups, device, port.link, port.name);
      port.network = networkFor(key);
      if (isIpDevice(device)) port.network.ports.push(port);
    }
  }
  for (const link of draft.links) {
    const bridge = bridgeEnds(draft, link)[0];
    networkFor(bridge === undefined ? `link ${link.index}` : groups.find(bridge)).links.push(link);
  }
  draft.networks = [...byKey.values()];
  for (const network of draft.networks) {
    network.label = labelOf(network);
    declareSubnets(draft, network);
  }
}

function networkKey(
  draft: Draft,
  groups: BridgeGroups,
  device: DraftDevice,
  link: TopologyLink | undefined,
  port: string,
): string {
  if (!isIpDevice(device)) return groups.find(device.name);
  if (link === undefined) return `port ${device.name}:${port}`;
  const bridge = bridgeEnds(draft, link)[0];
  return bridge === undefined ? `link ${link.index}` : groups.find(bridge);
}

function bridgeEnds(draft: Draft, link: TopologyLink): string[] {
  return endsOf(link)
    .map((end) => end.device)
    .filter((name) => bridgeFile(draft.devices.get(name)!) !== undefined);
}

/** Switches here speak no spanning tree: a broadcast in a ring of them would circle for ever, at full speed. */
function joinBridges(draft: Draft, groups: BridgeGroups, link: TopologyLink): void {
  const [a, b] = bridgeEnds(draft, link);
  if (a === undefined || b === undefined || groups.join(a, b)) return;
  const path: Path = ['links', link.index];
  const message =
    `this link closes a ring of switches and hubs from ${a} to ${b}, in which broadcasts would circle for ever: ` +
    'switches here know no spanning tree; take one link out, or use a router';
  draft.problems.add('loop', path, message);
}

function labelOf(network: DraftNetwork): string {
  if (network.bridges.length > 0) return `the network of ${network.bridges[0]}`;
  if (network.links.length > 0) return `the link ${network.links[0].name}`;
  const port = network.ports[0];
  return `the unconnected ${port?.device}:${port?.name}`;
}

/** `subnet:` of switches, hubs and links. */
function declareSubnets(draft: Draft, network: DraftNetwork): void {
  const declared: { subnets: readonly string[]; path: Path; by: string }[] = [];
  for (const name of network.bridges) {
    const device = draft.devices.get(name)!;
    declared.push({ subnets: listOf(bridgeFile(device)?.subnet), path: [...device.path, 'subnet'], by: name });
  }
  for (const link of network.links) {
    const file = draft.file.links![link.index];
    const subnets = typeof file === 'string' ? [] : listOf(file.subnet);
    declared.push({ subnets, path: ['links', link.index, 'subnet'], by: link.name });
  }
  for (const { subnets, path, by } of declared) {
    if (subnets.length === 0) continue;
    if (network.subnets.length > 0) {
      draft.problems.add('subnet', path, `${network.label} already has its subnet from ${network.subnetFrom}`);
      continue;
    }
    network.subnetFrom = by;
    for (const text of subnets) {
      const subnet = subnetOf(parseCidr(text)!);
      if (network.subnets.some((other) => overlaps(other, subnet))) {
        draft.problems.add('subnet', path, `${text} overlaps another subnet of the same network`);
      } else network.subnets.push(subnet);
    }
  }
}

/** Union-find over the names of switches and hubs. */
class BridgeGroups {
  readonly #parent = new Map<string, string>();

  find(name: string): string {
    let root = name;
    for (let next = this.#parent.get(root); next !== undefined; next = this.#parent.get(root)) root = next;
    return root;
  }

  /** False when they were joined already. */
  join(a: string, b: string): boolean {
    const rootA = this.find(a);
    const rootB = this.find(b);
    if (rootA === rootB) return false;
    this.#parent.set(rootB, rootA);
    return true;
  }
}
