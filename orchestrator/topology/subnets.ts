/** Arithmetic on subnets. */
import {
  type Cidr,
  directedBroadcast,
  type Ipv4Address,
  networkOf,
  prefixMask,
} from '../../devices/stack/wire/address.js';

export function subnetOf(cidr: Cidr): Cidr {
  return { address: networkOf(cidr), prefixLength: cidr.prefixLength };
}

export function contains(subnet: Cidr, address: Ipv4Address): boolean {
  return (address & prefixMask(subnet.prefixLength)) >>> 0 === networkOf(subnet);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return contains(a, networkOf(b)) || contains(b, networkOf(a));
}

export function isSameSubnet(a: Cidr, b: Cidr): boolean {
  return a.prefixLength === b.prefixLength && networkOf(a) === networkOf(b);
}

/** The first and last address that a host may have. RFC 3021: both of a /31; a /32 is one host. */
export function hostRange(subnet: Cidr): { readonly first: Ipv4Address; readonly last: Ipv4Address } {
  const edge = subnet.prefixLength >= 31 ? 0 : 1;
  return { first: networkOf(subnet) + edge, last: directedBroadcast(subnet) - edge };
}

/** An address that may stand in front of an interface: not 0/8, loopback, multicast, reserved, nor a subnet's edge. */
export function isHostAddress(address: Ipv4Address): boolean {
  const top = address >>> 24;
  return top !== 0 && top !== 127 && top < 224;
}
