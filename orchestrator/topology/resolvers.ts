/** Who asks whom for names: resolvers, DNS forwarders, hosts files. */
import type { ResolverConfig } from '../../devices/control.js';
import { formatIpv4, parseIpv4 } from '../../devices/stack/wire/address.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { type Draft, type DraftDevice, type DraftIpDevice, isIpDevice, listOf } from './draft.js';
import type { ProblemCode } from './errors.js';
import { firstAddress } from './model.js';
import { isServedBy } from './permitted.js';
import { RouterGraph } from './routing.js';
import type { ResolverFile } from './schema-devices.js';
import type { Path } from './source.js';

/** Of an address as it is, of a device its first one. Undefined, and a problem, when there is neither. */
export function addressOf(draft: Draft, text: string, path: Path, code: ProblemCode): string | undefined {
  const address = parseIpv4(text);
  if (address !== undefined) return formatIpv4(address);
  const device = draft.devices.get(text);
  const found = device === undefined ? undefined : firstAddress(device);
  if (found !== undefined) return formatIpv4(found);
  if (draft.suspects.has(text)) return undefined;
  let message = `"${text}" is neither an IPv4 address nor a device.${didYouMean(text, draft.devices.keys())}`;
  if (device !== undefined && !isIpDevice(device)) message = `"${text}" is a ${device.kind}, which has no address`;
  else if (device !== undefined) message = `the device "${text}" has no fixed address`;
  draft.problems.add(code, path, message);
  return undefined;
}

/** The answers to "whom does this device ask?", worked out once for all. */
export class Resolvers {
  readonly #draft: Draft;
  readonly #graph: RouterGraph;
  readonly #recursive: readonly DraftIpDevice[];

  constructor(draft: Draft) {
    const devices = [...draft.devices.values()].filter(isIpDevice);
    this.#draft = draft;
    this.#graph = new RouterGraph(draft, devices);
    this.#recursive = devices.filter(({ file }) => file.kind === 'dns-server' && (file.recursion ?? false) !== false);
  }

  /** Servers of a device that gets none by DHCP, as addresses. */
  serversFor(device: DraftIpDevice): string[] {
    const written = serversIn(device.file.resolver);
    if (written === undefined) return this.#plannedServers(device);
    return written.servers.flatMap((name, i) => {
      const path = [...device.path, 'resolver', ...written.steps(i)];
      return addressOf(this.#draft, name, path, 'resolver') ?? [];
    });
  }

  /** Whom a router's forwarder asks; undefined when it has none. */
  forwarderServers(device: DraftIpDevice): string[] | undefined {
    const { file } = device;
    if (file.kind !== 'router' || file.dnsForwarder === undefined || file.dnsForwarder === false) return undefined;
    const path = [...device.path, 'dnsForwarder'];
    const { dnsForwarder } = file;
    const servers =
      dnsForwarder === true
        ? this.serversFor(device)
        : listOf(dnsForwarder).flatMap((name, i) => {
            const at = Array.isArray(dnsForwarder) ? [...path, i] : path;
            return addressOf(this.#draft, name, at, 'resolver') ?? [];
          });
    if (servers.length === 0 && dnsForwarder === true && !this.#draft.suspects.has(device.name)) {
      const message = `${device.name} has nobody to forward to: no dns-server here has "recursion: true", and it has no "resolver:"`;
      this.#draft.problems.add('resolver', path, message);
    }
    return servers;
  }

  /** What a DHCP server tells by default: the router itself when it forwards, else its own servers. */
  dhcpServersFor(router: DraftIpDevice, ownAddress: string): string[] {
    return isForwarder(router) ? [ownAddress] : this.serversFor(router);
  }

  configFor(device: DraftIpDevice, servers: readonly string[], namesByDhcp: boolean): ResolverConfig {
    const { resolver } = device.file;
    const long = isLongForm(resolver) ? resolver : undefined;
    const hosts: Record<string, readonly string[]> = { localhost: ['127.0.0.1'] };
    if (servers.length === 0 && !namesByDhcp) {
      for (const other of this.#draft.devices.values()) {
        const addresses = other.ports.flatMap((port) => port.addresses.map(({ address }) => formatIpv4(address)));
        if (addresses.length === 0) continue;
        for (const name of [other.name, ...siteNames(other)]) {
          const known = Object.hasOwn(hosts, name) ? hosts[name] : [];
          hosts[name] = [...new Set([...known, ...addresses])];
        }
      }
    }
    for (const [name, value] of Object.entries(long?.hosts ?? {})) {
      hosts[name] = listOf(value).flatMap((text, i) => {
        const path = [...device.path, 'resolver', 'hosts', name, ...(Array.isArray(value) ? [i] : [])];
        return addressOf(this.#draft, text, path, 'resolver') ?? [];
      });
    }
    return {
      ...(servers.length > 0 && { servers }),
      ...(long?.domain !== undefined && { domain: long.domain }),
      hosts,
    };
  }

  #plannedServers(device: DraftIpDevice): string[] {
    const { file } = device;
    if (file.kind === 'dns-server' && file.recursion) return addressList(device);
    for (const { device: router, gateway } of this.#graph.neighbors(device.name)) {
      if (device.kind !== 'router' && isForwarder(router)) return [formatIpv4(gateway)];
    }
    const nearest = this.#nearestRecursive(device);
    return nearest === undefined ? [] : addressList(nearest);
  }

  #nearestRecursive(device: DraftIpDevice): DraftIpDevice | undefined {
    const paths = this.#graph.paths(device);
    let best: DraftIpDevice | undefined;
    let bestHops = Number.POSITIVE_INFINITY;
    for (const server of this.#recursive) {
      if (!isServedBy(this.#draft, server, device)) continue;
      const isNextDoor = device.ports.some((port) => port.network?.ports.some((other) => other.device === server.name));
      const near = this.#graph.neighbors(server.name).map((router) => {
        if (router.device.name === device.name) return 0;
        return paths.get(router.device.name)?.hops ?? Number.POSITIVE_INFINITY;
      });
      const hops = isNextDoor ? 0 : Math.min(...near);
      if (hops < bestHops) {
        best = server;
        bestHops = hops;
      }
    }
    return best;
  }
}

function isForwarder(router: DraftIpDevice): boolean {
  const { file } = router;
  return file.kind === 'router' && file.dnsForwarder !== undefined && file.dnsForwarder !== false;
}

function siteNames(device: DraftDevice): string[] {
  return isIpDevice(device) && device.file.kind === 'host' ? Object.keys(device.file.sites ?? {}) : [];
}

function addressList(device: DraftIpDevice): string[] {
  const address = firstAddress(device);
  return address === undefined ? [] : [formatIpv4(address)];
}

function isLongForm(file: ResolverFile | undefined): file is Exclude<ResolverFile, string | string[]> {
  return typeof file === 'object' && !Array.isArray(file);
}

/** The servers that the file gives, each with where it stands below `resolver`. */
function serversIn(
  file: ResolverFile | undefined,
): { readonly servers: readonly string[]; readonly steps: (i: number) => Path } | undefined {
  if (file === undefined) return undefined;
  if (!isLongForm(file)) return { servers: listOf(file), steps: (i) => (Array.isArray(file) ? [i] : []) };
  if (file.servers === undefined) return undefined;
  const isList = Array.isArray(file.servers);
  return { servers: listOf(file.servers), steps: (i) => (isList ? ['servers', i] : ['servers']) };
}
