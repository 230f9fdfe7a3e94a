/** Where a packet goes next and what source address it gets: the machine's addresses and its routing table. */
import type { Nic } from '../link/nic.js';
import {
  ANY_ADDRESS,
  type Cidr,
  type Ipv4Address,
  isLoopback,
  isMulticast,
  LIMITED_BROADCAST,
  networkOf,
} from '../wire/address.js';
import { type Interfaces, isInSubnet } from './interface.js';
import { type Route, RoutingTable } from './routes.js';

export interface NextHop {
  readonly nic: Nic;
  /** The neighbour's address; undefined for a broadcast. */
  readonly neighbor: Ipv4Address | undefined;
}

export class Routing {
  readonly routes = new RoutingTable();
  private readonly interfaces: Interfaces;

  constructor(interfaces: Interfaces) {
    this.interfaces = interfaces;
  }

  /** The route to the address's own network follows. False when the interface has this address already. */
  addAddress(nic: Nic, cidr: Cidr): boolean {
    if (!this.interfaces.add(nic, cidr)) return false;
    if (cidr.prefixLength < 32) this.routes.add(connectedRoute(nic, cidr));
    return true;
  }

  /** With the last address of an interface all routes through it go. False when it has no such address. */
  removeAddress(nic: Nic, address: Ipv4Address): boolean {
    const removed = this.interfaces.remove(nic, address);
    if (removed === undefined) return false;
    const rest = this.interfaces.addressesOf(nic);
    const { destination, prefixLength } = connectedRoute(nic, removed);
    const shared = rest.some((own) => networkOf(own) === destination && own.prefixLength === prefixLength);
    if (!shared) this.routes.remove({ destination, prefixLength, nic, source: 'connected' });
    if (rest.length === 0) {
      while (this.routes.remove({ nic }));
    }
    return true;
  }

  /** The interface goes, and with it its addresses and all routes through it. */
  removeNic(nic: Nic): void {
    this.interfaces.removeNic(nic);
    while (this.routes.remove({ nic }));
  }

  /** The interface in whose network the address is: where a gateway of that address can be reached. */
  attachedNic(address: Ipv4Address): Nic | undefined {
    return this.interfaces.all().find(({ addresses }) => addresses.some((own) => isInSubnet(own, address)))?.nic;
  }

  /** Undefined: there is no way. `nic` restricts the choice to one interface. */
  nextHop(dst: Ipv4Address, nic?: Nic): NextHop | undefined {
    if (dst === LIMITED_BROADCAST) {
      const out = nic ?? this.routes.lookup(dst)?.nic ?? this.onlyNic();
      return out && { nic: out, neighbor: undefined };
    }
    if (dst === ANY_ADDRESS || isMulticast(dst) || isLoopback(dst)) return undefined;
    const network = this.interfaces.broadcastNic(dst, nic);
    if (network !== undefined) return { nic: network, neighbor: undefined };
    const route = this.routes.lookup(dst, nic);
    // ARP is asked for the gateway, or for the destination itself when it is directly attached: never else.
    return route && { nic: route.nic, neighbor: route.gateway ?? dst };
  }

  /** A host with one interface needs no route to shout. */
  private onlyNic(): Nic | undefined {
    return this.interfaces.all().length === 1 ? this.interfaces.all()[0].nic : undefined;
  }

  /** Undefined while no interface that will do has an address. */
  sourceBy(hop: NextHop, dst: Ipv4Address): Ipv4Address | undefined {
    if (hop.neighbor !== undefined) return this.interfaces.addressTowards(hop.nic, hop.neighbor);
    // Before it is configured an interface broadcasts from 0.0.0.0, not from another one's address.
    const own = this.interfaces.addressesOf(hop.nic);
    return (own.find((cidr) => isInSubnet(cidr, dst)) ?? own[0])?.address;
  }
}

function connectedRoute(nic: Nic, cidr: Cidr): Route {
  const { prefixLength } = cidr;
  return { destination: networkOf(cidr), prefixLength, nic, metric: 0, source: 'connected' };
}
