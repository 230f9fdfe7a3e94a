/**
 * The routing table: longest prefix by mask-and-compare, as `route -n` shows it. A row with a gateway means
 * "not there yet: hand it to this neighbour", one without means "directly attached".
 */
import type { Nic } from '../link/nic.js';
import { formatIpv4, type Ipv4Address, prefixMask } from '../wire/address.js';

export interface Route {
  /** Host bits zero; the default route is 0 with prefix length 0. */
  readonly destination: Ipv4Address;
  /** 0 … 32 */
  readonly prefixLength: number;
  /** Next hop; left out when the destination is directly attached. */
  readonly gateway?: Ipv4Address;
  readonly nic: Nic;
  /** Lower wins among routes of the same prefix. */
  readonly metric: number;
  readonly source: 'connected' | 'static' | 'dhcp';
}

/** One line of `route -n`: addresses as text. */
export interface RouteLine {
  readonly destination: string;
  /** Dotted mask. */
  readonly genmask: string;
  /** Empty when directly attached. */
  readonly gateway: string;
  readonly interface: string;
  readonly metric: number;
  /** `U`, with `G` for a gateway and `H` for a single host. */
  readonly flags: string;
  readonly source: Route['source'];
}

interface Row {
  readonly route: Route;
  readonly mask: Ipv4Address;
}

export class RoutingTable {
  /** The most specific first, then the lower metric, then the older one: the first match is the best. */
  private readonly table: Row[] = [];

  /** False when that very route is there already. Throws RangeError when the destination has host bits set. */
  add(route: Route): boolean {
    const mask = prefixMask(route.prefixLength);
    if ((route.destination & mask) >>> 0 !== route.destination) {
      throw new RangeError(`${formatIpv4(route.destination)}/${route.prefixLength} has host bits set`);
    }
    if (this.table.some((row) => sameRoute(row.route, route))) return false;
    const index = this.table.findIndex(
      ({ route: other }) =>
        other.prefixLength < route.prefixLength ||
        (other.prefixLength === route.prefixLength && other.metric > route.metric),
    );
    this.table.splice(index < 0 ? this.table.length : index, 0, { route, mask });
    return true;
  }

  /** Removes the best route of which all given members are equal; false when there is none. */
  remove(like: Partial<Route>): boolean {
    const members = Object.entries(like) as [keyof Route, Route[keyof Route]][];
    const index = this.table.findIndex(({ route }) =>
      members.every(([member, value]) => value === undefined || route[member] === value),
    );
    if (index < 0) return false;
    this.table.splice(index, 1);
    return true;
  }

  /** Mask each row in turn and compare; `nic` restricts the search to what leaves through it. */
  lookup(dst: Ipv4Address, nic?: Nic): Route | undefined {
    for (const { route, mask } of this.table) {
      if ((dst & mask) >>> 0 === route.destination && (nic === undefined || route.nic === nic)) return route;
    }
    return undefined;
  }

  /** In the order in which they are tried. */
  routes(): Route[] {
    return this.table.map((row) => row.route);
  }

  /** The default route first, then by destination, as `route -n` prints them. */
  rows(): RouteLine[] {
    return this.routes()
      .sort((a, b) => a.destination - b.destination || a.prefixLength - b.prefixLength || a.metric - b.metric)
      .map((route) => ({
        destination: formatIpv4(route.destination),
        genmask: formatIpv4(prefixMask(route.prefixLength)),
        gateway: route.gateway === undefined ? '' : formatIpv4(route.gateway),
        interface: route.nic.name,
        metric: route.metric,
        flags: `U${route.gateway === undefined ? '' : 'G'}${route.prefixLength === 32 ? 'H' : ''}`,
        source: route.source,
      }));
  }
}

function sameRoute(a: Route, b: Route): boolean {
  return (
    a.destination === b.destination &&
    a.prefixLength === b.prefixLength &&
    a.gateway === b.gateway &&
    a.nic === b.nic &&
    a.metric === b.metric
  );
}
