/** Which addresses a machine has, and on which of its network interfaces. */
import type { Nic } from '../link/nic.js';
import {
  type Cidr,
  directedBroadcast,
  type Ipv4Address,
  isLoopback,
  LIMITED_BROADCAST,
  networkOf,
  prefixMask,
} from '../wire/address.js';

export interface Interface {
  readonly nic: Nic;
  /** In the order in which they were added: the first one is the primary. */
  readonly addresses: readonly Cidr[];
}

/** RFC 3021: links of two addresses, and single addresses, have no broadcast address. */
const LONGEST_PREFIX_WITH_BROADCAST = 30;

/** Whether the address lies in the subnet. */
export function isInSubnet(subnet: Cidr, address: Ipv4Address): boolean {
  return (address & prefixMask(subnet.prefixLength)) >>> 0 === networkOf(subnet);
}

/**
 * The weak host model of RFC 1122 section 3.3.4.2, as Linux has it: an address belongs to the machine, not to
 * the interface, so a packet to any own address is accepted wherever it comes in.
 */
export class Interfaces {
  private readonly list: { readonly nic: Nic; readonly addresses: Cidr[] }[];

  constructor(nics: readonly Nic[]) {
    this.list = nics.map((nic) => ({ nic, addresses: [] }));
  }

  addNic(nic: Nic): void {
    this.list.push({ nic, addresses: [] });
  }

  /** With its addresses. */
  removeNic(nic: Nic): void {
    this.list.splice(this.list.indexOf(this.find(nic)), 1);
  }

  all(): readonly Interface[] {
    return this.list;
  }

  addressesOf(nic: Nic): readonly Cidr[] {
    return this.find(nic).addresses;
  }

  /** False when the interface has that very address already. */
  add(nic: Nic, cidr: Cidr): boolean {
    const { addresses } = this.find(nic);
    if (addresses.some((known) => known.address === cidr.address)) return false;
    addresses.push(cidr);
    return true;
  }

  /** What was removed; undefined when the interface has no such address. */
  remove(nic: Nic, address: Ipv4Address): Cidr | undefined {
    const { addresses } = this.find(nic);
    const index = addresses.findIndex((known) => known.address === address);
    return index < 0 ? undefined : addresses.splice(index, 1)[0];
  }

  /** One of the configured addresses: loopback addresses are not among them. */
  isOwn(address: Ipv4Address): boolean {
    return this.list.some(({ addresses }) => addresses.some((own) => own.address === address));
  }

  /** Delivered to the machine itself: an own address, or 127.0.0.0/8. */
  isLocal(address: Ipv4Address): boolean {
    return isLoopback(address) || this.isOwn(address);
  }

  /** The limited broadcast, or the directed broadcast of a subnet that the machine is in. */
  isBroadcast(address: Ipv4Address): boolean {
    return address === LIMITED_BROADCAST || this.broadcastNic(address) !== undefined;
  }

  /** The interface whose subnet has this directed broadcast address. */
  broadcastNic(address: Ipv4Address, only?: Nic): Nic | undefined {
    for (const { nic, addresses } of this.list) {
      if (only !== undefined && nic !== only) continue;
      for (const own of addresses) {
        if (own.prefixLength <= LONGEST_PREFIX_WITH_BROADCAST && directedBroadcast(own) === address) return nic;
      }
    }
    return undefined;
  }

  /**
   * The address with which the machine speaks to a neighbour on this interface: the one of the neighbour's
   * subnet, else the primary one of the interface, else the first of any interface (a router's link may be
   * unnumbered); undefined while the machine has none at all.
   */
  addressTowards(nic: Nic, neighbor: Ipv4Address): Ipv4Address | undefined {
    const { addresses } = this.find(nic);
    const own = addresses.find((cidr) => isInSubnet(cidr, neighbor)) ?? addresses[0];
    return (own ?? this.list.find((other) => other.addresses.length > 0)?.addresses[0])?.address;
  }

  private find(nic: Nic): { readonly nic: Nic; readonly addresses: Cidr[] } {
    const found = this.list.find((candidate) => candidate.nic === nic);
    if (found === undefined) throw new RangeError(`interface ${nic.name} belongs to another machine`);
    return found;
  }
}
