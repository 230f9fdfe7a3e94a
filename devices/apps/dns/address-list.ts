/** Whom a server does something for: addresses and subnets, and always the machine that it runs on. */
import type { Network } from '../../net/network.js';
import {
  formatIpv4,
  type Ipv4Address,
  isLoopback,
  parseCidr,
  parseIpv4,
  prefixMask,
} from '../../stack/wire/address.js';

export class AddressList {
  private readonly network: Network;
  private readonly subnets: readonly { readonly address: Ipv4Address; readonly mask: Ipv4Address }[];

  /** `192.0.2.1`, `192.0.2.0/24`. Throws Error for anything else. */
  constructor(network: Network, texts: readonly string[]) {
    this.network = network;
    this.subnets = texts.map((text) => {
      const cidr = parseCidr(text.includes('/') ? text : `${text}/32`);
      if (cidr === undefined) throw new Error(`${text} is neither an address nor a subnet`);
      return { address: cidr.address, mask: prefixMask(cidr.prefixLength) };
    });
  }

  has(text: string): boolean {
    const address = parseIpv4(text);
    if (address === undefined) return false;
    if (isLoopback(address) || this.isOwn(text)) return true;
    return this.subnets.some(({ address: subnet, mask }) => ((address ^ subnet) & mask) === 0);
  }

  private isOwn(text: string): boolean {
    return this.network.stack.ipv4.interfaces.some(({ addresses }) =>
      addresses.some(({ address }) => formatIpv4(address) === text),
    );
  }
}
