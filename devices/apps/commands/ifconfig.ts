/** `ifconfig` of net-tools: shows; changes are made with `ip address`. */
import type { Network } from '../../net/network.js';
import type { Nic } from '../../stack/link/nic.js';
import { type Cidr, directedBroadcast, formatIpv4, formatMac, prefixMask } from '../../stack/wire/address.js';
import { parseArguments } from './arguments.js';
import type { Command } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';

const LOOPBACK = `lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
        loop  (Local Loopback)
`;

export function ifconfig(network: Network): Command {
  return defineCommand({
    name: 'ifconfig',
    summary: 'show interfaces with addresses and counters',
    usage: 'ifconfig [-as] [interface]',
    async run(argv, io) {
      const args = parseArguments(argv, 'asv');
      const [name, ...rest] = args.operands;
      if (rest.length > 0) throw new UsageError('addresses are changed with `ip address add` and `ip address del`');
      const { nics } = network.stack;
      if (name !== undefined && name !== 'lo' && !nics.some((nic) => nic.name === name)) {
        throw new CommandFailure(`${name}: error fetching interface information: Device not found`);
      }
      for (const nic of nics) if (name === undefined || nic.name === name) io.stdout(`${paragraph(network, nic)}\n`);
      if (name === undefined || name === 'lo') io.stdout(`${LOOPBACK}\n`);
      return 0;
    },
  });
}

/** Flags as Linux numbers them: UP 1, BROADCAST 2, RUNNING 64. */
function paragraph(network: Network, nic: Nic): string {
  const { carrier, counters } = nic.port;
  const flags = carrier ? 'flags=67<UP,BROADCAST,RUNNING>' : 'flags=3<UP,BROADCAST>';
  const addresses = network.stack.ipv4.interfaces.find((candidate) => candidate.nic === nic)?.addresses ?? [];
  return [
    `${nic.name}: ${flags}  mtu ${nic.mtu}`,
    ...addresses.map(addressLine),
    `        ether ${formatMac(nic.mac)}  (Ethernet)`,
    `        RX packets ${counters.framesIn}  bytes ${sizeText(counters.bytesIn)}`,
    `        RX errors 0  dropped ${counters.droppedIn}  overruns 0  frame 0`,
    `        TX packets ${counters.framesOut}  bytes ${sizeText(counters.bytesOut)}`,
    `        TX errors 0  dropped ${counters.droppedOut} overruns 0  carrier 0  collisions 0`,
    '',
  ].join('\n');
}

function addressLine(cidr: Cidr): string {
  const broadcast = cidr.prefixLength <= 30 ? `  broadcast ${formatIpv4(directedBroadcast(cidr))}` : '';
  return `        inet ${formatIpv4(cidr.address)}  netmask ${formatIpv4(prefixMask(cidr.prefixLength))}${broadcast}`;
}

/** "1234 (1.2 KB)", in powers of a thousand as net-tools has them. */
function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${bytes} (${value.toFixed(1)} ${units[unit]})`;
}
