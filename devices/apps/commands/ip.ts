/** `ip` of iproute2: its objects are in files of their own. */
import type { Network } from '../../net/network.js';
import type { DhcpClient } from '../dhcp/client.js';
import type { Command } from './command.js';
import { CommandFailure, defineCommand, UsageError } from './define.js';
import { addressCommand, linkCommand } from './ip-address.js';
import type { IpContext } from './ip-context.js';
import { neighborCommand } from './ip-neighbor.js';
import { routeCommand } from './ip-route.js';

type IpObject = (context: IpContext, words: readonly string[]) => number;

/** In the order in which abbreviations are tried: `ip a` is `ip address`. */
const OBJECTS: readonly (readonly [string, IpObject])[] = [
  ['address', addressCommand],
  ['link', linkCommand],
  ['route', routeCommand],
  ['neighbour', neighborCommand],
  ['neighbor', neighborCommand],
];

export function ip(network: Network, dhcpClients: readonly DhcpClient[]): Command {
  return defineCommand({
    name: 'ip',
    summary: 'show addresses and links, show and change routes and neighbours',
    usage: 'ip [-4] [-br] [-s] { address | link | route | neighbour } [ show | add | del | get | flush ] [ arguments ]',
    async run(argv, io) {
      const words = [...argv];
      let brief = false;
      let statistics = false;
      for (; words[0]?.startsWith('-'); words.shift()) {
        const option = words[0].replace(/^--?/, '');
        if (option === 'br' || option === 'brief') brief = true;
        else if (option === 's' || option === 'statistics') statistics = true;
        else if (!['4', 'n', 'o', 'd', 'family', 'c'].includes(option))
          throw new UsageError(`Option "${words[0]}" is unknown`);
      }
      const [object, ...rest] = words;
      if (object === undefined) throw new UsageError('which object?');
      const found = OBJECTS.find(([name]) => name.startsWith(object));
      if (found === undefined) throw new CommandFailure(`Object "${object}" is unknown, try "ip --help".`);
      return found[1]({ network, dhcpClients, io, brief, statistics }, rest);
    },
  });
}
