/** What a DHCP client tells of itself: to its watchers and the log in the words of `dhclient -v`, to the trace its states. */
import type { Tracer } from '../../stack/trace.js';
import { formatIpv4, type Ipv4Address } from '../../stack/wire/address.js';
import type { Logger } from '../machine.js';
import type { ClientLease } from './lease.js';

export type DhcpClientState = 'INIT' | 'SELECTING' | 'REQUESTING' | 'BOUND' | 'RENEWING' | 'REBINDING';

/** One line without its end, and the state that the client is in then. */
export type DhcpWatcher = (line: string, state: DhcpClientState) => void;

export class ClientNews {
  readonly watchers = new Set<DhcpWatcher>();
  private readonly interfaceName: string;
  private readonly log: Logger;
  private readonly tracer: Tracer;
  private readonly state: () => DhcpClientState;

  constructor(interfaceName: string, log: Logger, tracer: Tracer, state: () => DhcpClientState) {
    this.interfaceName = interfaceName;
    this.log = log;
    this.tracer = tracer;
    this.state = state;
  }

  discovers(waitMs: number): void {
    this.tell(`DHCPDISCOVER on ${this.interfaceName} to 255.255.255.255 port 67 interval ${Math.round(waitMs / 1000)}`);
  }

  /** A message about an address: `DHCPREQUEST for 10.0.0.5 on eth0 to 10.0.0.1 port 67`. */
  sends(type: 'DHCPREQUEST' | 'DHCPDECLINE' | 'DHCPRELEASE', address: Ipv4Address, to: Ipv4Address): void {
    const preposition = type === 'DHCPREQUEST' ? 'for' : 'of';
    this.tell(`${type} ${preposition} ${formatIpv4(address)} on ${this.interfaceName} to ${formatIpv4(to)} port 67`);
  }

  gets(type: 'DHCPOFFER' | 'DHCPACK', { address, server }: ClientLease): void {
    this.tell(`${type} of ${formatIpv4(address)} from ${formatIpv4(server)}`);
  }

  refused(server: Ipv4Address): void {
    this.tell(`DHCPNAK from ${formatIpv4(server)}`);
  }

  bound(address: Ipv4Address, renewMs: number): void {
    this.tell(`bound to ${formatIpv4(address)} -- renewal in ${Math.round(renewMs / 1000)} seconds.`);
  }

  /** `lease`: the one that is held, or on its way. */
  entered(state: DhcpClientState, lease: ClientLease | undefined): void {
    if (!this.tracer.enabled) return;
    this.tracer.emit({
      event: 'dhcp-state',
      interface: this.interfaceName,
      state,
      ...(lease === undefined ? {} : { address: formatIpv4(lease.address), server: formatIpv4(lease.server) }),
    });
  }

  private tell(line: string): void {
    this.log.debug({ interface: this.interfaceName }, line);
    for (const watcher of this.watchers) watcher(line, this.state());
  }
}
