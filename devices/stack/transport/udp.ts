/** UDP (RFC 768, RFC 1122 section 4.1): which program a datagram is for. */
import type { Counters } from '../counters.js';
import { StackError } from '../errors.js';
import type { EventQueue } from '../events.js';
import type { Icmp } from '../ip/icmp.js';
import type { IcmpErrorReport, Ipv4 } from '../ip/ipv4.js';
import type { Nic } from '../link/nic.js';
import type { Random } from '../random.js';
import { ANY_ADDRESS, formatIpv4 } from '../wire/address.js';
import { readU16 } from '../wire/bytes.js';
import { UNREACHABLE_PORT } from '../wire/icmp.js';
import { type Ipv4Packet, PROTOCOL_UDP } from '../wire/ipv4.js';
import { isMalformed } from '../wire/malformed.js';
import { parseUdp } from '../wire/udp.js';
import { chooseEphemeralPort } from './ports.js';
import { type UdpBinding, UdpEndpoint, type UdpSocketRow } from './udp-endpoint.js';

export type { UdpAddress, UdpBinding, UdpEndpoint, UdpSendOptions, UdpSocketRow, UdpSource } from './udp-endpoint.js';

export interface UdpContext {
  readonly ipv4: Ipv4;
  readonly icmp: Icmp;
  readonly random: Random;
  readonly counters: Counters;
  readonly events: EventQueue;
}

export class Udp {
  private readonly context: UdpContext;
  private readonly counters: Counters;
  private readonly byPort = new Map<number, UdpEndpoint[]>();

  /** Installs itself as IPv4's protocol 17. */
  constructor(context: UdpContext) {
    this.context = context;
    this.counters = context.counters;
    context.ipv4.setHandler(PROTOCOL_UDP, (packet, nic) => this.receive(packet, nic));
    context.ipv4.setErrorHandler(PROTOCOL_UDP, (report) => this.failed(report));
  }

  /** Throws StackError: EADDRNOTAVAIL (not an address of this machine), EADDRINUSE (taken, or no port left). */
  bind(binding: UdpBinding): UdpEndpoint {
    const { address } = binding;
    const { ipv4, random, events } = this.context;
    if (address !== ANY_ADDRESS && !ipv4.isLocal(address) && !ipv4.isBroadcast(address)) {
      throw new StackError('EADDRNOTAVAIL', `${formatIpv4(address)} is not an address of this machine`);
    }
    const port =
      binding.port !== 0 ? binding.port : chooseEphemeralPort(random, (candidate) => this.byPort.has(candidate));
    if (port === undefined) throw new StackError('EADDRINUSE', 'no ephemeral port is left');
    if (this.at(port).some((other) => other.conflictsWith(binding))) {
      throw new StackError('EADDRINUSE', `${formatIpv4(address)}:${port} is in use`);
    }
    const endpoint = new UdpEndpoint({ address, port }, binding, {
      ipv4,
      events,
      counters: this.counters,
      release: (closed) => this.release(closed),
    });
    this.byPort.set(port, [...this.at(port), endpoint]);
    return endpoint;
  }

  /** All bound ones, by port. */
  endpoints(): UdpEndpoint[] {
    return [...this.byPort.values()].flat().sort((a, b) => a.local.port - b.local.port);
  }

  /** The UDP rows of the sockets table. */
  sockets(): UdpSocketRow[] {
    return this.endpoints().map((endpoint) => endpoint.info());
  }

  private at(port: number): readonly UdpEndpoint[] {
    return this.byPort.get(port) ?? [];
  }

  private release(closed: UdpEndpoint): void {
    const rest = this.at(closed.local.port).filter((endpoint) => endpoint !== closed);
    if (rest.length === 0) this.byPort.delete(closed.local.port);
    else this.byPort.set(closed.local.port, rest);
  }

  private receive(packet: Ipv4Packet, nic: Nic | undefined): void {
    const datagram = parseUdp(packet.payload, packet.src, packet.dst);
    if (isMalformed(datagram)) {
      this.counters.add('udp.malformed');
      return;
    }
    this.counters.add('udp.in');
    const from = { address: packet.src, port: datagram.srcPort, nic, to: packet.dst };
    const candidates = this.at(datagram.dstPort)
      .map((endpoint) => ({ endpoint, fit: endpoint.fit(packet.dst, from) }))
      .filter(({ fit }) => fit >= 0)
      .sort((a, b) => b.fit - a.fit);
    if (candidates.length === 0) {
      this.counters.add('udp.noPort');
      // ICMP knows that nothing is said about broadcasts.
      this.context.icmp.unreachable(packet, UNREACHABLE_PORT);
      return;
    }
    // A broadcast is for all who listen, anything else for the one that fits best.
    const receivers = this.context.ipv4.isBroadcast(packet.dst) ? candidates : candidates.slice(0, 1);
    for (const { endpoint } of receivers) endpoint.deliver(datagram.payload, from);
  }

  private failed(report: IcmpErrorReport): boolean {
    const remote = { address: report.dst, port: readU16(report.payload, 2) };
    const senders = this.at(readU16(report.payload, 0)).filter(
      ({ local }) => local.address === ANY_ADDRESS || local.address === report.src,
    );
    for (const endpoint of senders) endpoint.fail(report, remote);
    if (senders.length === 0) this.counters.add('udp.strayError');
    return senders.length > 0;
  }
}
