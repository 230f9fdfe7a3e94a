/** `route` of net-tools: the routing table. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { RouteLine } from '../../stack/ip/routes.js';
import type { Nic } from '../../stack/link/nic.js';
import { type Ipv4Address, maskPrefixLength, parseCidr, parseIpv4, prefixMask } from '../../stack/wire/address.js';
import { parseArguments } from './arguments.js';
import type { Command, CommandIo } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { addressOf, hostNameOf } from './names.js';

/** net-tools' exit status when the kernel refuses a change. */
const REFUSED_STATUS = 7;
const TITLE = 'Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n';

export function route(network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'route',
    summary: 'show and change the routing table',
    usage:
      'route [-n] | route add|del [-net|-host] target[/len] [netmask mask] [gw gateway] [metric n] [[dev] interface]',
    async run(argv, io) {
      const change = argv.find((word) => !word.startsWith('-'));
      if (change === 'add' || change === 'del') {
        const words = argv.slice(argv.indexOf(change) + 1);
        const wanted = await readRoute(network, resolver, words);
        return change === 'add' ? add(network, wanted) : remove(network, wanted);
      }
      const args = parseArguments(argv, 'nve', { numeric: 'n' });
      if (args.operands.length > 0) throw new UsageError(`unknown argument '${args.operands[0]}'`);
      return showRoutes(network, resolver, args.has('n'), io);
    },
  });
}

/** `route -n` and `netstat -rn`'s rows; their titles differ. */
async function showRoutes(network: Network, resolver: Resolver, numeric: boolean, io: CommandIo): Promise<number> {
  io.stdout(`Kernel IP routing table\n${TITLE}`);
  for (const row of network.stack.ipv4.routes.rows()) {
    const { destination, gateway } = await shownNames(network, resolver, row, numeric);
    const addresses = `${destination.padEnd(15)} ${gateway.padEnd(15)} ${row.genmask.padEnd(15)} ${row.flags.padEnd(5)}`;
    io.stdout(`${addresses} ${String(row.metric).padEnd(6)} 0        0 ${row.interface}\n`);
  }
  return 0;
}

/** As both tools print a row: 0.0.0.0 for no gateway, names (cut to the column) unless `-n`. */
export async function shownNames(
  network: Network,
  resolver: Resolver,
  row: RouteLine,
  numeric: boolean,
): Promise<{ destination: string; gateway: string }> {
  const gateway = row.gateway === '' ? '0.0.0.0' : row.gateway;
  if (numeric) return { destination: row.destination, gateway };
  const nameOf = async (text: string): Promise<string> => {
    const address = parseIpv4(text) ?? 0;
    const name = address === 0 ? undefined : await hostNameOf(network, resolver, address);
    return (name ?? text).slice(0, 15);
  };
  const isDefault = row.genmask === '0.0.0.0';
  return { destination: isDefault ? 'default' : await nameOf(row.destination), gateway: await nameOf(gateway) };
}

interface WantedRoute {
  readonly destination: Ipv4Address;
  readonly prefixLength: number;
  readonly gateway?: Ipv4Address;
  readonly nic?: Nic;
  readonly metric?: number;
}

async function readRoute(network: Network, resolver: Resolver, argv: readonly string[]): Promise<WantedRoute> {
  const words = [...argv];
  const next = (what: string): string => {
    const word = words.shift();
    if (word === undefined) throw new UsageError(`${what} is missing`);
    return word;
  };
  let target = next('target');
  const isHost = target === '-host';
  const isNet = target === '-net';
  if (isHost || isNet) target = next('target');
  const given: { mask?: string; gateway?: Ipv4Address; nic?: Nic; metric?: number } = {};
  while (words.length > 0) {
    const word = next('argument');
    if (word === 'gw' || word === 'gateway') given.gateway = await resolved(resolver, next('gateway'));
    else if (word === 'netmask') given.mask = next('netmask');
    else if (word === 'metric') given.metric = metricOf(next('metric'));
    else given.nic = interfaceOf(network, word === 'dev' ? next('interface') : word);
  }
  const { mask, ...rest } = given;
  const network_ = await targetOf(resolver, target, mask, isHost);
  return { ...network_, ...rest };
}

async function targetOf(
  resolver: Resolver,
  target: string,
  mask: string | undefined,
  isHost: boolean,
): Promise<{ destination: Ipv4Address; prefixLength: number }> {
  const cidr = target === 'default' ? { address: 0, prefixLength: 0 } : parseCidr(target);
  const destination = cidr?.address ?? (await resolved(resolver, target));
  let prefixLength = cidr?.prefixLength ?? (destination === 0 ? 0 : 32);
  if (mask !== undefined) {
    const parsed = parseIpv4(mask);
    const length = parsed === undefined ? undefined : maskPrefixLength(parsed);
    if (length === undefined) throw new CommandFailure(`bogus netmask ${mask}`, 4);
    prefixLength = length;
  }
  if (isHost) prefixLength = 32;
  if ((destination & ~prefixMask(prefixLength)) >>> 0 !== 0) {
    throw new CommandFailure("netmask doesn't match route address", 4);
  }
  return { destination, prefixLength };
}

async function resolved(resolver: Resolver, host: string): Promise<Ipv4Address> {
  const address = await addressOf(resolver, host);
  if (typeof address === 'string') throw new CommandFailure(`${host}: ${address}`, 6);
  return address;
}

function metricOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`bad metric '${text}'`);
  return Number(text);
}

function interfaceOf(network: Network, name: string): Nic {
  const nic = network.stack.nic(name);
  if (nic === undefined) throw new CommandFailure('SIOCADDRT: No such device', REFUSED_STATUS);
  return nic;
}

function add(network: Network, wanted: WantedRoute): number {
  const nic = wanted.nic ?? (wanted.gateway === undefined ? undefined : network.stack.ipv4.attachedNic(wanted.gateway));
  if (nic === undefined) {
    const reason = wanted.gateway === undefined ? 'No such device' : 'Network is unreachable';
    throw new CommandFailure(`SIOCADDRT: ${reason}`, REFUSED_STATUS);
  }
  const { destination, prefixLength, gateway, metric = 0 } = wanted;
  const entry = { destination, prefixLength, nic, metric, source: 'static' as const };
  const added = network.perform(() =>
    network.stack.ipv4.routes.add(gateway === undefined ? entry : { ...entry, gateway }),
  );
  if (!added) throw new CommandFailure('SIOCADDRT: File exists', REFUSED_STATUS);
  return 0;
}

function remove(network: Network, wanted: WantedRoute): number {
  if (network.perform(() => network.stack.ipv4.routes.remove(wanted))) return 0;
  throw new CommandFailure('SIOCDELRT: No such process', REFUSED_STATUS);
}
