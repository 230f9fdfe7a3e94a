/** Why a connection does not come about: which layer is to blame, told from the stack's own state. */
import type { FetchStage } from '../control/rpc.js';
import type { Network } from '../net/network.js';
import { formatIpv4, parseIpv4 } from '../stack/wire/address.js';

/**
 * `routing`: this machine or a router has no way there; `arp`: the next hop on our own link does not answer for
 * its address; `tcp`: packets may well arrive, but no connection comes of it.
 */
export function blame(network: Network, address: string, code: string | undefined): FetchStage {
  if (code === 'ENETUNREACH') return 'routing';
  if (nextHopIsSilent(network, address)) return 'arp';
  return code === 'EHOSTUNREACH' ? 'routing' : 'tcp';
}

function nextHopIsSilent({ stack }: Network, address: string): boolean {
  const destination = parseIpv4(address);
  const route = destination === undefined ? undefined : stack.ipv4.routeFor(destination);
  if (destination === undefined || route === undefined) return false;
  const nextHop = formatIpv4(route.gateway ?? destination);
  return stack.neighbors
    .entries()
    .some(
      ({ ip, interface: nic, state }) =>
        ip === nextHop && nic === route.nic.name && (state === 'INCOMPLETE' || state === 'FAILED'),
    );
}
