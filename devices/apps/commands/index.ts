/** Which commands a device has. */
import { arp } from './arp.js';
import type { Command, CommandContext, PortContext, TableContext } from './command.js';
import { curl } from './curl.js';
import { dhclient } from './dhclient.js';
import { dig } from './dig.js';
import { help } from './help.js';
import { host } from './host.js';
import { hostname } from './hostname.js';
import { ifconfig } from './ifconfig.js';
import { ip } from './ip.js';
import { iperf } from './iperf.js';
import { nc } from './nc.js';
import { netstat } from './netstat.js';
import { nslookup } from './nslookup.js';
import { nsupdate } from './nsupdate.js';
import { ping } from './ping.js';
import { route } from './route.js';
import { show } from './show.js';
import { ss } from './ss.js';
import { tcpdump } from './tcpdump.js';
import { traceroute } from './traceroute.js';

/** Of devices with a stack: hosts, routers and DNS servers; `more` are those of one kind alone. */
export function hostCommands(context: CommandContext, more: readonly Command[] = []): ReadonlyMap<string, Command> {
  const { network, resolver, dhcpClients, random, machineName } = context;
  return byName([
    arp(network, resolver),
    curl(context),
    dhclient(network, dhcpClients),
    dig(network, resolver, random.fork('dig')),
    host(network, resolver, random.fork('host')),
    hostname(machineName, network, resolver),
    ifconfig(network),
    ip(network, dhcpClients),
    iperf(network, resolver, random.fork('iperf')),
    nc(network, resolver),
    netstat(context, network, resolver),
    nslookup(network, resolver, random.fork('nslookup')),
    nsupdate(network, resolver, random.fork('nsupdate')),
    ping(network, resolver),
    route(network, resolver),
    show(context),
    ss(context),
    tcpdump(context),
    traceroute(network, resolver),
    ...more,
  ]);
}

/** Of devices without one: switches and hubs. */
export function linkCommands(context: TableContext & PortContext): ReadonlyMap<string, Command> {
  return byName([show(context), tcpdump(context)]);
}

function byName(commands: readonly Command[]): ReadonlyMap<string, Command> {
  const map = new Map(commands.map((command) => [command.name, command]));
  map.set('help', help(map));
  return map;
}
