/** `arp` of net-tools: the ARP cache of all interfaces. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import type { NeighborLine } from '../../stack/ip/neighbors.js';
import type { Nic } from '../../stack/link/nic.js';
import { formatIpv4, type Ipv4Address, parseIpv4, parseMac } from '../../stack/wire/address.js';
import { type Arguments, parseArguments } from './arguments.js';
import type { Command, CommandIo } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { addressOf, hostNameOf } from './names.js';

const TITLE = 'Address                  HWtype  HWaddress           Flags Mask            Iface\n';

export function arp(network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'arp',
    summary: 'show and change the ARP cache',
    usage: 'arp [-an] [-i interface] [host] | arp [-i interface] -d host | arp [-i interface] -s host hw_addr',
    async run(argv, io) {
      const args = parseArguments(argv, 'andsevi:', { numeric: 'n', delete: 'd', set: 's', device: 'i' });
      const nic = interfaceOf(network, args.value('i'));
      if (args.has('d')) return forget(network, await hostArgument(resolver, args, 1), nic);
      if (args.has('s')) return fix(network, await hostArgument(resolver, args, 2), args.operands[1], nic);
      return show(network, resolver, args, nic, io);
    },
  });
}

async function hostArgument(resolver: Resolver, args: Arguments, count: number): Promise<Ipv4Address> {
  if (args.operands.length !== count)
    throw new UsageError(count === 1 ? 'need host name' : 'need host name and hardware address');
  const address = await addressOf(resolver, args.operands[0]);
  if (typeof address === 'string') throw new CommandFailure(`${args.operands[0]}: ${address}`);
  return address;
}

function interfaceOf(network: Network, name: string | undefined): Nic | undefined {
  if (name === undefined) return undefined;
  const nic = network.stack.nic(name);
  if (nic === undefined) throw new CommandFailure(`device ${name} not found`);
  return nic;
}

function forget(network: Network, address: Ipv4Address, nic: Nic | undefined): number {
  if (network.perform(() => network.stack.neighbors.delete(address, nic))) return 0;
  throw new CommandFailure(`No ARP entry for ${formatIpv4(address)}`);
}

function fix(network: Network, address: Ipv4Address, hardware: string, only: Nic | undefined): number {
  const mac = parseMac(hardware);
  if (mac === undefined) throw new CommandFailure(`invalid hardware address: ${hardware}`);
  const nic = only ?? network.stack.ipv4.attachedNic(address);
  if (nic === undefined)
    throw new CommandFailure(`${formatIpv4(address)} is on no attached network: Network is unreachable`);
  if (network.perform(() => network.stack.neighbors.setPermanent(nic, address, mac))) return 0;
  throw new CommandFailure('ARP table is full');
}

async function show(
  network: Network,
  resolver: Resolver,
  args: Arguments,
  nic: Nic | undefined,
  io: CommandIo,
): Promise<number> {
  const host = args.operands[0];
  const only = host === undefined ? undefined : await hostArgument(resolver, args, 1);
  const entries = network
    .perform(() => network.stack.neighbors.entries())
    .filter(
      (entry) =>
        (nic === undefined || entry.interface === nic.name) && (only === undefined || entry.ip === formatIpv4(only)),
    );
  if (entries.length === 0 && host !== undefined) {
    io.stdout(`${host} (${formatIpv4(only ?? 0)}) -- no entry\n`);
    return 1;
  }
  if (!args.has('a') && entries.length > 0) io.stdout(TITLE);
  for (const entry of entries) {
    if (io.signal.aborted) break;
    const name = args.has('n') ? undefined : await hostNameOf(network, resolver, parseIpv4(entry.ip) ?? 0);
    io.stdout(args.has('a') ? sentence(entry, name) : tableLine(entry, name));
  }
  return 0;
}

/** BSD style: `? (10.0.0.1) at 02:00:00:00:00:01 [ether] on eth0`. */
function sentence(entry: NeighborLine, name: string | undefined): string {
  const hardware = entry.mac === undefined ? '<incomplete>' : `${entry.mac} [ether]`;
  const permanent = entry.state === 'PERMANENT' ? ' PERM' : '';
  return `${name ?? '?'} (${entry.ip}) at ${hardware}${permanent} on ${entry.interface}\n`;
}

/** Linux style. Flags: C complete, M permanent. */
function tableLine(entry: NeighborLine, name: string | undefined): string {
  const shown = (name ?? entry.ip).slice(0, 23).padEnd(25);
  const hardware =
    entry.mac === undefined
      ? `${''.padEnd(8)}${'(incomplete)'.padEnd(20)}`
      : `${'ether'.padEnd(8)}${entry.mac.padEnd(20)}`;
  const flags = `${entry.mac === undefined ? '' : 'C'}${entry.state === 'PERMANENT' ? 'M' : ''}`;
  return `${shown}${hardware}${flags.padEnd(6)}${''.padEnd(15)} ${entry.interface}\n`;
}
