/** `hostname`: the device's name in its lab. */
import type { Network } from '../../net/network.js';
import type { Resolver } from '../../net/resolver.js';
import { formatIpv4 } from '../../stack/wire/address.js';
import { parseArguments } from './arguments.js';
import type { Command } from './command.js';
import { CommandFailure, defineCommand } from './define.js';

export function hostname(machineName: string, network: Network, resolver: Resolver): Command {
  return defineCommand({
    name: 'hostname',
    summary: "show the device's name (-f: with domain, -I: its addresses)",
    usage: 'hostname [-dfIs]',
    async run(argv, io) {
      const args = parseArguments(argv, 'fsdIi', {
        fqdn: 'f',
        long: 'f',
        short: 's',
        domain: 'd',
        'all-ip-addresses': 'I',
      });
      if (args.operands.length > 0) throw new CommandFailure('the topology gives the name; it cannot be changed here');
      const domain = resolver.domain ?? '';
      if (args.has('I') || args.has('i')) {
        const addresses = network.stack.ipv4.interfaces.flatMap((entry) => entry.addresses);
        io.stdout(`${addresses.map(({ address }) => formatIpv4(address)).join(' ')}\n`);
      } else if (args.has('d')) {
        if (domain !== '') io.stdout(`${domain}\n`);
      } else {
        io.stdout(`${args.has('f') && domain !== '' ? `${machineName}.${domain}` : machineName}\n`);
      }
      return 0;
    },
  });
}
