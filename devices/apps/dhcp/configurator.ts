/** Puts a lease into effect on its interface, and takes it out again. */
import type { Nic } from '../../stack/link/nic.js';
import type { Stack } from '../../stack/stack.js';
import { ANY_ADDRESS, type Ipv4Address } from '../../stack/wire/address.js';
import type { ClientLease } from './lease.js';

export class Configurator {
  private readonly stack: Stack;
  private readonly nic: Nic;
  private lease: ClientLease | undefined;

  constructor(stack: Stack, nic: Nic) {
    this.stack = stack;
    this.nic = nic;
  }

  /** Address, connected route and default route; what an earlier lease had set and this one has not goes. */
  apply(lease: ClientLease): void {
    const before = this.lease;
    const sameAddress = before?.address === lease.address && before.prefixLength === lease.prefixLength;
    if (!sameAddress) this.remove();
    else if (before?.gateway !== lease.gateway) this.removeGateway(before?.gateway);
    if (!sameAddress) {
      this.stack.ipv4.addAddress(this.nic, lease);
      this.stack.neighbors.announce(this.nic, lease.address);
    }
    if (lease.gateway !== undefined) {
      const destination = { destination: ANY_ADDRESS, prefixLength: 0 };
      this.stack.ipv4.routes.add({ ...destination, gateway: lease.gateway, nic: this.nic, metric: 0, source: 'dhcp' });
    }
    this.lease = lease;
  }

  remove(): void {
    if (this.lease === undefined) return;
    this.removeGateway(this.lease.gateway);
    this.stack.ipv4.removeAddress(this.nic, this.lease.address);
    this.lease = undefined;
  }

  private removeGateway(gateway: Ipv4Address | undefined): void {
    if (gateway === undefined) return;
    const route = { destination: ANY_ADDRESS, prefixLength: 0, gateway, nic: this.nic, source: 'dhcp' } as const;
    this.stack.ipv4.routes.remove(route);
  }
}
