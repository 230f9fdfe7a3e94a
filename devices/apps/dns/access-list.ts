/** Whom a server serves: an address list as BIND's `allow-recursion` and unbound's `access-control` have. */
import { type Cidr, networkOf, parseCidr, parseIpv4 } from '../../stack/wire/address.js';

export class AccessList {
  private readonly subnets: readonly Cidr[];

  /** `10.0.0.0/8`, `192.0.2.1/32`. Throws Error for anything else. */
  constructor(subnets: readonly string[]) {
    this.subnets = subnets.map((text) => {
      const subnet = parseCidr(text);
      if (subnet === undefined) throw new Error(`not a subnet: ${text}`);
      return subnet;
    });
  }

  /** `address`: dotted. */
  allows(address: string): boolean {
    const client = parseIpv4(address);
    if (client === undefined) return false;
    return this.subnets.some(
      ({ address: within, prefixLength }) =>
        networkOf({ address: client, prefixLength }) === networkOf({ address: within, prefixLength }),
    );
  }
}
